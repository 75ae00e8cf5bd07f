"""TikTok Shop's answers as values.

Only what these classes name leaves this module: buyers' names, addresses, telephone numbers,
e-mail addresses and messages stay behind at the door.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from stores.marketplaces.core import Node

_STATE = re.compile(r"[A-Z][A-Z_]{0,39}")
_REGION = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an authorization code or a refresh token brings. A refresh token serves once."""

    access_token: str = field(repr=False)
    access_token_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_token_expires_at: datetime
    open_id: str
    seller_name: str
    seller_base_region: str
    granted_scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShopPayload:
    """A shop that the seller has authorized. ``cipher`` names it in nearly every other call."""

    id: str
    name: str
    region: str
    seller_type: str
    cipher: str = field(repr=False)
    code: str


@dataclass(frozen=True, slots=True)
class ActiveShopPayload:
    """A shop of the seller that the marketplace holds to be active."""

    id: str
    region: str


@dataclass(frozen=True, slots=True)
class OrderPayload:
    """An order without its buyer. Fields keep the marketplace's names.

    The ``*_sla_time`` and ``*_due_time`` are deadlines, the other times say when it happened; a
    time that has not come is None. ``rts`` is "ready to ship": the seller arranged the shipment.
    ``tts`` is the hand-over to the carrier.
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


def tokens(data: Node) -> Tokens:
    """Parse the answer to a code or a refresh token.

    The marketplace's ``*_expire_in`` are instants, whatever their name says.
    """
    return Tokens(
        access_token=data.field("access_token").text(longest=4096),
        access_token_expires_at=data.field("access_token_expire_in").moment(),
        refresh_token=data.field("refresh_token").text(longest=4096),
        refresh_token_expires_at=data.field("refresh_token_expire_in").moment(),
        open_id=data.field("open_id").text(),
        seller_name=_text_or_empty(data.field("seller_name")),
        seller_base_region=_text_or_empty(data.field("seller_base_region")),
        granted_scopes=tuple(
            scope.text() for scope in data.field("granted_scopes").items_or_none()
        ),
    )


def shops(data: Node) -> list[ShopPayload]:
    return [
        ShopPayload(
            id=shop.field("id").identifier(),
            name=shop.field("name").text(),
            region=shop.field("region").matching(_REGION, "a two-letter region"),
            seller_type=shop.field("seller_type").matching(_STATE, "a seller type"),
            cipher=shop.field("cipher").text(),
            code=_text_or_empty(shop.field("code")),
        )
        for shop in data.field("shops").items()
    ]


def active_shops(data: Node) -> list[ActiveShopPayload]:
    return [
        ActiveShopPayload(
            id=shop.field("id").identifier(),
            region=shop.field("region").matching(_REGION, "a two-letter region"),
        )
        for shop in data.field("shops").items()
    ]


def order_page(data: Node) -> OrderPage:
    following, total, listed = (
        data.field(name) for name in ("next_page_token", "total_count", "orders")
    )
    # Only a search that found nothing may leave its list away: no order is lost in silence.
    found_nothing = listed.is_absent and (total.is_absent or total.value == 0)
    found = () if found_nothing else orders(data)
    return OrderPage(
        orders=found,
        next_page_token=None if following.value in (None, "") else following.text(longest=4096),
        total=len(found) if total.is_absent else total.count(),
    )


def orders(data: Node) -> tuple[OrderPayload, ...]:
    return tuple(_order(order) for order in data.field("orders").items())


def _order(order: Node) -> OrderPayload:
    payment = order.field("payment")
    amount, currency = _amount(payment)
    return OrderPayload(
        id=order.field("id").identifier(),
        status=order.field("status").matching(_STATE, "an order state"),
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
        cancellation_initiator=_state_or_none(order.field("cancellation_initiator")),
        fulfillment_type=_state_or_none(order.field("fulfillment_type")),
        shipping_type=_state_or_none(order.field("shipping_type")),
        amount=amount,
        currency=currency,
        item_count=len(order.field("line_items").items_or_none()),
        package_ids=tuple(
            package.field("id").identifier() for package in order.field("packages").items_or_none()
        ),
    )


def _amount(payment: Node) -> tuple[Decimal | None, str | None]:
    """Return what the buyer paid; an amount without its currency is refused."""
    if payment.is_absent or payment.field("total_amount").is_absent:
        return None, None
    currency = payment.field("currency").matching(_CURRENCY, "a currency")
    return payment.field("total_amount").money(), currency


def _text_or_empty(node: Node) -> str:
    return "" if node.value in (None, "") else node.text()


def _state_or_none(node: Node) -> str | None:
    return None if node.value in (None, "") else node.matching(_STATE, "a known form")
