"""What TikTok Shop pushes: short notes that something changed.

Source: TikTok Shop Partner Center, "TikTok Shop webhooks overview" and the pages of its types.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from stores.marketplaces import read
from stores.marketplaces.core import BadPayload, Node, read_json

SELLER_DEAUTHORIZATION: Final = "6"
AUTHORIZATION_ENDS_SOON: Final = "7"

# What an app asks to be told of, as "Update shop webhook" calls it: all that leads to something.
EVENT_TYPES: Final = (
    "ORDER_STATUS_CHANGE",
    "RECIPIENT_ADDRESS_UPDATE",
    "PACKAGE_UPDATE",
    "PRODUCT_STATUS_CHANGE",
    "SELLER_DEAUTHORIZATION",
    "UPCOMING_AUTHORIZATION_EXPIRATION",
    "CANCELLATION_STATUS_CHANGE",
    "RETURN_STATUS_CHANGE",
    "NEW_CONVERSATION",
    "NEW_MESSAGE",
    "PRODUCT_INFORMATION_CHANGE",
    "PRODUCT_CREATION",
    "INVENTORY_STATUS_CHANGE",
    "PRODUCT_AUDIT_STATUS_CHANGE",
)

_ORDERS = ("orders",)
_CANCELLATIONS = ("cancellations", "orders")
_RETURNS = ("returns", "orders")
_PRODUCTS = ("products",)
_CONVERSATIONS = ("conversations",)
_NOTHING: tuple[str, ...] = ()

# Each documented type, and the data types of a sync that read what it tells of. Nothing: it is of
# no concern to a store's health, or it is itself what it tells.
READS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "1": _ORDERS,  # order status
        "2": (*_RETURNS, "cancellations"),  # reverse orders, of older apps
        "3": _ORDERS,  # recipient address
        "4": ("packages", "orders"),  # packages combined, split
        "5": _PRODUCTS,  # product status
        SELLER_DEAUTHORIZATION: _NOTHING,
        AUTHORIZATION_ENDS_SOON: _NOTHING,
        "11": _CANCELLATIONS,  # cancellation status
        "12": _RETURNS,  # return status
        "13": _CONVERSATIONS,  # new conversation
        "14": _CONVERSATIONS,  # new message
        "15": _PRODUCTS,  # product information
        "16": _PRODUCTS,  # product creation
        "17": _NOTHING,  # shoppable content posting
        "18": _PRODUCTS,  # product category
        "19": _NOTHING,  # size chart
        "20": _NOTHING,  # creator deauthorization
        "21": _NOTHING,  # inbound order of Fulfilled by TikTok
        "22": _NOTHING,  # merchant onboarding of Fulfilled by TikTok
        "23": _NOTHING,  # goods match
        "24": ("stock",),  # inventory of Fulfilled by TikTok
        "25": _NOTHING,  # opportunity matching
        "27": ("stock",),  # inventory status
        "33": _NOTHING,  # affiliates' messages
        "35": _NOTHING,  # Tokopedia mirror
        "36": ("packages",),  # invoice status
        "37": _PRODUCTS,  # product audit status
        "38": _NOTHING,  # strikethrough price
        "39": _NOTHING,  # promotion activity
        "42": _PRODUCTS,  # combined listing
        "46": _NOTHING,  # image translation
        "50": ("products", "stock"),  # SKU status
        "51": _NOTHING,  # global replication
        "52": _NOTHING,  # global listing method
        "55": _NOTHING,  # video precheck
        "56": _NOTHING,
        "58": _NOTHING,
        "59": _NOTHING,
        "62": _NOTHING,
        "63": _NOTHING,  # promotion activity
        "64": _RETURNS,  # after-sale request
        "65": _RETURNS,  # return merchandise authorization
        "66": _NOTHING,  # size-chart appeal
        "67": _RETURNS,  # refund success
        "71": ("stock",),  # inventory changed by the shop
    }
)

_written_number: Final = read.matching(r"[A-Za-z0-9_.:-]{1,255}", "an id")
_DAYS_LEFT = re.compile(r"\bin (\d{1,4}) days?\b")


@dataclass(frozen=True, slots=True)
class Push:
    """The envelope of a push; its ``data`` stays with the event as it came.

    ``shop_id`` is empty where a seller or a creator is named instead. ``notification_id`` is empty
    where there is none, as in the documented addresses, deauthorizations and expiry warnings.
    """

    shop_id: str
    notification_id: str
    type: str
    sent_at: datetime


def read_push(body: bytes) -> Push:
    """Return the envelope of a push.

    Raises:
        BadPayload: with the path of the field that is not as documented.
    """
    try:
        said = read_json(body)
    except BadPayload as bad:  # the words for it are those of an answer
        raise BadPayload("push", bad.complaint) from None
    envelope = Node(said, "push")
    return Push(
        shop_id=envelope.get("shop_id", _id_or_empty),
        notification_id=envelope.get("tts_notification_id", _number),
        type=envelope.get("type", read.identifier),
        sent_at=envelope.get("timestamp", read.moment),
    )


def days_left(body: bytes) -> int | None:
    """Return the days that an expiry warning leaves; they stand in its sentence only.

    None: the sentence is another than the documented one.
    """
    try:
        said = Node(read_json(body), "push").field("data").get("message", _sentence)
    except BadPayload:
        return None
    found = _DAYS_LEFT.search(said)
    return int(found[1]) if found else None


def _number(value: object) -> str:
    """Return a push's number, which may be longer than any id: it is only told apart by it."""
    return _written_number(value) if isinstance(value, str) else _id_or_empty(value)


def _id_or_empty(value: object) -> str:
    return "" if read.is_absent(value) else read.identifier(value)


def _sentence(value: object) -> str:
    return read.text(value, longest=2000)
