"""Where a shop's pushes go."""

from dataclasses import dataclass
from datetime import datetime

from stores.marketplaces.core import Node
from stores.marketplaces.tiktok_shop.payloads.parts import page_of


@dataclass(frozen=True, slots=True)
class WebhookPayload:
    event_type: str
    address: str
    create_time: datetime | None
    update_time: datetime | None


def webhooks(data: Node) -> list[WebhookPayload]:
    return list(page_of(data, "webhooks", _webhook)[0])


def _webhook(webhook: Node) -> WebhookPayload:
    return WebhookPayload(
        event_type=webhook.field("event_type").code(),
        address=webhook.field("address").text(longest=2048),
        create_time=webhook.field("create_time").moment_or_none(),
        update_time=webhook.field("update_time").moment_or_none(),
    )
