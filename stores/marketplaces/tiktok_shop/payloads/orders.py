"""Orders with all their deadlines, without their buyers."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from stores.marketplaces.core import Node
from stores.marketplaces.tiktok_shop.payloads.parts import (
    members,
    members_or_none,
    money_or_none,
    page_of,
)


@dataclass(frozen=True, slots=True)
class OrderPayload:
    """An order without its buyer. Fields keep the marketplace's names.

    The ``*_sla_time`` and ``*_due_time`` are deadlines, the other times say when it happened; a
    time that has not come is None. ``rts`` is "ready to ship": the seller arranged the shipment.
    ``tts`` is the hand-over to the carrier. ``release_date`` is when the clocks of a pre-order
    start, ``fast_dispatch_sla_time`` a bonus's deadline and no duty.
    """

    id: str
    status: str
    create_time: datetime
    update_time: datetime
    paid_time: datetime | None
    rts_sla_time: datetime | None
    tts_sla_time: datetime | None
    shipping_due_time: datetime | None
    collection_due_time: datetime | None
    pick_up_cut_off_time: datetime | None
    delivery_sla_time: datetime | None
    delivery_due_time: datetime | None
    delivery_option_required_delivery_time: datetime | None
    fast_dispatch_sla_time: datetime | None
    release_date: datetime | None
    cancel_order_sla_time: datetime | None
    rts_time: datetime | None
    collection_time: datetime | None
    delivery_time: datetime | None
    request_cancel_time: datetime | None
    cancel_time: datetime | None
    is_buyer_request_cancel: bool
    is_on_hold_order: bool
    is_cod: bool
    is_sample_order: bool
    cancellation_initiator: str | None
    fulfillment_type: str | None
    order_type: str | None
    shipping_type: str | None
    amount: Decimal | None
    currency: str | None
    item_count: int
    package_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of a search. ``next_page_token`` is None on the last; ``total`` counts all pages."""

    orders: tuple[OrderPayload, ...]
    next_page_token: str | None = field(repr=False)
    total: int


def order_page(data: Node) -> OrderPage:
    return OrderPage(*page_of(data, "orders", _order))


def orders(data: Node) -> tuple[OrderPayload, ...]:
    return members(data.field("orders"), _order)


def _order(order: Node) -> OrderPayload:
    paid = money_or_none(order.field("payment"), "total_amount")
    return OrderPayload(
        id=order.field("id").identifier(),
        status=order.field("status").code(),
        create_time=order.field("create_time").moment(),
        update_time=order.field("update_time").moment(),
        paid_time=order.field("paid_time").moment_or_none(),
        rts_sla_time=order.field("rts_sla_time").moment_or_none(),
        tts_sla_time=order.field("tts_sla_time").moment_or_none(),
        shipping_due_time=order.field("shipping_due_time").moment_or_none(),
        collection_due_time=order.field("collection_due_time").moment_or_none(),
        pick_up_cut_off_time=order.field("pick_up_cut_off_time").moment_or_none(),
        delivery_sla_time=order.field("delivery_sla_time").moment_or_none(),
        delivery_due_time=order.field("delivery_due_time").moment_or_none(),
        delivery_option_required_delivery_time=order.field(
            "delivery_option_required_delivery_time"
        ).moment_or_none(),
        fast_dispatch_sla_time=order.field("fast_dispatch_sla_time").moment_or_none(),
        release_date=order.field("release_date").moment_or_none(),
        cancel_order_sla_time=order.field("cancel_order_sla_time").moment_or_none(),
        rts_time=order.field("rts_time").moment_or_none(),
        collection_time=order.field("collection_time").moment_or_none(),
        delivery_time=order.field("delivery_time").moment_or_none(),
        request_cancel_time=order.field("request_cancel_time").moment_or_none(),
        cancel_time=order.field("cancel_time").moment_or_none(),
        is_buyer_request_cancel=order.field("is_buyer_request_cancel").flag(),
        is_on_hold_order=order.field("is_on_hold_order").flag(),
        is_cod=order.field("is_cod").flag(),
        is_sample_order=order.field("is_sample_order").flag(),
        cancellation_initiator=order.field("cancellation_initiator").code_or_none(),
        fulfillment_type=order.field("fulfillment_type").code_or_none(),
        order_type=order.field("order_type").code_or_none(),
        shipping_type=order.field("shipping_type").code_or_none(),
        amount=paid.amount if paid else None,
        currency=paid.currency if paid else None,
        item_count=len(order.field("line_items").items_or_none()),
        package_ids=members_or_none(
            order.field("packages"), lambda package: package.field("id").identifier()
        ),
    )
