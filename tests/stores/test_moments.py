from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from stores.moments import MomentUnreadable, Unclear, day_first_of, find_moments, read_moment

BANGKOK = ZoneInfo("Asia/Bangkok")


@pytest.mark.parametrize(
    ("written", "moment", "has_time", "has_zone"),
    [
        ("2026-07-01", (2026, 6, 30, 17), False, False),
        ("2026/7/1 10:00", (2026, 7, 1, 3), True, False),
        ("2026-07-01T10:00:00Z", (2026, 7, 1, 10), True, True),
        ("2026-07-01T10:00:00.123+08:00", (2026, 7, 1, 2), True, True),
        ("2026-07-01 10:00 (UTC+8)", (2026, 7, 1, 2), True, True),
        ("2026-07-01 10:00 GMT-07:30", (2026, 7, 1, 17, 30), True, True),
        ("01/07/2026 10:00:00", (2026, 7, 1, 3), True, False),
        ("13/07/2026", (2026, 7, 12, 17), False, False),
        ("7/13/2026 1:05 PM", (2026, 7, 13, 6, 5), True, False),
        ("1 July 2026 18:00 UTC", (2026, 7, 1, 18), True, True),
        ("Wed, Jul 1, 2026 at 10:00 AM", (2026, 7, 1, 3), True, False),
        ("July 31st, 2026, 5:00 PM PDT", (2026, 8, 1), True, True),
        ("Jan 31, 2026 5:00 PM PT", (2026, 2, 1, 1), True, True),
        ("2026年7月1日", (2026, 6, 30, 17), False, False),
        ("2026年7月1日 下午3:05", (2026, 7, 1, 8, 5), True, False),
        ("2026年7月1日（星期三）上午12:05", (2026, 6, 30, 17, 5), True, False),
        ("2026年7月1日 中午11:05", (2026, 7, 1, 4, 5), True, False),
        ("2026年7月1日 10:00（北京时间）", (2026, 7, 1, 2), True, True),
        ("北京时间2026年7月1日10:00", (2026, 7, 1, 2), True, True),
        ("2026-07-01 10:00 Asia/Manila", (2026, 7, 1, 2), True, True),
        ("1/7/2569 10:00", (2026, 7, 1, 3), True, False),
    ],
)
def test_moment_is_read_as_written(
    written: str,
    moment: tuple[int, ...],
    has_time: bool,  # noqa: FBT001 - a column of the table
    has_zone: bool,  # noqa: FBT001
) -> None:
    found = read_moment(written, zone=BANGKOK, day_first=True)

    expected = datetime(*moment, tzinfo=UTC)  # type: ignore[misc,arg-type]
    assert (found.at, found.has_time, found.has_zone) == (expected, has_time, has_zone)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", Unclear.NOT_A_DATE),
        ("soon", Unclear.NOT_A_DATE),
        ("45000", Unclear.NOT_A_DATE),
        ("01/07/26", Unclear.NOT_A_DATE),
        ("2026-07-01 and later", Unclear.NOT_A_DATE),
        ("2026-02-30", Unclear.NO_SUCH_DATE),
        ("2026-13-01", Unclear.NO_SUCH_DATE),
        ("2026-07-01 25:00", Unclear.NO_SUCH_DATE),
        ("2026-07-01 13:00 PM", Unclear.NO_SUCH_DATE),
        ("03/04/2026", Unclear.DAY_OR_MONTH),
        ("2026-07-01 10:00 CST", Unclear.WHICH_ZONE),
        ("2026-07-01 10:00 UTC+99", Unclear.WHICH_ZONE),
        ("2026-07-01 10:00 Asia/Nowhere", Unclear.WHICH_ZONE),
        ("0001-01-01", Unclear.FAR_OFF),
        ("9999-12-31", Unclear.FAR_OFF),
    ],
)
def test_moment_is_refused_when_it_is_not_certain(written: str, why: Unclear) -> None:
    with pytest.raises(MomentUnreadable) as refusal:
        read_moment(written, zone=BANGKOK)

    assert refusal.value.why == why


def test_zone_with_two_meanings_is_taken_where_it_is_the_stores_own() -> None:
    chicago, shanghai = (
        read_moment("2026-01-05 10:00 CST", zone=ZoneInfo(name)).at
        for name in ("America/Chicago", "Asia/Shanghai")
    )

    assert (chicago, shanghai) == (
        datetime(2026, 1, 5, 16, tzinfo=UTC),
        datetime(2026, 1, 5, 2, tzinfo=UTC),
    )


def test_day_ends_where_the_zone_says() -> None:
    found = read_moment("2026-03-08", zone=ZoneInfo("America/New_York"))

    # the day on which clocks go forward has 23 hours
    assert (found.day_ends_at - found.at).total_seconds() == 23 * 3600


def test_dates_are_found_within_text() -> None:
    text = "Appeal by 2026-07-31 17:00 (UTC+7), order 1729-384756, between 03/04/2026 and now."

    found = [(text[one.start : one.end].strip(), one.why) for one in find_moments(text, zone=UTC)]

    assert found == [("2026-07-31 17:00 (UTC+7)", None), ("03/04/2026", Unclear.DAY_OR_MONTH)]


@pytest.mark.parametrize(
    ("column", "day_first"),
    [
        (["03/04/2026", "13/04/2026"], True),
        (["03/04/2026", "04/13/2026"], False),
        (["03/04/2026"], None),
        (["13/04/2026", "04/13/2026"], None),
        ([], None),
    ],
)
def test_column_tells_the_order_of_its_dates(column: list[str], day_first: bool | None) -> None:  # noqa: FBT001
    assert day_first_of(column) == day_first
