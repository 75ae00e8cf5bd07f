"""Notices without a record, records without a notice: listed, matched, explained."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as HttpClient

from scoring.models import Explanation
from scoring.selectors import reconciliation as selectors
from scoring.services import ledger
from scoring.services import reconciliation as services
from stores.models import Notice, Store
from tenants import scope
from tenants.models import Agency, Membership
from tenants.trail.models import AuditEvent
from tests import factories

ClientFor = Callable[[Membership], HttpClient]
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Fernwood Kitchen")


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership()


def make_telling(store: Store, **changes: Any) -> Notice:
    return factories.make_notice(store=store, **{"kind": "violation", **changes})


def loose(store: Store) -> tuple[list[Any], list[Any]]:
    found = selectors.reconciliation_of([store])
    return (
        [each.notice for each in found.notices],
        [each.violation or each.entry for each in found.records],
    )


@pytest.mark.parametrize(
    ("changes", "is_loose"),
    [
        ({}, True),
        ({"state": "set_aside"}, True),
        ({"kind": "enforcement"}, True),
        ({"state": "acted"}, False),
        ({"state": "undone"}, False),
        ({"kind": "rating"}, False),
        ({"trust": "suspicious"}, False),
    ],
)
def test_a_notice_is_loose_while_it_tells_of_points_and_nothing_was_recorded(
    store: Store, changes: dict[str, Any], *, is_loose: bool
) -> None:
    notice = make_telling(store, **changes)
    assert loose(store)[0] == ([notice] if is_loose else [])


def test_a_notice_behind_a_violation_is_not_loose(store: Store) -> None:
    notice = make_telling(store, state="set_aside")
    factories.make_violation(store=store, notice=notice)
    assert loose(store) == ([], [])


@pytest.mark.parametrize(
    ("changes", "is_loose"),
    [
        ({}, True),
        ({"source": "file"}, True),
        ({"source": "integration"}, True),
        ({"source": "mail"}, False),
        ({"state": "reversed"}, False),
    ],
)
def test_a_violation_is_loose_while_no_notice_told_of_it(
    store: Store, changes: dict[str, Any], *, is_loose: bool
) -> None:
    violation = factories.make_violation(store=store, **changes)
    assert loose(store)[1] == ([violation] if is_loose else [])


def test_a_notice_that_found_it_known_stands_for_a_violation(store: Store) -> None:
    violation = factories.make_violation(store=store)
    make_telling(store, state="acted", did=[{"did": "violation_known", "id": str(violation.pk)}])
    assert loose(store) == ([], [])


def test_a_deduction_without_a_violation_is_loose_until_it_is_taken_back(store: Store) -> None:
    entry = ledger.write_entry(
        store=store, kind="deduction", points=-4, occurred_at=NOW, at=NOW, by=None
    )
    assert loose(store)[1] == [entry]
    ledger.reverse_entry(entry=entry, reason="mistake", at=NOW, by=None)
    assert loose(store)[1] == []


def test_a_notice_and_a_violation_of_one_rule_day_and_points_are_proposed_as_the_same(
    store: Store,
) -> None:
    make_telling(store, text=MAIL % f"{NOW - 2 * DAY:%Y-%m-%d %H:%M}", subject="Violation")
    facts = {"rule": "prohibited_product", "points": -12, "reference": None}
    factories.make_violation(store=store, reported_at=NOW - 4 * DAY, **facts)
    factories.make_violation(store=store, reported_at=NOW - 2 * DAY, **facts | {"points": -4})
    twin = factories.make_violation(store=store, reported_at=NOW - 2 * DAY, **facts)

    (found,) = selectors.read(store).notices

    assert (found.told.points if found.told else None, found.same) == (-12, twin)


MAIL = """
Dear Seller,

We found that your product violates our policy on prohibited products.

Violation ID: 8837261940
Violation type: Prohibited product listed
Status: Enforcement action taken
Points deducted: 12
Enforced on: %s (UTC+0)

