"""What a fault of a call means: for the kind of data that was asked for, or the whole store."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stores.marketplaces.core import (
    BreakerOpen,
    ClockRefused,
    MarketplaceDown,
    MarketplaceError,
    NotAuthorized,
    RateLimited,
    SignatureRefused,
    StoreInactive,
)
from stores.services.syncing.kinds import ORDERS, Kind

WHILE_INACTIVE: Final = timedelta(minutes=30)
_WHILE_NOT_AUTHORIZED: Final = timedelta(hours=6)
_SOON: Final = timedelta(minutes=1)
_LONGEST_BUSY: Final = timedelta(minutes=15)
_LONGEST_DOWN: Final = timedelta(minutes=5)  # the breaker sees to it that few calls are made
_SCOPE_NOT_GRANTED: Final = "105005"
EXPIRES_AT_ONCE: Final = "expires-at-once"
NOT_CONNECTED: Final = "not-connected"
_OF_STORE: Final = frozenset({EXPIRES_AT_ONCE, NOT_CONNECTED})
_MOST_DOUBLINGS: Final = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """A problem's code, when to try again, and whether the store's other data must wait as well."""

    problem: str
    wait: timedelta
    of_store: bool = False
    is_ours: bool = False


def judge(error: MarketplaceError, kind: Kind, failures: int) -> Verdict:
    """Return what ``error`` means after ``failures`` earlier ones of ``kind`` in a row.

    Nothing is given up for good but what only the seller can mend: a marketplace that is down or
    busy, or says what we do not understand, is asked again with longer and longer pauses, up to
    the kind's own interval.
    """
    doubled = 2 ** min(failures, _MOST_DOUBLINGS)
    if isinstance(error, NotAuthorized):
        # Orders are what a permission is for; another kind of data may just not be part of it.
        is_of_store = kind.code == ORDERS.code or error.code in _OF_STORE
        if is_of_store and error.code != _SCOPE_NOT_GRANTED:
            return Verdict("revoked", timedelta(0), of_store=True)
        return Verdict("not_authorized", _WHILE_NOT_AUTHORIZED)
    if isinstance(error, StoreInactive):
        return Verdict("inactive", WHILE_INACTIVE, of_store=True)
    if isinstance(error, RateLimited):
        asked = timedelta(seconds=min(error.retry_after or 60.0, _LONGEST_BUSY.total_seconds()))
        return Verdict("rate_limited", max(asked, _SOON), of_store=True)
    if isinstance(error, MarketplaceDown):
        return _down(error, min(2 * _SOON * doubled, _LONGEST_DOWN))
    return _ours(error, min(_SOON * doubled, kind.told.every))


def _ours(error: MarketplaceError, wait: timedelta) -> Verdict:
    if isinstance(error, SignatureRefused):  # the app's key or our clock: the same for all data
        problem = "clock" if isinstance(error, ClockRefused) else "app_refused"
        return Verdict(problem, wait, of_store=True, is_ours=True)
    return Verdict("ours", wait, is_ours=True)


def _down(error: MarketplaceDown, wait: timedelta) -> Verdict:
    if isinstance(error, BreakerOpen):
        return Verdict("down", max(timedelta(seconds=error.retry_after), _SOON), of_store=True)
    return Verdict("down", wait)
