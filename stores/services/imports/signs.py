"""How a file writes days and decimals, as its cells, its headers, its origin or a member tell.

What none of them proves stays open: a cell that could be two values is refused, and asked about.
"""

from collections.abc import Mapping
from typing import Any, Final

from stores import markets, tables
from stores.models import Store
from stores.services.imports import base
from stores.services.imports.base import Kind
from stores.services.imports.headers import Unit

# TikTok Shop's exports, as public files of 2026 have them: the day first in South-East Asia and no
# halves of the day; elsewhere the month first, with AM and PM.
_DAY_FIRST: Final = frozenset({"VN", "TH", "PH", "SG", "MY", "ID"})
_MONTH_FIRST: Final = frozenset({"US", "BR"})


class Signs:
    """The forms of one file. A column's own cells come first, then those of columns like it."""

    def __init__(
        self,
        kind: Kind,
        columns: Mapping[str, int],
        units: Mapping[str, Unit],
        mapping: Mapping[str, Any],
    ) -> None:
        hints = mapping.get("hints", {})
        self._kind = kind
        self._said_days = base.DAY_ORDERS.get(mapping.get("dates", ""))
        self._said_comma = base.DECIMALS.get(mapping.get("decimals", ""))
        self._delimiter = hints.get("delimiter", "")
        moments = {
            name: at for name, at in columns.items() if kind.fields[name].read is base.moment
        }
        numbers = {name: at for name, at in columns.items() if kind.fields[name].is_number}
        self._days = _shared(moments, hints.get("days", {}))
        for name in moments:
            if units[name].day_first is not None:
                self._days[name] = units[name].day_first
        self._commas = _shared(numbers, hints.get("commas", {}))
        self._has_halves = any(str(at) in hints.get("halves", {}) for at in moments.values())

    @property
    def is_said(self) -> bool:
        """Tell whether a member said what stands before the decimals."""
        return self._said_comma is not None

    def day_first(self, name: str, store: Store | None) -> bool | None:
        if self._said_days is not None:
            return self._said_days
        if name in self._days:
            return self._days[name]
        return self._exports_order(store)

    def comma(self, name: str) -> bool | None:
        """Return whether decimals stand behind a comma, where a member or cells say so."""
        return self._said_comma if self.is_said else self._commas.get(name)

    def habit(self, name: str, store: Store | None) -> bool | None:
        """Return what is usual where a store is, unless the file's own form speaks against it."""
        if store is None or name in self._commas:
            return None
        has_comma = store.market in tables.COMMA_MARKETS
        if self._delimiter == ";" and not has_comma:
            return None  # lists are cut by semicolons where commas stand before decimals
        return has_comma

    def _exports_order(self, store: Store | None) -> bool | None:
        if store is None or self._kind.marketplace != Store.Marketplace.TIKTOK_SHOP:
            return None
        if store.market in _DAY_FIRST and not self._has_halves:
            return True
        if store.market in _MONTH_FIRST and self._has_halves:
            return False
        return None


def home_currency(store: Store | None) -> str:
    return "" if store is None else markets.CURRENCIES.get(store.market, "")


def _shared(columns: Mapping[str, int], told: Mapping[str, bool | None]) -> dict[str, bool | None]:
    """Return what each column's cells tell, or those of the others where all of them agree.

    None is of a column that contradicts itself; one of which nothing is known is left out.
    """
    own = {name: told[str(at)] for name, at in columns.items() if str(at) in told}
    found = set(own.values())
    if len(found) != 1 or None in found:
        return own
    return dict.fromkeys(columns, found.pop())
