"""Money: what was settled day by day, paid out, withdrawn, deducted, and what is still to come."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from stores.sandbox import breakdowns, chance
from stores.sandbox.calls import Call, Refused, Routes, wrong
from stores.sandbox.lives import DAY, HISTORY_DAYS, HOUR, Plan
from stores.sandbox.paging import Sorting, is_within, page
from stores.sandbox.shops import Shop

PAID_AFTER = 2 * DAY
_SETTLED_HOURS = 6  # after the statement
_WITHDRAWN_HOURS = 9
_BANK_DAYS = 2
_WEEK = 7
_MONDAY = 4  # 1970-01-01 was a Thursday
TYPES = frozenset({"WITHDRAW", "SETTLE", "TRANSFER", "REVERSE"})
_ADJUSTED = "DEDUCTIONS_INCURRED_BY_SELLER"


def _sorting(field: str) -> Sorting:
    return Sorting((field,), "", "ASC", size=20)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What an order brings: the costs are negative, and the settlement is the sum of all."""

    revenue: Decimal
    shipping: Decimal
    fees: Decimal

    @property
    def settlement(self) -> Decimal:
        return self.revenue + self.shipping + self.fees


def amounts(plan: Plan, shop: Shop) -> Amounts:
    unit = Decimal(1) if shop.market.whole_units else Decimal("0.01")
    revenue = Decimal(plan.amount)
    return Amounts(
        revenue,
        -(revenue * Decimal("0.06")).quantize(unit),
        -(revenue * Decimal("0.09")).quantize(unit),
    )


@dataclass(frozen=True, slots=True)
class Deduction:
    """What the marketplace takes, or gives back, for a breach of its policies."""

    id: str
    at: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """One day's settlement, drawn up at the midnight (UTC) that ends it."""

    shop: Shop
    day: int  # the one that begins as the statement is drawn up
    plans: tuple[Plan, ...]
    deductions: tuple[Deduction, ...]

    @property
    def at(self) -> int:
        return self.day * DAY

    @property
    def id(self) -> str:
        # The day can be read from it: the transactions are asked for by statement.
        return f"72{self.shop.mark:0>4}{self.day:013d}"

    @property
    def payment_id(self) -> str:
        return f"34{self.shop.mark:0>4}{self.day:013d}"

    @property
    def total(self) -> Amounts:
        all_amounts = [amounts(plan, self.shop) for plan in self.plans]
        return Amounts(
            sum((each.revenue for each in all_amounts), Decimal(0)),
            sum((each.shipping for each in all_amounts), Decimal(0)),
            sum((each.fees for each in all_amounts), Decimal(0)),
        )

    @property
    def adjustment(self) -> Decimal:
        return sum((each.amount for each in self.deductions), Decimal(0))

    @property
    def settlement(self) -> Decimal:
        return self.total.settlement + self.adjustment

    def payment_status(self, now: int) -> str:
        if now < self.at + PAID_AFTER:
            return "PROCESSING"
        failed = self.settlement < 0 or chance.share(self.id, "payment") < 0.02  # noqa: PLR2004
        return "FAILED" if failed else "PAID"


def deductions(call: Call, day: int) -> Iterator[Deduction]:
    """Yield what was deducted on one UTC day: by chance, and by wish of the control page."""
    shop = call.shop
    typical = Decimal(shop.market.typical_price)
    if chance.share(call.seed, shop.id, day, "deduction") < shop.habits.deducted:
        part = Decimal(chance.between(20, 150, call.seed, shop.id, day, "how much")) / 100
        at = day * DAY + chance.between(0, DAY - 1, shop.id, day, "deducted")
        yield Deduction(f"DED{shop.mark:0>4}{day:08d}00", at, -_whole(typical * part))
    for incident in call.marketplace.state.incidents.deductions(shop):
        taken = Decimal(incident.amount or 100 * shop.market.typical_price)
        sides = [(incident.since, -taken)]
        if incident.until is not None:
            sides.append((incident.until, taken))
        for number, (moment, amount) in enumerate(sides, 2 * incident.number):
            if moment // DAY == day:
                yield Deduction(f"DED{shop.mark:0>4}{day:08d}{number:02d}", moment, amount)


