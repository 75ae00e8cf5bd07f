"""The TikTok Shop Open Platform: authorization, tokens, shops, orders.

Source: TikTok Shop Partner Center, "Authorization overview", "Sign your API request", "Common
errors" and the pages of the endpoints, as of September 2026.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlencode

import httpx

from stores.marketplaces import core
from stores.marketplaces.core import (
    BadPayload,
    MarketplaceDown,
    MarketplaceError,
    Node,
    NotAuthorized,
    RateLimited,
    RequestRefused,
    SignatureRefused,
    StoreInactive,
    TokenExpired,
)
from stores.marketplaces.tiktok_shop import payloads, signing

T = TypeVar("T")

PAGE_SIZE = 100  # the most that a search gives at once
DETAILS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A call of the API. The version belongs to the call, not to the client."""

    method: str
    template: str
    version: str

    @property
    def path(self) -> str:
        return self.template.format(version=self.version)


ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {
        "shops": Endpoint("GET", "/authorization/{version}/shops", "202309"),
        "active_shops": Endpoint("GET", "/seller/{version}/shops", "202309"),
        "search_orders": Endpoint("POST", "/order/{version}/orders/search", "202309"),
        "order_details": Endpoint("GET", "/order/{version}/orders", "202507"),
    }
)

_REFUSALS: Mapping[int, type[MarketplaceError]] = MappingProxyType(
    {
        105002: TokenExpired,
        101000: NotAuthorized,  # the token does not go with the shop
        105005: NotAuthorized,  # the scope was not granted
        36004004: NotAuthorized,  # the code or refresh token was used, has expired or is invalid
        36009033: NotAuthorized,  # our address is not on the app's list
        10006402: NotAuthorized,
        106001: SignatureRefused,
        36009003: MarketplaceDown,
        36009007: MarketplaceDown,  # a time-out on their side
        12052700: StoreInactive,
    }
)
_TOO_MANY = 36009002
_MANY_MEANINGS = 36009004
_MEANINGS: tuple[tuple[str, type[MarketplaceError]], ...] = (
    ("access_token", NotAuthorized),
    ("access-token", NotAuthorized),
    ("app_key", SignatureRefused),
    ("timestamp", SignatureRefused),
    ("signature", SignatureRefused),
)


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
    that could help.
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
        patience: core.Patience | None = None,
    ) -> None:
        self._caller = core.Caller(http, clock, sleep, patience or core.Patience())
        self._app_key = app_key
        self._app_secret = app_secret
        self._api_url = api_url.rstrip("/")
        self._auth_url = auth_url.rstrip("/")

    def exchange_code(self, code: str) -> payloads.Tokens:
        """Exchange an authorization code, good for 30 minutes and once, for tokens."""
        return self._tokens("get", {"auth_code": code, "grant_type": "authorized_code"})

    def refresh(self, refresh_token: str) -> payloads.Tokens:
        """Exchange a refresh token for new tokens: both must be stored, the old one is spent."""
        return self._tokens("refresh", {"refresh_token": refresh_token})

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
        page_size: int = PAGE_SIZE,
    ) -> payloads.OrderPage:
        """Return one page of the orders updated in ``[updated_from, updated_to)``, oldest first.

        Both ends count in whole seconds. Orders that change meanwhile leave the window at its
        end; none slips past a page that is still to come.
        """
        query = {
            "shop_cipher": shop_cipher,
            "page_size": str(page_size),
            "sort_field": "update_time",
            "sort_order": "ASC",
        }
        if page_token is not None:
            query["page_token"] = page_token
        window = {
            "update_time_ge": int(updated_from.timestamp()),
            "update_time_lt": int(updated_to.timestamp()),
        }
        page = self._read("search_orders", access_token, payloads.order_page, query, window)
        if page_token is not None and page.next_page_token == page_token:
            raise BadPayload("data.next_page_token", "leads back to the same page")
        return page

    def order_details(
        self, access_token: str, shop_cipher: str, ids: Iterable[str]
    ) -> list[payloads.OrderPayload]:
        """Return the named orders, at most 50 at once."""
        wanted = list(ids)
        if len(wanted) > DETAILS_AT_ONCE:
            raise ValueError(f"At most {DETAILS_AT_ONCE} orders at once.")
        query = {"shop_cipher": shop_cipher, "ids": ",".join(wanted)}
        return list(self._read("order_details", access_token, payloads.orders, query))

    def _tokens(self, verb: str, grant: dict[str, str]) -> payloads.Tokens:
        """Ask for tokens, once: what is lost on the way back may have spent the grant."""
        query = {
            "app_key": self._app_key,
            "app_secret": self._app_secret,
            "grant_type": "refresh_token",
            **grant,
        }
        address = httpx.URL(f"{self._auth_url}/api/v2/token/{verb}", params=query)
        return self._parsed(httpx.Request("GET", address), payloads.tokens)

    def _read(
        self,
        name: str,
        access_token: str,
        parse: Callable[[Node], T],
        query: Mapping[str, str] | None = None,
        content: Mapping[str, object] | None = None,
    ) -> T:
        def attempt() -> T:
            # Signed anew each time: the timestamp is part of the signature.
            request = self._signed_request(ENDPOINTS[name], access_token, query or {}, content)
            return self._parsed(request, parse)

        return self._caller.repeatedly(attempt)

    def _signed_request(
        self,
        endpoint: Endpoint,
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
            app_secret=self._app_secret, path=endpoint.path, parameters=parameters, body=body
        )
        headers = {"content-type": "application/json", "x-tts-access-token": access_token}
        address = httpx.URL(self._api_url + endpoint.path, params=parameters)
        return httpx.Request(endpoint.method, address, headers=headers, content=body)

    def _parsed(self, request: httpx.Request, parse: Callable[[Node], T]) -> T:
        """Return what ``parse`` makes of the answer's ``data``, or raise what went wrong."""
        answer = self._caller.once(request)
        try:
            envelope = Node(core.read_json(answer.body), "answer")
            code = envelope.field("code").integer()
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
        if answer.status == core.HTTP_TOO_MANY or refusal == _TOO_MANY:
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
