"""Sums, expiries, reversals, closings and openings, with the boundary on both sides."""

from datetime import timedelta

import pytest

from scoring.core import rating
from scoring.core.resets import ResetRule
from scoring.core.rulebook import Library, Rulebook
from scoring.core.values import (
    DAY,
    ActiveEntry,
    BandCode,
    Cause,
    Completion,
    CountsAs,
    Entry,
    Expiry,
    Kind,
    Ledger,
    Measure,
    Observation,
    Opening,
    PointsRange,
    Reason,
)
from tests.scoring.core.making import (
    DEDUCTED,
    FALLING,
    RATING,
    RISING_BANDS,
    adjustment,
    ask,
    bonus,
    day,
    deduction,
    make_book,
    make_reset,
    observed,
    reversal,
    shut,
)

JUST = 1 / 86_400  # a second, in days


def of(*entries: Entry) -> Ledger:
    return Ledger(entries=entries)


# --- entries in the sum --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "at", "expected"),
    [
        pytest.param(deduction("a", -8, 5), 5 - JUST, 200, id="before-it-occurred"),
        pytest.param(deduction("a", -8, 5), 5, 192, id="from-its-own-instant"),
        pytest.param(deduction("a", -8, 5), 15 - JUST, 192, id="to-the-end-of-the-window"),
        pytest.param(deduction("a", -8, 5), 15, 200, id="not-at-the-end-of-the-window"),
        pytest.param(deduction("a", -8, 5, until=7), 7 - JUST, 192, id="to-the-stated-expiry"),
        pytest.param(deduction("a", -8, 5, until=7), 7, 200, id="not-at-the-stated-expiry"),
        pytest.param(deduction("a", -8, 5, until=None), 999, 192, id="for-ever-if-stated"),
        pytest.param(deduction("a", -8, 5, until=5), 5, 200, id="never-if-over-at-its-start"),
        pytest.param(deduction("a", -8, 5, until=3), 6, 200, id="never-if-over-before-its-start"),
        pytest.param(deduction("a", 0, 5), 6, 200, id="a-warning-weighs-nothing"),
        pytest.param(bonus("a", 8, 5), 5, 208, id="bonus-from-its-own-instant"),
        pytest.param(bonus("a", 8, 5), 15, 200, id="bonus-not-at-the-end-of-the-window"),
    ],
)
def test_evaluate_counts_an_entry_while_it_is_active(
    entry: Entry, at: float, expected: int
) -> None:
    assert ask(of(entry), at).rating == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(3, 200, id="the-other-ends-as-it-would-have"),
        pytest.param(5, 195, id="the-other-starts-as-it-would-have"),
    ],
)
def test_what_never_weighs_keeps_nothing_else_from_its_instant(at: float, expected: int) -> None:
    # given an entry that was over before it began, and others that end and start with it
    ledger = of(deduction("a", -8, 5, until=3), deduction("b", -4, -7), deduction("c", -5, 5))

    assert ask(ledger, at).rating == expected


@pytest.mark.parametrize(
    ("points", "raw", "rated"),
    [
        pytest.param(-199, 1, 1, id="above-the-floor"),
        pytest.param(-200, 0, 0, id="at-the-floor"),
        pytest.param(-201, -1, 0, id="below-the-floor"),
        pytest.param(800, 1000, 1000, id="at-the-ceiling"),
        pytest.param(801, 1001, 1000, id="above-the-ceiling"),
    ],
)
def test_evaluate_clamps_the_sum(points: int, raw: int, rated: int) -> None:
    entry = deduction("a", points, 1) if points < 0 else bonus("a", points, 1)

    answer = ask(of(entry), 2)

    assert (answer.raw, answer.rating) == (raw, rated)


def test_evaluate_clamps_the_sum_and_not_a_running_total() -> None:
    # given a fall far below the floor, then points back
    ledger = of(deduction("a", -260, 1), bonus("b", 50, 2))

    # then the floor has swallowed nothing
    assert ask(ledger, 3).rating == 0
    assert ask(ledger.plus(bonus("c", 20, 3)), 3).rating == 10


@pytest.mark.parametrize(
    ("ledger", "expected"),
    [
        pytest.param(of(deduction("a", -8, 1), bonus("b", 3, 1)), 8, id="bonus-is-no-deduction"),
        pytest.param(of(deduction("a", -8, 1), reversal("r", "a", 3, 2)), 5, id="less-reversals"),
        pytest.param(
            of(deduction("a", -8, 1), adjustment("x", -2, 1, CountsAs.DEDUCTION)),
            10,
            id="adjustment-as-deduction",
        ),
        pytest.param(
            of(deduction("a", -8, 1), adjustment("x", 20, 1, CountsAs.DEDUCTION)),
            0,
            id="never-negative",
        ),
        pytest.param(
            of(deduction("a", -8, 1), adjustment("x", -2, 1, CountsAs.NONE)),
            8,
            id="adjustment-in-the-sum-alone",
        ),
    ],
)
def test_evaluate_counts_points_deducted(ledger: Ledger, expected: int) -> None:
    assert ask(ledger, 3).points_deducted == expected