def _whole(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1))


def statements(call: Call, since: int, until: int) -> list[Statement]:
    """Return the statements drawn up in ``[since, until)`` and not after now."""
    first = max(-(-since // DAY), call.now // DAY - HISTORY_DAYS)
    last = min((until - 1) // DAY, call.now // DAY)
    settled: dict[int, list[Plan]] = defaultdict(list)
    for plan in call.plans_touched((first - 1) * DAY):
        if plan.completed is not None:
            settled[plan.completed // DAY].append(plan)
    found = (
        Statement(call.shop, day, tuple(settled.get(day - 1, ())), tuple(deductions(call, day - 1)))
        for day in range(first, last + 1)
    )
    return [each for each in found if each.plans or each.deductions]


def _window(call: Call, since: str, until: str) -> tuple[int, int]:
    start, end = call.moment(since), call.moment(until)
    return start or 0, call.now + 1 if end is None else end


def list_statements(call: Call) -> object:
    shop, now = call.shop, call.now
    status = call.request.parameter("payment_status")
    rows = [
        each
        for each in statements(call, *_window(call, "statement_time_ge", "statement_time_lt"))
        if status in {"", each.payment_status(now)}
    ]
    found = page(call, rows, lambda row, _: (row.at, row.id), _sorting("statement_time"))
    return {
        "next_page_token": found.next_page_token,
        "statements": [_statement(each, shop, now) for each in found.rows],
    }


def _statement(each: Statement, shop: Shop, now: int) -> dict[str, object]:
    write, total = shop.market.money, each.total
    if shop.region == "US":
        of_market = {
            "net_sales_amount": write(total.revenue),
            "shipping_cost_amount": write(total.shipping),
        }
    else:
        of_market = {"revenue_amount": write(total.revenue)}
    return {
        "id": each.id,
        "statement_time": each.at,
        "settlement_amount": write(each.settlement),
        "currency": shop.market.currency,
        "fee_amount": write(total.fees),
        "adjustment_amount": write(each.adjustment),
        "payment_status": each.payment_status(now),
        "payment_id": each.payment_id,
        **of_market,
    }


def transactions(call: Call) -> object:
    shop = call.shop
    day = int(call.id[-13:])
    found = [each for each in statements(call, day * DAY, day * DAY + 1) if each.id == call.id]
    if not found:
        raise Refused(200, 22005007, "given merchant does not exist")
    statement, write = found[0], shop.market.money
    rows: list[tuple[int, str, Plan | Deduction]] = [
        *((plan.created, f"16{plan.id[2:]}", plan) for plan in statement.plans),
        *((each.at, each.id, each) for each in statement.deductions),
    ]
    sorting = _sorting("order_create_time")
    shown = page(call, rows, lambda row, _: (row[0], row[1]), sorting)
    total = statement.total
    return {
        "next_page_token": shown.next_page_token,
        "id": statement.id,
        "create_time": statement.at,
        "status": "SETTLED",
        "currency": shop.market.currency,
        "payable_amount": write(statement.settlement),
        "total_reserve_amount": "0",
        "total_settlement_amount": write(statement.settlement),
        "total_settlement_breakdown": {
            "total_revenue_amount": write(total.revenue),
            "total_shipping_cost_amount": write(total.shipping),
            "total_fee_tax_amount": write(total.fees),
            "total_adjustment_amount": write(statement.adjustment),
        },
        "total_count": shown.total,
        "transactions": [
            _settled(row_id, row, shop) if isinstance(row, Plan) else _adjustment(row_id, row, shop)
            for _, row_id, row in shown.rows
        ],
    }


def _settled(row_id: str, plan: Plan, shop: Shop) -> dict[str, object]:
    write, each = shop.market.money, amounts(plan, shop)
    return {
        "id": row_id,
        "type": "ORDER",
        "order_id": plan.id,
        "order_create_time": plan.created,
        "adjustment_amount": "0",
        "settlement_amount": write(each.settlement),
        "revenue_amount": write(each.revenue),
        "revenue_breakdown": breakdowns.revenue(write(each.revenue)),
        "shipping_cost_amount": write(each.shipping),
        "shipping_cost_breakdown": breakdowns.shipping(write(each.shipping), is_settled=True),
        "fee_tax_amount": write(each.fees),
        "fee_tax_breakdown": breakdowns.fees(write(each.fees), is_settled=True),
        "supplementary_component": breakdowns.besides(write(each.revenue)),
        "reserve_amount": "0",
    }


def _adjustment(row_id: str, each: Deduction, shop: Shop) -> dict[str, object]:
    write = shop.market.money
    return {
        "id": row_id,
        "type": _ADJUSTED,
        "adjustment_id": row_id,
        "adjustment_amount": write(each.amount),
        "settlement_amount": write(each.amount),
        "revenue_amount": "0",
        "shipping_cost_amount": "0",
        "fee_tax_amount": "0",
        "reserve_amount": "0",
    }


def unsettled(call: Call) -> object:
    shop, now = call.shop, call.now
    since, until = _window(call, "search_time_ge", "search_time_lt")
    rows = [
        plan
        for plan in call.plans_touched(now)
        if is_within(plan.created, since, until) and _is_unsettled(plan, now)
    ]
    found = page(call, rows, lambda plan, _: (plan.created, plan.id), _sorting("order_create_time"))
    sums = [amounts(plan, shop) for plan in rows]
    write = shop.market.money
    return {
        "next_page_token": found.next_page_token,
        "total_count": found.total,
        "sum_est_settlement_amount": write(sum((each.settlement for each in sums), Decimal(0))),
        "sum_est_revenue_amount": write(sum((each.revenue for each in sums), Decimal(0))),
        "sum_est_adjustment_amount": "0",
        "sum_est_fee_amount": write(sum((each.fees for each in sums), Decimal(0))),
        "transactions": [_expected(plan, shop, now) for plan in found.rows],
    }


def _is_unsettled(plan: Plan, now: int) -> bool:
    return (
        plan.rts is not None
        and plan.rts <= now
        and (plan.cancelled is None or plan.cancelled > now)
        and (plan.completed is None or plan.completed > now)
    )


def _expected(plan: Plan, shop: Shop, now: int) -> dict[str, object]:
    write, each = shop.market.money, amounts(plan, shop)
    delivered = plan.delivered if plan.delivered is not None and plan.delivered <= now else None
    document: dict[str, object] = {
        "type": "ORDER",
        "id": f"16{plan.id[2:]}",
        "status": "UNSETTLED",
        "currency": shop.market.currency,
        "estimated_settlement": str(plan.completed) if delivered else "8 days after delivery",
        "unsettled_reason": "in the time for returns" if delivered else "not delivered yet",
        "order_create_time": plan.created,
        "order_id": plan.id,
        "est_adjustment_amount": "0",
        "est_settlement_amount": write(each.settlement),
        "est_revenue_amount": write(each.revenue),
        "revenue_breakdown": breakdowns.revenue(write(each.revenue)),
        "est_shipping_cost_amount": write(each.shipping),
        "shipping_cost_breakdown": breakdowns.shipping(write(each.shipping), is_settled=False),
        "est_fee_tax_amount": write(each.fees),
        "fee_tax_breakdown": breakdowns.fees(write(each.fees), is_settled=False),
    }
    if delivered:
        document["order_delivery_time"] = delivered
    return document


def payments(call: Call) -> object:
    shop, now = call.shop, call.now
    since, until = _window(call, "create_time_ge", "create_time_lt")
    rows = [
        each
        for each in statements(call, since - DAY, until)
        if is_within(_paid_out(each), since, min(until, now + 1))
    ]
    found = page(call, rows, lambda row, _: (_paid_out(row), row.id), _sorting("create_time"))
    return {
        "next_page_token": found.next_page_token,
        "payments": [_payment(each, shop, now) for each in found.rows],
    }


def _paid_out(each: Statement) -> int:
    return each.at + _SETTLED_HOURS * HOUR


def _payment(each: Statement, shop: Shop, now: int) -> dict[str, object]:
    def money(amount: Decimal) -> dict[str, str]:
        return {"value": shop.market.money(amount), "currency": shop.market.currency}

    status = each.payment_status(now)
    document: dict[str, object] = {
        "create_time": _paid_out(each),
        "id": each.payment_id,
        "status": status,
        "amount": money(each.settlement),
        "settlement_amount": money(each.settlement),
        "reserve_amount": money(Decimal(0)),
        "payment_amount_before_exchange": money(each.settlement),
        "exchange_rate": "1.000000",
        "bank_account": f"***********{int(shop.mark) % 10_000:04d}",
    }
    if status == "PAID":
        document["paid_time"] = each.at + PAID_AFTER
    return document


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the seller's account with the marketplace."""

    id: str
    type: str
    amount: Decimal
    at: int
    status: str = "SUCCESS"


def withdrawals(call: Call) -> object:
    shop, now = call.shop, call.now
    types = call.list_of("types", len(TYPES))
    if not set(types) <= TYPES:
        raise wrong("`types` has no such value.")
    since, until = _window(call, "create_time_ge", "create_time_lt")
    until = min(until, now + 1)
    rows = [
        each
        for each in _movements(call, since, until)
        if each.type in types and is_within(each.at, since, until)
    ]
    sorting = Sorting(("create_time",), "create_time", "ASC", size=20)
    found = page(call, rows, lambda row, _: (row.at, row.id), sorting)
    return {
        "next_page_token": found.next_page_token,
        "total_count": found.total,
        "withdrawals": [
            {
                "id": each.id,
                "type": each.type,
                "amount": shop.market.money(each.amount),
                "currency": shop.market.currency,
                "status": each.status,
                "create_time": each.at,
            }
            for each in found.rows
        ],
    }


def _movements(call: Call, since: int, until: int) -> Iterator[Movement]:
    """Yield what moved in ``[since, until)``, and a little around it."""
    # The withdrawal of a Monday takes out what the week before it brought.
    by_day = {
        each.day: each
        for each in statements(call, since - (_WEEK + _BANK_DAYS + 2) * DAY, until + DAY)
    }
    oldest = call.now // DAY - HISTORY_DAYS
    for day in range(max(since // DAY - _BANK_DAYS - 1, oldest), (until - 1) // DAY + 1):
        for each in deductions(call, day):
            yield Movement(each.id, "TRANSFER", each.amount, each.at)
        statement = by_day.get(day)
        if statement and statement.settlement > 0:
            number = f"SET{call.shop.mark:0>4}{day:08d}"
            yield Movement(number, "SETTLE", statement.settlement, _paid_out(statement))
        if day % _WEEK == _MONDAY:
            yield from _withdrawal(call, day, by_day)


def _withdrawal(call: Call, day: int, by_day: dict[int, Statement]) -> Iterator[Movement]:
    week = (by_day.get(each) for each in range(day - _WEEK, day))
    amount = sum((each.settlement for each in week if each), Decimal(0))
    if amount <= 0:
        return
    mark = f"{call.shop.mark:0>4}{day:08d}"
    at = day * DAY + _WITHDRAWN_HOURS * HOUR
    failed = chance.share(call.seed, call.shop.id, day, "bank") < 0.05  # noqa: PLR2004
    if call.now < at + _BANK_DAYS * DAY:
        yield Movement(f"WDR{mark}", "WITHDRAW", amount, at, "PROCESSING")
        return
    yield Movement(f"WDR{mark}", "WITHDRAW", amount, at, "FAILED" if failed else "SUCCESS")
    if failed:
        yield Movement(f"REV{mark}", "REVERSE", amount, at + _BANK_DAYS * DAY)


ROUTES: Routes = {
    ("GET", "/finance/202309/statements"): list_statements,
    ("GET", "/finance/202501/statements/{id}/statement_transactions"): transactions,
    ("GET", "/finance/202507/orders/unsettled"): unsettled,
    ("GET", "/finance/202309/payments"): payments,
    ("GET", "/finance/202309/withdrawals"): withdrawals,
}