TikTok Shop
"""


def test_saying_that_they_are_the_same_settles_the_notice(store: Store, lead: Membership) -> None:
    notice, violation = make_telling(store), factories.make_violation(store=store)
    services.say_same(notice=notice, violation=violation, by=lead, at=NOW)
    notice.refresh_from_db()
    assert (notice.state, loose(store)) == ("acted", ([], []))
    assert AuditEvent.objects.filter(action="reconciliation.explained").count() == 1


def test_a_notice_that_was_set_aside_can_be_the_same_too(store: Store, lead: Membership) -> None:
    notice = make_telling(store, state="set_aside")
    violation = factories.make_violation(store=store)
    services.say_same(notice=notice, violation=violation, by=lead, at=NOW)
    assert loose(store) == ([], [])


def test_what_is_explained_is_explained_once(store: Store, lead: Membership) -> None:
    violation = factories.make_violation(store=store)
    services.explain(store=store, row=violation, reason="Seen in the app", by=lead, at=NOW)
    assert loose(store) == ([], [])
    with pytest.raises(services.NotLoose):
        services.explain(store=store, row=violation, reason="Again", by=lead, at=NOW)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "a\x00b"])
def test_an_explanation_gives_a_reason(store: Store, lead: Membership, reason: str) -> None:
    violation = factories.make_violation(store=store)
    with pytest.raises(services.ReasonMissing):
        services.explain(store=store, row=violation, reason=reason, by=lead, at=NOW)


def test_rows_of_two_stores_are_not_the_same(store: Store, lead: Membership) -> None:
    notice = make_telling(store)
    violation = factories.make_violation(store=factories.make_store())
    with pytest.raises(services.NotLoose):
        services.say_same(notice=notice, violation=violation, by=lead, at=NOW)


# --- pages ---------------------------------------------------------------------------------------


def test_the_stores_page_takes_an_explanation(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    violation = factories.make_violation(store=store)
    client = client_for(lead)
    page = f"/stores/{store.pk}/drift/"
    assert "Records without a notice" in client.get(page).content.decode()
    client.post(f"{page}explain/", {"row": f"violation:{violation.pk}", "reason": "By phone"})
    assert Explanation.objects.get().reason == "By phone"
    assert "Records without a notice" not in client.get(page).content.decode()


def test_the_stores_page_takes_that_two_are_the_same(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    notice, violation = make_telling(store), factories.make_violation(store=store)
    client_for(lead).post(
        f"/stores/{store.pk}/drift/same/", {"notice": notice.pk, "violation": violation.pk}
    )
    assert loose(store) == ([], [])


def test_rows_that_are_not_the_stores_are_not_found(
    store: Store, lead: Membership, client_for: ClientFor, other_agency: Agency
) -> None:
    client, page = client_for(lead), f"/stores/{store.pk}/drift/"
    other = factories.make_violation(store=factories.make_store())
    with scope.agency(other_agency):
        foreign = factories.make_violation()
    for row in (f"violation:{other.pk}", f"violation:{foreign.pk}", "violation:x", "store:1", ""):
        assert client.post(f"{page}explain/", {"row": row, "reason": "x"}).status_code == 404
    assert not Explanation.objects.exists()
    assert client.post(f"{page}same/", {}).status_code == 404


def test_who_may_not_record_does_not_explain(store: Store, client_for: ClientFor) -> None:
    violation = factories.make_violation(store=store)
    auditor = client_for(factories.make_membership("auditor"))
    page = f"/stores/{store.pk}/drift/"
    assert "Records without a notice" in auditor.get(page).content.decode()
    sent = {"row": f"violation:{violation.pk}", "reason": "x"}
    assert auditor.post(f"{page}explain/", sent).status_code == 403


def test_a_client_does_not_see_what_is_loose(store: Store, client_for: ClientFor) -> None:
    factories.make_violation(store=store)
    make_telling(store, subject="Internal words")
    client = factories.make_membership("client")
    factories.make_access(client, store)
    for page in ("/drift/", f"/stores/{store.pk}/drift/"):
        assert "Internal words" not in client_for(client).get(page).content.decode()
