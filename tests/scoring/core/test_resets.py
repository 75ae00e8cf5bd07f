"""The days on which all points go, against a calendar that is walked day by day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scoring.core.resets import ResetRule, first_reset, local_midnight

FIRST, LAST = ResetRule.FIRST_MONDAY_OF_QUARTER, ResetRule.LAST_MONDAY_OF_QUARTER
MANILA = ZoneInfo("Asia/Manila")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
DAYS = [date(2024, 1, 1) + timedelta(days=number) for number in range(6 * 366)]


def _resets(rule: ResetRule, zone: ZoneInfo) -> list[datetime]:
    """Return the midnights of the resets, by the Mondays of each quarter."""
    mondays: dict[tuple[int, int], list[date]] = {}
    for day in DAYS:
        if day.weekday() == 0:
            mondays.setdefault((day.year, (day.month - 1) // 3), []).append(day)
    days = [found[0 if rule is FIRST else -1] for found in mondays.values()]
    return [datetime.combine(day, time.min, zone).astimezone(UTC) for day in days]


@pytest.mark.parametrize("zone", ["Asia/Manila", "America/Sao_Paulo"])
@pytest.mark.parametrize("rule", [FIRST, LAST])
def test_first_reset_is_the_next_one_whatever_the_day(rule: ResetRule, zone: str) -> None:
    resets = _resets(rule, ZoneInfo(zone))

    for day in DAYS[:-100]:
        for hour in (0, 15, 16, 23):
            after = datetime.combine(day, time(hour), UTC)
            expected = next(reset for reset in resets if reset > after)
            assert first_reset(rule, ZoneInfo(zone), after=after, since=LONG_AGO) == expected


@pytest.mark.parametrize(
    ("after", "since", "expected"),
    [
        pytest.param(datetime(2026, 1, 4, 16, tzinfo=UTC), LONG_AGO, "2026-04-06", id="after-it"),
        pytest.param(
            datetime(2026, 1, 4, 15, 59, 59, tzinfo=UTC), LONG_AGO, "2026-01-05", id="before-it"
        ),
        pytest.param(
            LONG_AGO, datetime(2026, 1, 4, 16, tzinfo=UTC), "2026-01-05", id="since-that-instant"
        ),
        pytest.param(
            LONG_AGO, datetime(2026, 1, 4, 16, 0, 1, tzinfo=UTC), "2026-04-06", id="since-later"
        ),
    ],
)
def test_first_reset_is_later_than_the_entry_and_not_before_the_book(
    after: datetime, since: datetime, expected: str
) -> None:
    # 5 January and 6 April 2026 are the first Mondays, at 00:00 in Manila
    found = first_reset(FIRST, MANILA, after=after, since=since)

    assert found.astimezone(MANILA) == datetime.combine(
        date.fromisoformat(expected), time.min, MANILA
    )


def test_first_reset_may_be_the_last_day_of_a_quarter_on_which_a_book_begins() -> None:
    # given 31 March 2025, which is a Monday
    begins = datetime.combine(date(2025, 3, 31), time.min, MANILA)

    assert first_reset(LAST, MANILA, after=LONG_AGO, since=begins) == begins


def test_local_midnight_is_in_utc() -> None:
    midnight = local_midnight(date(2026, 3, 8), ZoneInfo("America/Los_Angeles"))

    # so that a day more is 24 h more, also over the night that has only 23
    assert midnight.tzinfo is UTC
    assert midnight + timedelta(days=1) == datetime(2026, 3, 9, 8, tzinfo=UTC)
