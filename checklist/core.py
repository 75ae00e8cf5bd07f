"""When rounds open and fall due, and whether a value is within its limit: plain Python."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from appeals.core import document_suffix

logger = logging.getLogger(__name__)

_DAY: Final = timedelta(days=1)
_DAYS_TO_LOOK_AHEAD: Final = 8  # a plan with one weekday opens at the latest after seven
_PICTURES: Final = frozenset({"jpg", "png", "webp"})


@dataclass(frozen=True, slots=True)
class Plan:
    """At which times of which local days rounds open, and how long they may take."""

    times: tuple[time, ...]
    weekdays: frozenset[int]  # Monday is 0
    length: timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """One round's time: it may be answered in ``[opens_at, closes_at)``, late from ``due_at``."""

    opens_at: datetime
    due_at: datetime
    closes_at: datetime


def windows(plan: Plan, zone: tzinfo, *, after: datetime, until: datetime) -> list[Window]:
    """Return the windows that open in ``(after, until]``, by opening; all instants are UTC.

    A window ends at the wall clock's time, whatever the clocks did meanwhile: 08:00 and ten hours
    is 18:00. A time that the clocks skip counts as many minutes after the hour that they skipped
    to; one that comes twice counts once, the first time. A window closes when the plan's next one
    opens, a day after its opening at the latest and not before it is due.
    """
    found = []
    for day, clock in _local_openings(plan, zone, after - _DAY, until + _DAY):
        opens_at = _instant(day, clock, zone)
        if not after < opens_at <= until:
            continue
        due_at = _due(day, clock, plan.length, zone)
        if due_at <= opens_at:  # the clocks skipped the window's end
            due_at = opens_at + plan.length
        following = next_opening(plan, zone, after=opens_at)
        closes_at = min(following or opens_at + _DAY, opens_at + _DAY)
        found.append(Window(opens_at, due_at, max(due_at, closes_at)))
    return sorted(found, key=lambda window: window.opens_at)


def next_opening(plan: Plan, zone: tzinfo, *, after: datetime) -> datetime | None:
    """Return the first instant after ``after`` at which the plan opens, None if it never does."""
    until = after + _DAYS_TO_LOOK_AHEAD * _DAY
    openings = (
        _instant(*local, zone) for local in _local_openings(plan, zone, after - _DAY, until)
    )
    return min((instant for instant in openings if instant > after), default=None)


def zone_of(name: str) -> tzinfo:
    """Return the zone called ``name``, or UTC where there is none: one store must not stop all."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError):
        logger.exception("time_zone_unknown", extra={"zone": name})
        return UTC


def picture_suffix(head: bytes) -> str | None:
    """Return "jpg", "png" or "webp" by a file's first 16 bytes, None if it is none of them."""
    suffix = document_suffix(head)
    return suffix if suffix in _PICTURES else None


def excess(comparator: str, value: Decimal, limit: Decimal) -> Decimal:
    """Return how far ``value`` is outside ``limit``; 0 or less is within it.

    ``comparator`` is "at_most", "at_least" or "exactly".
    """
    match comparator:
        case "at_most":
            return value - limit
        case "at_least":
            return limit - value
        case _:
            return abs(value - limit)


def _local_openings(
    plan: Plan, zone: tzinfo, first: datetime, last: datetime
) -> Iterator[tuple[date, time]]:
    day, last_day = first.astimezone(zone).date(), last.astimezone(zone).date()
    while day <= last_day:
        if day.weekday() in plan.weekdays:
            for clock in plan.times:
                yield day, clock
        day += _DAY


def _instant(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def _due(day: date, clock: time, length: timedelta, zone: tzinfo) -> datetime:
    ends = datetime.combine(day, clock) + length
    return ends.replace(tzinfo=zone).astimezone(UTC)
