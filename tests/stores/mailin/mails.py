"""Mails as marketplaces, forwarders and swindlers write them: the corpus of these tests."""

import base64
import quopri
from collections.abc import Callable
from email.message import EmailMessage
from functools import cache

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

MARKETPLACE = "no-reply@tiktok.com"
FORWARDER = "ops@harbour-agency.example"
ROUTE = "k3v9wq7x@in.localhost"
SELECTOR = "s2026"

Resolver = Callable[[str, float], bytes | None]

HEAD = (
    "From: TikTok Shop <{sender}>\r\nTo: seller@brand.example\r\nSubject: {subject}\r\n"
    "Date: Wed, 01 Jul 2026 03:00:00 +0000\r\nMessage-ID: <{id}@tiktok.com>\r\n"
    "MIME-Version: 1.0\r\n"
)


def plain(text: str, *, subject: str = "Policy violation", sender: str = MARKETPLACE) -> bytes:
    """A text mail in UTF-8, straight from the marketplace."""
    head = HEAD.format(sender=sender, subject=subject, id="n1")
    head += "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return (head + text.strip().replace("\n", "\r\n") + "\r\n").encode()


def html(markup: str, *, subject: str = "Policy violation") -> bytes:
    head = HEAD.format(sender=MARKETPLACE, subject=subject, id="n2")
    head += "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable"
    return head.encode() + b"\r\n\r\n" + quopri.encodestring(markup.encode())


def in_charset(text: str, *, charset: str, codec: str, subject: str) -> bytes:
    head = HEAD.format(sender=MARKETPLACE, subject=subject, id="n3")
    head += f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: base64"
    return head.encode() + b"\r\n\r\n" + base64.encodebytes(text.encode(codec))


