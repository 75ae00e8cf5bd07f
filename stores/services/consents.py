"""Links by which the owners of stores let the agency read them: made, mailed, settled, ended."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from stores.marketplaces.registry import MARKETPLACES
from stores.models import Store
from stores.selectors import consents as selectors
from tenants import due, scope
from tenants.errors import DomainError
from tenants.models import ConsentLink, Membership
from tenants.services.handoffs import digest
from tenants.trail import services as trail

LIFETIME: Final = timedelta(days=14)
MAIL_KIND: Final = "stores.consent_mail"
MOST_MAILS_A_DAY: Final = 200  # of an agency, so that nobody sends bulk mail through us
MAILED_AGAIN_AFTER: Final = timedelta(minutes=5)
BY_OWNER: Final = "owner"  # how the trail tells what a store's owner did herself


class NotAskable(DomainError):
    code: ClassVar[str] = "consent_not_askable"


class TooManyMails(DomainError):
    code: ClassVar[str] = "too_many_mails"


class ConsentGone(DomainError):
    """The link is unknown, over, taken back, or was replaced by a newer one."""

    code: ClassVar[str] = "consent_gone"


@dataclass(frozen=True, slots=True)
class Made:
    """A new link; its token is told here and kept nowhere."""

    link: ConsentLink
    store: Store
    token: str


@dataclass(frozen=True, slots=True)
class To:
    """Who gets a link by mail, and in which language."""

    email: str
    language: str


@transaction.atomic
def make_links(
    *, stores: Sequence[Store], by: Membership, at: datetime, via: str = "page"
) -> list[Made]:
    """Make a link for each store, to be handed over by ``by``; older open ones end.

    Raises:
        NotAskable: if a store is connected, or its marketplace cannot be.
    """
    tokens = {store.pk: secrets.token_urlsafe(32) for store in stores}
    links = _replace(
        stores, by=by, at=at, hashes={pk: digest(token) for pk, token in tokens.items()}
    )
    _note("consent.made", stores, by=by, at=at, via=via)
    return [Made(link, store, tokens[store.pk]) for link, store in zip(links, stores, strict=True)]


@transaction.atomic
def mail_links(
    *,
    stores: Sequence[Store],
    to: Mapping[UUID, To],
    by: Membership,
    at: datetime,
    via: str = "page",
) -> int:
    """Ask for a link to each store to be mailed to whom ``to`` names; return how many mails.

    Who owns several of the stores gets one mail with all their links.

    Raises:
        NotAskable: as ``make_links``.
        TooManyMails: if the agency has sent its share of today, or a store's owner had a mail
            within the last five minutes.
    """
    mailings = {each: uuid4() for each in {to[store.pk] for store in stores}}
    _check_mails(stores, len(mailings), at)
    hashes = {store.pk: digest(secrets.token_hex()) for store in stores}  # the mail brings the real
    _replace(stores, by=by, at=at, hashes=hashes, to=to, mailings=mailings)
    due.add_each(kind=MAIL_KIND, subjects=list(mailings.values()), at=at)
    _note("consent.mailed", stores, by=by, at=at, via=via)
    return len(mailings)


def renew_tokens(*, mailing: UUID, at: datetime) -> list[Made]:
    """Give each open link of a mail a new token; none where all are open no more.

    Only the digests are kept: a mail that is sent again carries other links than before.
    """
    links = list(
        selectors.open_links(at=at)
        .filter(mailing=mailing, agency_id=scope.current_id())
        .select_related("made_by__user", "agency")
        .select_for_update(of=("self",))
    )
    stores = Store.objects.exclude(state=Store.State.ARCHIVED).in_bulk(
        [link.store_id for link in links]
    )
    made = [
        Made(link, stores[link.store_id], secrets.token_urlsafe(32))
        for link in links
        if link.store_id in stores
    ]
    for each in made:
        each.link.token_hash = digest(each.token)
    ConsentLink.objects.bulk_update([each.link for each in made], ["token_hash"])
    return sorted(made, key=lambda each: each.store.name.lower())


def note_mailed(*, mailing: UUID, at: datetime) -> None:
    ConsentLink.objects.filter(mailing=mailing, agency_id=scope.current_id()).update(mailed_at=at)


@transaction.atomic
def revoke(
    *, stores: Iterable[Store], by: Membership | None, at: datetime, via: str = "page"
) -> int:
    """Take the open links of ``stores`` back; return how many there were."""
    by_id = {store.pk: store for store in stores}
    open_now = _open_of(by_id)
    ended = list(open_now.values_list("store_id", flat=True))
    open_now.update(state=ConsentLink.State.REVOKED, ended_at=at)
    _note("consent.revoked", [by_id[pk] for pk in ended], by=by, at=at, via=via)
    return len(ended)


# -- by whoever holds the link; outside any scope, in which the link is looked up ------------------


def see(*, token: str, at: datetime) -> None:
    """Note that a person has opened the link.

    Raises:
        ConsentGone: if the link is not open.
    """
    link = usable_link(token=token, at=at)
    with scope.agency(link.agency):
        store_of(link)
        fresh = ConsentLink.objects.filter(pk=link.pk, state=ConsentLink.State.SENT)
        fresh.update(state=ConsentLink.State.OPENED, opened_at=at)


def refuse(*, token: str, reason: str, at: datetime) -> None:
    """Note that the store's owner says no, and ``reason`` where she gives one.

    Raises:
        ConsentGone: if the link is not open.
    """
    link = usable_link(token=token, at=at)
    with scope.agency(link.agency):
        store = store_of(link)
        # The WHERE clause settles a race between two answers to the same link.
        is_first = _of_pk(link).update(
            state=ConsentLink.State.REFUSED, reason=reason, problem="", ended_at=at
        )
        if not is_first:
            raise gone()
        _note("consent.refused", [store], by=None, at=at, via=BY_OWNER)


def usable_link(*, token: str, at: datetime) -> ConsentLink:
    """Return the open link behind ``token``.

    Raises:
        ConsentGone: if there is none.
    """
    link = selectors.link_by(token, at=at)
    if link is None or link.state not in ConsentLink.OPEN:
        raise gone()
    return link


def store_of(link: ConsentLink) -> Store:
    """Return the store that ``link`` is about, in its agency's scope.

    Raises:
        ConsentGone: if it is archived.
    """
    store = Store.objects.exclude(state=Store.State.ARCHIVED).filter(pk=link.store_id).first()
    if store is None:
        raise gone()
    return store


# -- as connecting goes on, in the agency's scope --------------------------------------------------


def note_agreed(*, link: ConsentLink, at: datetime) -> None:
    """Note that the owner came back from the marketplace with its permission."""
    _of_pk(link).update(
        state=ConsentLink.State.OPENED, opened_at=link.opened_at or at, agreed_at=at, problem=""
    )


def note_declined(*, link: ConsentLink) -> None:
    """Note that the owner came back without a permission; the link stays open."""
    _of_pk(link).update(problem="refused")


def note_problem(*, store: Store, problem: str) -> None:
    """Keep why the permission that the owner gave did not connect the store; as before."""
    _open_of([store.pk]).filter(agreed_at__isnull=False).update(problem=problem)


def note_connected(*, store: Store, at: datetime) -> None:
    """End the store's open link, by whatever way the store was connected."""
    _open_of([store.pk]).update(state=ConsentLink.State.CONNECTED, problem="", ended_at=at)


