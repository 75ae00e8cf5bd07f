"""Text as the patterns want it: one form of each sign, wrapped lines joined, sentences apart."""

import re
import unicodedata

_FULL_WIDTH = {at: at - 0xFEE0 for at in range(0xFF01, 0xFF5F)}
_SIGNS = dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE63), "-") | {
    ord(sign): " " for sign in "\u3000\u00a0\u2002\u2003\u2007\u2009\u202f"
}
_INVISIBLE: dict[int, None] = dict.fromkeys(
    [
        *(0x00AD, 0x034F, 0x061C, 0x180E, 0xFEFF),
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
    ]
)
_THAI_FIGURES = {0x0E50 + figure: str(figure) for figure in range(10)}
_OTHERS = {ord("⟦"): "[", ord("⟧"): "]", ord("’"): "'"}
_TABLE = {**_FULL_WIDTH, **_SIGNS, **_INVISIBLE, **_THAI_FIGURES, **_OTHERS}

WRAP_FROM = 50  # columns: a shorter line ended because its writer ended it
_LABEL_AHEAD = re.compile(r"\s*(?:[-•·*>\d]|[^\s:：\t][^:：\t]{0,40}[:：\t])")
# Thai ends no sentence by a sign: these words begin one.
_SENTENCE_ENDS = re.compile(r"[.!?](?=\s|$)|[。;]|\n|\s(?=หาก|ถ้า|เว้นแต่|ทั้งนี้|กรณี)")


def normalised(text: str) -> str:
    """Return ``text`` with half-width signs, Arabic figures, plain blanks, no invisible letters."""
    text = unicodedata.normalize("NFC", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_TABLE)
    return "\n".join(re.sub(r" {2,}", " ", line).strip(" \v\f") for line in text.split("\n"))


def unquoted(text: str) -> str:
    """Return ``text`` without quotation marks at line starts and without asterisks of emphasis."""
    return re.sub(r"\*+", "", re.sub(r"^(?:[ \t]*>)+ ?", "", text, flags=re.MULTILINE))


def unwrapped(text: str) -> str:
    """Join lines that a mail program broke at its margin."""
    lines = text.split("\n")
    joined = [lines[0]]
    for line in lines[1:]:
        before = joined[-1]
        broken = (
            line.strip()
            and _width(before.rsplit("\n", 1)[-1][-200:]) >= WRAP_FROM
            and before[-1:] not in ".!?。:;"
            and "\t" not in before
            and not _LABEL_AHEAD.match(line)
        )
        if broken:
            joined[-1] += (" " if before[-1:].isascii() or line[:1].isascii() else "") + line
        else:
            joined.append(line)
    return "\n".join(joined)


def sentence_around(text: str, start: int, end: int) -> str:
    """Return the sentence or line of ``text`` that holds ``[start, end)``."""
    begins = 0
    for stop in _SENTENCE_ENDS.finditer(text, max(0, start - 600), start):
        begins = stop.end()
    stop_after = _SENTENCE_ENDS.search(text, end, end + 600)
    return text[max(begins, start - 600) : stop_after.start() if stop_after else end + 600]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
