"""What was pushed about a store, on its page: state, age, what it led to; nobody else's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from stores.models import Store
from tenants import scope
from tenants.models import Agency, InboundEvent, Membership
from tests import factories

ClientFor = Callable[[Membership], HttpClient]
Outcome = InboundEvent.Outcome


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Bamboo & Home")


def _pushed(store: Store, push_type: str, **changes: Any) -> InboundEvent:
    at = changes.pop("received_at", datetime.now(UTC) - timedelta(minutes=1))
    values = {
        "channel": "webhook",
        "digest": str(uuid4()),
        "agency_id": store.agency_id,
        "store_id": store.pk,
        "recipient": "tiktok_shop:1",
        "type": push_type,
        "payload": b"",
        "sent_at": at - timedelta(hours=2),
        "received_at": at,
    }
    with scope.public():
        return InboundEvent.objects.create(**(values | changes))


def test_pushes_are_listed_with_state_age_and_what_they_led_to(
    store: Store, client_for: ClientFor
) -> None:
    # given
    at = datetime.now(UTC)
    _pushed(store, "1", handled_at=at, outcome=Outcome.ASKED)
    _pushed(store, "999", handled_at=at, outcome=Outcome.UNKNOWN)
    _pushed(store, "14", received_at=at - timedelta(minutes=40))
    # when
    page = client_for(factories.make_membership()).get(f"/stores/{store.pk}/pushes/")
    # then
    rows = [
        (row["about"], row["state"], row["tone"], row["event"].get_outcome_display())
        for row in page.context["rows"]
    ]
    assert rows == [
        ("Type 999", "Kept", "warn", "Unknown type, kept as it came"),
        ("Order status", "Done", "good", "Asked for a sync"),
        ("New message", "Waiting", "warn", ""),
    ]
    assert "40 min ago" in page.content.decode()


def test_pushes_go_on_where_the_page_before_ended(store: Store, client_for: ClientFor) -> None:
    at = datetime.now(UTC)
    for number in range(52):
        _pushed(store, "1", received_at=at - timedelta(minutes=number))
    client = client_for(factories.make_membership())

    first = client.get(f"/stores/{store.pk}/pushes/")
    second = client.get(f"/stores/{store.pk}/pushes/?{first.context['older']}")

    assert [len(page.context["rows"]) for page in (first, second)] == [50, 2]
    assert second.context["older"] == ""


def test_without_pushes_the_page_says_how_the_store_is_read(
    store: Store, client_for: ClientFor
) -> None:
    page = client_for(factories.make_membership()).get(f"/stores/{store.pk}/pushes/")

    assert "Nothing has been pushed yet" in page.content.decode()


def test_mail_and_other_stores_pushes_are_not_listed(store: Store, client_for: ClientFor) -> None:
    _pushed(store, "1", channel="mail")
    _pushed(factories.make_store(), "1")

    page = client_for(factories.make_membership()).get(f"/stores/{store.pk}/pushes/")

    assert page.context["rows"] == []


def test_pushes_are_for_those_who_see_internal_notes_of_the_store(
    store: Store, other_agency: Agency, client_for: ClientFor
) -> None:
    # given
    address = f"/stores/{store.pk}/pushes/"
    _pushed(store, "1")
    client_of_the_store = factories.make_membership("client")
    with scope.agency(other_agency):
        stranger = factories.make_membership("owner")
    # when
    statuses = {
        "bad id": client_for(factories.make_membership()).get("/stores/x/pushes/"),
        "client": client_for(client_of_the_store).get(address),
        "stranger": client_for(stranger).get(address),
    }
    # then
    assert {who: answer.status_code for who, answer in statuses.items()} == {
        "bad id": 404,
        "client": 403,
        "stranger": 404,
    }


def test_pushes_take_as_many_queries_for_one_as_for_three(
    store: Store, client_for: ClientFor
) -> None:
    client = client_for(factories.make_membership())

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/stores/{store.pk}/pushes/")
        return len(queries)

    count()
    _pushed(store, "1")
    alone = count()
    for _ in range(2):
        _pushed(store, "1")

    assert count() == alone


def test_the_stores_page_leads_to_its_pushes(store: Store, client_for: ClientFor) -> None:
    factories.make_connection(store=store)
    address = f'href="/stores/{store.pk}/pushes/"'

    pages = {
        role: client_for(factories.make_membership(role, all_stores=True)).get(
            f"/stores/{store.pk}/"
        )
        for role in ("auditor", "client")
    }

    shown = {role: address in page.content.decode() for role, page in pages.items()}
    assert shown == {"auditor": True, "client": False}
