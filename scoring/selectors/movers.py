"""Which stores' ratings may have moved in a period, told without working any of them out."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from scoring import books
from scoring.core.resets import first_reset
from scoring.core.rulebook import Library, Rulebook
from scoring.models import FigureSwitch, LedgerEntry, PlatformRating, ToldEnforcement
from scoring.selectors.ledgers import counts_orders
from stores.models import Enforcement, Store


def may_have_moved(stores: Sequence[Store], *, since: datetime, at: datetime) -> list[Store]:
    """Return the stores of which something began, ended or was recorded in ``(since, at]``.

    Four queries. Some among them may have stayed as they were; none that moved is missing: what
    only a book tells (windows, resets, changes of book) counts by the books of the store's kind.
    """
    kinds = {_kind(store): books.library_for(store) for store in stores}
    windows = {book.window for library in kinds.values() for book in library.books if book.window}
    moved = {
        *_entries(stores, windows, since, at),
        *_figures(stores, windows, since, at),
        *_closings(stores, since, at),
    }
    switched = set(
        FigureSwitch.objects.filter(_in("switched_at", since, at)).values_list("book", flat=True)
    )
    turned = {kind for kind, library in kinds.items() if _turned(library, switched, since, at)}
    return [store for store in stores if store.pk in moved or _kind(store) in turned]


def _kind(store: Store) -> tuple[str, str, str]:
    return store.marketplace, store.market, store.seller_type


def _in(field: str, since: datetime, at: datetime) -> Q:
    return Q(**{f"{field}__gt": since, f"{field}__lte": at})


def _left(field: str, windows: Iterable[timedelta], since: datetime, at: datetime) -> Q:
    """Return what left one of ``windows`` in the period."""
    left = Q()
    for window in windows:
        left |= _in(field, since - window, at - window)
    return left


def _entries(
    stores: Sequence[Store], windows: Iterable[timedelta], since: datetime, at: datetime
) -> Iterable[UUID]:
    moved = _in("recorded_at", since, at) | _in("occurred_at", since, at)
    moved |= Q(is_expiry_stated=True) & _in("expires_at", since, at)
    if left := _left("occurred_at", windows, since, at):
        moved |= Q(is_expiry_stated=False) & left
    return _stores(LedgerEntry.objects.filter(moved, store__in=stores))


def _figures(
    stores: Sequence[Store], windows: Iterable[timedelta], since: datetime, at: datetime
) -> Iterable[UUID]:
    """Yield stores of which a first figure came, went, or left the window as an opening."""
    moved = _in("recorded_at", since, at) | _in("withdrawn_at", since, at)
    moved |= _left("observed_at", windows, since, at)
    return _stores(PlatformRating.objects.filter(moved, store__in=stores))


def _closings(stores: Sequence[Store], since: datetime, at: datetime) -> Iterable[UUID]:
    moved = Q()
    for field in ("recorded_at", "withdrawn_at", "starts_at", "ends_at"):
        moved |= _in(field, since, at)
    told = ToldEnforcement.objects.filter(moved, store__in=stores, kind=Enforcement.Kind.CLOSED)
    return _stores(told)


def _stores(rows: QuerySet[Any]) -> Iterable[UUID]:
    return rows.order_by().values_list("store_id", flat=True).distinct()


def _turned(library: Library, switched: AbstractSet[str], since: datetime, at: datetime) -> bool:
    """Tell whether a book alone may have moved the stores that it governs."""
    return any(
        since < book.effective_from <= at
        or since < book.known_from <= at
        or counts_orders(book)
        or book.name in switched
        or _resets(book, since, at)
        for book in library.books
    )


def _resets(book: Rulebook, since: datetime, at: datetime) -> bool:
    if book.resets is None:
        return False
    first = first_reset(book.resets.rule, book.zone, after=since, since=book.effective_from)
    return first <= at
