"""Notices by mail, written and signed as a marketplace would.

The texts are files in ``notices/``, one a variant: ``<kind>.<variant>.<language>.txt``, the
subject on the first line. They are written without regard to how anyone reads them.
"""

import base64
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from stores.sandbox.settings import MAIL_DOMAIN
from stores.sandbox.shops import Shop

NOTICES = Path(__file__).parent / "notices"
SENDER = f"no-reply@{MAIL_DOMAIN}"
SELECTOR = "s1"
LOOK_ALIKE = "tiktok-shop-support.test"
FORMS = ("plain", "both", "html")
SIGNATURES = {
    "valid": "signed by the marketplace",
    "none": "spoofed: not signed at all",
    "wrong_key": "spoofed: signed with another key",
    "other_domain": "spoofed: signed by a look-alike domain",
    "tampered": "signed, then altered on the way",
}
_IN_CHINESE = {
    "High late dispatch rate": "延迟发货率过高",
    "High seller-fault cancellation rate": "卖家责任取消率过高",
    "Prohibited product": "禁售商品",
    "Counterfeit": "售假",
    "IP infringement": "知识产权侵权",
    "Wrong category": "类目错放",
    "Low 24 h response rate": "24小时回复率过低",
}
_SIGNED_HEADERS = [b"from", b"to", b"subject", b"date", b"message-id"]

Deliver = Callable[[str, bytes], None]


class CannotCompose(ValueError):
    """There is no such notice, or a value in it makes no sense."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a notice says. Points are positive: so many are taken."""

    rating: int = 196
    points: int = 4
    reason: str = "High late dispatch rate"
    subject: str = "Order 576461413038785752"
    reference: str = ""
    days_to_correct: int = 3
    days_to_appeal: int = 30


@dataclass(frozen=True, slots=True)
class Wish:
    """Which notice, for whom, how it looks and how it is signed."""

    kind: str
    to: str
    variant: str = ""
    language: str = "en"
    form: str = "both"
    signature: str = "valid"


def variants(kind: str, language: str) -> list[str]:
    return sorted(path.name.split(".")[1] for path in NOTICES.glob(f"{kind}.*.{language}.txt"))


@cache
def kinds() -> list[str]:
    return sorted({path.name.split(".")[0] for path in NOTICES.glob("*.txt")})


def compose(wish: Wish, shop: Shop, facts: Facts, at: datetime, number: int) -> EmailMessage:
    """Return the notice, not signed yet. ``number`` counts the mails and picks among variants."""
    known = variants(wish.kind, wish.language)
    if not known or wish.form not in FORMS or (wish.variant and wish.variant not in known):
        raise CannotCompose("There is no such notice, language, variant or form.")
    variant = wish.variant or known[number % len(known)]
    source = (NOTICES / f"{wish.kind}.{variant}.{wish.language}.txt").read_text(encoding="utf-8")
    words = _words(shop, facts, at, number)
    if wish.language == "zh":
        words["reason"] = _IN_CHINESE.get(facts.reason, facts.reason)
    subject, _, body = Template(source).substitute(words).partition("\n")
    message = EmailMessage(policy=SMTP)
    message["From"] = f'"TikTok Shop" <{SENDER}>'
    try:
        message["To"] = wish.to
    except ValueError as wrong:
        raise CannotCompose("The recipient is not a mail address.") from wrong
    message["Subject"] = subject.removeprefix("Subject: ")
    message["Date"] = format_datetime(at.astimezone(UTC))
    message["Message-ID"] = f"<{int(at.timestamp())}.{number}@{MAIL_DOMAIN}>"
    body = body.strip() + "\n"
    if wish.form == "html":
        message.set_content(as_html(body, number), subtype="html")
    else:
        message.set_content(body)
    if wish.form == "both":
        message.add_alternative(as_html(body, number), subtype="html")
    return message


