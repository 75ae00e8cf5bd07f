"""A whole sync of a sandbox store: every kind of data, and what one that fails does to others."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from stores.marketplaces.tiktok_shop.client import Client
from stores.models import (
    AfterSale,
    BalanceEntry,
    Conversation,
    Order,
    Package,
    Product,
    Reading,
    SkuStock,
    Store,
    SyncCursor,
    SyncRun,
)
from stores.sandbox.app import Sandbox
from stores.services import syncing
from stores.services.syncing.kinds import KINDS, kinds_of
from tenants import scope
from tenants.models import Agency, DueWork
from tests import factories
from tests.stores import marketplace
from tests.stores.marketplace import NOW, QUIET_TH, Clock

FEW = tuple(KINDS[code] for code in ("orders", "returns", "conversations", "withdrawals"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Sandbox:
    settings.TIKTOK_SHOP = marketplace.APP
    return marketplace.sandbox(clock)


@pytest.fixture
def store(agency: Agency, app: Sandbox, clock: Clock) -> Store:
    store = factories.make_store(market="TH")
    lead = factories.make_membership("lead")
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)
    return store


def sync(agency: Agency, store: Store, client: Client, clock: Clock, **how: Any) -> DueWork:
    work = marketplace.work_of("stores.sync", store.pk, clock())
    with scope.public():
        syncing.sync_store(agency=agency, work=work, client=client, **how)
    return DueWork.objects.get(pk=work.id)


def test_a_first_sync_fetches_every_kind_and_measures_what_it_says(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given a safety stock, so that it is known which SKUs are low
    Store.objects.update(safety_stock=20)

    # when
    client = marketplace.client(app, clock)
    work = sync(agency, store, client, clock, hold_for=300)

    # then
    told = {cursor.data: cursor for cursor in SyncCursor.objects.all()}
    assert {code: (each.problem, each.fresh_at) for code, each in told.items()} == {
        kind.code: ("", NOW) for kind in kinds_of(store)
    }
    assert "payments" not in told  # South-East Asia has none
    assert {run.state for run in SyncRun.objects.all()} == {"done"}
    rows = {
        model.__name__: model._default_manager.count()
        for model in (Order, Package, Product, SkuStock, AfterSale, Conversation, BalanceEntry)
    }
    assert all(rows.values()), rows
    measured = set(Reading.objects.filter(source="api").values_list("metric", flat=True))
    assert measured >= {
        "open_disputes",
        "returns_waiting",
        "unread_messages",
        "listing_problems",
        "low_stock",
        "out_of_stock",
        "unpaid_statement_days",
        "policy_deductions",
        "response_rate",
    }
    assert work.due_at == NOW + timedelta(minutes=15)
