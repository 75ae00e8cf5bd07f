"""The rulebooks we ship, and cases reckoned by hand from the marketplaces' own texts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import scoring
from scoring.core import rating
from scoring.core.loading import read_shelf
from scoring.core.rulebook import Action, Band, Library, Rulebook, Target, Trust, ViolationRule
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
HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 22, 1, 40, tzinfo=UTC)
PH_SHOPEE = SHELF.library("shopee", "PH", "local")
BOTH = ("local", "cross_border")
AHEAD = {"ID": 7, "MY": 8, "PH": 8, "SG": 8, "TH": 7, "VN": 7}  # hours, of the market's zone
SHOPEE_STARTS = {
    "ID": datetime(2026, 7, 6, tzinfo=UTC),
    "MY": datetime(2025, 4, 7, tzinfo=UTC),
    "PH": datetime(2025, 10, 6, tzinfo=UTC),
    "SG": datetime(2026, 7, 6, tzinfo=UTC),
    "TH": datetime(2026, 7, 6, tzinfo=UTC),
    "VN": datetime(2025, 10, 6, tzinfo=UTC),
}
# Every kind of store that has a book, with the instant of its first one.
KINDS = [
    ("tiktok_shop", "US", "cross_border", datetime(2025, 4, 1, 7, tzinfo=UTC)),
    ("tiktok_shop", "US", "local", datetime(2025, 10, 14, 7, tzinfo=UTC)),
    *(
        ("tiktok_shop", market, seller_type, start)
        for market, start in [
            ("GB", datetime(2025, 10, 22, 23, tzinfo=UTC)),
            ("FR", datetime(2025, 7, 14, 22, tzinfo=UTC)),
        ]
        for seller_type in BOTH
    ),
    *(
        ("tiktok_shop", market, seller_type, datetime(2026, 7, 9, tzinfo=UTC) - ahead * HOUR)
        for market, ahead in AHEAD.items()
        for seller_type in BOTH
    ),
    *(
        ("shopee", market, seller_type, start - AHEAD[market] * HOUR)
        for market, start in SHOPEE_STARTS.items()
        for seller_type in BOTH
    ),
    *(
        ("lazada", market, "cross_border", datetime(2026, 11, 1, tzinfo=UTC) - ahead * HOUR)
        for market, ahead in AHEAD.items()
    ),
]
TIERS = frozenset(f"milestone.tier_{tier}" for tier in range(1, 6))
RESTS_ON_THIRD_PARTIES = {  # a marketplace's figures that no better source states
    ("tiktok_shop", "US"): {"order_bonus"},
    ("tiktok_shop", "GB"): frozenset(),
    ("tiktok_shop", "FR"): frozenset(),
    **{("tiktok_shop", market): {"order_bonus"} for market in AHEAD},
    **{("shopee", market): TIERS for market in AHEAD},
    **{("lazada", market): frozenset() for market in AHEAD},
}


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


@pytest.mark.parametrize(("marketplace", "market", "seller_type", "start"), KINDS)
def test_every_kind_of_store_has_a_book_from_its_day_on(
    marketplace: str, market: str, seller_type: str, start: datetime
) -> None:
    library = SHELF.library(marketplace, market, seller_type)

    book = library.in_force(start, start)

    assert book is not None
    day = f"{start.astimezone(book.zone):%Y-%m-%d}"
    assert book.name == f"{marketplace}/{market}/{seller_type}/{day}"
    assert library.in_force(start - timedelta(seconds=1), NOW) is None


def test_no_book_but_those_expected_is_shipped() -> None:
    assert set(SHELF.libraries) == {kind[:3] for kind in KINDS}


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
def test_what_rests_on_third_parties_alone_is_as_listed(library: Library) -> None:
    for book in library.books:
        assert book.third_party == RESTS_ON_THIRD_PARTIES[book.marketplace, book.market]


@pytest.mark.parametrize("library", SHELF.libraries.values(), ids=lambda each: each.books[0].name)
def test_shipped_labels_are_in_english_and_chinese(library: Library) -> None:
    labelled: list[Band | ViolationRule | Action | Target] = []
    for book in library.books:
        labelled += [*book.bands, *book.violations, *book.targets]
        labelled += [action for each in book.milestones for action in each.actions]

    assert all(each.label.isascii() for each in labelled)
    assert all(any("一" <= sign <= "鿿" for sign in each.label_zh) for each in labelled)


@pytest.mark.parametrize("market", ["GB", "FR"])
def test_shipped_book_of_the_uk_and_france_leaves_absent_what_is_known_of_other_markets(
    market: str,
) -> None:
    (book,) = SHELF.library("tiktok_shop", market, "local").books

    assert [figure and figure.value for figure in (book.start, book.floor, book.ceiling)] == [
        *(200, 0, 1000)
    ]
    assert [each.at.value for each in book.milestones] == [150, 100, 50, 0]
    assert (book.window, book.bands, book.warning_distance, book.appeals, book.closing) == (
        *(None, (), None, None, ()),
    )
    assert {rule.points for rule in book.violations} == {None}


@pytest.mark.parametrize("market", ["DE", "ES", "IT", "IE"])
def test_no_book_is_shipped_where_no_source_says_that_the_rating_is_used(market: str) -> None:
    assert SHELF.library("tiktok_shop", market, "local").books == ()


def test_shipped_tiers_of_shopee() -> None:
    usual = SHELF.library("shopee", "SG", "local").books[0]
    of_vietnam = SHELF.library("shopee", "VN", "local").books[0]

    assert (usual.start, usual.bands, usual.window) == (None, (), None)
    assert lengths(usual) == {
        3: [("campaign_block", 28)],
        6: [],
        9: [("campaign_block", 28), ("visibility", 28)],
        12: [],
        15: [("suspended", 28)],
    }
    assert lengths(of_vietnam) == {
        3: [("campaign_block", 7)],
        6: [("campaign_block", 14)],
        9: [("campaign_block", 28), ("visibility", 28)],
        12: [("campaign_block", 28)],
        15: [("suspended", 28)],
    }
    assert {rule.points for rule in usual.violations} == {None}


def test_shipped_targets_of_lazada_come_without_points() -> None:
    (book,) = SHELF.library("lazada", "SG", "cross_border").books

    assert [(each.metric, f"{each.comparator} {each.value}") for each in book.targets] == [
        ("positive_seller_rating", "> 70"),
        ("shipped_on_time", "> 90"),
        ("return_rate", "< 1"),
        ("product_rating", ">= 4"),
    ]
    assert (book.start, book.milestones, book.violations, book.resets) == (None, (), (), None)


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


# Of Shopee in the Philippines: 00:00 in Manila is 16:00 UTC of the day before.
OF_DECEMBER = datetime(2025, 12, 20, 3, tzinfo=UTC)
MOVED_RESET = datetime(2025, 12, 28, 16, tzinfo=UTC)
OLD_RESET = datetime(2026, 1, 4, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known_at", "expires_at"),
    [
        pytest.param(OF_DECEMBER, OLD_RESET, id="before-the-move-took-effect"),
        pytest.param(MOVED_RESET - timedelta(seconds=1), OLD_RESET, id="to-the-last-second"),
        pytest.param(MOVED_RESET, MOVED_RESET, id="from-then-on"),
    ],
)
def test_shopee_ph_entry_of_20_december_goes_with_the_reset_of_the_book_in_force_on_its_day(
    known_at: datetime, expires_at: datetime
) -> None:
    assert PH_SHOPEE.expiry(OF_DECEMBER, known_at) == expires_at


def test_shopee_ph_entry_of_20_december_is_wiped_by_the_moved_reset() -> None:
    # given four points of 20 December 2025, the last quarter that would have ended on 5 January
    ledger = Ledger(entries=(Entry("a", Kind.DEDUCTION, -4, OF_DECEMBER, OF_DECEMBER),))

    def deducted(at: datetime) -> int | None:
        return rating.evaluate(ledger, PH_SHOPEE, at, NOW, Options()).points_deducted

    # then they count to the last second before Monday the 29th, and not beyond
    assert deducted(MOVED_RESET - timedelta(seconds=1)) == 4
    assert deducted(MOVED_RESET) == 0
    before = rating.evaluate(ledger, PH_SHOPEE, OF_DECEMBER, OF_DECEMBER, Options())
    assert [(each.instant, each.points) for each in before.next_expiries] == [(OLD_RESET, 4)]
    assert (before.rating, before.rulebook) == (None, "shopee/PH/local/2025-10-06")


def test_shopee_entry_on_the_day_of_the_move_waits_for_the_last_monday_of_march() -> None:
    assert PH_SHOPEE.expiry(MOVED_RESET, NOW) == datetime(2026, 3, 29, 16, tzinfo=UTC)


def test_shopee_tiers_fire_only_once_an_agency_switches_them_on() -> None:
    # given nine points, the third tier by third parties alone
    at = datetime(2026, 11, 3, tzinfo=UTC)
    ledger = Ledger(entries=(Entry("a", Kind.DEDUCTION, -9, at, at),))
    of_this_book = PH_SHOPEE.books[-1].qualified("milestone.tier_3")
    of_the_older = PH_SHOPEE.books[0].qualified("milestone.tier_3")

    def fired(*switched_on: str) -> list[tuple[str, int]]:
        options = Options(switched_on=frozenset(switched_on))
        answer = rating.evaluate(ledger, PH_SHOPEE, NOW, NOW, options)
        return [(each.code, each.at) for each in answer.firings]

    # then
    assert fired() == []
    assert fired(of_the_older) == []
    assert fired(of_this_book) == [("tier_3", 9)]
    assert fired("milestone.tier_3") == [("tier_3", 9)]