def _words(shop: Shop, facts: Facts, at: datetime, number: int) -> dict[str, str]:
    local = at.astimezone(ZoneInfo(shop.market.zone))
    correct_by = local + timedelta(days=facts.days_to_correct)
    appeal_by = local + timedelta(days=facts.days_to_appeal)
    reference = facts.reference or f"74{int(at.timestamp()):010d}{number:04d}{shop.id[-3:]}"
    words = {
        "shop": shop.name,
        "shop_code": shop.code,
        "shop_id": shop.id,
        "rating": str(facts.rating),
        "points": str(facts.points),
        "reason": facts.reason,
        "subject": facts.subject,
        "reference": reference,
        "days_to_appeal": str(facts.days_to_appeal),
    }
    moments = {"reported": local, "correct_by": correct_by, "appeal_by": appeal_by}
    for name, moment in moments.items():
        offset = moment.strftime("%z")
        zone = f"{offset[:3]}:{offset[3:]}"
        words[f"{name}_iso"] = moment.strftime("%Y-%m-%d %H:%M:%S") + f" (UTC{zone})"
        words[f"{name}_long"] = moment.strftime("%b %d, %Y, %I:%M %p") + f" GMT{zone}"
        words[f"{name}_utc"] = moment.astimezone(UTC).strftime("%d %B %Y %H:%M UTC")
        words[f"{name}_zh"] = (
            f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}（UTC{zone}）"
        )
    return words


def as_html(body: str, number: int) -> str:
    """Return ``body`` as mail designers write it: tables, spans, entities, a hidden preview."""
    is_table = number % 2 == 0
    parts = []
    for block in body.strip().split("\n\n"):
        lines = block.split("\n")
        pairs = [line.replace("：", ": ", 1).partition(": ") for line in lines]
        if is_table and len(lines) > 1 and all(separator for _, separator, _ in pairs):
            rows = "".join(
                f'<tr><td style="color:#666">{escape(name)}</td>'
                f"<td><b><span>{escape(value)}</span></b></td></tr>"
                for name, _, value in pairs
            )
            parts.append(f'<table cellpadding="4" role="presentation">{rows}</table>')
        else:
            parts.append(f"<p>{'<br>'.join(escape(line) for line in lines)}</p>")
    preview = '<div style="display:none;max-height:0">&#847;&zwnj;&nbsp;</div>'
    footer = "<p><small>&copy; TikTok&nbsp;Shop &middot; sent automatically</small></p>"
    return (
        "<!doctype html><html><head><style>p{font:14px sans-serif}</style></head>"
        f"<body>{preview}{''.join(parts)}{footer}</body></html>\n"
    )


def new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def dns_records(key: str) -> dict[str, str]:
    """Return what the domain name system would say: record name to text."""
    private = serialization.load_pem_private_key(key.encode(), password=None)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
    return {f"{SELECTOR}._domainkey.{domain}": record for domain in (MAIL_DOMAIN, LOOK_ALIKE)}


def signed(message: EmailMessage, signature: str, key: str) -> bytes:
    """Return the mail as it is sent, with the signature that was wished for."""
    if signature not in SIGNATURES:
        raise CannotCompose("There is no such signature.")
    plain = message.as_bytes()
    if signature == "none":
        return plain
    domain = LOOK_ALIKE if signature == "other_domain" else MAIL_DOMAIN
    signing_key = new_key() if signature == "wrong_key" else key
    header: bytes = dkim.sign(
        plain,
        SELECTOR.encode(),
        domain.encode(),
        signing_key.encode(),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=_SIGNED_HEADERS,
    )
    if signature == "tampered":
        plain = plain.replace(b"Subject: ", b"Subject: Fwd ", 1) + b"One line more.\r\n"
    return header + plain


def over_smtp(host: str, port: int) -> Deliver:
    """Return what hands a mail to the receiver at ``host``."""

    def deliver(to: str, content: bytes) -> None:
        with smtplib.SMTP(host, port, timeout=10) as connection:
            connection.sendmail(SENDER, [to], content)

    return deliver
