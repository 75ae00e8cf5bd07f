"""Packages: what a seller has handed over, or is about to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stores.sandbox import buyers, catalog, chance
from stores.sandbox.calls import Call, Refused, Routes
from stores.sandbox.lives import HOUR, PRODUCTS, Plan
from stores.sandbox.paging import TIMES, Kinds, Sorting, filters, is_in_windows, page
from stores.sandbox.shops import Shop

CARRIER = "TT Virtual express"
CARRIER_ID = "6617675021119438849"
FILTERS: Kinds = {
    **TIMES,
    "package_status": frozenset({"PROCESSING", "FULFILLING", "COMPLETED", "CANCELLED"}),
}
SORTING = Sorting(
    ("create_time", "update_time", "order_pay_time"), "create_time", "DESC", largest=50
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One package of an order, and which of the order's items lie in it."""

    id: str
    plan: Plan
    created: int
    items: range
    is_split: bool

    def events(self) -> Iterator[tuple[int, str]]:
        yield self.created, "PROCESSING"
        steps = (
            (self.plan.collected, "FULFILLING"),
            (self.plan.delivered, "COMPLETED"),
            (self.plan.cancelled, "CANCELLED"),
        )
        for moment, state in steps:
            if moment is not None and moment >= self.created:
                yield moment, state

    def now(self, now: int) -> tuple[int, str]:
        """Return since when it is in which state."""
        return max(event for event in self.events() if event[0] <= now)


def parcels(plan: Plan) -> list[Parcel]:
    """Return all packages that an order will have: two where it is shipped in parts."""
    items = len(plan.items)
    first = max(1, items // 2) if plan.part_shipped is not None else items
    found = []
    if plan.part_shipped is not None:
        found.append(
            Parcel(f"11{plan.id[2:]}", plan, plan.part_shipped, range(first), is_split=True)
        )
    if plan.rts is not None:
        number = "12" if found else "11"
        rest = range(first if found and first < items else 0, items)
        found.append(Parcel(f"{number}{plan.id[2:]}", plan, plan.rts, rest, is_split=bool(found)))
    return found


def tracking_number(plan: Plan) -> str:
    return f"JX{plan.id[-10:]}"


def line_item_id(plan: Plan, number: int) -> str:
    return f"{int(plan.id) + number + 1}"


def search(call: Call) -> object:
    shop, now = call.shop, call.now
    wanted = filters(call.body, FILTERS)
    earliest = max(wanted.get("update_time_ge", 0), wanted.get("create_time_ge", 0))
    rows = [
        parcel
        for plan in call.plans_touched(earliest)
        for parcel in parcels(plan)
        if parcel.created <= now and _matches(parcel, wanted, now)
    ]
    found = page(call, rows, lambda parcel, field: _place(parcel, field, now), SORTING)
    return {
        "packages": [_row(parcel, shop, now) for parcel in found.rows],
        "next_page_token": found.next_page_token,
        "total_count": found.total,
    }


def _place(parcel: Parcel, field: str, now: int) -> tuple[int, str]:
    moments = {
        "create_time": parcel.created,
        "update_time": parcel.now(now)[0],
        "order_pay_time": parcel.plan.paid or parcel.plan.created,
    }
    return moments[field], parcel.id


def _matches(parcel: Parcel, wanted: dict[str, Any], now: int) -> bool:
    updated, status = parcel.now(now)
    if not is_in_windows(wanted, parcel.created, updated):
        return False
    return bool(wanted.get("package_status", status) == status)


def _row(parcel: Parcel, shop: Shop, now: int) -> dict[str, object]:
    updated, status = parcel.now(now)
    return {
        "id": parcel.id,
        "orders": _orders(parcel, shop),
        "create_time": parcel.created,
        "update_time": updated,
        "status": status,
        "tracking_number": tracking_number(parcel.plan),
        "shipping_provider_name": CARRIER,
        "shipping_provider_id": CARRIER_ID,
        "order_line_item_ids": [line_item_id(parcel.plan, number) for number in parcel.items],
    }


def _orders(parcel: Parcel, shop: Shop) -> list[dict[str, object]]:
    places = [PRODUCTS.index(parcel.plan.items[number][0]) for number in parcel.items]
    skus = [
        {
            "id": catalog.sku_id(shop, place),
            "name": "Default",
            "image_url": "https://images.sandbox.test/sku.jpg",
            "quantity": places.count(place),
        }
        for place in sorted(set(places))
    ]
    return [{"id": parcel.plan.id, "skus": skus}]


def detail(call: Call) -> object:
    shop, now = call.shop, call.now
    # A package's id is its order's, but for the first two digits.
    plans = call.orders_named(f"{start}{call.id[2:]}" for start in ("57", "58"))
    known = {parcel.id: parcel for plan in plans.values() for parcel in parcels(plan)}
    parcel = known.get(call.id)
    if parcel is None or parcel.created > now:
        raise Refused(200, 21008111, "The order or package does not belong to the current seller.")
    updated, status = parcel.now(now)
    weight = chance.between(120, 2400, parcel.id, "weight")
    return {
        "package_id": parcel.id,
        "orders": _orders(parcel, shop),
        "package_status": status,
        "split_and_combine_tag": "SPLIT" if parcel.is_split else "DEFAULT",
        "has_multi_skus": len({parcel.plan.items[number][0] for number in parcel.items}) > 1,
        "note_tag": "BUYER_NOTED",
        "shipping_provider_name": CARRIER,
        "shipping_provider_id": CARRIER_ID,
        "shipping_type": "TIKTOK",
        "delivery_option_name": "Standard Shipping",
        "delivery_option_id": "7091146663229654785",
        "tracking_number": tracking_number(parcel.plan),
        "last_mile_tracking_number": f"LM{parcel.id[-10:]}",
        "pickup_slot": {
            "start_time": parcel.created + 2 * HOUR,
            "end_time": parcel.created + 6 * HOUR,
        },
        "create_time": parcel.created,
        "update_time": updated,
        "handover_method": "PICKUP",
        "order_line_item_ids": [line_item_id(parcel.plan, number) for number in parcel.items],
        "recipient_address": buyers.address(parcel.plan.id, shop),
        "sender_address": _sender(shop),
        "weight": {"value": str(weight), "unit": "GRAM"},
        "dimension": {"length": "20", "width": "15", "height": "10", "unit": "CM"},
        "insurance": {
            "is_purchased": False,
            "coverage_amount": "0",
            "is_claim_eligible": False,
            "claim_status": "NOT_STARTED",
        },
    }


def _sender(shop: Shop) -> dict[str, str]:
    return {
        "full_address": f"Dock 4, {shop.seller}",
        "phone_number": f"({shop.market.dialling})555-0100",
        "name": shop.seller,
        "postal_code": "00000",
        "address_detail": "Dock 4",
        "region_code": shop.region,
        "address_line1": "Dock 4",
        "address_line2": shop.seller,
        "address_line3": "",
        "address_line4": "",
    }


ROUTES: Routes = {
    ("POST", "/fulfillment/202309/packages/search"): search,
    ("GET", "/fulfillment/202309/packages/{id}"): detail,
}
