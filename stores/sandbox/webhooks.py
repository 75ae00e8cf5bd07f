"""The calls by which an app says where a shop's events go."""

from urllib.parse import urlsplit

from stores.sandbox.calls import Call, Routes, wrong
from stores.sandbox.settings import Settings
from stores.sandbox.state import Webhook

TYPES = {
    "ORDER_STATUS_CHANGE": 1,
    "RECIPIENT_ADDRESS_UPDATE": 3,
    "PACKAGE_UPDATE": 4,
    "PRODUCT_STATUS_CHANGE": 5,
    "SELLER_DEAUTHORIZATION": 6,
    "UPCOMING_AUTHORIZATION_EXPIRATION": 7,
    "CANCELLATION_STATUS_CHANGE": 11,
    "RETURN_STATUS_CHANGE": 12,
    "NEW_CONVERSATION": 13,
    "NEW_MESSAGE": 14,
    "PRODUCT_INFORMATION_CHANGE": 15,
    "PRODUCT_CREATION": 16,
    "INVENTORY_STATUS_CHANGE": 27,
    "PRODUCT_AUDIT_STATUS_CHANGE": 37,
}
LONGEST_ADDRESS = 255
_HERE = {"localhost", "127.0.0.1", "::1"}


def is_allowed(address: str, settings: Settings) -> bool:
    """Whether events may go there: to this machine or to the product's own host, no further."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    is_here = host in _HERE or host.endswith(".localhost")
    return (
        len(address) <= LONGEST_ADDRESS
        and parts.scheme in {"http", "https"}
        and "@" not in parts.netloc
        and (is_here or parts.netloc == settings.public_host)
    )


def listed(call: Call) -> object:
    known = call.marketplace.state.webhooks.get(call.shop.id, {})
    return {
        "webhooks": [
            {
                "event_type": kind,
                "address": webhook.address,
                "create_time": webhook.create_time,
                "update_time": webhook.update_time,
            }
            for kind, webhook in sorted(known.items())
        ],
        "total_count": len(known),
    }


def update(call: Call) -> object:
    shop, kind = call.shop, _kind(call)
    address = call.body.get("address")
    if not isinstance(address, str) or not is_allowed(address, call.marketplace.settings):
        raise wrong("`address` is not one that events may go to.")
    with call.marketplace.state.changing() as state:
        by_type = state.webhooks.setdefault(shop.id, {})
        known = by_type.get(kind)
        created = known.create_time if known else call.now
        by_type[kind] = Webhook(address, created, call.now)
    return {}


def delete(call: Call) -> object:
    shop, kind = call.shop, _kind(call)
    with call.marketplace.state.changing() as state:
        state.webhooks.get(shop.id, {}).pop(kind, None)
    return {}


def _kind(call: Call) -> str:
    kind = call.body.get("event_type")
    if kind not in TYPES:
        raise wrong("`event_type` is not known.")
    return str(kind)


ROUTES: Routes = {
    ("GET", "/event/202309/webhooks"): listed,
    ("PUT", "/event/202309/webhooks"): update,
    ("DELETE", "/event/202309/webhooks"): delete,
}
