"""Orders as the API shows them, and the calls that search and read them."""

from collections.abc import Mapping
from typing import Any

from stores.sandbox import buyers, catalog, packages
from stores.sandbox.calls import Call, Refused, Routes
from stores.sandbox.lives import DAY, PRODUCTS, Book, Plan
from stores.sandbox.paging import TIMES, Kinds, Sorting, filters, is_in_windows, page
from stores.sandbox.shops import Shop

MOST_IDS = 50
STATES = frozenset(
    {
        "UNPAID",
        "ON_HOLD",
        "AWAITING_SHIPMENT",
        "PARTIALLY_SHIPPING",
        "AWAITING_COLLECTION",
        "IN_TRANSIT",
        "DELIVERED",
        "COMPLETED",
        "CANCELLED",
    }
)
FILTERS: Kinds = {
    **TIMES,
    "order_status": STATES,
    "shipping_type": frozenset({"TIKTOK", "SELLER"}),
    "buyer_user_id": str,
    "is_buyer_request_cancel": bool,
    "warehouse_ids": list,
}
SORTING = Sorting(("create_time", "update_time"), "create_time", "DESC")
_ONLY_SEARCHED = ("recommended_shipping_time", "fulfillment_priority_level")


def search(call: Call) -> object:
    shop, now = call.shop, call.now
    wanted = filters(call.body, FILTERS)
    earliest = max(wanted.get("update_time_ge", 0), wanted.get("create_time_ge", 0))
    found = page(
        call,
        (plan for plan in call.plans_touched(earliest) if _matches(plan, wanted, now)),
        lambda plan, field: (_moment(plan, field, now), plan.id),
        SORTING,
    )
    return {
        "orders": [document(plan, shop, now) for plan in found.rows],
        "next_page_token": found.next_page_token,
        "total_count": found.total,
    }


def details(call: Call) -> object:
    shop, now = call.shop, call.now
    ids = call.list_of("ids", MOST_IDS)
    known = call.orders_named(ids)
    if any(wanted not in known for wanted in ids):
        raise Refused(200, 21008111, "The order or package does not belong to the current seller.")
    documents = [document(known[wanted], shop, now) for wanted in ids]
    for each in documents:
        for name in _ONLY_SEARCHED:
            each.pop(name, None)
        if not each["is_cod"]:
            each |= {"payment_card_type": "VISA", "payment_method_code": "credit_card"}
    return {"orders": documents}


def _moment(plan: Plan, field: str, now: int) -> int:
    return plan.created if field == "create_time" else plan.updated(now)


def _matches(plan: Plan, wanted: Mapping[str, Any], now: int) -> bool:
    if not is_in_windows(wanted, plan.created, plan.updated(now)):
        return False
    if "order_status" in wanted and plan.status(now) != wanted["order_status"]:
        return False
    return (
        "is_buyer_request_cancel" not in wanted
        or plan.is_asking(now) == wanted["is_buyer_request_cancel"]
    )


