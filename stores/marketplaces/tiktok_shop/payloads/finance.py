"""Statements, payments, withdrawals, and what is not settled yet."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from stores.marketplaces import read
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
        sum_est_settlement_amount=data.get("sum_est_settlement_amount", read.money_or_none),
        sum_est_revenue_amount=data.get("sum_est_revenue_amount", read.money_or_none),
        sum_est_adjustment_amount=data.get("sum_est_adjustment_amount", read.money_or_none),
        sum_est_fee_amount=data.get("sum_est_fee_amount", read.money_or_none),
    )


def statement_transaction_page(data: Node) -> StatementTransactionPage:
    return StatementTransactionPage(
        *page_of(data, "transactions", _statement_transaction),
        id=data.get("id", read.identifier),
        create_time=data.get("create_time", read.moment),
        status=data.get("status", read.code),
        currency=data.get("currency", read.currency),
        payable_amount=data.get("payable_amount", read.money_or_none),
        total_settlement_amount=data.get("total_settlement_amount", read.money_or_none),
        total_reserve_amount=data.get("total_reserve_amount", read.money_or_none),
    )


def _statement(statement: Node) -> StatementPayload:
    return StatementPayload(
        id=statement.get("id", read.identifier),
        statement_time=statement.get("statement_time", read.moment),
        payment_status=statement.get("payment_status", read.code),
        payment_id=statement.get("payment_id", read.identifier_or_none),
        currency=statement.get("currency", read.currency),
        settlement_amount=statement.get("settlement_amount", read.money),
        revenue_amount=statement.get("revenue_amount", read.money_or_none),
        fee_amount=statement.get("fee_amount", read.money_or_none),
        adjustment_amount=statement.get("adjustment_amount", read.money_or_none),
        net_sales_amount=statement.get("net_sales_amount", read.money_or_none),
        shipping_cost_amount=statement.get("shipping_cost_amount", read.money_or_none),
    )


def _payment(payment: Node) -> PaymentPayload:
    def money(name: str) -> Money | None:
        return money_or_none(payment.field(name), "value")

    return PaymentPayload(
        id=payment.get("id", read.identifier),
        status=payment.get("status", read.code),
        create_time=payment.get("create_time", read.moment),
        paid_time=payment.get("paid_time", read.moment_or_none),
        amount=money("amount"),
        settlement_amount=money("settlement_amount"),
        reserve_amount=money("reserve_amount"),
        payment_amount_before_exchange=money("payment_amount_before_exchange"),
        exchange_rate=payment.get("exchange_rate", read.money_or_none),
    )


def _withdrawal(withdrawal: Node) -> WithdrawalPayload:
    return WithdrawalPayload(
        id=withdrawal.get("id", read.identifier),
        type=withdrawal.get("type", read.code),
        amount=withdrawal.get("amount", read.money),
        currency=withdrawal.get("currency", read.currency),
        status=withdrawal.get("status", read.code),
        create_time=withdrawal.get("create_time", read.moment),
    )


def _unsettled(transaction: Node) -> UnsettledPayload:
    return UnsettledPayload(
        id=transaction.get("id", read.identifier),
        type=transaction.get("type", read.code),
        status=transaction.get("status", read.code_or_none),
        currency=transaction.get("currency", read.currency),
        estimated_settlement=transaction.get("estimated_settlement", read.words),
        estimated_settlement_at=transaction.get("estimated_settlement", _written_moment),
        unsettled_reason=transaction.get("unsettled_reason", read.words),
        order_create_time=transaction.get("order_create_time", read.moment_or_none),
        order_delivery_time=transaction.get("order_delivery_time", read.moment_or_none),
        order_id=transaction.get("order_id", read.identifier_or_none),
        adjustment_id=transaction.get("adjustment_id", read.identifier_or_none),
        adjustment_order_id=transaction.get("adjustment_order_id", read.identifier_or_none),
        est_settlement_amount=transaction.get("est_settlement_amount", read.money_or_none),
        est_adjustment_amount=transaction.get("est_adjustment_amount", read.money_or_none),
        est_revenue_amount=transaction.get("est_revenue_amount", read.money_or_none),
        est_shipping_cost_amount=transaction.get("est_shipping_cost_amount", read.money_or_none),
        est_fee_tax_amount=transaction.get("est_fee_tax_amount", read.money_or_none),
    )


def _statement_transaction(line: Node) -> StatementTransaction:
    return StatementTransaction(
        id=line.get("id", read.identifier),
        type=line.get("type", read.code),
        order_id=line.get("order_id", read.identifier_or_none),
        order_create_time=line.get("order_create_time", read.moment_or_none),
        adjustment_id=line.get("adjustment_id", read.identifier_or_none),
        adjustment_order_id=line.get("adjustment_order_id", read.identifier_or_none),
        settlement_amount=line.get("settlement_amount", read.money_or_none),
        adjustment_amount=line.get("adjustment_amount", read.money_or_none),
        revenue_amount=line.get("revenue_amount", read.money_or_none),
        shipping_cost_amount=line.get("shipping_cost_amount", read.money_or_none),
        fee_tax_amount=line.get("fee_tax_amount", read.money_or_none),
        reserve_id=line.get("reserve_id", read.identifier_or_none),
        reserve_amount=line.get("reserve_amount", read.money_or_none),
        reserve_status=line.get("reserve_status", read.code_or_none),
        associated_order_id=line.get("associated_order_id", read.identifier_or_none),
        estimated_release_time=line.get("estimated_release_time", _written_moment),
    )


def _written_moment(value: object) -> datetime | None:
    """Return a Unix time that the contract writes as text; None for other words."""
    said = read.words(value)
    return datetime.fromtimestamp(int(said), UTC) if _INSTANT.fullmatch(said) else None
