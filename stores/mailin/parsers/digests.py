"""Mails that tell of several violations: cut where one ends and the next begins."""

import itertools
import re
from collections.abc import Iterator

from stores.mailin import patterns
from stores.mailin.parsers.reading import Reading

MAX_PIECES = 30
_LEAST_COLUMNS = 3
_CELL_ENDS = re.compile(r"[^\S\n]*[\t|][^\S\n]*")
_ITEM_HEAD = re.compile(
    r"\s*(?:[\[(【<#]\s*)?(?:(?:no|item|record|notice|第)\.?\s*)?(?P<n>\d{1,2})\s*[\])】>.:、/条项]",
    re.IGNORECASE,
)
# What belongs to one violation: before the first of them it would be nobody's.
_OF_ONE = (
    *("violation.rule", "violation.subject", "violation.status_label", "points.taken"),
    *("times.reported_at", "times.enforced_at", "times.correct_by", "times.appeal_by"),
)


def with_labels(text: str) -> str:
    """Return ``text`` with each row of a table under a heading row written label by label."""
    lines = text.split("\n")
    written: list[str] = []
    at = 0
    while at < len(lines):
        heads = _cells(lines[at])
        if not _is_heading(heads):
            written.append(lines[at])
            at += 1
            continue
        rows, at = _rows_under(lines, at + 1, len(heads))
        if not rows:
            written.append("\t".join(heads))
        for row in rows:
            written += ["", *(f"{head}: {cell}" for head, cell in zip(heads, row, strict=True)), ""]
    return "\n".join(written)


def pieces(reading: Reading) -> Iterator[list[tuple[str, str]]]:
    """Yield each way to cut the text so that every piece has one reference of its own.

    A piece is its reference and its text, what stands above the first piece in front of it.
    """
    firsts: dict[str, int] = {}
    for hit in sorted(reading.hits("violation.reference"), key=lambda hit: hit.match.start()):
        firsts.setdefault(hit["ref"].strip("-_"), hit.match.start("ref"))
    if not 1 < len(firsts) <= MAX_PIECES:
        return
    text = reading.shown
    for starts in (
        _item_heads(reading, len(firsts)),
        _paragraphs(reading, list(firsts.values())),
        [_line_start(text, at) for at in firsts.values()],
    ):
        if cut := _cut(reading, starts, firsts):
            yield cut


def _cut(reading: Reading, starts: list[int], firsts: dict[str, int]) -> list[tuple[str, str]]:
    """Return the pieces that begin at ``starts``; none where one has not one reference."""
    bounds = [*starts, len(reading.shown)]
    references = []
    for begins, ends in itertools.pairwise(bounds):
        inside = [one for one, at in firsts.items() if begins <= at < ends]
        if len(inside) != 1:
            return []
        references += inside
    if len(references) != len(firsts) or _has_facts(reading, reading.subject_ends, starts[0]):
        return []
    head = reading.shown[reading.subject_ends : starts[0]]
    return [
        (reference, reading.with_dates(head + "\n" + reading.shown[begins:ends]))
        for reference, begins, ends in zip(references, bounds, bounds[1:], strict=False)
    ]


def _has_facts(reading: Reading, begins: int, ends: int) -> bool:
    return any(
        begins <= hit.match.start() < ends for field in _OF_ONE for hit in reading.hits(field)
    )


def _item_heads(reading: Reading, count: int) -> list[int]:
    """Return where lines begin that are numbered from 1 to ``count``."""
    found: list[int] = []
    at = reading.subject_ends + 1
    for line in reading.shown[at:].split("\n"):
        head = _ITEM_HEAD.match(line)
        if head and int(head["n"]) == len(found) + 1:
            found.append(at)
        at += len(line) + 1
    return found if len(found) == count else []


def _paragraphs(reading: Reading, references: list[int]) -> list[int]:
    """Return where the paragraphs begin in which the references stand."""
    return [reading.shown.rfind("\n\n", 0, at) + 2 for at in references]


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _cells(line: str) -> list[str]:
    return [cell for cell in _CELL_ENDS.split(line.strip().strip("|").strip()) if cell]


def _is_heading(cells: list[str]) -> bool:
    """Tell whether ``cells`` are labels, one of them a reference's."""
    if len(cells) < _LEAST_COLUMNS or any(re.search(r"\d", cell) for cell in cells):
        return False
    known = patterns.patterns("violation.reference")
    return any(
        pattern.match(patterns.simplified(f"{cell}: X12345")) for cell in cells for pattern in known
    )


def _rows_under(lines: list[str], at: int, columns: int) -> tuple[list[list[str]], int]:
    """Return the rows from line ``at`` on, and the line after them."""
    rows: list[list[str]] = []
    ends = at
    for number in range(at, len(lines)):
        cells = _cells(lines[number])
        is_rule = not re.sub(r"[-=+|:\s]", "", lines[number])
        if len(cells) == columns and not is_rule:
            rows.append(cells)
            ends = number + 1
        elif not is_rule:
            break
    return rows, ends
