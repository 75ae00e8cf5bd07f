"""Events on their way to the app: found as time passes, signed, sent, and sent again."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx

from stores.sandbox import aftersale, catalog, chance, chats, packages
from stores.sandbox.calls import Marketplace
from stores.sandbox.lives import DAY, HOUR
from stores.sandbox.settings import Settings
from stores.sandbox.shops import Shop
from stores.sandbox.state import Push
from stores.sandbox.webhooks import TYPES, is_allowed

RETRIES = (2 * 60, 30 * 60, 3 * HOUR, 12 * HOUR)
WARNED_DAYS = 30  # before an authorization expires
SENT_AT_ONCE = 200
HTTP_OK = 200
_TIMEOUT = 5.0

# Takes address, body and headers, and gives the status of the answer; raises OSError without one.
Post = Callable[[str, bytes, dict[str, str]], int]


class Event(NamedTuple):
    """Something of a shop that an app may want to hear of."""

    at: int
    kind: str
    key: str  # what tells it from all others of its kind
    data: dict[str, object]


def signature(settings: Settings, body: bytes) -> str:
    # Written apart from the product's own check on purpose.
    message = settings.app_key.encode() + body
    return hmac.new(settings.app_secret.encode(), message, hashlib.sha256).hexdigest()


def events(marketplace: Marketplace, shop: Shop, since: int, now: int) -> Iterator[Event]:
    """Yield what happened at a shop after ``since`` and until ``now``."""
    found = (
        *_of_orders(marketplace, shop, since, now),
        *_of_returns(marketplace, shop, since, now),
        *_of_products(marketplace, shop, since, now),
        *_of_chats(marketplace, shop, since, now),
        *_of_authorization(marketplace, shop, since, now),
    )
    yield from (event for event in found if since < event.at <= now)


def _of_orders(marketplace: Marketplace, shop: Shop, since: int, now: int) -> Iterator[Event]:
    for plan in marketplace.plans_touched(shop, now, since):
        steps = [*plan.events()]
        if plan.touched:
            steps.append((plan.touched, plan.status(plan.touched)))
        for at, status in steps:
            said = "CANCEL" if status == "CANCELLED" else status  # pushes have a word of their own
            data: dict[str, object] = {
                "order_id": plan.id,
                "order_status": said,
                "is_on_hold_order": plan.released > at,
                "update_time": at,
            }
            yield Event(at, "ORDER_STATUS_CHANGE", f"{plan.id}/{at}/{status}", data)
        for parcel in packages.parcels(plan):
            if parcel.is_split:
                data = {
                    "sc_type": "SPLIT",
                    "role_type": "ROLE_SELLER",
                    "package_list": [{"package_id": parcel.id}],
                    "update_time": parcel.created,
                }
                yield Event(parcel.created, "PACKAGE_UPDATE", parcel.id, data)
        for each in aftersale.cancellations(iter([plan]), now):
            at, status = each.now(now)
            data = {
                "order_id": plan.id,
                "cancellations_role": "BUYER" if each.is_buyers else plan.cancelled_by,
                "cancel_status": status,
                "cancel_id": each.id,
                "create_time": each.created,
            }
            yield Event(at, "CANCELLATION_STATUS_CHANGE", f"{each.id}/{status}", data)


def _of_returns(marketplace: Marketplace, shop: Shop, since: int, now: int) -> Iterator[Event]:
    plans = marketplace.plans_touched(shop, now, since - aftersale.LONGEST_RETURN_DAYS * DAY)
    for each in aftersale.returns(plans, shop, now):
        for stage in each.stages:
            data: dict[str, object] = {
                "order_id": each.plan.id,
                "return_role": stage.role,
                "return_type": each.kind,
                "return_status": stage.status,
                "return_id": each.id,
                "create_time": each.created,
                "update_time": stage.at,
            }
            yield Event(stage.at, "RETURN_STATUS_CHANGE", f"{each.id}/{stage.at}", data)


def _of_products(marketplace: Marketplace, shop: Shop, since: int, now: int) -> Iterator[Event]:
    for place in range(len(catalog.GOODS)):
        showing = catalog.showing(marketplace.settings.seed, shop, place, now)
        if showing.since <= since:
            continue
        failed = showing.audit == "FAILED"
        data: dict[str, object] = {
            "product_id": int(catalog.product_id(shop, place)),  # a number, beyond 2^53
            "status": "PRODUCT_AUDIT_FAILURE" if failed else "PRODUCT_STATUS_CHANGED",
            "suspended_reason": showing.flaw[1] if showing.flaw else "",
            "update_time": showing.since,
        }
        yield Event(showing.since, "PRODUCT_STATUS_CHANGE", f"{place}/{showing.since}", data)


def _of_chats(marketplace: Marketplace, shop: Shop, since: int, now: int) -> Iterator[Event]:
    for each in chats.begun(marketplace.settings.seed, shop, since - 7 * DAY, now):
        begun: dict[str, object] = {"conversation_id": each.id, "create_time": each.created}
        yield Event(each.created, "NEW_CONVERSATION", each.id, begun)
        for message in each.messages:
            data = chats.message_document(each, message, shop)
            data["message_id"] = data.pop("id")
            data["conversation_id"] = each.id
            told = chats.sender(each, message, shop)
            data["sender"] = {"im_user_id": told["im_user_id"], "role": told["role"]}
            yield Event(message.at, "NEW_MESSAGE", message.id, data)


def _of_authorization(
    marketplace: Marketplace, shop: Shop, since: int, now: int
) -> Iterator[Event]:
    """Yield the daily warning, at each midnight of the last days of an authorization."""
    until = marketplace.state.authorized_until(shop.open_id)
    for day in range(since // DAY + 1, now // DAY + 1):
        left = (until - day * DAY) // DAY
        if 0 <= left <= WARNED_DAYS:
            message = f"Authorization of shop_id {shop.id} is expiring in {left} days."
            kind = "UPCOMING_AUTHORIZATION_EXPIRATION"
            yield Event(day * DAY, kind, str(day), {"message": message})


def over_http(address: str, body: bytes, headers: dict[str, str]) -> int:
    """Post an event; follow nowhere, and use no proxy."""
    try:
        answer = httpx.post(
            address,
            content=body,
            headers=headers,
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )
    except httpx.HTTPError as failure:
        raise OSError("The event was not taken.") from failure
    return answer.status_code


class Pusher:
    """Finds what happened since it last looked, and sends what is due."""

    def __init__(self, marketplace: Marketplace, post: Post) -> None:
        self.marketplace = marketplace
        self.settings = marketplace.settings
        self.state = marketplace.state
        self.post = post
        self._alone = threading.Lock()

    def tick(self) -> None:
        """Do what is due by now. Safe to call at any time, from any thread."""
        with self._alone:
            self._find()
            self._send()

    def _find(self) -> None:
        now = self.settings.seconds()
        since = self.state.pushed_until or now
        if since == now and self.state.pushed_until:
            return
        found = [
            (shop, event)
            for shop_id in tuple(self.state.webhooks)
            for shop in (self.marketplace.shops.by_id[shop_id],)
            if self.state.authorized_until(shop.open_id) > now
            for event in events(self.marketplace, shop, since, now)
        ]
        for shop, event in sorted(found, key=lambda pair: pair[1].at):
            self.enqueue(shop, event)
        self.state.pushed_until = now

    def enqueue(self, shop: Shop, event: Event, *, at: int | None = None) -> Push | None:
        """Lay an event out for sending, if the shop's app asked for its kind.

        ``at`` is the time it says it was sent, where that is not the time it is.
        """
        webhook = self.state.webhooks.get(shop.id, {}).get(event.kind)
        if webhook is None:
            return None
        now = self.settings.seconds()
        content = {
            "type": TYPES[event.kind],
            "tts_notification_id": chance.identifier("73", shop.id, event.kind, event.key),
            "shop_id": shop.id,
            "timestamp": now if at is None else at,
            "data": event.data,
        }
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        signed = signature(self.settings, body.encode())
        push = Push(webhook.address, body, signed, now)
        with self.state.changing() as state:
            state.outbox.append(push)
        return push

    def _send(self) -> None:
        now = self.settings.seconds()
        due = [push for push in self.state.outbox if push.next_at <= now][:SENT_AT_ONCE]
        if not due:
            return
        done = [push for push in due if self._is_over(push, now)]
        with self.state.changing() as state:
            state.outbox = [push for push in state.outbox if not any(push is one for one in done)]

    def _is_over(self, push: Push, now: int) -> bool:
        """Send a push, and return whether that was the last time."""
        told = self.state.pushes
        if self._is_taken(push):
            told["delivered"] += 1
            return True
        told["failed"] += 1
        push.tries += 1
        if push.tries > len(RETRIES):
            told["given_up"] += 1
            return True
        push.next_at = now + RETRIES[push.tries - 1]
        return False

    def _is_taken(self, push: Push) -> bool:
        if not is_allowed(push.address, self.settings):  # a file may have been written by others
            return False
        headers = {"Authorization": push.signature, "Content-Type": "application/json"}
        try:
            return self.post(push.address, push.body.encode(), headers) == HTTP_OK
        except OSError:
            return False
