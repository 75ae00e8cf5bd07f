"""What the parsers of several areas share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from stores.marketplaces import read
from stores.marketplaces.core import Node

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class NextAction:
    """What the seller has to do next, and until when where the marketplace says so."""

    action: str
    deadline: datetime | None


def page_of(
    data: Node, name: str, parse: Callable[[Node], T]
) -> tuple[tuple[T, ...], str | None, int]:
    """Return the members of the list ``name``, the token of the next page, the total of all pages.

    Where the marketplace says no total it is the number of members. A list may be left away only
    by an answer that counts none and holds no other: no member is lost in silence.
    """
    listed = data.field(name)
    found = () if listed.is_absent and _says_nothing(data) else members(listed, parse)
    following = data.get("next_page_token", _page_token)
    total = data.get("total_count", read.count_or_none)
    return found, following, len(found) if total is None else total


def members(listed: Node, parse: Callable[[Node], T]) -> tuple[T, ...]:
    return tuple(parse(member) for member in listed.items())


def members_or_none(listed: Node, parse: Callable[[Node], T]) -> tuple[T, ...]:
    return tuple(parse(member) for member in listed.items_or_none())


def money_or_none(node: Node, name: str) -> Money | None:
    """Return the amount ``name`` of an object that has its currency beside it.

    An amount without its currency is refused.
    """
    if node.is_absent or node.get(name, read.is_blank):
        return None
    return Money(node.get(name, read.money), node.get("currency", read.currency))


def next_actions(request: Node) -> tuple[NextAction, ...]:
    return members_or_none(
        request.field("seller_next_action_response"),
        lambda step: NextAction(
            action=step.get("action", read.code), deadline=step.get("deadline", read.moment_or_none)
        ),
    )


def _page_token(value: object) -> str | None:
    return None if read.is_blank(value) else read.text(value, longest=4096)


def _says_nothing(data: Node) -> bool:
    """Tell whether an answer counts none, has no next page and no list by another name."""
    said = data.value if isinstance(data.value, dict) else {}
    tells = said.get("total_count") or said.get("next_page_token")
    return not tells and not any(isinstance(value, list) and value for value in said.values())
