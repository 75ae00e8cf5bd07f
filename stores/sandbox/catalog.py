"""What a shop sells: its goods, whether the marketplace lets them be seen, and the stock.

Like the orders, all is a function of (seed, shop, now).
"""

from dataclasses import dataclass
from decimal import Decimal

from stores.sandbox import chance
from stores.sandbox.lives import DAY, HOUR, PRODUCTS
from stores.sandbox.shops import Shop

# The last few sell so badly, or are so new, that no order names them.
GOODS = (*PRODUCTS, "Magnetic building set", "Herbal sleep drops", "Team scarf", "Travel adapter")
_SPELL = 14 * DAY  # a product is looked at anew so often
_HOURS_TO_AUDIT = 30
_UNSEEN = (
    ("FAILED", "FAILED", None),
    ("PLATFORM_DEACTIVATED", "NONE", "PLATFORM"),
    ("FREEZE", "NONE", "PLATFORM"),
    ("SELLER_DEACTIVATED", "NONE", "SELLER"),
    ("PENDING", "AUDITING", None),
)
_FLAWS = (
    ("Main image", "The picture shows another brand", "Use a picture of the item itself"),
    ("Product name", "The title promises a cure", "Take the promise out of the title"),
    ("Certification", "A certificate is missing", "Upload the certificate of the category"),
    ("Category", "The category does not fit", "Choose the category of the item's use"),
)


@dataclass(frozen=True, slots=True)
class Showing:
    """How a product stands from ``since`` on."""

    status: str
    audit: str
    deactivated_by: str | None
    since: int
    flaw: tuple[str, str, str] | None  # position, reason, suggestion


def product_id(shop: Shop, place: int) -> str:
    return f"1730{shop.mark:0>4}0000000{place:04d}"


def sku_id(shop: Shop, place: int, variant: int = 0) -> str:
    return f"1729{shop.mark:0>4}000000{variant}{place:04d}"


def seller_sku(shop: Shop, place: int, variant: int = 0) -> str:
    return f"SW-{shop.mark}-{place:02d}" + ("-B" if variant else "")


def place_of(shop: Shop, of_id: str) -> int | None:
    """Return the place of a product among the shop's goods, by its id."""
    place = int(of_id[-4:]) if of_id[-4:].isdigit() else len(GOODS)
    return place if place < len(GOODS) and of_id == product_id(shop, place) else None


def variants(shop: Shop, place: int) -> range:
    """Return the numbers of a product's SKUs: every third product has two."""
    return range(2 if chance.number(shop.id, place, "variants") % 3 == 0 else 1)


def price(shop: Shop, place: int) -> str:
    typical = Decimal(shop.market.typical_price)
    factor = Decimal(chance.between(40, 220, shop.id, place, "price")) / 100
    value = typical * factor
    return shop.market.money(value.quantize(Decimal("1E3")) if shop.market.whole_units else value)


def created(shop: Shop, place: int) -> int:
    """Return when the product was listed: some time in 2025."""
    return 1_735_689_600 + chance.between(0, 300 * DAY, shop.id, place, "listed")


def showing(seed: str, shop: Shop, place: int, now: int) -> Showing:
    """Return how the product stands at ``now``; it is looked at anew every fortnight."""
    offset = chance.between(0, _SPELL - 1, seed, shop.id, place, "offset")
    spell = (now - offset) // _SPELL
    began = max(spell * _SPELL + offset, created(shop, place))
    lot = chance.share(seed, shop.id, place, spell, "lot")
    # What no order names fails often, so that every shop has something to mend.
    flawed = shop.habits.flawed if place < len(PRODUCTS) else 0.5
    if lot >= flawed:
        return Showing("ACTIVATE", "APPROVED", None, began, None)
    status, audit, by = chance.pick(_UNSEEN, seed, shop.id, place, spell, "how")
    audited = began + _HOURS_TO_AUDIT * HOUR
    if status == "PENDING" and now >= audited:
        status, audit, began = "FAILED", "FAILED", audited
    flaw = chance.pick(_FLAWS, shop.id, place, spell) if status != "SELLER_DEACTIVATED" else None
    return Showing(status, audit, by, began, None if status == "PENDING" else flaw)


def stock(seed: str, shop: Shop, place: int, variant: int, now: int) -> tuple[int, int]:
    """Return how many of a SKU can be ordered, and how many are promised to orders.

    It is sold off evenly from delivery to delivery; some run dry before the next one comes.
    """
    words = (seed, shop.id, place, variant)
    cycle = chance.between(9, 28, *words, "cycle") * DAY
    offset = chance.between(0, cycle, *words, "delivery")
    delivery, age = divmod(now - offset, cycle)
    full = chance.between(30, 400, *words, delivery, "full")
    thirst = 0.6 + chance.share(*words, delivery, "thirst")  # above 1 it runs dry
    left = max(0, full - int(full * thirst * (age // HOUR) * HOUR / cycle))
    return left, min(left, chance.between(0, 9, *words, now // DAY))
