"""The course of a sync: one kind of data after the other, in short pieces of work."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from stores.marketplaces.core import (
    MarketplaceDown,
    MarketplaceError,
    NotAuthorized,
    TokenExpired,
)
from stores.marketplaces.tiktok_shop.client import Client
from stores.models import Store, SyncRun
from stores.services import connections, tokens
from stores.services.syncing import keeping
from stores.services.syncing.faults import EXPIRES_AT_ONCE, NOT_CONNECTED, judge
from stores.services.syncing.kinds import ORDERS, Call, Kind, kinds_of
from tenants import scope
from tenants.due import Work
from tenants.models import Agency

logger = logging.getLogger(__name__)

HOLD_FOR: Final = 20.0  # seconds: a long sync is many short pieces of work, each inside its lease
_GRACE: Final = (
    10.0  # seconds for what was begun; after that no call is made, and no one lasts long
)
_MOST_OUTAGES: Final = 2  # in one piece of work; then it is the marketplace, not one of its calls


@dataclass(slots=True)
class _Round:
    """One piece of work: for whom, who pays for the calls, until when, and what it met."""

    agency: Agency
    store: Store
    client: Client
    access: tokens.Access
    at: datetime
    ends_at: float
    is_at_risk: bool
    began: float = field(init=False)
    outages: int = 0
    is_over: bool = False

    def __post_init__(self) -> None:
        self.began = self.client.ticks()

    @property
    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.client.ticks() - self.began)

    @property
    def is_out_of_time(self) -> bool:
        return self.client.ticks() > self.ends_at


def sync_store(
    *,
    agency: Agency,
    work: Work,
    client: Client,
    hold_for: float = HOLD_FOR,
    only: tuple[Kind, ...] | None = None,
) -> None:
    """Fetch what a store's marketplace has to say of what is due; called outside any scope.

    What a page brought is committed with the cursor, so nothing that arrived is lost or fetched
    twice. A kind of data that fails leaves the others alone; what concerns the whole store, such
    as a permission that was taken back, ends the round. One that needs more than ``hold_for``
    seconds goes on with the next claim. ``only`` names the kinds, all that the marketplace tells
    where it is None.
    """
    ends_at = client.ticks() + hold_for
    client = client.until(ends_at + _GRACE)
    with scope.agency(agency):
        store = Store.objects.exclude(state=Store.State.ARCHIVED).filter(pk=work.subject).first()
        kinds = () if store is None else only or kinds_of(store)
    again_at = None
    if store is not None:
        try:
            again_at = _go_round(agency, store, kinds, work.at, client, ends_at)
        except tokens.RenewalUnderWay as other:
            again_at = other.again_at
    with scope.agency(agency):
        work.finish(again_at=again_at)


def _go_round(
    agency: Agency,
    store: Store,
    kinds: tuple[Kind, ...],
    at: datetime,
    client: Client,
    ends_at: float,
) -> datetime | None:
    """Fetch what is due; return when to come again, None where the store is not connected."""
    try:
        access = tokens.access_for(agency=agency, store_id=store.pk, client=client, at=at)
    except MarketplaceError as error:
        with scope.agency(agency):
            keeping.plan(store, kinds, at=at)
            verdict = judge(error, ORDERS, 0)
            keeping.stumble(store, ORDERS, verdict, error, at=at, again_at=at + verdict.wait)
            return keeping.next_at(store, (ORDERS,), at=at)
    if access is None:
        logger.warning("sync_without_a_connection", extra={"store_id": store.pk})
        return None
    with scope.agency(agency):
        todo = keeping.plan(store, kinds, at=at)
        is_at_risk = keeping.is_at_risk(store)
    course = _Round(agency, store, client, access, at, ends_at, is_at_risk)
    for kind in todo:
        _sync(course, kind)
        if course.is_over or course.is_out_of_time:
            break
    with scope.agency(agency):
        return keeping.next_at(store, kinds, at=at) if connections.is_live(store) else None


def _sync(course: _Round, kind: Kind) -> None:
    with scope.agency(course.agency):
        run, cursor, starts_at = keeping.begin(course.store, kind, at=course.now)
    try:
        is_whole = _fetch(course, kind, run, starts_at)
    except MarketplaceError as error:
        verdict = judge(error, kind, cursor.failures)
        course.outages += isinstance(error, MarketplaceDown)
        course.is_over = verdict.of_store or course.outages >= _MOST_OUTAGES
        with scope.agency(course.agency):
            again_at = course.at + verdict.wait
            keeping.stumble(course.store, kind, verdict, error, at=course.now, again_at=again_at)
            if course.outages >= _MOST_OUTAGES:
                keeping.hold_back(course.store, again_at)
        return
    with scope.agency(course.agency):
        if is_whole:
            wait = kind.told.every_at_risk if course.is_at_risk else kind.told.every
            keeping.complete(course.store, kind, run, at=course.now, again_at=course.at + wait)
        else:
            keeping.pause(course.store, kind, at=course.at)


def _fetch(course: _Round, kind: Kind, run: SyncRun, starts_at: datetime) -> bool:
    """Fetch pages until the window is empty or the time is up; return whether it is empty."""
    page_token = run.page_token or None
    while True:
        call = Call(
            agency=course.agency,
            store=course.store,
            client=course.client,
            token=course.access.token,
            cipher=course.access.cipher,
            starts_at=starts_at,
            ends_at=run.started_at,
            page_token=page_token,
        )
        try:
            page = kind.fetch(call)
        except TokenExpired:
            course.access = _renewed(course)
            continue
        with scope.agency(course.agency):
            keeping.keep_page(kind, run, call, page, at=course.now)
        page_token = page.next_page_token
        if page_token is None:
            return True
        if course.is_out_of_time:
            return False


def _renewed(course: _Round) -> tokens.Access:
    """Return new access, once: tokens that expire as they are made are no reason to go on."""
    if course.access.renew_at <= course.at:
        raise NotAuthorized(code=EXPIRES_AT_ONCE)
    fresh = tokens.access_for(
        agency=course.agency,
        store_id=course.store.pk,
        client=course.client,
        at=course.now,
        renew=True,
    )
    if fresh is None:
        raise NotAuthorized(code=NOT_CONNECTED)
    return tokens.Access(token=fresh.token, cipher=fresh.cipher, renew_at=course.at)
