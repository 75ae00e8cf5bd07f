"""What moved a rating between two moments: always the whole difference, cause by cause."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.core.rating import evaluate
from scoring.core.rulebook import Library, Rulebook, Trust
from scoring.core.sweep import OPENING
from scoring.core.values import (
    Answer,
    BandCode,
    Completion,
    CountsAs,
    Ledger,
    Measure,
    Options,
)
from scoring.core.waterfall import Bar, Side, Waterfall, grouped, waterfall
from tests.scoring.core.making import (
    DEDUCTED,
    FALLING,
    RATING,
    RISING_BANDS,
    adjustment,
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

WHENS = st.integers(-2, LAST)


def fall(
    ledger: Ledger, start: float, end: float, *books: Rulebook, before: float | None = None
) -> Waterfall:
    """Return the way between two days, known now; ``before``: the first as known on that day."""
    library = Library(books or [make_book()])
    known_before = None if before is None else day(before)
    return waterfall(ledger, library, day(start), day(end), day(10_000), known_before=known_before)


def bars(found: Waterfall) -> list[tuple[str, str, int]]:
    return [(bar.kind, bar.subject, bar.points) for bar in found.bars]


def ask(ledger: Ledger, books: list[Rulebook], at: datetime, known: datetime) -> Answer:
    return evaluate(ledger, Library(books), at, known)


def value(answer: Answer, measure: Measure) -> int | None:
    return answer.rating if measure is RATING else answer.points_deducted


@law
@given(ledgers(), shelves(), WHENS, WHENS, WHENS, WHENS)
def test_bars_sum_to_the_difference_that_two_answers_show(
    ledger: Ledger, books: list[Rulebook], one: int, other: int, known: int, before: int
) -> None:
    # given
    start, end = day(min(one, other)), day(max(one, other))
    library = Library(books)

    # when
    found = waterfall(ledger, library, start, end, day(known), known_before=day(before))

    # then
    first, last = ask(ledger, books, start, day(before)), ask(ledger, books, end, day(known))
    assert (found.before.rating, found.before.points_deducted, found.before.band) == (
        first.rating, first.points_deducted, first.band,
    )  # fmt: skip
    assert (found.after.rating, found.after.points_deducted, found.after.band) == (
        last.rating, last.points_deducted, last.band,
    )  # fmt: skip
    if found.measure is None:
        assert found.bars == ()
        assert found.change is None
        return
    start_value, end_value = value(first, found.measure), value(last, found.measure)
    assert start_value is not None
    assert end_value is not None
    assert (found.start, found.end) == (start_value, end_value)
    assert start_value + sum(bar.points for bar in found.bars) == end_value
    assert found.change == end_value - start_value


@law
@given(ledgers(), shelves(), WHENS, WHENS)
def test_the_scale_cuts_only_what_raw_and_rating_differ_by(
    ledger: Ledger, books: list[Rulebook], one: int, other: int
) -> None:
    start, end = day(min(one, other)), day(max(one, other))
    first, last = ask(ledger, books, start, day(LAST)), ask(ledger, books, end, day(LAST))

    found = waterfall(ledger, Library(books), start, end, day(LAST))

    if found.measure is RATING and first.raw is not None and last.raw is not None:
        moved = sum(bar.points for bar in found.bars if bar.kind != "clamp")
        assert moved == last.raw - first.raw


@law
@given(ledgers(), shelves(), st.lists(WHENS, min_size=3, max_size=3))
def test_two_ways_one_after_the_other_are_the_whole_way(
    ledger: Ledger, books: list[Rulebook], whens: list[int]
) -> None:
    first, middle, last = (day(when) for when in sorted(whens))
    library, known = Library(books), day(LAST)

    parts = [
        waterfall(ledger, library, first, middle, known),
        waterfall(ledger, library, middle, last, known),
    ]
    whole = waterfall(ledger, library, first, last, known)

    named = [[bar for bar in part.bars if bar.kind != "clamp"] for part in parts]
    if all(part.measure is whole.measure is not None for part in parts):
        assert [bar for bar in whole.bars if bar.kind != "clamp"] == named[0] + named[1]
    assert whole.events == parts[0].events + parts[1].events


@law
@given(ledgers(), shelves(), WHENS, st.integers(1, 6))
def test_grouped_bars_keep_the_sum(
    ledger: Ledger, books: list[Rulebook], end: int, most: int
) -> None:
    found = waterfall(ledger, Library(books), day(-2), day(end), day(LAST))

    shown = grouped(found.bars, most)

    assert sum(bar.points for bar in shown) == sum(bar.points for bar in found.bars)
    assert sum(bar.count for bar in shown) == sum(bar.count for bar in found.bars)
    assert len(shown) == min(most, len(found.bars))


def test_each_cause_is_a_bar_with_the_points_that_stand_in_the_ledger() -> None:
    ledger = Ledger(
        (
            deduction("late", -24, 3),
            bonus("orders", 4, 4),
            reversal("back", "late", 10, 5),
            deduction("warning", 0, 5),
            deduction("old", -8, -4),
        )
    )

    found = fall(ledger, 2, 7)

    assert (found.start, found.end, found.change) == (192, 190, -2)
    assert found.bars == (
        Bar("started", -24, "late", day(3)),
        Bar("started", 4, "orders", day(4)),
        Bar("reversed", 10, "back", day(5)),
        Bar("ceased", 8, "old", day(6)),
    )


def test_what_the_scale_cuts_off_is_the_last_bar() -> None:
    ledger = Ledger((deduction("much", -150, 1), deduction("more", -90, 2)))

    assert bars(fall(ledger, 0, 3)) == [
        ("started", "much", -150),
        ("started", "more", -90),
        ("clamp", "", 40),
    ]


def test_a_new_book_moves_the_start_and_wipes_what_it_does_not_carry_over() -> None:
    books = [make_book(), make_book(1000, since=day(5), carries_over=False)]
    ledger = Ledger((deduction("old", -20, 1),))

    found = fall(ledger, 2, 6, *books)

    assert (found.start, found.end) == (180, 1000)
    assert bars(found) == [("book", "book of 2026-01-10", 800), ("ceased", "old", 20)]


def test_what_was_learnt_of_earlier_days_is_the_first_bar() -> None:
    ledger = Ledger((deduction("late", -24, 1, known=4), bonus("orders", 4, 4)))

    found = fall(ledger, 3, 5, before=3)

    assert (found.start, found.end) == (200, 180)
    assert bars(found) == [("learnt", "", -24), ("started", "orders", 4)]


@pytest.mark.parametrize(
    ("ledger", "books", "start", "band", "learnt"),
    [
        pytest.param(
            Ledger((deduction("a", -24, 3, known=4),)), [], 200, BandCode.UNKNOWN, -24, id="entry"
        ),
        pytest.param(
            Ledger(observations=(observed(190, 3, known=4),)),
            [],
            200,
            BandCode.UNKNOWN,
            -10,
            id="observation",
        ),
        pytest.param(
            Ledger(observations=(replace(observed(190, 3), withdrawn_at=day(4)),)),
            [],
            190,
            BandCode.WATCH,
            10,
            id="observation-withdrawn",
        ),
        pytest.param(
            Ledger(enforcements=(shut(3, None, known=4),)),
            [],
            200,
            BandCode.UNKNOWN,
            0,
            id="closing",
        ),
        pytest.param(
            Ledger(completions=(Completion(day(3), day(4)),)),
            [make_book(bonus=(4, 1, None))],
            200,
            BandCode.UNKNOWN,
            4,
            id="order",
        ),
        pytest.param(
            Ledger(),
            [make_book(), make_book(300, since=day(3), known_from=day(4))],
            200,
            BandCode.UNKNOWN,
            100,
            id="book",
        ),
    ],
)
def test_what_was_learnt_may_be_a_row_of_any_kind(
    ledger: Ledger, books: list[Rulebook], start: int, band: BandCode, learnt: int
) -> None:
    # given one row of the very day on which the way begins, known only as it is asked
    library = Library(books or [make_book()])

    found = waterfall(ledger, library, day(3), day(4), day(4), known_before=day(3))

    assert (found.start, found.before.band) == (start, band)
    assert bars(found) == ([("learnt", "", learnt)] if learnt else [])


def test_a_book_that_was_not_known_then_gave_no_rating() -> None:
    book = make_book(known_from=day(4))

    found = waterfall(Ledger(), Library([book]), day(3), day(5), day(5), known_before=day(3))

    assert (found.before.rulebook, found.before.rating, found.after.rating) == (None, None, 200)
    assert (found.measure, found.bars) == (None, ())


def test_a_rating_that_was_shown_then_but_never_was_has_no_way() -> None:
    # given a book without a rating, learnt of only after it took effect, and a newer one with it
    books = [
        make_book(),
        make_book(None, since=day(2), known_from=day(4)),
        make_book(since=day(5)),
    ]

    found = fall(Ledger(), 3, 6, *books, before=3)

    assert (found.before.rating, found.after.rating) == (200, 200)
    assert (found.measure, found.bars) == (None, ())


def test_a_figure_switched_on_since_counts_as_learnt() -> None:
    bonus_book = make_book(bonus=(4, 1, None))
    assert bonus_book.order_bonus is not None
    hearsay = replace(bonus_book.order_bonus, points=figure(4, Trust.THIRD_PARTY))
    ledger = Ledger(completions=(Completion(day(1), day(1)),))
    library = Library([make_book(order_bonus=hearsay)])
    on, off = Options(frozenset({"order_bonus"})), Options()

    found = waterfall(
        ledger, library, day(2), day(3), day(3), known_before=day(2),
        options=on, options_before=off,
    )  # fmt: skip

    assert (found.start, found.end, bars(found)) == (200, 204, [("learnt", "", 4)])


def test_points_deducted_count_upwards_and_only_by_deductions() -> None:
    book = make_book(None)
    ledger = Ledger(
        (
            deduction("late", -6, 3),
            bonus("orders", 4, 4),
            reversal("back", "late", 2, 5),
            adjustment("mended", -1, 5, CountsAs.DEDUCTION),
        )
    )

    found = fall(ledger, 2, 6, book)

    assert (found.measure, found.start, found.end) == (Measure.POINTS_DEDUCTED, 0, 5)
    assert bars(found) == [
        ("started", "late", 6),
        ("started", "mended", 1),
        ("reversed", "back", -2),
    ]


def test_what_stood_before_we_knew_the_store_is_a_bar_when_it_comes_and_goes() -> None:
    ledger = Ledger(observations=(observed(90, 1),))

    assert bars(fall(ledger, 0, 2)) == [("opening", "o", -110)]
    assert bars(fall(ledger, 2, 12)) == [("ceased", OPENING, 110)]


def test_points_from_before_we_knew_the_store_are_a_bar_where_there_is_no_rating() -> None:
    ledger = Ledger(observations=(observed(12, 1, DEDUCTED),))
    book = make_book(None)

    assert bars(fall(ledger, 0, 2, book)) == [("opening", "o", 12)]
    assert bars(fall(ledger, 2, 12, book)) == [("ceased", OPENING, -12)]


def test_two_measures_have_no_way_between_them() -> None:
    books = [make_book(None), make_book(since=day(5))]

    found = fall(Ledger((deduction("late", -6, 3),)), 4, 6, *books)

    assert (found.measure, found.start, found.end, found.change) == (None, None, None, None)
    assert found.bars == ()
    assert (found.before.points_deducted, found.after.rating) == (6, 194)


def test_before_the_first_book_there_is_nothing_to_come_from() -> None:
    found = fall(Ledger((deduction("late", -6, 3),)), 1, 6, make_book(since=day(5)))

    assert found.before == Side(day(1), None, None, None, BandCode.UNKNOWN)
    assert found.measure is None


def test_each_end_tells_its_moment_and_its_book() -> None:
    books = [make_book(name="one"), make_book(name="two", since=day(4))]
    ledger = Ledger((deduction("late", -20, 3),), (observed(200, 1),))

    found = fall(ledger, 2, 6, *books)

    assert (found.before, found.after) == (
        Side(day(2), "one", 200, 0, BandCode.HEALTHY),
        Side(day(6), "two", 180, 20, BandCode.WATCH),
    )


@pytest.mark.parametrize(
    ("points", "band"),
    [(0, BandCode.HEALTHY), (5, BandCode.WATCH), (6, BandCode.CRITICAL)],
)
def test_the_band_of_an_end_goes_by_points_where_there_is_no_rating(
    points: int, band: BandCode
) -> None:
    book = make_book(None, bands=RISING_BANDS)
    ledger = Ledger((deduction("late", -points, 3),), (observed(0, 1, DEDUCTED),))

    assert fall(ledger, 2, 4, book).after == Side(day(4), book.name, None, points, band)


def test_what_happens_at_an_end_is_on_the_way_to_it_and_not_from_it() -> None:
    ledger = Ledger((deduction("before", -8, 2), deduction("at the end", -20, 6)))

    found = fall(ledger, 2, 6)

    assert (found.start, found.end) == (192, 172)
    assert bars(found) == [("started", "at the end", -20)]


def test_books_without_a_rating_on_the_way_take_the_start_and_give_it_back() -> None:
    books = [make_book(), make_book(None, since=day(4)), make_book(300, since=day(5))]

    found = fall(Ledger(), 2, 6, *books)

    assert bars(found) == [
        ("book", "book of 2026-01-09", -200),
        ("book", "book of 2026-01-10", 300),
    ]


def test_what_milestones_did_on_the_way_is_told() -> None:
    ledger = Ledger((deduction("much", -60, 3),))

    found = fall(ledger, 2, 4, make_book(milestones=FALLING))

    assert [(event.kind, event.code) for event in found.events] == [("fired", "r150")]


def test_the_largest_bars_keep_their_place_and_the_rest_are_counted() -> None:
    small, large, tiny, middle = (Bar("started", points, str(points)) for points in (3, -9, 1, 5))

    assert grouped([small, large, tiny, middle], 3) == (
        large,
        middle,
        Bar("others", 4, count=2),
    )
    assert grouped([small, large], 2) == (small, large)
