"""The days on which a marketplace wipes all points at once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class ResetRule(StrEnum):
    FIRST_MONDAY_OF_QUARTER = "first_monday_of_quarter"
    LAST_MONDAY_OF_QUARTER = "last_monday_of_quarter"


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return 00:00 of ``day`` in ``zone``, in UTC, so that adding days adds 24 h each."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def first_reset(rule: ResetRule, zone: ZoneInfo, *, after: datetime, since: datetime) -> datetime:
    """Return the first reset later than ``after`` and not before ``since``: 00:00 of its day."""
    later = max(after, since).astimezone(zone).date()
    resets = (local_midnight(day, zone) for day in _reset_days(rule, later - timedelta(1)))
    return next(reset for reset in resets if reset > after and reset >= since)


def _reset_days(rule: ResetRule, not_before: date) -> Iterator[date]:
    """Yield the reset days from the quarter of ``not_before`` on."""
    year, quarter = not_before.year, (not_before.month - 1) // 3
    while True:
        first = date(year, 3 * quarter + 1, 1)
        year, quarter = (year, quarter + 1) if quarter < 3 else (year + 1, 0)  # noqa: PLR2004 - the fourth
        if rule is ResetRule.FIRST_MONDAY_OF_QUARTER:
            yield first + timedelta(-first.weekday() % 7)
        else:
            last = date(year, 3 * quarter + 1, 1) - timedelta(1)
            yield last - timedelta(last.weekday())
