"""Chats: how many wait and how well the store answers. No message and nobody's name."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from stores.marketplaces import read
from stores.marketplaces.core import Node
from stores.marketplaces.tiktok_shop.payloads.parts import page_of

_BUYER = "BUYER"


@dataclass(frozen=True, slots=True)
class ConversationPayload:
    """A chat with a buyer. ``unread_count`` counts messages that the store has not read."""

    id: str
    create_time: datetime
    unread_count: int
    latest_message_time: datetime | None
    latest_message_from_buyer: bool
    can_send_message: bool


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """One page. ``next_page_token`` is None on the last; ``total`` counts this page alone."""

    conversations: tuple[ConversationPayload, ...]
    next_page_token: str | None = field(repr=False)
    total: int


@dataclass(frozen=True, slots=True)
class ServicePerformance:
    """How chats were answered over a period. Shares are percentages, None where none were counted.

    ``response_percentage`` are the chats first answered within 24 hours, ``response_time_mins``
    the mean time to the first answer in minutes.
    """

    support_session_count: int
    response_percentage: Decimal | None
    satisfaction_percentage: Decimal | None
    response_time_mins: Decimal | None


def conversation_page(data: Node) -> ConversationPage:
    return ConversationPage(*page_of(data, "conversations", _conversation))


def service_performance(data: Node) -> ServicePerformance:
    performance = data.field("performance")
    return ServicePerformance(
        support_session_count=performance.get("support_session_count", read.count),
        response_percentage=performance.get("response_percentage", read.percentage_or_none),
        satisfaction_percentage=performance.get("satisfaction_percentage", read.percentage_or_none),
        response_time_mins=performance.get("response_time_mins", read.money_or_none),
    )


def _conversation(conversation: Node) -> ConversationPayload:
    sent_at, is_from_buyer = _latest(conversation.field("latest_message"))
    return ConversationPayload(
        id=conversation.get("id", read.identifier),
        create_time=conversation.get("create_time", read.moment),
        unread_count=conversation.get("unread_count", read.count),
        latest_message_time=sent_at,
        latest_message_from_buyer=is_from_buyer,
        can_send_message=conversation.get("can_send_message", read.flag),
    )


def _latest(message: Node) -> tuple[datetime | None, bool]:
    if message.is_absent:
        return None, False
    sender = message.field("sender")
    role = None if sender.is_absent else sender.get("role", read.code_or_none)
    return message.get("create_time", read.moment_or_none), role == _BUYER
