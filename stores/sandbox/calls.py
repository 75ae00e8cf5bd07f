"""A call that the gateway let through, and what its handler may ask: shop, orders, parameters."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stores.sandbox.lives import DAY, LONGEST_LIFE_DAYS, Book, Plan
from stores.sandbox.settings import Settings
from stores.sandbox.shops import Directory, Shop
from stores.sandbox.state import State
from stores.sandbox.web import Request


class Refused(Exception):
    """The marketplace answers with an error code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(code, message)
        self.status = status
        self.code = code
        self.message = message


def wrong(what: str) -> Refused:
    return Refused(400, 36009004, f"Invalid parameter. {what}")


class Marketplace:
    """All that there is behind the gateway."""

    def __init__(self, settings: Settings, state: State, shops: Directory) -> None:
        self.settings = settings
        self.state = state
        self.shops = shops
        self.book = Book(settings.seed)

    def plans(self, shop: Shop, now: int, since: int = 0) -> Iterator[Plan]:
        """Yield the shop's orders; those that were placed before ``since`` are left out."""
        bursts = self.state.incidents.bursts(shop)
        return self.book.placed(shop, now, bursts, since)

    def orders_named(self, shop: Shop, now: int, ids: Iterable[str]) -> dict[str, Plan]:
        return self.book.named(shop, now, ids, self.state.incidents.bursts(shop))

    def plans_touched(self, shop: Shop, now: int, since: int | None) -> Iterator[Plan]:
        """Yield the orders to which something may have happened from ``since`` on."""
        return self.plans(shop, now, (since or 0) - LONGEST_LIFE_DAYS * DAY)


@dataclass
class Call:
    """One call. ``id`` is the part of its path that names one thing."""

    request: Request
    marketplace: Marketplace
    open_id: str
    now: int
    id: str = ""

    @cached_property
    def shop(self) -> Shop:
        """Return the shop that the call is about, or refuse."""
        cipher = self.request.parameter("shop_cipher")
        if not cipher:
            raise Refused(
                400, 106013, "Missing identifier. The `shop_cipher` query parameter is required."
            )
        shop = self.marketplace.shops.by_cipher.get(cipher)
        if shop is None or shop.open_id != self.open_id:
            raise Refused(
                401, 101000, "Invalid query or header. The token is not associated with the shop."
            )
        if self.marketplace.state.incidents.first("inactive", [shop], self.now):
            raise Refused(403, 12052700, "The seller is inactive.")
        return shop

    @cached_property
    def body(self) -> dict[str, Any]:
        try:
            content = json.loads(self.request.body or b"{}")
        except ValueError:
            raise Refused(400, 36009022, "Invalid request format.") from None
        if not isinstance(content, dict):
            raise wrong("The body is not an object.")
        return content

    @property
    def seed(self) -> str:
        return self.marketplace.settings.seed

    def plans(self, since: int = 0) -> Iterator[Plan]:
        return self.marketplace.plans(self.shop, self.now, since)

    def orders_named(self, ids: Iterable[str]) -> dict[str, Plan]:
        return self.marketplace.orders_named(self.shop, self.now, ids)

    def plans_touched(self, since: int | None) -> Iterator[Plan]:
        return self.marketplace.plans_touched(self.shop, self.now, since)

    def moment(self, name: str) -> int | None:
        """Return a time of the query, or None where it is not given."""
        text = self.request.parameter(name)
        if not text:
            return None
        if not text.isascii() or not text.isdigit():
            raise wrong(f"`{name}` is not a Unix timestamp.")
        return int(text)

    def list_of(self, name: str, most: int) -> list[str]:
        """Return a list of the query, which holds at least one and at most ``most``."""
        values = [part for part in self.request.parameter(name).split(",") if part]
        if not 1 <= len(values) <= most:
            raise wrong(f"`{name}` takes 1 to {most} values.")
        return values


Handler = Callable[[Call], object]
Routes = Mapping[tuple[str, str], Handler]
