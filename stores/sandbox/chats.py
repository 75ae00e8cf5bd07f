"""Chats with buyers: conversations, their messages, and how well the shop answers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from stores.sandbox import buyers, chance
from stores.sandbox.calls import Call, Refused, Routes, wrong
from stores.sandbox.lives import DAY, HOUR
from stores.sandbox.paging import Sorting, page
from stores.sandbox.shops import Shop

KEPT_DAYS = 30  # older conversations are no longer shown
SENDABLE_FOR = 7 * DAY  # after the buyer's last word
IN_TIME = 24 * HOUR
MOST_DAYS = 400
_MINUTE = 60
_MOST_ROUNDS = 3
_ASKED = ("when does it come?", "is it in stock?", "which size fits me?", "it is not here yet")
_CONVERSATIONS = Sorting(("latest",), "latest", "DESC", largest=20)
_MESSAGES = Sorting(("create_time",), "create_time", "DESC", largest=10)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``text`` is the buyer's or the shop's own."""

    id: str
    at: int
    by_buyer: bool
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A buyer and the shop; ``messages`` are all there will be, in their order."""

    id: str
    created: int
    messages: tuple[Message, ...]

    def until(self, now: int) -> list[Message]:
        return [message for message in self.messages if message.at <= now]

    def unread(self, now: int) -> int:
        """Return how many of the buyer's messages came after the shop's last word."""
        count = 0
        for message in self.until(now):
            count = count + 1 if message.by_buyer else 0
        return count

    @property
    def answered(self) -> int | None:
        return next((message.at for message in self.messages if not message.by_buyer), None)


@lru_cache(maxsize=40_000)
def of_day(seed: str, shop: Shop, day: int) -> tuple[Conversation, ...]:
    """Return the conversations that began on one UTC day."""
    wished = shop.habits.orders_a_day * 0.25 * (0.5 + chance.share(seed, shop.id, day, "chats"))
    count = int(wished) + (chance.share(seed, shop.id, day, "one more") < wished % 1)
    return tuple(
        _conversation(shop, chance.identifier("74", seed, shop.id, day, number), day)
        for number in range(count)
    )


def _conversation(shop: Shop, number: str, day: int) -> Conversation:
    created = at = day * DAY + chance.between(0, DAY - 1, number, "began")
    messages = []
    for turn in range(1 + chance.number(number, "rounds") % _MOST_ROUNDS):
        asked = buyers.words(number, "chat", chance.pick(_ASKED, number, turn))
        messages.append(Message(chance.identifier("75", number, turn), at, True, asked))  # noqa: FBT003
        if chance.share(number, turn, "answered") < shop.habits.unanswered:
            break
        slow = chance.share(number, turn, "slow") < shop.habits.unanswered / 2
        least, most = (25 * HOUR, 60 * HOUR) if slow else (2 * _MINUTE, 8 * HOUR)
        at += chance.between(least, most, number, turn, "answer")
        reply = Message(chance.identifier("76", number, turn), at, False, "We look into it.")  # noqa: FBT003
        messages.append(reply)
        at += chance.between(10 * _MINUTE, DAY, number, turn, "next")
    return Conversation(number, created, tuple(messages))


def begun(seed: str, shop: Shop, since: int, now: int) -> Iterator[Conversation]:
    """Yield the conversations that began from ``since`` until ``now``."""
    for day in range(since // DAY, now // DAY + 1):
        yield from (each for each in of_day(seed, shop, day) if since <= each.created <= now)


def _shown(call: Call) -> list[Conversation]:
    return list(begun(call.seed, call.shop, call.now - KEPT_DAYS * DAY, call.now))


def conversations(call: Call) -> object:
    shop, now = call.shop, call.now
    found = page(
        call, _shown(call), lambda each, _: (each.until(now)[-1].at, each.id), _CONVERSATIONS
    )
    return {
        "next_page_token": found.next_page_token,
        "conversations": [_document(each, shop, now) for each in found.rows],
    }


def _document(each: Conversation, shop: Shop, now: int) -> dict[str, object]:
    said = each.until(now)
    spoken = [message.at for message in said if message.by_buyer]
    return {
        "id": each.id,
        "participant_count": 2,
        "can_send_message": now - spoken[-1] < SENDABLE_FOR,
        "unread_count": each.unread(now),
        "create_time": each.created,
        "participants": [
            {**_buyer(each), "user_id": buyers.user_id(each.id)},
            {**_shop(shop), "user_id": shop.id},
        ],
        "latest_message": message_document(each, said[-1], shop),
    }


def _buyer(of: Conversation) -> dict[str, object]:
    return {
        "im_user_id": chance.identifier("77", of.id),
        "avatar": buyers.picture(of.id, "face"),
        "role": "BUYER",
        "nickname": buyers.nickname(of.id),
    }


def _shop(shop: Shop) -> dict[str, object]:
    return {
        "im_user_id": chance.identifier("77", shop.id),
        "avatar": "https://images.sandbox.test/shop.jpg",
        "role": "SHOP",
        "nickname": shop.name,
    }


def sender(of: Conversation, message: Message, shop: Shop) -> dict[str, object]:
    return _buyer(of) if message.by_buyer else _shop(shop)


def message_document(of: Conversation, message: Message, shop: Shop) -> dict[str, object]:
    return {
        "id": message.id,
        "type": "TEXT",
        "content": json.dumps({"content": message.text}),
        "create_time": message.at,
        "is_visible": True,
        "sender": sender(of, message, shop),
        "index": str(message.at * 1000),
    }


def messages(call: Call) -> object:
    shop, now = call.shop, call.now
    found = next((each for each in _shown(call) if each.id == call.id), None)
    if found is None:
        raise Refused(200, 45101003, "Record not found. Please check the parameters.")
    shown = page(call, found.until(now), lambda message, _: (message.at, message.id), _MESSAGES)
    return {
        "next_page_token": shown.next_page_token,
        "unsupported_msg_tips": "See this message in the seller's own pages",
        "messages": [message_document(found, each, shop) for each in shown.rows],
    }


def performance(call: Call) -> object:
    shop = call.shop
    since, until = days(call, "support_date_ge", "support_date_lt")
    found = [
        each
        for each in begun(call.seed, shop, since, min(until - 1, call.now))
        if each.created < until
    ]
    waits = [
        each.answered - each.created
        for each in found
        if each.answered is not None and each.answered <= call.now
    ]
    in_time = sum(wait <= IN_TIME for wait in waits)
    return {
        "performance": {
            "support_session_count": len(found),
            "response_percentage": _percent(in_time, len(found)),
            "satisfaction_percentage": _percent(
                sum(chance.share(each.id, "stars") < 0.9 for each in found),  # noqa: PLR2004
                len(found),
            ),
            "response_time_mins": f"{sum(waits) / _MINUTE / len(waits):.1f}" if waits else "0.0",
        }
    }


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "0.0"


def days(call: Call, since: str, until: str) -> tuple[int, int]:
    """Return the moments at which a period of days begins and ends in the shop's own zone."""
    zone = ZoneInfo(call.shop.market.zone)
    try:
        ends = [date.fromisoformat(call.request.parameter(name)) for name in (since, until)]
    except ValueError:
        raise _no_period() from None
    first, last = (
        int(datetime.combine(end, time(), tzinfo=zone).astimezone(UTC).timestamp()) for end in ends
    )
    if not 0 < (ends[1] - ends[0]).days <= MOST_DAYS:
        raise _no_period()
    return first, last


def _no_period() -> Refused:
    return wrong("The start or end date is invalid.")


ROUTES: Routes = {
    ("GET", "/customer_service/202309/conversations"): conversations,
    ("GET", "/customer_service/202309/conversations/{id}/messages"): messages,
    ("GET", "/customer_service/202407/performance"): performance,
}
