"""The shortest list of acts that brings a store back over a line."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.core.acts import MOST_ACTS, MOST_SWEPT, Act, WayBack, way_back
from scoring.core.foresight import Futures, Line, Pending, crossing
from scoring.core.rulebook import Library, Rulebook
from scoring.core.values import Completion, Ledger, PointsRange
from tests.scoring.core.making import (
    BANDS,
    DEDUCTED,
    RATING,
    day,
    deduction,
    figure,
    make_book,
    shut,
)
from tests.scoring.core.strategies import LAST, ledgers, shelves
from tests.scoring.core.test_foresight import futures, on_day
from tests.scoring.core.test_laws import law

HEALTHY = Line("band", "healthy", RATING, 200)
OPEN_AT_ITS_FLOOR = make_book(window=60, bands=(replace(BANDS[1], at=figure(0)), *BANDS[2:]))


def quiz(ahead: Futures, name: str, points: int, at: float, **more: Any) -> Act:
    entry = ahead.bonus(name, points, day(at))
    return Act(name, "quiz", points, day(at), entries=(entry,), **more)


def appeal(ahead: Futures, of: str, points: int, at: float, **more: Any) -> Act:
    entries = tuple(ahead.given_back(f"appeal {of}", [of], day(at)))
    return Act(of, "appeal", points, day(at), entries=entries, **more)


def told(way: WayBack) -> list[tuple[list[str], float]]:
    return [([act.id for act in plan.acts], on_day(plan.holds_from)) for plan in way.plans]


def test_a_store_over_the_line_needs_nothing() -> None:
    ahead = futures()

    way = way_back(ahead, HEALTHY, [quiz(ahead, "q", 5, 1)])

    assert told(way) == [([], 0)]
    assert (way.waiting, way.shortest, way.is_exact) == (way.plans[0], None, True)


def test_waiting_comes_first_and_then_what_is_sooner_with_more_acts() -> None:
    # given 24 points that leave on day 9, and 12 on day 5
    ahead = futures(deduction("a", -24, -1), deduction("b", -12, -5))

    way = way_back(
        ahead,
        HEALTHY,
        [appeal(ahead, "a", 24, 3), appeal(ahead, "b", 12, 2), quiz(ahead, "q", 4, 1)],
    )

    assert told(way) == [([], 9), (["a"], 5), (["a", "b"], 3)]
    assert way.shortest == way.plans[1]


def test_fewest_acts_are_told_even_where_more_small_ones_would_do() -> None:
    ahead = futures(deduction("a", -20, -1, until=None), book=make_book(window=60))

    way = way_back(
        ahead,
        HEALTHY,
        [quiz(ahead, "five", 5, 1), quiz(ahead, "fifteen", 15, 2), appeal(ahead, "a", 20, 7)],
    )

    assert told(way) == [(["a"], 7), (["fifteen", "five"], 2)]


def test_of_equal_lists_the_one_with_the_sooner_deadline_is_told() -> None:
    ahead = futures(deduction("a", -5, -1, until=None), book=make_book(window=60))

    way = way_back(
        ahead,
        HEALTHY,
        [
            quiz(ahead, "open", 5, 1),
            quiz(ahead, "late", 5, 1, do_by=day(9)),
            quiz(ahead, "soon", 5, 1, do_by=day(4)),
        ],
    )

    assert told(way) == [(["soon"], 1)]


def test_out_of_reach_is_told_as_such() -> None:
    ahead = futures(deduction("a", -50, -1, until=None))

    way = way_back(ahead, HEALTHY, [quiz(ahead, "q", 5, 1)])

    assert (way.plans, way.is_exact, way.waiting, way.shortest) == ((), True, None, None)


def test_what_is_pending_is_reckoned_with_unless_it_is_prevented() -> None:
    # given a store that stands just on the line, 8 points pending from day 4, others unknown
    ahead = futures(days=9)
    pendings = [Pending("v", PointsRange(2, 8), day(4)), Pending("w", None, day(2))]
    prevent = Act("prevent", "prevent", 8, day(4), prevents="v")

    assert told(way_back(ahead, HEALTHY, [], pendings)) == []
    assert told(way_back(ahead, HEALTHY, [prevent], pendings)) == [(["prevent"], 0)]


def test_an_act_that_comes_too_late_to_weigh_is_left_out() -> None:
    # given an appeal that would be decided when its points are back already
    ahead = futures(deduction("a", -24, -6), deduction("b", -4, -1, until=None))

    way = way_back(ahead, HEALTHY, [appeal(ahead, "a", 24, 5), appeal(ahead, "b", 4, 6)])

    assert told(way) == [(["b"], 6)]


def test_orders_are_an_act_where_a_bonus_counts_them() -> None:
    book = make_book(bonus=(4, 2, None), window=30)
    ahead = futures(deduction("a", -4, -1, until=None), book=book)
    orders = (Completion(day(3), day(0)),) * 2

    way = way_back(ahead, HEALTHY, [Act("orders", "orders", 4, day(3), orders=orders)])

    assert told(way) == [(["orders"], 3)]


def test_a_line_of_points_deducted_is_brought_back_too() -> None:
    book = make_book(None, window=30)
    ahead = futures(deduction("a", -8, -1), deduction("b", -6, -1), book=book)
    line = Line("milestone", "d12", DEDUCTED, 12)

    way = way_back(ahead, line, [appeal(ahead, "a", 8, 3), appeal(ahead, "b", 6, 2)])

    assert told(way) == [(["b"], 2)]


def test_a_line_that_no_book_measures_is_out_of_reach() -> None:
    ahead = futures(deduction("a", -8, -1), book=make_book(None))

    assert told(way_back(ahead, HEALTHY, [appeal(ahead, "a", 8, 3)])) == []


def test_while_the_store_is_closed_each_list_is_swept() -> None:
    # given a store closed at 48 points, so that none returns by itself
    book = make_book(closing={DEDUCTED: 48}, window=30)
    ahead = futures(deduction("a", -40, -28), deduction("b", -10, -1), book=book, days=20)

    way = way_back(ahead, HEALTHY, [appeal(ahead, "a", 40, 9), appeal(ahead, "b", 10, 4)])

    # then taking back the smaller one opens it, and what was held returns with that
    assert told(way_back(ahead, HEALTHY, [])) == []
    assert told(way) == [(["b"], 4)]


def test_the_marketplaces_own_closing_holds_points_until_it_ends() -> None:
    # given 20 points that would leave on day 5, and a closing until day 8
    ahead = futures(deduction("a", -20, -5), enforcements=(shut(-1, 8),))

    way = way_back(ahead, HEALTHY, [appeal(ahead, "a", 20, 9)])

    assert told(way) == [([], 8)]


def test_acts_that_would_open_the_way_to_a_new_closing_are_swept() -> None:
    # given a store that the marketplace opened again although its rating closes it by the rule,
    # and two quizzes that only together lift the condition, so that what is pending renews it
    book = make_book(closing={RATING: 160}, window=60)
    ahead = futures(
        deduction("a", -50, -5, until=None), book=book, enforcements=(shut(-4, -1),), days=9
    )
    quizzes = [quiz(ahead, "one", 6, 1), quiz(ahead, "two", 6, 2)]
    pending = Pending("v", PointsRange(10, 10), day(4))
    line = Line("band", "watch", RATING, 152)

    assert told(way_back(ahead, line, quizzes)) == [(["one"], 1)]
    assert told(way_back(ahead, line, quizzes, [pending])) == []


def test_a_search_among_too_many_acts_says_so() -> None:
    ahead = futures(deduction("a", -25, -1, until=None), book=make_book(window=60))
    many = [quiz(ahead, f"q{number:02}", 2, 1) for number in range(MOST_ACTS + 1)]

    way = way_back(ahead, HEALTHY, many)

    assert (len(way.plans[0].acts), way.is_exact) == (13, False)


def test_a_search_by_sweeps_that_is_cut_off_says_so() -> None:
    ahead = futures(deduction("a", -30, -1, until=None), enforcements=(shut(-1, 3),))
    many = [quiz(ahead, f"q{number:02}", 2, 1 + number) for number in range(12)]

    assert not way_back(ahead, HEALTHY, many).is_exact
    assert MOST_SWEPT < 2**12


def test_as_many_acts_as_are_looked_at_are_searched_exactly() -> None:
    ahead = futures(deduction("a", -40, -1, until=None), book=make_book(window=60))
    many = [quiz(ahead, f"q{number:02}", 2, 1) for number in range(MOST_ACTS)]

    way = way_back(ahead, HEALTHY, many)

    assert (way.line, told(way), way.is_exact) == (HEALTHY, [([act.id for act in many], 1)], True)


def test_a_search_by_adding_up_that_is_cut_off_says_so() -> None:
    # given quizzes of which ten early and ten late ones are needed, one kind after the other
    ahead = futures(deduction("a", -20, -1, until=None))
    early = [quiz(ahead, f"e{number}", 2, 1) for number in range(10)]
    late = [quiz(ahead, f"l{number}", 2, 11) for number in range(10)]

    way = way_back(ahead, HEALTHY, [*early, *late])

    # then the ten late ones, which would do from day 11, lie beyond the lists that are tried
    assert (way.plans, way.is_exact) == ((), False)


@pytest.mark.parametrize(
    ("count", "is_exact"),
    [pytest.param(6, True, id="all-64-lists"), pytest.param(7, False, id="64-of-128-lists")],
)
def test_a_search_by_sweeps_tries_so_many_lists(count: int, *, is_exact: bool) -> None:
    # given a store that the marketplace has closed for good, so that no act brings it over
    ahead = futures(deduction("a", -90, -1), enforcements=(shut(-1, None),))
    acts = [quiz(ahead, f"q{number}", 2, 1) for number in range(count)]

    way = way_back(ahead, HEALTHY, acts)

    assert (2**6, way.plans, way.is_exact) == (MOST_SWEPT, (), is_exact)


@pytest.mark.parametrize(
    ("large", "plans"),
    [
        pytest.param([(30, 9)], [(["x0"], 9)], id="of-a-smaller-size"),
        pytest.param([(15, 9), (15, 9)], [(["x0", "x1"], 9)], id="of-the-size-at-which-it-ends"),
    ],
)
def test_a_search_that_is_cut_off_tells_what_it_found(
    large: list[tuple[int, int]], plans: list[tuple[list[str], float]]
) -> None:
    # given a store closed for some days, and more pairs of acts than are swept
    ahead = futures(deduction("a", -30, -1, until=None), enforcements=(shut(-1, 3),), days=15)
    small = [quiz(ahead, f"q{number:02}", 1, 1) for number in range(12)]
    acts = [quiz(ahead, f"x{number}", *each) for number, each in enumerate(large)]

    way = way_back(ahead, HEALTHY, [*small, *acts])

    assert (told(way), way.is_exact) == (plans, False)


def test_where_waiting_is_enough_at_once_no_act_is_tried() -> None:
    # given a store over its line, more acts than could be swept, and a closing ahead
    ahead = futures(deduction("a", -20, -1), enforcements=(shut(5, 8, known=0),))
    many = [quiz(ahead, f"q{number:02}", 2, 1) for number in range(12)]

    way = way_back(ahead, Line("milestone", "r150", RATING, 150), many)

    assert (told(way), way.is_exact) == ([([], 0)], True)


def test_acts_are_added_up_below_the_floor() -> None:
    # given 60 points less than the scale shows, so that no act alone moves the rating
    ahead = futures(deduction("a", -260, -1, until=None), book=OPEN_AT_ITS_FLOOR)
    many = [quiz(ahead, f"q{number:02}", 20, 1) for number in range(10)]

    way = way_back(ahead, Line("milestone", "r50", RATING, 50), many)

    assert (told(way), way.is_exact) == ([([f"q{number:02}" for number in range(6)], 1)], True)


def test_points_deducted_are_added_up_whatever_the_scale_cuts_off() -> None:
    # given 260 points deducted, 60 of them below the floor, and a line that lacks 11
    small = [deduction(f"a{number}", -2, -1, until=None) for number in range(10)]
    ahead = futures(deduction("a", -240, -1, until=None), *small, book=OPEN_AT_ITS_FLOOR)

    way = way_back(
        ahead,
        Line("milestone", "d250", DEDUCTED, 250),
        [appeal(ahead, entry.id, 2, 3) for entry in small],
    )

    assert (told(way), way.is_exact) == ([([entry.id for entry in small[:6]], 3)], True)


def test_no_act_brings_a_store_over_before_its_first_book() -> None:
    # given a book from day 5 on, and quizzes long before it
    book = make_book(since=day(5), known_from=day(-1), window=60)
    ahead = futures(deduction("a", -10, -1), book=book)
    many = [quiz(ahead, f"q{number:02}", 2, 1) for number in range(12)]

    way = way_back(ahead, HEALTHY, many)

    assert (told(way), way.is_exact) == ([([f"q{number:02}" for number in range(5)], 5)], True)


# --- laws ----------------------------------------------------------------------------------------


@st.composite
def fields(draw: st.DrawFn) -> tuple[Ledger, list[Rulebook], int, list[tuple[str, int, int]]]:
    """A ledger at a day, and up to four acts: (kind, points, days ahead)."""
    acts = st.tuples(
        st.sampled_from(["quiz", "appeal", "prevent"]), st.integers(1, 40), st.integers(1, 12)
    )
    return (
        draw(ledgers()),
        draw(shelves()),
        draw(st.integers(0, LAST - 20)),
        draw(st.lists(acts, max_size=4)),
    )


def _acts(ahead: Futures, drawn: Sequence[tuple[str, int, int]]) -> tuple[list[Act], list[Pending]]:
    acts, pendings = [], []
    taken = [entry.id for entry in ahead.ledger.entries if entry.kind == "deduction"]
    for number, (kind, points, days) in enumerate(drawn):
        at = ahead.at + (day(days) - day(0))
        name = f"act{number}"
        if kind == "prevent":
            pendings.append(Pending(name, PointsRange(0, points), at))
            acts.append(Act(name, "prevent", points, at, prevents=name))
        elif kind == "appeal" and taken:
            entries = tuple(ahead.given_back(name, [taken.pop()], at))
            acts.append(Act(name, "appeal", points, at, entries=entries))
        else:
            acts.append(Act(name, "quiz", points, at, entries=(ahead.bonus(name, points, at),)))
    return acts, pendings


def _tried(
    ahead: Futures, line: Line, acts: Sequence[Act], pendings: Sequence[Pending]
) -> list[tuple[int, datetime]]:
    """Sweep every list there is; return size and day of each that is sooner than all smaller."""
    found: list[tuple[int, datetime]] = []
    for size in range(len(acts) + 1):
        days = []
        for chosen in combinations(acts, size):
            prevented = {act.prevents for act in chosen}
            entries = [
                ahead.enforced(each, -each.points.high)
                for each in pendings
                if each.id not in prevented and each.points
            ]
            entries += [entry for act in chosen for entry in act.entries]
            days.append(crossing(line, ahead.course(entries)).holds_from)
        best = min((each for each in days if each is not None), default=None)
        if best is not None and (not found or best < found[-1][1]):
            found.append((size, best))
    return found


@settings(law, max_examples=40)
@given(fields(), st.sampled_from([("rating", 200), ("rating", 150), ("points_deducted", 12)]))
def test_plans_are_those_that_trying_every_list_finds(
    drawn: tuple[Ledger, list[Rulebook], int, list[tuple[str, int, int]]], wanted: tuple[str, int]
) -> None:
    ledger, books, at, given_acts = drawn
    ahead = Futures(ledger, Library(books), day(at), 30)
    acts, pendings = _acts(ahead, given_acts)
    measure = RATING if wanted[0] == "rating" else DEDUCTED
    line = Line("milestone", "x", measure, wanted[1])

    way = way_back(ahead, line, acts, pendings)

    assert way.is_exact
    assert [(len(plan.acts), plan.holds_from) for plan in way.plans] == _tried(
        ahead, line, acts, pendings
    )
