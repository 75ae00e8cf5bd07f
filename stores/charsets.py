"""Bytes to text, for files and mails whose encoding is unstated, wrong or broken."""

import codecs
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# What senders write, and the codec that reads a superset of it: a page that says gb2312 holds
# GBK characters often enough, and one that says latin-1 means Windows'.
SUPERSETS = {
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "utf8": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "gb2312": "gb18030",
    "gb-2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "windows-936": "gb18030",
    "hz-gb-2312": "hz",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "tis-620": "cp874",
    "iso-8859-11": "cp874",
    "windows-874": "cp874",
    "unicode": "utf-16",
}
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Codecs of the standard library that do not turn bytes into text, or are not for mail.
REFUSED = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"}

SAMPLE = 4096
LEAST_NULS = 0.3  # of every second byte, in UTF-16 text that is mostly Latin
LEAST_CHINESE = 0.85  # of what is not ASCII, before unlabelled bytes pass for GB18030
FOREIGN = re.compile(r"[^\x00-\x7f]+")
WITHIN_A_WORD = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f](?![^\x00-\x7f])")
CHINESE = re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef\u2010-\u2026\u00b7\u00d7]")


LEAST_COMMON = 0.85  # of Chinese letters, that are of the half that nearly all texts are made of
LEAST_OWN = 0.8  # of letters that are not ASCII: a list in Vietnamese may name a store with ö
MOST_ODD = 0.05  # of them, that stand where the language has none
LEAST_VOWELS = 0.25  # of Thai letters, tones among them; in a text it is near 0.4
MOST_BROKEN = 0.1  # of Thai words
_COMMON_SIMPLIFIED = range(0xB0, 0xD8)  # first bytes, by which both tables set common ones apart
_COMMON_TRADITIONAL = range(0xA4, 0xC7)
# A mark without a consonant before it, or a vowel that leads with none behind it.
_NO_THAI = re.compile(
    r"(?:^|[^\u0e01-\u0e2e\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"
    r"|[\u0e40-\u0e44](?![\u0e01-\u0e2e])"
)
_NO_VIETNAMESE = re.compile(r"[ăĂ](?![cmnptCMNPT])|[ơƠ][aeoAEO]|[ưƯ]ư")
_CAPITALS = "".join(chr(at) for at in range(0xC0, 0x1EFA) if chr(at).isupper())
_CAPITAL_WITHIN = re.compile(rf"[^\W\d_{_CAPITALS}A-Z][{_CAPITALS}]")
_SIGNS = frozenset("‘’“”„–—…•€₫£©®™°·´«»\u00a0")  # noqa: RUF001 - as texts have them
_VIETNAMESE = frozenset(
    unicodedata.normalize("NFC", letter + tone)
    for letter in "aăâeêioôơuưyđAĂÂEÊIOÔƠUƯYĐ"
    for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    if letter not in "đĐ" or not tone
)
_WESTERN = frozenset("àâäáãåæçèéêëìíîïñòóôöõøùúûüýÿßœšžÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØÙÚÛÜŸŒŠŽºª¿¡")


@dataclass(frozen=True)
class Decoded:
    text: str
    encoding: str
    sure: bool  # False where characters were replaced


def decode(data: bytes, declared: str = "") -> Decoded:
    """Return ``data`` as text; it never raises, and what cannot be read becomes U+FFFD.

    A byte order mark wins over ``declared``, and ``declared`` over a guess.
    """
    for mark, name in BOMS:
        if data.startswith(mark):
            return _decoded(data, name)

    codec = known_codec(declared)
    if codec and (exact := _strictly(data, codec)):
        return exact
    guess = guess_encoding(data)
    if guess and (exact := _strictly(data, guess)):
        return exact
    return _decoded(data, codec or "utf-8")


def known_codec(name: str) -> str:
    """Return a Python codec that reads charset ``name``, or "" where there is none."""
    wanted = name.strip().strip("\"'").lower()[:40]
    wanted = SUPERSETS.get(wanted, wanted)
    if not wanted or wanted in REFUSED or not wanted.isascii():
        return ""
    try:
        found = codecs.lookup(wanted)
        b"".decode(found.name)
    except (LookupError, ValueError):
        return ""
    return "" if found.name in REFUSED else found.name


def guess_encoding(data: bytes) -> str:
    """Return the encoding that unlabelled ``data`` is surely in, or "" when nothing is sure."""
    if plain := unmistakable_encoding(data):
        return plain
    chinese = _strictly(data, "gb18030")
    if chinese:
        foreign = [letter for letter in chinese.text if not letter.isascii()]
        known = sum(1 for letter in foreign if CHINESE.match(letter))
        if (
            foreign
            and known >= LEAST_CHINESE * len(foreign)
            and not _is_only_by_chance(chinese.text)
        ):
            return "gb18030"
    return ""


def _is_only_by_chance(text: str) -> bool:
    """Tell whether what reads as Chinese is rather one accented letter here and there in words.

    An accented letter and the one after it make a pair of bytes that is Chinese as well: the two
    stand within a word then, and alone, as Chinese hardly does.
    """
    runs = FOREIGN.findall(text)
    within = WITHIN_A_WORD.findall(text)
    return len(within) * 2 > len(runs)


