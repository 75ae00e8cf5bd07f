"""Orders: what will happen to each is drawn once from the seed; the moment decides what shows.

So everything is a function of (seed, shop, now), and orders drift on as time passes.
All times in here are whole Unix seconds.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from stores.sandbox.shops import Shop

HOUR = 3600
DAY = 24 * HOUR
HISTORY_DAYS = 180
WEEKEND = 5  # Monday is 0

_PRODUCTS = (
    "Linen table runner",
    "Clip-on reading lamp",
    "Trail mug, 400 ml",
    "Ceramic planter",
    "Bamboo cutlery set",
    "Canvas tote",
    "Wool blanket",
    "Phone stand",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One order's whole life. None: it never happens."""

    id: str
    created: int
    paid: int | None
    released: int  # from hold, to be shipped
    rts_sla: int
    tts_sla: int
    shipping_due: int
    collection_due: int
    delivery_sla: int
    delivery_due: int
    part_shipped: int | None
    rts: int | None
    collected: int | None
    delivered: int | None
    completed: int | None
    asked_to_cancel: int | None
    answered: int | None  # when the buyer's wish was granted or refused
    cancelled: int | None
    cancelled_by: str | None
    amount: str
    items: tuple[tuple[str, str], ...]  # product, price
    is_cod: bool
    is_sample: bool
    touched: int = 0  # an update that changed no state

    def events(self) -> Iterator[tuple[int, str]]:
        """Yield what changes the state, with the state after it."""
        yield self.created, "ON_HOLD" if self.is_cod else "UNPAID"
        if self.paid is not None:
            yield self.paid, "ON_HOLD"
        if self.paid is not None or self.is_cod:
            yield self.released, "AWAITING_SHIPMENT"
        steps = (
            (self.part_shipped, "PARTIALLY_SHIPPING"),
            (self.rts, "AWAITING_COLLECTION"),
            (self.collected, "IN_TRANSIT"),
            (self.delivered, "DELIVERED"),
            (self.completed, "COMPLETED"),
            (self.cancelled, "CANCELLED"),
        )
        for moment, state in steps:
            if moment is not None:
                yield moment, state

    def status(self, now: int) -> str:
        return max((event for event in self.events() if event[0] <= now), key=_by_time)[1]

    def updated(self, now: int) -> int:
        moments = [moment for moment, _ in self.events()]
        moments += [self.asked_to_cancel or 0, self.answered or 0, self.touched]
        return max(moment for moment in moments if moment <= now)


def _by_time(event: tuple[int, str]) -> int:
    return event[0]


def plans_of_day(seed: str, shop: Shop, day: int) -> list[Plan]:
    """Return the orders placed at ``shop`` on one UTC day, counted from 1970-01-01."""
    draw = random.Random(f"{seed}/{shop.id}/{day}")  # noqa: S311 - repeatable on purpose
    count = round(shop.habits.orders_a_day * draw.uniform(0.6, 1.4))
    moments = sorted(day * DAY + draw.randrange(DAY) for _ in range(count))
    return [
        _plan(
            draw, shop, created, f"57{shop.id[-3:]}{day:06d}{number:03d}{draw.randrange(10**4):04d}"
        )
        for number, created in enumerate(moments)
    ]


def _plan(draw: random.Random, shop: Shop, created: int, order_id: str) -> Plan:
    habits, market = shop.habits, shop.market
    is_cod = draw.random() < market.cash_share
    is_paid = not is_cod and draw.random() > 0.04  # noqa: PLR2004
    paid = created + draw.randrange(20, 1200) if is_paid else None
    start = paid or created
    hold = draw.randrange(DAY, 4 * DAY) if draw.random() < habits.long_hold else HOUR
    released = start + hold
    rts_sla = _business_days_after(released, 2)
    shipping_due = rts_sla + 5 * DAY
    tts_sla = rts_sla + DAY
    items, amount = _basket(draw, shop)
    journey = _journey(draw, shop, released, rts_sla, tts_sla)
    plan = Plan(
        id=order_id,
        created=created,
        paid=paid,
        released=released,
        rts_sla=rts_sla,
        tts_sla=tts_sla,
        shipping_due=shipping_due,
        collection_due=shipping_due + 3 * DAY,
        delivery_sla=released + 8 * DAY,
        delivery_due=released + 30 * DAY,
        part_shipped=journey.part_shipped,
        rts=journey.rts,
        collected=journey.collected,
        delivered=journey.delivered,
        completed=journey.completed,
        asked_to_cancel=None,
        answered=None,
        cancelled=None,
        cancelled_by=None,
        amount=amount,
        items=items,
        is_cod=is_cod,
        is_sample=draw.random() < 0.02,  # noqa: PLR2004
    )
    return _with_cancellation(draw, shop, plan)


