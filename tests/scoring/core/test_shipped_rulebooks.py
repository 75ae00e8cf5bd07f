"""The rulebooks we ship, and cases reckoned by hand from the marketplaces' own texts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import scoring
from scoring.core import rating
from scoring.core.loading import read_shelf
from scoring.core.rulebook import Action, Band, Library, Rulebook, Trust, ViolationRule
from scoring.core.values import (
    DAY,
    Answer,
    BandCode,
    CountsAs,
    Enforced,
    Entry,
    Kind,
    Ledger,
    Measure,
    Observation,
    Options,
    Reason,
    Standing,
)

SHELF = read_shelf(Path(scoring.__file__).parent / "rulebooks")
US = SHELF.library("tiktok_shop", "US", "local")
VN = SHELF.library("tiktok_shop", "VN", "local")
NOW = datetime(2026, 11, 22, 1, 40, tzinfo=UTC)
KINDS = [
    ("US", "cross_border", datetime(2025, 4, 1, 7, tzinfo=UTC)),
    ("US", "local", datetime(2025, 10, 14, 7, tzinfo=UTC)),
    *(
        (market, seller_type, datetime(2026, 7, 9, tzinfo=UTC) - timedelta(hours=ahead))
        for market, ahead in [("ID", 7), ("MY", 8), ("PH", 8), ("SG", 8), ("TH", 7), ("VN", 7)]
        for seller_type in ("local", "cross_border")
    ),
]


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def took(name: str, points: int, days_ago: float) -> Entry:
    return Entry(name, Kind.DEDUCTION, points, ago(days_ago), ago(days_ago))


def gave(name: str, points: int, days_ago: float) -> Entry:
    return Entry(name, Kind.BONUS, points, ago(days_ago), ago(days_ago))


def back(name: str, of: str, points: int, days_ago: float) -> Entry:
    return Entry(
        name,
        Kind.REVERSAL,
        points,
        ago(days_ago),
        ago(days_ago),
        None,
        reverses=of,
        reason=Reason.GRANTED,
    )


def showed(value: int, days_ago: float) -> Observation:
    return Observation(f"o{days_ago}", value, Measure.RATING, ago(days_ago), ago(days_ago))


def ask(ledger: Ledger, library: Library, at: datetime = NOW) -> Answer:
    return rating.evaluate(ledger, library, at, NOW, Options(channels_alive_at=at))


# --- the files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("market", "seller_type", "start"), KINDS)
def test_every_kind_of_store_has_a_book_from_its_day_on(
    market: str, seller_type: str, start: datetime
) -> None:
    library = SHELF.library("tiktok_shop", market, seller_type)

    book = library.in_force(start, start)

    assert book is not None
    assert book.name == f"tiktok_shop/{market}/{seller_type}/{start.astimezone(book.zone):%Y-%m-%d}"
    assert library.in_force(start - timedelta(seconds=1), NOW) is None


def test_no_book_but_those_expected_is_shipped() -> None:
    assert {kind[1:] for kind in SHELF.libraries} == {kind[:2] for kind in KINDS}


@pytest.mark.parametrize(
    ("library", "window", "warning", "appeals", "bands"),
    [
        pytest.param(
            US,
            180,
            10,
            (2, 30, 15),
            [(0, "closed"), (1, "critical"), (51, "watch"), (200, "healthy")],
            id="us",
        ),
        pytest.param(
            VN,
            90,
            5,
            (2, 30, 15),
            [(0, "closed"), (1, "critical"), (151, "watch"), (200, "healthy")],
            id="sea",
        ),
    ],
)
def test_shipped_book_says_what_the_policy_says(
    library: Library,
    window: int,
    warning: int,
    appeals: tuple[int, int, int],
    bands: list[tuple[int, str]],
) -> None:
    book = library.books[0]
    scale = [figure and figure.value for figure in (book.start, book.floor, book.ceiling)]

    assert scale == [200, 0, 1000]
    assert book.window == window * DAY
    assert book.warning_distance is not None
    assert book.warning_distance.value == warning
    assert book.appeals is not None
    clock = book.appeals
    assert (clock.attempts.value, clock.first_days.value, clock.next_days.value) == appeals
    assert [(band.at.value, band.code.value) for band in book.bands] == bands
    assert book.tolerance == 0


def lengths(book: Rulebook) -> dict[int, list[tuple[str, object]]]:
    return {
        each.at.value: [
            (action.kind, "for good" if action.permanent else action.days and action.days.value)
            for action in each.actions
        ]
        for each in book.milestones
    }


def test_shipped_milestones_of_the_us() -> None:
    assert {each.measure for each in US.books[0].milestones} == {Measure.RATING}
    assert {each.at.trust for each in US.books[0].milestones} == {Trust.OFFICIAL}
    assert lengths(US.books[0]) == {
        150: [("listing_limit", 7), ("campaign_block", 7)],
        100: [("listing_limit", 14), ("campaign_block", 14)],
        50: [("listing_limit", 28), ("campaign_block", 28)],
        0: [("closed", "for good")],
    }
    assert US.books[0].closing == ()


def test_shipped_milestones_of_south_east_asia() -> None:
    assert {each.measure for each in VN.books[0].milestones} == {Measure.POINTS_DEDUCTED}
    assert lengths(VN.books[0]) == {
        12: [("campaign_block", 7), ("affiliate_block", 7)],
        24: [("campaign_block", 14), ("affiliate_block", 14), ("listing_limit", 14)],
        36: [("suspended", 28), ("campaign_block", 42)],
        48: [("closed", "for good")],
    }
    assert [(each.measure.value, each.at.value) for each in VN.books[0].closing] == [
        ("rating", 0),
        ("points_deducted", 48),
    ]


def test_shipped_points_of_south_east_asia_are_ranges_and_of_the_us_unknown() -> None:
    def points(library: Library) -> dict[str, tuple[int, int] | None]:
        return {rule.code: rule.points for rule in library.books[0].violations}

    assert points(VN) == {
        "missing_qualification": (6, 48),
        "expired_qualification": (4, 48),
        "inauthentic_qualification": (12, 48),
        "ip_infringement": (1, 48),
        "counterfeit": (4, 48),
        "knock_off": (0, 4),
        "wrong_category": (0, 48),
        "prohibited_product": (6, 48),
        "unsupported_product": (0, 48),
        "listing_guideline": (0, 48),
        "sampling_inspection": (0, 48),
        "low_response_rate": (1, 1),
        "improper_communication": (1, 12),
        "high_cancellation_rate": (2, 4),
        "high_late_dispatch_rate": (2, 4),
        "high_return_rate": (2, 2),
        "not_as_described": (1, 48),
        "reproduced_content": (48, 48),
        "promoting_prohibited": (6, 48),
        "inconsistent_promotion": (1, 48),
        "illegal_activity": (48, 48),
        "buyer_data_misuse": None,
    }
    assert points(US) == dict.fromkeys(points(VN))


@pytest.mark.parametrize("library", SHELF.libraries.values(), ids=lambda each: each.books[0].name)
def test_only_the_size_of_the_order_bonus_rests_on_third_parties_alone(library: Library) -> None:
    assert [book.third_party for book in library.books] == [{"order_bonus"}]


@pytest.mark.parametrize("library", [US, VN], ids=["us", "sea"])
def test_shipped_labels_are_in_english_and_chinese(library: Library) -> None:
    book = library.books[0]
    labelled: list[Band | ViolationRule | Action] = [
        *book.bands,
        *book.violations,
        *(action for each in book.milestones for action in each.actions),
    ]

    assert all(each.label.isascii() for each in labelled)
    assert all(any("一" <= sign <= "鿿" for sign in each.label_zh) for each in labelled)


# --- cases by hand -------------------------------------------------------------------------------


def test_us_store_stands_at_200_less_92_plus_4_plus_36() -> None:
    # given nine deductions of 92 points, 4 given back, and nine order bonuses of 4
    taken = [24, 10, 8, 16, 12, 4, 6, 8, 4]
    ledger = Ledger(
        entries=(
            *(took(f"v{n}", -points, 3 + 10 * n) for n, points in enumerate(taken)),
            back("won", "v2", 4, 1),
            *(gave(f"b{n}", 4, 6 + 7 * n) for n in range(9)),
        ),
        observations=(showed(200, 175), showed(144, 0.1)),
    )

    # when
    answer = ask(ledger, US)

    # then
    assert (answer.rating, answer.points_deducted) == (148, 88)
    assert (answer.band, answer.label) == (BandCode.WATCH, "Fair")
    assert answer.drift is not None
    assert (answer.drift.value, answer.standing) == (-4, Standing.COMPUTED)
    assert [(each.at, each.distance, each.reached) for each in answer.milestones] == [
        (150, -2, True),
        (100, 48, False),
        (50, 98, False),
        (0, 148, False),
    ]


def test_vn_store_with_26_deducted_stands_at_182_and_has_passed_two_milestones() -> None:
    ledger = Ledger(
        entries=(
            took("a", -10, 40),
            took("b", -4, 20),
            took("c", -12, 2),
            gave("orders", 8, 9),
        ),
        observations=(showed(200, 60), showed(182, 1)),
    )

    answer = ask(ledger, VN)

    assert (answer.rating, answer.points_deducted) == (182, 26)
    assert (answer.band, answer.label, answer.standing) == (
        BandCode.WATCH,
        "Needs improvement",
        Standing.CONFIRMED,
    )
    assert [(each.kind, each.at) for each in answer.milestone_events if each.kind != "rearmed"] == [
        ("warned", 12),
        ("fired", 12),
        ("fired", 24),
    ]
    assert [(each.action, each.ends_at) for each in answer.running_periods] == [
        ("campaign_block", ago(2) + 14 * DAY),
        ("affiliate_block", ago(2) + 14 * DAY),
        ("listing_limit", ago(2) + 14 * DAY),
    ]


@pytest.mark.parametrize(
    ("points", "closed"),
    [pytest.param(-47, False, id="47"), pytest.param(-48, True, id="48")],
)
def test_sea_store_closes_at_48_deducted(points: int, *, closed: bool) -> None:
    ledger = Ledger(entries=(took("a", points, 5),), observations=(showed(200, 30),))

    answer = ask(ledger, VN)

    assert (answer.rating, answer.closed_since) == (200 + points, ago(5) if closed else None)
    assert (answer.band is BandCode.CLOSED, answer.label == "Deactivated") == (closed, closed)


def test_sea_store_closes_at_a_rating_of_0() -> None:
    fall = Entry("x", Kind.ADJUSTMENT, -200, ago(5), ago(5), None, counts_as=CountsAs.NONE)

    answer = ask(Ledger(entries=(fall,), observations=(showed(200, 30),)), VN)

    assert (answer.points_deducted, answer.closed_since) == (0, ago(5))


def test_us_store_at_0_is_not_closed_until_the_marketplace_closes_it() -> None:
    ledger = Ledger(entries=(took("a", -200, 5),), observations=(showed(200, 30),))

    fallen = ask(ledger, US)
    closed = ask(
        Ledger(ledger.entries, ledger.observations, (Enforced("closed", ago(4), None, ago(4)),)), US
    )

    assert [each.code for each in fallen.firings] == ["rating_0"]
    assert (fallen.closed_since, fallen.label) == (None, "Deactivated")
    assert closed.closed_since == ago(4)


def test_sea_deduction_is_not_cleared_while_the_store_is_closed() -> None:
    # given a store that was closed 95 days ago by 50 points
    ledger = Ledger(
        entries=(took("old", -20, 105), took("new", -30, 95)), observations=(showed(200, 110),)
    )

    # then both have had their 90 days and both stay
    answer = ask(ledger, VN)
    assert (answer.rating, answer.points_deducted, answer.closed_since) == (150, 50, ago(95))
    assert [(entry.id, entry.held) for entry in answer.active] == [("new", True), ("old", True)]

    # and a granted appeal reopens it and clears both
    won = ask(ledger.plus(back("won", "new", 30, 1)), VN)
    assert (won.rating, won.points_deducted, won.closed_since) == (200, 0, None)


def test_store_connected_at_90_gets_an_opening_that_fires_and_closes_nothing() -> None:
    ledger = Ledger(observations=(showed(90, 3),))

    answer = ask(ledger, VN)

    assert answer.opening is not None
    assert (answer.opening.points, answer.opening.expires_at) == (-110, ago(3) + 90 * DAY)
    assert (answer.rating, answer.points_deducted, answer.standing) == (90, 110, Standing.CONFIRMED)
    assert (answer.firings, answer.closed_since, answer.band) == ((), None, BandCode.CRITICAL)
    assert [each.kind for each in answer.milestone_events] == ["recorded"] * 4


def test_partial_reversal_gives_back_its_part_until_the_entry_ends() -> None:
    ledger = Ledger(
        entries=(took("a", -24, 10), back("won", "a", 10, 4)), observations=(showed(200, 20),)
    )

    assert ask(ledger, US, ago(5)).rating == 176
    assert ask(ledger, US).rating == 186
    assert ask(ledger, US, ago(10) + 180 * DAY).rating == 200


def test_fall_through_three_milestones_fires_only_the_furthest() -> None:
    ledger = Ledger(entries=(took("a", -160, 3),), observations=(showed(200, 20),))

    answer = ask(ledger, US)

    assert [(each.kind, each.at) for each in answer.milestone_events] == [
        ("passed", 150),
        ("passed", 100),
        ("fired", 50),
    ]
    assert {each.milestone for each in answer.periods} == {"rating_50"}


def test_order_bonus_of_third_parties_awards_nothing_until_switched_on() -> None:
    book = US.books[0]

    assert book.settled().order_bonus is None
    assert book.settled(frozenset({"order_bonus"})).order_bonus == book.order_bonus
