"""What stays the same in notices of one wording, and what changes: so the like is recognised.

A wording is the text with its dates, numbers, references, quoted and labelled words replaced. What
was replaced are its slots, in order: two notices of one wording have the same slots, so what a
person read in a slot of one stands in the same slot of the other, behind the same words.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Final, Literal

from stores import moments
from stores.mailin import patterns, plain

MAX_SLOTS: Final = 120
_LABELLED: Final = re.compile(r"^([^:\t]{2,40}?)\s*[:\t]\s*(\S.*)$")
_SLOT: Final = re.compile(
    r"(?P<date>\x00\d+\x00)"
    r"|(?P<quoted>\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|「[^」\n]{1,200}」|《[^》\n]{1,200}》)"
    r"|(?P<ref>(?<![A-Za-z0-9])(?=[A-Za-z_-]{0,30}\d)[A-Za-z0-9][A-Za-z0-9_-]{4,63}(?![A-Za-z0-9_-]))"
    r"|(?P<number>(?<![A-Za-z0-9_.,])[-+]?\d[\d.,]*(?<![.,]))"
)
_GREETED: Final = 80  # letters that a line with a greeting has at most
Kind = Literal["date", "quoted", "ref", "number", "words"]


@dataclass(frozen=True)
class Slot:
    """What stands in one notice where another of its wording has something else."""

    kind: Kind
    text: str
    label: str  # the words before it


@dataclass(frozen=True)
class Wording:
    digest: str  # of what stays the same
    slots: tuple[Slot, ...]


def wording_of(subject: str, text: str, *, names: Iterable[str] = ()) -> Wording:
    """Return the wording of a notice; ``names`` are what its store is called."""
    whole = plain.unquoted(plain.normalised(f"{subject}\n\n{text}"))
    for name in sorted((plain.normalised(one) for one in names if one), key=len, reverse=True):
        whole = re.sub(re.escape(name), "〈store〉", whole, flags=re.IGNORECASE)
    dates: list[str] = []
    pieces, at = [], 0
    for found in moments.find_moments(whole, zone=UTC, day_first=True):
        pieces += [whole[at : found.start], f"\x00{len(dates)}\x00"]
        dates.append(whole[found.start : found.end])
        at = found.end
    slots: list[Slot] = []
    lines = [
        _line(line, dates, slots)
        for line in plain.unwrapped("".join([*pieces, whole[at:]])).split("\n")
        if line.strip()
    ]
    fixed = " ".join("\n".join(lines).casefold().split(" "))
    return Wording(hashlib.sha256(fixed.encode()).hexdigest(), tuple(slots[:MAX_SLOTS]))


def _line(line: str, dates: list[str], slots: list[Slot]) -> str:
    labelled = _LABELLED.match(line)
    if labelled and not _SLOT.search(labelled[2]):
        slots.append(Slot("words", labelled[2].strip(), labelled[1].strip()))
        return f"{labelled[1]}: 〈words〉"
    if len(line) <= _GREETED:
        for pattern in patterns.patterns("store.spoken_of"):
            greeting = pattern.match(line)
            if greeting:
                line = line[: greeting.start("who")] + "〈who〉"

    def replaced(match: re.Match[str]) -> str:
        kind: Kind = match.lastgroup  # type: ignore[assignment]
        text = dates[int(match[0].strip("\x00"))] if kind == "date" else match[0]
        slots.append(Slot(kind, text.strip(), line[: match.start()].strip(" :\t")[-40:]))
        return f"〈{kind}〉"

    return _SLOT.sub(replaced, line)
