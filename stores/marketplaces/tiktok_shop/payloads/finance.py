"""Statements, payments, withdrawals, and what is not settled yet."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from stores.marketplaces.core import Node
from stores.marketplaces.tiktok_shop.payloads.parts import Money, money_or_none, page_of

_INSTANT = re.compile(r"[0-9]{9,10}")


@dataclass(frozen=True, slots=True)
class StatementPayload:
    """A day's statement, made at 00:00 UTC. Amounts are in ``currency``, deductions negative."""

    id: str
    statement_time: datetime
    payment_status: str
    payment_id: str | None
    currency: str
    settlement_amount: Decimal
    revenue_amount: Decimal | None
    fee_amount: Decimal | None
    adjustment_amount: Decimal | None
    net_sales_amount: Decimal | None
    shipping_cost_amount: Decimal | None


@dataclass(frozen=True, slots=True)
class StatementPage:
    """One page. ``next_page_token`` is None on the last; ``total`` counts this page alone."""

    statements: tuple[StatementPayload, ...]
    next_page_token: str | None = field(repr=False)
    total: int


@dataclass(frozen=True, slots=True)
class PaymentPayload:
    """A payment to the seller's bank; ``amount`` after exchange, the others before it."""

    id: str
    status: str
    create_time: datetime
    paid_time: datetime | None
    amount: Money | None
    settlement_amount: Money | None
    reserve_amount: Money | None
    payment_amount_before_exchange: Money | None
    exchange_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """One page. ``next_page_token`` is None on the last; ``total`` counts this page alone."""

    payments: tuple[PaymentPayload, ...]
    next_page_token: str | None = field(repr=False)
    total: int


@dataclass(frozen=True, slots=True)
class WithdrawalPayload:
    """One movement of the seller's balance; a deduction for a policy is one of its types."""

    id: str
    type: str
    amount: Decimal
    currency: str
    status: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class WithdrawalPage:
    """One page. ``next_page_token`` is None on the last; ``total`` counts all pages."""

    withdrawals: tuple[WithdrawalPayload, ...]
    next_page_token: str | None = field(repr=False)
    total: int


@dataclass(frozen=True, slots=True)
class UnsettledPayload:
    """An order or adjustment that waits for its settlement; amounts are the marketplace's guess.

    ``estimated_settlement`` is what it says about the time: an instant (``estimated_settlement_at``
    has it then), or words like "7 days after delivery".
    """

    id: str
    type: str
    status: str | None
    currency: str
    estimated_settlement: str
    estimated_settlement_at: datetime | None
    unsettled_reason: str
    order_create_time: datetime | None
    order_delivery_time: datetime | None
    order_id: str | None
    adjustment_id: str | None
    adjustment_order_id: str | None
    est_settlement_amount: Decimal | None
    est_adjustment_amount: Decimal | None
    est_revenue_amount: Decimal | None
    est_shipping_cost_amount: Decimal | None
    est_fee_tax_amount: Decimal | None


@dataclass(frozen=True, slots=True)
class UnsettledPage:
    """One page, with the sums over all of them."""

    transactions: tuple[UnsettledPayload, ...]
    next_page_token: str | None = field(repr=False)
    total: int
    sum_est_settlement_amount: Decimal | None
    sum_est_revenue_amount: Decimal | None
    sum_est_adjustment_amount: Decimal | None
    sum_est_fee_amount: Decimal | None


@dataclass(frozen=True, slots=True)
class StatementTransaction:
    """One line of a statement, an order, an adjustment or a reserve, in the page's currency."""

    id: str
    type: str
    order_id: str | None
    order_create_time: datetime | None
    adjustment_id: str | None
    adjustment_order_id: str | None
    settlement_amount: Decimal | None
    adjustment_amount: Decimal | None
    revenue_amount: Decimal | None
    shipping_cost_amount: Decimal | None
    fee_tax_amount: Decimal | None
    reserve_id: str | None
    reserve_amount: Decimal | None
    reserve_status: str | None
    associated_order_id: str | None
    estimated_release_time: datetime | None


@dataclass(frozen=True, slots=True)
class StatementTransactionPage:
    """One page of a statement's lines, with the statement's own sums."""

    transactions: tuple[StatementTransaction, ...]
    next_page_token: str | None = field(repr=False)
    total: int
    id: str
    create_time: datetime
    status: str
    currency: str
    payable_amount: Decimal | None
    total_settlement_amount: Decimal | None
    total_reserve_amount: Decimal | None


def statement_page(data: Node) -> StatementPage:
    return StatementPage(*page_of(data, "statements", _statement))


def payment_page(data: Node) -> PaymentPage:
    return PaymentPage(*page_of(data, "payments", _payment))


def withdrawal_page(data: Node) -> WithdrawalPage:
    return WithdrawalPage(*page_of(data, "withdrawals", _withdrawal))


def unsettled_page(data: Node) -> UnsettledPage:
    return UnsettledPage(
        *page_of(data, "transactions", _unsettled),
        sum_est_settlement_amount=data.field("sum_est_settlement_amount").money_or_none(),
        sum_est_revenue_amount=data.field("sum_est_revenue_amount").money_or_none(),
        sum_est_adjustment_amount=data.field("sum_est_adjustment_amount").money_or_none(),
        sum_est_fee_amount=data.field("sum_est_fee_amount").money_or_none(),
    )


