"""The runs of a store's syncs, newest first."""

from uuid import UUID

from django.db.models import Q, QuerySet

from stores.models import SyncRun
from stores.selectors.notices import Place


def runs_of(store_id: UUID) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(store=store_id).order_by("-started_at", "-id")


def runs_after(store_id: UUID, place: Place | None) -> QuerySet[SyncRun]:
    """Return the runs that began before the one at ``place``."""
    runs = runs_of(store_id)
    if place is None:
        return runs
    return runs.filter(Q(started_at__lt=place.at) | Q(started_at=place.at, id__lt=place.id))


def running(store_id: UUID) -> list[SyncRun]:
    """Return the runs that are on their way."""
    return list(runs_of(store_id).filter(state=SyncRun.State.RUNNING))
