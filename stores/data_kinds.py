"""The kinds of data that a marketplace can tell of a store: their names, and how often each comes.

How each is fetched and kept is said in ``stores.services.syncing.kinds``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from stores.marketplaces.registry import MARKETPLACES

ORDERS: Final = "orders"


@dataclass(frozen=True, slots=True)
class DataKind:
    """One kind of data; ``every_at_risk`` is for stores near a milestone."""

    code: str
    label: Promise
    every: timedelta
    every_at_risk: timedelta

    @property
    def old_after(self) -> timedelta:
        """Return after how long without a complete sync the data counts as old: three missed."""
        return 3 * self.every


_MINUTES, _HOURS = timedelta(minutes=1), timedelta(hours=1)
# The most urgent first.
_TABLE: Final = (
    DataKind(ORDERS, _("Orders"), 15 * _MINUTES, 5 * _MINUTES),
    DataKind("cancellations", _("Cancellations"), _HOURS, 15 * _MINUTES),
    DataKind("returns", _("Returns and disputes"), _HOURS, 15 * _MINUTES),
    DataKind("conversations", _("Conversations"), _HOURS, 30 * _MINUTES),
    DataKind("products", _("Products"), 2 * _HOURS, _HOURS),
    DataKind("stock", _("Stock"), 2 * _HOURS, _HOURS),
    DataKind("packages", _("Packages"), 2 * _HOURS, _HOURS),
    DataKind("statements", _("Statements"), 12 * _HOURS, 6 * _HOURS),
    DataKind("payments", _("Payments"), 12 * _HOURS, 12 * _HOURS),
    DataKind("withdrawals", _("Withdrawals"), 6 * _HOURS, 3 * _HOURS),
    DataKind("unsettled", _("What is not settled yet"), 12 * _HOURS, 12 * _HOURS),
    DataKind("service_performance", _("Customer service"), 6 * _HOURS, 3 * _HOURS),
)

DATA: Final[Mapping[str, DataKind]] = MappingProxyType({kind.code: kind for kind in _TABLE})


def told_at(marketplace: str, market: str) -> tuple[DataKind, ...]:
    """Return the kinds of data that a marketplace tells in a market, the most urgent first."""
    known = MARKETPLACES[marketplace]
    if not known.can_connect:
        return ()
    return tuple(kind for kind in _TABLE if known.can_tell(kind.code, market))
