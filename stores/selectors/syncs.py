"""The runs of a store's syncs, newest first."""

from datetime import datetime
from uuid import UUID

from django.db.models import Case, DateTimeField, OuterRef, Q, QuerySet, Subquery, When

from stores.models import SyncCursor, SyncRun
from stores.selectors.notices import Place


def runs_of(store_id: UUID) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(store=store_id).order_by("-started_at", "-id")


def runs_after(store_id: UUID, place: Place | None) -> QuerySet[SyncRun]:
    """Return the runs that began before the one at ``place``."""
    runs = runs_of(store_id)
    if place is None:
        return runs
    return runs.filter(Q(started_at__lt=place.at) | Q(started_at=place.at, id__lt=place.id))


def under_way(store_id: UUID) -> list[SyncRun]:
    """Return the runs that are on their way, or wait to be tried again."""
    return list(runs_of(store_id).filter(state__in=SyncRun.UNDER_WAY))


def with_next_try(runs: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
    """Annotate each run with ``next_try_at``: when one that waits goes on, else None."""
    cursors = SyncCursor.objects.filter(store=OuterRef("store"), data=OuterRef("data"))
    waits = When(state=SyncRun.State.WAITING, then=Subquery(cursors.values("due_at")[:1]))
    return runs.annotate(next_try_at=Case(waits, output_field=DateTimeField()))


def is_asked_for(store_id: UUID, *, at: datetime) -> bool:
    """Tell whether something of a connected store is being fetched, or its time has come."""
    cursors = SyncCursor.objects.filter(store=store_id)
    return (
        SyncRun.objects.filter(store=store_id, state=SyncRun.State.RUNNING).exists()
        or cursors.filter(Q(due_at__lte=at) | Q(due_at=None)).exists()
    )