def statement_transaction_page(data: Node) -> StatementTransactionPage:
    return StatementTransactionPage(
        *page_of(data, "transactions", _statement_transaction),
        id=data.field("id").identifier(),
        create_time=data.field("create_time").moment(),
        status=data.field("status").code(),
        currency=data.field("currency").currency(),
        payable_amount=data.field("payable_amount").money_or_none(),
        total_settlement_amount=data.field("total_settlement_amount").money_or_none(),
        total_reserve_amount=data.field("total_reserve_amount").money_or_none(),
    )


def _statement(statement: Node) -> StatementPayload:
    return StatementPayload(
        id=statement.field("id").identifier(),
        statement_time=statement.field("statement_time").moment(),
        payment_status=statement.field("payment_status").code(),
        payment_id=statement.field("payment_id").identifier_or_none(),
        currency=statement.field("currency").currency(),
        settlement_amount=statement.field("settlement_amount").money(),
        revenue_amount=statement.field("revenue_amount").money_or_none(),
        fee_amount=statement.field("fee_amount").money_or_none(),
        adjustment_amount=statement.field("adjustment_amount").money_or_none(),
        net_sales_amount=statement.field("net_sales_amount").money_or_none(),
        shipping_cost_amount=statement.field("shipping_cost_amount").money_or_none(),
    )


def _payment(payment: Node) -> PaymentPayload:
    def money(name: str) -> Money | None:
        return money_or_none(payment.field(name), "value")

    return PaymentPayload(
        id=payment.field("id").identifier(),
        status=payment.field("status").code(),
        create_time=payment.field("create_time").moment(),
        paid_time=payment.field("paid_time").moment_or_none(),
        amount=money("amount"),
        settlement_amount=money("settlement_amount"),
        reserve_amount=money("reserve_amount"),
        payment_amount_before_exchange=money("payment_amount_before_exchange"),
        exchange_rate=payment.field("exchange_rate").money_or_none(),
    )


def _withdrawal(withdrawal: Node) -> WithdrawalPayload:
    return WithdrawalPayload(
        id=withdrawal.field("id").identifier(),
        type=withdrawal.field("type").code(),
        amount=withdrawal.field("amount").money(),
        currency=withdrawal.field("currency").currency(),
        status=withdrawal.field("status").code(),
        create_time=withdrawal.field("create_time").moment(),
    )


def _unsettled(transaction: Node) -> UnsettledPayload:
    return UnsettledPayload(
        id=transaction.field("id").identifier(),
        type=transaction.field("type").code(),
        status=transaction.field("status").code_or_none(),
        currency=transaction.field("currency").currency(),
        estimated_settlement=transaction.field("estimated_settlement").words(),
        estimated_settlement_at=_written_moment(transaction.field("estimated_settlement")),
        unsettled_reason=transaction.field("unsettled_reason").words(),
        order_create_time=transaction.field("order_create_time").moment_or_none(),
        order_delivery_time=transaction.field("order_delivery_time").moment_or_none(),
        order_id=transaction.field("order_id").identifier_or_none(),
        adjustment_id=transaction.field("adjustment_id").identifier_or_none(),
        adjustment_order_id=transaction.field("adjustment_order_id").identifier_or_none(),
        est_settlement_amount=transaction.field("est_settlement_amount").money_or_none(),
        est_adjustment_amount=transaction.field("est_adjustment_amount").money_or_none(),
        est_revenue_amount=transaction.field("est_revenue_amount").money_or_none(),
        est_shipping_cost_amount=transaction.field("est_shipping_cost_amount").money_or_none(),
        est_fee_tax_amount=transaction.field("est_fee_tax_amount").money_or_none(),
    )


def _statement_transaction(line: Node) -> StatementTransaction:
    return StatementTransaction(
        id=line.field("id").identifier(),
        type=line.field("type").code(),
        order_id=line.field("order_id").identifier_or_none(),
        order_create_time=line.field("order_create_time").moment_or_none(),
        adjustment_id=line.field("adjustment_id").identifier_or_none(),
        adjustment_order_id=line.field("adjustment_order_id").identifier_or_none(),
        settlement_amount=line.field("settlement_amount").money_or_none(),
        adjustment_amount=line.field("adjustment_amount").money_or_none(),
        revenue_amount=line.field("revenue_amount").money_or_none(),
        shipping_cost_amount=line.field("shipping_cost_amount").money_or_none(),
        fee_tax_amount=line.field("fee_tax_amount").money_or_none(),
        reserve_id=line.field("reserve_id").identifier_or_none(),
        reserve_amount=line.field("reserve_amount").money_or_none(),
        reserve_status=line.field("reserve_status").code_or_none(),
        associated_order_id=line.field("associated_order_id").identifier_or_none(),
        estimated_release_time=_written_moment(line.field("estimated_release_time")),
    )


def _written_moment(node: Node) -> datetime | None:
    """Return a Unix time that the contract writes as text; None for other words."""
    said = node.words()
    return datetime.fromtimestamp(int(said), UTC) if _INSTANT.fullmatch(said) else None
