"""What can be measured at a store: the registry of readings.

A limit is a default of ours for warning, never a rule of a marketplace; rulebooks hold those.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Unit(StrEnum):
    COUNT = "count"
    PERCENT = "percent"  # 0 to 100
    MONEY = "money"  # in the store's currency
    DAYS = "days"
    YES_NO = "yes_no"  # 1 or 0


class Bad(StrEnum):
    """Which side of the limit is bad; the limit itself is still good."""

    ABOVE = "above"
    BELOW = "below"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that can be measured: its words, its bounds, and how long a value holds."""

    code: str
    label: Promise
    unit: Unit
    bad: Bad
    limit: Decimal | None
    max_age: timedelta  # older than this, the value counts as unknown
    sources: frozenset[str]
    lowest: Decimal | None = Decimal(0)
    highest: Decimal = Decimal(999_999_999)
    raises_alert: bool = False

    def is_bad(self, value: Decimal) -> bool:
        if self.limit is None or self.bad is Bad.NEVER:
            return False
        return value > self.limit if self.bad is Bad.ABOVE else value < self.limit


_HOURS = timedelta(hours=1)
_DAY = timedelta(days=1)
_API = frozenset({"api", "person", "file", "integration"})
_HAND = frozenset({"mail", "person", "file", "integration"})
_HUNDRED = Decimal(100)


def _metric(
    code: str,
    label: Promise,
    unit: Unit,
    bad: Bad,
    limit: str | None,
    max_age: timedelta,
    sources: frozenset[str],
    *,
    alert: bool = False,
) -> Metric:
    return Metric(
        code=code,
        label=label,
        unit=unit,
        bad=bad,
        limit=None if limit is None else Decimal(limit),
        max_age=max_age,
        sources=sources,
        lowest=None if unit is Unit.MONEY else Decimal(0),
        highest={Unit.PERCENT: _HUNDRED, Unit.YES_NO: Decimal(1)}.get(unit, Decimal(999_999_999)),
        raises_alert=alert,
    )


_ABOVE, _BELOW, _NEVER = Bad.ABOVE, Bad.BELOW, Bad.NEVER
_COUNT, _PERCENT, _MONEY, _DAYS, _YES_NO = Unit
_TABLE = (
    _metric(
        "overdue_orders",
        _("Orders past dispatch"),
        _COUNT,
        _ABOVE,
        "0",
        2 * _HOURS,
        _API,
        alert=True,
    ),
    _metric(
        "late_dispatch_rate",
        _("Late dispatch rate, 7 days"),
        _PERCENT,
        _ABOVE,
        "4",
        _DAY,
        _API,
        alert=True,
    ),
    _metric(
        "cancel_requests",
        _("Cancellation requests"),
        _COUNT,
        _ABOVE,
        "0",
        2 * _HOURS,
        _API,
        alert=True,
    ),
    _metric("interceptions", _("Interception requests"), _COUNT, _ABOVE, "0", 12 * _HOURS, _HAND),
    _metric(
        "rts_failures", _("Ready-to-ship failures, 7 days"), _COUNT, _ABOVE, "0", 2 * _HOURS, _API
    ),
    _metric(
        "seller_cancel_rate",
        _("Seller-fault cancellations, 30 days"),
        _PERCENT,
        _ABOVE,
        "2.5",
        _DAY,
        _API,
        alert=True,
    ),
    _metric(
        "days_inactive",
        _("Days inactive"),
        _DAYS,
        _ABOVE,
        "20",
        _DAY,
        _API | {"mail"},
        alert=True,
    ),
    _metric(
        "authorization_days",
        _("Days of authorization left"),
        _DAYS,
        _BELOW,
        "30",
        _DAY,
        _API,
        alert=True,
    ),
    _metric("balance", _("Balance"), _MONEY, _BELOW, "0", _DAY, _HAND, alert=True),
    _metric("open_disputes", _("Open disputes"), _COUNT, _ABOVE, "0", _DAY, _API),
    _metric("returns_waiting", _("Returns waiting for an answer"), _COUNT, _ABOVE, "0", _DAY, _API),
    _metric("listing_problems", _("Listings with problems"), _COUNT, _ABOVE, "0", _DAY, _API),
    _metric("low_stock", _("SKUs low on stock"), _COUNT, _ABOVE, "0", _DAY, _API),
    _metric("out_of_stock", _("SKUs out of stock"), _COUNT, _ABOVE, "0", _DAY, _API),
    _metric("unread_messages", _("Unread messages"), _COUNT, _ABOVE, "0", 12 * _HOURS, _API),
    _metric("response_rate", _("Response rate, 24 h"), _PERCENT, _BELOW, "90", _DAY, _API),
    _metric("low_reviews", _("1 and 2 star reviews, 7 days"), _COUNT, _ABOVE, "0", _DAY, _HAND),
    _metric("two_step", _("Two-step verification"), _YES_NO, _BELOW, "1", 7 * _DAY, _HAND),
    _metric("unusual_sign_ins", _("Unusual sign-ins, 24 h"), _COUNT, _ABOVE, "0", _DAY, _HAND),
    _metric(
        "days_since_withdrawal",
        _("Days since the last withdrawal"),
        _DAYS,
        _NEVER,
        None,
        7 * _DAY,
        _API,
    ),
    _metric(
        "policy_deductions",
        _("Deductions for policy reasons, 30 days"),
        _COUNT,
        _ABOVE,
        "0",
        _DAY,
        _API,
        alert=True,
    ),
    _metric(
        "unpaid_statement_days",
        _("Age of the oldest unpaid statement"),
        _DAYS,
        _ABOVE,
        "14",
        7 * _DAY,
        _API,
    ),
)

METRICS: Mapping[str, Metric] = MappingProxyType({metric.code: metric for metric in _TABLE})
