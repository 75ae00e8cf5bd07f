"""Products, what the audit says of them, and their stock."""

from typing import Any

from stores.sandbox import catalog, chance
from stores.sandbox.calls import Call, Refused, Routes, wrong
from stores.sandbox.catalog import GOODS, Showing
from stores.sandbox.paging import Kinds, Sorting, filters, page
from stores.sandbox.shops import Shop

MOST_PRODUCTS, MOST_SKUS, MOST_DIAGNOSES, MOST_IN_FILTER = 100, 600, 200, 10
STATUSES = frozenset(
    {
        "ALL",
        "DRAFT",
        "PENDING",
        "FAILED",
        "ACTIVATE",
        "SELLER_DEACTIVATED",
        "PLATFORM_DEACTIVATED",
        "FREEZE",
        "DELETED",
    }
)
AUDITS = frozenset({"NONE", "AUDITING", "FAILED", "PRE_APPROVED", "APPROVED"})
FILTERS: Kinds = {
    "status": STATUSES,
    "audit_status": AUDITS,
    "seller_skus": list,
    "sku_ids": list,
    "create_time_ge": int,
    "create_time_le": int,
    "update_time_ge": int,
    "update_time_le": int,
    "category_version": frozenset({"v1", "v2"}),
    "listing_quality_tiers": frozenset({"POOR", "FAIR", "GOOD"}),
    "return_draft_version": bool,
}
SORTING = Sorting(("create_time",), "create_time", "DESC")
_IMAGE = "https://images.sandbox.test/product.jpg"


def search(call: Call) -> object:
    shop, now = call.shop, call.now
    wanted = filters(call.body, FILTERS)
    if any(len(wanted.get(name, ())) > MOST_IN_FILTER for name in ("seller_skus", "sku_ids")):
        raise Refused(200, 12019087, "The number of SKU IDs exceeds the limit of 10")
    rows = [
        (place, showing)
        for place in range(len(GOODS))
        for showing in (catalog.showing(call.seed, shop, place, now),)
        if catalog.created(shop, place) <= now and _matches(shop, place, showing, wanted)
    ]
    if len(rows) > call.marketplace.settings.most_products:
        raise Refused(200, 12052180, "The total number of search results can not exceed 10000.")
    found = page(
        call,
        rows,
        lambda row, _: (catalog.created(shop, row[0]), catalog.product_id(shop, row[0])),
        SORTING,
    )
    return {
        "total_count": found.total,
        "products": [_row(call, *row) for row in found.rows],
        "next_page_token": found.next_page_token,
    }


def _matches(shop: Shop, place: int, showing: Showing, wanted: dict[str, Any]) -> bool:
    made = catalog.created(shop, place)
    variants = catalog.variants(shop, place)
    skus = {catalog.sku_id(shop, place, each) for each in variants}
    codes = {catalog.seller_sku(shop, place, each) for each in variants}
    return (
        wanted.get("status", "ALL") in {"ALL", showing.status}
        and showing.audit in wanted.get("audit_status", AUDITS)
        and wanted.get("create_time_ge", made) <= made <= wanted.get("create_time_le", made)
        and wanted.get("update_time_ge", showing.since)
        <= showing.since
        <= wanted.get("update_time_le", showing.since)
        and ("sku_ids" not in wanted or bool(skus & set(wanted["sku_ids"])))
        and ("seller_skus" not in wanted or bool(codes & set(wanted["seller_skus"])))
        and _tier(shop, place) in wanted.get("listing_quality_tiers", ("POOR", "FAIR", "GOOD"))
    )


def _tier(shop: Shop, place: int) -> str:
    return chance.pick(("POOR", "FAIR", "GOOD", "GOOD"), shop.id, place, "tier")


def _row(call: Call, place: int, showing: Showing) -> dict[str, object]:
    shop = call.shop
    return {
        "id": catalog.product_id(shop, place),
        "title": GOODS[place],
        "status": showing.status,
        "skus": [_sku(call, place, each, showing) for each in catalog.variants(shop, place)],
        "sales_regions": [shop.region],
        "create_time": catalog.created(shop, place),
        "update_time": showing.since,
        "product_sync_fail_reasons": [],
        "is_not_for_sale": False,
        "recommended_categories": [{"id": "853000", "local_name": "Home storage"}],
        "listing_quality_tier": _tier(shop, place),
        "audit": {"status": showing.audit, "pre_approved_reasons": []},
        "has_draft": False,
    }


def _sku(call: Call, place: int, variant: int, showing: Showing) -> dict[str, object]:
    shop = call.shop
    price = catalog.price(shop, place)
    left, _ = catalog.stock(call.seed, shop, place, variant, call.now)
    sku: dict[str, object] = {
        "id": catalog.sku_id(shop, place, variant),
        "seller_sku": catalog.seller_sku(shop, place, variant),
        "price": {
            "currency": shop.market.currency,
            "tax_exclusive_price": price,
            "sale_price": price,
        },
        "inventory": [
            {"warehouse_id": warehouse, "quantity": part}
            for warehouse, part in zip(shop.warehouses, _parts(left), strict=True)
        ],
        "status_info": {"status": "NORMAL"},
    }
    if showing.deactivated_by:
        sku["status_info"] = {
            "status": "DEACTIVATED",
            "deactivation_source": showing.deactivated_by,
        }
    return sku


def _parts(quantity: int) -> tuple[int, int]:
    """Return what lies in each of the shop's two warehouses."""
    return quantity - quantity // 3, quantity // 3


