"""Where a rating goes: the range of a forecast and what is over a line when."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.core import rating
from scoring.core.foresight import (
    Cone,
    ConePoint,
    Course,
    Crossing,
    Futures,
    Line,
    Pace,
    Pending,
    cone,
    crossing,
    healthy_edge,
    is_closed_for_good,
    lines_of,
    monday_after,
)
from scoring.core.rulebook import Band, Library, Rulebook, Trust
from scoring.core.values import (
    BandCode,
    Completion,
    Enforced,
    Entry,
    Kind,
    Ledger,
    LedgerError,
    Measure,
    Options,
    Period,
    PeriodEnd,
    PointsRange,
    Reason,
)
from tests.scoring.core.making import (
    DEDUCTED,
    EPOCH,
    FALLING,
    RATING,
    RISING,
    RISING_BANDS,
    bonus,
    day,
    deduction,
    figure,
    make_book,
    observed,
    reversal,
    shut,
)
from tests.scoring.core.strategies import LAST, ledgers, shelves
from tests.scoring.core.test_laws import law

SEEN = observed(200, -30)


def weekly(book: Rulebook, points: int = 4, per: int = 200, cap: int | None = 20) -> Rulebook:
    made = make_book(bonus=(points, per, cap)).order_bonus
    assert made is not None
    return replace(book, order_bonus=replace(made, mode="weekly_award"))


def futures(
    *entries: Any, at: float = 0, days: int = 20, book: Rulebook | None = None, **rows: Any
) -> Futures:
    ledger = Ledger(entries=entries, observations=(SEEN,), **rows)
    return Futures(ledger, Library([book or make_book()]), day(at), days)


def on_day(instant: datetime) -> float:
    return round((instant - EPOCH) / timedelta(days=1), 2)


def path(course: Course) -> list[tuple[float, int | None]]:
    """Return the values of a course by the day on which each begins."""
    return [(on_day(moment.instant), moment.value) for moment in course.moments]


def wide(found: Cone) -> list[tuple[float, int | None, int | None, int | None, int | None]]:
    """Return base, low, likely and high by day."""
    return [
        (
            on_day(point.instant),
            point.base,
            point.low,
            point.likely,
            point.high,
        )
        for point in found.points
    ]


# --- courses -------------------------------------------------------------------------------------


def test_the_base_course_is_what_is_certain() -> None:
    ahead = futures(deduction("a", -12, -4), deduction("b", -30, -1))

    assert path(ahead.base) == [(0, 158), (6, 170), (9, 200)]


def test_a_course_takes_hypothetical_rows_of_the_future() -> None:
    ahead = futures(deduction("a", -12, -4), reversal("a1", "a", 5, -2))

    course = ahead.course(
        [*ahead.given_back("x", ["a"], day(3)), ahead.deduction("y", -20, day(4))]
    )

    assert path(course) == [(0, 193), (3, 200), (4, 180), (14, 200)]


def test_nothing_is_given_back_of_what_was_taken_back_wholly() -> None:
    ahead = futures(deduction("a", -12, -4), reversal("a1", "a", 12, -2))

    assert ahead.given_back("x", ["a"], day(3)) == []


def test_a_course_tells_which_milestones_fire_and_what_they_start() -> None:
    # given a restriction that runs, and one that was over before
    book = make_book(milestones=FALLING, window=60)
    ahead = futures(
        deduction("old", -50, -20),
        reversal("back", "old", 50, -12),
        deduction("new", -50, -3),
        book=book,
    )

    # when
    course = ahead.course([ahead.deduction("x", -50, day(2))])

    # then
    assert [(event.code, event.instant) for event in course.fired] == [("r100", day(2))]
    assert [(period.milestone, period.ends_at) for period in course.periods] == [
        ("r150", day(4)),
        ("r100", day(16)),
    ]


def test_a_course_tells_of_its_own_time_alone() -> None:
    # given a firing just now, one just as the course ends, and a restriction that ends just now
    book = make_book(milestones=FALLING, window=60)
    ahead = futures(
        deduction("old", -50, -7),
        deduction("now", -50, 0),
        deduction("end", -50, 20, known=0),
        book=book,
    )

    assert (ahead.base.at, ahead.base.until, ahead.base.events) == (day(0), day(20), ())
    assert [(period.milestone, period.starts_at) for period in ahead.base.periods] == [
        ("r100", day(0))
    ]


def test_a_course_takes_rows_of_this_very_moment_and_orders_beside_them() -> None:
    ahead = futures(book=make_book(bonus=(4, 2, None)))

    course = ahead.course(
        [ahead.deduction("now", -20, day(0)), ahead.deduction("soon", -10, day(2))],
        ahead.completed(2, day(3)),
    )

    assert path(course) == [(0, 180), (2, 170), (3, 174), (10, 194), (12, 204), (13, 200)]
    assert path(ahead.course([ahead.deduction("now", -20, day(0))])) == [(0, 180), (10, 200)]


def test_a_course_leaves_no_trace_in_the_next() -> None:
    # given an entry dated ahead, and rows that a course dates at the same instant
    ahead = futures(deduction("a", -50, -1), deduction("z", -4, 7, known=0), days=8)

    course = ahead.course(
        [ahead.deduction("x", -20, day(7)), *ahead.given_back("r", ["a"], day(7))]
    )

    assert path(course) == [(0, 150), (7, 176)]
    assert path(ahead.base) == [(0, 150), (7, 146)]


@pytest.mark.parametrize(
    ("before", "points"),
    [
        pytest.param([], 13, id="more-than-there-was"),
        pytest.param([reversal("a1", "a", 5, -2)], 8, id="more-than-there-is"),
    ],
)
def test_a_course_refuses_rows_that_contradict_the_ledger(before: list[Entry], points: int) -> None:
    ahead = futures(deduction("a", -12, -4), *before)

    with pytest.raises(LedgerError, match="exceed its points"):
        ahead.course([reversal("r", "a", points, 3, known=0)])


def test_a_row_of_this_very_moment_falls_with_the_ledgers_own() -> None:
    book = make_book(milestones=FALLING, window=60)
    ahead = futures(deduction("a", -50, 0), book=book)

    course = ahead.course([ahead.deduction("x", -50, day(0))])

    # then the furthest of both fires alone
    assert [period.milestone for period in ahead.base.periods] == ["r150"]
    assert [period.milestone for period in course.periods] == ["r100"]


def test_what_is_given_back_is_granted_and_known_now() -> None:
    ahead = futures(deduction("a", -12, -4), reversal("a1", "a", 5, -2))

    assert ahead.given_back("x", ["a"], day(3)) == [
        Entry(
            "x:a",
            Kind.REVERSAL,
            7,
            day(3),
            day(0),
            None,
            reverses="a",
            reason=Reason.GRANTED,
        )
    ]


def test_a_periods_end_that_is_recorded_just_now_counts() -> None:
    book = make_book(milestones=FALLING, window=60)
    ends = (PeriodEnd("r150", day(-1), day(1), day(0)),)
    ahead = futures(deduction("a", -50, -3), book=book, period_ends=ends)

    assert [period.ends_at for period in ahead.base.periods] == [day(1)]


def test_a_periods_end_that_is_not_yet_recorded_changes_no_course() -> None:
    book = make_book(milestones=FALLING, window=60)
    ends = (PeriodEnd("r150", day(-1), day(1), day(-1)), PeriodEnd("r150", day(-1), day(2), day(5)))
    ahead = futures(deduction("a", -50, -3), book=book, period_ends=ends)

    assert [period.ends_at for period in ahead.base.periods] == [day(1)]


def test_a_course_before_any_book_has_no_value() -> None:
    ahead = futures(book=make_book(since=day(5), known_from=day(-1)))

    assert path(ahead.base) == [(0, None), (5, 200)]
    assert wide(cone(ahead)) == [(0, None, None, None, None), (5, 200, 200, 200, 200)]
    assert ahead.book is None


@pytest.mark.parametrize(
    ("points", "band"),
    [(0, BandCode.HEALTHY), (5, BandCode.WATCH), (6, BandCode.CRITICAL)],
)
def test_the_band_of_a_moment_goes_by_points_where_there_is_no_rating(
    points: int, band: BandCode
) -> None:
    ahead = futures(deduction("a", -points, -1), book=make_book(None, bands=RISING_BANDS))

    assert ahead.base.moments[0].band is band


def test_what_moves_no_points_is_no_moment_where_there_is_no_rating() -> None:
    ahead = futures(bonus("b", 5, -4), deduction("a", -8, -1), book=make_book(None))

    assert path(ahead.base) == [(0, 8), (9, 0)]


def test_the_worst_moment_is_the_first_of_the_lowest_rating_or_the_most_points() -> None:
    falling = futures(deduction("a", -12, -4), bonus("b", 20, -8))
    rising = futures(deduction("a", -12, -4), book=make_book(None))

    assert (falling.base.worst.instant, falling.base.worst.value) == (day(2), 188)
    assert (rising.base.worst.instant, rising.base.worst.value) == (day(0), 12)
    assert futures(book=make_book(since=day(50))).base.worst.value is None


# --- the range -----------------------------------------------------------------------------------


def test_without_pending_and_bonus_the_range_is_the_base() -> None:
    found = cone(futures(deduction("a", -12, -4)))

    assert wide(found) == [(0, 188, 188, 188, 188), (6, 200, 200, 200, 200)]


def test_what_moves_the_sum_beyond_the_scale_alone_is_no_point_of_the_range() -> None:
    ahead = futures(bonus("a", 900, -1), bonus("b", 50, -4), days=8)

    assert wide(cone(ahead)) == [(0, 1000, 1000, 1000, 1000)]


@pytest.mark.parametrize(
    ("due_at", "begins"),
    [
        pytest.param(day(4), 4, id="ahead"),
        pytest.param(day(0.5), 1, id="sooner than a day"),
        pytest.param(day(-2), 1, id="over"),
        pytest.param(None, 1, id="unknown"),
    ],
)
def test_a_pending_violation_widens_the_range_from_its_deadline(due_at: Any, begins: float) -> None:
    pending = Pending("v", PointsRange(4, 20), due_at)

    assert wide(cone(futures(days=8), [pending])) == [
        (0, 200, 200, 200, 200),
        (begins, 200, 180, 188, 200),
    ]


def test_the_band_of_the_range_is_that_of_the_base() -> None:
    found = cone(futures(days=8), [Pending("v", PointsRange(4, 20), day(4))])

    assert [point.band for point in found.points] == [BandCode.HEALTHY, BandCode.HEALTHY]
    assert found.worst.last.band is BandCode.WATCH


def test_a_pending_violation_of_unknown_points_moves_nothing() -> None:
    assert wide(cone(futures(), [Pending("v", None, day(4))])) == [(0, 200, 200, 200, 200)]


def test_the_range_goes_by_points_deducted_where_there_is_no_rating() -> None:
    pending = Pending("v", PointsRange(6, 6), day(4))

    found = cone(futures(deduction("a", -2, -1), days=8, book=make_book(None)), [pending])

    assert wide(found) == [(0, 2, 2, 2, 2), (4, 2, 2, 8, 8)]


def test_a_weekly_bonus_goes_on_at_the_stores_own_pace() -> None:
    # given weeks worth 0, 4 and 8 points; day 2 is a Wednesday in Los Angeles, day 7 a Sunday
    ahead = futures(at=2, days=14, book=weekly(make_book(window=60)))

    # when
    found = cone(ahead, pace=Pace((410, 10, 250)))

    # then each Monday brings what a week earns
    assert wide(found) == [
        (2, 200, 200, 200, 200),
        (7.33, 200, 200, 204, 208),
        (14.33, 200, 200, 208, 216),
    ]


def test_a_weak_week_that_still_earns_leaves_the_base_in_the_range() -> None:
    ahead = futures(at=2, days=7, book=weekly(make_book(window=60)))

    assert wide(cone(ahead, pace=Pace((250,))))[-1][1:] == (200, 200, 204, 204)


def test_the_courses_at_the_ends_of_the_range_are_told() -> None:
    ahead = futures(at=2, days=14, book=weekly(make_book(window=60)))
    pending = Pending("v", PointsRange(2, 10), day(4))

    found = cone(ahead, [pending], Pace((250, 410, 650)))

    assert found.base is ahead.base
    assert [path(course) for course in (found.worst, found.likely, found.best)] == [
        [(2, 200), (4, 190), (7.33, 194), (14.33, 198)],
        [(2, 200), (4, 194), (7.33, 202), (14.33, 210)],
        [(2, 200), (7.33, 212), (14.33, 224)],
    ]


def test_awards_at_a_pace_end_with_the_week_in_which_the_course_ends() -> None:
    # given a course from one local Monday to another
    ahead = futures(at=8 / 24, days=14, book=weekly(make_book(window=60)))

    awards, orders = ahead.at_pace(200)

    assert [(on_day(award.occurred_at), award.points) for award in awards] == [
        (7.33, 4),
        (14.33, 4),
    ]
    assert orders == []


def test_a_rolling_bonus_goes_on_at_the_stores_own_pace() -> None:
    # given 2 orders in the window that leave it on day 8, at 4 points for 2
    orders = tuple(Completion(day(-2), day(-2)) for _ in range(2))
    ahead = futures(days=9, book=make_book(bonus=(4, 2, None)), completions=orders)

    # then orders to come make up for it
    assert wide(cone(ahead, pace=Pace((2, 2, 5)))) == [
        (0, 204, 204, 204, 204),
        (7.33, 204, 204, 208, 212),
        (8, 200, 200, 204, 208),
    ]


def test_the_bonus_is_that_of_the_book_in_force_then() -> None:
    # given a bonus that only a book of day 6 has
    with_bonus = weekly(make_book(since=day(6), known_from=day(-1), window=60))
    ledger = Ledger(observations=(SEEN,))
    ahead = Futures(ledger, Library([make_book(window=60), with_bonus]), day(0), 21)

    # then the Monday of day 7 is the first that brings an award
    assert wide(cone(ahead, pace=Pace((200,)))) == [
        (0, 200, 200, 200, 200),
        (7.33, 200, 200, 204, 204),
        (14.33, 200, 200, 208, 208),
    ]


@pytest.mark.parametrize(
    ("at", "monday"),
    [
        pytest.param("2026-10-31T12:00-07:00", "2026-11-02T00:00-08:00", id="clocks go back"),
        pytest.param("2026-10-26T00:30-07:00", "2026-11-02T00:00-08:00", id="first hour of it"),
        pytest.param("2026-03-02T00:00-08:00", "2026-03-09T00:00-07:00", id="clocks go forward"),
        pytest.param("2026-03-08T23:59-07:00", "2026-03-09T00:00-07:00", id="last minute"),
    ],
)
def test_monday_after_is_the_next_local_monday(at: str, monday: str) -> None:
    found = monday_after(make_book(), datetime.fromisoformat(at))

    assert found == datetime.fromisoformat(monday)


def test_no_award_is_given_twice_where_clocks_change() -> None:
    # given half an hour into the week that is an hour longer
    book = weekly(make_book(window=60))
    at = datetime.fromisoformat("2026-10-26T00:30-07:00")
    ahead = Futures(Ledger(observations=(SEEN,)), Library([book]), at, 21)

    awards, _ = ahead.at_pace(200)

    assert [f"{award.occurred_at.astimezone(book.zone):%m-%d %H}" for award in awards] == [
        "11-02 00",
        "11-09 00",
        "11-16 00",
    ]


def test_orders_that_earn_nothing_write_nothing() -> None:
    assert futures(book=weekly(make_book())).at_pace(199) == ([], [])
    assert futures(book=make_book()).at_pace(999) == ([], [])
    assert futures(book=make_book(since=day(9))).at_pace(999) == ([], [])


# --- lines ---------------------------------------------------------------------------------------


def test_lines_are_the_edges_of_bands_and_the_milestones_best_first() -> None:
    book = make_book(milestones=[*FALLING, *RISING[:1]])

    assert lines_of(book) == (
        Line("milestone", "d12", DEDUCTED, 12),
        Line("band", "healthy", RATING, 200),
        Line("milestone", "r150", RATING, 150),
        Line("band", "watch", RATING, 100),
        Line("milestone", "r100", RATING, 100),
        Line("milestone", "r50", RATING, 50),
        Line("band", "critical", RATING, 1),
    )
    assert healthy_edge(book) == Line("band", "healthy", RATING, 200)


def test_lines_of_points_part_a_band_from_the_next_worse() -> None:
    bands = (
        Band(BandCode.HEALTHY, figure(0), "Good", "好"),
        Band(BandCode.WATCH, figure(3), "Tier 1", "一级"),
    )
    book = make_book(None, bands=bands, milestones=RISING[:1])

    assert lines_of(book) == (
        Line("band", "healthy", DEDUCTED, 3),
        Line("milestone", "d12", DEDUCTED, 12),
    )
    assert healthy_edge(make_book(None)) is None


@pytest.mark.parametrize(
    ("line", "taken", "distance", "room"),
    [
        pytest.param(Line("band", "healthy", RATING, 200), 0, 0, 0, id="on the edge"),
        pytest.param(Line("band", "healthy", RATING, 200), 1, -1, -1, id="under the edge"),
        pytest.param(Line("milestone", "r", RATING, 190), 9, 1, 0, id="last point"),
        pytest.param(Line("milestone", "r", RATING, 190), 10, 0, -1, id="reached"),
        pytest.param(Line("milestone", "d", DEDUCTED, 12), 11, 1, 0, id="last point left"),
        pytest.param(Line("milestone", "d", DEDUCTED, 12), 12, 0, -1, id="points reached"),
    ],
)
def test_over_a_line(line: Line, taken: int, distance: int, room: int) -> None:
    moment = futures(deduction("a", -taken, -1)).base.moments[0]

    assert (line.distance(moment), line.room(moment), line.is_over(moment)) == (
        distance,
        room,
        room >= 0,
    )


def test_nothing_is_over_a_line_that_its_book_does_not_measure() -> None:
    moment = futures(book=make_book(since=day(5))).base.moments[0]

    for measure in Measure:
        line = Line("milestone", "x", measure, 10)
        assert (line.room(moment), line.is_over(moment)) == (None, False)


def test_a_closed_store_is_over_no_bands_edge() -> None:
    moment = futures(enforcements=(shut(-1, None),)).base.moments[0]

    assert not Line("band", "healthy", RATING, 200).is_over(moment)
    assert Line("milestone", "r150", RATING, 150).is_over(moment)


@pytest.mark.parametrize(
    ("measure", "book", "entries", "expected"),
    [
        pytest.param(RATING, make_book(), [], (160, 190), id="rating"),
        pytest.param(DEDUCTED, make_book(), [], (10, 40), id="points-deducted"),
        pytest.param(DEDUCTED, make_book(None), [], (10, 40), id="points-without-a-rating"),
        pytest.param(RATING, make_book(None), [], None, id="no-rating"),
        pytest.param(RATING, make_book(), [reversal("r", "a", 25, -1)], None, id="taken-back"),
        pytest.param(RATING, make_book(since=day(5)), [], None, id="no-book"),
        pytest.param(DEDUCTED, make_book(since=day(5)), [], None, id="points-without-a-book"),
    ],
)
def test_what_estimated_points_allow_of_a_line(
    measure: Measure, book: Rulebook, entries: list[Entry], expected: tuple[int, int] | None
) -> None:
    ahead = futures(deduction("a", -25, -2, estimate=(10, 40)), *entries, book=book)

    moment = ahead.base.moments[0]

    assert Line("milestone", "x", measure, 100).estimate(moment) == expected


def test_stated_points_allow_one_value_of_a_line() -> None:
    moment = futures(deduction("a", -25, -2)).base.moments[0]

    assert Line("milestone", "x", RATING, 100).estimate(moment) is None


@pytest.mark.parametrize(
    ("line", "distance"),
    [
        pytest.param(Line("milestone", "r", RATING, 180), 10, id="milestone-at-the-mildest"),
        pytest.param(Line("milestone", "d", DEDUCTED, 12), 2, id="milestone-of-points"),
        pytest.param(Line("band", "watch", RATING, 180), -5, id="band-at-the-middle"),
    ],
)
def test_estimated_points_leave_a_distance(line: Line, distance: int) -> None:
    moment = futures(deduction("a", -25, -2, estimate=(10, 40))).base.moments[0]

    assert line.distance(moment) == distance


FOR_GOOD = Period("r0", "closed", day(3), None, None, permanent=True)


@pytest.mark.parametrize(
    ("period", "at", "expected"),
    [
        pytest.param(FOR_GOOD, 3, True, id="from-its-start"),
        pytest.param(FOR_GOOD, 2.9, False, id="not-before"),
        pytest.param(replace(FOR_GOOD, ends_at=day(9)), 4, False, id="ending"),
        pytest.param(replace(FOR_GOOD, permanent=False), 4, False, id="of-a-length-not-stated"),
        pytest.param(replace(FOR_GOOD, action="suspended"), 4, False, id="of-another-kind"),
    ],
)
def test_an_expected_closing_is_for_good(period: Period, at: float, *, expected: bool) -> None:
    assert is_closed_for_good([period], [], day(at), day(50)) is expected


@pytest.mark.parametrize(
    ("told", "at", "known", "expected"),
    [
        pytest.param(shut(3, None), 3, 50, True, id="from-its-start"),
        pytest.param(shut(3, None), 2.9, 50, False, id="not-before"),
        pytest.param(shut(3, 9), 4, 50, False, id="ending"),
        pytest.param(shut(3, None, known=6), 4, 5, False, id="not-known-yet"),
        pytest.param(shut(3, None, known=6), 4, 6, True, id="known"),
        pytest.param(
            replace(shut(3, None), withdrawn_at=day(6)), 4, 6, False, id="withdrawn-since"
        ),
        pytest.param(replace(shut(3, None), kind="suspended"), 4, 50, False, id="of-another-kind"),
    ],
)
def test_a_closing_that_was_told_is_for_good(
    told: Enforced, at: float, known: float, *, expected: bool
) -> None:
    assert is_closed_for_good([], [told], day(at), day(known)) is expected


def test_crossing_tells_when_it_is_over_falls_again_and_holds() -> None:
    # given 190 now, 202 from day 2 on, 195 from day 5, 200 from day 9
    ahead = futures(deduction("a", -12, -8), bonus("b", 7, -5, until=5), deduction("c", -5, -1))
    line = Line("band", "healthy", RATING, 200)

    assert path(ahead.base) == [(0, 190), (2, 202), (5, 195), (9, 200)]
    assert crossing(line, ahead.base) == Crossing(day(2), day(5), day(9))


def test_crossing_tells_of_a_store_that_is_over_already_and_of_one_that_never_is() -> None:
    line = Line("band", "healthy", RATING, 200)

    assert crossing(line, futures().base) == Crossing(day(0), None, day(0))
    assert crossing(line, futures(deduction("a", -1, -1), days=5).base) == Crossing(
        None, None, None
    )


def test_crossing_falls_for_good() -> None:
    line = Line("band", "healthy", RATING, 200)
    ahead = futures(bonus("b", 7, -5), deduction("a", -4, -1))

    assert crossing(line, ahead.base) == Crossing(day(0), day(5), day(9))


# --- laws ----------------------------------------------------------------------------------------

ATS = st.integers(-2, LAST)
RANGES = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(
    lambda pair: PointsRange(min(pair), max(pair))
)
PENDINGS = st.lists(
    st.tuples(RANGES, st.one_of(st.none(), st.integers(-5, 40).map(day))), max_size=3
).map(lambda rows: [Pending(f"p{n}", points, due) for n, (points, due) in enumerate(rows)])
PACES = st.one_of(
    st.none(), st.lists(st.integers(0, 6), min_size=1, max_size=5).map(lambda w: Pace(tuple(w)))
)
DAYS_AHEAD = 30
MOMENT = timedelta(microseconds=1)


EXTRAS = st.lists(st.tuples(st.integers(1, 20), st.integers(-40, 40), st.booleans()), max_size=3)


@law
@given(ledgers(), shelves(), ATS, EXTRAS)
def test_a_course_is_what_the_sweep_of_the_whole_ledger_says(
    ledger: Ledger, books: list[Rulebook], at: int, extras: list[tuple[int, int, bool]]
) -> None:
    # given hypothetical entries, and what is left of the ledger's own given back
    library = Library(books)
    ahead = Futures(ledger, library, day(at), DAYS_AHEAD)
    entries: list[Entry] = []
    for number, (days, points, takes_back) in enumerate(extras):
        when = day(at + days)
        kind = ahead.deduction if points < 0 else ahead.bonus
        entries.append(kind(f"x{number}", points, when))
        if takes_back and number < len(ledger.entries):
            target = ledger.entries[number]
            if target.kind in {Kind.DEDUCTION, Kind.BONUS} and target.occurred_at <= when:
                entries.extend(ahead.given_back(f"back{number}", [target.id], when))

    # when another course was taken before it
    ahead.course([ahead.deduction("other", -30, day(at + 1))])
    course = ahead.course(entries)

    # then
    whole = ledger.plus(*entries)
    end = rating.evaluate(whole, library, course.until - MOMENT, day(at))
    told: list[rating.ForecastPoint] = []
    for moment in course.moments:
        point = rating.ForecastPoint(
            moment.instant, moment.rating, moment.points_deducted, moment.band
        )
        if not told or told[-1][1:] != point[1:]:  # a moment may move the unclamped sum alone
            told.append(point)
    assert told == rating.forecast(whole, library, day(at), DAYS_AHEAD)
    assert course.events == tuple(
        event for event in end.milestone_events if event.instant > day(at)
    )
    assert course.periods == tuple(
        period for period in end.periods if period.ends_at is None or period.ends_at > day(at)
    )
    assert ahead.base == ahead.course([])


def _ordered(point: ConePoint) -> bool:
    values = (point.low, point.base, point.likely, point.high)
    if None in values:
        return point.base is None and (point.low is None) == (point.high is None)
    low, base, likely, high = (value for value in values if value is not None)
    return low <= base <= high and low <= likely <= high


@law
@given(ledgers(), shelves(), ATS, PENDINGS, PACES)
def test_the_base_lies_within_the_range_and_all_begin_at_the_rating_now(
    ledger: Ledger, books: list[Rulebook], at: int, pendings: list[Pending], pace: Pace | None
) -> None:
    ahead = Futures(ledger, Library(books), day(at), DAYS_AHEAD)
    now = rating.evaluate(ledger, Library(books), day(at), day(at))
    value = now.points_deducted if now.rating is None else now.rating

    points = cone(ahead, pendings, pace).points

    assert points[0] == ConePoint(day(at), value, value, value, value, now.band)
    assert all(_ordered(point) for point in points)


@law
@given(ledgers(), shelves(), ATS)
def test_nothing_pending_and_no_bonus_leaves_no_range(
    ledger: Ledger, books: list[Rulebook], at: int
) -> None:
    points = cone(Futures(ledger, Library(books), day(at), DAYS_AHEAD)).points

    assert all(point.low == point.base == point.likely == point.high for point in points)


@law
@given(ledgers(), shelves(closing=False), ATS, RANGES)
def test_without_closings_the_worst_is_the_base_less_the_points_that_are_pending(
    ledger: Ledger, books: list[Rulebook], at: int, points: PointsRange
) -> None:
    # given a pending violation, and the marketplace closing nothing
    open_ledger = replace(ledger, enforcements=())
    ahead = Futures(open_ledger, Library(books), day(at), 6)

    # when
    found = cone(ahead, [Pending("p", points, day(at + 3))])

    # then
    for instant, low in ((m.instant, m.raw) for m in found.worst.moments):
        base = [m.raw for m in found.base.moments if m.instant <= instant][-1]
        if base is not None and low is not None:
            wiped = any(b.effective_from > day(at + 3) and not b.carries_over for b in books)
            expected = base - (points.high if instant >= day(at + 3) else 0)
            assert low == expected or wiped


def test_options_decide_which_figures_count() -> None:
    made = weekly(make_book(window=60))
    assert made.order_bonus is not None
    third = replace(
        made, order_bonus=replace(made.order_bonus, points=figure(4, Trust.THIRD_PARTY))
    )
    ledger, library = Ledger(observations=(SEEN,)), Library([third])
    pace = Pace((200,))

    off = Futures(ledger, library, day(2), 14)
    on = Futures(ledger, library, day(2), 14, Options(frozenset({"order_bonus"})))

    assert [point.high for point in cone(off, pace=pace).points] == [200]
    assert [point.high for point in cone(on, pace=pace).points] == [200, 204, 208]
    assert on.until - on.at == timedelta(days=14)
