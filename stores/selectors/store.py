"""What the store's page shows of this room."""

from uuid import UUID

from django.db.models import Case, QuerySet, When

from stores.models import Connection, Notice, Store, SyncRun, Violation


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
    """Return the newest run of a store, one that is running before all others."""
    is_running = Case(When(state=SyncRun.State.RUNNING, then=0), default=1)
    runs = SyncRun.objects.filter(store=store)
    return runs.order_by(is_running, "-started_at", "-id").first()


def namesakes(store: Store) -> QuerySet[Store]:
    """Return the agency's other stores of this name, archived ones left out."""
    others = Store.objects.exclude(pk=store.pk).exclude(state=Store.State.ARCHIVED)
    return others.filter(name__iexact=store.name).order_by("marketplace", "market")