def detail(call: Call) -> object:
    shop = call.shop
    place = catalog.place_of(shop, call.id)
    if place is None or catalog.created(shop, place) > call.now:
        raise Refused(200, 12052260, "The product ID does not exist")
    showing = catalog.showing(call.seed, shop, place, call.now)
    row = _row(call, place, showing)
    for name in ("sales_regions", "product_sync_fail_reasons"):
        del row[name]
    reasons = []
    if showing.flaw:
        position, reason, suggestion = showing.flaw
        reasons.append(
            {
                "position": position,
                "reasons": [reason],
                "suggestions": [suggestion],
                "listing_platform": "TIKTOK_SHOP",
            }
        )
    return {
        **row,
        "product_status": showing.status if showing.status != "FAILED" else "DRAFT",
        "audit_failed_reasons": reasons,
        "description": f"<p>{GOODS[place]}, as seen on the stall.</p>",
        "category_chains": [
            {"id": "853000", "parent_id": "0", "local_name": "Home storage", "is_leaf": True}
        ],
        "brand": {"id": "7082427311584347905", "name": "Sandbox"},
        "main_images": [
            {
                "height": 600,
                "width": 600,
                "thumb_urls": [_IMAGE],
                "uri": "sandbox/product",
                "urls": [_IMAGE],
            }
        ],
        "package_dimensions": {
            "length": "20",
            "width": "15",
            "height": "10",
            "unit": "CENTIMETER",
        },
        "package_weight": {"value": "0.80", "unit": "KILOGRAM"},
        "is_cod_allowed": shop.market.cash_share > 0,
        "product_types": [],
        "minimum_order_quantity": 1,
        "is_pre_owned": False,
        "is_replicated": False,
    }


def diagnoses(call: Call) -> object:
    shop = call.shop
    ids = call.list_of("product_ids", MOST_DIAGNOSES)
    places = _places(shop, ids)
    return {"products": [_diagnosis(shop, place) for place in places]}


def _places(shop: Shop, ids: list[str]) -> list[int]:
    places = [catalog.place_of(shop, each) for each in ids]
    known = [place for place in places if place is not None]
    if len(known) < len(places):
        raise Refused(200, 12052260, "The product ID does not exist")
    return known


def _diagnosis(shop: Shop, place: int) -> dict[str, object]:
    tier = _tier(shop, place)
    better = "FAIR" if tier == "POOR" else "GOOD"
    found = [] if tier == "GOOD" else [_advice(place, better)]
    return {
        "id": catalog.product_id(shop, place),
        "listing_quality": {"current_tier": tier, "remaining_recommendations": len(found)},
        "diagnoses": found,
    }


def _advice(place: int, better: str) -> dict[str, object]:
    return {
        "field": "TITLE",
        "diagnosis_results": [
            {
                "code": "TITLE_LESS_THAN_40_CHARACTERS",
                "how_to_solve": "Say in the title what the item is made of",
                "quality_tier": better,
            }
        ],
        "suggestion": {
            "seo_words": [{"text": GOODS[place].split()[0].lower()}],
            "smart_texts": [{"text": f"{GOODS[place]}, made to last"}],
            "images": [],
        },
    }


def inventory(call: Call) -> object:
    shop = call.shop
    wanted = filters(call.body, {"product_ids": list, "sku_ids": list})
    products, skus = wanted.get("product_ids", []), wanted.get("sku_ids", [])
    if len(products) > MOST_PRODUCTS:
        raise Refused(200, 12019120, "The number of provided product IDs exceeds the limit.")
    if len(skus) > MOST_SKUS:
        raise Refused(200, 12019015, "The number of SKU exceed the limit")
    if not products and not skus:
        raise wrong("Either `product_ids` or `sku_ids` is required.")
    chosen: dict[int, list[int]] = {
        place: list(catalog.variants(shop, place)) for place in _places(shop, products)
    }
    for place in range(len(GOODS)):
        named = [
            each
            for each in catalog.variants(shop, place)
            if catalog.sku_id(shop, place, each) in skus
        ]
        if named:
            chosen.setdefault(place, named)
    return {
        "inventory": [
            {
                "product_id": catalog.product_id(shop, place),
                "skus": [_stock(call, place, each) for each in variants],
            }
            for place, variants in chosen.items()
        ]
    }


def _stock(call: Call, place: int, variant: int) -> dict[str, object]:
    shop = call.shop
    left, promised = catalog.stock(call.seed, shop, place, variant, call.now)
    return {
        "id": catalog.sku_id(shop, place, variant),
        "seller_sku": catalog.seller_sku(shop, place, variant),
        "total_available_quantity": left,
        "total_committed_quantity": promised,
        "warehouse_inventory": [
            {"warehouse_id": warehouse, "available_quantity": free, "committed_quantity": bound}
            for warehouse, free, bound in zip(
                shop.warehouses, _parts(left), _parts(promised), strict=True
            )
        ],
        "total_available_inventory_distribution": {
            "campaign_inventory": [],
            "creator_inventory": [],
            "in_shop_inventory": {"quantity": left},
        },
    }


ROUTES: Routes = {
    ("POST", "/product/202502/products/search"): search,
    ("GET", "/product/202309/products/{id}"): detail,
    ("GET", "/product/202405/products/diagnoses"): diagnoses,
    ("POST", "/product/202309/inventory/search"): inventory,
}