@pytest.mark.parametrize("counts_as", CountsAs, ids=str)
def test_evaluate_adds_an_adjustment_whatever_it_counts_as(counts_as: CountsAs) -> None:
    assert ask(of(adjustment("x", -7, 1, counts_as)), 2).rating == 193


def test_evaluate_ignores_rows_recorded_after_the_instant_known() -> None:
    ledger = Ledger(
        entries=(deduction("a", -8, 1, known=5), deduction("b", -1, 1)),
        observations=(observed(150, 1, known=5),),
        enforcements=(shut(1, None, known=5),),
    )

    then, now = ask(ledger, 2, known=5 - JUST), ask(ledger, 2, known=5)

    assert (then.rating, then.platform, then.closed_since) == (199, None, None)
    assert (now.raw, now.platform, now.closed_since) == (150, ledger.observations[0], day(1))


# --- reversals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ledger", "at", "expected"),
    [
        pytest.param(
            of(deduction("a", -8, 1), reversal("r", "a", 8, 4)), 4 - JUST, 192, id="not-before-it"
        ),
        pytest.param(of(deduction("a", -8, 1), reversal("r", "a", 8, 4)), 4, 200, id="from-it-on"),
        pytest.param(of(deduction("a", -8, 1), reversal("r", "a", 3, 4)), 5, 195, id="in-part"),
        pytest.param(
            of(deduction("a", -8, 1), reversal("r", "a", 3, 4), reversal("s", "a", 5, 5)),
            5,
            200,
            id="in-two-parts",
        ),
        pytest.param(
            of(deduction("a", -8, 1), reversal("r", "a", 8, 4)), 11, 200, id="ends-with-its-entry"
        ),
        pytest.param(
            of(deduction("a", -8, 1), reversal("r", "a", 8, 11)),
            11,
            200,
            id="weighs-nothing-at-the-end-of-its-entry",
        ),
        pytest.param(
            of(deduction("a", -8, 1), reversal("r", "a", 8, 12)),
            12,
            200,
            id="weighs-nothing-after-its-entry",
        ),
        pytest.param(of(bonus("a", 8, 1), reversal("r", "a", -8, 4)), 4, 200, id="of-a-bonus"),
        pytest.param(
            of(deduction("a", -8, 1), reversal("r", "a", 8, 1, reason=Reason.MISTAKE, known=9)),
            1,
            200,
            id="of-a-mistake-from-the-start",
        ),
        pytest.param(
            of(deduction("a", -8, 1, known=7), reversal("r", "a", 8, 2)),
            3,
            200,
            id="known-before-its-entry-known-now",
        ),
    ],
)
def test_evaluate_lets_a_reversal_take_back_its_entry(
    ledger: Ledger, at: float, expected: int
) -> None:
    assert ask(ledger, at).rating == expected


def test_evaluate_lets_a_reversal_weigh_nothing_while_its_entry_is_not_known() -> None:
    ledger = of(deduction("a", -8, 1, known=7), reversal("r", "a", 8, 2))

    assert ask(ledger, 3, known=3).rating == 200


def test_evaluate_tells_all_about_an_entry() -> None:
    ledger = of(
        deduction("a", -10, 1, estimate=(1, 20)), reversal("r", "a", 3, 2), bonus("b", 4, 3)
    )

    assert ask(ledger, 4).active == (
        ActiveEntry(
            id="b",
            kind=Kind.BONUS,
            counts_as=CountsAs.BONUS,
            points=4,
            net=4,
            occurred_at=day(3),
            expires_at=day(13),
            expires_by="window",
            held=False,
            reversed_by=(),
            estimate=None,
        ),
        ActiveEntry(
            id="a",
            kind=Kind.DEDUCTION,
            counts_as=CountsAs.DEDUCTION,
            points=-10,
            net=-7,
            occurred_at=day(1),
            expires_at=day(11),
            expires_by="window",
            held=False,
            reversed_by=("r",),
            estimate=PointsRange(1, 20),
        ),
    )


def test_evaluate_names_what_reversed_an_entry() -> None:
    ledger = of(deduction("a", -8, 1), reversal("r", "a", 3, 2), reversal("s", "a", 1, 2))

    (entry,) = ask(ledger, 3).active

    assert (entry.points, entry.net, entry.reversed_by) == (-8, -4, ("r", "s"))


