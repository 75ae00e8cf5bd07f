"""A first sync of 100,000 orders, beside JSON read and COPY of the very same pages.

What is compared is the worker's own CPU time, so that whatever else the machine does counts for
little; what it costs to make the pages is taken off both sides. The memory is that of the process
after a sixteenth of the orders and at the end.
"""

import json
import time
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
import pytest
from django.db import connections
from pytest_django import Settings

from stores.marketplaces.tiktok_shop.client import Client
from stores.models import Order, Store, SyncRun
from stores.services import syncing
from stores.services.syncing.kinds import ORDERS
from tenants import due, scope
from tenants.models import Agency
from tests import factories
from tests.stores import marketplace
from tests.stores.marketplace import NOW, QUIET_TH, Clock

COUNT: Final = 100_000
A_PAGE: Final = 100
MOST: Final = 3.0  # times the floor
MOST_GROWTH: Final = 16  # MiB between a sixteenth and all
_ID: Final = b"5765000000000"  # what the made pages' ids begin with
_FIRST: Final = int((NOW - timedelta(days=170)).timestamp())
_COLUMNS: Final = (
    *("id", "status", "create_time", "update_time", "paid_time", "rts_sla_time", "rts_time"),
    *("tts_sla_time", "shipping_due_time", "collection_due_time", "collection_time"),
    *("delivery_due_time", "delivery_time", "cancel_order_sla_time", "request_cancel_time"),
    *("is_buyer_request_cancel", "is_on_hold_order", "cancellation_initiator"),
)


@dataclass
class Pages(httpx.BaseTransport):
    """A marketplace that has one page of orders, and says it again with other numbers each time."""

    page: bytes
    count: int
    spent: float = 0.0  # seconds of CPU for making pages
    at: dict[int, int] = field(default_factory=dict)

    def body(self, number: int) -> bytes:
        began = time.process_time()
        made = self.page.replace(b"ORDERS", b"%08d" % number)
        made = made.replace(b'"MOMENT"', b"%d" % (_FIRST + number * 60))
        following = b"" if number + 1 >= self.count else b"%d" % (number + 1)
        made = made.replace(b"FOLLOWING", following)
        self.spent += time.process_time() - began
        return made

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params.get("page_token")
        if asked is None:  # a sync that goes on asks for what changed since
            since = json.loads(request.content)["update_time_ge"]
            asked = str(max(0, -(-(since - _FIRST) // 60)))
        return httpx.Response(200, content=self.body(int(asked)))


def make_page(content: dict[str, Any]) -> bytes:
    """Return an answer of the sandbox as a form whose ids and moments are filled in."""
    orders = content["data"]["orders"]
    for place, order in enumerate(orders):
        order["id"] = f"57ORDERS{place:03}"
        order["update_time"] = "MOMENT"
    told = {**content["data"], "next_page_token": "FOLLOWING", "total_count": COUNT}
    return json.dumps({**content, "data": told}).encode()


@pytest.fixture
def pages(settings: Settings) -> Pages:
    settings.TIKTOK_SHOP = marketplace.APP
    clock = Clock()
    app = marketplace.sandbox(clock)
    heard: list[bytes] = []

    class Listening(httpx.BaseTransport):
        def __init__(self) -> None:
            self._way = httpx.WSGITransport(app=app)

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = self._way.handle_request(request)
            heard.append(answer.read())
            return httpx.Response(answer.status_code, content=heard[-1])

    client = marketplace.client(app, clock, transport=Listening())
    code = marketplace.code_for(app, QUIET_TH, clock)
    token = client.exchange_code(code).access_token
    (shop,) = (shop for shop in client.shops(token) if shop.id == QUIET_TH)
    client.orders(token, shop.cipher, NOW - timedelta(days=90), NOW, page_size=A_PAGE)
    return Pages(make_page(json.loads(heard[-1])), COUNT // A_PAGE)


def memory() -> float:
    """Return the resident memory of this process in MiB."""
    told = Path("/proc/self/status").read_text()
    line = next(line for line in told.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def floor(pages: Pages) -> float:
    """Return the CPU seconds of reading the pages as JSON and copying their orders to a table."""
    place = connections["owner"].settings_dict
    where = {name.lower(): place[name] for name in ("HOST", "PORT", "USER", "PASSWORD")}
    columns = ", ".join(f"{name} text" for name in (*_COLUMNS, "amount", "currency"))
    with psycopg.connect(dbname=place["NAME"], **where) as line:
        line.execute(f"CREATE TEMPORARY TABLE floor ({columns})")
        before, pages.spent = time.process_time(), 0.0
        for number in range(pages.count):
            orders = json.loads(pages.body(number))["data"]["orders"]
            with line.cursor().copy("COPY floor FROM STDIN") as copy:
                for order in orders:
                    paid = order.get("payment") or {}
                    row = [order.get(name) for name in _COLUMNS]
                    copy.write_row([*row, paid.get("total_amount"), paid.get("currency")])
        spent = time.process_time() - before - pages.spent
        assert line.execute("SELECT count(*) FROM floor").fetchone() == (COUNT,)
        line.rollback()
    return spent


def synced(agency: Agency, store: Store, pages: Pages) -> tuple[float, float]:
    """Return the CPU seconds of syncing all pages, and the MiB that came with most of them."""
    ticks = count()  # a second a look, so that the store's own pace holds nothing up
    client = Client(
        httpx.Client(transport=pages),
        *("key", "secret", "http://made.test", "http://made.test"),
        clock=lambda: NOW + timedelta(seconds=next(ticks)),
        sleep=lambda _: None,
    )
    due.add(kind=syncing.SYNC, subject=store.pk, at=NOW)
    early, before, pages.spent = 0.0, time.process_time(), 0.0
    while True:
        work = marketplace.work_of(syncing.SYNC, store.pk, NOW)
        with scope.public():
            syncing.sync_store(agency=agency, work=work, client=client, only=(ORDERS,), hold_for=2)
        run = SyncRun.objects.get()
        assert not run.problem
        if not early and run.fetched >= COUNT / 16:
            early = memory()
        if run.state == SyncRun.State.DONE:
            break
    spent = time.process_time() - before - pages.spent
    return spent, memory() - early


def test_a_sync_costs_little_more_than_reading_and_copying(agency: Agency, pages: Pages) -> None:
    store = factories.make_connection(at=NOW, store=factories.make_store(market="TH")).store

    least = floor(pages)
    spent, growth = synced(agency, store, pages)

    assert Order.objects.count() == COUNT
    each = 1_000_000 / COUNT
    print(
        f"\nsync of {COUNT} orders: {spent * each:.0f} µs of CPU an order,"
        f" JSON and COPY {least * each:.0f} µs, {spent / least:.2f} x (budget {MOST:.0f} x);"
        f" memory {growth:+.1f} MiB from a sixteenth to all"
    )
    assert growth <= MOST_GROWTH
    assert spent <= MOST * least
