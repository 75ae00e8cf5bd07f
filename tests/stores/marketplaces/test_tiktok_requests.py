"""What the client sends for each call: method, path with its version, query, body, signature."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from stores.marketplaces.core import (
    BadPayload,
    BreakerOpen,
    ClockRefused,
    MarketplaceDown,
    MarketplaceError,
    NotAuthorized,
    NothingThere,
    RateLimited,
    RequestRefused,
    SignatureRefused,
    StoreInactive,
)
from stores.marketplaces.gates import OwnShelf
from stores.marketplaces.tiktok_shop.client import ENDPOINTS, Client
from stores.marketplaces.tiktok_shop.signing import signature
from tests.stores.marketplaces.answers import CALLS

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
START = NOON - timedelta(days=1)
FROM, TO = int(START.timestamp()), int(NOON.timestamp())
WINDOW = {"update_time_ge": FROM, "update_time_lt": TO}
OLDEST_UPDATE_FIRST = {"sort_field": "update_time", "sort_order": "ASC"}
AUGUST = (date(2026, 8, 1), date(2026, 9, 1))


class Line(httpx.BaseTransport):
    """Gives one answer to everything and keeps what was asked."""

    def __init__(self, *, status: int = 200, **envelope: object) -> None:
        self.answer = httpx.Response(status, json={"code": 0, "request_id": "r1", **envelope})
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer


def _client(line: httpx.BaseTransport, shelf: OwnShelf | None = None) -> Client:
    return Client(
        httpx.Client(transport=line),
        "key",
        "secret",
        "https://api.test",
        "https://auth.test",
        clock=lambda: NOON,
        sleep=lambda _: None,
        shelf=shelf,
    )


def _windowed(name: str, *, page_token: str | None = None) -> Callable[[Client], object]:
    return lambda client: getattr(client, name)("token", "cipher", START, NOON, page_token)


REQUESTS: dict[str, tuple[Callable[[Client], object], str, dict[str, str], object]] = {
    "shops": (lambda c: c.shops("token"), "GET /authorization/202309/shops", {}, None),
    "active_shops": (lambda c: c.active_shops("token"), "GET /seller/202309/shops", {}, None),
    "orders": (
        _windowed("orders", page_token="on+/="),
        "POST /order/202309/orders/search",
        {"page_size": "100", "page_token": "on+/=", **OLDEST_UPDATE_FIRST},
        WINDOW,
    ),
    "order_details": (
        lambda c: c.order_details("token", "cipher", ["1", "2"]),
        "GET /order/202507/orders",
        {"ids": "1,2"},
        None,
    ),
    "packages": (
        _windowed("packages"),
        "POST /fulfillment/202309/packages/search",
        {"page_size": "50", **OLDEST_UPDATE_FIRST},
        WINDOW,
    ),
    "package": (
        lambda c: c.package("token", "cipher", "118"),
        "GET /fulfillment/202309/packages/118",
        {},
        None,
    ),
    "cancellations": (
        _windowed("cancellations"),
        "POST /return_refund/202309/cancellations/search",
        {"page_size": "50", **OLDEST_UPDATE_FIRST},
        WINDOW,
    ),
    "returns": (
        _windowed("returns"),
        "POST /return_refund/202309/returns/search",
        {"page_size": "50", **OLDEST_UPDATE_FIRST},
        WINDOW,
    ),
    "products": (
        _windowed("products"),
        "POST /product/202502/products/search",
        {"page_size": "100"},
        {"update_time_ge": FROM, "update_time_le": TO - 1},
    ),
    "product": (
        lambda c: c.product("token", "cipher", "173"),
        "GET /product/202309/products/173",
        {},
        None,
    ),
    "inventory": (
        lambda c: c.inventory("token", "cipher", ["173", "174"]),
        "POST /product/202309/inventory/search",
        {},
        {"product_ids": ["173", "174"]},
    ),
    "statements": (
        _windowed("statements"),
        "GET /finance/202309/statements",
        {
            "page_size": "100",
            "sort_field": "statement_time",
            "sort_order": "ASC",
            "statement_time_ge": str(FROM),
            "statement_time_lt": str(TO),
        },
        None,
    ),
    "statement_transactions": (
        lambda c: c.statement_transactions("token", "cipher", "740"),
        "GET /finance/202501/statements/740/statement_transactions",
        {"page_size": "100", "sort_field": "order_create_time", "sort_order": "ASC"},
        None,
    ),
    "payments": (
        _windowed("payments"),
        "GET /finance/202309/payments",
        {
            "page_size": "100",
            "sort_field": "create_time",
            "sort_order": "ASC",
            "create_time_ge": str(FROM),
            "create_time_lt": str(TO),
        },
        None,
    ),
    "withdrawals": (
        _windowed("withdrawals"),
        "GET /finance/202309/withdrawals",
        {
            "page_size": "100",
            "types": "WITHDRAW,SETTLE,TRANSFER,REVERSE",
            "create_time_ge": str(FROM),
            "create_time_lt": str(TO),
        },
        None,
    ),
    "unsettled": (
        _windowed("unsettled"),
        "GET /finance/202507/orders/unsettled",
        {
            "page_size": "100",
            "sort_field": "order_create_time",
            "sort_order": "ASC",
            "search_time_ge": str(FROM),
            "search_time_lt": str(TO),
        },
        None,
    ),
    "conversations": (
        lambda c: c.conversations("token", "cipher"),
        "GET /customer_service/202309/conversations",
        {"page_size": "20"},
        None,
    ),
    "service_performance": (
        lambda c: c.service_performance("token", "cipher", *AUGUST),
        "GET /customer_service/202407/performance",
        {"support_date_ge": "2026-08-01", "support_date_lt": "2026-09-01"},
        None,
    ),
    "shop_performance": (
        lambda c: c.shop_performance("token", "cipher", *AUGUST),
        "GET /analytics/202405/shop/performance",
        {"start_date_ge": "2026-08-01", "end_date_lt": "2026-09-01", "granularity": "1D"},
        None,
    ),
    "webhooks": (
        lambda c: c.webhooks("token", "cipher"),
        "GET /event/202309/webhooks",
        {},
        None,
    ),
    "set_webhook": (
        lambda c: c.set_webhook(
            "token", "cipher", event_type="PACKAGE_UPDATE", address="https://app.test/h"
        ),
        "PUT /event/202309/webhooks",
        {},
        {"event_type": "PACKAGE_UPDATE", "address": "https://app.test/h"},
    ),
    "delete_webhook": (
        lambda c: c.delete_webhook("token", "cipher", event_type="PACKAGE_UPDATE"),
        "DELETE /event/202309/webhooks",
        {},
        {"event_type": "PACKAGE_UPDATE"},
    ),
}
WITHOUT_A_STORE = {"shops", "active_shops"}


def _data(name: str) -> Any:
    return CALLS[name].data if name in CALLS else {}


def test_every_endpoint_is_asked_here() -> None:
    assert set(REQUESTS) == set(ENDPOINTS)


@pytest.mark.parametrize("name", REQUESTS)
def test_call_sends_what_the_contract_asks_for(name: str) -> None:
    # given
    call, target, query, content = REQUESTS[name]
    line = Line(data=_data(name))

    # when
    call(_client(line))

    # then
    (request,) = line.requests
    sent = dict(request.url.params)
    signed = {**sent}
    of_the_store = {} if name in WITHOUT_A_STORE else {"shop_cipher": "cipher"}
    assert f"{request.method} {request.url.path}" == target
    assert sent.pop("sign") == signature(
        app_secret="secret", path=request.url.path, parameters=signed, body=request.content
    )
    assert sent == {"app_key": "key", "timestamp": str(TO), **of_the_store, **query}
    assert (json.loads(request.content) if request.content else None) == content
    assert request.headers["x-tts-access-token"] == "token"


def test_id_in_a_path_cannot_leave_it() -> None:
    line = Line(data=CALLS["product"].data)

    _client(line).product("token", "cipher", "../../webhooks?x=1")

    assert line.requests[0].url.raw_path.startswith(
        b"/product/202309/products/..%2F..%2Fwebhooks%3Fx%3D1?"
    )


@pytest.mark.parametrize(
    "name", ["packages", "cancellations", "returns", "products", "statements", "payments"]
)
def test_page_that_leads_back_to_itself_is_refused(name: str) -> None:
    line = Line(data=CALLS[name].data)

    with pytest.raises(BadPayload) as refusal:
        _windowed(name, page_token="more")(_client(line))

    assert refusal.value.path == "data.next_page_token"


def test_stock_of_too_many_products_is_not_asked_for() -> None:
    line = Line(data={})

    with pytest.raises(ValueError, match="At most 100"):
        _client(line).inventory("token", "cipher", ["1"] * 101)

    assert line.requests == []


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (105005, "", NotAuthorized),
        (25020005, "", NotAuthorized),
        (36009004, "the shop_cipher is invalid", NotAuthorized),
        (36009004, "invalid timestamp", ClockRefused),
        (36009004, "page_size", RequestRefused),
        (36009033, "", SignatureRefused),
        (45101001, "", MarketplaceDown),
        (45101004, "", RateLimited),
        (12052700, "", StoreInactive),
        (12052032, "", NothingThere),
        (45101003, "", NothingThere),
        (77777777, "", RequestRefused),
    ],
)
def test_refusal_is_taken_for_what_it_means(
    code: int, message: str, expected: type[MarketplaceError]
) -> None:
    line = Line(code=code, message=message)

    with pytest.raises(MarketplaceError) as refusal:
        _client(line).conversations("token", "cipher")

    assert type(refusal.value) is expected
    assert refusal.value.code == str(code)


def test_marketplace_that_failed_five_times_is_not_called_by_anyone_on_the_shelf() -> None:
    # given a marketplace that is down, and two processes on one shelf
    shelf = OwnShelf()
    down, up = Line(status=503), Line(data=CALLS["shops"].data)

    # when the first tries for two sellers, three times each
    for token, expected in (("one", MarketplaceDown), ("two", BreakerOpen)):
        with pytest.raises(MarketplaceDown) as refusal:
            _client(down, shelf).shops(token)
        assert type(refusal.value) is expected

    # then five calls went out, and the second makes none, not even for tokens
    assert len(down.requests) == 5
    with pytest.raises(BreakerOpen):
        _client(up, shelf).orders("token", "cipher", START, NOON)
    with pytest.raises(BreakerOpen):
        _client(up, shelf).refresh("ROW_refresh")
    assert up.requests == []


def test_store_that_lost_its_authorization_stops_no_other() -> None:
    shelf = OwnShelf()
    for _ in range(10):
        with pytest.raises(NotAuthorized):
            _client(Line(code=105005), shelf).orders("token", "cipher", START, NOON)

    assert len(_client(Line(data=CALLS["shops"].data), shelf).shops("another")) == 2


def test_retry_after_of_one_call_is_heeded_by_the_next() -> None:
    shelf = OwnShelf()
    busy, free = Line(status=429, code=36009002), Line(data=CALLS["webhooks"].data)
    busy.answer.headers["retry-after"] = "90"
    with pytest.raises(RateLimited):
        _client(busy, shelf).webhooks("token", "cipher")

    with pytest.raises(RateLimited) as refusal:
        _client(free, shelf).webhooks("token", "cipher")

    assert (refusal.value.code, refusal.value.retry_after) == ("own-pace", 90.0)
    assert (len(busy.requests), free.requests) == (1, [])
    assert len(_client(free, shelf).webhooks("token", "another")) == 1
