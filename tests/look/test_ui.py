"""The filters and tags that pages are written with."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from tenants.templatetags import ui

NOW = datetime(datetime.now(UTC).year, 11, 22, 1, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "told", "tone"),
    [
        pytest.param(timedelta(days=26, hours=5), "26 d", "none", id="weeks"),
        pytest.param(timedelta(days=10), "10 d", "none", id="ten-days"),
        pytest.param(timedelta(days=9, hours=23), "9 d 23 h", "none", id="under-ten-days"),
        pytest.param(timedelta(hours=24, seconds=1), "1 d", "none", id="just-over-a-day"),
        pytest.param(timedelta(hours=24), "1 d", "warn", id="a-day"),
        pytest.param(timedelta(hours=14, minutes=9), "14 h", "warn", id="hours"),
        pytest.param(timedelta(hours=3, minutes=5), "3 h 05 min", "warn", id="few-hours"),
        pytest.param(timedelta(hours=2), "2 h", "warn", id="whole-hours"),
        pytest.param(timedelta(minutes=31), "31 min", "warn", id="minutes"),
        pytest.param(timedelta(), "0 min", "warn", id="this-very-moment"),
        pytest.param(-timedelta(seconds=1), "0 min late", "bad", id="a-second-late"),
        pytest.param(-timedelta(minutes=40), "40 min late", "bad", id="late"),
    ],
)
def test_countdown_says_what_is_left_and_how_urgent_it_is(
    left: timedelta, told: str, tone: str
) -> None:
    assert (ui.countdown(NOW + left, NOW), ui.due_tone(NOW + left, NOW)) == (told, tone)


def test_countdown_without_a_due_time_is_a_dash() -> None:
    assert (ui.countdown(None, NOW), ui.due_tone(None, NOW)) == ("–", "none")


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (None, "–"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(milliseconds=200), "1 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(days=2, hours=1), "2 d 1 h"),
    ],
)
def test_span_says_how_long_and_never_nought(length: timedelta | None, told: str) -> None:
    assert ui.span(length) == told


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("America/Los_Angeles", "21 Nov, 17:40 PST"),
        ("Asia/Ho_Chi_Minh", "22 Nov, 08:40 ICT"),
        ("Asia/Manila", "22 Nov, 09:40 PHT"),
        ("Asia/Singapore", "22 Nov, 09:40 SGT"),
        ("Asia/Dubai", "22 Nov, 05:40 UTC+04"),
        ("Europe/London", "22 Nov, 01:40 GMT"),
    ],
)
def test_moment_in_tells_the_zone_by_the_name_people_use(zone: str, told: str) -> None:
    assert ui.moment_in(NOW, zone) == f"{NOW.astimezone(ZoneInfo(zone)):%a} {told}"


@pytest.mark.parametrize(
    ("moment", "told", "short"),
    [
        (datetime(2099, 1, 1, 12, tzinfo=UTC), "Thu 1 Jan 2099, 12:00 UTC", "1 Jan 2099"),
        (datetime(2019, 3, 5, 12, tzinfo=UTC), "Tue 5 Mar 2019, 12:00 UTC", "5 Mar 2019"),
    ],
)
def test_a_day_of_another_year_has_its_year(moment: datetime, told: str, short: str) -> None:
    assert (ui.moment_in(moment, "UTC"), ui.short_day_in(moment, "UTC")) == (told, short)


def test_a_day_within_half_a_year_goes_without_its_year() -> None:
    soon = datetime.now(UTC) + timedelta(days=170)

    assert ui.short_day_in(soon, "UTC") == f"{soon.day} {soon:%b}"


def test_moments_without_a_zone_are_told_in_the_readers() -> None:
    with timezone.override(ZoneInfo("Asia/Singapore")):
        told = [ui.day_in(NOW), ui.short_day_in(NOW), ui.time_in(NOW), ui.hour_in(NOW)]

    assert told == [f"22 Nov {NOW.year}", "22 Nov", "09:40 SGT", "09:40"]


def test_a_day_may_differ_from_one_zone_to_the_next() -> None:
    assert [ui.day_in(NOW, "America/Los_Angeles"), ui.day_in(NOW, "Asia/Tokyo")] == [
        f"21 Nov {NOW.year}",
        f"22 Nov {NOW.year}",
    ]


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=4), "4 min ago"),
        (timedelta(days=3), "3 d ago"),
        (-timedelta(seconds=5), "just now"),
    ],
)
def test_ago_tells_the_age(age: timedelta, told: str) -> None:
    assert ui.ago(NOW - age, NOW) == told


def test_ago_of_nothing_is_never() -> None:
    assert ui.ago(None, NOW) == "never"


def test_money_shows_no_digits_but_those_it_has() -> None:
    amounts = ["1250.50000000", "90.00000000", "-0.125", "12000000"]

    assert [ui.money(Decimal(each), "USD") for each in amounts] == [
        "1,250.50 USD",
        "90 USD",
        "−0.125 USD",
        "12,000,000 USD",
    ]
    assert ui.money(None, "USD") == "–"


def test_numbers_have_a_real_minus_and_changes_their_sign() -> None:
    with translation.override("en"):
        plain = [ui.number(value) for value in (None, 0, -92, 1486)]
        changes = [ui.signed(value) for value in (None, 0, -8, 4)]

    assert (plain, changes) == (["–", "0", "−92", "1,486"], ["–", "0", "−8", "+4"])


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [(0, 8, 0), (1, 8, 12), (8, 8, 100), (9, 8, 100), (999, 1000, 99), (0, 0, 0)],
)
def test_percent_is_whole_only_when_nothing_is_missing(part: int, whole: int, share: int) -> None:
    assert ui.percent(part, whole) == share


def test_every_band_has_its_own_tone_and_every_tone_its_own_shape() -> None:
    bands = ["closed", "critical", "watch", "healthy", "unknown"]
    tones = [ui.band_tone(band) for band in bands]

    assert tones == ["closed", "bad", "warn", "good", "none"]
    assert len({ui.glyph(tone) for tone in tones}) == len(tones)


def test_share_bar_fills_the_whole_width_and_leaves_out_the_empty() -> None:
    assert ui.share_bar([("bad", 1), ("warn", 0), ("good", 3)]) == [
        {"tone": "bad", "x": "0.00", "width": "25.00"},
        {"tone": "good", "x": "25.00", "width": "75.00"},
    ]


def test_spark_lines_steps_from_day_to_day_and_dots_over_blind_ones() -> None:
    assert ui.spark_lines([200, 180, None, None, 180], 150) == ui.Spark(
        lines=["M1.0 2.0H19.2V10.8", "M74.0 10.8"],
        gaps=["M19.2 10.8H74.0"],
        end_x="74.0",
        end_y="10.8",
        milestone_y="24.0",
    )


def test_spark_lines_keeps_a_small_change_small() -> None:
    spark = ui.spark_lines([200, 198])

    assert spark is not None
    assert spark.lines == ["M1.0 12.4H74.0V13.6"]


def test_spark_lines_of_a_store_never_seen_is_nothing() -> None:
    assert ui.spark_lines([None, None]) is None


def test_shots_bar_draws_the_windows_to_scale() -> None:
    # given a first window used for 12 of its 30 days, and a second of 15 that runs since 13
    first = {
        "opens_at": NOW - timedelta(days=45),
        "closes_at": NOW - timedelta(days=15),
        "used_until": NOW - timedelta(days=33),
    }
    second = {
        "opens_at": NOW - timedelta(days=10),
        "closes_at": NOW + timedelta(days=5),
        "used_until": None,
    }

    # when
    stretches = ui.shots_bar([first, second], NOW)

    # then
    assert stretches == [
        {**first, "x": "0.00", "width": "60.00", "used": "24.00", "running": False},
        {**second, "x": "70.00", "width": "30.00", "used": "20.00", "running": True},
    ]


def test_shots_bar_without_windows_is_empty() -> None:
    assert ui.shots_bar([], NOW) == []


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC", ""])
@pytest.mark.parametrize("at", ["0001-01-01", "9999-12-31T23:59:59"])
@pytest.mark.parametrize("home", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_moment_at_the_calendars_ends_takes_no_page_down(zone: str, at: str, home: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(home))
    with timezone.override("Pacific/Kiritimati"):
        told = [
            filter_(moment, zone)
            for filter_ in (ui.moment_in, ui.day_in, ui.short_day_in, ui.time_in, ui.hour_in)
        ]
    assert all(told)
    assert ui.iso(moment)[4:8] in {"-01-", "-12-"}
    assert ui.countdown(moment, NOW)
    assert ui.ago(moment, NOW)
    assert ui.due_tone(moment, NOW) in {"bad", "none"}
