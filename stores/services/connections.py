"""Connecting a store to its marketplace: the way out, the way back, and the end."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from stores import signals
from stores.marketplaces.core import (
    MarketplaceDown,
    MarketplaceError,
    NotAuthorized,
    RateLimited,
    RequestRefused,
)
from stores.marketplaces.registry import MARKETPLACES
from stores.marketplaces.tiktok_shop.client import Client, authorization_url
from stores.marketplaces.tiktok_shop.payloads import ShopPayload, Tokens
from stores.models import Connection, Store
from stores.services import alerts, consents, listening, losing, tokens
from tenants import due, scope, sealing
from tenants.due import Work
from tenants.errors import DomainError
from tenants.models import Agency, ConsentLink, Membership, OAuthState, StoreRoute, User
from tenants.trail import services as trail

STATE_LIFE: Final = timedelta(minutes=10)
LONGEST_PASS: Final = 512
LONGEST_CODE: Final = 2048
_STATES: Final = "tenants_oauthstate"
_SELLER_TYPES: Final = {
    "LOCAL": Store.SellerType.LOCAL,
    "CROSS_BORDER": Store.SellerType.CROSS_BORDER,
}


class NotConnectable(DomainError):
    code: ClassVar[str] = "not_connectable"


class StateUnusable(DomainError):
    """The way back carries no pass, or one that was used, ran out, or is another person's."""

    code: ClassVar[str] = "state_unusable"


class ShopNotOffered(DomainError):
    code: ClassVar[str] = "shop_not_offered"


class ShopRefused(DomainError):
    """The shop cannot be this store's; ``problem`` is a code of ``stores.problems``."""

    code: ClassVar[str] = "shop_refused"

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where a person came back to, and whether the seller agreed."""

    agency: Agency
    store_id: UUID
    agreed: bool
    by_link: bool = False  # the store's owner, who is no member


@dataclass(frozen=True, slots=True)
class Offer:
    """One shop that the seller's permission covers."""

    id: str
    name: str
    region: str
    seller_type: str
    cipher: str


def is_live(store: Store) -> bool:
    return Connection.objects.filter(store=store, state=Connection.State.CONNECTED).exists()


def begin(*, store: Store, by: Membership, at: datetime) -> str:
    """Write a single-use pass for ``by`` and return the address of the marketplace's page.

    Raises:
        NotConnectable: if there is no client for the marketplace, or no app of ours there.
    """
    _check_connectable(store)
    trail.record(action="connection.begun", by=by, subject=store, at=at, store_id=store.pk)
    return _pass_out(store, by=by, consent=None, at=at)


def begin_by_link(*, token: str, at: datetime) -> str:
    """Do the same for the store's owner, who holds a link; called outside any scope.

    Raises:
        ConsentGone: if the link is not open, or its store is there no more.
        NotConnectable: as ``begin``.
    """
    link = consents.usable_link(token=token, at=at)
    with scope.agency(link.agency):
        store = consents.store_of(link)
        _check_connectable(store)
        trail.record(
            action="connection.begun",
            by=None,
            subject=store,
            at=at,
            store_id=store.pk,
            via=consents.BY_OWNER,
        )
        return _pass_out(store, by=link.made_by, consent=link, at=at)


def come_back(
    *, marketplace: str, token: str, code: str, user: User | None, at: datetime, link: str = ""
) -> WayBack:
    """Take the pass and keep the code for the worker; without a code the seller refused.

    ``user`` is who is signed in on the public host, if anybody: a pass is no other person's. One
    that was taken out by a link for the store's owner is good in the browser that holds ``link``.

    Raises:
        StateUnusable: if the pass is unknown, used, over, or somebody else's.
    """
    if len(token) > LONGEST_PASS or len(code) > LONGEST_CODE:
        raise StateUnusable(_("This link is not one of ours."))
    refusal = StateUnusable(_("This link has been used or has run out. Connect the store again."))
    passes = OAuthState.objects.filter(
        token_hash=_digest(token), marketplace=marketplace, used_at=None, expires_at__gt=at
    )
    state = passes.select_related("member__user", "member__role", "agency", "consent").first()
    if state is None or not _is_theirs(state, user, link, at):
        raise refusal
    if not state.member.is_active or not state.member.can("stores.connect"):
        raise refusal
    with scope.agency(state.agency):
        # The WHERE clause settles a race between two returns with the same pass.
        sealed = _sealed_code(state, code) if code else ""
        if not passes.filter(pk=state.pk).update(used_at=at, code=sealed):
            raise refusal
        store = Store.objects.exclude(state=Store.State.ARCHIVED).filter(pk=state.store_id).first()
        if store is None:
            raise refusal
        _note_return(store, state, agreed=bool(code), at=at)
    return WayBack(
        agency=state.agency,
        store_id=state.store_id,
        agreed=bool(code),
        by_link=state.consent is not None,
    )