def document(plan: Plan, shop: Shop, now: int) -> dict[str, object]:
    """Return the order as the API shows it at ``now``, with all fields of the contract.

    All that would be a buyer's is marked CANARY, so that a test can look for it anywhere.
    """
    status = plan.status(now)
    is_shipped = plan.rts is not None and plan.rts <= now
    parcels = [parcel.id for parcel in packages.parcels(plan) if parcel.created <= now]
    is_cancelled = status == "CANCELLED"
    order: dict[str, object] = {
        "id": plan.id,
        "status": status,
        "create_time": plan.created,
        "update_time": plan.updated(now),
        "paid_time": _shown(plan.paid, now),
        "rts_sla_time": plan.rts_sla,
        "tts_sla_time": plan.tts_sla,
        "shipping_due_time": plan.shipping_due,
        "collection_due_time": plan.collection_due,
        "cancel_order_sla_time": plan.shipping_due,
        "delivery_sla_time": plan.delivery_sla,
        "delivery_due_time": plan.delivery_due,
        "delivery_option_required_delivery_time": plan.delivery_sla + 2 * DAY,
        "rts_time": _shown(plan.rts, now),
        "collection_time": _shown(plan.collected, now),
        "delivery_time": _shown(plan.delivered, now),
        "request_cancel_time": _shown(plan.asked_to_cancel, now),
        "cancel_time": plan.cancelled if is_cancelled else None,
        "is_buyer_request_cancel": plan.is_asking(now),
        "is_on_hold_order": status == "ON_HOLD" or plan.released > now,
        "is_cod": plan.is_cod,
        "is_sample_order": plan.is_sample,
        "is_replacement_order": False,
        "is_exchange_order": False,
        "has_updated_recipient_address": False,
        "cancellation_initiator": plan.cancelled_by if is_cancelled else None,
        "cancel_reason": plan.reason if is_cancelled else None,
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "shipping_type": "TIKTOK",
        "delivery_type": "HOME_DELIVERY",
        "delivery_option_id": "7091146663229654785",
        "delivery_option_name": "Standard Shipping",
        "order_type": "NORMAL",
        "commerce_platform": "TIKTOK_SHOP",
        "need_upload_invoice": "NO_NEED",
        "payment_method_name": "Cash on delivery" if plan.is_cod else "CCDC",
        "warehouse_id": shop.warehouses[0],
        "shipping_provider": packages.CARRIER,
        "shipping_provider_id": packages.CARRIER_ID,
        "tracking_number": packages.tracking_number(plan) if is_shipped else None,
        "split_or_combine_tag": "SPLIT" if plan.part_shipped is not None else None,
        "packages": [{"id": parcel} for parcel in parcels],
        "payment": _payment(plan, shop),
        "line_items": [
            _line_item(plan, shop, number, status, parcels) for number in range(len(plan.items))
        ],
        "user_id": buyers.user_id(plan.id),
        "buyer_email": buyers.email(plan.id),
        "buyer_message": buyers.words(plan.id, "message", "please ring twice"),
        "seller_note": buyers.words(plan.id, "note", "speaks to the neighbour"),
        "recipient_address": buyers.recipient(plan.id, shop),
    }
    if shop.region != "US":
        order["pick_up_cut_off_time"] = plan.tts_sla
        order["recommended_shipping_time"] = plan.released + DAY
        order["fulfillment_priority_level"] = 300
    if shop.region in {"TH", "PH"}:
        order["fast_dispatch_sla_time"] = plan.released + DAY
    return {name: value for name, value in order.items() if value is not None}


def _shown(moment: int | None, now: int) -> int | None:
    return moment if moment is not None and moment <= now else None


def _payment(plan: Plan, shop: Shop) -> dict[str, str]:
    nothing = dict.fromkeys(
        (
            "shipping_fee",
            "seller_discount",
            "platform_discount",
            "original_shipping_fee",
            "shipping_fee_seller_discount",
            "shipping_fee_platform_discount",
            "shipping_fee_cofunded_discount",
            "tax",
            "product_tax",
            "shipping_fee_tax",
            "small_order_fee",
            "retail_delivery_fee",
            "buyer_service_fee",
            "handling_fee",
            "shipping_insurance_fee",
            "item_insurance_fee",
            "item_insurance_tax",
        ),
        "0",
    )
    return {
        **nothing,
        "currency": shop.market.currency,
        "sub_total": plan.amount,
        "original_total_product_price": plan.amount,
        "total_amount": plan.amount,
    }


def _line_item(
    plan: Plan, shop: Shop, number: int, status: str, parcels: list[str]
) -> dict[str, object]:
    product, price = plan.items[number]
    place = PRODUCTS.index(product)
    item: dict[str, object] = {
        "id": packages.line_item_id(plan, number),
        "sku_id": catalog.sku_id(shop, place),
        "product_id": catalog.product_id(shop, place),
        "product_name": product,
        "sku_name": "Default",
        "seller_sku": catalog.seller_sku(shop, place),
        "sku_image": "https://images.sandbox.test/sku.jpg",
        "sku_type": "NORMAL",
        "display_status": status,
        "package_status": "PROCESSING" if parcels else "TO_FULFILL",
        "original_price": price,
        "sale_price": price,
        "currency": shop.market.currency,
        "seller_discount": "0",
        "platform_discount": "0",
        "is_gift": False,
        "is_dangerous_good": False,
        "needs_prescription": False,
        "shipping_provider_id": packages.CARRIER_ID,
        "shipping_provider_name": packages.CARRIER,
    }
    if shop.region == "US":
        tax = {"tax_type": "SALES_TAX", "tax_amount": "0", "tax_rate": "0"}
        item |= {"item_tax": [tax], "retail_delivery_fee": "0"}
    else:
        item |= {"buyer_service_fee": "0", "small_order_fee": "0"}
    if parcels:
        item["package_id"] = parcels[0]
        item["tracking_number"] = packages.tracking_number(plan)
        item["rts_time"] = plan.part_shipped or plan.rts
    if status == "CANCELLED":
        item["cancel_reason"] = plan.reason
        item["cancel_user"] = plan.cancelled_by
    return item


ROUTES: Routes = {
    ("POST", "/order/202309/orders/search"): search,
    ("GET", "/order/202507/orders"): details,
}
__all__ = ["ROUTES", "Book", "details", "document", "search"]
