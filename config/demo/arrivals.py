"""What has come in at the demo agency and waits for a person: a mail, a file; and a group."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from io import BytesIO
from typing import Final

from stores.mailin.envelope import read_mail
from stores.mailin.trust import Level, Trust
from stores.models import Store, StoreGroup
from stores.services import imports, notices
from stores.services import stores as store_services
from tenants.models import Membership

GROUP: Final = "Black Friday"
_FILE: Final = """Store,Reference,Rule,Points,Reported
Chang Noi Toys,88120042,High late dispatch rate,-2,2026-11-02 10:00
Chang Noi Toys,88120043,Wrong category,minus four,2026-11-03 10:00
"""
_THREAT: Final = (
    "support@tiktok-shop-seller.example",
    "Urgent: your shop loses 48 points today",
    "Your shop breaks the rules. Sign in within two hours to keep your points.",
)
_NEWS: Final = (
    "no-reply@tiktok.com",
    "Policy update: dispatch times over the holidays",
    """Dear Seller,

We are updating our shipping policy. From 15 December 2026 on, orders placed on a public holiday
count from the next working day. You need do nothing.

TikTok Shop
""",
)


def arrive(by: Membership, *, at: datetime) -> None:
    group = store_services.save_group(group=StoreGroup(name=GROUP), by=by, at=at, via="command")
    for store in Store.objects.filter(market="US"):
        store_services.edit_store(
            store=store, values={}, groups=[group], by=by, at=at, via="command"
        )
    _mail(Store.objects.get(name="Glowry Skin"), at - timedelta(hours=5), _THREAT, "suspicious")
    for name in ("Glowry Skin", "Trailbeam Outdoor"):
        _mail(Store.objects.get(name=name), at - timedelta(hours=20), _NEWS, "proven")
    imports.bring(
        file=BytesIO(_FILE.encode()),
        file_name="violations-november.csv",
        kind="violations",
        stores=Store.objects.all(),
        by=by,
        at=at,
    )


def _mail(store: Store, at: datetime, words: tuple[str, str, str], level: Level) -> None:
    """Take in a mail in the marketplace's name, believed as far as ``level`` says."""
    sender, subject, text = words
    mail = EmailMessage()
    mail["From"] = f"TikTok Shop <{sender}>"
    mail["To"] = "notices@in.localhost"
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail.set_content(text)
    raw = mail.as_bytes()
    digest = sha256(raw + store.pk.bytes).hexdigest()
    notices.take_mail(
        incoming=notices.Incoming(raw=raw, digest=digest, store_id=store.pk, received_at=at),
        judged=Trust(level=level, reasons=(), notices=(read_mail(raw),)),
        at=at,
    )