def _is_theirs(state: OAuthState, user: User | None, link: str, at: datetime) -> bool:
    """Tell whether whoever brings a pass back is who took it out."""
    if state.consent is None:
        return user is None or user.pk == state.member.user_id
    return (
        secrets.compare_digest(state.consent.token_hash, _digest(link))
        and state.consent.state in ConsentLink.OPEN
        and at < state.consent.expires_at
    )


def exchange_code(*, agency: Agency, work: Work, client: Client) -> None:
    """Turn the code that came back into a connection, or into words that say why not.

    Called outside any scope. A try that fails half-way is taken up where it stood.

    Raises:
        MarketplaceError: where trying again later may help.
    """
    with scope.agency(agency):
        asked = _asked(work.subject)
        if asked is None:
            work.finish()
            return
        connection, state = asked
        code = _unsealed_code(state) if state.code else ""
    try:
        held = client.exchange_code(code) if code else None
        if held is not None:
            _keep_offer(agency, connection, held, work)
        else:
            held = _offered_tokens(agency, connection)
        shops = client.shops(held.access_token)
    except (NotAuthorized, RequestRefused):
        with scope.agency(agency):
            _refuse(connection, "code_spent", by=state.member, at=work.at)
            work.finish()
        return
    except MarketplaceError as error:
        is_theirs = isinstance(error, MarketplaceDown | RateLimited)
        with scope.agency(agency):
            Connection.objects.filter(pk=connection.pk).update(
                problem="down" if is_theirs else "ours"
            )
        raise
    with scope.agency(agency):
        connection.refresh_from_db()
        _settle(connection, held, [_offer(shop) for shop in shops], by=state.member, at=work.at)
        work.finish()


@transaction.atomic
def choose_shop(*, store: Store, shop_id: str, by: Membership, at: datetime) -> None:
    """Connect ``store`` to one of the shops that the seller's permission covers.

    Raises:
        ShopNotOffered: if the shop is not among them, or the choice was made already.
    """
    connection = Connection.objects.select_for_update().filter(store=store).first()
    offers = [] if connection is None else _offers(connection)
    chosen = next((offer for offer in offers if offer.id == shop_id), None)
    if connection is None or chosen is None:
        raise ShopNotOffered(_("This shop is no longer offered. Connect the store again."))
    connection.store = store
    held = _read_tokens(json.loads(tokens.unseal(connection, "offered"))["tokens"])
    _adopt_or_refuse(connection, held, chosen, by=by, at=at)


def offers_of(store: Store) -> list[Offer]:
    """Return the shops a member may choose from, none when there is nothing to choose."""
    connection = Connection.objects.filter(store=store, state=Connection.State.CHOOSING).first()
    return [] if connection is None else _offers(connection)


@transaction.atomic
def disconnect(*, store: Store, by: Membership | None, at: datetime) -> None:
    """End a store's connection; its shop can then be connected elsewhere."""
    connection = (
        Connection.objects.select_for_update(of=("self",))
        .select_related("store")
        .filter(store=store)
        .first()
    )
    if connection is None or connection.state == Connection.State.DISCONNECTED:
        return
    losing.lose(
        connection,
        state=Connection.State.DISCONNECTED,
        problem="disconnected",
        at=at,
        alert=False,
    )
    alerts.resolve_alert(store=store, code="connection.revoked", at=at)
    trail.record(action="connection.ended", by=by, subject=store, at=at, store_id=store.pk)


def _check_connectable(store: Store) -> None:
    if not MARKETPLACES[store.marketplace].can_connect or not settings.TIKTOK_SHOP["app_key"]:
        raise NotConnectable(
            _("%(marketplace)s cannot be connected yet. Record readings and notices by hand.")
            % {"marketplace": store.get_marketplace_display()}
        )


