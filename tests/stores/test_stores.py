from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client as HttpClient

from stores import signals
from stores.access import visible_stores
from stores.models import Alert, Client, Store, StoreAccess, StoreGroup, StoreGrouping
from stores.services import access, stores
from tenants.models import Agency, Membership
from tenants.trail.models import AuditEvent
from tests import factories

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
def news() -> Any:
    """What ``store_changed`` told while the test ran."""
    heard: list[Store] = []

    def hear(**news: Any) -> None:
        heard.append(news["store"])

    signals.store_changed.connect(hear)
    yield heard
    signals.store_changed.disconnect(hear)


def test_create_store_takes_its_markets_zone_and_tells_the_news(
    agency: Agency, news: list[Store]
) -> None:
    # given
    lead, group = factories.make_membership(), factories.make_group()

    # when
    store = stores.create_store(
        name="Lanna Living",
        marketplace="tiktok_shop",
        market="TH",
        groups=[group],
        by=lead,
        at=NOW,
    )

    # then
    store.refresh_from_db()
    assert (store.time_zone, store.seller_type, store.created_at) == ("Asia/Bangkok", "local", NOW)
    assert news == [store]
    assert StoreGrouping.objects.get().group == group
    assert AuditEvent.objects.get().action == "store.created"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"market": "XX"}, stores.MarketUnknown),
        ({"time_zone": "Moon/Base"}, stores.TimeZoneUnknown),
        ({"time_zone": "../etc/passwd"}, stores.TimeZoneUnknown),
        ({"external_id": "77"}, stores.ShopIdTaken),
    ],
)
def test_create_store_refuses(
    agency: Agency, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    # given
    factories.make_store(external_id="77")
    values: dict[str, Any] = {
        "name": "Another",
        "marketplace": "tiktok_shop",
        "market": "TH",
        "by": None,
        "at": NOW,
    }

    # when, then
    with pytest.raises(refusal):
        stores.create_store(**(values | changes))
    assert Store.objects.count() == 1


def test_an_agency_has_500_stores_at_most_archived_ones_left_out(agency: Agency) -> None:
    # given
    def many(count: int, state: str) -> list[Store]:
        return [
            Store(
                name="N",
                market="TH",
                time_zone="UTC",
                marketplace="tiktok_shop",
                state=state,
                created_at=NOW,
            )
            for _ in range(count)
        ]

    Store.objects.bulk_create(many(499, "active") + many(3, "archived"))
    values: dict[str, Any] = {
        "name": "Another",
        "marketplace": "tiktok_shop",
        "market": "TH",
        "by": None,
        "at": NOW,
    }

    # when
    stores.create_store(**values)

    # then
    with pytest.raises(stores.StoreLimitReached):
        stores.create_store(**values)


def test_edit_store_writes_what_changed_and_its_trail(agency: Agency, news: list[Store]) -> None:
    # given
    store, client = factories.make_store(name="Old", market="TH"), factories.make_client()

    # when
    stores.edit_store(
        store=store, values={"name": "New", "client": client, "market": "TH"}, by=None, at=NOW
    )

    # then
    store.refresh_from_db()
    assert (store.name, store.client) == ("New", client)
    assert AuditEvent.objects.get().changes == {
        "client": [None, str(client.pk)],
        "name": ["Old", "New"],
    }
    assert news == []


def test_a_connected_store_keeps_its_market(agency: Agency) -> None:
    connection = factories.make_connection(store=factories.make_store(market="TH"))

    with pytest.raises(stores.StoreConnected):
        stores.edit_store(store=connection.store, values={"market": "VN"}, by=None, at=NOW)
    assert Store.objects.get().market == "TH"


def test_archive_store_ends_its_connection_and_frees_its_shop_id(agency: Agency) -> None:
    # given
    store = factories.make_store(external_id="77")
    connection = factories.make_connection(store=store)
    factories.make_alert(store)
    lead = factories.make_membership()

    # when
    stores.archive_store(store=store, by=lead, at=NOW)

    # then
    connection.refresh_from_db()
    assert (connection.state, connection.problem) == ("disconnected", "disconnected")
    assert Alert.objects.get().state == "resolved"
    assert not visible_stores(lead).exists()
    assert factories.make_store(external_id="77").external_id == "77"


def test_two_clients_of_one_name_are_refused(agency: Agency) -> None:
    factories.make_client(name="Lotus")

    with pytest.raises(stores.NameTaken):
        stores.save_client(client=Client(name="Lotus"), by=None, at=NOW)
    with pytest.raises(stores.NameTaken):
        stores.save_group(
            group=StoreGroup(name=factories.make_group(name="G").name), by=None, at=NOW
        )


def test_a_client_with_stores_is_not_deleted(agency: Agency) -> None:
    client, lead = factories.make_client(), factories.make_membership()
    factories.make_store(client=client, state="archived")

    with pytest.raises(stores.StillInUse):
        stores.delete_client(client=client, by=lead, at=NOW)
    assert Client.objects.exists()


def test_set_access_lets_a_member_reach_exactly_what_is_named(agency: Agency) -> None:
    # given
    named, of_client, in_group, out_of_reach = (factories.make_store() for _ in range(4))
    client, group = factories.make_client(), factories.make_group(stores=[in_group])
    Store.objects.filter(pk=of_client.pk).update(client=client)
    specialist, lead = factories.make_membership("specialist"), factories.make_membership("owner")
    factories.make_access(specialist, out_of_reach)

    # when
    access.set_access(
        member=specialist, stores=[named], groups=[group], clients=[client], by=lead, at=NOW
    )

    # then
    assert set(visible_stores(specialist)) == {named, of_client, in_group}


def test_nobody_shares_stores_that_she_does_not_reach(agency: Agency) -> None:
    specialist, other = (factories.make_membership("specialist") for _ in range(2))

    with pytest.raises(access.NotYoursToGrant):
        access.set_access(
            member=other,
            stores=[factories.make_store()],
            groups=[],
            clients=[],
            by=specialist,
            at=NOW,
        )
    assert not StoreAccess.objects.exists()


@pytest.mark.parametrize(
    ("marketplace", "market", "taken"),
    [
        ("tiktok_shop", "US", True),
        ("tiktok_shop", "TW", False),
        ("tiktok_shop", "JP", False),
        ("shopee", "TW", True),
        ("shopee", "US", False),
        ("lazada", "ID", True),
        ("lazada", "US", False),
    ],
)
def test_a_store_is_where_its_marketplace_is(
    agency: Agency,
    client_for: Callable[[Membership], HttpClient],
    marketplace: str,
    market: str,
    *,
    taken: bool,
) -> None:
    lead = factories.make_membership("lead")
    sent = {"name": "Fern", "marketplace": marketplace, "market": market, "seller_type": "local"}

    page = client_for(lead).post("/stores/new/", sent, follow=True).content.decode()

    assert Store.objects.exists() is taken
    assert ("field__errors" in page) is not taken


def test_a_marketplace_elsewhere_is_refused_by_the_service_too(agency: Agency) -> None:
    with pytest.raises(stores.MarketUnknown, match="Lazada has no stores in this market"):
        stores.create_store(
            name="Fern", marketplace="lazada", market="US", by=None, at=datetime.now(UTC)
        )


def test_two_stores_of_one_place_do_not_share_a_name(agency: Agency) -> None:
    # given
    at = datetime.now(UTC)
    place: dict[str, Any] = {
        "marketplace": "tiktok_shop",
        "market": "US",
        "by": None,
        "at": at,
    }
    first = stores.create_store(name="Fern & Co", **place)
    other = stores.create_store(name="Juniper", **place)

    # then neither a new one nor one that is renamed takes it
    with pytest.raises(stores.NameTaken, match=r"Fern & Co \(TikTok Shop US\) is here already"):
        stores.create_store(name="FERN & CO", **place)
    with pytest.raises(stores.NameTaken):
        stores.edit_store(store=other, values={"name": "fern & co"}, by=None, at=at)

    # but what is archived frees it
    stores.archive_store(store=first, by=None, at=at)
    assert stores.create_store(name="Fern & Co", **place).name == "Fern & Co"


def test_a_store_of_the_same_name_elsewhere_is_told_of(
    agency: Agency, client_for: Callable[[Membership], HttpClient]
) -> None:
    factories.make_store(name="Fern", market="GB")
    sent = {"name": "Fern", "marketplace": "tiktok_shop", "market": "US", "seller_type": "local"}

    lead = factories.make_membership("lead")
    page = client_for(lead).post("/stores/new/", sent, follow=True).content.decode()

    assert "Another store has this name: TikTok Shop GB." in page
