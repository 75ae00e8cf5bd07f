"""What must hold for every ledger, tried on ledgers full of ties."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.core import rating
from scoring.core.rulebook import Library, Rulebook
from scoring.core.values import Enforced, Entry, Kind, Ledger, Observation, Reason
from tests.scoring.core import naive
from tests.scoring.core.agreement import ask, assert_agrees
from tests.scoring.core.making import day, make_book
from tests.scoring.core.strategies import DAYS, LAST, entries, ledgers, shelves

law = settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
WHENS = st.integers(-2, LAST)
Row = TypeVar("Row", Observation, Enforced)


@law
@given(ledgers(), shelves(), WHENS, WHENS)
def test_evaluate_agrees_with_the_plain_model(
    ledger: Ledger, books: list[Rulebook], at: int, known: int
) -> None:
    assert_agrees(ledger, books, at, known)


@law
@given(ledgers(), shelves(), WHENS, st.randoms(use_true_random=False))
def test_evaluate_does_not_depend_on_the_order_of_rows(
    ledger: Ledger, books: list[Rulebook], at: int, random: Any
) -> None:
    shuffled = {name: tuple(random.sample(rows, len(rows))) for name, rows in vars(ledger).items()}

    assert ask(replace(ledger, **shuffled), books, at, LAST) == ask(ledger, books, at, LAST)


@law
@given(ledgers(), shelves(), WHENS, DAYS, st.sampled_from([-60, -25, -1, 1, 30]))
def test_a_mistake_taken_back_equals_never_having_had_the_entry(
    ledger: Ledger, books: list[Rulebook], at: int, when: int, points: int
) -> None:
    # given
    kind = Kind.BONUS if points > 0 else Kind.DEDUCTION
    wrong = Entry("x", kind, points, day(when), day(when))
    back = Entry(
        "y",
        Kind.REVERSAL,
        -points,
        day(when),
        day(when),
        None,
        reverses="x",
        reason=Reason.MISTAKE,
    )

    # when
    mended = ask(ledger.plus(wrong, back), books, at, LAST)
    never = ask(ledger, books, at, LAST)

    # then
    assert (
        replace(
            mended,
            active=tuple(each for each in mended.active if each.id != "x"),
            next_change_at=never.next_change_at,  # the mistake's own expiry is an instant still
        )
        == never
    )


@law
@given(ledgers(), shelves(), DAYS, DAYS, DAYS)
def test_a_granted_reversal_leaves_everything_before_it_unchanged(
    ledger: Ledger, books: list[Rulebook], occurred: int, later: int, earlier: int
) -> None:
    # given
    entry = Entry("x", Kind.DEDUCTION, -30, day(occurred), day(occurred))
    granted_at = day(occurred + later)
    reversal = Entry(
        "y",
        Kind.REVERSAL,
        30,
        granted_at,
        granted_at,
        None,
        reverses="x",
        reason=Reason.GRANTED,
    )
    before = granted_at - timedelta(days=earlier, seconds=1)

    # when
    with_it = rating.evaluate(ledger.plus(entry, reversal), Library(books), before, day(LAST))
    without = rating.evaluate(ledger.plus(entry), Library(books), before, day(LAST))

    # then
    assert replace(with_it, next_change_at=None) == replace(without, next_change_at=None)


@law
@given(entries(), WHENS)
def test_without_closing_conditions_the_sweep_equals_the_plain_clamped_sum(
    rows: list[Entry], at: int
) -> None:
    # given entries that begin before they end, for a plain sum knows nothing of the others
    book = make_book(200)
    ledger = Ledger(entries=tuple(rows))

    # then
    assert ask(ledger, [book], at, 1000).rating == naive.plain_sum(ledger, book, day(at))


def _withdrawn_by(late: datetime, row: Row) -> Row:
    withdrawn_at = row.withdrawn_at if row.withdrawn_at and row.withdrawn_at <= late else late
    return replace(row, withdrawn_at=withdrawn_at)


@law
@given(ledgers(), ledgers(), shelves(), WHENS, st.integers(0, 20))
def test_known_then_never_changes_by_rows_recorded_later(
    ledger: Ledger, news: Ledger, books: list[Rulebook], at: int, gap: int
) -> None:
    # given more rows of every kind, about any time, all recorded after the day known, and what
    # stood there withdrawn after it
    known = day(at)
    late = known + timedelta(days=gap, seconds=1)
    later_rows = Ledger(
        entries=(
            *ledger.entries,
            *(
                replace(
                    each,
                    id=f"new-{each.id}",
                    reverses=each.reverses and f"new-{each.reverses}",
                    recorded_at=late,
                )
                for each in news.entries
            ),
        ),
        observations=(
            *(_withdrawn_by(late, each) for each in ledger.observations),
            *(replace(o, id=f"new-{o.id}", recorded_at=late) for o in news.observations),
        ),
        enforcements=(
            *(_withdrawn_by(late, each) for each in ledger.enforcements),
            *(replace(each, recorded_at=late, withdrawn_at=None) for each in news.enforcements),
        ),
        completions=(*ledger.completions, *(replace(c, seen_at=late) for c in news.completions)),
    )

    # then
    assert ask(later_rows, books, at, at) == ask(ledger, books, at, at)


@settings(law, max_examples=25)
@given(ledgers(), shelves())
def test_history_says_at_every_day_what_evaluate_says(
    ledger: Ledger, books: list[Rulebook]
) -> None:
    library = Library(books)
    steps = rating.history(ledger, library, day(-2), day(LAST), day(LAST))

    for number in range(-2, LAST):
        step = [each for each in steps if each.instant <= day(number)][-1]
        answer = rating.evaluate(ledger, library, day(number), day(LAST))
        assert (step.rating, step.points_deducted, step.band) == (
            answer.rating,
            answer.points_deducted,
            answer.band,
        )


@settings(law, max_examples=25)
@given(ledgers(), shelves(), DAYS)
def test_forecast_is_what_will_be_if_nothing_more_is_recorded(
    ledger: Ledger, books: list[Rulebook], at: int
) -> None:
    library = Library(books)
    points = rating.forecast(ledger, library, day(at), LAST, day(LAST))

    assert points[0].instant == day(at)
    for number in range(at, LAST):
        point = [each for each in points if each.instant <= day(number)][-1]
        answer = rating.evaluate(ledger, library, day(number), day(LAST))
        assert (point.rating, point.band) == (answer.rating, answer.band)


@law
@given(ledgers(), shelves(), WHENS)
def test_sums_of_active_entries_explain_the_rating(
    ledger: Ledger, books: list[Rulebook], at: int
) -> None:
    answer = ask(ledger, books, at, LAST)
    opening = answer.opening.points if answer.opening and answer.opening.active else 0
    if answer.raw is not None:
        assert answer.raw == 200 + opening + answer.order_bonus + sum(
            each.net for each in answer.active
        )
    if answer.points_deducted is not None:
        deducted = -sum(each.net for each in answer.active if each.counts_as == "deduction")
        assert answer.points_deducted == max(0, deducted - min(0, opening))


@law
@given(ledgers(), shelves(closing=False), DAYS, st.integers(-60, 60))
def test_points_shift_raw_and_nothing_else_moves_it(
    ledger: Ledger, books: list[Rulebook], at: int, points: int
) -> None:
    # given a store without platform values, so that no opening makes up for the points
    bare = replace(ledger, observations=())
    kind = Kind.BONUS if points >= 0 else Kind.DEDUCTION
    entry = Entry("x", kind, points, day(at), day(at), None)
    before, after = ask(bare, books, at, LAST), ask(bare.plus(entry), books, at, LAST)

    # then
    moved = None if before.raw is None or after.raw is None else after.raw - before.raw
    assert moved in {None, points}
