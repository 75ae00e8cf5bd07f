"""Cancellations, returns and the disputes about them, without the buyer who asks."""

from dataclasses import dataclass, field
from datetime import datetime

from stores.marketplaces import read
from stores.marketplaces.core import Node
from stores.marketplaces.tiktok_shop.payloads.parts import (
    Money,
    NextAction,
    members_or_none,
    money_or_none,
    next_actions,
    page_of,
)


@dataclass(frozen=True, slots=True)
class CancellationPayload:
    """A cancellation, done or asked for. ``cancel_reason`` is a code, empty where there is none."""

    cancel_id: str
    order_id: str
    cancel_type: str
    cancel_status: str
    role: str | None
    cancel_reason: str
    create_time: datetime
    update_time: datetime
    seller_next_action_response: tuple[NextAction, ...]
    refund_total: Money | None
    order_line_item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CancellationPage:
    """One page of a search. ``next_page_token`` is None on the last; ``total`` counts all pages."""

    cancellations: tuple[CancellationPayload, ...]
    next_page_token: str | None = field(repr=False)
    total: int


@dataclass(frozen=True, slots=True)
class ReturnPayload:
    """A return or refund that a buyer asked for. A dispute stands in ``arbitration_status``."""

    return_id: str
    order_id: str
    return_type: str
    return_status: str
    arbitration_status: str | None
    role: str | None
    return_reason: str
    create_time: datetime
    update_time: datetime
    seller_next_action_response: tuple[NextAction, ...]
    refund_total: Money | None
    shipment_type: str | None
    handover_method: str | None
    return_method: str | None
    return_tracking_number: str
    pre_return_id: str | None
    next_return_id: str | None
    is_combined_return: bool
    combined_return_id: str | None
    can_buyer_keep_item: bool
    seller_proposed_return_type: str | None
    partial_refund: Money | None
    buyer_rejected_partial_refund: bool
    order_line_item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReturnPage:
    """One page of a search. ``next_page_token`` is None on the last; ``total`` counts all pages."""

    returns: tuple[ReturnPayload, ...]
    next_page_token: str | None = field(repr=False)
    total: int


def cancellation_page(data: Node) -> CancellationPage:
    return CancellationPage(*page_of(data, "cancellations", _cancellation))


def return_page(data: Node) -> ReturnPage:
    return ReturnPage(*page_of(data, "return_orders", _return))


def _cancellation(request: Node) -> CancellationPayload:
    return CancellationPayload(
        cancel_id=request.get("cancel_id", read.identifier),
        order_id=request.get("order_id", read.identifier),
        cancel_type=request.get("cancel_type", read.code),
        cancel_status=request.get("cancel_status", read.code),
        role=request.get("role", read.code_or_none),
        cancel_reason=request.get("cancel_reason", read.reason),
        create_time=request.get("create_time", read.moment),
        update_time=request.get("update_time", read.moment),
        seller_next_action_response=next_actions(request),
        refund_total=money_or_none(request.field("refund_amount"), "refund_total"),
        order_line_item_ids=_line_item_ids(request.field("cancel_line_items")),
    )


def _return(request: Node) -> ReturnPayload:
    return ReturnPayload(
        return_id=request.get("return_id", read.identifier),
        order_id=request.get("order_id", read.identifier),
        return_type=request.get("return_type", read.code),
        return_status=request.get("return_status", read.code),
        arbitration_status=request.get("arbitration_status", read.code_or_none),
        role=request.get("role", read.code_or_none),
        return_reason=request.get("return_reason", read.reason),
        create_time=request.get("create_time", read.moment),
        update_time=request.get("update_time", read.moment),
        seller_next_action_response=next_actions(request),
        refund_total=money_or_none(request.field("refund_amount"), "refund_total"),
        shipment_type=request.get("shipment_type", read.code_or_none),
        handover_method=request.get("handover_method", read.code_or_none),
        return_method=request.get("return_method", read.code_or_none),
        return_tracking_number=request.get("return_tracking_number", read.text_or_empty),
        pre_return_id=request.get("pre_return_id", read.identifier_or_none),
        next_return_id=request.get("next_return_id", read.identifier_or_none),
        is_combined_return=request.get("is_combined_return", read.written_flag),
        combined_return_id=request.get("combined_return_id", read.identifier_or_none),
        can_buyer_keep_item=request.get("can_buyer_keep_item", read.written_flag),
        seller_proposed_return_type=request.get("seller_proposed_return_type", read.code_or_none),
        partial_refund=money_or_none(request.field("partial_refund"), "amount"),
        buyer_rejected_partial_refund=request.get(
            "buyer_rejected_partial_refund", read.written_flag
        ),
        order_line_item_ids=_line_item_ids(request.field("return_line_items")),
    )


def _line_item_ids(items: Node) -> tuple[str, ...]:
    return members_or_none(items, lambda item: item.get("order_line_item_id", read.identifier))
