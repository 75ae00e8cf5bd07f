"""Cancellations: what buyers ask for, and what sellers or the marketplace call off."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stores.sandbox import buyers, packages, refunds
from stores.sandbox.calls import Call, Routes
from stores.sandbox.lives import HOUR, Plan
from stores.sandbox.paging import TIMES, Kinds, Sorting, filters, is_in_windows, page
from stores.sandbox.shops import Shop

ANSWERED_WITHIN = 72 * HOUR
PENDING = "CANCELLATION_REQUEST_PENDING"
SUCCESS = "CANCELLATION_REQUEST_SUCCESS"
WITHDRAWN = "CANCELLATION_REQUEST_CANCELLED"
COMPLETE = "CANCELLATION_REQUEST_COMPLETE"
FILTERS: Kinds = {
    **TIMES,
    "cancel_ids": list,
    "order_ids": list,
    "buyer_user_ids": list,
    "cancel_types": frozenset({"CANCEL", "BUYER_CANCEL"}),
    "cancel_status": frozenset({PENDING, SUCCESS, WITHDRAWN, COMPLETE}),
    "locale": str,
}
SORTING = Sorting(("create_time", "update_time"), "create_time", "ASC", size=10, largest=50)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """One wish to cancel an order, and how it went."""

    plan: Plan
    created: int

    @property
    def id(self) -> str:
        return f"40{self.plan.id[2:]}"

    @property
    def is_buyers(self) -> bool:
        return self.plan.asked_to_cancel is not None

    def steps(self) -> Iterator[tuple[int, str]]:
        """Yield from when it is in which state, also those to come."""
        answered = self.plan.answered
        if not self.is_buyers:
            yield self.created, COMPLETE
            return
        yield self.created, PENDING
        if answered is None:
            return
        if self.plan.cancelled_by != "BUYER":
            yield answered, WITHDRAWN
            return
        yield answered, SUCCESS
        yield answered + 6 * HOUR, COMPLETE

    def now(self, now: int) -> tuple[int, str]:
        return [step for step in self.steps() if step[0] <= now][-1]


def cancellations(plans: Iterator[Plan], now: int) -> Iterator[Cancellation]:
    for plan in plans:
        created = plan.asked_to_cancel or plan.cancelled
        if created is not None and created <= now:
            yield Cancellation(plan, created)


def search(call: Call) -> object:
    shop, now = call.shop, call.now
    wanted = filters(call.body, FILTERS)
    earliest = max(wanted.get("update_time_ge", 0), wanted.get("create_time_ge", 0))
    rows = (
        each
        for each in cancellations(call.plans_touched(earliest), now)
        if _is_wanted(each, wanted, now)
    )
    found = page(
        call,
        rows,
        lambda each, field: (
            each.created if field == "create_time" else each.now(now)[0],
            each.id,
        ),
        SORTING,
    )
    return {
        "cancellations": [_document(each, shop, now) for each in found.rows],
        "next_page_token": found.next_page_token,
        "total_count": found.total,
    }


def _is_wanted(each: Cancellation, wanted: dict[str, Any], now: int) -> bool:
    updated, status = each.now(now)
    return (
        is_in_windows(wanted, each.created, updated)
        and refunds.is_named(wanted, "cancel_ids", each.id)
        and refunds.is_named(wanted, "order_ids", each.plan.id)
        and refunds.is_named(wanted, "buyer_user_ids", buyers.user_id(each.plan.id))
        and refunds.is_named(wanted, "cancel_status", status)
        and refunds.is_named(wanted, "cancel_types", "BUYER_CANCEL" if each.is_buyers else "CANCEL")
    )


def _document(each: Cancellation, shop: Shop, now: int) -> dict[str, object]:
    plan = each.plan
    updated, status = each.now(now)
    code, text = _REASONS[plan.cancelled_by or "BUYER"]
    document: dict[str, object] = {
        "cancel_id": each.id,
        "order_id": plan.id,
        "cancel_type": "BUYER_CANCEL" if each.is_buyers else "CANCEL",
        "cancel_status": status,
        "role": "BUYER" if each.is_buyers else plan.cancelled_by,
        "cancel_reason": code,
        "cancel_reason_text": text,
        "create_time": each.created,
        "update_time": updated,
        "seller_next_action_response": [],
        "refund_amount": refunds.refund(shop, plan.amount),
        "cancel_line_items": [
            {
                "cancel_line_item_id": f"41{packages.line_item_id(plan, number)[2:]}",
                **refunds.line_item(plan, shop, number),
            }
            for number in range(len(plan.items))
        ],
    }
    if status == PENDING:
        document["seller_next_action_response"] = [
            {"action": "SELLER_RESPOND_CANCEL", "deadline": each.created + ANSWERED_WITHIN}
        ]
    return document


_REASONS = {
    "BUYER": ("ecom_order_to_ship_canceled_reason_address", "Need to change address"),
    "SELLER": ("ecom_order_to_ship_canceled_reason_out_of_stock", "Out of stock"),
    "SYSTEM": ("ecom_order_system_canceled_reason_overdue", "Not handed over in time"),
}


ROUTES: Routes = {("POST", "/return_refund/202309/cancellations/search"): search}
