"""Reads a store's rows into the plain values that the scoring core works on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db.models import Max, QuerySet

from scoring import books
from scoring.core.rulebook import Rulebook
from scoring.core.values import (
    BY_BOOK,
    Completion,
    CountsAs,
    Enforced,
    Entry,
    Expires,
    Kind,
    Ledger,
    Measure,
    Observation,
    Options,
    PointsRange,
    Reason,
    Unstated,
)
from scoring.core.values import PeriodEnd as PeriodEndValue
from scoring.models import (
    LedgerEntry,
    PeriodEnd,
    PlatformRating,
    PointsUnknown,
    ToldEnforcement,
)
from scoring.selectors.figures import switched_on
from stores.models import Order, Store
from stores.selectors import mail_flow


def entries_of(store: Store) -> QuerySet[LedgerEntry]:
    """Return the store's ledger, newest first, with violation and notice behind each entry."""
    return (
        LedgerEntry.objects.filter(store=store)
        .select_related("violation__notice", "reverses")
        .order_by("-occurred_at", "-id")
    )


def ledger_of(store: Store) -> Ledger:
    """Return all that was ever recorded about the store that bears on its rating.

    Six queries, and one more where a rulebook's bonus counts orders. Each row says since when,
    and until when, it was known; the core goes by it.
    """
    of_store = {"store": store}
    return Ledger(
        entries=tuple(entry(row) for row in LedgerEntry.objects.filter(**of_store)),
        observations=tuple(observation(row) for row in PlatformRating.objects.filter(**of_store)),
        enforcements=tuple(enforced(row) for row in ToldEnforcement.objects.filter(**of_store)),
        completions=completions_of(store),
        unstated=tuple(unstated(row) for row in PointsUnknown.objects.filter(**of_store)),
        period_ends=tuple(period_end(row) for row in PeriodEnd.objects.filter(**of_store)),
    )


def completions_of(store: Store) -> tuple[Completion, ...]:
    """Return the store's completed orders; none where no rulebook's bonus counts them."""
    if not any(counts_orders(book) for book in books.library_for(store).books):
        return ()
    return tuple(
        Completion(order.completed_at, order.completion_seen_at or order.completed_at)
        for order in Order.objects.filter(store=store, completed_at__isnull=False)
        if order.completed_at is not None
    )


def counts_orders(book: Rulebook) -> bool:
    return book.order_bonus is not None and book.order_bonus.mode == "rolling_count"


def options_of(
    store: Store, *, at: datetime | None = None, known_at: datetime | None = None
) -> Options:
    """Return what was chosen for the store, and how fresh its news was, at ``at``; now if None."""
    alive = channels_alive_at([store.pk], at=at, known_at=known_at)
    return Options(
        switched_on=switched_on(books.library_for(store), known_at),
        channels_alive_at=alive.get(store.pk),
    )


def channels_alive_at(
    store_ids: Sequence[UUID], *, at: datetime | None = None, known_at: datetime | None = None
) -> dict[UUID, datetime]:
    """Return when a channel that could bring bad news was last alive, by store, in two queries.

    Such are the store's mail and what people or integrations report of it. Fetched orders are
    not: the marketplace tells violations to no program. With ``at`` it is what was last by then,
    with ``known_at`` what had arrived by then.
    """
    alive = mail_flow.heard_at(store_ids, at=at, known_at=known_at)
    seen = PlatformRating.objects.filter(store__in=store_ids)
    if known_at is None:
        seen = seen.filter(withdrawn_at=None)
    else:
        seen = seen.filter(recorded_at__lte=known_at).exclude(withdrawn_at__lte=known_at)
    if at is not None:
        seen = seen.filter(observed_at__lte=at)
    for store_id, moment in seen.values_list("store_id").annotate(Max("observed_at")):
        alive[store_id] = max(moment, alive.get(store_id, moment))
    return alive


def entry(row: LedgerEntry) -> Entry:
    expires: Expires = row.expires_at if row.is_expiry_stated else BY_BOOK
    estimate = None
    if row.estimate_low is not None and row.estimate_high is not None:
        estimate = PointsRange(row.estimate_low, row.estimate_high)
    return Entry(
        id=str(row.pk),
        kind=Kind(row.kind),
        points=row.points,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        expires_at=expires,
        counts_as=CountsAs(row.counts_as) if row.counts_as else None,
        reverses=str(row.reverses_id) if row.reverses_id else None,
        reason=Reason(row.reason) if row.reason else None,
        estimate=estimate,
    )


def observation(row: PlatformRating) -> Observation:
    return Observation(
        id=str(row.pk),
        value=row.value,
        measure=Measure(row.measure),
        observed_at=row.observed_at,
        recorded_at=row.recorded_at,
        withdrawn_at=row.withdrawn_at,
    )


def enforced(row: ToldEnforcement) -> Enforced:
    return Enforced(row.kind, row.starts_at, row.ends_at, row.recorded_at, row.withdrawn_at)


def unstated(row: PointsUnknown) -> Unstated:
    return Unstated(
        id=str(row.pk),
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        expires_at=row.expires_at or BY_BOOK,
        settled_at=row.settled_at,
    )


def period_end(row: PeriodEnd) -> PeriodEndValue:
    by: Literal["marketplace", "quiz"] = "quiz" if row.by == PeriodEnd.By.QUIZ else "marketplace"
    return PeriodEndValue(row.milestone, row.said_at, row.ends_at, row.recorded_at, by)
