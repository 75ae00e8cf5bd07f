"""The TikTok Shop Open Platform: what we ask it and how its refusals are to be taken.

Source: TikTok Shop Partner Center, "Authorization overview", "Sign your API request", "Common
errors" and the pages of the endpoints, as of September 2026.
"""

import copy
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Protocol, Self, TypeVar
from urllib.parse import quote, urlencode

import httpx

from stores.marketplaces import core, read
from stores.marketplaces.core import (
    BadPayload,
    ClockRefused,
    MarketplaceDown,
    MarketplaceError,
    Node,
    NotAuthorized,
    NothingThere,
    RateLimited,
    RequestRefused,
    SignatureRefused,
    StoreInactive,
    TokenExpired,
    TooManyFound,
)
from stores.marketplaces.gates import Gate, OwnShelf, Shelf
from stores.marketplaces.tiktok_shop import payloads, signing

T = TypeVar("T")


class _Page(Protocol):
    @property
    def next_page_token(self) -> str | None: ...


P = TypeVar("P", bound=_Page)

CODE = "tiktok_shop"
DETAILS_AT_ONCE = 50
STOCKS_AT_ONCE = 100

WITHDRAWAL_TYPES = ("WITHDRAW", "SETTLE", "TRANSFER", "REVERSE")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A call of the API. The version belongs to the call, not to the client.

    ``page_size`` is the most that one answer holds, 0 where there are no pages.
    """

    method: str
    template: str
    version: str
    page_size: int = 0

    def path(self, subject: str = "") -> str:
        """Return the path of the call, with the id of its ``subject`` where it has one."""
        return self.template.format(version=self.version, subject=quote(subject, safe=""))


ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {
        "shops": Endpoint("GET", "/authorization/{version}/shops", "202309"),
        "active_shops": Endpoint("GET", "/seller/{version}/shops", "202309"),
        "orders": Endpoint("POST", "/order/{version}/orders/search", "202309", 100),
        "order_details": Endpoint("GET", "/order/{version}/orders", "202507"),
        "packages": Endpoint("POST", "/fulfillment/{version}/packages/search", "202309", 50),
        "package": Endpoint("GET", "/fulfillment/{version}/packages/{subject}", "202309"),
        "cancellations": Endpoint(
            "POST", "/return_refund/{version}/cancellations/search", "202309", 50
        ),
        "returns": Endpoint("POST", "/return_refund/{version}/returns/search", "202309", 50),
        "products": Endpoint("POST", "/product/{version}/products/search", "202502", 100),
        "product": Endpoint("GET", "/product/{version}/products/{subject}", "202309"),
        "inventory": Endpoint("POST", "/product/{version}/inventory/search", "202309"),
        "statements": Endpoint("GET", "/finance/{version}/statements", "202309", 100),
        "statement_transactions": Endpoint(
            "GET", "/finance/{version}/statements/{subject}/statement_transactions", "202501", 100
        ),
        "payments": Endpoint("GET", "/finance/{version}/payments", "202309", 100),
        "withdrawals": Endpoint("GET", "/finance/{version}/withdrawals", "202309", 100),
        "unsettled": Endpoint("GET", "/finance/{version}/orders/unsettled", "202507", 100),
        "conversations": Endpoint("GET", "/customer_service/{version}/conversations", "202309", 20),
        "service_performance": Endpoint("GET", "/customer_service/{version}/performance", "202407"),
        "shop_performance": Endpoint("GET", "/analytics/{version}/shop/performance", "202405"),
        "webhooks": Endpoint("GET", "/event/{version}/webhooks", "202309"),
        "set_webhook": Endpoint("PUT", "/event/{version}/webhooks", "202309"),
        "delete_webhook": Endpoint("DELETE", "/event/{version}/webhooks", "202309"),
    }
)

_REFUSALS: Mapping[int, type[MarketplaceError]] = MappingProxyType(
    {
        105002: TokenExpired,
        101000: NotAuthorized,  # the token does not go with the shop
        105005: NotAuthorized,  # the scope was not granted
        36004004: NotAuthorized,  # the code or refresh token was used, has expired or is invalid
        36009033: SignatureRefused,  # our address is not on the app's list
        10006402: NotAuthorized,
        12009014: NotAuthorized,
        12019114: NotAuthorized,
        25020005: NotAuthorized,
        106001: SignatureRefused,
        36009003: MarketplaceDown,
        36009007: MarketplaceDown,  # a time-out on their side
        45101001: MarketplaceDown,
        **dict.fromkeys((10002014, 10002015, 10037002, 10037003, 10037004), MarketplaceDown),
        12052700: StoreInactive,
        12019008: NothingThere,
        12019112: NothingThere,
        12019150: NothingThere,
        12052031: NothingThere,
        12052032: NothingThere,
        12052048: NothingThere,
        12052180: TooManyFound,
        12052260: NothingThere,
        12052547: NothingThere,
        12052704: NothingThere,
        12052901: NothingThere,  # the product is in no state for this
        21008111: NothingThere,
        22005007: NothingThere,
        45101003: NothingThere,
    }
)
_TOO_MANY = frozenset({36009002, 45101004})  # of calls a second, of chats a day
_MANY_MEANINGS = 36009004
_MEANINGS: tuple[tuple[str, type[MarketplaceError]], ...] = (
    ("access_token", NotAuthorized),
    ("access-token", NotAuthorized),
    ("shop_cipher", NotAuthorized),
    ("app_key", SignatureRefused),
    ("timestamp", ClockRefused),
    ("signature", SignatureRefused),
)


def _store(shop_cipher: str) -> dict[str, str]:
    return {"shop_cipher": shop_cipher}


def _sorted_by(field: str) -> dict[str, str]:
    return {"sort_field": field, "sort_order": "ASC"}


def _window(field: str, start: datetime, end: datetime) -> dict[str, int]:
    """Return the half-open period, in whole seconds."""
    return {f"{field}_ge": int(start.timestamp()), f"{field}_lt": int(end.timestamp())}


def _written(window: Mapping[str, int]) -> dict[str, str]:
    return {name: str(value) for name, value in window.items()}


def _nothing(_: Node) -> None:
    """Take an answer that says nothing but that it was done."""


_OLDEST_UPDATE_FIRST: Mapping[str, str] = MappingProxyType(_sorted_by("update_time"))


def authorization_url(
    *, market: str, service_id: str, state: str, services_url: str, services_us_url: str
) -> str:
    """Return where a seller of ``market`` (ISO country) agrees; the US has a host of its own."""
    host = services_us_url if market == "US" else services_url
    query = urlencode({"service_id": service_id, "state": state})
    return f"{host.rstrip('/')}/open/authorize?{query}"


class Client:
    """Calls TikTok Shop for one app. Access tokens and shop ciphers come with each call.

    Every method may raise any ``core.MarketplaceError``; reads have then been tried again while
    that could help. ``shelf`` is where the breaker and the paces are kept: clients that are to
    spare the marketplace together share one; without it a client has its own. ``ticks`` is a clock
    of seconds that only goes forward.
    """

    def __init__(
        self,
        http: httpx.Client,
        app_key: str,
        app_secret: str,
        api_url: str,
        auth_url: str,
        *,
        clock: Callable[[], datetime] = core.wall_clock,
        sleep: Callable[[float], None] = time.sleep,
        shelf: Shelf | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._caller = core.Caller(http, clock, sleep)
        self._gate = Gate(CODE, app_key, shelf or OwnShelf(), clock, sleep, ticks=ticks)
        self.ticks = ticks
        self._app_key = app_key
        self._app_secret = app_secret
        self._api_url = api_url.rstrip("/")
        self._auth_url = auth_url.rstrip("/")

    def until(self, ends_at: float) -> Self:
        """Return a client that begins no call after ``ends_at`` by ``ticks``."""
        other = copy.copy(self)
        other._gate = replace(self._gate, ends_at=ends_at)  # noqa: SLF001 - of our own copy
        return other

    def exchange_code(self, code: str) -> payloads.Tokens:
        """Exchange an authorization code, good for 30 minutes and once, for tokens."""
        return self._tokens("get", "authorized_code", {"auth_code": code})

    def refresh(self, refresh_token: str) -> payloads.Tokens:
        """Exchange a refresh token for new tokens: both must be stored, the old one is spent."""
        return self._tokens("refresh", "refresh_token", {"refresh_token": refresh_token})

    def shops(self, access_token: str) -> list[payloads.ShopPayload]:
        """Return the shops that the seller authorized."""
        return self._read("shops", access_token, payloads.shops)

    def active_shops(self, access_token: str) -> list[payloads.ActiveShopPayload]:
        """Return those of the seller's shops that the marketplace holds to be active."""
        return self._read("active_shops", access_token, payloads.active_shops)

    def orders(
        self,
        access_token: str,
        shop_cipher: str,
        updated_from: datetime,
        updated_to: datetime,
        page_token: str | None = None,
        *,
        page_size: int | None = None,
    ) -> payloads.OrderPage:
        """Return one page of the orders updated in ``[updated_from, updated_to)``, oldest first.

        Both ends count in whole seconds. Orders that change meanwhile leave the window at its
        end; none slips past a page that is still to come.
        """
        return self._page(
            "orders",
            access_token,
            payloads.order_page,
            {**_store(shop_cipher), **_OLDEST_UPDATE_FIRST},
            page_token,
            _window("update_time", updated_from, updated_to),
            page_size=page_size,
        )

    def order_details(
        self, access_token: str, shop_cipher: str, ids: Iterable[str]
    ) -> list[payloads.OrderPayload]:
        """Return the named orders, at most 50 at once."""
        wanted = list(ids)
        if len(wanted) > DETAILS_AT_ONCE:
            raise ValueError(f"At most {DETAILS_AT_ONCE} orders at once.")
        query = {**_store(shop_cipher), "ids": ",".join(wanted)}
        return list(self._read("order_details", access_token, payloads.orders, query))

    def packages(
        self,
        access_token: str,
        shop_cipher: str,
        updated_from: datetime,
        updated_to: datetime,
        page_token: str | None = None,
    ) -> payloads.PackagePage:
        """Return one page of the packages updated in ``[updated_from, updated_to)``, as orders."""
        return self._page(
            "packages",
            access_token,
            payloads.package_page,
            {**_store(shop_cipher), **_OLDEST_UPDATE_FIRST},
            page_token,
            _window("update_time", updated_from, updated_to),
        )

    def package(
        self, access_token: str, shop_cipher: str, package_id: str
    ) -> payloads.PackageDetail:
        return self._read(
            "package", access_token, payloads.package, _store(shop_cipher), subject=package_id
        )

    def cancellations(
        self,
        access_token: str,
        shop_cipher: str,
        updated_from: datetime,
        updated_to: datetime,
        page_token: str | None = None,
    ) -> payloads.CancellationPage:
        """Return one page of the cancellations updated in ``[updated_from, updated_to)``."""
        return self._page(
            "cancellations",
            access_token,
            payloads.cancellation_page,
            {**_store(shop_cipher), **_OLDEST_UPDATE_FIRST},
            page_token,
            _window("update_time", updated_from, updated_to),
        )

    def returns(
        self,
        access_token: str,
        shop_cipher: str,
        updated_from: datetime,
        updated_to: datetime,
        page_token: str | None = None,
    ) -> payloads.ReturnPage:
        """Return one page of the returns updated in ``[updated_from, updated_to)``."""
        return self._page(
            "returns",
            access_token,
            payloads.return_page,
            {**_store(shop_cipher), **_OLDEST_UPDATE_FIRST},
            page_token,
            _window("update_time", updated_from, updated_to),
        )

    def products(
        self,
        access_token: str,
        shop_cipher: str,
        updated_from: datetime,
        updated_to: datetime,
        page_token: str | None = None,
    ) -> payloads.ProductPage:
        """Return one page of the products updated in ``[updated_from, updated_to)``, in no order.

        More than 10,000 at once raise ``TooManyFound``; a narrower window finds them.
        """
        last = updated_to - timedelta(seconds=1)  # the marketplace takes the end in
        window = {
            "update_time_ge": int(updated_from.timestamp()),
            "update_time_le": int(last.timestamp()),
        }
        return self._page(
            "products",
            access_token,
            payloads.product_page,
            _store(shop_cipher),
            page_token,
            window,
        )

    def product(
        self, access_token: str, shop_cipher: str, product_id: str
    ) -> payloads.ProductDetail:
        """Return a product with the reasons why its audit failed."""
        return self._read(
            "product", access_token, payloads.product, _store(shop_cipher), subject=product_id
        )

    def inventory(
        self, access_token: str, shop_cipher: str, product_ids: Iterable[str]
    ) -> list[payloads.StockPayload]:
        """Return the stock of every SKU of the named products, at most 100 products at once."""
        wanted = list(product_ids)
        if len(wanted) > STOCKS_AT_ONCE:
            raise ValueError(f"At most {STOCKS_AT_ONCE} products at once.")
        return self._read(
            "inventory",
            access_token,
            payloads.inventory,
            _store(shop_cipher),
            {"product_ids": wanted},
        )

    def statements(
        self,
        access_token: str,
        shop_cipher: str,
        made_from: datetime,
        made_to: datetime,
        page_token: str | None = None,
    ) -> payloads.StatementPage:
        """Return one page of the statements made in ``[made_from, made_to)``, oldest first."""
        return self._page(
            "statements",
            access_token,
            payloads.statement_page,
            {
                **_store(shop_cipher),
                **_sorted_by("statement_time"),
                **_written(_window("statement_time", made_from, made_to)),
            },
            page_token,
        )

    def statement_transactions(
        self,
        access_token: str,
        shop_cipher: str,
        statement_id: str,
        page_token: str | None = None,
    ) -> payloads.StatementTransactionPage:
        """Return one page of a statement's lines, oldest order first."""
        return self._page(
            "statement_transactions",
            access_token,
            payloads.statement_transaction_page,
            {**_store(shop_cipher), **_sorted_by("order_create_time")},
            page_token,
            subject=statement_id,
        )

    def payments(
        self,
        access_token: str,
        shop_cipher: str,
        created_from: datetime,
        created_to: datetime,
        page_token: str | None = None,
    ) -> payloads.PaymentPage:
        """Return one page of the payments begun in ``[created_from, created_to)``, oldest first.

        South-East Asia has none.
        """
        return self._page(
            "payments",
            access_token,
            payloads.payment_page,
            {
                **_store(shop_cipher),
                **_sorted_by("create_time"),
                **_written(_window("create_time", created_from, created_to)),
            },
            page_token,
        )

    def withdrawals(
        self,
        access_token: str,
        shop_cipher: str,
        created_from: datetime,
        created_to: datetime,
        page_token: str | None = None,
    ) -> payloads.WithdrawalPage:
        """Return one page of the withdrawals begun in ``[created_from, created_to)``.

        Settlements, subsidies, deductions and failed withdrawals are among them.
        """
        return self._page(
            "withdrawals",
            access_token,
            payloads.withdrawal_page,
            {
                **_store(shop_cipher),
                "types": ",".join(WITHDRAWAL_TYPES),
                **_written(_window("create_time", created_from, created_to)),
            },
            page_token,
        )

    def unsettled(
        self,
        access_token: str,
        shop_cipher: str,
        made_from: datetime,
        made_to: datetime,
        page_token: str | None = None,
    ) -> payloads.UnsettledPage:
        """Return one page of what is not settled yet, oldest order first."""
        return self._page(
            "unsettled",
            access_token,
            payloads.unsettled_page,
            {
                **_store(shop_cipher),
                **_sorted_by("order_create_time"),
                **_written(_window("search_time", made_from, made_to)),
            },
            page_token,
        )

    def conversations(
        self, access_token: str, shop_cipher: str, page_token: str | None = None
    ) -> payloads.ConversationPage:
        """Return one page of the store's chats: no message and nobody's name."""
        return self._page(
            "conversations",
            access_token,
            payloads.conversation_page,
            _store(shop_cipher),
            page_token,
        )

    def service_performance(
        self, access_token: str, shop_cipher: str, day_from: date, day_to: date
    ) -> payloads.ServicePerformance:
        """Return how the chats begun in ``[day_from, day_to)`` were answered."""
        query = {
            **_store(shop_cipher),
            "support_date_ge": day_from.isoformat(),
            "support_date_lt": day_to.isoformat(),
        }
        return self._read("service_performance", access_token, payloads.service_performance, query)

    def shop_performance(
        self, access_token: str, shop_cipher: str, day_from: date, day_to: date
    ) -> payloads.ShopPerformance:
        """Return the sales of each day in ``[day_from, day_to)``, in the shop's time zone."""
        query = {
            **_store(shop_cipher),
            "start_date_ge": day_from.isoformat(),
            "end_date_lt": day_to.isoformat(),
            "granularity": "1D",
        }
        return self._read("shop_performance", access_token, payloads.shop_performance, query)

    def webhooks(self, access_token: str, shop_cipher: str) -> list[payloads.WebhookPayload]:
        """Return where the store's pushes go."""
        return self._read("webhooks", access_token, payloads.webhooks, _store(shop_cipher))

    def set_webhook(
        self, access_token: str, shop_cipher: str, *, event_type: str, address: str
    ) -> None:
        """Send the store's pushes of ``event_type`` to ``address`` from now on."""
        content = {"event_type": event_type, "address": address}
        self._read("set_webhook", access_token, _nothing, _store(shop_cipher), content)

    def delete_webhook(self, access_token: str, shop_cipher: str, *, event_type: str) -> None:
        """Send no more pushes of ``event_type``; it may be that none were sent."""
        content = {"event_type": event_type}
        self._read("delete_webhook", access_token, _nothing, _store(shop_cipher), content)

    def _tokens(self, verb: str, grant_type: str, grant: dict[str, str]) -> payloads.Tokens:
        """Ask for tokens, once: what is lost on the way back may have spent the grant."""
        query = {
            "app_key": self._app_key,
            "app_secret": self._app_secret,
            "grant_type": grant_type,
            **grant,
        }
        address = httpx.URL(f"{self._auth_url}/api/v2/token/{verb}", params=query)
        with self._gate.passing("".join(grant.values())):
            return self._parsed(httpx.Request("GET", address), payloads.tokens)

    def _page(
        self,
        name: str,
        access_token: str,
        parse: Callable[[Node], P],
        query: Mapping[str, str],
        page_token: str | None,
        content: Mapping[str, object] | None = None,
        *,
        page_size: int | None = None,
        subject: str = "",
    ) -> P:
        """Return one page, never the one whose token was given.

        A page that led back to itself would be read for ever.
        """
        paging = {"page_size": str(page_size or ENDPOINTS[name].page_size)}
        if page_token is not None:
            paging["page_token"] = page_token
        page = self._read(name, access_token, parse, {**query, **paging}, content, subject=subject)
        if page_token is not None and page.next_page_token == page_token:
            raise BadPayload("data.next_page_token", "leads back to the same page")
        return page

    def _read(
        self,
        name: str,
        access_token: str,
        parse: Callable[[Node], T],
        query: Mapping[str, str] | None = None,
        content: Mapping[str, object] | None = None,
        *,
        subject: str = "",
    ) -> T:
        endpoint = ENDPOINTS[name]
        parameters = query or {}

        def attempt() -> T:
            with self._gate.passing(parameters.get("shop_cipher", access_token)):
                # Signed anew each time: the timestamp is part of the signature.
                request = self._signed_request(
                    endpoint.method, endpoint.path(subject), access_token, parameters, content
                )
                return self._parsed(request, parse)

        return self._caller.repeatedly(attempt)

    def _signed_request(
        self,
        method: str,
        path: str,
        access_token: str,
        query: Mapping[str, str],
        content: Mapping[str, object] | None,
    ) -> httpx.Request:
        body = b"" if content is None else json.dumps(content, separators=(",", ":")).encode()
        parameters = {
            **query,
            "app_key": self._app_key,
            "timestamp": str(int(self._caller.clock().timestamp())),
        }
        parameters["sign"] = signing.signature(
            app_secret=self._app_secret, path=path, parameters=parameters, body=body
        )
        headers = {"content-type": "application/json", "x-tts-access-token": access_token}
        address = httpx.URL(self._api_url + path, params=parameters)
        return httpx.Request(method, address, headers=headers, content=body)

    def _parsed(self, request: httpx.Request, parse: Callable[[Node], T]) -> T:
        """Return what ``parse`` makes of the answer's ``data``, or raise what went wrong."""
        answer = self._caller.once(request)
        try:
            envelope = Node(core.read_json(answer.body), "answer")
            code = envelope.get("code", read.integer)
        except BadPayload:
            self._refuse_status(answer, request_id="")
            raise
        request_id = _request_id(envelope)
        self._refuse_status(answer, request_id, refusal=code)
        if code != 0:
            raise _refusal(code, envelope)
        try:
            return parse(Node(envelope.field("data").value, "data"))
        except BadPayload as bad:
            raise BadPayload(bad.path, bad.complaint, request_id=request_id) from None

    def _refuse_status(self, answer: core.Answer, request_id: str, *, refusal: int = 0) -> None:
        """Raise for a status that says more than the envelope; a refusal in it says most."""
        code = str(refusal) if refusal else f"http-{answer.status}"
        if answer.status == core.HTTP_TOO_MANY or refusal in _TOO_MANY:
            wait = core.retry_after(answer, self._caller.clock())
            raise RateLimited(code=code, request_id=request_id, retry_after=wait)
        if answer.status in core.HTTP_SERVER_ERRORS:
            raise MarketplaceDown(code=code, request_id=request_id)
        if answer.status != core.HTTP_OK and not refusal:
            raise RequestRefused(code=code, request_id=request_id)


def _refusal(code: int, envelope: Node) -> MarketplaceError:
    kind = _REFUSALS.get(code, RequestRefused)
    if code == _MANY_MEANINGS:
        said = envelope.field("message").value
        words = said.lower() if isinstance(said, str) else ""
        kind = next((kind for word, kind in _MEANINGS if word in words), RequestRefused)
    return kind(code=str(code), request_id=_request_id(envelope))


def _request_id(envelope: Node) -> str:
    said = envelope.field("request_id").value
    return said if isinstance(said, str) else ""