def _pass_out(store: Store, *, by: Membership, consent: ConsentLink | None, at: datetime) -> str:
    app = settings.TIKTOK_SHOP
    token = secrets.token_urlsafe(32)
    OAuthState.objects.create(
        token_hash=_digest(token),
        agency_id=store.agency_id,
        member=by,
        consent=consent,
        store_id=store.pk,
        marketplace=store.marketplace,
        expires_at=at + STATE_LIFE,
    )
    return authorization_url(
        market=store.market,
        service_id=app["service_id"],
        state=token,
        services_url=app["services_url"],
        services_us_url=app["services_us_url"],
    )


def _note_return(store: Store, state: OAuthState, *, agreed: bool, at: datetime) -> None:
    connection, _made = Connection.objects.get_or_create(
        store=store, defaults={"changed_at": at, "connected_by": state.member}
    )
    if connection.state != Connection.State.CONNECTED:  # one that works is left to work on
        connection.state = Connection.State.CONNECTING if agreed else Connection.State.REFUSED
    connection.problem = "" if agreed else "refused"
    connection.changed_at = at
    connection.save(update_fields=["state", "problem", "changed_at"])
    if agreed:
        due.add(kind="stores.exchange_code", subject=state.token_hash, at=at)
    if state.consent is not None and agreed:
        consents.note_agreed(link=state.consent, at=at)
    elif state.consent is not None:
        consents.note_declined(link=state.consent)
    trail.record(
        action="connection.agreed" if agreed else "connection.refused",
        by=None if state.consent else state.member,
        subject=store,
        at=at,
        store_id=store.pk,
        via=consents.BY_OWNER if state.consent else "page",
    )


def _asked(token_hash: str) -> tuple[Connection, OAuthState] | None:
    state = (
        OAuthState.objects.select_related("member")
        .filter(token_hash=token_hash, agency_id=scope.current_id())
        .first()
    )
    if state is None:
        return None
    connection = (
        Connection.objects.select_related("store")
        .filter(store=state.store_id)
        .exclude(store__state=Store.State.ARCHIVED)
        .first()
    )
    if connection is None or not (state.code or connection.offered):
        return None
    return connection, state


def _keep_offer(agency: Agency, connection: Connection, held: Tokens, work: Work) -> None:
    """Keep new tokens beside the old ones until a shop is settled on: the code is spent now."""
    with scope.agency(agency):
        _write_offer(connection, held, [])
        OAuthState.objects.filter(token_hash=work.subject).update(code="")


def _offered_tokens(agency: Agency, connection: Connection) -> Tokens:
    with scope.agency(agency):
        return _read_tokens(json.loads(tokens.unseal(connection, "offered"))["tokens"])


def _settle(
    connection: Connection, held: Tokens, shops: Sequence[Offer], *, by: Membership, at: datetime
) -> None:
    store = connection.store
    if store.external_id:
        fitting = [shop for shop in shops if shop.id == store.external_id]
    else:
        fitting = [shop for shop in shops if shop.region == store.market]
    if len(fitting) > 1:
        connection.state = Connection.State.CHOOSING
        connection.save(update_fields=["state"])
        _write_offer(connection, held, fitting)
    elif fitting:
        _adopt_or_refuse(connection, held, fitting[0], by=by, at=at)
    else:
        problem = "no_shop" if not shops else "other_shop" if store.external_id else "other_market"
        _refuse(connection, problem, by=by, at=at)


def _adopt_or_refuse(
    connection: Connection, held: Tokens, shop: Offer, *, by: Membership, at: datetime
) -> None:
    try:
        with transaction.atomic():
            _adopt(connection, held, shop, by=by, at=at)
    except ShopRefused as refusal:
        connection.refresh_from_db()
        _refuse(connection, refusal.problem, by=by, at=at)


def _adopt(
    connection: Connection, held: Tokens, shop: Offer, *, by: Membership, at: datetime
) -> None:
    store = connection.store
    if shop.region != store.market:
        raise ShopRefused("other_market")
    others = Store.objects.filter(marketplace=store.marketplace, external_id=shop.id)
    if others.exclude(pk=store.pk).exists():
        raise ShopRefused("same_shop_here")
    _claim_route(store, shop.id)
    connection.state = Connection.State.CONNECTED
    connection.shop_id, connection.shop_name = shop.id, shop.name[:200]
    connection.shop_cipher = tokens.seal(connection, "shop_cipher", shop.cipher)
    connection.offered = connection.problem = ""
    connection.connected_by, connection.connected_at = by, at
    connection.save()
    tokens.keep(connection, held, at=at)
    _take_over(store, shop, by=by, at=at)
    due.add(kind="stores.sync", subject=store.pk, at=at)
    listening.ask(store.pk, at=at)
    alerts.resolve_alert(store=store, code="connection.revoked", at=at)
    alerts.resolve_alert(store=store, code="reading.authorization_days", at=at)
    consents.note_connected(store=store, at=at)
    trail.record(
        action="connection.made",
        by=by,
        subject=store,
        at=at,
        store_id=store.pk,
        changes={"shop_id": shop.id},
    )


