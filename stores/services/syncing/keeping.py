"""What a sync writes: how far it is, what it brought, what stood in its way."""

import logging
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import Case, DateTimeField, F, Value, When
from django.db.models.functions import Greatest, Least

from stores.marketplaces.core import MarketplaceError
from stores.models import Connection, Store, SyncCursor, SyncRun
from stores.services import alerts, losing, readings
from stores.services.syncing.faults import Verdict
from stores.services.syncing.kinds import ORDERS, Call, Kind, Page
from tenants import slots
from tenants.models import StoreRoute

logger = logging.getLogger(__name__)

RISK_SLOT: Final = "store.risk"  # columns of higher rooms: True, the store is near a milestone
BUSY: Final = "rate_limited"  # who asks for fewer calls is left alone, whoever asks for a sync


def plan(store: Store, kinds: tuple[Kind, ...], *, at: datetime) -> list[Kind]:
    """Return the kinds whose time has come, what waits longest first.

    A bare hint that something changed, when none is due, means orders.
    """
    SyncCursor.objects.bulk_create(
        [SyncCursor(store=store, data=kind.code) for kind in kinds], ignore_conflicts=True
    )
    codes = [kind.code for kind in kinds]
    cursors = {
        cursor.data: cursor for cursor in SyncCursor.objects.filter(store=store.pk, data__in=codes)
    }
    first = datetime.min.replace(tzinfo=at.tzinfo)
    due_at = {code: cursor.due_at or first for code, cursor in cursors.items()}
    come = [kind for kind in kinds if due_at[kind.code] <= at]
    if not come:
        come = [kind for kind in kinds[:1] if cursors[kind.code].problem != BUSY]
    return sorted(come, key=lambda kind: due_at[kind.code])


def next_at(store: Store, kinds: tuple[Kind, ...], *, at: datetime) -> datetime:
    """Return when the next kind is due."""
    cursors = SyncCursor.objects.filter(store=store.pk, data__in=[kind.code for kind in kinds])
    waiting = list(cursors.values_list("due_at", flat=True))
    return min((each or at for each in waiting), default=at)


def begin(store: Store, kind: Kind, *, at: datetime) -> tuple[SyncRun, SyncCursor, datetime]:
    """Return the run that goes on or begins, its cursor, and from when on it fetches."""
    cursor = SyncCursor.objects.get(store=store.pk, data=kind.code)
    under_way = SyncRun.objects.filter(state__in=SyncRun.UNDER_WAY)
    run = under_way.filter(store=store.pk, data=kind.code).first()
    if cursor.fetched_to is None:
        start = (at if run is None else run.started_at) - kind.first
    elif run is not None and kind.in_order:
        start = cursor.fetched_to  # the run goes on where its last page ended
    else:
        start = cursor.fetched_to - kind.overlap
    if run is None:
        run = SyncRun.objects.create(
            store=store,
            data=kind.code,
            state=SyncRun.State.RUNNING,
            is_first=cursor.fresh_at is None,
            started_at=at,
        )
    elif run.state == SyncRun.State.WAITING:
        run.state = SyncRun.State.RUNNING
        run.save(update_fields=["state"])
    return run, cursor, start


def keep_page(kind: Kind, run: SyncRun, call: Call, page: Page, *, at: datetime) -> None:
    """Write a page's rows with how far the run is: both are there, or neither."""
    changed = kind.keep(call.store, page.rows, at)
    run.fetched += len(page.rows)
    run.changed += changed
    if page.total is not None and call.page_token is None:
        run.expected = run.fetched - len(page.rows) + page.total
    if not kind.in_order:
        run.page_token = page.next_page_token or ""
    elif page.rows:
        SyncCursor.objects.filter(store=call.store.pk, data=kind.code).update(
            fetched_to=max(kind.in_order(row) for row in page.rows)
        )
    run.save(update_fields=["fetched", "changed", "expected", "page_token"])


