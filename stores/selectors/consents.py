"""Links for stores' owners: what one stands for, and how far each store's has come."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from stores.markets import MARKETS
from stores.models import Connection, Store
from tenants import scope
from tenants.models import Agency, ConsentLink
from tenants.services.handoffs import digest

EXPIRED: Final = "expired"
STATES: Final = (*ConsentLink.State.values, EXPIRED)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
# After so long a store that was agreed to and is not connected yet may be tried once more.
_CONNECTING_FOR: Final = timedelta(minutes=10)


def link_by(token: str, *, at: datetime) -> ConsentLink | None:
    """Return the link behind ``token``, outside any scope; None where it is good no more.

    One that is open is good only as long as who made it may connect stores.
    """
    if not _TOKEN.fullmatch(token):
        return None
    found = (
        ConsentLink.objects.filter(token_hash=digest(token), expires_at__gt=at)
        .exclude(state=ConsentLink.State.REVOKED)
        .select_related("agency", "made_by__role")
        .first()
    )
    if found is None or found.agency.state != Agency.State.READY:
        return None
    may_ask = found.made_by.is_active and found.made_by.can("stores.connect")
    return found if may_ask or found.state not in ConsentLink.OPEN else None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link's page says: who asks, for which store, and how far it has come."""

    agency: str
    store: str
    marketplace: str
    market: str
    state: str
    problem: str
    is_connecting: bool
    is_choosing: bool  # the agency says which of the owner's shops it is
    expires_at: datetime


def asked_by(link: ConsentLink, *, at: datetime) -> Asked | None:
    """Return what ``link`` asks for; None where its store is there no more."""
    with scope.agency(link.agency):
        store = Store.objects.exclude(state=Store.State.ARCHIVED).filter(pk=link.store_id).first()
        if store is None:
            return None
        connection = Connection.objects.filter(store=store).first()
        is_choosing = connection is not None and connection.state == Connection.State.CHOOSING
        return Asked(
            agency=link.agency.name,
            store=store.name,
            marketplace=store.get_marketplace_display(),
            market=str(MARKETS.get(store.market, store.market)),
            state=link.state,
            problem=link.problem,
            is_connecting=link.state in ConsentLink.OPEN
            and link.agreed_at is not None
            and not link.problem
            and not is_choosing
            and at - link.agreed_at < _CONNECTING_FOR,
            is_choosing=is_choosing and link.state in ConsentLink.OPEN,
            expires_at=link.expires_at,
        )


def open_links(*, at: datetime) -> QuerySet[ConsentLink]:
    return ConsentLink.objects.filter(state__in=ConsentLink.OPEN, expires_at__gt=at)


def connected_among(store_ids: Collection[UUID]) -> set[UUID]:
    connected = Connection.objects.filter(
        store__in=store_ids, state=Connection.State.CONNECTED
    ).values_list("store_id", flat=True)
    return set(connected)


@dataclass(frozen=True, slots=True)
class Row:
    """A store and its newest link."""

    store: Store
    link: ConsentLink
    state: str  # one of ``STATES``

    @property
    def is_open(self) -> bool:
        return self.state in ConsentLink.OPEN

    @property
    def since(self) -> datetime:
        """Return since when the link is in its state."""
        if self.state == EXPIRED:
            return self.link.expires_at
        if self.state == ConsentLink.State.OPENED:
            return self.link.opened_at or self.link.sent_at
        return self.link.ended_at or self.link.mailed_at or self.link.sent_at


def rows(stores: QuerySet[Store], *, at: datetime) -> list[Row]:
    """Return those of ``stores`` that have a link, the newest link first, in two queries."""
    by_id = {store.pk: store for store in stores.select_related("client")}
    links = newest_links(list(by_id))
    found = [Row(by_id[pk], link, state_of(link, at=at)) for pk, link in links.items()]
    return sorted(found, key=lambda row: (row.link.sent_at, row.link.pk), reverse=True)


def newest_links(store_ids: Sequence[UUID]) -> dict[UUID, ConsentLink]:
    """Return the newest link of each store that has one, in one query."""
    links = (
        ConsentLink.objects.filter(agency_id=scope.current_id(), store_id__in=store_ids)
        .select_related("made_by__user")
        .order_by("store_id", "-sent_at", "-pk")
        .distinct("store_id")
    )
    return {link.store_id: link for link in links}


def in_state(links: QuerySet[ConsentLink], state: str, *, at: datetime) -> QuerySet[ConsentLink]:
    """Return those of ``links`` that are in one of ``STATES`` at ``at``."""
    if state == EXPIRED:
        return links.filter(state__in=ConsentLink.OPEN, expires_at__lte=at)
    if state in ConsentLink.OPEN:
        return links.filter(state=state, expires_at__gt=at)
    return links.filter(state=state)


def state_of(link: ConsentLink, *, at: datetime) -> str:
    """Return the state that a link is in at ``at``: time alone ends an open one."""
    if link.state in ConsentLink.OPEN and link.expires_at <= at:
        return EXPIRED
    return str(link.state)
