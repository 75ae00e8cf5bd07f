"""Books as values: which is in force, when entries expire, what third parties may say."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from scoring.core.resets import ResetRule, first_reset
from scoring.core.rulebook import (
    ClosingCondition,
    Figure,
    Library,
    Milestone,
    OrderBonus,
    Rulebook,
    RulebookError,
    Status,
    Trust,
    ViolationRule,
)
from scoring.core.values import BandCode, PointsRange
from tests.scoring.core.making import (
    DEDUCTED,
    FALLING,
    RATING,
    RISING,
    day,
    figure,
    make_book,
    make_reset,
    milestone,
)

JUST = 1 / 86_400
FIRST, LAST = ResetRule.FIRST_MONDAY_OF_QUARTER, ResetRule.LAST_MONDAY_OF_QUARTER
MANILA = ZoneInfo("Asia/Manila")
HEARSAY = figure(4, Trust.THIRD_PARTY)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- which book ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "known", "expected"),
    [
        pytest.param(0 - JUST, 99, None, id="before-the-first"),
        pytest.param(0, 99, 1, id="from-its-start"),
        pytest.param(8 - JUST, 99, 1, id="to-the-next-ones-start"),
        pytest.param(8, 99, 2, id="next-one-from-its-start"),
        pytest.param(8, 12 - JUST, 1, id="next-one-not-known-yet"),
        pytest.param(8, 12, 2, id="next-one-just-known"),
        pytest.param(20, 99, 2, id="never-a-preview"),
    ],
)
def test_in_force_is_the_newest_known_book(at: float, known: float, expected: int | None) -> None:
    library = Library(
        [
            make_book(2, since=day(8), known_from=day(12)),
            make_book(1, since=day(0)),
            make_book(3, since=day(15), status=Status.PREVIEW),
        ]
    )

    book = library.in_force(day(at), day(known))

    assert (book and book.start and book.start.value) == expected


def test_library_refuses_two_books_of_the_same_start() -> None:
    with pytest.raises(RulebookError, match=r"b.yaml:1: two starts .* as a.yaml:1"):
        Library(
            [
                make_book(since=day(1), name="one", file="a.yaml"),
                make_book(since=day(1), name="two", file="b.yaml"),
            ]
        )


def test_library_refuses_books_of_different_kinds_of_store() -> None:
    with pytest.raises(RulebookError, match=r"b.yaml:1: two does not belong to one"):
        Library(
            [
                make_book(since=day(1), name="one"),
                make_book(since=day(2), name="two", file="b.yaml", market="VN"),
            ]
        )


# --- expiry --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("books", "occurred", "expected"),
    [
        pytest.param([], 1, None, id="no-book"),
        pytest.param([make_book(window=10)], 1, day(11), id="window"),
        pytest.param([make_book(since=day(5), window=10)], 1, day(11), id="before-the-first-book"),
        pytest.param([make_book(window=None)], 1, None, id="neither-window-nor-reset"),
        pytest.param(
            [make_book(window=10), make_book(since=day(5), window=90)],
            5 - JUST,
            day(15 - JUST),
            id="window-of-its-own-book",
        ),
        pytest.param(
            [make_book(window=10), make_book(since=day(5), window=90)],
            5,
            day(95),
            id="window-of-the-newer-book",
        ),
        pytest.param(
            [make_book(window=None, resets=make_reset(FIRST), zone=MANILA)],
            1,
            utc("2026-04-05T16:00"),
            id="first-reset",
        ),
        pytest.param(
            [
                make_book(window=None, resets=make_reset(FIRST), zone=MANILA),
                make_book(window=None, resets=make_reset(LAST), zone=MANILA, since=day(30)),
            ],
            1,
            utc("2026-03-29T16:00"),
            id="reset-of-the-book-in-force-on-its-day",
        ),
        pytest.param(
            [
                make_book(window=None, resets=make_reset(FIRST), zone=MANILA),
                make_book(window=None, resets=make_reset(LAST), zone=MANILA, since=day(200)),
            ],
            95,
            utc("2026-07-05T16:00"),
            id="not-yet-the-newer-books-reset",
        ),
        pytest.param(
            [
                make_book(window=None, resets=make_reset(FIRST), zone=MANILA),
                make_book(window=10, since=day(30)),
            ],
            1,
            None,
            id="newer-book-resets-no-more",
        ),
        pytest.param(
            [
                make_book(window=None, resets=make_reset(FIRST), zone=MANILA),
                make_book(window=10, since=utc("2026-04-05T16:00")),
            ],
            1,
            None,
            id="newer-book-begins-on-the-day-of-the-reset",
        ),
        pytest.param(
            [
                make_book(window=10),
                make_book(window=None, resets=make_reset(FIRST), zone=MANILA, since=day(30)),
            ],
            31,
            utc("2026-04-05T16:00"),
            id="older-book-did-not-reset",
        ),
    ],
)
def test_expiry_follows_window_or_reset(
    books: list[Rulebook], occurred: float, expected: datetime | None
) -> None:
    assert Library(books).expiry(day(occurred), day(9999)) == expected


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        (FIRST, "2026-01-04T15:59:59", "2026-01-04T16:00"),
        (FIRST, "2026-01-04T16:00", "2026-04-05T16:00"),
        (FIRST, "2026-04-01T00:00", "2026-04-05T16:00"),
        (FIRST, "2026-12-31T00:00", "2027-01-03T16:00"),
        (FIRST, "2028-04-01T00:00", "2028-04-02T16:00"),
        (LAST, "2025-12-28T15:59:59", "2025-12-28T16:00"),
        (LAST, "2025-12-28T16:00", "2026-03-29T16:00"),
        (LAST, "2026-03-30T00:00", "2026-06-28T16:00"),
    ],
)
def test_first_reset_is_the_next_monday_of_its_kind(
    rule: ResetRule, after: str, expected: str
) -> None:
    reset = first_reset(rule, MANILA, after=utc(after), since=utc("2020-01-01"))

    assert reset == utc(expected)


def test_first_reset_may_be_the_first_instant_of_its_book() -> None:
    start = utc("2026-04-05T16:00")

    assert first_reset(FIRST, MANILA, after=utc("2026-02-01"), since=start) == start


# --- what third parties say ----------------------------------------------------------------------


def test_settled_leaves_a_book_of_official_figures_as_it_is() -> None:
    book = make_book(milestones=FALLING)

    assert book.settled() is book


def third_party_book() -> Rulebook:
    """Return a book of which everything that enters the sum is hearsay."""
    said = figure(48, Trust.THIRD_PARTY)
    rule = ViolationRule(
        "late", "Late", "延迟", "fulfilment", PointsRange(2, 4), "a blog", None, Trust.THIRD_PARTY
    )
    return make_book(
        start=200,
        window_days=HEARSAY,
        resets=make_reset(FIRST, Trust.THIRD_PARTY),
        order_bonus=OrderBonus("weekly_award", figure(4), figure(200), HEARSAY),
        milestones=[replace(milestone("d48", DEDUCTED, 48), at=said), *FALLING[:1]],
        violations=(rule, replace(rule, code="official", trust=Trust.OFFICIAL)),
    )


@pytest.mark.parametrize(
    "name",
    ["window_days", "resets", "order_bonus", "milestone.d48", "rule.late"],
)
def test_settled_keeps_of_hearsay_what_is_switched_on(name: str) -> None:
    book = third_party_book()

    settled = book.settled(frozenset({name}))

    assert settled.third_party == {name}
    assert settled.milestone("r150") == FALLING[0]
    assert [rule.code for rule in settled.violations] == ["late", "official"]


def test_settled_drops_hearsay_about_closing() -> None:
    said = ClosingCondition(DEDUCTED, figure(48, Trust.THIRD_PARTY))
    sure = ClosingCondition(RATING, figure(0))

    book = replace(make_book(), closing=(said, sure))

    assert book.third_party == {"closing.points_deducted"}
    assert book.settled().closing == (sure,)


@pytest.mark.parametrize("name", ["start", "floor", "ceiling"])
def test_settled_has_no_rating_where_its_scale_is_hearsay(name: str) -> None:
    book = replace(
        make_book(milestones=[*FALLING, *RISING], closing={RATING: 0, DEDUCTED: 48}),
        **{name: HEARSAY},  # type: ignore[arg-type]
    )

    settled = book.settled()

    assert (settled.start, settled.floor, settled.ceiling, settled.bands) == (None, None, None, ())
    assert settled.milestones == RISING
    assert [each.measure for each in settled.closing] == [DEDUCTED]
    assert book.settled(frozenset({name})).start == book.start


# --- reading a book ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "exact", "estimate", "fits"),
    [
        pytest.param(None, None, None, [-48, -4, 0], id="not-known"),
        pytest.param(PointsRange(4, 4), -4, None, [-4], id="exact"),
        pytest.param(PointsRange(0, 4), None, PointsRange(0, 4), [-4, 0], id="range"),
    ],
)
def test_violation_rule_knows_what_to_expect(
    points: PointsRange | None, exact: int | None, estimate: PointsRange | None, fits: list[int]
) -> None:
    rule = ViolationRule("a", "A", "甲", "g", points, "a page", None, Trust.OFFICIAL)

    assert (rule.exact, rule.estimate) == (exact, estimate)
    assert [stated for stated in (-48, -4, 0) if rule.fits(stated)] == fits


def test_book_finds_its_parts_by_code() -> None:
    book = replace(third_party_book(), tolerance_figure=figure(3))

    assert (book.tolerance, make_book().tolerance) == (3, 0)
    assert (book.milestone("r150"), book.milestone("r1")) == (FALLING[0], None)
    assert book.violation("late") == book.violations[0]
    assert book.violation("early") is None
    assert book.band(BandCode.WATCH) == book.bands[2]
    assert make_book(None).band(BandCode.WATCH) is None
    assert make_book(None).band_of(None, 3) is None
    assert make_book(None).clamp(3) is None


def test_bands_of_a_book_without_rating_go_by_points_deducted() -> None:
    bands = make_book().bands
    book = replace(make_book(None), bands=bands)

    band = book.band_of(None, 100)

    assert band is not None
    assert band.code is BandCode.WATCH


@pytest.mark.parametrize(
    ("milestone_of", "days"),
    [
        pytest.param(milestone("a", RATING, 1, days=7), 7, id="one-length"),
        pytest.param(milestone("a", RATING, 1, days=None), None, id="no-length"),
        pytest.param(
            replace(
                FALLING[0],
                actions=(*FALLING[0].actions, *milestone("a", RATING, 1, days=9).actions),
            ),
            9,
            id="longest",
        ),
        pytest.param(
            replace(
                FALLING[0],
                actions=(*FALLING[0].actions, *milestone("a", RATING, 1, days=None).actions),
            ),
            None,
            id="one-of-them-open",
        ),
    ],
)
def test_duration_is_that_of_the_longest_action(milestone_of: Milestone, days: int | None) -> None:
    duration = milestone_of.duration

    assert (duration and duration.days) == days


# --- order bonus ---------------------------------------------------------------------------------

WEEKLY = OrderBonus("weekly_award", figure(4), figure(200), figure(20))


@pytest.mark.parametrize(
    ("orders", "points"),
    [(0, 0), (199, 0), (200, 4), (399, 4), (400, 8), (1000, 20), (1200, 20)],
)
def test_order_bonus_is_per_whole_lot_and_capped(orders: int, points: int) -> None:
    assert WEEKLY.points_for(orders) == points


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param("2026-11-23T07:59:59", "2026-11-16T08:00", id="just-before-monday"),
        pytest.param("2026-11-23T08:00", "2026-11-23T08:00", id="at-monday"),
        pytest.param("2026-11-29T12:00", "2026-11-23T08:00", id="on-sunday"),
        pytest.param("2026-11-02T08:00", "2026-11-02T08:00", id="week-of-25-hours-more"),
    ],
)
def test_week_ended_by_is_local(at: str, expected: str) -> None:
    _, monday = make_book().week_ended_by(utc(at))

    assert monday == utc(expected)


def test_week_ended_by_is_a_whole_week() -> None:
    begins, monday = make_book().week_ended_by(utc("2026-11-23T08:00"))

    assert (begins, monday) == (utc("2026-11-16T08:00"), utc("2026-11-23T08:00"))


@pytest.mark.parametrize(
    ("cap", "orders", "points"),
    [
        pytest.param(None, 199, 0, id="one-short"),
        pytest.param(None, 200, 4, id="just-enough"),
        pytest.param(None, 2000, 40, id="no-cap"),
        pytest.param(20, 2000, 20, id="capped"),
    ],
)
def test_order_bonus_by_orders(cap: int | None, orders: int, points: int) -> None:
    bonus = OrderBonus("weekly_award", figure(4), figure(200), cap and figure(cap))  # type: ignore[arg-type]

    assert bonus.points_for(orders) == points


def test_expiry_goes_by_a_third_partys_window_only_once_it_is_switched_on() -> None:
    window = Figure(10, "a blog", None, Trust.THIRD_PARTY)
    book = make_book(window_days=window)
    library = Library([book])

    assert library.expiry(day(1), day(1)) is None
    assert library.expiry(day(1), day(1), frozenset({book.qualified("window_days")})) == day(11)
