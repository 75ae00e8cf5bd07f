"""Asking for a sync: by a member, or because a push hints that something has changed."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from stores.models import Store, SyncCursor
from stores.services.syncing.keeping import BUSY
from tenants import due
from tenants.models import Membership
from tenants.trail import services as trail

SYNC: Final = "stores.sync"


@transaction.atomic
def ask_for_sync(*, store: Store, by: Membership | None, at: datetime) -> None:
    """Ask for a sync of all there is; the page shows its runs as workers take them up."""
    _let_come(store.pk, at)
    due.add(kind=SYNC, subject=store.pk, at=at)
    trail.record(action="sync.asked", by=by, subject=store, at=at, store_id=store.pk)


@transaction.atomic
def hint(*, store_id: UUID, data: Collection[str], at: datetime) -> None:
    """Let the named kinds of data be fetched at ``at``, or earlier where that was planned.

    What is being fetched right now may have been read before it changed, so it comes once more.
    """
    _let_come(store_id, at, data)
    SyncCursor.objects.filter(store=store_id, data__in=data).update(hinted_at=at)
    due.add(kind=SYNC, subject=store_id, at=at)


def _let_come(store_id: UUID, at: datetime, data: Collection[str] | None = None) -> None:
    cursors = SyncCursor.objects.filter(store=store_id, due_at__gt=at)
    if data is not None:
        cursors = cursors.filter(data__in=data)
    cursors.exclude(problem=BUSY).update(due_at=at)
