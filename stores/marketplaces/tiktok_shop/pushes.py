"""What TikTok Shop pushes: short notes that something changed.

Source: TikTok Shop Partner Center, "TikTok Shop webhooks overview" and the pages of its types.
"""

from dataclasses import dataclass
from datetime import datetime

from stores.marketplaces.core import Node, read_json

# Orders, their addresses, packages, cancellations and returns: the sync reads what became of them.
OF_ORDERS = frozenset({1, 3, 4, 11, 12})
SELLER_DEAUTHORIZATION = 6
AUTHORIZATION_ENDS_SOON = 7


@dataclass(frozen=True, slots=True)
class Push:
    """The envelope of a push; its ``data`` stays with the event as it came."""

    shop_id: str
    notification_id: str
    type: int
    sent_at: datetime


def read_push(body: bytes) -> Push:
    """Return the envelope of a push.

    Raises:
        BadPayload: with the path of the field that is not as documented.
    """
    envelope = Node(read_json(body), "push")
    return Push(
        shop_id=envelope.field("shop_id").identifier(),
        notification_id=envelope.field("tts_notification_id").identifier(),
        type=envelope.field("type").count(),
        sent_at=envelope.field("timestamp").moment(),
    )
