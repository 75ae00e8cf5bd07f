"""Pushes of the marketplaces: proven and kept at the door, worked on by a task.

A push is a hint. What it says is never written as it stands: it makes the sync come at once, which
reads how things are now, so pushes may come late, twice or out of order.
"""

import hmac
import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from stores.marketplaces.tiktok_shop import pushes as tiktok
from stores.marketplaces.tiktok_shop.signing import push_signature
from stores.models import Connection, Store
from stores.services import inbox, losing
from tenants import due
from tenants.models import InboundEvent, StoreRoute

logger = logging.getLogger(__name__)

READ_PUSH: Final = "stores.read_push"
# TikTok Shop repeats what it cannot deliver for up to 16 hours.
OLDEST: Final = timedelta(hours=24)
_CLOCKS_APART: Final = timedelta(minutes=5)
_CHANNEL: Final = "webhook"


class Forged(Exception):
    """The signature is not the marketplace's."""


class OutOfTime(Exception):
    """The push is of the future, or older than any repeat."""


def take(*, body: bytes, signature: str, at: datetime) -> None:
    """Prove and keep a push of TikTok Shop; of a shop that nobody has connected none is kept.

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
        return
    inbox.keep(
        agency=route.agency,
        store_id=route.store_id,
        channel=_CHANNEL,
        recipient=f"{route.marketplace}:{push.shop_id}",
        digest=push.notification_id,
        raw=body,
        kind=READ_PUSH,
        at=at,
    )


def read_event(*, event_id: UUID, at: datetime) -> None:
    """Do what a kept push asks for; called in the agency's scope."""
    event = InboundEvent.objects.filter(pk=event_id, handled_at=None).first()
    if event is None:
        return
    push = tiktok.read_push(inbox.payload_of(event))
    if push.type == tiktok.SELLER_DEAUTHORIZATION:
        _lose_authorization(event, push)
    elif push.type in tiktok.OF_ORDERS or push.type == tiktok.AUTHORIZATION_ENDS_SOON:
        due.add(kind="stores.sync", subject=event.store_id or "", at=at)
    inbox.close(event, at=at)


def _lose_authorization(event: InboundEvent, push: tiktok.Push) -> None:
    # One that was granted after the push was sent is another.
    connection = Connection.objects.filter(
        store=event.store_id, state=Connection.State.CONNECTED, connected_at__lt=push.sent_at
    ).first()
    if connection is not None:
        losing.lose(
            connection,
            state=Connection.State.REVOKED,
            problem="revoked",
            at=event.received_at,
        )
