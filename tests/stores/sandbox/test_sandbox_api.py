"""The sandbox's gateway, its searches and its pages."""

import httpx
import pytest

from stores.sandbox import shops
from stores.sandbox.settings import APP_KEY
from tests.stores.sandbox.bench import SEN_VANG, make_bench, signed

SEARCH = "/order/202309/orders/search"
DETAILS = "/order/202507/orders"
CIPHER = shops.BY_ID[SEN_VANG].cipher


def test_orders_tell_of_every_state_that_is_documented() -> None:
    """Told by the busiest shop: at a quiet one some state may be empty just now."""
    bench = make_bench()
    busy = shops.BY_ID["7495000000000000101"]
    token = bench.access(busy.id)

    totals = {}
    for state in (
        "ON_HOLD",
        "AWAITING_SHIPMENT",
        "AWAITING_COLLECTION",
        "IN_TRANSIT",
        "DELIVERED",
        "COMPLETED",
        "CANCELLED",
    ):
        _, envelope = bench.call(
            SEARCH, token, {"order_status": state}, shop_cipher=busy.cipher, page_size="1"
        )
        totals[state] = envelope["data"]["total_count"]

    assert all(totals.values()), totals


GATE = {
    "an unknown app": ({"app_key": "other"}, 400, 36009004),
    "a timestamp that is none": ({"timestamp": "-4"}, 400, 36009004),
    "a timestamp 301 s old": ({"timestamp": "1788263699"}, 400, 36009004),
    "a timestamp 31 s ahead": ({"timestamp": "1788264031"}, 400, 36009004),
    "a cipher where none belongs": ({"shop_cipher": CIPHER}, 400, 36009004),
}


@pytest.mark.parametrize(("query", "status", "code"), GATE.values(), ids=GATE.keys())
def test_gateway_refuses(query: dict[str, str], status: int, code: int) -> None:
    bench = make_bench()

    answered, envelope = bench.call("/authorization/202309/shops", bench.access(), **query)

    assert (answered, envelope["code"], envelope["data"]) == (status, code, None)


@pytest.mark.parametrize("timestamp", ["1788263700", "1788264030"])
def test_gateway_takes_a_timestamp_at_both_edges(timestamp: str) -> None:
    bench = make_bench()

    status, _ = bench.call("/authorization/202309/shops", bench.access(), timestamp=timestamp)

    assert status == 200


def test_gateway_checks_signature_over_query_and_exact_body() -> None:
    bench = make_bench()
    token = bench.access()
    query = {
        "app_key": APP_KEY,
        "timestamp": "1788264000",
        "shop_cipher": CIPHER,
        "page_size": "1",
    }
    parameters = signed(SEARCH, query, b"{}")
    headers = {"content-type": "application/json", "x-tts-access-token": token}

    def status(body: bytes, **changed: str) -> int:
        given = {**parameters, **changed}
        return bench.http.post(SEARCH, params=given, content=body, headers=headers).status_code

    assert status(b"{}") == 200
    assert status(b"{ }") == 401
    assert status(b"{}", page_size="2") == 401
    assert status(b"{}", sign="0" * 64) == 401
    assert status(b"{}", access_token="not signed") == 200


def test_gateway_names_what_is_missing() -> None:
    bench = make_bench()
    unsigned = {"app_key": APP_KEY, "timestamp": "1788264000"}

    answer = bench.http.get("/authorization/202309/shops", params=unsigned)
    assert (answer.status_code, answer.json()["code"]) == (400, 36009004)
    assert "signature" in answer.json()["message"]

    status, envelope = bench.call("/authorization/202309/shops", "no such token")
    assert (status, envelope["code"]) == (401, 36009004)

    status, envelope = bench.call(SEARCH, bench.access(), {}, page_size="1")
    assert (status, envelope["code"]) == (400, 106013)

    answer = bench.http.get("/order/202212/orders")
    assert (answer.status_code, answer.json()["code"]) == (404, 36009009)


def test_gateway_limits_calls_a_second_for_each_shop() -> None:
    bench = make_bench(calls_a_second=3)
    token = bench.access()

    statuses = [bench.call("/authorization/202309/shops", token)[0] for _ in range(4)]
    bench.move(seconds=1)
    later, _ = bench.call("/authorization/202309/shops", token)

    assert (statuses, later) == ([200, 200, 200, 429], 200)


@pytest.mark.parametrize(
    ("body", "query"),
    [
        pytest.param({}, {"page_size": "101"}, id="page too large"),
        pytest.param({}, {"page_size": "0"}, id="page of nothing"),
        pytest.param({}, {"page_size": ""}, id="no page size"),
        pytest.param({}, {"sort_field": "price"}, id="unknown order"),
        pytest.param({}, {"page_token": "made up"}, id="made-up page token"),
        pytest.param({"update_time_ge": "1"}, {}, id="a time as text"),
        pytest.param({"order_status": "CANCEL"}, {}, id="an unknown state"),
        pytest.param({"wanted": 1}, {}, id="an unknown filter"),
        pytest.param([], {}, id="a list"),
    ],
)
def test_search_refuses_what_it_does_not_know(body: object, query: dict[str, str]) -> None:
    bench = make_bench()

    status, envelope = bench.call(
        SEARCH, bench.access(), body, **{"shop_cipher": CIPHER, "page_size": "10", **query}
    )

    assert (status, envelope["code"]) == (400, 36009004)


def test_page_token_belongs_to_its_search() -> None:
    bench = make_bench()
    token = bench.access()
    query = {"shop_cipher": CIPHER, "page_size": "10"}
    _, envelope = bench.call(SEARCH, token, {}, **query)
    page_token = envelope["data"]["next_page_token"]

    same, _ = bench.call(SEARCH, token, {}, **query, page_token=page_token)
    other, _ = bench.call(
        SEARCH, token, {"order_status": "COMPLETED"}, **query, page_token=page_token
    )

    assert (same, other) == (200, 400)
    assert "+" in page_token
    assert "=" in page_token


def test_details_of_foreign_orders_are_refused() -> None:
    bench = make_bench()

    _, envelope = bench.call(DETAILS, bench.access(), ids="123", shop_cipher=CIPHER)

    assert envelope["code"] == 21008111


def test_outage_stops_the_api_and_not_the_consent_page() -> None:
    bench = make_bench()
    token = bench.access()
    bench.act("outage", kind="503")

    def status(path: str) -> int:
        return bench.http.get(path).status_code

    assert status("/authorization/202309/shops") == 503
    assert status("/api/v2/token/get") == 503
    assert status("/open/authorize?service_id=1&state=x") == 200
    bench.act("outage", kind="")
    assert bench.call("/authorization/202309/shops", token)[0] == 200


def test_unknown_bytes_never_bring_the_sandbox_down() -> None:
    bench = make_bench()

    for path in ("/%ff%fe", "/control/%00", "/open/authorize?state=%ff", "/api/v2/token/get?%"):
        assert isinstance(bench.http.get(path), httpx.Response)
