"""When rounds open and fall due."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checklist.core import Plan, Window, excess, next_opening, picture_suffix, windows

EVERY_DAY = frozenset(range(7))
NEW_YORK, SAIGON, KATHMANDU = map(
    ZoneInfo, ["America/New_York", "Asia/Ho_Chi_Minh", "Asia/Kathmandu"]
)
DAILY = Plan((time(8),), EVERY_DAY, timedelta(hours=10))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_window_is_the_stores_own_morning_to_evening() -> None:
    after, until = utc("2026-06-01T00:00"), utc("2026-06-01T23:59")
    opened = [
        windows(DAILY, zone, after=after, until=until) for zone in (NEW_YORK, SAIGON, KATHMANDU)
    ]
    assert opened == [
        [Window(utc("2026-06-01T12:00"), utc("2026-06-01T22:00"), utc("2026-06-02T12:00"))],
        [Window(utc("2026-06-01T01:00"), utc("2026-06-01T11:00"), utc("2026-06-02T01:00"))],
        [Window(utc("2026-06-01T02:15"), utc("2026-06-01T12:15"), utc("2026-06-02T02:15"))],
    ]


def test_a_window_opens_at_its_instant_and_not_a_second_earlier() -> None:
    opening = utc("2026-06-01T01:00")
    second = timedelta(seconds=1)
    found = [
        len(windows(DAILY, SAIGON, after=after, until=until))
        for after, until in [
            (opening - second, opening),
            (opening - 2 * second, opening - second),
            (opening, opening + second),
        ]
    ]
    assert found == [1, 0, 0]


def test_a_window_closes_when_the_next_of_its_day_opens() -> None:
    twice = Plan((time(9), time(16)), EVERY_DAY, timedelta(hours=3))
    opened = windows(twice, SAIGON, after=utc("2026-06-01T00:00"), until=utc("2026-06-01T12:00"))
    assert [(window.opens_at, window.due_at, window.closes_at) for window in opened] == [
        (utc("2026-06-01T02:00"), utc("2026-06-01T05:00"), utc("2026-06-01T09:00")),
        (utc("2026-06-01T09:00"), utc("2026-06-01T12:00"), utc("2026-06-02T02:00")),
    ]


def test_a_friday_window_closes_after_a_day_though_monday_is_next() -> None:
    weekdays = Plan((time(8),), frozenset(range(5)), timedelta(hours=10))
    friday = windows(weekdays, SAIGON, after=utc("2026-06-05T00:00"), until=utc("2026-06-07T23:00"))
    assert friday == [
        Window(utc("2026-06-05T01:00"), utc("2026-06-05T11:00"), utc("2026-06-06T01:00"))
    ]
    assert next_opening(weekdays, SAIGON, after=friday[0].opens_at) == utc("2026-06-08T01:00")


def test_a_night_window_ends_by_the_wall_clock_when_the_clocks_change() -> None:
    # given 22:00 to 06:00 in New York; clocks go back on 1 November, forward on 14 March 2027
    night = Plan((time(22),), EVERY_DAY, timedelta(hours=8))
    back = windows(night, NEW_YORK, after=utc("2026-11-01T00:00"), until=utc("2026-11-01T12:00"))
    ahead = windows(night, NEW_YORK, after=utc("2027-03-14T00:00"), until=utc("2027-03-14T12:00"))

    # then it is nine hours long in autumn and seven in spring
    assert [window.due_at - window.opens_at for window in back + ahead] == [
        timedelta(hours=9),
        timedelta(hours=7),
    ]


def test_a_skipped_and_a_doubled_time_open_once() -> None:
    # given 02:30, skipped in New York on 14 March 2027, and 01:30, twice on 1 November 2026
    skipped = Plan((time(2, 30),), EVERY_DAY, timedelta(minutes=45))
    doubled = Plan((time(1, 30),), EVERY_DAY, timedelta(minutes=45))

    spring = windows(
        skipped, NEW_YORK, after=utc("2027-03-14T05:00"), until=utc("2027-03-15T04:00")
    )
    autumn = windows(
        doubled, NEW_YORK, after=utc("2026-11-01T04:00"), until=utc("2026-11-02T05:00")
    )

    # then the first counts as 03:30, and has its whole length
    assert [(one.opens_at, one.due_at) for one in spring + autumn] == [
        (utc("2027-03-14T07:30"), utc("2027-03-14T08:15")),
        (utc("2026-11-01T05:30"), utc("2026-11-01T07:15")),
    ]


def test_a_plan_without_times_never_opens() -> None:
    assert (
        next_opening(Plan((), EVERY_DAY, timedelta(hours=1)), SAIGON, after=utc("2026-06-01T00:00"))
        is None
    )


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(
        ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Manila"]
    ),
    clocks=st.lists(
        st.times().map(lambda one: one.replace(second=0, microsecond=0)),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    minutes=st.integers(15, 24 * 60),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 - UTC follows
    cut=st.integers(0, 72 * 60),
)
def test_sweeps_in_two_steps_open_what_one_sweep_opens(
    zone: str, clocks: list[time], weekdays: frozenset[int], minutes: int, start: datetime, cut: int
) -> None:
    plan = Plan(tuple(clocks), weekdays, timedelta(minutes=minutes))
    first, last = start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + timedelta(days=3)
    middle = first + timedelta(minutes=cut)

    at_once = windows(plan, ZoneInfo(zone), after=first, until=last)
    in_steps = windows(plan, ZoneInfo(zone), after=first, until=middle) + windows(
        plan, ZoneInfo(zone), after=middle, until=last
    )

    assert in_steps == at_once
    assert all(one.opens_at < one.due_at <= one.closes_at for one in at_once)
    assert (
        at_once[:1]
        == [
            one
            for one in at_once
            if one.opens_at == next_opening(plan, ZoneInfo(zone), after=first)
        ][:1]
    )


@pytest.mark.parametrize(
    ("comparator", "value", "expected"),
    [
        pytest.param("at_most", "0", "0", id="at_most_the_limit_itself"),
        pytest.param("at_most", "1", "1", id="at_most_one_over"),
        pytest.param("at_most", "-3", "-3", id="at_most_under"),
        pytest.param("at_least", "-1", "1", id="at_least_one_under"),
        pytest.param("at_least", "0", "0", id="at_least_the_limit_itself"),
        pytest.param("exactly", "-2", "2", id="exactly_is_off_on_both_sides"),
        pytest.param("exactly", "0", "0", id="exactly"),
    ],
)
def test_excess_is_the_distance_outside_the_limit(
    comparator: str, value: str, expected: str
) -> None:
    assert excess(comparator, Decimal(value), Decimal(0)) == Decimal(expected)


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "jpg", id="jpeg"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "png", id="png"),
        pytest.param(b"RIFF\x24\x00\x00\x00WEBPVP8 ", "webp", id="webp"),
        pytest.param(b"RIFF\x24\x00\x00\x00WAVEfmt ", None, id="sound"),
        pytest.param(b"<svg xmlns='http", None, id="svg"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_picture_suffix_goes_by_what_the_file_holds(head: bytes, suffix: str | None) -> None:
    assert picture_suffix(head) == suffix
