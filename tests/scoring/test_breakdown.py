"""The sum behind a rating, line by line, with what stands behind each line."""

from datetime import datetime, timedelta

import pytest

from scoring.models import LedgerEntry
from scoring.selectors.breakdown import equation
from scoring.selectors.explain import explain
from scoring.services import ledger
from stores.models import Enforcement, Store
from stores.services import violations
from tenants.models import Agency
from tests.factories import make_membership, make_notice
from tests.scoring.told import DAY, NOW, give, give_back, old_store, see, take


@pytest.fixture
def store(agency: Agency) -> Store:
    return old_store()


def sums(store: Store) -> list[tuple[str, int, int]]:
    """Return kind, points and sum so far of each line."""
    return [(item.kind, item.points, item.total) for item in explain(store, at=NOW).items]


def test_the_lines_add_up_from_the_start_to_the_rating(store: Store) -> None:
    take(store, -24, ago=20 * DAY)
    give(store, 4, ago=9 * DAY)
    take(store, -8, ago=3 * DAY)

    explained = explain(store, at=NOW)

    assert [(item.kind, item.points, item.total) for item in explained.items] == [
        ("start", 200, 200),
        ("deduction", -24, 176),
        ("bonus", 4, 180),
        ("deduction", -8, 172),
    ]
    assert explained.equation == "200 − 32 + 4"
    assert explained.value == 172


def test_what_was_given_back_is_taken_off_its_entry(store: Store) -> None:
    take(store, -24, ago=20 * DAY)
    give_back(10, ago=2 * DAY)

    item = explain(store, at=NOW).items[-1]

    assert (item.points, item.stated, item.total) == (-14, -24, 186)
    assert [(back.at, back.points, back.reason) for back in item.backs] == [
        (NOW - 2 * DAY, 10, "Appeal granted")
    ]
    assert explain(store, at=NOW).equation == "200 − 24 + 10"


def test_a_line_names_violation_notice_and_who_recorded_it(store: Store) -> None:
    notice = make_notice(store=store)
    member = make_membership()
    violation = take(store, -8, ago=3 * DAY, notice=notice, subject="Order 577")
    written = ledger.write_entry(
        store=store,
        kind="bonus",
        points=4,
        occurred_at=NOW - 5 * DAY,
        note="Quiz",
        at=NOW,
        by=member,
    )

    bonus, deduction = explain(store, at=NOW).items[1:]

    assert deduction.entry is not None
    assert (deduction.entry.violation, deduction.note) == (violation, "Order 577")
    assert violation.notice == notice
    assert (deduction.source, deduction.is_late) == ("person", False)
    assert bonus.entry == written
    assert written.recorded_by == member
    assert bonus.is_late


@pytest.mark.parametrize(
    ("stated", "leaves", "why"),
    [
        (None, NOW + 177 * DAY, "end of the window"),
        (NOW + 30 * DAY, NOW + 30 * DAY, "as the notice states"),
    ],
    ids=["window", "stated"],
)
def test_a_line_says_when_and_why_it_leaves(
    store: Store, stated: datetime | None, leaves: datetime, why: str
) -> None:
    take(store, -8, ago=3 * DAY, expires_at=stated)

    item = explain(store, at=NOW).items[-1]

    assert (item.leaves_at, item.leaves) == (leaves, why)


def test_what_is_held_while_the_store_is_closed_says_so(store: Store) -> None:
    take(store, -8, ago=20 * DAY, expires_at=NOW - DAY)
    violations.record_enforcement(
        store=store, kind=Enforcement.Kind.CLOSED, starts_at=NOW - 5 * DAY, ends_at=None,
        source="person", at=NOW - 5 * DAY, by=None,
    )  # fmt: skip

    assert explain(store, at=NOW).items[-1].leaves == "held while the store is closed"


def test_an_opening_is_a_line_of_its_own(store: Store) -> None:
    see(store, 180, ago=9 * DAY)
    take(store, -8, ago=3 * DAY)

    assert sums(store) == [("start", 200, 200), ("opening", -20, 180), ("deduction", -8, 172)]


def test_what_the_scale_cuts_off_is_the_last_line(store: Store) -> None:
    take(store, -150)
    take(store, -90)

    assert sums(store)[-1] == ("clamp", 40, 0)
    assert explain(store, at=NOW).equation == "200 − 240 + 40"


def test_an_estimate_is_said_with_its_range(agency: Agency) -> None:
    store = old_store(market="TH")
    take(store, None, rule="counterfeit", points_low=None, points_high=None)

    explained = explain(store, at=NOW)
    entry = LedgerEntry.objects.get()

    assert entry.estimate_high is not None
    assert explained.items[-1].note.startswith("Estimate: the notice states no points")
    assert explained.range_words.startswith("Between ")
    assert explained.range_words.endswith("the points of 1 entry are an estimate.")


def test_the_start_comes_back_when_the_last_deduction_leaves(store: Store) -> None:
    take(store, -8, ago=30 * DAY)
    take(store, -4, ago=10 * DAY)

    explained = explain(store, at=NOW)

    assert explained.back_at == NOW + 170 * DAY
    assert explained.back.startswith("200 again on ")


def test_time_alone_may_not_bring_the_start_back(store: Store) -> None:
    LedgerEntry.objects.create(
        store=store,
        kind="deduction",
        points=-5,
        occurred_at=NOW - DAY,
        is_expiry_stated=True,  # and none is stated: never
        source="person",
        recorded_at=NOW - DAY,
    )

    explained = explain(store, at=NOW)

    assert explained.back == "Time alone does not bring 200 back."
    assert explained.items[-1].leaves == "never leaves by itself"


def test_nothing_is_missing_where_nothing_was_taken(store: Store) -> None:
    assert explain(store, at=NOW).back == ""


def test_an_equation_of_nothing_is_no_text() -> None:
    assert equation((), 0) == ""


def test_expected_enforcements_are_told_with_their_end(store: Store) -> None:
    began = NOW - timedelta(hours=5)
    take(store, -60, ago=timedelta(hours=5))

    told = [
        (one.label, one.since, one.until, one.milestone) for one in explain(store, at=NOW).expected
    ]

    assert told == [
        ("No new listings", began, began + 7 * DAY, 150),
        ("No enrolment in mega campaigns", began, began + 7 * DAY, 150),
    ]
