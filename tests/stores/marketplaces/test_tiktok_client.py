"""The client against the sandbox, in-process: no network, no patched code."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from stores.marketplaces.core import (
    BadPayload,
    ClockRefused,
    MarketplaceDown,
    MarketplaceError,
    NotAuthorized,
    RateLimited,
    RequestRefused,
    SignatureRefused,
    StoreInactive,
    TokenExpired,
)
from stores.marketplaces.tiktok_shop.client import authorization_url
from stores.marketplaces.tiktok_shop.payloads import ActiveShopPayload, OrderPayload
from stores.sandbox import shops as sandbox_shops
from tests.stores.sandbox.bench import HARBOR_VN, HOST, NOON, SEN_VANG, Bench, make_bench

HALF_A_YEAR_AGO = NOON - timedelta(days=180)


def _all_orders(bench: Bench, token: str, cipher: str, page_size: int) -> list[OrderPayload]:
    found: list[OrderPayload] = []
    page_token: str | None = None
    while True:
        page = bench.client().orders(
            token, cipher, HALF_A_YEAR_AGO, bench.now, page_token, page_size=page_size
        )
        found += page.orders
        page_token = page.next_page_token
        if page_token is None:
            assert page.total == len(found)
            return found


def test_a_seller_agrees_and_her_shop_and_orders_are_read() -> None:
    # given a seller on the consent page
    bench = make_bench()
    address = authorization_url(
        market="VN",
        service_id="7400",
        state="one pass",
        services_url=HOST,
        services_us_url="https://us.test",
    )
    assert bench.http.get(address).status_code == 200

    # when she authorizes her shop
    back = bench.http.post(
        "/open/authorize",
        data={
            "service_id": "7400",
            "state": "one pass",
            "shop": SEN_VANG,
            "decision": "authorize",
        },
    )
    parameters = parse_qs(urlsplit(back.headers["location"]).query)
    tokens = bench.client().exchange_code(parameters["code"][0])

    # then the shop, its state and 180 days of orders can be read
    assert parameters["state"] == ["one pass"]
    assert tokens.access_token_expires_at == NOON + timedelta(days=7)
    (shop,) = bench.client().shops(tokens.access_token)
    assert (shop.id, shop.name, shop.region, shop.seller_type) == (
        SEN_VANG,
        "Sen Vàng Beauty",
        "VN",
        "LOCAL",
    )
    assert bench.client().active_shops(tokens.access_token) == [ActiveShopPayload(SEN_VANG, "VN")]
    found = _all_orders(bench, tokens.access_token, shop.cipher, 100)
    assert len(found) > 1500
    assert len({order.id for order in found}) == len(found)
    assert [order.update_time for order in found] == sorted(order.update_time for order in found)


def test_pages_of_any_size_hold_the_same_orders() -> None:
    bench = make_bench()
    token = bench.access()
    cipher = sandbox_shops.BY_ID[SEN_VANG].cipher

    large = _all_orders(bench, token, cipher, 100)
    odd = _all_orders(bench, token, cipher, 83)

    assert odd == large


def test_window_is_half_open() -> None:
    # given an order updated at a known second
    bench = make_bench()
    token, cipher = bench.access(), sandbox_shops.BY_ID[SEN_VANG].cipher
    order = bench.client().orders(token, cipher, HALF_A_YEAR_AGO, bench.now).orders[50]
    second = timedelta(seconds=1)

    def found(since: timedelta, until: timedelta) -> list[str]:
        start, end = order.update_time + since, order.update_time + until
        return [o.id for o in bench.client().orders(token, cipher, start, end).orders]

    # then it is in the window that starts there and not in the one that ends there
    assert order.id in found(timedelta(0), second)
    assert order.id not in found(-second, timedelta(0))


def test_details_equal_what_the_search_told() -> None:
    bench = make_bench()
    token, cipher = bench.access(), sandbox_shops.BY_ID[SEN_VANG].cipher
    listed = bench.client().orders(token, cipher, HALF_A_YEAR_AGO, bench.now).orders[:50]

    details = bench.client().order_details(token, cipher, [order.id for order in listed])

    assert details == list(listed)
    with pytest.raises(ValueError, match="At most 50"):
        bench.client().order_details(token, cipher, ["1"] * 51)


def test_cross_border_seller_has_a_shop_a_market() -> None:
    bench = make_bench()

    found = bench.client().shops(bench.access(HARBOR_VN))

    assert [(shop.region, shop.seller_type) for shop in found] == [
        ("VN", "CROSS_BORDER"),
        ("TH", "CROSS_BORDER"),
        ("PH", "CROSS_BORDER"),
    ]


@pytest.mark.parametrize(
    ("market", "host"),
    [("US", "https://us.test"), ("VN", "https://row.test"), ("GB", "https://row.test")],
)
def test_authorization_url_has_its_own_host_for_the_us(market: str, host: str) -> None:
    address = authorization_url(
        market=market,
        service_id="7400",
        state="a&b=c",
        services_url="https://row.test/",
        services_us_url="https://us.test",
    )

    assert address == f"{host}/open/authorize?service_id=7400&state=a%26b%3Dc"


# -- Tokens ----------------------------------------------------------------------------------


def test_code_serves_once() -> None:
    bench = make_bench()
    code = bench.act("grant", shop=SEN_VANG)["code"]
    bench.client().exchange_code(code)

    with pytest.raises(NotAuthorized) as refusal:
        bench.client().exchange_code(code)

    assert refusal.value.code == "36004004"


def test_code_serves_for_half_an_hour() -> None:
    bench = make_bench()
    early, late = (bench.act("grant", shop=SEN_VANG)["code"] for _ in range(2))

    bench.move(minutes=29, seconds=59)
    bench.client().exchange_code(early)
    bench.move(seconds=1)
    with pytest.raises(NotAuthorized):
        bench.client().exchange_code(late)


def test_refresh_brings_new_tokens_and_spends_the_old_one() -> None:
    bench = make_bench()
    first = bench.client().exchange_code(bench.act("grant", shop=SEN_VANG)["code"])
    bench.move(days=5)

    second = bench.client().refresh(first.refresh_token)

    assert len(bench.client().shops(second.access_token)) == 1
    assert second.access_token_expires_at == NOON + timedelta(days=12)
    with pytest.raises(NotAuthorized):
        bench.client().refresh(first.refresh_token)


def test_access_token_expires_after_its_days_and_a_refresh_mends_it() -> None:
    bench = make_bench()
    tokens = bench.client().exchange_code(bench.act("grant", shop=SEN_VANG)["code"])

    bench.move(days=7)
    with pytest.raises(TokenExpired) as refusal:
        bench.client().shops(tokens.access_token)

    assert refusal.value.code == "105002"
    assert refusal.value.request_id.startswith("20260908120000")
    assert len(bench.client().shops(bench.client().refresh(tokens.refresh_token).access_token)) == 1


@pytest.mark.parametrize("outage", ["503", "500", "cut"])
def test_token_calls_are_never_repeated(outage: str) -> None:
    """The answer may have been lost after the code was spent: trying again would be refused."""
    bench = make_bench()
    code = bench.act("grant", shop=SEN_VANG)["code"]
    bench.act("outage", kind=outage)

    with pytest.raises((MarketplaceDown, BadPayload)):
        bench.client().exchange_code(code)

    assert bench.waits == []


# -- Refusals --------------------------------------------------------------------------------


def _revoked(bench: Bench) -> None:
    bench.act("revoke", shop=SEN_VANG)


def _expired(bench: Bench) -> None:
    bench.act("expire", shop=SEN_VANG)


def _ahead(bench: Bench) -> None:
    bench.act("clock-skew", seconds=301)


def _behind(bench: Bench) -> None:
    bench.act("clock-skew", seconds=-31)


def _unknown(bench: Bench) -> None:
    bench.act("outage", kind="refused")


@pytest.mark.parametrize(
    ("incident", "expected"),
    [
        pytest.param(_revoked, NotAuthorized, id="authorization removed"),
        pytest.param(_expired, TokenExpired, id="token expired"),
        pytest.param(_ahead, ClockRefused, id="our clock is 301 s behind"),
        pytest.param(_behind, ClockRefused, id="our clock is 31 s ahead"),
        pytest.param(_unknown, RequestRefused, id="a code that nobody knows, with status 200"),
    ],
)
def test_refusal_is_raised_at_once_as_what_it_means(
    incident: Callable[[Bench], None], expected: type[MarketplaceError]
) -> None:
    bench = make_bench()
    token = bench.access()
    incident(bench)

    with pytest.raises(MarketplaceError) as refusal:
        bench.client().shops(token)

    assert type(refusal.value) is expected
    assert bench.waits == []


@pytest.mark.parametrize("skew", [300, -30, 0])
def test_clocks_may_differ_by_five_minutes_behind_and_half_a_minute_ahead(skew: int) -> None:
    bench = make_bench()
    token = bench.access()
    bench.act("clock-skew", seconds=skew)

    assert len(bench.client().shops(token)) == 1


def test_forged_signature_is_refused() -> None:
    bench = make_bench()
    token = bench.access()

    with pytest.raises(SignatureRefused) as refusal:
        bench.client(app_secret="not the secret").shops(token)

    assert refusal.value.code == "106001"


def test_inactive_shop_refuses_its_orders_and_is_not_among_the_active_ones() -> None:
    bench = make_bench()
    token, cipher = bench.access(), sandbox_shops.BY_ID[SEN_VANG].cipher
    bench.act("inactive", shop=SEN_VANG)

    assert bench.client().active_shops(token) == []
    with pytest.raises(StoreInactive):
        bench.client().orders(token, cipher, HALF_A_YEAR_AGO, bench.now)


def test_another_sellers_cipher_is_not_authorized() -> None:
    bench = make_bench()
    foreign = sandbox_shops.BY_ID[HARBOR_VN].cipher

    with pytest.raises(NotAuthorized) as refusal:
        bench.client().orders(bench.access(), foreign, HALF_A_YEAR_AGO, bench.now)

    assert refusal.value.code == "101000"


# -- Faults ----------------------------------------------------------------------------------


def test_too_many_requests_are_waited_for_as_long_as_asked() -> None:
    bench = make_bench()
    token = bench.access()
    bench.act("rate-limit", calls=2, retry_after=3)

    assert len(bench.client().shops(token)) == 1
    assert bench.waits == [3.0, 3.0]


def test_too_many_requests_are_raised_when_the_wait_is_too_long() -> None:
    bench = make_bench()
    token = bench.access()
    bench.act("rate-limit", calls=1, retry_after=600)

    with pytest.raises(RateLimited) as refusal:
        bench.client().shops(token)

    assert (refusal.value.code, refusal.value.retry_after) == ("36009002", 600.0)
    assert bench.waits == []


@pytest.mark.parametrize(
    ("outage", "expected", "code"),
    [
        pytest.param("503", MarketplaceDown, "http-503", id="overload"),
        pytest.param("500", MarketplaceDown, "36009003", id="internal error"),
    ],
)
def test_marketplace_that_is_down_is_tried_three_times(
    outage: str, expected: type[MarketplaceError], code: str
) -> None:
    bench = make_bench()
    token = bench.access()
    bench.act("outage", kind=outage)

    with pytest.raises(expected) as refusal:
        bench.client().shops(token)

    assert refusal.value.code == code
    assert len(bench.waits) == 2
    assert 0.5 <= bench.waits[0] <= 1.0 <= bench.waits[1] <= 2.0


@pytest.mark.parametrize(
    ("outage", "complaint"),
    [
        pytest.param("cut", "answer is not JSON", id="cut"),
        pytest.param("nan", "answer holds a number that is none", id="NaN"),
        pytest.param("html", "answer is not JSON", id="a page"),
    ],
)
def test_answer_that_is_no_answer_is_a_bad_payload(outage: str, complaint: str) -> None:
    bench = make_bench()
    token = bench.access()
    bench.act("outage", kind=outage)

    with pytest.raises(BadPayload) as refusal:
        bench.client().shops(token)

    assert str(refusal.value) == complaint


class _Scripted(httpx.BaseTransport):
    """Answers with what it was given, one after another, and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_call_is_signed_anew_for_each_try() -> None:
    # given a marketplace that drops the first call and is busy at the second
    bench = make_bench()
    busy = httpx.Response(429, headers={"retry-after": "5"}, text="busy")
    empty = httpx.Response(200, json={"code": 0, "data": {"shops": []}})
    transport = _Scripted(httpx.ReadTimeout("slow"), busy, empty)

    # when
    assert bench.client(transport=transport).shops("a token") == []

    # then
    _, second, third = (request.url.params for request in transport.requests)
    assert int(third["timestamp"]) == int(second["timestamp"]) + 5
    assert third["sign"] != second["sign"]


