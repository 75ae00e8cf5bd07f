"""What cancellations and returns say alike of the items and the money that goes back."""

from collections.abc import Mapping
from typing import Any

from stores.sandbox import catalog, packages
from stores.sandbox.lives import PRODUCTS, Plan
from stores.sandbox.shops import Shop

_IMAGE = {"url": "https://images.sandbox.test/sku.jpg", "width": 200, "height": 200}


def line_item(plan: Plan, shop: Shop, number: int) -> dict[str, object]:
    name, price = plan.items[number]
    place = PRODUCTS.index(name)
    return {
        "order_line_item_id": packages.line_item_id(plan, number),
        "sku_id": catalog.sku_id(shop, place),
        "sku_name": "Default",
        "product_image": _IMAGE,
        "product_name": name,
        "seller_sku": catalog.seller_sku(shop, place),
        "refund_amount": refund(shop, price),
    }


def refund(shop: Shop, amount: str) -> dict[str, str]:
    return {
        "currency": shop.market.currency,
        "refund_total": amount,
        "refund_subtotal": amount,
        "refund_shipping_fee": "0",
        "refund_tax": "0",
        "retail_delivery_fee": "0",
        "buyer_service_fee": "0",
    }


def is_named(wanted: Mapping[str, Any], name: str, value: str) -> bool:
    """Whether a search asks for ``value``, or does not care for ``name``."""
    return name not in wanted or value in wanted[name]
