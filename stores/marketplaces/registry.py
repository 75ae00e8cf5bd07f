"""Which marketplaces there are, what each can tell, and how to get its client."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import MappingProxyType

import httpx
from django.conf import settings

from stores.marketplaces import core
from stores.marketplaces.gates import OwnShelf, Shelf
from stores.marketplaces.shelves import shelf_at
from stores.marketplaces.tiktok_shop.client import Client


@dataclass(frozen=True, slots=True)
class Marketplace:
    """A marketplace and what its API can tell; the rest comes by mail, by file or from people."""

    code: str
    can_connect: bool  # whether there is a client; without one a store is kept by hand
    tells: frozenset[str]
    silences: frozenset[tuple[str, str]] = frozenset()  # what it does not tell in which market

    def can_tell(self, what: str, market: str | None = None) -> bool:
        """Tell whether its API says ``what``: in ``market`` (ISO country), or anywhere at all."""
        return what in self.tells and (what, market) not in self.silences


_SOUTH_EAST_ASIA = frozenset({"ID", "MY", "PH", "SG", "TH", "VN"})

# TikTok Shop has no call for rating, violations, announcements or balance, and none for the
# chats' two-step state; the others publish more than their clients here ask for yet.
MARKETPLACES: Mapping[str, Marketplace] = MappingProxyType(
    {
        "tiktok_shop": Marketplace(
            code="tiktok_shop",
            can_connect=True,
            tells=frozenset(
                {
                    "shops",
                    "activity",
                    "authorization_expiry",
                    "webhooks",
                    "orders",
                    "packages",
                    "cancellations",
                    "returns",
                    "products",
                    "stock",
                    "statements",
                    "payments",
                    "withdrawals",
                    "unsettled",
                    "conversations",
                    "service_performance",
                    "shop_performance",
                }
            ),
            silences=frozenset(("payments", market) for market in _SOUTH_EAST_ASIA),
        ),
        "shopee": Marketplace(
            code="shopee",
            can_connect=False,
            tells=frozenset(
                {"shops", "orders", "authorization_expiry", "points", "violations", "announcements"}
            ),
        ),
        "lazada": Marketplace(
            code="lazada",
            can_connect=False,
            tells=frozenset(
                {"shops", "orders", "activity", "authorization_expiry", "metrics", "announcements"}
            ),
        ),
    }
)


class NoClient(LookupError):
    """There is no client for this marketplace."""


@dataclass(frozen=True, slots=True)
class _Line:
    """What clients call through, and what they remember of the calls before."""

    http: httpx.Client
    shelf: Shelf = field(default_factory=OwnShelf)


_line: ContextVar[_Line | None] = ContextVar("line", default=None)


@contextlib.contextmanager
def transport_in_use(transport: httpx.BaseTransport) -> Iterator[None]:
    """Send the calls of all clients made inside through ``transport`` instead of the network."""
    token = _line.set(_Line(httpx.Client(transport=transport)))
    try:
        yield
    finally:
        _line.reset(token)


@cache
def _shared_line() -> _Line:
    """Return the process's pool of connections, and the shelf that it shares with the others.

    Made on first use, so after any fork.
    """
    return _Line(httpx.Client(timeout=core.TIMEOUT), shelf_at(settings.REDIS_URL))


def client_for(
    marketplace: str,
    *,
    clock: Callable[[], datetime] = core.wall_clock,
    sleep: Callable[[float], None] = time.sleep,
    shelf: Shelf | None = None,
) -> Client:
    """Return a client for ``marketplace`` with the app of the settings.

    Its breaker and paces stand on ``shelf``, or on the one that all processes share.

    Raises:
        NoClient: if there is none.
    """
    known = MARKETPLACES.get(marketplace)
    if known is None or not known.can_connect:
        raise NoClient(marketplace)
    line = _line.get() or _shared_line()
    app = settings.TIKTOK_SHOP
    return Client(
        line.http,
        app["app_key"],
        app["app_secret"],
        app["api_url"],
        app["auth_url"],
        clock=clock,
        sleep=sleep,
        shelf=shelf or line.shelf,
    )