def test_redirect_is_not_followed_with_the_token() -> None:
    transport = _Scripted(httpx.Response(302, headers={"location": "https://evil.test/"}))

    with pytest.raises(RequestRefused) as refusal:
        make_bench().client(transport=transport).shops("a token")

    assert refusal.value.code == "http-302"
    assert [request.url.host for request in transport.requests] == ["sandbox.test"]


def test_page_that_leads_back_to_itself_is_refused() -> None:
    data = {"orders": [], "total_count": 5, "next_page_token": "again"}
    transport = _Scripted(httpx.Response(200, json={"code": 0, "data": data}))

    with pytest.raises(BadPayload) as refusal:
        make_bench().client(transport=transport).orders("t", "c", HALF_A_YEAR_AGO, NOON, "again")

    assert str(refusal.value) == "data.next_page_token leads back to the same page"


def test_errors_hold_no_secret_and_no_chain_that_would() -> None:
    """A token call has the app's secret in its address, which httpx keeps in its errors."""
    said = {"code": 36004004, "message": "bad secret-refresh", "request_id": "r1", "data": None}
    failures: list[MarketplaceError] = []
    for answer in (
        httpx.ConnectError("secret-refresh"),
        httpx.Response(500, text="secret-refresh"),
        httpx.Response(200, json=said),
        httpx.Response(200, json={"code": 0, "data": {"access_token": "secret-token"}}),
    ):
        client = make_bench().client("secret-of-app", transport=_Scripted(answer))
        with pytest.raises(MarketplaceError) as refusal:
            client.refresh("secret-refresh")
        failures.append(refusal.value)

    assert "secret" not in "".join(f"{failure} {failure!r}" for failure in failures)
    shown = [None if f.__suppress_context__ else f.__context__ for f in failures]
    assert not [context for context in shown if isinstance(context, httpx.HTTPError)]
