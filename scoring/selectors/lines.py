"""The changes of a rating one by one: when, why, how many points, and what stood after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from scoring.core.values import Answer, Cause, Step
from scoring.models import LedgerEntry
from scoring.selectors.rows import Rows, taken_back, told_of
from stores.models import Violation


@dataclass(frozen=True, slots=True)
class Line:
    """One change of the rating: when, why, how many points, and what stood after it."""

    at: datetime
    label: str
    note: str
    points: int
    rating: int | None
    leaves_at: datetime | None
    violation: Violation | None
    kind: str  # the core's kind of cause: "started", "ceased", "reversed", …
    milestones: tuple[int, ...]
    is_taken_back: bool = False  # all of its points were given back since
    group: str = ""  # "deduction", "bonus", "adjustment" or ""; what a filter asks for


def lines_of(rows: Rows, answer: Answer, steps: Sequence[Step]) -> list[Line]:
    """Return every change of the history, newest first."""
    leaves = {each.id: each.expires_at for each in answer.active}
    gone = taken_back(rows.entries.values())
    lines = []
    for step in steps:
        reached = tuple(event.at for event in step.events if event.kind == "fired")
        told = [
            cause
            for cause in step.causes
            if cause.kind not in {"observed", "book"} and not rows.is_award_of_none(cause.subject)
        ]
        for place, cause in enumerate(told):
            is_last = place == len(told) - 1
            lines.append(_line(rows, step, cause, reached if is_last else (), leaves, gone))
    return lines[::-1]


def _line(
    rows: Rows,
    step: Step,
    cause: Cause,
    milestones: tuple[int, ...],
    leaves: Mapping[str, datetime | None],
    gone: frozenset[str],
) -> Line:
    entry = rows.entries.get(cause.subject)
    violation = told_of(entry).violation if entry is not None else None
    is_start = cause.kind == "started"
    is_taken_back = is_start and cause.subject in gone
    return Line(
        at=step.instant,
        label=words_of(rows, cause.kind, cause.subject),
        note=_note(cause, entry),
        points=cause.points,
        rating=cause.value,
        leaves_at=leaves.get(cause.subject) if is_start and not is_taken_back else None,
        violation=violation,
        kind=cause.kind,
        milestones=milestones,
        is_taken_back=is_taken_back,
        group=group_of(entry),
    )


def group_of(entry: LedgerEntry | None) -> str:
    """Return what a filter by kind calls an entry: a reversal goes with what it reverses."""
    if entry is None:
        return ""
    return str(told_of(entry).kind)


def words_of(rows: Rows, kind: str, subject: str) -> str:
    """Say a cause: what started, left, or was given back."""
    entry = rows.entries.get(subject)
    if entry is not None:
        name = rows.label(told_of(entry))
        if kind == "ceased":
            return gettext("%(what)s left the window") % {"what": name}
        if kind == "reversed":
            return gettext("%(what)s given back") % {"what": name}
        return name
    return {
        "opening": gettext("Before we knew the store"),
        "order_bonus": gettext("Order bonus"),
        "closed": gettext("Store closed"),
        "reopened": gettext("Store open again"),
        "ceased": gettext("What stood before we knew the store left the window"),
    }.get(kind, kind)


def _note(cause: Cause, entry: LedgerEntry | None) -> str:
    """Return where an entry comes from, and whether its points are an estimate."""
    if entry is None:
        return ""
    if cause.kind == "reversed" or entry.kind == LedgerEntry.Kind.REVERSAL:
        return str(entry.get_reason_display())
    return estimate_words(entry) or (entry.violation.subject if entry.violation else "")


def estimate_words(entry: LedgerEntry) -> str:
    if entry.estimate_high is None:
        return ""
    return gettext("Estimate: the notice states no points, the rulebook %(low)d to %(high)d") % {
        "low": entry.estimate_low,
        "high": entry.estimate_high,
    }
