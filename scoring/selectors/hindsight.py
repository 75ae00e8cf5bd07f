"""What we know now of a past moment and did not know then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext

from scoring.core import rating as core
from scoring.core.values import Answer
from scoring.models import LedgerEntry
from scoring.selectors.rows import Rows, told_of
from stores.models import Enforcement


@dataclass(frozen=True, slots=True)
class Late:
    """Something of the time up to a moment that was recorded after it."""

    label: str
    occurred_at: datetime
    recorded_at: datetime
    points: int | None = None
    href: str = ""


@dataclass(frozen=True)
class Hindsight:
    """The same moment by what was known then and by what is known now."""

    then: int | None
    now: int | None
    late: tuple[Late, ...]

    @property
    def differs(self) -> bool:
        return self.then != self.now


def hindsight_of(rows: Rows, now: datetime) -> Hindsight:
    """Return what was learnt about ``rows.at`` from then until ``now``, without a query."""
    then, known_now = (
        core.evaluate(rows.ledger, rows.library, at=rows.at, known_at=known, options=rows.options)
        for known in (rows.at, now)
    )
    late = sorted(_late(rows, now), key=lambda one: one.recorded_at)
    return Hindsight(_value(then), _value(known_now), tuple(late))


def _value(answer: Answer) -> int | None:
    return answer.points_deducted if answer.rating is None else answer.rating


def _late(rows: Rows, now: datetime) -> Iterable[Late]:
    """Yield what tells of the time until ``rows.at`` and was recorded, or withdrawn, after it."""
    told = [_entry(rows, entry) for entry in rows.all_entries]
    told += _shown(rows)
    kinds = dict(Enforcement.Kind.choices)
    for each in rows.ledger.enforcements:
        told.append(Late(str(kinds.get(each.kind, each.kind)), each.starts_at, each.recorded_at))
    for book in rows.library.books:
        label = gettext("Rulebook %(title)s") % {"title": book.title}
        href = reverse("scoring:rulebook", args=[book.name])
        told.append(Late(label, book.effective_from, book.known_from, href=href))
    return (one for one in told if one.occurred_at <= rows.at < one.recorded_at <= now)


def _shown(rows: Rows) -> Iterable[Late]:
    for seen in rows.ledger.observations:
        label = gettext("The marketplace shows %(value)d") % {"value": seen.value}
        yield Late(label, seen.observed_at, seen.recorded_at)
        if seen.withdrawn_at is not None:
            label = gettext("Withdrawn: the marketplace shows %(value)d") % {"value": seen.value}
            yield Late(label, seen.observed_at, seen.withdrawn_at)


def _entry(rows: Rows, entry: LedgerEntry) -> Late:
    told = told_of(entry)
    label = rows.name(told)
    if entry.reverses is not None:
        label = gettext("%(what)s given back") % {"what": label}
    return Late(
        label=label,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        points=entry.points,
        href=reverse("stores:violation", args=[told.violation_id]) if told.violation_id else "",
    )
