"""SKUs by how near they are to being out of stock, and the products they are of."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    F,
    IntegerChoices,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils.translation import gettext_lazy as _

from stores.models import Product, SkuStock
from stores.selectors.fetched import HAS_PROBLEM, LISTED, SAFETY, newest_first
from stores.selectors.notices import Place


class Level(IntegerChoices):
    """How much of a SKU is left; the most urgent first."""

    OUT = 0, _("Out of stock")
    LOW = 1, _("Low on stock")
    ENOUGH = 2, _("Enough")
    UNWATCHED = 3, _("No safety stock")


SHORT = (Level.OUT, Level.LOW)
LEVELS = {level.name.lower(): level for level in Level}


@dataclass(frozen=True, slots=True)
class StockPlace:
    """Where a page of SKUs ended: the level and id of its last row."""

    level: int
    id: UUID


def with_level(stocks: QuerySet[SkuStock]) -> QuerySet[SkuStock]:
    """Annotate each SKU with its ``floor``, in units or None, and its ``level``, a ``Level``."""
    level = Case(
        When(available=0, then=Value(Level.OUT.value)),
        When(floor=None, then=Value(Level.UNWATCHED.value)),
        When(available__lte=F("floor"), then=Value(Level.LOW.value)),
        default=Value(Level.ENOUGH.value),
        output_field=IntegerField(),
    )
    return stocks.annotate(floor=SAFETY).annotate(level=level)


def with_state(stocks: QuerySet[SkuStock]) -> QuerySet[SkuStock]:
    """Annotate each SKU with its level and with the level's name, as the API says it."""
    state = Case(
        *(When(level=level.value, then=Value(name)) for name, level in LEVELS.items()),
        output_field=CharField(),
    )
    return with_level(stocks).annotate(state=state)


def stocks_after(
    store_id: UUID, place: StockPlace | None, *, levels: Iterable[Level] = Level
) -> QuerySet[SkuStock]:
    """Return a store's SKUs of ``levels`` after a place, those that are out first, then low."""
    found: QuerySet[Any] = with_level(SkuStock.objects.filter(store=store_id))
    found = found.filter(level__in=[level.value for level in levels])
    if place is not None:
        same = Q(level=place.level, id__gt=place.id)
        found = found.filter(Q(level__gt=place.level) | same)
    return found.order_by("level", "id")


def problems_after(store_id: UUID, place: Place | None) -> QuerySet[Product]:
    """Return a store's products with a problem after a place, the latest change first."""
    found = Product.objects.filter(LISTED, HAS_PROBLEM, store=store_id)
    return newest_first(found, "changed_at", place)


def products_of(stocks: Iterable[SkuStock]) -> dict[tuple[UUID, str], Product]:
    """Return the products of SKUs by store and the marketplace's number, in one query."""
    wanted = {(stock.store_id, stock.product_id) for stock in stocks}
    found = Product.objects.filter(
        store__in={store for store, _number in wanted},
        external_id__in={number for _store, number in wanted},
    )
    return {(product.store_id, product.external_id): product for product in found}
