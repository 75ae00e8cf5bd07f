"""The sandbox's sellers and their shops.

A few have fixed ids that a demo can refer to; as many more as a setting says are made up.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Market:
    """What differs by country: zone, money, telephone prefix, share of cash on delivery."""

    zone: str
    currency: str
    whole_units: bool
    typical_price: int
    dialling: str
    cash_share: float

    def money(self, value: Decimal) -> str:
        """Write an amount as the market does."""
        return f"{value:.0f}" if self.whole_units else f"{value:.2f}"


MARKETS = {
    "US": Market("America/Los_Angeles", "USD", False, 28, "+1", 0.0),  # noqa: FBT003
    "VN": Market("Asia/Ho_Chi_Minh", "VND", True, 210_000, "+84", 0.45),  # noqa: FBT003
    "TH": Market("Asia/Bangkok", "THB", False, 320, "+66", 0.35),  # noqa: FBT003
    "PH": Market("Asia/Manila", "PHP", False, 480, "+63", 0.4),  # noqa: FBT003
}


@dataclass(frozen=True, slots=True)
class Habits:
    """How a shop is run: orders a day, and shares of its orders that take a bad turn."""

    orders_a_day: float
    late: float = 0.02  # dispatched after the deadline
    never: float = 0.002  # never dispatched
    slow_handover: float = 0.03  # reaches the carrier after the deadline
    seller_cancels: float = 0.006
    buyer_cancels: float = 0.04
    long_hold: float = 0.02  # on hold for days
    returned: float = 0.04  # of what was delivered
    disputed: float = 0.15  # of the returns
    unanswered: float = 0.03  # of the conversations
    deducted: float = 0.01  # days with a deduction by policy
    flawed: float = 0.03  # products that fail an audit in a fortnight


STEADY = Habits(orders_a_day=12)
BUSY = Habits(orders_a_day=24, late=0.03)
QUIET = Habits(orders_a_day=4, late=0.01)
SMALL = Habits(orders_a_day=2)
SLIPPING = Habits(
    orders_a_day=10,
    late=0.11,
    never=0.012,
    slow_handover=0.12,
    seller_cancels=0.03,
    returned=0.09,
    unanswered=0.12,
    deducted=0.05,
    flawed=0.1,
)
TROUBLED = Habits(
    orders_a_day=8,
    late=0.22,
    never=0.04,
    slow_handover=0.2,
    seller_cancels=0.07,
    buyer_cancels=0.1,
    returned=0.14,
    disputed=0.3,
    unanswered=0.25,
    deducted=0.12,
    flawed=0.2,
)


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop as the marketplace knows it."""

    id: str
    name: str
    region: str
    seller: str  # the account: several shops of one cross-border seller share it
    habits: Habits
    seller_type: str = "LOCAL"

    @property
    def mark(self) -> str:
        """Return the digits that stand for the shop in the ids of its orders and goods."""
        return self.id[-4:] if self.id.startswith(_MADE_UP) else self.id[-3:]

    @property
    def warehouses(self) -> tuple[str, str]:
        return f"6955{self.id[4:]}", f"6956{self.id[4:]}"

    @property
    def market(self) -> Market:
        return MARKETS[self.region]

    @property
    def cipher(self) -> str:
        host = "GCP" if self.region == "US" else "ROW"
        return f"{host}_{_digest(self.id, 'cipher')[:32]}"

    @property
    def code(self) -> str:
        return f"{self.region}LC{_digest(self.id, 'code')[:7].upper()}"

    @property
    def open_id(self) -> str:
        return _digest(self.seller, "open id")


_MADE_UP = "7496"


def _digest(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:48]


_HARBOR = "Harbor Lane Trading"

SHOPS = (
    Shop("7495000000000000101", "Maple & Finch Home", "US", "Maple & Finch LLC", BUSY),
    Shop("7495000000000000102", "Northlight Audio", "US", "Northlight Inc", SLIPPING),
    Shop("7495000000000000103", "Cedar Trail Outdoors", "US", "Cedar Trail Co", STEADY),
    Shop("7495000000000000104", "Juniper Street Goods", "US", "Juniper Street LLC", QUIET),
    Shop("7495000000000000201", "Sen Vàng Beauty", "VN", "Sen Vàng", STEADY),
    Shop("7495000000000000202", "Phố Nhỏ Home", "VN", "Phố Nhỏ", TROUBLED),
    Shop("7495000000000000203", "Lúa Xanh Snacks", "VN", "Lúa Xanh", BUSY),
    Shop("7495000000000000301", "Siam Bloom Skincare", "TH", "Siam Bloom", STEADY),
    Shop("7495000000000000302", "Chao Phraya Kids", "TH", "Chao Phraya Kids", SLIPPING),
    Shop("7495000000000000303", "Lanna Living", "TH", "Lanna Living", QUIET),
    Shop("7495000000000000401", "Isla Fresh Pantry", "PH", "Isla Fresh", STEADY),
    Shop("7495000000000000402", "Bayani Gadgets", "PH", "Bayani", TROUBLED),
    Shop("7495000000000000403", "Tindahan ni Luz", "PH", "Luz", QUIET),
    Shop("7495000000000000501", "Harbor Lane VN", "VN", _HARBOR, QUIET, "CROSS_BORDER"),
    Shop("7495000000000000502", "Harbor Lane TH", "TH", _HARBOR, STEADY, "CROSS_BORDER"),
    Shop("7495000000000000503", "Harbor Lane PH", "PH", _HARBOR, QUIET, "CROSS_BORDER"),
)
BY_ID = {shop.id: shop for shop in SHOPS}


_FIRST_MADE_UP, _LAST_MADE_UP = 1000, 9999
_KINDS = (SMALL, SMALL, SMALL, QUIET, SMALL, SLIPPING, SMALL, STEADY, SMALL, TROUBLED)


def made_up(count: int) -> Iterator[Shop]:
    """Yield ``count`` more shops, most of them small, each of a seller of its own.

    Raises:
        ValueError: if there are not so many marks.
    """
    if count > _LAST_MADE_UP - _FIRST_MADE_UP + 1:
        raise ValueError("So many shops have no marks of their own.")
    regions = tuple(MARKETS)
    for number in range(_FIRST_MADE_UP, _FIRST_MADE_UP + count):
        yield Shop(
            id=f"{_MADE_UP}{number:015d}",
            name=f"Stall {number}",
            region=regions[number % len(regions)],
            seller=f"Stallholder {number}",
            habits=_KINDS[number % len(_KINDS)],
        )


class Directory:
    """All shops of one sandbox, found by what a call may say of them."""

    def __init__(self, more: int = 0) -> None:
        self.all = (*SHOPS, *made_up(more))
        self.by_id = {shop.id: shop for shop in self.all}
        self.by_cipher = {shop.cipher: shop for shop in self.all}
        self._of_seller: dict[str, list[Shop]] = {}
        for shop in self.all:
            self._of_seller.setdefault(shop.open_id, []).append(shop)

    def of_seller(self, open_id: str) -> list[Shop]:
        return self._of_seller.get(open_id, [])
