"""Reads a store's rows into the plain values that the scoring core works on."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Max, QuerySet

from scoring.core.values import (
    BY_BOOK,
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
from scoring.models import LedgerEntry, PlatformRating
from stores.models import Enforcement, Notice, Store, Violation


def entries_of(store: Store) -> QuerySet[LedgerEntry]:
    """Return the store's ledger, newest first, with violation and notice behind each entry."""
    return (
        LedgerEntry.objects.filter(store=store)
        .select_related("violation__notice", "reverses")
        .order_by("-occurred_at", "-id")
    )


def ledger_of(store: Store) -> Ledger:
    """Return all that is recorded about the store that bears on its rating, in four queries."""
    entries = list(LedgerEntry.objects.filter(store=store))
    return Ledger(
        entries=tuple(_entry(row) for row in entries),
        observations=tuple(
            Observation(
                id=str(row.pk),
                value=row.value,
                measure=Measure(row.measure),
                observed_at=row.observed_at,
                recorded_at=row.recorded_at,
            )
            for row in PlatformRating.objects.filter(store=store, withdrawn_at=None)
        ),
        enforcements=tuple(
            Enforced(row.kind, row.starts_at, row.ends_at, row.recorded_at)
            for row in Enforcement.objects.filter(store=store)
        ),
        unstated=tuple(_unstated(store, entries)),
    )


def options_of(store: Store) -> Options:
    return Options(channels_alive_at=channels_alive_at([store.pk]).get(store.pk))


def channels_alive_at(store_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when a channel that could bring bad news was last alive, by store, in two queries.

    Such are the store's mail and what people or integrations report of it. Fetched orders are
    not: the marketplace tells violations to no program.
    """
    alive: dict[UUID, datetime] = {}
    notices = (
        Notice.objects.filter(store__in=store_ids)
        .exclude(trust=Notice.Trust.SUSPICIOUS)
        .values_list("store_id")
        .annotate(Max("received_at"))
    )
    seen = (
        PlatformRating.objects.filter(store__in=store_ids, withdrawn_at=None)
        .values_list("store_id")
        .annotate(Max("observed_at"))
    )
    for store_id, at in [*notices, *seen]:
        alive[store_id] = max(at, alive.get(store_id, at))
    return alive


def _entry(row: LedgerEntry) -> Entry:
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


def _unstated(store: Store, entries: Iterable[LedgerEntry]) -> Iterable[Unstated]:
    """Yield the violations in force whose points neither notice nor book tells."""
    told = {row.violation_id for row in entries if row.kind == LedgerEntry.Kind.DEDUCTION}
    in_force = Violation.objects.filter(store=store, state=Violation.State.ENFORCED)
    for violation in in_force.exclude(pk__in=[pk for pk in told if pk]):
        yield Unstated(
            id=str(violation.pk),
            occurred_at=violation.enforced_at or violation.reported_at,
            recorded_at=violation.recorded_at,
        )
