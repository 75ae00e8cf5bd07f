"""Fetching what a store's marketplace has to say, page by page, and keeping it."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from stores.marketplaces.core import (
    MarketplaceDown,
    MarketplaceError,
    NotAuthorized,
    RateLimited,
    StoreInactive,
    TokenExpired,
)
from stores.marketplaces.tiktok_shop.client import Client
from stores.marketplaces.tiktok_shop.payloads import OrderPayload
from stores.models import Connection, Store, SyncCursor, SyncRun
from stores.selectors.orders import order_health
from stores.services import alerts, losing, orders, readings, tokens
from tenants import due, scope
from tenants.due import Work
from tenants.models import Agency, Membership, StoreRoute
from tenants.trail import services as trail

logger = logging.getLogger(__name__)

ORDERS: Final = "orders"
EVERY: Final = timedelta(minutes=15)
OVERLAP: Final = timedelta(minutes=10)
FIRST_WINDOW: Final = timedelta(days=180)
WHILE_INACTIVE: Final = timedelta(hours=6)
_SOON: Final = timedelta(minutes=1)
HOLD_FOR: Final = 20.0  # seconds: a long sync is many short pieces of work, each inside its lease


@dataclass(slots=True)
class _Course:
    """A run on its way: what it fetches, how far it is, and who pays for the calls."""

    agency: Agency
    store: Store
    run: SyncRun
    updated_from: datetime
    access: tokens.Access
    fetched_before: int


@transaction.atomic
def ask_for_sync(*, store: Store, by: Membership | None, at: datetime) -> None:
    """Ask for a sync now; the page shows its run from the moment a worker takes it up."""
    due.add(kind="stores.sync", subject=store.pk, at=at)
    trail.record(action="sync.asked", by=by, subject=store, at=at, store_id=store.pk)


def sync_store(*, agency: Agency, work: Work, client: Client, hold_for: float = HOLD_FOR) -> None:
    """Fetch the orders changed since the last sync, then measure; called outside any scope.

    What a page brought is committed with the cursor, so nothing that arrived is lost or fetched
    twice. A sync that needs more than ``hold_for`` seconds goes on with the next claim.

    Raises:
        MarketplaceError: for a fault of ours, which trying again by itself cannot mend.
    """
    store_id = UUID(work.subject)
    try:
        access = tokens.access_for(agency=agency, store_id=store_id, client=client, at=work.at)
        course = None if access is None else _begin(agency, store_id, access, work.at)
        if course is None:
            logger.warning("sync_without_a_store", extra={"work_id": work.id})
            with scope.agency(agency):
                work.finish()
            return
        is_whole = _fetch(course, client, work.at, hold_for)
    except tokens.RenewalUnderWay as other:
        with scope.agency(agency):
            work.finish(again_at=other.again_at)
    except MarketplaceError as error:
        _stumble(agency, store_id, work, error)
    else:
        with scope.agency(agency):
            if is_whole:
                _complete(course, work.at)
            work.finish(again_at=work.at + EVERY if is_whole else work.at)


def _begin(agency: Agency, store_id: UUID, access: tokens.Access, at: datetime) -> _Course | None:
    with scope.agency(agency):
        store = Store.objects.exclude(state=Store.State.ARCHIVED).filter(pk=store_id).first()
        if store is None:
            return None
        cursor, _made = SyncCursor.objects.get_or_create(store=store, data=ORDERS)
        run = SyncRun.objects.filter(store=store, data=ORDERS, state=SyncRun.State.RUNNING).first()
        if run is not None and cursor.fetched_to is not None:
            start = cursor.fetched_to  # the run goes on where its last page ended
        elif cursor.fetched_to is not None:
            start = cursor.fetched_to - OVERLAP
        else:
            start = at - FIRST_WINDOW
        if run is None:
            run = SyncRun.objects.create(
                store=store,
                data=ORDERS,
                state=SyncRun.State.RUNNING,
                is_first=cursor.fresh_at is None,
                started_at=at,
            )
        return _Course(agency, store, run, start, access, run.fetched)


def _fetch(course: _Course, client: Client, at: datetime, hold_for: float) -> bool:
    """Fetch pages until the window is empty or the time is up; return whether it is empty."""
    ends_at = time.monotonic() + hold_for
    page_token: str | None = None
    while True:
        try:
            page = client.orders(
                course.access.token,
                course.access.cipher,
                course.updated_from,
                course.run.started_at,
                page_token,
            )
        except TokenExpired:
            course.access = _renewed(course, client, at)
            page_token = None
            continue
        with scope.agency(course.agency):
            _keep_page(course, page.orders, page.total, at)
        page_token = page.next_page_token
        if page_token is None:
            return True
        if time.monotonic() > ends_at:
            return False


def _renewed(course: _Course, client: Client, at: datetime) -> tokens.Access:
    """Return new access, once: tokens that expire as they are made are no reason to go on."""
    if course.access.renew_at <= at:
        raise NotAuthorized(code="expires-at-once")
    fresh = tokens.access_for(
        agency=course.agency, store_id=course.store.pk, client=client, at=at, renew=True
    )
    if fresh is None:
        raise NotAuthorized(code="not-connected")
    return tokens.Access(token=fresh.token, cipher=fresh.cipher, renew_at=at)


def _keep_page(course: _Course, page: tuple[OrderPayload, ...], total: int, at: datetime) -> None:
    changed = orders.keep(course.store, page, at=at)
    run = SyncRun.objects.filter(pk=course.run.pk)
    run.update(
        fetched=F("fetched") + len(page),
        changed=F("changed") + changed,
        expected=course.fetched_before + total,
    )
    if page:
        # Pages come oldest change first, so all before the last one's moment has arrived.
        SyncCursor.objects.filter(store=course.store, data=ORDERS).update(
            fetched_to=max(order.update_time for order in page)
        )


def _complete(course: _Course, at: datetime) -> None:
    run = course.run
    SyncRun.objects.filter(pk=run.pk).update(
        state=SyncRun.State.DONE, finished_at=at, expected=F("fetched"), problem=""
    )
    SyncCursor.objects.filter(store=course.store, data=ORDERS).update(
        fetched_to=run.started_at, fresh_at=run.started_at
    )
    Connection.objects.filter(store=course.store).update(problem="")
    StoreRoute.objects.filter(
        agency_id=course.agency.pk, store_id=course.store.pk, is_live=True
    ).update(synced_at=at)
    if Store.objects.filter(pk=course.store.pk, state=Store.State.INACTIVE).update(
        state=Store.State.ACTIVE
    ):
        alerts.resolve_alert(store=course.store, code="store.inactive", at=at)
    measure(course.store, at=at)
    logger.info("store_synced", extra={"store_id": course.store.pk, "data": ORDERS})


def measure(store: Store, *, at: datetime) -> None:
    """Record the readings that a store's orders and connection give at ``at``."""
    health = order_health(store.pk, at=at)
    values: dict[str, Decimal | int | None] = {
        "overdue_orders": health.overdue,
        "cancel_requests": health.cancel_requests,
        "rts_failures": health.rts_failures,
        "late_dispatch_rate": health.late_rate,
        "seller_cancel_rate": health.seller_cancel_rate,
        "days_inactive": health.days_inactive,
        "authorization_days": _authorization_days(store, at),
    }
    known = {name: Decimal(value) for name, value in values.items() if value is not None}
    readings.record_measured(store=store, values=known, at=at)


