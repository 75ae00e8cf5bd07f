"""Which marketplaces there are, what each can tell, and how to get its client."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType

import httpx
from django.conf import settings

from stores.marketplaces import core
from stores.marketplaces.tiktok_shop.client import Client


@dataclass(frozen=True, slots=True)
class Marketplace:
    """A marketplace and what its API can tell; the rest comes by mail, by file or from people."""

    code: str
    can_connect: bool  # whether there is a client; without one a store is kept by hand
    tells: frozenset[str]

    def can_tell(self, what: str) -> bool:
        return what in self.tells


# TikTok Shop has no call for rating, violations, announcements or balance, and none for the
# chats' two-step state; the others publish more than their clients here ask for yet.
MARKETPLACES: Mapping[str, Marketplace] = MappingProxyType(
    {
        "tiktok_shop": Marketplace(
            code="tiktok_shop",
            can_connect=True,
            tells=frozenset({"shops", "orders", "activity", "authorization_expiry"}),
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


_transport: ContextVar[httpx.BaseTransport | None] = ContextVar("transport", default=None)


@contextlib.contextmanager
def transport_in_use(transport: httpx.BaseTransport) -> Iterator[None]:
    """Send the calls of all clients made inside through ``transport`` instead of the network."""
    token = _transport.set(transport)
    try:
        yield
    finally:
        _transport.reset(token)


@cache
def _shared_http() -> httpx.Client:
    """Return the process's one pool of connections; made on first use, so after any fork."""
    return httpx.Client(timeout=core.TIMEOUT)


def client_for(
    marketplace: str,
    *,
    clock: Callable[[], datetime] = core.wall_clock,
    sleep: Callable[[float], None] = time.sleep,
) -> Client:
    """Return a client for ``marketplace`` with the app of the settings.

    Raises:
        NoClient: if there is none.
    """
    known = MARKETPLACES.get(marketplace)
    if known is None or not known.can_connect:
        raise NoClient(marketplace)
    transport = _transport.get()
    http = _shared_http() if transport is None else httpx.Client(transport=transport)
    app = settings.TIKTOK_SHOP
    return Client(
        http,
        app["app_key"],
        app["app_secret"],
        app["api_url"],
        app["auth_url"],
        clock=clock,
        sleep=sleep,
    )
