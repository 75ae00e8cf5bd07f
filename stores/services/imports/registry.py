"""The kinds of files there are, and which one a file is."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from stores.services.imports import headers
from stores.services.imports.base import Kind
from stores.services.imports.kinds.money import TikTokIncome, TikTokWithdrawals
from stores.services.imports.kinds.orders import LazadaOrders, ShopeeOrders, TikTokOrders
from stores.services.imports.kinds.ratings import Ratings
from stores.services.imports.kinds.readings import Readings
from stores.services.imports.kinds.stores import Stores
from stores.services.imports.kinds.sub_accounts import SubAccounts
from stores.services.imports.kinds.violations import Violations

_ALL: Final = (
    Violations(),
    TikTokOrders(),
    ShopeeOrders(),
    LazadaOrders(),
    TikTokIncome(),
    TikTokWithdrawals(),
    Ratings(),
    Readings(),
    Stores(),
    SubAccounts(),
)
_USUAL_AT_MOST: Final = 100
KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.code: kind for kind in _ALL})


def score(kind: Kind, found: Sequence[str]) -> int:
    """Return how well headers speak for a kind of file; 0 where they do not.

    Where two kinds have the same fields, the one whose usual names they are is spoken for.
    """
    columns, doubtful = headers.map_columns(found, kind.code, kind.fields)
    own = columns.keys() - {"store"}
    if not own:
        return 0
    known = sum(headers.is_known(header, kind.code) for header in found)
    lacking = kind.missing(columns, has_store=True)
    named = 4 * (len(own) + len(doubtful)) + 2 * known + ("store" in columns)
    usual = headers.usual(found, columns, kind.code, kind.fields)
    return _USUAL_AT_MOST * max(1, named - 6 * len(lacking)) + min(usual, _USUAL_AT_MOST - 1)


def is_certain(kind: Kind, found: Sequence[str]) -> bool:
    """Tell whether headers have all that a file of this kind needs but the store."""
    columns, _doubtful = headers.map_columns(found, kind.code, kind.fields)
    return not kind.missing(columns, has_store=True)


def guess(found: Sequence[str], among: Sequence[Kind]) -> Kind | None:
    """Return the kind of file that headers speak for, or None where no one kind stands out."""
    ranked = sorted(((score(kind, found), kind) for kind in among), key=lambda each: -each[0])
    certain = [(points, kind) for points, kind in ranked if is_certain(kind, found)]
    if not certain:
        return None
    if len(certain) > 1 and certain[0][0] == certain[1][0]:
        return None
    return certain[0][1]
