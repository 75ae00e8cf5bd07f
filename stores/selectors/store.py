"""What the store's page shows of this room."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from stores.models import Connection, Enforcement, Notice, Store, SyncRun, Violation


def in_force(store_id: UUID, *, at: datetime) -> QuerySet[Enforcement]:
    """Return the enforcements in force at ``at``, the one that ends first first."""
    open_ended = Q(ends_at=None) | Q(ends_at__gt=at)
    return (
        Enforcement.objects.filter(open_ended, store=store_id, starts_at__lte=at)
        .exclude(kind=Enforcement.Kind.WARNING)
        .select_related("violation")
        .order_by("ends_at", "id")
    )


def violations_of(store_id: UUID) -> QuerySet[Violation]:
    found = Violation.objects.filter(store=store_id).select_related("store")
    return found.order_by("-reported_at", "-id")


def notices_of(store_id: UUID) -> QuerySet[Notice]:
    """Return a store's notices, newest first, without their sealed texts."""
    return (
        Notice.objects.filter(store=store_id)
        .defer("text", "original")
        .order_by("-received_at", "-id")
    )


def connection_of(store: Store) -> Connection | None:
    return Connection.objects.select_related("connected_by__user").filter(store=store).first()


def newest_run(store: Store) -> SyncRun | None:
    return SyncRun.objects.filter(store=store).order_by("-started_at", "-id").first()