def unmistakable_encoding(data: bytes) -> str:
    """Return the encoding that ``data`` is in by its form alone, whatever its language, or ""."""
    if wide := _wide(data[:SAMPLE]):
        return wide
    return "utf-8" if _strictly(data, "utf-8") else ""


def likely_encodings(data: bytes, most: int) -> list[tuple[str, str]]:
    """Return the older encodings in which all of ``data`` can be, each with ``most`` of its text.

    Only those whose letters are such as the languages of that encoding have them. Two that read
    the same count once.
    """
    found: list[tuple[str, str]] = []
    for name, is_plausible in _OLDER.items():
        decoded = _strictly(data, name)
        if decoded is None:
            continue
        start = decoded.text[:most]
        if is_plausible(start) and start not in {text for _name, text in found}:
            found.append((name, start))
    return found


def _is_simplified(text: str) -> bool:
    return _is_chinese(text, "gb2312", _COMMON_SIMPLIFIED)


def _is_traditional(text: str) -> bool:
    return _is_chinese(text, "big5", _COMMON_TRADITIONAL)


def _is_chinese(text: str, codec: str, common: range) -> bool:
    """Tell whether the letters are mostly common Chinese ones: other bytes become rare ones."""
    foreign = [letter for letter in text if not letter.isascii()]
    chinese = [letter for letter in foreign if CHINESE.match(letter)]
    if not foreign or len(chinese) < LEAST_CHINESE * len(foreign):
        return False
    letters = [letter for letter in chinese if "\u4e00" <= letter <= "\u9fff"]
    usual = sum(letter.encode(codec, "replace")[0] in common for letter in letters)
    return usual >= LEAST_COMMON * len(letters)


def _is_thai(text: str) -> bool:
    """Tell whether the letters are Thai, in words, each vowel and tone where Thai has it."""
    text = re.sub(r"(?<=[\u0e00-\u0e7f])\.(?=[\u0e00-\u0e7f])", "", text)  # abbreviations
    words = re.sub(r"[\x00-\x7f\u2010-\u2026\u20ac\u00a0]+", " ", text).split()
    letters = "".join(words)
    if not letters or not re.fullmatch(r"[\u0e00-\u0e7f]+", letters):
        return False
    vowels = len(re.findall(r"[\u0e30-\u0e39\u0e40-\u0e45\u0e47-\u0e4c]", letters))
    odd = len(re.findall(r"[ฃฅฆฌฎฏฒฦฺ๏๚๛]", letters))
    broken = sum(len(word) == 1 or bool(_NO_THAI.search(word)) for word in words)
    return (
        vowels > LEAST_VOWELS * len(letters)
        and odd <= MOST_ODD * len(letters)
        and broken <= MOST_BROKEN * len(words)
    )


def _is_vietnamese(text: str) -> bool:
    return _has_letters_of(text, _VIETNAMESE, _WESTERN) and _is_rare(_NO_VIETNAMESE, text)


def _is_western(text: str) -> bool:
    return _has_letters_of(text, _WESTERN, frozenset())


def _has_letters_of(text: str, letters: frozenset[str], guests: frozenset[str]) -> bool:
    """Tell whether the letters are mostly of a language, hardly ever a capital within a word."""
    foreign = [sign for sign in text if not sign.isascii() and sign not in _SIGNS]
    own = sum(letter in letters for letter in foreign)
    if not set(foreign) <= letters | guests or own < LEAST_OWN * len(foreign):
        return False
    return _is_rare(_CAPITAL_WITHIN, text)


def _is_rare(pattern: re.Pattern[str], text: str) -> bool:
    foreign = sum(not sign.isascii() for sign in text)
    return len(pattern.findall(text)) <= MOST_ODD * foreign


def _wide(sample: bytes) -> str:
    pairs = len(sample) // 2
    if pairs < 2:  # noqa: PLR2004 - one pair proves nothing
        return ""
    evens, odds = sample[0 : pairs * 2 : 2].count(0), sample[1 : pairs * 2 : 2].count(0)
    if odds >= LEAST_NULS * pairs and evens < odds // 10 + 1:
        return "utf-16-le"
    if evens >= LEAST_NULS * pairs and odds < evens // 10 + 1:
        return "utf-16-be"
    return ""


def _strictly(data: bytes, encoding: str) -> Decoded | None:
    try:
        text = str(data, encoding)
    except (ValueError, LookupError):
        return None
    # Vietnamese in Windows' code page has its tones as letters of their own.
    return Decoded(
        unicodedata.normalize("NFC", text) if encoding == "cp1258" else text, encoding, sure=True
    )


def _decoded(data: bytes, encoding: str) -> Decoded:
    if exact := _strictly(data, encoding):
        return exact
    return Decoded(str(data, encoding, "replace"), encoding, sure=False)


_OLDER: Mapping[str, Callable[[str], bool]] = {
    "gb18030": _is_simplified,
    "big5": _is_traditional,
    "cp874": _is_thai,
    "cp1252": _is_western,
    "cp1258": _is_vietnamese,
}
