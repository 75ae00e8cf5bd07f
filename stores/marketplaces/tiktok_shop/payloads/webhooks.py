"""Where a shop's pushes go."""

from dataclasses import dataclass
from datetime import datetime

from stores.marketplaces import read
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
        event_type=webhook.get("event_type", read.code),
        address=webhook.get("address", _address),
        create_time=webhook.get("create_time", read.moment_or_none),
        update_time=webhook.get("update_time", read.moment_or_none),
    )


def _address(value: object) -> str:
    return read.text(value, longest=2048)