def complete(store: Store, kind: Kind, run: SyncRun, *, at: datetime, again_at: datetime) -> None:
    """End a run whose window is empty, and measure what it brought."""
    if kind.all_at_once:
        kind.all_at_once.drop_unconfirmed(store, since=run.started_at)
    SyncRun.objects.filter(pk=run.pk).update(
        state=SyncRun.State.DONE,
        finished_at=at,
        expected=F("fetched"),
        problem="",
        request_id="",
        page_token="",
    )
    SyncCursor.objects.filter(store=store.pk, data=kind.code).update(
        fetched_to=run.started_at,
        fresh_at=run.started_at,
        due_at=Case(
            When(
                hinted_at__gt=run.started_at,
                then=Least("hinted_at", Value(again_at, output_field=DateTimeField())),
            ),
            default=Value(again_at),
            output_field=DateTimeField(),
        ),
        hinted_at=None,
        problem="",
        failures=0,
    )
    if kind.code == ORDERS.code:
        _is_reached(store, at)
    measure(store, at=at, kind=kind)
    logger.info("store_synced", extra={"store_id": store.pk, "data": kind.code})


def pause(store: Store, kind: Kind, *, at: datetime) -> None:
    """Let a run that is out of time go on, after what waits longer."""
    SyncCursor.objects.filter(store=store.pk, data=kind.code).update(due_at=at)


def measure(store: Store, *, at: datetime, kind: Kind = ORDERS) -> None:
    """Record the readings that a store's rows of ``kind`` give at ``at``."""
    values = kind.measure(store, at)
    known = {name: Decimal(value) for name, value in values.items() if value is not None}
    readings.record_measured(store=store, values=known, at=at)


def stumble(
    store: Store,
    kind: Kind,
    verdict: Verdict,
    error: MarketplaceError,
    *,
    at: datetime,
    again_at: datetime,
) -> None:
    """Keep what arrived, and say what is wrong and when it is tried again."""
    cursors = SyncCursor.objects.filter(store=store.pk)
    cursors.filter(data=kind.code).update(
        problem=verdict.problem, failures=F("failures") + 1, due_at=again_at
    )
    if verdict.of_store:
        hold_back(store, again_at)
    under_way = SyncRun.objects.filter(state__in=SyncRun.UNDER_WAY)
    run = under_way.filter(store=store.pk, data=kind.code)
    run.update(problem=verdict.problem, request_id=error.request_id[:80])
    if verdict.problem in {"down", BUSY}:  # it goes on where it stands
        run.update(state=SyncRun.State.WAITING)
    else:
        run.update(state=SyncRun.State.FAILED, finished_at=at)
    if verdict.is_ours:
        # Nobody but us can mend this; the text names the field, never what stood in it.
        logger.error(
            "sync_not_understood",
            extra={"store_id": store.pk, "data": kind.code, "reason": str(error)},
        )
    _tell(store, kind, verdict, at)


def hold_back(store: Store, until: datetime) -> None:
    """Let none of a store's data be asked for before ``until``; what has begun waits too."""
    SyncRun.objects.filter(store=store.pk, state=SyncRun.State.RUNNING).update(
        state=SyncRun.State.WAITING
    )
    SyncCursor.objects.filter(store=store.pk).update(due_at=Greatest("due_at", until))


def is_at_risk(store: Store) -> bool:
    """Tell whether a higher room holds the store to be near a milestone."""
    columns = slots.columns(RISK_SLOT, None, [store.pk]).values()
    return any(column.get(store.pk) for column in columns)


def _tell(store: Store, kind: Kind, verdict: Verdict, at: datetime) -> None:
    """Say on the store's connection what concerns all of it."""
    if not verdict.of_store and kind.code != ORDERS.code:
        return
    connection = Connection.objects.select_related("store").filter(store=store.pk).first()
    if connection is None:
        return
    if verdict.problem == "revoked":
        if connection.state == Connection.State.CONNECTED:
            losing.lose(connection, state=Connection.State.REVOKED, problem="revoked", at=at)
        return
    Connection.objects.filter(pk=connection.pk).update(problem=verdict.problem)
    if verdict.problem == "inactive":
        Store.objects.filter(pk=store.pk, state=Store.State.ACTIVE).update(
            state=Store.State.INACTIVE
        )
        alerts.open_alert(store=store, code="store.inactive", at=at)


def _is_reached(store: Store, at: datetime) -> None:
    """Take back what stood in the way: the marketplace tells the store's orders."""
    Connection.objects.filter(store=store.pk).update(problem="")
    StoreRoute.objects.filter(agency_id=store.agency_id, store_id=store.pk, is_live=True).update(
        synced_at=at
    )
    inactive = Store.objects.filter(pk=store.pk, state=Store.State.INACTIVE)
    if inactive.update(state=Store.State.ACTIVE):
        alerts.resolve_alert(store=store, code="store.inactive", at=at)