# --- estimates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "points"),
    [(6, 48, -27), (2, 4, -3), (2, 3, -3), (0, 1, -1), (0, 0, 0)],
)
def test_estimate_is_the_middle_rounded_up(low: int, high: int, points: int) -> None:
    assert PointsRange(low, high).estimate == points


@pytest.mark.parametrize(
    ("taken_back", "rated", "between"),
    [
        pytest.param(0, 190, (180, 199), id="nothing-taken-back"),
        pytest.param(4, 194, (184, 200), id="in-part"),
        pytest.param(10, 200, None, id="whole-estimate-takes-the-whole-range"),
    ],
)
def test_evaluate_gives_the_range_that_an_estimate_leaves(
    taken_back: int, rated: int, between: tuple[int, int] | None
) -> None:
    ledger = of(
        deduction("a", -10, 1, estimate=(1, 20)),
        reversal("r", "a", taken_back, 2),
    )

    answer = ask(ledger, 3)

    assert (answer.rating, answer.estimate_range) == (rated, between)


def test_evaluate_gives_the_range_of_points_deducted_where_there_is_no_rating() -> None:
    ledger = of(deduction("a", -10, 1, estimate=(1, 20)), deduction("b", -2, 1))

    assert ask(ledger, 2, make_book(None)).estimate_range == (3, 22)


@pytest.mark.parametrize(
    ("estimate", "closed", "possible"),
    [
        pytest.param((1, 48), False, False, id="middle-below"),
        pytest.param((1, 95), False, True, id="middle-at"),
        pytest.param((47, 49), False, True, id="mildest-below"),
        pytest.param((48, 50), True, False, id="mildest-at"),
    ],
)
def test_evaluate_closes_by_the_mildest_value_of_an_estimate(
    estimate: tuple[int, int], *, closed: bool, possible: bool
) -> None:
    points = PointsRange(*estimate).estimate
    ledger = of(deduction("a", points, 1, estimate=estimate))

    answer = ask(ledger, 2, make_book(closing={DEDUCTED: 48}))

    assert (answer.closed_since is not None, answer.closing_possible) == (closed, possible)


# --- closing -------------------------------------------------------------------------------------

CLOSING = make_book(closing={RATING: 0, DEDUCTED: 48})


@pytest.mark.parametrize(
    ("ledger", "closed"),
    [
        pytest.param(of(deduction("a", -47, 1)), False, id="47-deducted"),
        pytest.param(of(deduction("a", -48, 1)), True, id="48-deducted"),
        pytest.param(of(adjustment("a", -199, 1, CountsAs.NONE)), False, id="above-the-floor"),
        pytest.param(of(adjustment("a", -200, 1, CountsAs.NONE)), True, id="at-the-floor"),
    ],
)
def test_evaluate_closes_while_a_condition_holds(ledger: Ledger, *, closed: bool) -> None:
    answer = ask(ledger, 2, CLOSING)

    assert answer.closed_since == (day(1) if closed else None)
    assert (answer.band is BandCode.CLOSED) == closed


def test_evaluate_closes_by_points_alone_where_there_is_no_rating() -> None:
    book = make_book(None, closing={DEDUCTED: 48})

    answer = ask(of(deduction("a", -48, 1)), 2, book)

    assert (answer.rating, answer.closed_since) == (None, day(1))


def test_evaluate_clears_no_deduction_while_closed_but_every_bonus() -> None:
    ledger = of(deduction("a", -50, 1), bonus("b", 5, 1), deduction("c", -2, 20))

    answer = ask(ledger, 40, CLOSING)

    assert (answer.rating, answer.points_deducted, answer.closed_since) == (148, 52, day(1))
    assert [(entry.id, entry.held) for entry in answer.active] == [("c", True), ("a", True)]
    assert answer.next_expiries == ()


def test_evaluate_holds_a_deduction_from_the_moment_of_its_expiry() -> None:
    ledger = of(deduction("a", -50, 1), bonus("b", 5, 2))

    before, then = ask(ledger, 11 - JUST, CLOSING), ask(ledger, 11, CLOSING)

    assert [(entry.id, entry.held) for entry in before.active] == [("b", False), ("a", False)]
    assert [(entry.id, entry.held) for entry in then.active] == [("b", False), ("a", True)]
    assert before.next_expiries == then.next_expiries == (Expiry(day(12), -5, ("b",)),)


def test_evaluate_clears_what_has_expired_once_a_reversal_reopens() -> None:
    # given a store closed by two deductions, one of them expired since
    ledger = of(
        deduction("old", -20, 1),
        deduction("new", -30, 8),
        reversal("won", "new", 30, 15),
    )

    # then at the reopening the expired one goes too
    assert ask(ledger, 15 - JUST, CLOSING).points_deducted == 50
    answer = ask(ledger, 15, CLOSING)
    assert (answer.points_deducted, answer.closed_since) == (0, None)
    assert [entry.id for entry in answer.active] == ["new"]


