"""A stack of events on top of a ledger, beside the course without them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.core.foresight import Crossing, Futures, Line
from scoring.core.rulebook import Library, Rulebook
from scoring.core.values import Ledger, PointsRange
from scoring.core.what_if import Event, EventRefused, Summary, Told, summary, what_if
from tests.scoring.core.making import (
    DEDUCTED,
    FALLING,
    RATING,
    RISING,
    day,
    deduction,
    make_book,
    milestone,
    reversal,
)
from tests.scoring.core.strategies import LAST, ledgers, shelves
from tests.scoring.core.test_foresight import futures, path, weekly
from tests.scoring.core.test_laws import law

HEALTHY = Line("band", "healthy", RATING, 200)


def test_events_are_stacked_and_each_tells_what_it_moves() -> None:
    ahead = futures(deduction("a", -24, -1), days=9)

    played = what_if(
        ahead,
        [
            Event("deduction", day(2), points=10),
            Event("granted", day(4), entries=("a",)),
            Event("quiz", day(5), points=6),
            Event("enforced", day(6), points=8, pending="v"),
        ],
    )

    assert path(played.base) == [(0, 176)]
    assert path(played.changed) == [(0, 176), (2, 166), (4, 190), (5, 196), (6, 188)]
    assert played.told == (
        Told(-10, day(2)),
        Told(24, day(4)),
        Told(6, day(5)),
        Told(-8, day(6)),
    )


def test_no_event_changes_nothing() -> None:
    played = what_if(futures(deduction("a", -24, -1)), [])

    assert (played.changed, played.told) == (played.base, ())


def test_an_estimated_deduction_counts_as_the_ledger_would() -> None:
    # given a milestone that only the middle of the range reaches
    book = make_book(milestones=FALLING, window=60)
    ahead = futures(book=book)
    estimate = PointsRange(40, 70)

    played = what_if(ahead, [Event("deduction", day(2), points=55, estimate=estimate)])

    assert path(played.changed) == [(0, 200), (2, 145)]
    assert [(event.kind, event.code) for event in played.changed.events] == [("possible", "r150")]


@pytest.mark.parametrize(
    ("more", "events"),
    [
        pytest.param([], [("warned", "r150"), ("possible", "r150")], id="possible"),
        pytest.param(
            [Event("deduction", day(3), points=52)],
            [
                ("warned", "r150"),
                ("possible", "r150"),
                ("fired", "r150"),
                ("warned", "r100"),
                ("possible", "r100"),
            ],
            id="fired",
        ),
    ],
)
def test_what_is_asked_again_is_answered_the_same(
    more: list[Event], events: list[tuple[str, str]]
) -> None:
    # given what fires, warns and is possible only with the events
    ahead = futures(book=make_book(milestones=FALLING, warning=10, window=60))
    estimated = Event("deduction", day(2), points=55, estimate=PointsRange(40, 70))

    first = what_if(ahead, [estimated, *more]).changed

    assert [(event.kind, event.code) for event in first.events] == events
    assert what_if(ahead, [estimated, *more]).changed == first


def test_orders_of_one_week_are_counted_together() -> None:
    ahead = futures(at=2, book=weekly(make_book(window=60)))

    played = what_if(
        ahead,
        [
            Event("orders", day(3), count=150),
            Event("orders", day(4), count=150),
            Event("orders", day(9), count=190),
        ],
    )

    monday = day(7 + 8 / 24)
    assert played.told == (
        Told(0, monday),
        Told(4, monday),
        Told(0, day(14 + 8 / 24)),
    )
    assert path(played.changed) == [(2, 200), (7.33, 204)]


def test_the_last_order_of_a_lot_earns_and_the_next_lot_earns_anew() -> None:
    ahead = futures(at=2, book=weekly(make_book(window=60)))
    counts = (199, 1, 200)

    played = what_if(ahead, [Event("orders", day(3), count=count) for count in counts])

    assert [told.points for told in played.told] == [0, 4, 4]


def test_orders_of_a_rolling_count_are_counted_together_in_the_course() -> None:
    ahead = futures(book=make_book(bonus=(4, 2, None)))

    played = what_if(ahead, [Event("orders", day(3), count=3), Event("orders", day(4), count=3)])

    assert path(played.changed) == [(0, 200), (3, 204), (4, 212), (13, 204), (14, 200)]


def test_orders_count_at_once_where_the_bonus_is_a_rolling_count() -> None:
    ahead = futures(book=make_book(bonus=(4, 2, None)))

    played = what_if(ahead, [Event("orders", day(3), count=5)])

    assert played.told == (Told(8, day(3)),)
    assert path(played.changed) == [(0, 200), (3, 208), (13, 200)]


@pytest.mark.parametrize(
    ("events", "index", "fault"),
    [
        pytest.param([Event("quiz", day(0), points=4)], 0, "not_ahead", id="now"),
        pytest.param([Event("quiz", day(20), points=4)], 0, "too_far", id="the end"),
        pytest.param([Event("orders", day(2), count=900)], 0, "no_bonus", id="no bonus"),
        pytest.param([Event("granted", day(2), entries=("x",))], 0, "nothing_left", id="unknown"),
        pytest.param(
            [Event("granted", day(2), entries=("back",))], 0, "nothing_left", id="taken back"
        ),
        pytest.param(
            [Event("granted", day(2), entries=("a",)), Event("granted", day(3), entries=("a",))],
            1,
            "twice",
            id="granted twice",
        ),
        pytest.param(
            [Event("enforced", day(2), points=4, pending="v")] * 2, 1, "twice", id="enforced twice"
        ),
    ],
)
def test_an_event_that_cannot_be_is_named(events: list[Event], index: int, fault: str) -> None:
    ahead = futures(
        deduction("a", -24, -1), deduction("back", -4, -2), reversal("r", "back", 4, -1)
    )

    with pytest.raises(EventRefused) as refused:
        what_if(ahead, events)

    assert (refused.value.index, refused.value.fault) == (index, fault)
    assert str(refused.value) == f"Event {index}: {fault}."


def test_the_summary_tells_what_matters_of_a_course() -> None:
    # given a restriction that runs, and the next milestone 14 points away at worst
    book = make_book(milestones=FALLING, window=30)
    ahead = futures(deduction("a", -50, -3), book=book, days=40)

    changed = what_if(ahead, [Event("deduction", day(2), points=36)]).changed

    assert summary(changed, book, HEALTHY) == Summary(
        last=changed.last,
        worst=changed.moments[1],
        crossing=Crossing(day(32), None, day(32)),
        nearest=Line("milestone", "r100", RATING, 100),
        distance=14,
        restricted_until=day(4),
        is_restricted=True,
    )


def test_the_summary_of_points_deducted_and_of_no_milestone_left() -> None:
    book = make_book(None, milestones=RISING[:1], window=60)
    ahead = futures(deduction("a", -9, -3), book=book, days=10)
    played = what_if(ahead, [Event("deduction", day(2), points=4)])

    before, after = (summary(course, book, None) for course in (played.base, played.changed))

    assert (before.nearest, before.distance) == (Line("milestone", "d12", DEDUCTED, 12), 3)
    assert (after.nearest, after.distance, after.crossing) == (None, None, None)
    assert (after.restricted_until, after.is_restricted) == (day(9), True)
    assert (before.restricted_until, before.is_restricted) == (None, False)


@pytest.mark.parametrize(
    ("points", "nearest", "distance"),
    [
        pytest.param(49, "r150", 1, id="one-point-away"),
        pytest.param(50, "r100", 50, id="reached-by-its-last-point"),
        pytest.param(150, None, None, id="none-left"),
    ],
)
def test_the_summary_tells_the_nearest_milestone_that_is_not_reached(
    points: int, nearest: str | None, distance: int | None
) -> None:
    book = make_book(milestones=FALLING, window=60)

    told = summary(futures(deduction("a", -points, -1), book=book).base, book, None)

    assert (told.nearest and told.nearest.code, told.distance) == (nearest, distance)


def test_the_summary_of_two_milestones_as_near_tells_the_better_line() -> None:
    book = make_book(milestones=[*FALLING[:1], milestone("d50", DEDUCTED, 50)], window=60)

    told = summary(futures(book=book).base, book, None)

    assert (told.nearest, told.distance) == (Line("milestone", "d50", DEDUCTED, 50), 50)


def test_the_summary_knows_no_end_where_one_of_several_has_none() -> None:
    unstated = milestone("r140", RATING, 140, days=None)
    book = make_book(milestones=[*FALLING[:1], unstated], window=60)
    ahead = futures(deduction("a", -55, -3), deduction("b", -10, -2), book=book)

    told = summary(ahead.base, book, None)

    assert [period.ends_at for period in ahead.base.periods] == [day(4), None]
    assert (told.restricted_until, told.is_restricted) == (None, True)


def test_the_summary_without_a_book_or_a_known_end() -> None:
    forever = replace(
        FALLING[0], actions=(replace(FALLING[0].actions[0], days=None, permanent=True),)
    )
    book = make_book(milestones=[forever], window=60)
    course = futures(deduction("a", -60, -3), book=book).base
    unmeasured = futures(book=make_book(since=day(50))).base

    told = summary(course, book, None)

    assert (told.restricted_until, told.is_restricted) == (None, True)
    assert summary(unmeasured, book, None).nearest is None
    assert summary(unmeasured, None, None).nearest is None


# --- laws ----------------------------------------------------------------------------------------

HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(["deduction", "quiz"]), st.integers(0, 40), st.integers(1, 20)),
    max_size=4,
)


def _events(at: int, drawn: list[tuple[Any, int, int]]) -> list[Event]:
    return [Event(kind, day(at + days), points=points) for kind, points, days in drawn]


@law
@given(ledgers(), shelves(), st.integers(-2, LAST), HAPPENINGS, st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(
    ledger: Ledger, books: list[Rulebook], at: int, drawn: list[tuple[Any, int, int]], random: Any
) -> None:
    events = _events(at, drawn)
    ahead = Futures(ledger, Library(books), day(at), 30)

    shuffled = random.sample(events, len(events))

    assert what_if(ahead, shuffled).changed == what_if(ahead, events).changed


@law
@given(ledgers(), shelves(), st.integers(-2, LAST), HAPPENINGS)
def test_nothing_changes_before_the_first_event(
    ledger: Ledger, books: list[Rulebook], at: int, drawn: list[tuple[Any, int, int]]
) -> None:
    events = _events(at, drawn)
    ahead = Futures(ledger, Library(books), day(at), 30)
    first = min((event.at for event in events), default=ahead.until)

    played = what_if(ahead, events)

    before, after = (
        [moment for moment in course.moments if moment.instant < first]
        for course in (played.base, played.changed)
    )
    assert before == after
