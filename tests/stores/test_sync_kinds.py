"""A whole sync of a sandbox store: every kind of data, and what one that fails does to others."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection
from psycopg import sql
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
from stores.sandbox.buyers import CANARY
from stores.services import syncing
from stores.services.syncing.kinds import kinds_of
from tenants import scope
from tenants.models import Agency, DueWork
from tests import factories
from tests.stores import marketplace
from tests.stores.marketplace import NOW, QUIET_TH, Clock


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


class Heard(httpx.BaseTransport):
    """The way to the sandbox; remembers whether a buyer was told of."""

    def __init__(self, app: Sandbox) -> None:
        self._way = httpx.WSGITransport(app=app)
        self.told_of_buyers: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._way.handle_request(request)
        content = answer.read()
        if CANARY.encode() in content:
            self.told_of_buyers.add(request.url.path.split("/")[1])
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


def tables_with(word: str) -> set[str]:
    """Return the tables, of the agency and public ones, of which a row holds ``word`` anywhere."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_schema IN (current_schema(), 'public')"
            " AND has_table_privilege(table_schema || '.' || table_name, 'SELECT')"
        )
        for schema, table in cursor.fetchall():
            cursor.execute(
                sql.SQL("SELECT EXISTS (SELECT FROM {} AS row WHERE row::text ILIKE %s)").format(
                    sql.Identifier(schema, table)
                ),
                [f"%{word}%"],
            )
            if cursor.fetchone()[0]:
                found.add(f"{schema}.{table}")
    return found


def test_no_buyer_is_in_any_table_log_or_file_after_a_whole_sync(
    agency: Agency,
    app: Sandbox,
    clock: Clock,
    store: Store,
    settings: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # given
    settings.MEDIA_ROOT = tmp_path
    line = Heard(app)

    # when
    with caplog.at_level(logging.DEBUG):
        client = marketplace.client(app, clock, transport=line)
        sync(agency, store, client, clock, hold_for=300)

    # then the marketplace has told of buyers, and we have not kept them
    assert line.told_of_buyers >= {"order", "customer_service"}
    told = SyncRun.objects.filter(state="done").values_list("data", flat=True)
    assert set(told) == {kind.code for kind in kinds_of(store)}
    assert tables_with(QUIET_TH)  # this way words are found
    assert tables_with(CANARY) == set()  # the queue's rows are among them
    assert CANARY not in "".join(str(vars(record)) for record in caplog.records)
    assert not list(tmp_path.rglob("*"))


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
