"""Notices as the sandbox's marketplace signs them and as a proven forwarder passes them on."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stores.mailin.server import Verdict
from stores.models import Store
from stores.sandbox import mail as sandbox
from stores.sandbox.settings import MAIL_DOMAIN
from stores.sandbox.shops import STEADY, Shop
from stores.services import mail_routes
from tenants import scope
from tenants.models import MailRoute
from tests import work
from tests.stores.mailin import mails

# Tasks read the clock, so these mails are some days old, to the minute as most notices tell it.
SENT = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=10)
ARRIVED = SENT + timedelta(minutes=1)
KEY = sandbox.new_key()
FORWARDER = mails.FORWARDER
_FORWARDERS_DOMAIN = FORWARDER.rpartition("@")[2]


def publish_keys(settings: Any, folder: Path) -> None:
    """Let the keys of sandbox, forwarder and others be found, as the settings of a test say."""
    path = folder / "keys.json"
    others = dict(map(_record, (_FORWARDERS_DOMAIN, "tiktok.com", "google.com", "evil.example")))
    path.write_text(json.dumps(sandbox.dns_records(KEY) | others))
    settings.MAIL_KEYS_FILE = str(path)
    settings.MARKETPLACE_MAIL_DOMAINS = ["tiktok.com", MAIL_DOMAIN]


def _record(domain: str) -> tuple[str, str]:
    name = f"{mails.SELECTOR}._domainkey.{domain}"
    return name, (mails.published(name, 1.0) or b"").decode()


def route_to(store: Store | None) -> MailRoute:
    pk = store.pk if store else None
    mail_routes.ensure_routes([pk])
    return MailRoute.objects.get(agency_id=scope.current_id(), store_id=pk)


def notice(
    kind: str = "violation",
    *,
    shop: str = "Bamboo & Home",
    signature: str = "valid",
    language: str = "en",
    variant: str = "",
    form: str = "both",
    number: int = 0,
    sent_at: datetime = SENT,
    **facts: Any,
) -> bytes:
    wish = sandbox.Wish(kind, "x@in.localhost", variant, language, form)
    values: dict[str, Any] = {"rating": 188, "points": 12, "reference": "7412345678"}
    told = sandbox.Facts(**(values | facts))
    place = Shop("7495001234567890123", shop, "US", "seller-1", STEADY)
    return sandbox.signed(sandbox.compose(wish, place, told, sent_at, number), signature, KEY)


def forwarded(raw: bytes, *, signed: bool = True, sender: str = FORWARDER) -> bytes:
    """Pass a notice on as an attachment without its own signature."""
    body = raw.replace(b"DKIM-Signature:", b"X-Was-Signed:")
    whole = mails.forwarded_attached(body, sender=sender)
    return mails.signed(whole, domain=_FORWARDERS_DOMAIN) if signed else whole


def quoted(text: str) -> bytes:
    """A notice that the forwarder quotes in a mail of her own, properly signed by her domain."""
    raw = mails.forwarded_inline(mails.GMAIL.format(body=text))
    return mails.signed(raw, domain=_FORWARDERS_DOMAIN)


def post(raw: bytes, store: Store | None, *, at: datetime = ARRIVED) -> None:
    """Deliver a mail to the store's address, or with None the agency's, and let it be read."""
    mail_routes.keep_mail(route=route_to(store), raw=raw, at=at)
    work.run_due(at=max(at, datetime.now(UTC)), kind=mail_routes.READ_NOTICE)


__all__ = [
    "ARRIVED",
    "FORWARDER",
    "SENT",
    "Verdict",
    "forwarded",
    "notice",
    "post",
    "quoted",
    "route_to",
]