def test_evaluate_lets_a_deduction_cease_that_expires_as_the_store_closes() -> None:
    # given one deduction that ends as the next begins: together they would close the store
    ledger = of(deduction("a", -30, 1), deduction("b", -30, 11))

    assert ask(ledger, 11, CLOSING).closed_since is None


def test_evaluate_holds_a_reinstated_deduction_whose_old_expiry_has_come() -> None:
    ledger = of(
        deduction("a", -50, 1),
        deduction("b", -20, 2),
        reversal("won", "b", 20, 3),
        deduction("again", -20, 14, until=12),
        deduction("over", -5, 14, until=12),
    )

    closed = ask(ledger, 14, CLOSING)

    assert (closed.points_deducted, closed.closed_since) == (75, day(1))
    assert ask(ledger, 14).points_deducted == 0


@pytest.mark.parametrize(
    ("at", "closed_since", "deducted"),
    [
        pytest.param(3 - JUST, None, 10, id="before"),
        pytest.param(3, day(3), 10, id="from-its-start"),
        pytest.param(15, day(3), 10, id="keeping-what-expired"),
        pytest.param(20 - JUST, day(3), 10, id="to-its-end"),
        pytest.param(20, None, 0, id="not-at-its-end"),
    ],
)
def test_evaluate_follows_the_marketplaces_own_closing(
    at: float, closed_since: object, deducted: int
) -> None:
    ledger = Ledger(entries=(deduction("a", -10, 1),), enforcements=(shut(3, 20),))

    answer = ask(ledger, at)

    assert (answer.closed_since, answer.points_deducted) == (closed_since, deducted)


def test_evaluate_ignores_a_closing_that_ends_as_it_starts() -> None:
    assert ask(Ledger(enforcements=(shut(3, 3),)), 3).closed_since is None


def test_evaluate_counts_closings_that_start_at_one_instant_each() -> None:
    ledger = Ledger(enforcements=(shut(3, 6), shut(3, 9)))

    assert [ask(ledger, at).closed_since for at in (5, 7, 9)] == [day(3), day(3), None]


def test_evaluate_stays_closed_by_the_closing_without_an_end() -> None:
    ledger = Ledger(enforcements=(shut(3, 6), shut(3, None)))

    assert [ask(ledger, at).closed_since for at in (5, 7)] == [day(3), day(3)]


def test_evaluate_stays_closed_until_the_last_of_several_closings_ends() -> None:
    ledger = Ledger(enforcements=(shut(3, 6), shut(5, 9), shut(9, 12)))

    assert ask(ledger, 11, make_book()).closed_since == day(3)
    assert ask(ledger, 12, make_book()).closed_since is None


@pytest.mark.parametrize(
    ("more", "at", "closed_since"),
    [
        pytest.param([], 6, None, id="though-a-condition-holds"),
        pytest.param([deduction("b", -1, 8)], 8, None, id="while-it-goes-on-holding"),
        pytest.param([reversal("r", "a", 10, 8)], 8, None, id="when-it-ends"),
        pytest.param(
            [reversal("r", "a", 10, 8), deduction("b", -10, 9)], 9, day(9), id="not-when-it-returns"
        ),
        pytest.param(
            [adjustment("x", -160, 8, CountsAs.NONE)], 8, day(8), id="not-when-another-begins"
        ),
    ],
)
def test_evaluate_reopens_as_the_marketplace_says(
    more: list[Entry], at: float, closed_since: object
) -> None:
    # given 50 points deducted, which close the store, and a closing that the marketplace ended
    ledger = Ledger(entries=(deduction("a", -50, 1, until=None), *more), enforcements=(shut(2, 5),))

    assert ask(ledger, at, CLOSING).closed_since == closed_since


def test_evaluate_closes_again_at_once_if_ceasing_brings_a_condition_back() -> None:
    # given a correction that holds the condition off, and expires while the store is closed
    ledger = of(
        deduction("a", -60, 1, until=None),
        adjustment("plus", 20, 3, CountsAs.DEDUCTION, until=12),
        adjustment("minus", -20, 3, CountsAs.DEDUCTION, until=None),
        adjustment("more", 20, 20, CountsAs.DEDUCTION, until=None),
    )

    # then at day 20 it would reopen, but what ceases then closes it anew
    answer = ask(ledger, 20, CLOSING)
    assert (answer.points_deducted, answer.closed_since) == (60, day(20))


def test_evaluate_reopens_when_a_book_without_conditions_takes_effect() -> None:
    newer = make_book(since=day(5))

    assert ask(of(deduction("a", -50, 1)), 5, CLOSING, newer).closed_since is None


