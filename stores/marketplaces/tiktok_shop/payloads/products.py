"""Products, what their audit says, and what is in stock."""

from dataclasses import dataclass, field
from datetime import datetime

from stores.marketplaces import read
from stores.marketplaces.core import Node
from stores.marketplaces.tiktok_shop.payloads.parts import members, members_or_none, page_of

_LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class SkuPayload:
    """A variant of a product. ``deactivation_source`` says who took it off: PLATFORM is news."""

    id: str
    seller_sku: str
    status: str | None
    deactivation_source: str | None


@dataclass(frozen=True, slots=True)
class AuditFailure:
    """Why an audit failed: the part of the product, the reasons, what the marketplace advises."""

    position: str
    reasons: tuple[str, ...]
    suggestions: tuple[str, ...]
    listing_platform: str | None


@dataclass(frozen=True, slots=True)
class ProductPayload:
    """A product as a search tells it. ``status`` is None where it is not listed on TikTok Shop."""

    id: str
    title: str
    status: str | None
    audit_status: str | None
    pre_approved_reasons: tuple[str, ...]
    listing_quality_tier: str | None
    is_not_for_sale: bool
    create_time: datetime
    update_time: datetime
    product_sync_fail_reasons: tuple[str, ...]
    skus: tuple[SkuPayload, ...]


@dataclass(frozen=True, slots=True)
class ProductPage:
    """One page of a search. ``next_page_token`` is None on the last; ``total`` counts all pages."""

    products: tuple[ProductPayload, ...]
    next_page_token: str | None = field(repr=False)
    total: int


@dataclass(frozen=True, slots=True)
class ProductDetail:
    """A product with the reasons why its audit failed."""

    id: str
    title: str
    status: str | None
    product_status: str | None
    audit_status: str | None
    pre_approved_reasons: tuple[str, ...]
    audit_failed_reasons: tuple[AuditFailure, ...]
    listing_quality_tier: str | None
    is_not_for_sale: bool
    create_time: datetime
    update_time: datetime
    skus: tuple[SkuPayload, ...]


@dataclass(frozen=True, slots=True)
class StockPayload:
    """Units of one SKU in all warehouses: to be ordered, and reserved by orders."""

    product_id: str
    sku_id: str
    seller_sku: str
    available: int
    committed: int


def product_page(data: Node) -> ProductPage:
    return ProductPage(*page_of(data, "products", _product))


def product(data: Node) -> ProductDetail:
    audit_status, pre_approved_reasons = _audit(data.field("audit"))
    return ProductDetail(
        id=data.get("id", read.identifier),
        title=data.get("title", read.words),
        status=data.get("status", read.code_or_none),
        product_status=data.get("product_status", read.code_or_none),
        audit_status=audit_status,
        pre_approved_reasons=pre_approved_reasons,
        audit_failed_reasons=members_or_none(data.field("audit_failed_reasons"), _failure),
        listing_quality_tier=data.get("listing_quality_tier", read.code_or_none),
        is_not_for_sale=data.get("is_not_for_sale", read.flag),
        create_time=data.get("create_time", read.moment),
        update_time=data.get("update_time", read.moment),
        skus=members_or_none(data.field("skus"), _sku),
    )


def inventory(data: Node) -> list[StockPayload]:
    found, _, _ = page_of(data, "inventory", _stock)
    return [stock for of_product in found for stock in of_product]


def _product(product: Node) -> ProductPayload:
    audit_status, pre_approved_reasons = _audit(product.field("audit"))
    return ProductPayload(
        id=product.get("id", read.identifier),
        title=product.get("title", read.words),
        status=product.get("status", read.code_or_none),
        audit_status=audit_status,
        pre_approved_reasons=pre_approved_reasons,
        listing_quality_tier=product.get("listing_quality_tier", read.code_or_none),
        is_not_for_sale=product.get("is_not_for_sale", read.flag),
        create_time=product.get("create_time", read.moment),
        update_time=product.get("update_time", read.moment),
        product_sync_fail_reasons=_all_words(product.field("product_sync_fail_reasons")),
        skus=members_or_none(product.field("skus"), _sku),
    )


def _audit(audit: Node) -> tuple[str | None, tuple[str, ...]]:
    if audit.is_absent:
        return None, ()
    reasons = members_or_none(
        audit.field("pre_approved_reasons"), lambda reason: reason.read(read.code)
    )
    return audit.get("status", read.code_or_none), reasons


def _failure(failure: Node) -> AuditFailure:
    return AuditFailure(
        position=failure.get("position", read.words),
        reasons=_all_words(failure.field("reasons")),
        suggestions=_all_words(failure.field("suggestions")),
        listing_platform=failure.get("listing_platform", read.code_or_none),
    )


def _sku(sku: Node) -> SkuPayload:
    state = sku.field("status_info")
    status, source = (
        None if state.is_absent else state.get(name, read.code_or_none)
        for name in ("status", "deactivation_source")
    )
    return SkuPayload(
        id=sku.get("id", read.identifier),
        seller_sku=sku.get("seller_sku", read.words),
        status=status,
        deactivation_source=source,
    )


def _stock(product: Node) -> tuple[StockPayload, ...]:
    product_id = product.get("product_id", read.identifier)
    return members(
        product.field("skus"),
        lambda sku: StockPayload(
            product_id=product_id,
            sku_id=sku.get("id", read.identifier),
            seller_sku=sku.get("seller_sku", read.words),
            available=_units(sku, "available_quantity"),
            committed=_units(sku, "committed_quantity"),
        ),
    )


def _units(sku: Node, name: str) -> int:
    """Return the total over all warehouses, or their sum where the total is left away."""
    total = sku.get(f"total_{name}", read.count_or_none)
    warehouses = sku.field("warehouse_inventory")
    if total is not None or warehouses.is_absent:
        return sku.get(f"total_{name}", read.count)
    return sum(warehouse.get(name, read.count) for warehouse in warehouses.items())


def _all_words(listed: Node) -> tuple[str, ...]:
    return members_or_none(listed, lambda reason: reason.read(_reason))


def _reason(value: object) -> str:
    return read.words(value, longest=_LONGEST_REASON)
