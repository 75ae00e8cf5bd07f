"""What a shop sold, by the days of its own zone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from stores.sandbox import chats, returns
from stores.sandbox.calls import Call, Refused, Routes, wrong
from stores.sandbox.lives import Plan
from stores.sandbox.shops import Shop

KINDS = ("LIVE", "VIDEO", "PRODUCT_CARD")
_SEEN_PER_ORDER = 240
_VIEWED_PER_ORDER = 35
_RATES = {"USD": Decimal(1), "VND": Decimal(25_000), "THB": Decimal(33), "PHP": Decimal(57)}


class Period(NamedTuple):
    """Days from the first to before the last."""

    first: date
    last: date


def performance(call: Call) -> object:
    shop = call.shop
    try:
        chats.days(call, "start_date_ge", "end_date_lt")
    except Refused as refused:
        message = "invalid request params; detail: start time or end time is invalid."
        raise Refused(refused.status, 28001022, message) from None
    whole = Period(
        date.fromisoformat(call.request.parameter("start_date_ge")),
        date.fromisoformat(call.request.parameter("end_date_lt")),
    )
    granularity = call.request.parameter("granularity") or "ALL"
    currency = call.request.parameter("currency") or "LOCAL"
    if granularity not in {"ALL", "1D"} or currency not in {"USD", "LOCAL"}:
        raise wrong("Unknown `granularity` or `currency`.")
    rate = _RATES[shop.market.currency] if currency == "USD" else Decimal(1)
    before = Period(whole.first - (whole.last - whole.first), whole.first)
    found: dict[str, object] = {
        "intervals": [
            _interval(call, each, rate, currency) for each in _intervals(whole, granularity)
        ]
    }
    if call.request.parameter("with_comparison") == "true":
        found["comparison_intervals"] = [
            _interval(call, each, rate, currency) for each in _intervals(before, granularity)
        ]
    today = datetime.fromtimestamp(call.now, UTC).astimezone(ZoneInfo(shop.market.zone)).date()
    return {
        "performance": found,
        "latest_available_date": (today - timedelta(days=1)).isoformat(),
    }


def _intervals(period: Period, granularity: str) -> Iterator[Period]:
    if granularity == "ALL":
        yield period
        return
    day = period.first
    while day < period.last:
        yield Period(day, day + timedelta(days=1))
        day += timedelta(days=1)


def _placed(call: Call, period: Period) -> list[Plan]:
    """Return the orders placed in a period, as the shop's own calendar has it."""
    zone = ZoneInfo(call.shop.market.zone)
    start, end = (
        int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) for day in period
    )
    return [plan for plan in call.plans(start) if start <= plan.created < end]


def _interval(call: Call, period: Period, rate: Decimal, currency: str) -> dict[str, object]:
    shop = call.shop
    placed = _placed(call, period)
    total = sum((Decimal(plan.amount) for plan in placed), Decimal(0)) / rate
    orders = len(placed)
    length = (period.last - period.first).days

    def money(amount: Decimal) -> dict[str, str]:
        code = "USD" if currency == "USD" else shop.market.currency
        return {"amount": _written(amount, shop, currency), "currency": code}

    taken_back = [plan for plan in placed if plan.cancelled is not None]
    returned = list(returns.returns(iter(placed), shop, call.now))
    refunded = sum((Decimal(each.plan.amount) for each in returned), Decimal(0)) / rate
    return {
        "start_date": period.first.isoformat(),
        "end_date": period.last.isoformat(),
        "gmv": money(total),
        "gmv_breakdowns": [
            {**money(part), "type": kind} for kind, part in zip(KINDS, _thirds(total), strict=True)
        ],
        "sku_orders": sum(len({name for name, _ in plan.items}) for plan in placed),
        "orders": orders,
        "avg_order_value": money(total / orders if orders else Decimal(0)),
        "units_sold": sum(len(plan.items) for plan in placed),
        "buyers": orders,
        "buyer_breakdowns": _counts(orders),
        "product_impressions": orders * _SEEN_PER_ORDER,
        "product_impression_breakdowns": _counts(orders * _SEEN_PER_ORDER),
        "product_page_views": orders * _VIEWED_PER_ORDER,
        "product_page_view_breakdowns": _counts(orders * _VIEWED_PER_ORDER),
        "avg_product_page_visitors": orders * _VIEWED_PER_ORDER // (2 * length),
        "avg_product_page_visitor_breakdowns": _counts(orders * _VIEWED_PER_ORDER // (2 * length)),
        "refunds": money(refunded),
        "cancellations_and_returns": len(taken_back) + len(returned),
    }


def _written(amount: Decimal, shop: Shop, currency: str) -> str:
    return f"{amount:.2f}" if currency == "USD" else shop.market.money(amount)


def _thirds(total: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    small = (total / 5).quantize(Decimal("0.01"))
    return small, small, total - 2 * small


def _counts(total: int) -> list[dict[str, object]]:
    small = total // 5
    parts = (small, small, total - 2 * small)
    return [{"amount": part, "type": kind} for kind, part in zip(KINDS, parts, strict=True)]


ROUTES: Routes = {("GET", "/analytics/202405/shop/performance"): performance}