def _replace(
    stores: Sequence[Store],
    *,
    by: Membership,
    at: datetime,
    hashes: Mapping[UUID, str],
    to: Mapping[UUID, To] | None = None,
    mailings: Mapping[To, UUID] | None = None,
) -> list[ConsentLink]:
    _check_askable(stores)
    _open_of(hashes.keys()).update(state=ConsentLink.State.REVOKED, ended_at=at)
    links = []
    for store in stores:
        receiver = to[store.pk] if to else None
        links.append(
            ConsentLink(
                token_hash=hashes[store.pk],
                agency_id=store.agency_id,
                store_id=store.pk,
                made_by=by,
                email=receiver.email if receiver else "",
                language=receiver.language if receiver else settings.LANGUAGE_CODE,
                mailing=mailings[receiver] if receiver and mailings else None,
                sent_at=at,
                expires_at=at + LIFETIME,
            )
        )
    return ConsentLink.objects.bulk_create(links)


def _check_askable(stores: Sequence[Store]) -> None:
    connected = selectors.connected_among([store.pk for store in stores])
    for store in stores:
        if store.pk in connected:
            raise NotAskable(_("%(store)s is connected already.") % {"store": store.name})
        if not MARKETPLACES[store.marketplace].can_connect:
            raise NotAskable(
                _("%(marketplace)s cannot be connected yet, so %(store)s needs no link.")
                % {"marketplace": store.get_marketplace_display(), "store": store.name}
            )


def _check_mails(stores: Sequence[Store], count: int, at: datetime) -> None:
    mine = ConsentLink.objects.filter(agency_id=scope.current_id(), mailing__isnull=False)
    today = mine.filter(sent_at__gt=at - timedelta(days=1))
    sent = today.values("mailing").distinct().count()
    if sent + count > MOST_MAILS_A_DAY:
        raise TooManyMails(
            _(
                "An agency mails at most %(most)s owners a day. Copy the links instead, or go on"
                " tomorrow."
            )
            % {"most": MOST_MAILS_A_DAY}
        )
    lately = today.filter(
        store_id__in=[store.pk for store in stores], sent_at__gt=at - MAILED_AGAIN_AFTER
    ).first()
    if lately is not None:
        name = next(store.name for store in stores if store.pk == lately.store_id)
        raise TooManyMails(
            _("The owner of %(store)s was written to a moment ago. Wait five minutes.")
            % {"store": name}
        )


def gone() -> ConsentGone:
    return ConsentGone(_("This link is no longer good. Ask whoever sent it for a new one."))


def _open_of(store_ids: Collection[UUID]) -> QuerySet[ConsentLink]:
    return ConsentLink.objects.filter(
        agency_id=scope.current_id(), store_id__in=store_ids, state__in=ConsentLink.OPEN
    )


def _of_pk(link: ConsentLink) -> QuerySet[ConsentLink]:
    return ConsentLink.objects.filter(pk=link.pk, state__in=ConsentLink.OPEN)


def _note(
    action: str, stores: Iterable[Store], *, by: Membership | None, at: datetime, via: str
) -> None:
    trail.record_each(
        [trail.Act(action, store, store_id=store.pk) for store in stores], by=by, at=at, via=via
    )