class Journey(NamedTuple):
    """When an order is shipped, collected, delivered and completed, if nothing stops it."""

    part_shipped: int | None
    rts: int
    collected: int
    delivered: int
    completed: int


def _journey(draw: random.Random, shop: Shop, released: int, rts_sla: int, tts_sla: int) -> Journey:
    habits = shop.habits
    if draw.random() < habits.late:
        rts = rts_sla + HOUR + int(draw.expovariate(1 / (26 * HOUR)))
    else:
        rts = released + int((rts_sla - released) * draw.uniform(0.05, 0.92))
    collected = rts + draw.randrange(2 * HOUR, 18 * HOUR)
    if draw.random() < habits.slow_handover:
        collected = max(collected, tts_sla) + draw.randrange(HOUR, 30 * HOUR)
    delivered = collected + draw.randrange(DAY, 6 * DAY)
    is_split = draw.random() < 0.03  # noqa: PLR2004
    return Journey(
        part_shipped=released + (rts - released) // 2 if is_split else None,
        rts=rts,
        collected=collected,
        delivered=delivered,
        completed=delivered + draw.randrange(3 * DAY, 9 * DAY),
    )


def _with_cancellation(draw: random.Random, shop: Shop, plan: Plan) -> Plan:
    habits = shop.habits
    assert plan.rts is not None
    if plan.paid is None and not plan.is_cod:
        return _cancelled(plan, plan.created + 2 * DAY, "SYSTEM")
    if draw.random() < habits.never or plan.rts > plan.shipping_due:
        unshipped = replace(plan, part_shipped=None, rts=None, collected=None, delivered=None)
        return _cancelled(replace(unshipped, completed=None), plan.shipping_due, "SYSTEM")
    if draw.random() < habits.seller_cancels:
        return _cancelled(plan, draw.randrange(plan.released + 60, plan.rts), "SELLER")
    if draw.random() < habits.buyer_cancels:
        asked = draw.randrange(plan.released + 60, plan.rts)
        answered = asked + draw.randrange(2 * HOUR, 60 * HOUR)
        asking = replace(plan, asked_to_cancel=asked, answered=answered)
        # Once shipped, a parcel is no longer called back.
        return _cancelled(asking, answered, "BUYER") if answered < plan.rts else asking
    return plan


def _cancelled(plan: Plan, at: int, by: str) -> Plan:
    """Return ``plan`` cut off at ``at``: what would have come later never comes."""

    def before(moment: int | None) -> int | None:
        return moment if moment is not None and moment < at else None

    return replace(
        plan,
        part_shipped=before(plan.part_shipped),
        rts=before(plan.rts),
        collected=before(plan.collected),
        delivered=before(plan.delivered),
        completed=before(plan.completed),
        cancelled=at,
        cancelled_by=by,
    )


def late_burst(seed: str, shop: Shop, at: int, count: int) -> list[Plan]:
    """Return ``count`` orders that stand overdue from ``at`` on, and are shipped three days on."""
    draw = random.Random(f"{seed}/{shop.id}/burst/{at}")  # noqa: S311 - repeatable on purpose
    burst = []
    for number in range(count):
        rts_sla = at - draw.randrange(HOUR, 36 * HOUR)
        released = rts_sla - 2 * DAY
        order_id = f"58{shop.id[-3:]}{at % 10**9:09d}{number:04d}"
        plan = _plan(draw, shop, released - 2 * HOUR, order_id)
        rts = at + 3 * DAY + draw.randrange(HOUR)
        burst.append(
            replace(
                plan,
                paid=released - HOUR,
                is_cod=False,
                released=released,
                rts_sla=rts_sla,
                tts_sla=rts_sla + DAY,
                shipping_due=rts_sla + 5 * DAY,
                collection_due=rts_sla + 8 * DAY,
                delivery_sla=released + 8 * DAY,
                delivery_due=released + 30 * DAY,
                part_shipped=None,
                rts=rts,
                collected=rts + 6 * HOUR,
                delivered=rts + 3 * DAY,
                completed=rts + 8 * DAY,
                asked_to_cancel=None,
                answered=None,
                cancelled=None,
                cancelled_by=None,
                touched=at,
            )
        )
    return burst


