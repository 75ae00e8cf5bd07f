"""How what a sync fetches becomes rows. No buyer and no words of hers are among it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from stores.marketplaces.tiktok_shop.payloads import (
    AuditFailure,
    CancellationPayload,
    ConversationPayload,
    NextAction,
    OrderPayload,
    PackagePayload,
    PaymentPayload,
    ProductPayload,
    ReturnPayload,
    StatementPayload,
    StockPayload,
    UnsettledPayload,
    WithdrawalPayload,
)
from stores.models import AfterSale, BalanceEntry, Conversation, Order, Package, Product, SkuStock
from stores.services.syncing.rows import SEEN, Column, Table

_COMPLETED: Final = "COMPLETED"
# What a sync tells of a row that a file told first is the marketplace's own word from then on.
_BY_API: Final[Column[Any]] = Column("source", "text", lambda _row: "api")


def _completed_at(order: OrderPayload) -> datetime | None:
    """Return when the order was completed: the contract tells only by its last change."""
    return order.update_time if order.status == _COMPLETED else None


ORDERS: Final = Table[OrderPayload](
    model=Order,
    id_of=lambda order: order.id,
    changed_at=lambda order: order.update_time,
    columns=(
        Column("status", "text", lambda order: order.status[:24]),
        Column("placed_at", "timestamptz", lambda order: order.create_time),
        Column("paid_at", "timestamptz", lambda order: order.paid_time),
        Column("rts_due_at", "timestamptz", lambda order: order.rts_sla_time),
        Column("rts_at", "timestamptz", lambda order: order.rts_time),
        Column("tts_due_at", "timestamptz", lambda order: order.tts_sla_time),
        Column("shipping_due_at", "timestamptz", lambda order: order.shipping_due_time),
        Column("collection_due_at", "timestamptz", lambda order: order.collection_due_time),
        Column("collected_at", "timestamptz", lambda order: order.collection_time),
        Column("delivery_due_at", "timestamptz", lambda order: order.delivery_due_time),
        Column("delivered_at", "timestamptz", lambda order: order.delivery_time),
        Column("completed_at", "timestamptz", _completed_at, stays=True),
        Column("completion_seen_at", SEEN, lambda order: order.status == _COMPLETED, stays=True),
        Column("cancel_due_at", "timestamptz", lambda order: order.cancel_order_sla_time),
        Column("cancel_asked_at", "timestamptz", lambda order: order.request_cancel_time),
        Column("is_cancel_asked", "boolean", lambda order: order.is_buyer_request_cancel),
        Column("is_on_hold", "boolean", lambda order: order.is_on_hold_order),
        Column("cancelled_by", "text", lambda order: (order.cancellation_initiator or "")[:16]),
        Column("amount", "numeric", lambda order: order.amount),
        Column("currency", "text", lambda order: order.currency or ""),
        _BY_API,
    ),
)

PACKAGES: Final = Table[PackagePayload](
    model=Package,
    id_of=lambda package: package.id,
    changed_at=lambda package: package.update_time,
    columns=(
        Column("status", "text", lambda package: package.status),
        Column("order_id", "text", lambda package: next(iter(package.order_ids), "")),
        Column("orders", "integer", lambda package: len(package.order_ids)),
        Column("made_at", "timestamptz", lambda package: package.create_time),
    ),
)

_BY_PLATFORM: Final = "PLATFORM"


@dataclass(frozen=True, slots=True)
class Listing:
    """A product of a search; the reasons are told by its own page only."""

    product: ProductPayload
    reasons: tuple[AuditFailure, ...] = ()

    @property
    def failures(self) -> list[dict[str, Any]]:
        return [
            {"position": failure.position, "reasons": list(failure.reasons)}
            for failure in self.reasons
        ]

    @property
    def skus_taken_off(self) -> int:
        return sum(sku.deactivation_source == _BY_PLATFORM for sku in self.product.skus)


PRODUCTS: Final = Table[Listing](
    model=Product,
    id_of=lambda listing: listing.product.id,
    changed_at=lambda listing: listing.product.update_time,
    columns=(
        Column("title", "text", lambda listing: listing.product.title),
        Column("status", "text", lambda listing: listing.product.status or ""),
        Column("audit_status", "text", lambda listing: listing.product.audit_status or ""),
        Column("failures", "jsonb", lambda listing: listing.failures),
        Column("skus_taken_off", "integer", lambda listing: listing.skus_taken_off),
        Column("made_at", "timestamptz", lambda listing: listing.product.create_time),
    ),
)

STOCKS: Final = Table[StockPayload](
    model=SkuStock,
    id_of=lambda stock: stock.sku_id,
    changed_at=None,
    columns=(
        Column("product_id", "text", lambda stock: stock.product_id),
        Column("seller_sku", "text", lambda stock: stock.seller_sku),
        Column("available", "integer", lambda stock: _units(stock.available)),
        Column("committed", "integer", lambda stock: _units(stock.committed)),
    ),
)

CONVERSATIONS: Final = Table[ConversationPayload](
    model=Conversation,
    id_of=lambda chat: chat.id,
    changed_at=None,
    columns=(
        Column("unread", "integer", lambda chat: _units(chat.unread_count)),
        Column("latest_at", "timestamptz", lambda chat: chat.latest_message_time),
        Column("is_from_buyer", "boolean", lambda chat: chat.latest_message_from_buyer),
        Column("can_answer", "boolean", lambda chat: chat.can_send_message),
    ),
)


def _steps(case: CancellationPayload | ReturnPayload) -> list[NextAction]:
    """Return what the seller has to do, the earliest deadline first."""
    latest = datetime.max.replace(tzinfo=case.update_time.tzinfo)
    return sorted(case.seller_next_action_response, key=lambda step: step.deadline or latest)


def _next_act(case: CancellationPayload | ReturnPayload) -> str:
    return next((step.action for step in _steps(case)), "")


def _answer_by(case: CancellationPayload | ReturnPayload) -> datetime | None:
    return next((step.deadline for step in _steps(case)), None)


def _of_both() -> tuple[Column[Any], ...]:
    return (
        Column("order_id", "text", lambda case: case.order_id),
        Column("asked_by", "text", lambda case: case.role or ""),
        Column("next_act", "text", _next_act),
        Column("answer_by", "timestamptz", _answer_by),
        Column("amount", "numeric", lambda case: case.refund_total and case.refund_total.amount),
        Column(
            "currency", "text", lambda case: case.refund_total.currency if case.refund_total else ""
        ),
        Column("made_at", "timestamptz", lambda case: case.create_time),
    )


CANCELLATIONS: Final = Table[CancellationPayload](
    model=AfterSale,
    id_of=lambda case: case.cancel_id,
    changed_at=lambda case: case.update_time,
    only={"kind": AfterSale.Kind.CANCELLATION.value},
    columns=(
        Column("type", "text", lambda case: case.cancel_type),
        Column("status", "text", lambda case: case.cancel_status),
        Column("dispute", "text", lambda _case: ""),
        *_of_both(),
    ),
)

RETURNS: Final = Table[ReturnPayload](
    model=AfterSale,
    id_of=lambda case: case.return_id,
    changed_at=lambda case: case.update_time,
    only={"kind": AfterSale.Kind.RETURN.value},
    columns=(
        Column("type", "text", lambda case: case.return_type),
        Column("status", "text", lambda case: case.return_status),
        Column("dispute", "text", lambda case: case.arbitration_status or ""),
        *_of_both(),
    ),
)

STATEMENTS: Final = Table[StatementPayload](
    model=BalanceEntry,
    id_of=lambda statement: statement.id,
    changed_at=None,
    only={"kind": BalanceEntry.Kind.STATEMENT.value},
    columns=(
        Column("type", "text", lambda _statement: ""),
        Column("status", "text", lambda statement: statement.payment_status),
        Column("amount", "numeric", lambda statement: statement.settlement_amount),
        Column("currency", "text", lambda statement: statement.currency),
        Column("made_at", "timestamptz", lambda statement: statement.statement_time),
        Column("paid_at", "timestamptz", lambda _statement: None),
        _BY_API,
    ),
)

PAYMENTS: Final = Table[PaymentPayload](
    model=BalanceEntry,
    id_of=lambda payment: payment.id,
    changed_at=None,
    only={"kind": BalanceEntry.Kind.PAYMENT.value},
    columns=(
        Column("type", "text", lambda _payment: ""),
        Column("status", "text", lambda payment: payment.status),
        Column("amount", "numeric", lambda payment: payment.amount and payment.amount.amount),
        Column(
            "currency", "text", lambda payment: payment.amount.currency if payment.amount else ""
        ),
        Column("made_at", "timestamptz", lambda payment: payment.create_time),
        Column("paid_at", "timestamptz", lambda payment: payment.paid_time),
        _BY_API,
    ),
)

WITHDRAWALS: Final = Table[WithdrawalPayload](
    model=BalanceEntry,
    id_of=lambda withdrawal: withdrawal.id,
    changed_at=None,
    only={"kind": BalanceEntry.Kind.WITHDRAWAL.value},
    columns=(
        Column("type", "text", lambda withdrawal: withdrawal.type),
        Column("status", "text", lambda withdrawal: withdrawal.status),
        Column("amount", "numeric", lambda withdrawal: withdrawal.amount),
        Column("currency", "text", lambda withdrawal: withdrawal.currency),
        Column("made_at", "timestamptz", lambda withdrawal: withdrawal.create_time),
        Column("paid_at", "timestamptz", lambda _withdrawal: None),
        _BY_API,
    ),
)

UNSETTLED: Final = Table[UnsettledPayload](
    model=BalanceEntry,
    id_of=lambda line: line.id,
    changed_at=None,
    only={"kind": BalanceEntry.Kind.UNSETTLED.value},
    columns=(
        Column("type", "text", lambda line: line.type),
        Column("status", "text", lambda line: line.status or ""),
        Column("amount", "numeric", lambda line: line.est_settlement_amount),
        Column("currency", "text", lambda line: line.currency),
        Column("made_at", "timestamptz", lambda line: line.order_create_time),
        Column("paid_at", "timestamptz", lambda _line: None),
        _BY_API,
    ),
)

_MOST = 2_147_483_647  # of PostgreSQL's integer


def _units(count: int) -> int:
    return min(count, _MOST)
