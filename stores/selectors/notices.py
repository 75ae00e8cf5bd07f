"""Notices in lists, and which store a notice means."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Max, Q, QuerySet

from stores.mailin.parsers import ShopsNamed, begins_with_name
from stores.models import Connection, Notice, Store
from tenants.models import InboundEvent, MailRoute

SHORTEST_ID: Final = 8  # a shop's number; shorter ones stand in texts by chance
_SHORTEST_NAME: Final = 6
_SHORTEST_CHINESE_NAME: Final = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list ended: the moment and id of its last row."""

    at: datetime
    id: UUID


def page_of_notices(
    notices: QuerySet[Notice],
    *,
    state: str = "",
    trust: str = "",
    kind: str = "",
    store_id: UUID | None = None,
    after: Place | None = None,
    limit: int,
) -> list[Notice]:
    """Return the newest ``limit`` of ``notices`` after a place, without their sealed texts."""
    if state:
        notices = notices.filter(state=state)
    if trust:
        notices = notices.filter(trust=trust)
    if kind:
        notices = notices.filter(kind=kind)
    if store_id:
        notices = notices.filter(store_id=store_id)
    if after is not None:
        same = Q(received_at=after.at, id__lt=after.id)
        notices = notices.filter(Q(received_at__lt=after.at) | same)
    found = notices.select_related("store").defer("text", "original")
    return list(found.order_by("-received_at", "-id")[:limit])


def waiting_count(notices: QuerySet[Notice]) -> int:
    return notices.filter(state=Notice.State.TRIAGE).count()


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address of the agency (``store`` None) or a store, and what came to it last."""

    route: MailRoute
    store: Store | None
    last_mail_at: datetime | None

    @property
    def address(self) -> str:
        return f"{self.route.local_part}@{settings.MAILIN_DOMAIN}"


def addresses(agency_id: UUID, stores: Iterable[Store]) -> list[Address]:
    """Return the agency's address and those of ``stores``, in two queries."""
    by_id: dict[UUID | None, Store | None] = {None: None, **{store.pk: store for store in stores}}
    routes = {
        route.store_id: route
        for route in MailRoute.objects.filter(agency_id=agency_id, is_live=True)
    }
    last = dict(
        InboundEvent.objects.filter(agency_id=agency_id, channel="mail")
        .values_list("store_id")
        .annotate(Max("received_at"))
        .order_by()
    )
    return [
        Address(routes[store_id], store, last.get(store_id))
        for store_id, store in by_id.items()
        if store_id in routes
    ]


# -- which store is meant ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meant:
    """The stores that a notice names: by shop ID, and by name."""

    by_id: frozenset[UUID]
    by_name: frozenset[UUID]

    @property
    def only(self) -> UUID | None:
        """Return the one store that is meant, or None where it could be another."""
        named = self.by_id or self.by_name
        return next(iter(named)) if len(named) == 1 else None

    def speaks_of_another(self, store_id: UUID) -> bool:
        named = self.by_id or self.by_name
        return bool(named) and store_id not in named


def stores_meant(text: str, *, names: Iterable[str] = (), codes: Iterable[str] = ()) -> Meant:
    """Return the stores whose shop ID or name stands in ``text``, in one query.

    ``names`` and ``codes`` are what the notice itself labels as the shop: where one is a store's,
    names elsewhere in the text, which may be a product's, do not count.
    """
    plain = _plain(text)
    labelled = {_plain(name) for name in names if name}
    ids = {code.lower() for code in codes if code}
    by_id: set[UUID] = set()
    by_label: set[UUID] = set()
    by_text: dict[str, set[UUID]] = {}
    rows = Store.objects.exclude(state=Store.State.ARCHIVED).values_list(
        "pk", "name", "external_id", "connection__shop_name", "connection__shop_id"
    )
    for pk, name, external_id, shop_name, shop_id in rows:
        for number in {external_id, shop_id} - {None, ""}:
            long_enough = len(number) >= SHORTEST_ID
            if number.lower() in ids or (long_enough and _stands_in(number.lower(), plain)):
                by_id.add(pk)
        for called in {_plain(each) for each in (name, shop_name) if each}:
            if called in labelled:
                by_label.add(pk)
            if _is_telling(called) and _stands_in(called, plain):
                by_text.setdefault(called, set()).add(pk)
    if by_label or labelled:
        return Meant(frozenset(by_id), frozenset(by_label))
    # "Harbor Home" is not meant where "Harbor Home VN" stands.
    longest = [
        called
        for called in by_text
        if not any(called != other and called in other for other in by_text)
    ]
    return Meant(frozenset(by_id), frozenset(pk for called in longest for pk in by_text[called]))


def is_of_another(store: Store, named: ShopsNamed, *, title: str) -> bool:
    """Tell whether a notice titled ``title`` names another shop than ``store``, in one query.

    An ID counts where it is of the kind that we know of the store. Then a labelled name does: that
    at the marketplace, or until it is known the one the agency gave. Who is merely greeted or
    spoken of counts only against the marketplace's own name: the agency's may be a pet name.
    """
    connection = Connection.objects.filter(store=store).first()
    shop_name = connection.shop_name if connection else ""
    ids = {store.external_id.lower(), connection.shop_id.lower() if connection else ""} - {""}
    codes = {code.lower() for code in named.codes}
    comparable = {code for code in codes if any(_is_alike(code, known) for known in ids)}
    if comparable:
        return not comparable & ids
    called = shop_name or store.name
    name = _plain(called)
    if named.names:
        return name not in {_plain(each) for each in named.names}
    if not shop_name or not named.spoken_of:
        return False
    titled = (title[at.start() :] for at in re.finditer(re.escape(called), title, re.IGNORECASE))
    return not any(begins_with_name(words, called) for words in (*named.spoken_of, *titled))


def _is_alike(code: str, known: str) -> bool:
    """Tell numbers from codes with letters: a shop may have one of either."""
    return code.isdecimal() == known.isdecimal()


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _is_telling(name: str) -> bool:
    least = _SHORTEST_NAME if name.isascii() else _SHORTEST_CHINESE_NAME
    return len(name) >= least


def _stands_in(wanted: str, text: str) -> bool:
    """Tell whether ``wanted`` stands in ``text`` as words of its own."""
    before = r"(?<![a-z0-9])" if wanted[:1].isascii() else ""
    after = r"(?![a-z0-9])" if wanted[-1:].isascii() else ""
    return bool(re.search(before + re.escape(wanted) + after, text))