def test_evaluate_knows_a_closed_store_before_the_first_book() -> None:
    answer = ask(Ledger(enforcements=(shut(1, None),)), 2, make_book(since=day(5)))

    assert (answer.band, answer.rating, answer.label) == (BandCode.CLOSED, None, "")


# --- opening -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "measure", "points", "rated", "deducted"),
    [
        pytest.param(90, RATING, -102, 90, 110, id="rating-below-ours"),
        pytest.param(192, RATING, 0, 192, 8, id="rating-as-ours"),
        pytest.param(240, RATING, 48, 240, 8, id="rating-above-ours"),
        pytest.param(20, DEDUCTED, -12, 180, 20, id="more-deducted-than-we-know"),
        pytest.param(5, DEDUCTED, 3, 195, 8, id="less-deducted-than-we-know"),
    ],
)
def test_evaluate_opens_with_the_first_platform_value(
    value: int, measure: Measure, points: int, rated: int, deducted: int
) -> None:
    # given a store with 8 points deducted that we know of
    ledger = Ledger(
        entries=(deduction("a", -8, 0),),
        observations=(observed(value, 5, measure), observed(7, 6, name="p")),
    )

    # when
    answer = ask(ledger, 5)

    # then
    assert answer.opening is not None
    assert (answer.opening.points, answer.rating, answer.points_deducted) == (
        points,
        rated,
        deducted,
    )
    assert answer.opening.counts_as is (CountsAs.DEDUCTION if points < 0 else CountsAs.BONUS)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(5 - JUST, 200, id="not-before"),
        pytest.param(5, 90, id="from-the-observation"),
        pytest.param(15 - JUST, 90, id="for-one-window"),
        pytest.param(15, 200, id="not-longer"),
    ],
)
def test_opening_weighs_for_one_window(at: float, expected: int) -> None:
    assert ask(Ledger(observations=(observed(90, 5),)), at).rating == expected


@pytest.mark.parametrize("at", [5, 15])
def test_opening_is_told_also_when_it_weighs_no_more(at: int) -> None:
    answer = ask(Ledger(observations=(observed(90, 5),)), at)

    assert answer.opening == Opening(
        observation="o",
        points=-110,
        counts_as=CountsAs.DEDUCTION,
        starts_at=day(5),
        expires_at=day(15),
        active=at == 5,
    )


def test_opening_ends_where_something_else_happens_anyway() -> None:
    ledger = Ledger(entries=(deduction("a", -8, 15),), observations=(observed(90, 5),))

    assert ask(ledger, 15).rating == 192


def test_opening_shrinks_by_an_older_violation_recorded_later() -> None:
    ledger = Ledger(entries=(deduction("a", -30, 3, known=9),), observations=(observed(90, 5),))

    then, now = ask(ledger, 8, known=8), ask(ledger, 8, known=9)

    assert then.opening is not None
    assert now.opening is not None
    assert (then.opening.points, then.rating) == (-110, 90)
    assert (now.opening.points, now.rating) == (-80, 90)


def test_opening_never_closes_a_store() -> None:
    ledger = Ledger(observations=(observed(0, 5),))

    answer = ask(ledger, 6, make_book(closing={RATING: 0, DEDUCTED: 48}))

    assert (answer.rating, answer.points_deducted, answer.closed_since) == (0, 200, None)


def test_opening_is_kept_out_of_a_condition_that_others_meet() -> None:
    ledger = Ledger(entries=(deduction("a", -20, 6),), observations=(observed(160, 5),))

    answer = ask(ledger, 6, CLOSING)

    assert (answer.points_deducted, answer.closed_since) == (60, None)


@pytest.mark.parametrize(
    ("value", "points"),
    [pytest.param(0, -1, id="that-took-points"), pytest.param(248, -10, id="that-gave-points")],
)
def test_opening_is_kept_out_of_conditions_on_both_sides(value: int, points: int) -> None:
    ledger = Ledger(entries=(deduction("a", points, 6),), observations=(observed(value, 5),))

    assert ask(ledger, 6, CLOSING).closed_since is None


def test_opening_stays_while_the_store_is_closed() -> None:
    ledger = Ledger(observations=(observed(90, 5),), enforcements=(shut(8, None),))

    answer = ask(ledger, 30)

    assert answer.opening is not None
    assert (answer.opening.active, answer.rating) == (True, 90)


@pytest.mark.parametrize(
    ("observations", "chosen"),
    [
        pytest.param([observed(150, 7, name="b"), observed(140, 6, name="c")], "c", id="earliest"),
        pytest.param([observed(150, 6, name="b"), observed(140, 6, name="a")], "a", id="lowest-id"),
        pytest.param(
            [observed(150, 1, name="a"), observed(3, 2, DEDUCTED, name="b")], None, id="no-book-yet"
        ),
        pytest.param(
            [observed(150, 1, name="a"), observed(140, 6, name="b")], "b", id="measure-defined"
        ),
    ],
)
def test_opening_is_of_the_earliest_value_whose_measure_is_defined(
    observations: list[Observation], chosen: str | None
) -> None:
    answer = ask(Ledger(observations=tuple(observations)), 9, make_book(since=day(5)))

    assert (answer.opening and answer.opening.observation) == chosen


