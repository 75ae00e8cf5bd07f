"""Points given back: a check stays open until the marketplace's own number shows them again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client as HttpClient

from appeals.services import outcomes
from scoring.models import Restoration
from scoring.services import ledger, observations, rating
from stores.models import Alert, Enforcement, Store, Violation
from stores.services import violations
from tenants.models import Agency, DueWork, Membership
from tests import factories

ClientFor = Callable[[Membership], HttpClient]
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
DECIDED = NOW - 6 * DAY


@pytest.fixture
def store(agency: Agency) -> Store:
    store = factories.make_store(name="Fernwood Kitchen")
    see(store, 200, at=NOW - 30 * DAY)
    return store


@pytest.fixture
def violation(store: Store) -> Violation:
    return violations.record_violation(
        store=store,
        facts={
            "reference": "7412345678",
            "rule": "counterfeit",
            "points": -24,
            "reported_at": NOW - 20 * DAY,
        },
        source="mail",
        at=NOW - 20 * DAY,
        by=None,
    ).violation


def see(store: Store, value: int, *, at: datetime) -> None:
    observations.record_platform_rating(
        store=store, value=value, measure="rating", observed_at=at, source="person", at=at, by=None
    )


def grant(violation: Violation, *, points_back: int | None = None) -> None:
    attempt = factories.make_attempt(
        "filed", violation=violation, opened_at=NOW - 15 * DAY, filed_at=NOW - 15 * DAY
    )
    outcomes.record_outcome(
        attempt=attempt, outcome="granted", by=None, at=DECIDED, points_back=points_back
    )


def states() -> list[tuple[str, int, str]]:
    rows = Restoration.objects.order_by("decided_at")
    return [(row.reason, row.points, row.state) for row in rows]


def alerted(store: Store) -> bool:
    open_ones = Alert.objects.filter(store=store, code="not_restored").exclude(state="resolved")
    return open_ones.exists()


def test_a_granted_appeal_opens_a_check_that_asks_again_in_seven_days(violation: Violation) -> None:
    grant(violation)
    assert states() == [("granted", 24, "open")]
    row = DueWork.objects.get(kind="scoring.restored")
    assert row.due_at == DECIDED + 7 * DAY


def test_a_platform_rating_from_before_the_decision_confirms_nothing(
    store: Store, violation: Violation
) -> None:
    grant(violation)
    see(store, 200, at=DECIDED - timedelta(hours=1))
    assert states() == [("granted", 24, "open")]


def test_one_from_after_it_that_agrees_closes_the_check(store: Store, violation: Violation) -> None:
    grant(violation)
    see(store, 200, at=DECIDED + DAY)
    check = Restoration.objects.get()
    assert (check.state, check.seen_in.value if check.seen_in else None) == ("confirmed", 200)
    assert check.settled_at == DECIDED + DAY


def test_one_that_still_shows_the_old_number_leaves_it_open(
    store: Store, violation: Violation
) -> None:
    grant(violation)
    see(store, 176, at=DECIDED + DAY)
    assert states() == [("granted", 24, "open")]


def test_after_seven_days_the_alert_opens_and_the_marketplaces_number_closes_it(
    store: Store, violation: Violation
) -> None:
    # given
    grant(violation)
    see(store, 176, at=DECIDED + DAY)

    # when nothing comes, just before and at the seventh day
    rating.rate(store=store, at=DECIDED + 7 * DAY - timedelta(seconds=1))
    before = alerted(store)
    rating.rate(store=store, at=DECIDED + 7 * DAY)
    then = alerted(store)
    see(store, 200, at=DECIDED + 8 * DAY)

    # then
    assert (before, then, alerted(store)) == (False, True, False)
    assert states() == [("granted", 24, "confirmed")]


def test_the_alert_stays_while_another_check_waits(store: Store, violation: Violation) -> None:
    grant(violation)
    rating.rate(store=store, at=DECIDED + 7 * DAY)
    detail = Alert.objects.get(code="not_restored").detail
    assert (detail["points"], detail["case"]) == (24, "7412345678")


def test_a_violation_that_the_marketplace_reversed_is_checked_too(violation: Violation) -> None:
    violations.change_violation(
        violation=violation, facts={"state": "reversed"}, at=DECIDED, by=None
    )
    assert states() == [("marketplace", 24, "open")]


def test_our_own_mistake_asks_nothing_of_the_marketplace(
    store: Store, violation: Violation
) -> None:
    ledger.give_back(violation=violation, reason="mistake", at=DECIDED, by=None)
    rating.rate(store=store, at=DECIDED)
    assert states() == []


def test_a_check_of_points_that_were_taken_again_is_void(
    store: Store, violation: Violation
) -> None:
    violations.change_violation(
        violation=violation, facts={"state": "reversed"}, at=DECIDED, by=None
    )
    violation.refresh_from_db()
    violations.change_violation(
        violation=violation,
        facts={"state": "enforced"},
        at=DECIDED + DAY,
        by=factories.make_membership(),
    )
    assert states() == [("marketplace", 24, "void")]


def test_a_check_of_points_that_time_gave_back_is_void(store: Store, violation: Violation) -> None:
    grant(violation)
    rating.rate(store=store, at=NOW + 161 * DAY)
    assert states() == [("granted", 24, "void")]


def test_a_part_that_was_given_back_is_checked_as_such(violation: Violation) -> None:
    grant(violation, points_back=10)
    assert states() == [("granted", 10, "open")]


def test_the_desk_shows_what_is_still_in_force(
    store: Store, violation: Violation, client_for: ClientFor
) -> None:
    grant(violation)
    for kind, ends_at in (("listing_limit", None), ("campaign_block", NOW - DAY)):
        Enforcement.objects.create(
            store=store, kind=kind, starts_at=NOW - 19 * DAY, ends_at=ends_at, source="person",
            violation=violation, recorded_at=NOW - 19 * DAY,
        )  # fmt: skip

    answer = client_for(factories.make_membership()).get(f"/stores/{store.pk}/drift/")

    (waiting,) = answer.context["waiting"]
    assert [each.kind for each in waiting.in_force] == ["listing_limit"]
    assert "Still in force: No new listings" in answer.content.decode()


def test_the_fleets_desk_and_the_stores_page_show_what_waits(
    store: Store, violation: Violation, client_for: ClientFor
) -> None:
    grant(violation)
    client = client_for(factories.make_membership())
    (waiting,) = client.get("/drift/").context["waiting"]
    assert (waiting.check.violation, waiting.is_overdue) == (violation, False)
    assert "given back, not confirmed yet" in client.get(f"/stores/{store.pk}/").content.decode()
