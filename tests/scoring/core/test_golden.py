"""The breaks in which sums of points are usually wrong, each reckoned by hand to the second.

Days are counted from 1 August 2026, 00:00 UTC; books are those that ship, where not said otherwise.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import scoring
from scoring.core import rating
from scoring.core.loading import read_shelf
from scoring.core.rulebook import Library
from scoring.core.values import (
    Answer,
    BandCode,
    Entry,
    Kind,
    Ledger,
    Measure,
    Observation,
    PointsRange,
    Reason,
)
from tests.scoring.core.making import make_book

SHELF = read_shelf(Path(scoring.__file__).parent / "rulebooks")
US = SHELF.library("tiktok_shop", "US", "local")
VN = SHELF.library("tiktok_shop", "VN", "local")
FIRST = datetime(2026, 8, 1, tzinfo=UTC)
JUST = timedelta(seconds=1)


def day(number: float) -> datetime:
    return FIRST + timedelta(days=number)


def took(name: str, points: int, on: float, *, known: float | None = None) -> Entry:
    recorded_at = day(on if known is None else known)
    return Entry(name, Kind.DEDUCTION, points, day(on), recorded_at)


def back(of: str, points: int, on: float, reason: Reason, *, known: float | None = None) -> Entry:
    recorded_at = day(on if known is None else known)
    name = f"{of} back on {on}"
    return Entry(
        name, Kind.REVERSAL, points, day(on), recorded_at, None, reverses=of, reason=reason
    )


def seen(value: int, on: float, measure: Measure = Measure.RATING) -> Observation:
    return Observation(f"seen {on}", value, measure, day(on), day(on))


def ask(
    ledger: Ledger, at: datetime, library: Library = VN, *, known_at: datetime | None = None
) -> Answer:
    return rating.evaluate(ledger, library, at, known_at or day(2000))


def course(ledger: Ledger, days: list[float], library: Library = VN) -> list[tuple[float, int]]:
    """Return the rating at each of ``days``, with the day, as it is known in the end."""
    return [(each, ask(ledger, day(each), library).rating or 0) for each in days]


def test_a_deduction_granted_while_the_store_is_closed() -> None:
    # given 30 points on day 0 and 20 on day 2: 50 of 48, closed; both would expire on 90 and 92
    entries = (took("a", -30, 0), took("b", -20, 2), back("b", 20, 100, Reason.GRANTED))
    ledger = Ledger(entries, (seen(200, -1),))

    # then both stay past their days; the grant reopens, and the other one, long over, goes with it
    assert course(ledger, [0, 2, 95, 100]) == [(0, 170), (2, 150), (95, 150), (100, 200)]
    before, after = ask(ledger, day(100) - JUST), ask(ledger, day(100))
    assert (before.closed_since, before.band) == (day(2), BandCode.CLOSED)
    assert [(each.id, each.held) for each in before.active] == [("b", True), ("a", True)]
    assert (after.closed_since, after.points_deducted, after.active) == (None, 0, ())


def test_a_deduction_granted_while_closed_that_leaves_the_store_closed() -> None:
    # given 60 points of which 10 are given back: 50 are as closed as 60
    entries = (took("a", -50, 0), took("b", -10, 2), back("b", 10, 20, Reason.GRANTED))
    ledger = Ledger(entries, (seen(200, -1),))

    assert course(ledger, [2, 20, 400]) == [(2, 140), (20, 150), (400, 150)]
    assert ask(ledger, day(400)).closed_since == day(0)


def test_a_deduction_that_starts_while_the_store_is_closed() -> None:
    # given a closed store that is reopened on day 100, and 5 more points on day 50
    entries = (
        took("a", -50, 0),
        took("late", -5, 50),
        back("a", 50, 100, Reason.GRANTED),
    )
    ledger = Ledger(entries, (seen(200, -1),))

    # then they weigh while closed, and after it until their own 90 days are over
    assert course(ledger, [0, 50, 100, 139.99, 140]) == [
        (0, 150),
        (50, 145),
        (100, 195),
        (139.99, 195),
        (140, 200),
    ]


def test_a_deduction_that_starts_and_runs_out_while_the_store_is_closed() -> None:
    entries = (took("a", -50, 0), took("b", -5, 20), back("a", 50, 130, Reason.GRANTED))

    # then day 110 clears nothing, and reopening on day 130 clears all
    assert course(Ledger(entries, (seen(200, -1),)), [109, 110, 129, 130]) == [
        (109, 145),
        (110, 145),
        (129, 145),
        (130, 200),
    ]


@pytest.mark.parametrize(
    ("reason", "on", "then", "now"),
    [
        pytest.param(Reason.GRANTED, 10, 176, 176, id="granted-leaves-the-past"),
        pytest.param(Reason.MISTAKE, 0, 176, 200, id="mistake-was-never-there"),
    ],
)
def test_a_mistake_against_a_granted_reversal_seen_from_the_past(
    reason: Reason, on: float, then: int, now: int
) -> None:
    # given 24 points of day 0 that day 10 took back
    entries = (took("a", -24, 0), back("a", 24, on, reason, known=10))
    ledger = Ledger(entries, (seen(200, -1),))

    # then day 5 as known then, as known now, and day 10
    assert ask(ledger, day(5), US, known_at=day(5)).rating == then
    assert ask(ledger, day(5), US).rating == now
    assert ask(ledger, day(10), US).rating == 200


def test_partial_reversals_give_back_their_parts_until_the_entry_ends() -> None:
    entries = (
        took("a", -24, 0),
        back("a", 8, 5, Reason.MARKETPLACE),
        back("a", 6, 7, Reason.GRANTED),
    )

    assert course(Ledger(entries, (seen(200, -1),)), [0, 5, 7, 89.99, 90]) == [
        (0, 176),
        (5, 184),
        (7, 190),
        (89.99, 190),
        (90, 200),
    ]


def test_a_drop_through_three_milestones_at_once() -> None:
    ledger = Ledger((took("a", -36, 0),), (seen(200, -1),))

    answer = ask(ledger, day(1))

    assert [(each.kind, each.at) for each in answer.milestone_events] == [
        ("passed", 12),
        ("passed", 24),
        ("fired", 36),
    ]
    assert [(each.action, each.ends_at) for each in answer.periods] == [
        ("suspended", day(28)),
        ("campaign_block", day(42)),
    ]


def test_a_store_connected_at_90() -> None:
    # given 90 on the first look; a violation of 20 days before it is recorded a week later
    older = took("older", -10, -20, known=7)
    ledger = Ledger((older,), (seen(90, 0),))

    # then the unknown 110 shrink to 100, which leave after their own window, the 10 before them
    first = ask(ledger, day(0), US, known_at=day(0))
    assert (first.rating, first.opening and first.opening.points) == (90, -110)
    now = ask(ledger, day(0), US)
    assert (now.rating, now.opening and now.opening.points) == (90, -100)
    assert [each.kind for each in now.milestone_events] == ["recorded", "recorded"]
    assert course(ledger, [0, 159.99, 160, 180], US) == [
        (0, 90),
        (159.99, 90),
        (160, 100),
        (180, 200),
    ]


def test_a_book_change_in_the_middle_of_a_window() -> None:
    # given 180 days until day 60, and 90 from then on
    library = Library([make_book(window=180, since=day(-400)), make_book(window=90, since=day(60))])
    entries = (took("old", -10, 0), took("new", -20, 60))

    # then each has the window of the book of its own day, and the new points leave first
    assert course(Ledger(entries), [59, 60, 149.99, 150, 179.99, 180], library) == [
        (59, 190),
        (60, 170),
        (149.99, 170),
        (150, 190),
        (179.99, 190),
        (180, 200),
    ]


def test_an_entry_from_before_the_first_book_has_that_books_window() -> None:
    # given points of 1 May; the policy of 9 July begins at midnight in Viet Nam
    entry = Entry("a", Kind.DEDUCTION, -12, day(-92), day(-92))
    begins = datetime(2026, 7, 8, 17, tzinfo=UTC)
    ledger = Ledger((entry,))

    assert ask(ledger, begins - JUST).rating is None
    assert ask(ledger, begins).rating == 188
    assert ask(ledger, day(-2) - JUST).rating == 188
    assert ask(ledger, day(-2)).rating == 200


def test_an_estimate_at_a_milestone() -> None:
    # given a reason of 1 to 48 points, of which the notice states none
    estimate = PointsRange(1, 48)
    entry = replace(took("a", estimate.estimate, 0), estimate=estimate)
    ledger = Ledger((entry,), (seen(200, -1),))

    answer = ask(ledger, day(1))

    # then the rating counts 25, milestones and the closing 1
    assert (answer.rating, answer.estimate_range, answer.closed_since) == (175, (152, 199), None)
    assert [(each.kind, each.at) for each in answer.milestone_events] == [
        ("possible", 12),
        ("possible", 24),
    ]
    assert [(each.at, each.reached, each.possible) for each in answer.milestones] == [
        (12, False, True),
        (24, False, True),
        (36, False, False),
        (48, False, False),
    ]


def test_a_late_notice_known_then_and_known_now() -> None:
    # given points of day 0 that we hear of on day 3
    ledger = Ledger((took("a", -24, 0, known=3),), (seen(200, -1),))

    assert ask(ledger, day(2), US, known_at=day(2)).rating == 200
    assert ask(ledger, day(2), US, known_at=day(3) - JUST).rating == 200
    assert ask(ledger, day(2), US, known_at=day(3)).rating == 176