def _authorization_days(store: Store, at: datetime) -> int | None:
    connection = Connection.objects.filter(
        store=store, state=Connection.State.CONNECTED, refresh_expires_at__isnull=False
    ).first()
    if connection is None or connection.refresh_expires_at is None:
        return None
    return max(0, (connection.refresh_expires_at - at).days)


def _stumble(agency: Agency, store_id: UUID, work: Work, error: MarketplaceError) -> None:
    """Keep what arrived, show what is wrong, and come again when that makes sense."""
    problem, again_at, is_ours = _judged(error, work.at)
    with scope.agency(agency):
        connection = Connection.objects.select_related("store").filter(store=store_id).first()
        if connection is None:
            work.finish()
            return
        if problem == "revoked":
            if connection.state == Connection.State.CONNECTED:
                losing.lose(connection, state=Connection.State.REVOKED, problem=problem, at=work.at)
            work.finish()
            return
        Connection.objects.filter(pk=connection.pk).update(problem=problem)
        running = SyncRun.objects.filter(store=store_id, state=SyncRun.State.RUNNING)
        running.update(problem=problem, request_id=error.request_id[:80])
        if problem == "inactive":
            running.update(state=SyncRun.State.FAILED, finished_at=work.at)
            Store.objects.filter(pk=store_id, state=Store.State.ACTIVE).update(
                state=Store.State.INACTIVE
            )
            alerts.open_alert(store=connection.store, code="store.inactive", at=work.at)
        if not is_ours:
            work.finish(again_at=again_at)
    if is_ours:
        raise error


def _judged(error: MarketplaceError, at: datetime) -> tuple[str, datetime, bool]:
    """Return the problem's code, when to try again, and whether the fault is ours.

    A marketplace that is down or busy is waited for without end: eight tries and a quarantine
    are for faults of ours, an outage of an hour must not stop a store for ever.
    """
    if isinstance(error, NotAuthorized):
        return "revoked", at, False
    if isinstance(error, StoreInactive):
        return "inactive", at + WHILE_INACTIVE, False
    if isinstance(error, RateLimited):
        wait = timedelta(seconds=min(error.retry_after or 60.0, EVERY.total_seconds()))
        return "rate_limited", at + max(wait, _SOON), False
    if isinstance(error, MarketplaceDown):
        return "down", at + 2 * _SOON, False
    return "ours", at, True