def test_opening_by_points_deducted_where_there_is_no_rating() -> None:
    ledger = Ledger(observations=(observed(150, 1), observed(12, 2, DEDUCTED, name="p")))

    answer = ask(ledger, 3, make_book(None))

    assert (answer.rating, answer.raw, answer.points_deducted) == (None, None, 12)


# --- books ---------------------------------------------------------------------------------------


def test_evaluate_has_no_rating_before_the_first_book() -> None:
    answer = ask(of(deduction("a", -8, 1)), 4, make_book(since=day(5)))

    assert (answer.rating, answer.raw, answer.points_deducted, answer.rulebook) == (
        None,
        None,
        None,
        None,
    )
    assert answer.band is BandCode.UNKNOWN


def test_evaluate_has_no_rating_without_any_book() -> None:
    ledger = Ledger(entries=(deduction("a", -8, 1),), observations=(observed(9, 1),))

    answer = rating.evaluate(ledger, Library(), day(4), day(4))

    assert (answer.rating, answer.opening, answer.next_expiries) == (None, None, ())
    assert [(each.expires_at, each.expires_by) for each in answer.active] == [(None, "never")]


def test_evaluate_counts_entries_from_before_the_first_book_with_its_window() -> None:
    book = make_book(since=day(5), window=7)

    assert ask(of(deduction("a", -8, 1)), 8 - JUST, book).rating == 192
    assert ask(of(deduction("a", -8, 1)), 8, book).rating == 200


@pytest.mark.parametrize(
    ("carries_over", "at", "expected"),
    [
        pytest.param(True, 8, 292, id="counts-on-with-its-own-window"),
        pytest.param(True, 11, 300, id="until-its-own-window-ends"),
        pytest.param(False, 8 - JUST, 192, id="counts-under-its-own-book"),
        pytest.param(False, 8, 300, id="wiped-as-the-newer-takes-effect"),
    ],
)
def test_evaluate_carries_entries_into_a_newer_book(
    at: float, expected: int, *, carries_over: bool
) -> None:
    newer = make_book(300, since=day(8), window=90, carries_over=carries_over)

    assert ask(of(deduction("a", -8, 1)), at, make_book(), newer).rating == expected


def test_evaluate_wipes_entries_that_never_expire_and_says_so() -> None:
    newer = make_book(since=day(8), carries_over=False)
    ledger = of(deduction("a", -8, 1, until=None), deduction("b", -8, 7, until=8))

    answer = ask(ledger, 7, make_book(), newer)

    assert [(e.id, e.expires_at, e.expires_by) for e in answer.active] == [
        ("b", day(8), "stated"),
        ("a", day(8), "book_change"),
    ]


def test_evaluate_uses_the_books_known_then() -> None:
    newer = make_book(300, since=day(8), known_from=day(20))

    assert ask(Ledger(), 10, make_book(), newer, known=20 - JUST).rating == 200
    assert ask(Ledger(), 10, make_book(), newer, known=20).rating == 300


@pytest.mark.parametrize(("until", "by"), [(None, "never"), (7, "stated")])
def test_evaluate_says_that_a_notice_ends_an_entry(until: float | None, by: str) -> None:
    (entry,) = ask(of(deduction("a", -8, 1, until=until)), 2).active

    assert (entry.expires_at, entry.expires_by) == (until and day(until), by)


@pytest.mark.parametrize(
    ("book", "by"),
    [
        pytest.param(make_book(), "window", id="window"),
        pytest.param(
            make_book(window=None, resets=make_reset(ResetRule.FIRST_MONDAY_OF_QUARTER)),
            "reset",
            id="reset",
        ),
        pytest.param(make_book(window=None), "never", id="neither"),
    ],
)
def test_evaluate_says_what_ends_an_entry(book: Rulebook, by: str) -> None:
    (entry,) = ask(of(deduction("a", -8, 1)), 2, book).active

    assert entry.expires_by == by


# --- rolling order bonus -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(2 - JUST, 0, id="before-the-second-order"),
        pytest.param(2, 4, id="with-the-second-order"),
        pytest.param(4, 6, id="capped"),
        pytest.param(11 - JUST, 6, id="first-order-in-the-window"),
        pytest.param(11, 4, id="first-order-out"),
        pytest.param(14, 0, id="all-out"),
    ],
)
def test_evaluate_adds_the_rolling_order_bonus(at: float, expected: int) -> None:
    orders = tuple(Completion(day(number), day(number)) for number in (1, 2, 3, 4))
    book = make_book(bonus=(4, 2, 6))

    answer = ask(Ledger(completions=orders), at, book)

    assert (answer.order_bonus, answer.rating) == (expected, 200 + expected)


