"""Orders with all their deadlines, without their buyers."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from stores.marketplaces import read
from stores.marketplaces.core import Node
from stores.marketplaces.tiktok_shop.payloads.parts import (
    members,
    members_or_none,
    money_or_none,
    page_of,
)


# A tuple, because a page has many: a frozen dataclass of so many fields takes about twice as long.
class OrderPayload(NamedTuple):
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
        id=order.get("id", read.identifier),
        status=order.get("status", read.code),
        create_time=order.get("create_time", read.moment),
        update_time=order.get("update_time", read.moment),
        paid_time=order.get("paid_time", read.moment_or_none),
        rts_sla_time=order.get("rts_sla_time", read.moment_or_none),
        tts_sla_time=order.get("tts_sla_time", read.moment_or_none),
        shipping_due_time=order.get("shipping_due_time", read.moment_or_none),
        collection_due_time=order.get("collection_due_time", read.moment_or_none),
        pick_up_cut_off_time=order.get("pick_up_cut_off_time", read.moment_or_none),
        delivery_sla_time=order.get("delivery_sla_time", read.moment_or_none),
        delivery_due_time=order.get("delivery_due_time", read.moment_or_none),
        delivery_option_required_delivery_time=order.get(
            "delivery_option_required_delivery_time", read.moment_or_none
        ),
        fast_dispatch_sla_time=order.get("fast_dispatch_sla_time", read.moment_or_none),
        release_date=order.get("release_date", read.moment_or_none),
        cancel_order_sla_time=order.get("cancel_order_sla_time", read.moment_or_none),
        rts_time=order.get("rts_time", read.moment_or_none),
        collection_time=order.get("collection_time", read.moment_or_none),
        delivery_time=order.get("delivery_time", read.moment_or_none),
        request_cancel_time=order.get("request_cancel_time", read.moment_or_none),
        cancel_time=order.get("cancel_time", read.moment_or_none),
        is_buyer_request_cancel=order.get("is_buyer_request_cancel", read.flag),
        is_on_hold_order=order.get("is_on_hold_order", read.flag),
        is_cod=order.get("is_cod", read.flag),
        is_sample_order=order.get("is_sample_order", read.flag),
        cancellation_initiator=order.get("cancellation_initiator", read.code_or_none),
        fulfillment_type=order.get("fulfillment_type", read.code_or_none),
        order_type=order.get("order_type", read.code_or_none),
        shipping_type=order.get("shipping_type", read.code_or_none),
        amount=paid.amount if paid else None,
        currency=paid.currency if paid else None,
        item_count=order.get("line_items", read.size),
        package_ids=members_or_none(
            order.field("packages"), lambda package: package.get("id", read.identifier)
        ),
    )
