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
        ("10:00 AM on July 1, 2026", (2026, 7, 1, 3), True, False),
        ("5:00 PM PDT on July 8, 2026", (2026, 7, 9), True, True),
        ("July 8, 2026, 5 PM", (2026, 7, 8, 10), True, False),
        ("8 July 2026, 17:00 hrs (Singapore time)", (2026, 7, 8, 9), True, True),
        ("2026年7月1日下午3点", (2026, 7, 1, 8), True, False),
        ("2026年7月1日下午5点30分", (2026, 7, 1, 10, 30), True, False),
        ("2026年7月1日24:00（北京时间）", (2026, 7, 1, 16), True, True),
        ("10:30 ngày 01/07/2026", (2026, 7, 1, 3, 30), True, False),
        ("10h30 ngày 1 tháng 7 năm 2026 (giờ Việt Nam)", (2026, 7, 1, 3, 30), True, True),
        ("1 thg 7, 2026 lúc 10:30 CH", (2026, 7, 1, 15, 30), True, False),
        ("01/07/2026 9:30 chiều", (2026, 7, 1, 14, 30), True, False),
        ("1 Agustus 2026 pukul 23.59 WIB", (2026, 8, 1, 16, 59), True, True),
        ("pukul 10.30 WIT tanggal 1 Juli 2026", (2026, 7, 1, 1, 30), True, True),
        ("24 Des 2026 10:00", (2026, 12, 24, 3), True, False),
        ("1 ก.ค. 2569 เวลา 10:30 น.", (2026, 7, 1, 3, 30), True, False),
        ("1 กรกฎาคม พ.ศ. 2569 10.30 น.", (2026, 7, 1, 3, 30), True, False),
        ("1 ก.ค. 69", (2026, 6, 30, 17), False, False),
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
        ("10:00 UTC 2026-07-01 UTC+7", Unclear.WHICH_ZONE),
        ("2026-07-01 10.30", Unclear.NOT_A_DATE),
        ("13/07/2026 1:00 đêm", Unclear.NO_SUCH_DATE),
        ("2026-07-01 24:30", Unclear.NO_SUCH_DATE),
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
    ("text", "found"),
    [
        ("Appeal by July 8 or lose it", "July 8"),
        ("截止 7月8日 前", "7月8日"),
        ("hạn chót ngày 8/7 nhé", "ngày 8/7"),
        ("paling lambat 8 Agustus pukul 10", "8 Agustus"),
        ("ภายใน 8 ส.ค. นี้", "8 ส.ค."),
        ("by 08/07/26, please", "08/07/26"),
    ],
)
def test_day_without_a_year_is_found_and_not_guessed(text: str, found: str) -> None:
    assert [
        (text[one.start : one.end].strip(), one.why) for one in find_moments(text, zone=UTC)
    ] == [(found, Unclear.NO_YEAR)]


@pytest.mark.parametrize("text", ["you may 3 times", "2026-07-08 at last", "12/5 points"])
def test_what_is_no_day_is_not_found_as_one(text: str) -> None:
    assert [one.why for one in find_moments(text, zone=UTC) if one.why] == []


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
