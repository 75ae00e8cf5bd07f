"""Returns: how a buyer asks, what the seller answers, and how a dispute ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from stores.sandbox import buyers, chance, packages, refunds
from stores.sandbox.calls import Call, Refused, Routes
from stores.sandbox.lives import DAY, HOUR, Plan
from stores.sandbox.paging import TIMES, Kinds, Sorting, filters, is_in_windows, page
from stores.sandbox.shops import Shop

ANSWERED_WITHIN = 4 * DAY
LONGEST_DAYS = 18  # from delivery on
STATES = frozenset(
    {
        "RETURN_OR_REFUND_REQUEST_PENDING",
        "REFUND_OR_RETURN_REQUEST_REJECT",
        "AWAITING_BUYER_SHIP",
        "BUYER_SHIPPED_ITEM",
        "REJECT_RECEIVE_PACKAGE",
        "RETURN_OR_REFUND_REQUEST_SUCCESS",
        "RETURN_OR_REFUND_REQUEST_CANCEL",
        "RETURN_OR_REFUND_REQUEST_COMPLETE",
    }
)
FILTERS: Kinds = {
    **TIMES,
    "return_ids": list,
    "order_ids": list,
    "buyer_user_ids": list,
    "return_types": frozenset({"REFUND", "RETURN_AND_REFUND", "REPLACEMENT"}),
    "return_status": STATES,
    "seller_proposed_return_type": frozenset({"PARTIAL_REFUND"}),
    "arbitration_status": frozenset({"IN_PROGRESS", "SUPPORT_BUYER", "SUPPORT_SELLER", "CLOSED"}),
    "locale": str,
}
SORTING = Sorting(
    ("create_time", "update_time"), "create_time", "ASC", size=10, smallest=10, largest=50
)
_WHY = (
    ("ecom_order_delivered_refund_reason_damaged", "Item arrived damaged"),
    ("ecom_order_delivered_refund_reason_wrong_item", "Wrong product was sent"),
    ("ecom_order_delivered_refund_reason_not_as_described", "Not as described"),
    ("ecom_order_delivered_refund_reason_missing", "Parts are missing"),
)


class Stage(NamedTuple):
    """From when a return is in a state, who brought it there, and what the seller must do next."""

    at: int
    status: str
    role: str
    description: str
    action: str = ""
    deadline: int = 0
    arbitration: str = ""


@dataclass(frozen=True, slots=True)
class Return:
    """One return of an order with all its stages, also those to come."""

    plan: Plan
    kind: str
    stages: tuple[Stage, ...]

    @property
    def id(self) -> str:
        return f"42{self.plan.id[2:]}"

    @property
    def created(self) -> int:
        return self.stages[0].at

    def now(self, now: int) -> Stage:
        return [stage for stage in self.stages if stage.at <= now][-1]


def returns(plans: Iterator[Plan], shop: Shop, now: int) -> Iterator[Return]:
    for plan in plans:
        if plan.delivered is None or chance.share(plan.id, "return") >= shop.habits.returned:
            continue
        found = _return(plan, plan.delivered, shop)
        if found.created <= now:
            yield found


def _return(plan: Plan, delivered: int, shop: Shop) -> Return:
    kind = chance.pick(("REFUND", "RETURN_AND_REFUND", "RETURN_AND_REFUND", "REPLACEMENT"), plan.id)
    asked = delivered + chance.between(3 * HOUR, 4 * DAY, plan.id, "asked")
    answered = asked + chance.between(4 * HOUR, ANSWERED_WITHIN - HOUR, plan.id, "answered")
    act = {"REFUND": "REFUND", "RETURN_AND_REFUND": "RETURN", "REPLACEMENT": "REPLACEMENT"}[kind]
    first = Stage(
        asked,
        "RETURN_OR_REFUND_REQUEST_PENDING",
        "BUYER",
        "Customer asked for a return",
        f"SELLER_RESPOND_{act}",
        asked + ANSWERED_WITHIN,
    )
    if chance.share(plan.id, "dispute") < shop.habits.disputed:
        return Return(plan, kind, (first, *_dispute(plan, answered)))
    if chance.share(plan.id, "withdrawn") < 0.08:  # noqa: PLR2004
        end = Stage(
            answered, "RETURN_OR_REFUND_REQUEST_CANCEL", "BUYER", "Customer withdrew the request"
        )
        return Return(plan, kind, (first, end))
    return Return(plan, kind, (first, *_granted(plan, answered, kind)))


def _dispute(plan: Plan, refused: int) -> Iterator[Stage]:
    """Yield how the seller refuses, the buyer objects and the marketplace decides."""
    rejected = "REFUND_OR_RETURN_REQUEST_REJECT"
    yield Stage(refused, rejected, "SELLER", "Seller refused the request")
    objected = refused + chance.between(2 * HOUR, 2 * DAY, plan.id, "objected")
    yield Stage(objected, rejected, "BUYER", "Customer objected", arbitration="IN_PROGRESS")
    decided = objected + chance.between(DAY, 5 * DAY, plan.id, "decided")
    if chance.share(plan.id, "verdict") < 0.6:  # noqa: PLR2004
        yield Stage(
            decided,
            "RETURN_OR_REFUND_REQUEST_SUCCESS",
            "OPERATOR",
            "The marketplace decided for the customer",
            arbitration="SUPPORT_BUYER",
        )
    else:
        yield Stage(
            decided,
            rejected,
            "OPERATOR",
            "The marketplace decided for the seller",
            arbitration="SUPPORT_SELLER",
        )


def _granted(plan: Plan, answered: int, kind: str) -> Iterator[Stage]:
    end = answered
    if kind != "REFUND":
        yield Stage(answered, "AWAITING_BUYER_SHIP", "SELLER", "Seller agreed")
        shipped = answered + chance.between(6 * HOUR, 3 * DAY, plan.id, "sent back")
        due = shipped + 6 * DAY
        yield Stage(
            shipped,
            "BUYER_SHIPPED_ITEM",
            "BUYER",
            "Customer sent the items back",
            "SELLER_RESPOND_RECEIVE_PACKAGE",
            due,
        )
        end = shipped + chance.between(DAY, 5 * DAY, plan.id, "received")
    yield Stage(end, "RETURN_OR_REFUND_REQUEST_SUCCESS", "SELLER", "Seller accepted")
    yield Stage(
        end + 6 * HOUR, "RETURN_OR_REFUND_REQUEST_COMPLETE", "SYSTEM", "The refund was paid"
    )


def search(call: Call) -> object:
    shop, now = call.shop, call.now
    wanted = filters(call.body, FILTERS)
    earliest = max(wanted.get("update_time_ge", 0), wanted.get("create_time_ge", 0))
    plans = call.plans_touched(earliest - LONGEST_DAYS * DAY)
    rows = (each for each in returns(plans, shop, now) if _is_wanted(each, wanted, now))
    found = page(
        call,
        rows,
        lambda each, field: (each.created if field == "create_time" else each.now(now).at, each.id),
        SORTING,
    )
    return {
        "return_orders": [_document(each, shop, now) for each in found.rows],
        "next_page_token": found.next_page_token,
        "total_count": found.total,
    }


def _is_wanted(each: Return, wanted: dict[str, Any], now: int) -> bool:
    stage = each.now(now)
    return (
        is_in_windows(wanted, each.created, stage.at)
        and "seller_proposed_return_type" not in wanted
        and refunds.is_named(wanted, "return_ids", each.id)
        and refunds.is_named(wanted, "order_ids", each.plan.id)
        and refunds.is_named(wanted, "buyer_user_ids", buyers.user_id(each.plan.id))
        and refunds.is_named(wanted, "return_types", each.kind)
        and refunds.is_named(wanted, "return_status", stage.status)
        and refunds.is_named(wanted, "arbitration_status", stage.arbitration)
    )


def _document(each: Return, shop: Shop, now: int) -> dict[str, object]:
    plan, stage = each.plan, each.now(now)
    code, text = chance.pick(_WHY, plan.id, "why")
    zero = {"currency": shop.market.currency}
    document: dict[str, object] = {
        "order_id": plan.id,
        "return_id": each.id,
        "return_type": each.kind,
        "return_status": stage.status,
        "role": "BUYER",
        "return_reason": code,
        "return_reason_text": text,
        "shipment_type": "PLATFORM",
        "handover_method": "DROP_OFF",
        "can_buyer_keep_item": each.kind == "REFUND",
        "create_time": each.created,
        "update_time": stage.at,
        "seller_next_action_response": [],
        "return_line_items": [
            {
                "return_line_item_id": f"43{packages.line_item_id(plan, number)[2:]}",
                **refunds.line_item(plan, shop, number),
            }
            for number in range(len(plan.items))
        ],
        "discount_amount": [
            {
                **zero,
                "product_seller_discount": "0",
                "shipping_fee_platform_discount": "0",
                "shipping_fee_seller_discount": "0",
                "product_platform_discount": "0",
            }
        ],
        "shipping_fee_amount": [
            {
                **zero,
                "seller_paid_return_shipping_fee": "0",
                "platform_paid_return_shipping_fee": "0",
                "buyer_paid_return_shipping_fee": "0",
            }
        ],
        "refund_amount": refunds.refund(shop, plan.amount),
        "return_shipping_document_type": "SHIPPING_LABEL",
        "return_method": "PLATFORM_SHIPPED",
        "is_combined_return": False,
        "return_warehouse_address": {"full_address": f"Dock 4, {shop.seller}"},
    }
    if stage.arbitration:
        document["arbitration_status"] = stage.arbitration
    if stage.action:
        document["seller_next_action_response"] = [
            {"action": stage.action, "deadline": stage.deadline}
        ]
    if stage.status == "BUYER_SHIPPED_ITEM":
        document["return_tracking_number"] = f"RT{plan.id[-10:]}"
        document["return_provider_name"] = packages.CARRIER
        document["return_provider_id"] = packages.CARRIER_ID
    return document


def records(call: Call) -> object:
    shop, now = call.shop, call.now
    plans = call.orders_named(f"{start}{call.id[2:]}" for start in ("57", "58"))
    found = next(
        (each for each in returns(iter(plans.values()), shop, now) if each.id == call.id), None
    )
    if found is None:
        raise Refused(200, 25020005, "No permission to process this order")
    return {"records": [_record(found, stage) for stage in found.stages if stage.at <= now]}


def _record(of: Return, stage: Stage) -> dict[str, object]:
    plan = of.plan
    by_buyer = stage.role == "BUYER"
    picture = {"url": buyers.picture(plan.id, "photo"), "width": 200, "height": 200}
    film = {
        "url": buyers.picture(plan.id, "film"),
        "cover": buyers.picture(plan.id, "cover"),
        "width": 200,
        "height": 200,
        "duration_millis": 3000,
    }
    return {
        "event": "ORDER_RETURN",
        "role": stage.role,
        "description": stage.description,
        "reason_text": chance.pick(_WHY, plan.id, "why")[1],
        "note": buyers.words(plan.id, "reason", "it is not what I saw") if by_buyer else "",
        "images": [picture] if by_buyer else [],
        "videos": [film] if by_buyer else [],
        "create_time": stage.at,
    }


ROUTES: Routes = {
    ("POST", "/return_refund/202309/returns/search"): search,
    ("GET", "/return_refund/202309/returns/{id}/records"): records,
}