def _claim_route(store: Store, shop_id: str) -> None:
    """Take the shop for this store.

    Raises:
        ShopRefused: if it is live at another one.
    """
    key = {
        "marketplace": store.marketplace,
        "app_key": settings.TIKTOK_SHOP["app_key"],
        "external_id": shop_id,
    }
    mine = {"agency_id": store.agency_id, "store_id": store.pk}
    # The unique index decides, as other agencies' rows may be out of our sight.
    StoreRoute.objects.bulk_create([StoreRoute(**key, **mine)], ignore_conflicts=True)
    if not StoreRoute.objects.filter(**key, **mine, is_live=True).exists():
        raise ShopRefused("store_elsewhere")


def _take_over(store: Store, shop: Offer, *, by: Membership, at: datetime) -> None:
    """Let the marketplace's own word on its shop stand over what a member typed, and say so."""
    before = store.seller_type
    seller_type = _SELLER_TYPES.get(shop.seller_type, before)
    store.seller_type, store.external_id = seller_type, shop.id
    store.save(update_fields=["seller_type", "external_id"])
    if seller_type == before:
        return
    trail.record(
        action="store.taken_over",
        by=by,
        subject=store,
        at=at,
        store_id=store.pk,
        changes={"seller_type": [str(before), str(seller_type)]},
    )
    signals.store_changed.send(sender=Store, store=store, at=at)


def _refuse(connection: Connection, problem: str, *, by: Membership | None, at: datetime) -> None:
    connection.offered = ""
    connection.problem = problem
    if connection.state != Connection.State.CONNECTED:
        connection.state = Connection.State.REFUSED
    connection.changed_at = at
    connection.save(update_fields=["offered", "problem", "state", "changed_at"])
    trail.record(
        action="connection.not_made",
        by=by,
        subject=connection.store,
        at=at,
        store_id=connection.store_id,
        changes={"problem": problem},
    )
    consents.note_problem(store=connection.store, problem=problem)


def _offer(shop: ShopPayload) -> Offer:
    return Offer(shop.id, shop.name, shop.region, shop.seller_type, shop.cipher)


def _offers(connection: Connection) -> list[Offer]:
    if not connection.offered:
        return []
    return [Offer(**shop) for shop in json.loads(tokens.unseal(connection, "offered"))["shops"]]


def _write_offer(connection: Connection, held: Tokens, shops: Sequence[Offer]) -> None:
    words = {
        "tokens": {
            "access_token": held.access_token,
            "access_token_expires_at": held.access_token_expires_at.isoformat(),
            "refresh_token": held.refresh_token,
            "refresh_token_expires_at": held.refresh_token_expires_at.isoformat(),
            "granted_scopes": list(held.granted_scopes),
        },
        "shops": [
            {
                "id": shop.id,
                "name": shop.name,
                "region": shop.region,
                "seller_type": shop.seller_type,
                "cipher": shop.cipher,
            }
            for shop in shops
        ],
    }
    connection.offered = tokens.seal(connection, "offered", json.dumps(words))
    connection.save(update_fields=["offered"])


def _read_tokens(words: dict[str, Any]) -> Tokens:
    return Tokens(
        access_token=words["access_token"],
        access_token_expires_at=datetime.fromisoformat(words["access_token_expires_at"]),
        refresh_token=words["refresh_token"],
        refresh_token_expires_at=datetime.fromisoformat(words["refresh_token_expires_at"]),
        open_id="",
        seller_name="",
        seller_base_region="",
        granted_scopes=tuple(words["granted_scopes"]),
    )


def _sealed_code(state: OAuthState, code: str) -> str:
    return sealing.seal(
        code, table=_STATES, column="code", row=state.token_hash, agency=state.agency_id
    )


def _unsealed_code(state: OAuthState) -> str:
    return sealing.unseal(
        state.code, table=_STATES, column="code", row=state.token_hash, agency=state.agency_id
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
