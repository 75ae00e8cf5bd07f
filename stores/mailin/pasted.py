"""Text that a person pasted: a notice, a page, or a list of an inbox's titles with their dates."""

import re
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from stores import moments
from stores.mailin import markup, plain
from stores.mailin.envelope import MAX_SUBJECT, Mail

LONGEST: Final = 60_000  # letters
MOST_PIECES: Final = 200
_TITLE: Final = 160  # letters that a title has at most
# What parts a title from its date: in a sentence that ends with a date only a blank does.
_PARTED: Final = re.compile(r"(?:\t|[|·]| -) ?$")
_PARTS: Final = re.compile(r" ?(?:\t|[|·]|- )")
_LABEL: Final = re.compile(r"^[^:]{1,40}:\s*$|^[^:]{1,40}:\s+\S")


@dataclass(frozen=True)
class _Line:
    """One line: its words without its date, and that date where it stands at an end of it."""

    words: str
    moment: moments.Moment | None


def pieces(text: str, *, zone: tzinfo, day_first: bool | None = None) -> list[Mail]:
    """Return the notices in ``text``: each entry of a list, or the text as one.

    A list has a blank line between entries of which each has one date, a date in every line, or
    titles and dates by turns. In all else nobody could tell which date is whose.
    """
    text = markup.without_links(plain.normalised(text[:LONGEST])).strip()
    blocks = [
        [_line(line, zone, day_first) for line in block.split("\n") if line.strip()]
        for block in re.split(r"\n\s*\n", text)
    ]
    blocks = [block for block in blocks if block]
    entries = _entries(blocks)
    if entries is None:
        return [_notice(text)] if text else []
    return [_entry(block) for block in entries[:MOST_PIECES]]


def _entries(blocks: list[list[_Line]]) -> list[list[_Line]] | None:
    if len(blocks) > 1 and all(_dates(block) == 1 and _is_titled(block) for block in blocks):
        return blocks
    lines = [line for block in blocks for line in block]
    if len(lines) < 2 or _dates(lines) < 2:  # noqa: PLR2004 - one is no list
        return None
    if all(line.moment and line.words for line in lines):
        return [[line] for line in lines] if all(map(_is_title, lines)) else None
    pairs = [lines[at : at + 2] for at in range(0, len(lines), 2)]
    by_turns = len(lines) % 2 == 0 and all(
        _dates(pair) == 1 and sum(bool(line.words) for line in pair) == 1 for pair in pairs
    )
    firsts = {bool(pair[0].moment) for pair in pairs}
    is_list = by_turns and len(firsts) == 1 and all(map(_is_titled, pairs))
    return pairs if is_list else None


def _dates(lines: list[_Line]) -> int:
    return sum(line.moment is not None for line in lines)


def _is_titled(lines: list[_Line]) -> bool:
    return _is_title(next((line for line in lines if line.words), lines[0]))


def _is_title(line: _Line) -> bool:
    return 0 < len(line.words) <= _TITLE and not line.words.endswith(":")


def _line(line: str, zone: tzinfo, day_first: bool | None) -> _Line:  # noqa: FBT001 - as asked
    line = line.strip()
    for found in moments.find_moments(line, zone=zone, day_first=day_first):
        before, after = line[: found.start], line[found.end :]
        is_apart = _PARTED.search(before) if before else not after or _PARTS.match(after)
        if found.moment is not None and is_apart and not (before and after):
            return _Line((before or after).strip(" \t|·-"), found.moment)
    return _Line(line, None)


def _entry(lines: list[_Line]) -> Mail:
    words = [line.words for line in lines if line.words]
    moment = next(line.moment for line in lines if line.moment)
    return Mail(
        digest="",
        subject=words[0][:MAX_SUBJECT],
        text="\n".join(words[1:]) or words[0],
        sent_at=moment.at,
    )


def _notice(text: str) -> Mail:
    first, _, rest = text.partition("\n")
    is_title = rest.strip() and len(first) <= _TITLE and not _LABEL.match(first)
    return Mail(
        digest="",
        subject=first.strip()[:MAX_SUBJECT] if is_title else "",
        text=text if not is_title else rest.strip(),
    )