def test_evaluate_counts_orders_seen_by_the_instant_known_only() -> None:
    ledger = Ledger(completions=(Completion(day(1), day(6)),))
    book = make_book(bonus=(4, 1, None))

    assert ask(ledger, 2, book, known=6 - JUST).order_bonus == 0
    assert ask(ledger, 2, book, known=6).order_bonus == 4


def test_evaluate_counts_orders_by_the_book_in_force() -> None:
    ledger = Ledger(completions=(Completion(day(1), day(1)), Completion(day(7), day(7))))
    older, newer = make_book(bonus=(4, 1, None)), make_book(since=day(5), bonus=(9, 1, None))
    without = make_book(since=day(8))

    assert [ask(ledger, at, older, newer, without).order_bonus for at in (4, 5, 7, 8)] == [
        4,
        9,
        18,
        0,
    ]


def test_orders_leave_a_window_that_began_before_their_book() -> None:
    ledger = Ledger(completions=(Completion(day(1), day(1)), Completion(day(7), day(7))))
    older, newer = make_book(bonus=(4, 1, None)), make_book(since=day(5), bonus=(9, 1, None))

    bonuses = [ask(ledger, at, older, newer).order_bonus for at in (5, 7, 11 - JUST, 11, 17)]

    assert bonuses == [9, 18, 18, 9, 0]


def test_a_bonus_ends_with_its_book() -> None:
    # given two orders, of which one leaves the older book's window when that is over
    ledger = Ledger(completions=(Completion(day(1), day(1)), Completion(day(3), day(3))))
    older, newer = make_book(bonus=(4, 1, None)), make_book(since=day(5))

    assert [ask(ledger, at, older, newer).order_bonus for at in (4, 5, 11, 13)] == [8, 0, 0, 0]


# --- history, forecast, next changes -------------------------------------------------------------


def test_history_gives_the_state_at_its_start_then_every_change_with_its_causes() -> None:
    ledger = Ledger(
        entries=(
            deduction("a", -60, 1),
            bonus("b", 4, 1),
            reversal("r", "a", 60, 3),
            deduction("z", 0, 4),
        ),
        observations=(observed(200, 0),),
    )
    book = make_book(closing={DEDUCTED: 48})

    steps = rating.history(ledger, Library([book]), day(0.5), day(11), day(50))

    assert [(step.instant, step.rating, step.band.value, step.causes) for step in steps] == [
        (day(0.5), 200, "healthy", ()),
        (
            day(1),
            144,
            "closed",
            (Cause("started", "a", -60), Cause("started", "b", 4), Cause("closed", "rule")),
        ),
        (day(3), 204, "healthy", (Cause("reversed", "r", 60), Cause("reopened", "rule"))),
        (day(4), 204, "healthy", (Cause("started", "z"),)),
        (day(10), 204, "healthy", (Cause("ceased", "opening"),)),
    ]


def test_each_cause_tells_the_value_that_it_led_to() -> None:
    ledger = Ledger(
        entries=(deduction("a", -60, 1), bonus("b", 4, 1), reversal("r", "a", 60, 3)),
        observations=(observed(190, 0),),
    )
    book = make_book(since=day(0), closing={DEDUCTED: 48})

    steps = rating.history(ledger, Library([book]), day(0), day(4), day(50))

    assert [[(cause.kind, cause.value) for cause in step.causes] for step in steps] == [
        [("book", 200), ("observed", 200), ("opening", 190)],
        [("started", 130), ("started", 134), ("closed", 134)],
        [("reversed", 194), ("reopened", 194)],
    ]


def test_each_cause_tells_the_points_deducted_where_there_is_no_rating() -> None:
    ledger = of(deduction("a", -6, -1), deduction("b", -2, 1), bonus("c", 4, 1))
    book = make_book(None, since=day(0))

    steps = rating.history(ledger, Library([book]), day(-2), day(2), day(50))

    assert [[(cause.kind, cause.value) for cause in step.causes] for step in steps] == [
        [],
        [("started", None)],
        [("book", 6)],
        [("started", 8), ("started", 8)],
    ]


def test_history_and_forecast_tell_the_band_by_points_where_there_is_no_rating() -> None:
    ledger = Ledger((deduction("a", -5, 1), deduction("b", -1, 2)), (observed(0, 0, DEDUCTED),))
    library = Library([make_book(None, bands=RISING_BANDS)])

    steps = rating.history(ledger, library, day(0), day(3), day(50))
    points = rating.forecast(ledger, library, day(0), 3, day(50))

    expected = [
        (day(0), None, 0, BandCode.HEALTHY),
        (day(1), None, 5, BandCode.WATCH),
        (day(2), None, 6, BandCode.CRITICAL),
    ]
    assert [
        (step.instant, step.rating, step.points_deducted, step.band) for step in steps
    ] == expected
    assert [tuple(point) for point in points] == expected


