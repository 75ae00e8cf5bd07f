"""Watches that mail keeps coming to the stores that rely on it."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from stores import signals
from stores.models import Store
from stores.selectors.mail_flow import flows_of
from stores.services import alerts
from tenants import due

WATCH: Final = "stores.watch_mail"
QUIET: Final = "mail.quiet"  # the alert


def heard(store_ids: Collection[UUID], *, at: datetime) -> None:
    """Take note that mail has reached these stores: what stood against them is over.

    Each is looked at anew when nothing more has come for 48 hours.
    """
    stores = Store.objects.filter(pk__in=store_ids).exclude(state=Store.State.ARCHIVED)
    flows = flows_of([store.pk for store in stores], at=at)
    for store in stores:
        flow = flows[store.pk]
        if flow.quiet_at is None:
            continue
        due.add(kind=WATCH, subject=store.pk, at=flow.quiet_at, instead=True)
        if flow.does_flow:
            alerts.resolve_alert(store=store, code=QUIET, at=at)
        signals.mail_heard.send(sender=Store, store=store, at=at)


def watch(*, store_id: UUID, at: datetime) -> datetime | None:
    """Raise the alert of a store to which mail has stopped coming; else return when to look again.

    It is raised once a silence: who resolves it by hand has seen it.
    """
    store = Store.objects.filter(pk=store_id).exclude(state=Store.State.ARCHIVED).first()
    if store is None:
        return None
    flow = flows_of([store.pk], at=at)[store.pk]
    if flow.is_quiet and flow.since is not None:
        alerts.open_alert(
            store=store, code=QUIET, at=at, detail={"since": flow.since.date().isoformat()}
        )
        return None
    return flow.quiet_at