def _business_days_after(moment: int, days: int) -> int:
    until = datetime.fromtimestamp(moment, UTC)
    while days:
        until += timedelta(days=1)
        if until.weekday() < WEEKEND:
            days -= 1
    return int(until.timestamp())


def _basket(draw: random.Random, shop: Shop) -> tuple[tuple[tuple[str, str], ...], str]:
    market = shop.market
    names = draw.choices(_PRODUCTS, k=draw.choice((1, 1, 1, 2, 2, 3)))
    prices = [market.typical_price * draw.uniform(0.4, 2.2) for _ in names]
    if market.whole_units:
        whole = [round(price, -3) for price in prices]
        texts, total = [f"{price:.0f}" for price in whole], f"{sum(whole):.0f}"
    else:
        cents = [round(price * 100) for price in prices]
        texts = [f"{price // 100}.{price % 100:02d}" for price in cents]
        total = f"{sum(cents) // 100}.{sum(cents) % 100:02d}"
    return tuple(zip(names, texts, strict=True)), total


class Book:
    """The orders of all shops, made when first asked for."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self._days: dict[tuple[str, int], list[Plan]] = {}

    def placed(self, shop: Shop, now: int, bursts: list[tuple[int, int]]) -> Iterator[Plan]:
        """Yield the orders placed by ``now`` that are not older than the history reaches.

        ``bursts`` are (moment, count) of the late orders that someone started at the shop.
        """
        for day in range((now - HISTORY_DAYS * DAY) // DAY, now // DAY + 1):
            key = (shop.id, day)
            if key not in self._days:
                self._days[key] = plans_of_day(self.seed, shop, day)
            yield from (plan for plan in self._days[key] if plan.created <= now)
        for at, count in bursts:
            yield from late_burst(self.seed, shop, at, count)


def document(plan: Plan, shop: Shop, now: int) -> dict[str, object]:
    """Return the order as the API shows it at ``now``, with all fields of the contract.

    All that would be a buyer's is marked CANARY, so that a test can look for it anywhere.
    """
    status = plan.status(now)
    is_shipped = plan.rts is not None and plan.rts <= now
    is_part_shipped = plan.part_shipped is not None and plan.part_shipped <= now
    packages = [f"11{plan.id[2:]}"] if is_shipped or is_part_shipped else []
    if is_shipped and plan.part_shipped is not None:
        packages.append(f"12{plan.id[2:]}")
    is_cancelled = status == "CANCELLED"
    has_asked = plan.asked_to_cancel is not None and plan.asked_to_cancel <= now
    is_pending = has_asked and (plan.answered or 0) > now
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
        "is_buyer_request_cancel": is_pending,
        "is_on_hold_order": status == "ON_HOLD" or plan.released > now,
        "is_cod": plan.is_cod,
        "is_sample_order": plan.is_sample,
        "is_replacement_order": False,
        "is_exchange_order": False,
        "has_updated_recipient_address": False,
        "cancellation_initiator": plan.cancelled_by if is_cancelled else None,
        "cancel_reason": _reason(plan) if is_cancelled else None,
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "shipping_type": "TIKTOK",
        "delivery_type": "HOME_DELIVERY",
        "delivery_option_id": "7091146663229654785",
        "delivery_option_name": "Standard Shipping",
        "order_type": "NORMAL",
        "commerce_platform": "TIKTOK_SHOP",
        "need_upload_invoice": "NO_NEED",
        "payment_method_name": "Cash on delivery" if plan.is_cod else "CCDC",
        "warehouse_id": f"6955{shop.id[4:]}",
        "shipping_provider": "TT Virtual express",
        "shipping_provider_id": "6617675021119438849",
        "tracking_number": f"JX{plan.id[-10:]}" if is_shipped else None,
        "split_or_combine_tag": "SPLIT" if plan.part_shipped is not None else None,
        "packages": [{"id": package} for package in packages],
        "payment": _payment(plan, shop),
        "line_items": [
            _line_item(plan, shop, number, status, packages) for number in range(len(plan.items))
        ],
    }
    if shop.region != "US":
        order["pick_up_cut_off_time"] = plan.tts_sla
        order["recommended_shipping_time"] = plan.released + DAY
        order["fulfillment_priority_level"] = 300
    if shop.region in {"TH", "PH"}:
        order["fast_dispatch_sla_time"] = plan.released + DAY
    order.update(_buyer(plan, shop))
    return {name: value for name, value in order.items() if value is not None}


def _shown(moment: int | None, now: int) -> int | None:
    return moment if moment is not None and moment <= now else None


def _reason(plan: Plan) -> str:
    reasons = {
        "BUYER": "Need to change delivery address",
        "SELLER": "Out of stock",
        "SYSTEM": "Package collection failed" if plan.paid else "Payment not completed",
    }
    return reasons[plan.cancelled_by or "SYSTEM"]


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
    plan: Plan, shop: Shop, number: int, status: str, packages: list[str]
) -> dict[str, object]:
    product, price = plan.items[number]
    place = _PRODUCTS.index(product)
    item: dict[str, object] = {
        "id": f"{int(plan.id) + number + 1}",
        "sku_id": f"1729{shop.id[-3:]}0000000{place:04d}",
        "product_id": f"1730{shop.id[-3:]}0000000{place:04d}",
        "product_name": product,
        "sku_name": "Default",
        "seller_sku": f"SW-{shop.id[-3:]}-{place:02d}",
        "sku_image": "https://images.sandbox.test/sku.jpg",
        "sku_type": "NORMAL",
        "display_status": status,
        "package_status": "PROCESSING" if packages else "TO_FULFILL",
        "original_price": price,
        "sale_price": price,
        "currency": shop.market.currency,
        "seller_discount": "0",
        "platform_discount": "0",
        "is_gift": False,
        "is_dangerous_good": False,
        "needs_prescription": False,
        "shipping_provider_id": "6617675021119438849",
        "shipping_provider_name": "TT Virtual express",
    }
    if packages:
        item["package_id"] = packages[0]
        item["tracking_number"] = f"JX{plan.id[-10:]}"
        item["rts_time"] = plan.part_shipped or plan.rts
    if status == "CANCELLED":
        item["cancel_reason"] = _reason(plan)
        item["cancel_user"] = plan.cancelled_by
    return item


def _buyer(plan: Plan, shop: Shop) -> dict[str, object]:
    mark = hashlib.sha256(plan.id.encode()).hexdigest()[:6].upper()
    return {
        "user_id": f"CANARY-user-{mark}",
        "buyer_email": f"CANARY.{mark}@chat.seller.sandbox.test",
        "buyer_message": f"CANARY message {mark}: please ring twice",
        "seller_note": f"CANARY note {mark}: speaks to the neighbour",
        "recipient_address": {
            "name": f"CANARY Name {mark}",
            "first_name": f"CANARY First {mark}",
            "last_name": f"CANARY Last {mark}",
            "first_name_local_script": f"CANARY Local {mark}",
            "last_name_local_script": f"CANARY Script {mark}",
            "phone_number": f"({shop.market.dialling})CANARY-{mark}",
            "full_address": f"CANARY Street {mark}, Sandbox City",
            "address_detail": f"CANARY Detail {mark}",
            "address_line1": f"CANARY Line 1 {mark}",
            "address_line2": f"CANARY Line 2 {mark}",
            "address_line3": "",
            "address_line4": "",
            "postal_code": f"CANARY{mark}",
            "post_town": f"CANARY Town {mark}",
            "region_code": shop.region,
            "district_info": [
                {
                    "address_level_name": "Country",
                    "address_name": shop.region,
                    "address_level": "L0",
                },
                {
                    "address_level_name": "City",
                    "address_name": f"CANARY City {mark}",
                    "address_level": "L2",
                },
            ],
            "delivery_preferences": {"drop_off_location": f"CANARY Door {mark}"},
        },
    }