def alternative(text: str, markup: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = f"TikTok Shop <{MARKETPLACE}>"
    mail["Subject"] = "Policy violation"
    mail["Date"] = "Wed, 01 Jul 2026 03:00:00 +0000"
    mail.set_content(text)
    mail.add_alternative(markup, subtype="html")
    return crlf(bytes(mail))


def forwarded_inline(
    body: str, *, sender: str = FORWARDER, cover: str = "FYI, see below."
) -> bytes:
    """A notice quoted by a person, with the header block that mail programs put above it."""
    return crlf(
        (
            f"From: Ops Desk <{sender}>\nTo: {ROUTE}\nSubject: Fwd: Policy violation\n"
            "Date: Wed, 01 Jul 2026 05:00:00 +0000\nMessage-ID: <f1@harbour-agency.example>\n"
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
            f"Content-Transfer-Encoding: 8bit\n\n{cover}\n\n{body}\n"
        ).encode()
    )


def forwarded_attached(original: bytes, *, sender: str = FORWARDER) -> bytes:
    return b"\r\n".join(
        [
            f"From: Ops Desk <{sender}>".encode(),
            f"To: {ROUTE}".encode(),
            b"Subject: Fwd: Policy violation",
            b"Date: Wed, 01 Jul 2026 05:00:00 +0000",
            b"Message-ID: <f2@harbour-agency.example>",
            b"MIME-Version: 1.0",
            b'Content-Type: multipart/mixed; boundary="outer-1"',
            b"",
            b"--outer-1",
            b"Content-Type: text/plain; charset=utf-8",
            b"",
            b"Please note: points deducted: 48 (my reading).",
            b"--outer-1",
            b"Content-Type: message/rfc822",
            b"Content-Disposition: attachment; filename=notice.eml",
            b"",
            original,
            b"--outer-1--",
            b"",
        ]
    )


def crlf(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@cache
def _key(domain: str) -> tuple[bytes, bytes]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def signed(raw: bytes, domain: str = "tiktok.com", **options: object) -> bytes:
    """``raw`` with ``domain``'s own DKIM signature on top."""
    pem, _ = _key(domain)
    signature: bytes = dkim.sign(
        raw,
        SELECTOR.encode(),
        domain.encode(),
        pem,
        canonicalize=(b"relaxed", b"relaxed"),
        **options,
    )
    return signature + raw


def published(name: str, timeout: float) -> bytes | None:
    """The keys that the domains of this corpus publish; the world has no other."""
    assert timeout > 0
    selector, _, domain = name.rstrip(".").partition("._domainkey.")
    known = {
        "tiktok.com",
        "mail.tiktok.com",
        "harbour-agency.example",
        "t1ktok.com",
        "evil.example",
        "google.com",
        "microsoft.com",
    }
    return _key(domain)[1] if selector == SELECTOR and domain in known else None


ENFORCED_EN = """
Dear Seller,

We found that your product violates our policy on prohibited products.

Violation ID: 8837261940
Violation type: Prohibited product listed
Product: "LED charm, set of 3" (1729384756)
Status: Enforcement action taken
Points deducted: 12
Enforced on: 2026-07-01 09:30:00 (UTC+7)
Appeal deadline: 2026-07-31 23:59:59 (UTC+7)

If you do not agree, you can submit an appeal in Seller Center: https://seller.tiktok.com/appeals
TikTok Shop
"""

PENDING_EN = """
Hello Bamboo Home,

A violation of our Late Dispatch Rate policy was recorded for your shop. Enforcement has not yet
taken effect.

4 points will be deducted from your Account Health Rating unless you correct the violation before
July 8, 2026, 5:00 PM PDT or your appeal, which must be submitted by July 10, 2026, 5:00 PM PDT,
is approved.

Reference number: VR-2026-55120
"""

REORDERED_EN = """
Case summary
Appeal by
Jul 30, 2026 10:00 AM (GMT+8)
Rule
Counterfeit
Item
Canvas bag 12 oz
Outcome
In effect since Jun 30, 2026 10:00 AM (GMT+8)
Impact
-24 points
Record ID
PH99120044

Your store has violated TikTok Shop policy and enforcement is in effect.
"""

HTML_EN = """<html><head><style>.x{color:red}</style><title>48 points</title></head><body>
<div style="display:none">Points deducted: 48</div>
<p>Your shop has received a <b>violation</b>.</p>
<table><tr><td>Violation&nbsp;ID</td><td>6650012</td></tr>
<tr><td>Reason</td><td>Intellectual property infringement</td></tr>
<tr><td>Record status</td><td>Enforcement action taken</td></tr>
<tr><td>Violation points</td><td>6</td></tr>
<tr><td>Notified</td><td>30 June 2026 18:00 UTC</td></tr></table>
<script>alert("Points deducted: 1")</script><a href="https://seller.tiktok.com/x">Appeal</a>
</body></html>"""

ENFORCED_ZH = """
尊敬的卖家：

您的店铺因违反平台规则已被处罚。

违规编号：CN20260701888
违规类型：虚假宣传（促销信息不一致）
违规商品：迷你风扇 3 档
处罚状态：已生效
扣分：6 分
处罚生效时间：2026年7月1日 10:00（北京时间）
申诉截止时间：2026年7月31日 23:59:59（北京时间）

如有异议，请登录卖家中心提交申诉。
"""

PENDING_ZH = """
【TikTok Shop】违规提醒
您的商品“透明手机壳”涉嫌知识产权侵权，处罚尚未生效。
若您未在 2026-07-08 18:00 前完成整改，将扣除 4 分账户健康评分。
请于 2026-07-15 18:00 前提交申诉。
违规单号 ZH-556677
"""

HEALTH_EN = """
Take Action Now: Review Your Account Health Daily Report

Your Account Health Rating is currently at 186 points. If your rating drops to 150 points, you
will not be able to create new listings for 7 days.
"""

HEALTH_ZH = "您的账户健康评分当前为 188 分。评分降至 150 分时，将限制上新 7 天。"

GRANTED_EN = """
Good news! Your appeal against violation 8837261940 has been approved. The enforcement has been
removed and 12 points have been restored to your Account Health Rating.
Decision date: 2026-07-09 08:00 UTC
"""

REFUSED_ZH = """
您好，您对违规编号：CN20260701888 提交的申诉未通过审核，维持原处罚。
处理时间：2026-07-12 16:30（北京时间）
"""

GMAIL = """---------- Forwarded message ---------
From: TikTok Shop <no-reply@tiktok.com>
Date: Wed, Jul 1, 2026 at 10:00 AM
Subject: Policy violation
To: <seller@brand.example>

{body}"""

QQ = """------------------ 原始邮件 ------------------
发件人: "TikTok Shop" <no-reply@tiktok.com>;
发送时间: 2026年7月1日(星期三) 中午11:05
收件人: "brand"<seller@brand.example>;
主题: 违规处罚通知

{body}"""


def sealed(
    raw: bytes,
    results: str = "dkim=pass header.d=tiktok.com",
    domain: str = "google.com",
    **options: object,
) -> bytes:
    """``raw`` as a mailbox provider passes it on: with its seal on the ``results`` at its door."""
    pem, _ = _key(domain)
    server = f"mx.{domain}"
    told = f"Authentication-Results: {server}; {results}\r\n".encode()
    headers: list[bytes] = dkim.arc_sign(
        told + raw, SELECTOR.encode(), domain.encode(), pem, server.encode(), **options
    )
    return b"".join(headers) + raw
