"""Events on their way to the app: found as time passes, signed, sent, and sent again."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import httpx

from stores.sandbox import cancellations, catalog, chance, chats, packages, returns
from stores.sandbox.calls import Marketplace
from stores.sandbox.lives import DAY, HOUR, Burst, Plan
from stores.sandbox.settings import Settings
from stores.sandbox.shops import Shop
from stores.sandbox.state import Push
from stores.sandbox.webhooks import TYPES, is_allowed

RETRIES = (2 * 60, 30 * 60, 3 * HOUR, 12 * HOUR)
WARNED_DAYS = 30  # before an authorization expires
SENT_AT_ONCE = 200
# As documented, these come without an id of their own.
WITHOUT_ID = {"SELLER_DEAUTHORIZATION", "UPCOMING_AUTHORIZATION_EXPIRATION"}
LOOKED_AHEAD, LOOKED_BACK = HOUR, DAY
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


class Window(NamedTuple):
    """The time from ``since`` to before ``until`` in which events are looked for at a shop."""

    marketplace: Marketplace
    shop: Shop
    since: int
    until: int

    def __contains__(self, moment: object) -> bool:
        return isinstance(moment, int) and self.since <= moment < self.until


def events(window: Window) -> list[Event]:
    """Return what happens at a shop in a window, in its order."""
    found = [
        *_of_orders(window),
        *_of_returns(window),
        *_of_products(window),
        *_of_chats(window),
        *_of_authorization(window),
    ]
    return sorted(found, key=lambda event: event.at)


def _of_orders(window: Window) -> Iterator[Event]:
    marketplace, shop, since, until = window
    for plan in marketplace.plans_touched(shop, until, since):
        yield from _of_order(plan, window)
        for parcel in packages.parcels(plan):
            if parcel.is_split and parcel.created in window:
                data: dict[str, object] = {
                    "sc_type": "SPLIT",
                    "role_type": "ROLE_SELLER",
                    "package_list": [{"package_id": parcel.id}],
                    "update_time": parcel.created,
                }
                yield Event(parcel.created, "PACKAGE_UPDATE", parcel.id, data)
        for each in cancellations.cancellations(iter([plan]), until):
            yield from _of_cancellation(each, window)


def _of_order(plan: Plan, window: Window) -> Iterator[Event]:
    steps = [*plan.events()]
    if plan.touched:
        steps.append((plan.touched, plan.status(plan.touched)))
    for at, status in steps:
        if at in window:
            said = "CANCEL" if status == "CANCELLED" else status  # pushes have a word of their own
            data: dict[str, object] = {
                "order_id": plan.id,
                "order_status": said,
                "is_on_hold_order": plan.released > at,
                "update_time": at,
            }
            yield Event(at, "ORDER_STATUS_CHANGE", f"{plan.id}/{at}/{status}", data)


def _of_cancellation(each: cancellations.Cancellation, window: Window) -> Iterator[Event]:
    for at, status in each.steps():
        if at in window:
            data: dict[str, object] = {
                "order_id": each.plan.id,
                "cancellations_role": "BUYER" if each.is_buyers else each.plan.cancelled_by,
                "cancel_status": status,
                "cancel_id": each.id,
                "create_time": each.created,
            }
            yield Event(at, "CANCELLATION_STATUS_CHANGE", f"{each.id}/{status}", data)


def _of_returns(window: Window) -> Iterator[Event]:
    marketplace, shop, since, until = window
    plans = marketplace.plans_touched(shop, until, since - returns.LONGEST_DAYS * DAY)
    for each in returns.returns(plans, shop, until):
        for stage in each.stages:
            if stage.at not in window:
                continue
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


def _of_products(window: Window) -> Iterator[Event]:
    marketplace, shop, _, until = window
    for place in range(len(catalog.GOODS)):
        showing = catalog.showing(marketplace.settings.seed, shop, place, until - 1)
        if showing.since not in window:
            continue
        failed = showing.audit == "FAILED"
        data: dict[str, object] = {
            "product_id": int(catalog.product_id(shop, place)),  # a number, beyond 2^53
            "status": "PRODUCT_AUDIT_FAILURE" if failed else "PRODUCT_STATUS_CHANGED",
            "suspended_reason": showing.flaw[1] if showing.flaw else "",
            "update_time": showing.since,
        }
        yield Event(showing.since, "PRODUCT_STATUS_CHANGE", f"{place}/{showing.since}", data)


def _of_chats(window: Window) -> Iterator[Event]:
    marketplace, shop, since, until = window
    for each in chats.begun(marketplace.settings.seed, shop, since - 7 * DAY, until):
        if each.created in window:
            begun: dict[str, object] = {"conversation_id": each.id, "create_time": each.created}
            yield Event(each.created, "NEW_CONVERSATION", each.id, begun)
        for message in each.messages:
            if message.at not in window:
                continue
            data = chats.message_document(each, message, shop)
            data["message_id"] = data.pop("id")
            data["conversation_id"] = each.id
            told = chats.sender(each, message, shop)
            data["sender"] = {"im_user_id": told["im_user_id"], "role": told["role"]}
            yield Event(message.at, "NEW_MESSAGE", message.id, data)


def _of_authorization(window: Window) -> Iterator[Event]:
    """Yield the daily warning, at each midnight of the last days of an authorization."""
    marketplace, shop, since, until = window
    ends = marketplace.state.authorized_until(shop.open_id)
    for day in range(-(-since // DAY), -(-until // DAY)):
        left = (ends - day * DAY) // DAY
        if 0 <= left <= WARNED_DAYS:
            message = f"Authorization of shop_id {shop.id} is expiring in {left} days."
            kind = "UPCOMING_AUTHORIZATION_EXPIRATION"
            yield Event(day * DAY, kind, str(day), {"message": message})


@cache
def _client() -> httpx.Client:
    # One for all: each would read all certificates anew. It keeps no connection open.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False, limits=limits)


def over_http(address: str, body: bytes, headers: dict[str, str]) -> int:
    """Post an event; follow nowhere, and use no proxy."""
    try:
        answer = _client().post(address, content=body, headers=headers)
    except httpx.HTTPError as failure:
        raise OSError("The event was not taken.") from failure
    return answer.status_code


class Ahead(NamedTuple):
    """The events that a shop will have, if nobody starts another burst of late orders."""

    since: int
    until: int
    bursts: list[Burst]
    events: list[Event]


class Pusher:
    """Finds what happened since it last looked, and sends what is due."""

    def __init__(self, marketplace: Marketplace, post: Post) -> None:
        self.marketplace = marketplace
        self.settings = marketplace.settings
        self.state = marketplace.state
        self.post = post
        self._ahead: dict[str, Ahead] = {}
        self._alone = threading.Lock()

    def tick(self) -> None:
        """Do what is due by now. Safe to call at any time, from any thread."""
        with self._alone:
            self._find()
            self._send()

    def _find(self) -> None:
        """Lay out what happened since the last look; this very second is left to the next."""
        now = self.settings.seconds()
        since = max(self.state.pushed_until or now, now - LOOKED_BACK)
        found = [
            (shop, event)
            for shop_id in tuple(self.state.webhooks)
            for shop in (self.marketplace.shops.by_id[shop_id],)
            if self.state.authorized_until(shop.open_id) > now
            for event in self._events(shop, since, now)
        ]
        self.state.pushed_until = now
        if found:
            with self.state.changing():
                for shop, event in sorted(found, key=lambda pair: pair[1].at):
                    self.enqueue(shop, event)

    def _events(self, shop: Shop, since: int, until: int) -> list[Event]:
        """Return what happened at a shop; looked for ahead, for the look costs more than a wait."""
        bursts = self.state.incidents.bursts(shop)
        ahead = self._ahead.get(shop.id)
        if (
            ahead is None
            or ahead.bursts != bursts
            or not ahead.since <= since <= until <= ahead.until
        ):
            window = Window(self.marketplace, shop, since, until + LOOKED_AHEAD)
            ahead = Ahead(since, window.until, bursts, events(window))
            self._ahead[shop.id] = ahead
        return [event for event in ahead.events if since <= event.at < until]

    def enqueue(self, shop: Shop, event: Event, *, at: int | None = None) -> Push | None:
        """Lay an event out for sending, if the shop's app asked for its kind.

        ``at`` is the time it says it was sent, where that is not the time it is.
        """
        webhook = self.state.webhooks.get(shop.id, {}).get(event.kind)
        if webhook is None:
            return None
        now = self.settings.seconds()
        number = chance.identifier("73", shop.id, event.kind, event.key)
        content = {
            "type": TYPES[event.kind],
            **({} if event.kind in WITHOUT_ID else {"tts_notification_id": number}),
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
