"""Reads the rows of many stores at once, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from scoring import books
from scoring.core.values import Completion, Ledger, Options
from scoring.models import LedgerEntry, PeriodEnd, PlatformRating, PointsUnknown, ToldEnforcement
from scoring.selectors import ledgers
from scoring.selectors.figures import switched_on
from scoring.selectors.rows import Rows, with_sources
from stores.models import Order, Store

Value = TypeVar("Value")


def rows_of(stores: Sequence[Store], *, at: datetime) -> dict[UUID, Rows]:
    """Return the rows of each store, known at ``at``; one query more than ``ledgers_of``.

    How fresh a store's news was is not among them: it moves no rating.
    """
    found = with_sources(LedgerEntry.objects.filter(store__in=stores))
    entries = _by_store(found, lambda row: row)
    known = ledgers_of(stores, entries=entries)
    options = Options(switched_on=switched_on(known_at=at))
    return {
        store.pk: Rows(
            store, entries.get(store.pk, []), known[store.pk], options, at=at, known_at=at
        )
        for store in stores
    }


def ledgers_of(
    stores: Sequence[Store], *, entries: Mapping[UUID, Sequence[LedgerEntry]] | None = None
) -> dict[UUID, Ledger]:
    """Return by store what ``ledgers.ledger_of`` returns for one.

    Five queries, one of them spared by ``entries``, and one more where a rulebook counts orders.
    """
    of_stores = {"store__in": stores}
    if entries is None:
        entries = _by_store(LedgerEntry.objects.filter(**of_stores), lambda row: row)
    seen = _by_store(PlatformRating.objects.filter(**of_stores), ledgers.observation)
    told = _by_store(ToldEnforcement.objects.filter(**of_stores), ledgers.enforced)
    unstated = _by_store(PointsUnknown.objects.filter(**of_stores), ledgers.unstated)
    ends = _by_store(PeriodEnd.objects.filter(**of_stores), ledgers.period_end)
    completions = _completions(stores)
    return {
        store.pk: Ledger(
            entries=tuple(ledgers.entry(row) for row in entries.get(store.pk, ())),
            observations=tuple(seen.get(store.pk, ())),
            enforcements=tuple(told.get(store.pk, ())),
            completions=tuple(completions.get(store.pk, ())),
            unstated=tuple(unstated.get(store.pk, ())),
            period_ends=tuple(ends.get(store.pk, ())),
        )
        for store in stores
    }


def _by_store(rows: Iterable[Any], value: Callable[[Any], Value]) -> dict[UUID, list[Value]]:
    found: dict[UUID, list[Value]] = defaultdict(list)
    for row in rows:
        found[row.store_id].append(value(row))
    return found


def _completions(stores: Sequence[Store]) -> dict[UUID, list[Completion]]:
    """Return the completed orders of the stores whose rulebooks count them."""
    counting = [
        store
        for store in stores
        if any(ledgers.counts_orders(book) for book in books.library_for(store).books)
    ]
    if not counting:
        return {}
    return _by_store(
        Order.objects.filter(store__in=counting, completed_at__isnull=False),
        lambda order: Completion(
            order.completed_at, order.completion_seen_at or order.completed_at
        ),
    )
