"""Pushes of the marketplaces: proven and kept at the door, worked on by a task.

A push is a hint. What it says is never written as it stands: it makes the sync of what it tells of
come soon, which reads how things are now, so pushes may come late, twice or out of order. Only an
authorization that ended, or soon will, is told by nothing else; there the moment at which it was
sent decides against what is known.
"""

import hashlib
import hmac
import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from stores.marketplaces.tiktok_shop import pushes as tiktok
from stores.marketplaces.tiktok_shop.signing import push_signature
from stores.models import Connection, Reading, Store
from stores.services import inbox, losing, readings, syncing
from tenants import due
from tenants.models import InboundEvent, StoreRoute
from tenants.models.inbound import DIGEST_LENGTH

logger = logging.getLogger(__name__)

READ_PUSH: Final = "stores.read_push"
FORGET_PUSH: Final = "stores.forget_push"
# TikTok Shop repeats what it cannot deliver after 2 min, 30 min, 3 h and 12 h.
OLDEST: Final = timedelta(hours=24)
UNKNOWN_KEPT_FOR: Final = timedelta(days=30)
# A burst of pushes makes one sync: what comes meanwhile is read by the same.
SOON: Final = timedelta(seconds=5)
_CLOCKS_APART: Final = timedelta(minutes=5)
_CHANNEL: Final = "webhook"

Outcome = InboundEvent.Outcome


class Forged(Exception):
    """The signature is not the marketplace's."""


class OutOfTime(Exception):
    """The push is of the future, or older than any repeat."""


class Taken(StrEnum):
    """What became of a push that was believed."""

    KEPT = "kept"
    REPEATED = "repeated"
    OF_NO_STORE = "of_no_store"


def take(*, body: bytes, signature: str, at: datetime) -> Taken:
    """Prove a push of TikTok Shop and keep it once, by its notification id or else its digest.

    How old it is counts from its own timestamp, which a repeat keeps. One of a shop that nobody has
    connected, or that names no shop, is not kept: there is nobody whose it would be, and a store's
    first sync reads all that it could have told.

    Raises:
        Forged: if the signature does not fit the body, to the byte.
        BadPayload: if the body is not as documented; it names the field.
        OutOfTime: if it was sent in the future, or more than ``OLDEST`` ago.
    """
    app = settings.TIKTOK_SHOP
    expected = push_signature(app_key=app["app_key"], app_secret=app["app_secret"], body=body)
    # Without a secret anybody could sign.
    if not app["app_secret"] or not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Forged
    push = tiktok.read_push(body)
    if not -_CLOCKS_APART <= at - push.sent_at <= OLDEST:
        raise OutOfTime
    route = (
        StoreRoute.objects.select_related("agency")
        .filter(
            marketplace=Store.Marketplace.TIKTOK_SHOP,
            app_key=app["app_key"],
            external_id=push.shop_id,
            is_live=True,
        )
        .first()
    )
    if route is None:
        logger.info("push_of_no_store", extra={"type": push.type})
        return Taken.OF_NO_STORE
    _event, is_new = inbox.keep(
        agency=route.agency,
        store_id=route.store_id,
        channel=_CHANNEL,
        recipient=f"{route.marketplace}:{push.shop_id}",
        digest=_digest(push, body),
        raw=body,
        kind=READ_PUSH,
        at=at,
        told=inbox.Told(push.type, push.sent_at),
    )
    return Taken.KEPT if is_new else Taken.REPEATED


def _digest(push: tiktok.Push, body: bytes) -> str:
    if 0 < len(push.notification_id) <= DIGEST_LENGTH:
        return push.notification_id
    return hashlib.sha256(body).hexdigest()


def read_event(*, event_id: UUID, at: datetime) -> None:
    """Do what a kept push asks for; called in the agency's scope.

    One of an unknown type stays as it came for ``UNKNOWN_KEPT_FOR``, sealed.
    """
    event = InboundEvent.objects.filter(pk=event_id, handled_at=None).first()
    if event is None:
        return
    body = inbox.payload_of(event)
    outcome = _act_on(event, body, tiktok.read_push(body), at)
    is_unknown = outcome == Outcome.UNKNOWN
    if is_unknown:
        logger.warning("push_of_unknown_type", extra={"type": event.type})
        due.add(kind=FORGET_PUSH, subject=event.pk, at=at + UNKNOWN_KEPT_FOR)
    inbox.close(event, at=at, outcome=outcome, keeps_payload=is_unknown)


def _act_on(event: InboundEvent, body: bytes, push: tiktok.Push, at: datetime) -> Outcome:
    if push.type == tiktok.SELLER_DEAUTHORIZATION:
        return _end_authorization(event, push)
    if push.type == tiktok.AUTHORIZATION_ENDS_SOON:
        return _warn_of_the_end(event, push, tiktok.days_left(body), at)
    reads = tiktok.READS.get(push.type)
    if reads is None:
        return Outcome.UNKNOWN
    if not reads:
        return Outcome.NOTED
    _sync_soon(event, reads, at)
    return Outcome.ASKED


def _sync_soon(event: InboundEvent, data: Collection[str], at: datetime) -> None:
    """Let these kinds of data of the event's store be read soon."""
    if event.store_id is not None:
        syncing.hint(store_id=event.store_id, data=data, at=at + SOON)


def _end_authorization(event: InboundEvent, push: tiktok.Push) -> Outcome:
    # One that was granted after the push was sent is another.
    connection = (
        Connection.objects.select_for_update(of=("self",))
        .select_related("store")
        .filter(
            store=event.store_id, state=Connection.State.CONNECTED, connected_at__lt=push.sent_at
        )
        .first()
    )
    if connection is None:
        return Outcome.OVERTAKEN
    losing.lose(
        connection,
        state=Connection.State.REVOKED,
        problem="revoked",
        at=event.received_at,
    )
    return Outcome.ENDED


def _warn_of_the_end(
    event: InboundEvent, push: tiktok.Push, days: int | None, at: datetime
) -> Outcome:
    """Record the days that were left as the push was sent, which opens the alert if few.

    A reading of a later moment stands, and so does an end that comes sooner.
    """
    if days is None:
        _sync_soon(event, (), at)
        return Outcome.ASKED
    of_now = Connection.objects.filter(store=event.store_id, connected_at__lt=push.sent_at)
    connection = of_now.select_related("store").first()
    if connection is None:
        return Outcome.OVERTAKEN
    ends_at = push.sent_at + timedelta(days=days)
    of_now.filter(Q(refresh_expires_at=None) | Q(refresh_expires_at__gt=ends_at)).update(
        refresh_expires_at=ends_at
    )
    readings.record_reading(
        store=connection.store,
        metric="authorization_days",
        value=Decimal(days),
        measured_at=push.sent_at,
        source=Reading.Source.API,
        by=None,
        at=at,
        via="task",
    )
    return Outcome.WARNED