def test_history_names_every_kind_of_cause() -> None:
    ledger = Ledger(
        entries=(deduction("a", -8, -4),),
        observations=(observed(190, 1),),
        completions=(Completion(day(2), day(2)),),
        enforcements=(shut(3, 5),),
    )
    book = make_book(since=day(0), bonus=(4, 1, None))

    steps = rating.history(ledger, Library([book]), day(0), day(7), day(50))

    assert [(step.instant, step.causes) for step in steps] == [
        (day(0), (Cause("book", book.name),)),
        (day(1), (Cause("observed", "o"), Cause("opening", "o", -2))),
        (day(2), (Cause("order_bonus", "", 4),)),
        (day(3), (Cause("closed", "marketplace"),)),
        (day(5), (Cause("reopened", "marketplace"),)),
        (day(6), (Cause("ceased", "a", 8),)),
    ]


def test_history_tells_what_milestones_did_from_its_start_on() -> None:
    ledger = of(deduction("a", -60, 1), deduction("b", -50, 4))
    library = Library([make_book(milestones=FALLING)])

    steps = rating.history(ledger, library, day(2), day(6), day(50))

    assert [[(event.kind, event.code) for event in step.events] for step in steps] == [
        [],
        [("fired", "r100")],
    ]


def test_history_begins_with_the_change_at_its_start() -> None:
    steps = rating.history(
        of(deduction("a", -8, 1)), Library([make_book()]), day(1), day(2), day(50)
    )

    assert [(step.rating, step.causes) for step in steps] == [(192, (Cause("started", "a", -8),))]


def test_history_shows_nothing_before_anything_is_known() -> None:
    steps = rating.history(Ledger(), Library([make_book(since=day(5))]), day(1), day(6), day(50))

    assert [(step.instant, step.rating) for step in steps] == [(day(1), None), (day(5), 200)]


def test_history_leaves_out_instants_at_which_nothing_happens() -> None:
    # given a deduction whose expiry comes while the store is closed
    ledger = of(deduction("a", -50, 1))

    steps = rating.history(ledger, Library([CLOSING]), day(2), day(50), day(50))

    assert len(steps) == 1


def test_forecast_gives_certain_expiries_and_leaves_out_what_changes_no_number() -> None:
    ledger = Ledger(
        entries=(deduction("a", -60, 1), deduction("z", 0, 2), bonus("b", 4, 3)),
        observations=(observed(200, 0),),
    )

    points = rating.forecast(ledger, Library([make_book()]), day(4), 9)

    assert [(point.instant, point.rating, point.band.value) for point in points] == [
        (day(4), 144, "watch"),
        (day(11), 204, "healthy"),
    ]


def test_forecast_ends_before_its_last_instant() -> None:
    ledger = of(deduction("a", -60, 1))

    assert len(rating.forecast(ledger, Library([make_book()]), day(1), 10)) == 1
    assert len(rating.forecast(ledger, Library([make_book()]), day(1), 11)) == 2


def test_next_expiries_are_grouped_by_instant_soonest_first() -> None:
    ledger = Ledger(
        entries=(
            deduction("a", -8, 1),
            bonus("b", 3, 1),
            deduction("c", -2, 0.5),
            reversal("r", "c", 2, 1),
        ),
        observations=(observed(190, 2),),
    )

    answer = ask(ledger, 3)

    assert [(each.instant, each.points, each.entries) for each in answer.next_expiries] == [
        (day(11), 5, ("a", "b")),
        (day(12), 5, ("opening",)),
    ]


def test_history_takes_one_step_for_each_instant() -> None:
    ledger = of(*(deduction(f"e{number:03}", -1, number) for number in range(100)))

    steps = rating.history(ledger, Library([make_book()]), day(-1), day(200), day(200))

    # then 100 starts, of which 90 share their instant with an end, 10 ends, and the first state
    assert len(steps) == 111


def test_a_what_if_leaves_the_ledger_as_it_was() -> None:
    ledger = of(deduction("a", -8, 1))

    assert ask(ledger.plus(bonus("b", 4, 1)), 2).rating == 196
    assert ask(ledger, 2).rating == 192


def test_instants_may_be_written_in_any_zone() -> None:
    book = make_book()
    local = (day(0) + timedelta(hours=8)).astimezone(book.zone)
    entry = Entry("a", deduction("a", -8, 0).kind, -8, local, local)

    (active,) = ask(of(entry), 1, book).active

    assert active.expires_at == day(0) + timedelta(hours=8) + 10 * DAY
