"""Packs the letters under ``mails/letters`` as mails, and writes down what they say.

``python -m tests.corpus.pack_mails`` writes every mail and ``mails/expected.yaml`` anew. A letter
has the words and the way they travel; here are only the envelopes: alphabets, encodings, HTML, and
the headers and quotes that providers and people put around a forwarded mail.
"""

import base64
import hashlib
import html
import quopri
import textwrap
from collections.abc import Iterator
from datetime import datetime
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import Any

import yaml

from tests.corpus.alphabets import encoded

MAILS = Path(__file__).parent / "mails"
LETTERS = MAILS / "letters"
EXPECTED = MAILS / "expected.yaml"

OWNER = "owner@client.example.com"
DESK = "n7k2q9x4h3@notices.example.net"
SENDERS = {
    "tiktok_shop": "TikTok Shop <no-reply@tiktok.com>",
    "shopee": "Shopee <noreply@shopee.sg>",
    "lazada": "Lazada Seller Center <noreply@lazada.com.my>",
}
WHOLE_NUMBERS = {"points", "rating"}

Letter = dict[str, Any]


def letters() -> Iterator[Letter]:
    for path in sorted(LETTERS.glob("*.yaml")):
        yield from yaml.load(path.read_text(), yaml.BaseLoader)  # noqa: S506 - plain words only


def mails() -> Iterator[tuple[str, bytes]]:
    """Each mail's file name and bytes."""
    for letter in letters():
        yield f"{letter['file']}.eml", _mail(letter)


def expected() -> dict[str, Any]:
    return {f"{letter['file']}.eml": _expected(letter) for letter in letters()}


def write() -> None:
    for old in MAILS.glob("*.eml"):
        old.unlink()
    for name, content in mails():
        (MAILS / name).write_bytes(content)
    EXPECTED.write_text(
        yaml.safe_dump(expected(), allow_unicode=True, sort_keys=False, width=100),
    )


# What a person reads


def _expected(letter: Letter) -> dict[str, Any]:
    notices = [_facts(notice) for notice in letter["says"]]
    said: dict[str, Any] = {
        "language": letter.get("language", _language(letter["file"])),
        "marketplace": letter.get("marketplace", "tiktok_shop"),
        "market": letter["market"],
        "way": letter.get("way", "direct"),
        "from": letter.get("quoted_from") or _sender(letter),
        "kind": notices[0]["kind"] if notices else "none",
        "act": letter.get("act", "yes") == "yes",
        "spoofed": letter.get("spoofed", "no") == "yes",
    }
    if "why" in letter:
        said["why"] = letter["why"]
    said["notices"] = notices
    return said


def _language(name: str) -> str:
    parts = name.split("-")
    written = parts[2] if parts[0] == "spoof" else parts[0]
    return {"zh": "zh-Hans"}.get(written, written if len(written) == 2 else "en")


def _facts(notice: dict[str, Any]) -> dict[str, Any]:
    facts = dict(notice)
    for name in WHOLE_NUMBERS & facts.keys():
        facts[name] = int(facts[name])
    if "points_range" in facts:
        facts["points_range"] = [int(points) for points in facts["points_range"]]
    return facts


# Envelopes


def _mail(letter: Letter) -> bytes:
    way = letter.get("way", "direct")
    if way == "direct":
        return _headers(letter, [], DESK) + _content(letter, letter.get("body", ""))
    if way.endswith("_auto"):
        return _headers(letter, AUTO[way](letter), OWNER) + _content(letter, letter["body"])
    if way == "attached":
        return _attached(letter)
    return _headers(_by_person(letter), [], DESK) + _content(letter, _quoted(letter, way))


def _sender(letter: Letter) -> str:
    return str(letter.get("from", SENDERS[letter.get("marketplace", "tiktok_shop")]))


def _by_person(letter: Letter) -> Letter:
    prefix = "转发：" if "发件人" in HEADS[letter["way"]] else "Fwd: "
    return letter | {
        "from": letter.get("person_from", f"Store owner <{OWNER}>"),
        "subject": prefix + letter["subject"],
    }


def _headers(letter: Letter, extra: list[str], to: str) -> bytes:
    charset = letter.get("charset", "utf-8")
    lines = [
        *extra,
        f"From: {_sender_header(_sender(letter), charset)}",
        *([letter["extra"]] if "extra" in letter else []),
        f"To: <{to}>",
        f"Subject: {_words(letter['subject'], charset)}",
        f"Date: {letter['date']}",
        f"Message-ID: <{_mark(letter, 'id')}@{parseaddr(_sender(letter))[1].split('@')[1]}>",
        "MIME-Version: 1.0",
    ]
    return _lines("\n".join(lines) + "\n")


def _sender_header(sender: str, charset: str) -> str:
    if sender.isascii():
        return sender
    name, address = parseaddr(sender)
    return f"{_words(name, charset)} <{address}>"


def _words(text: str, charset: str) -> str:
    """Encoded words of a header, in the alphabet of the mail."""
    if text.isascii():
        return text
    name = "utf-8" if charset == "utf-16" else charset
    chunks = [text[at : at + 14] for at in range(0, len(text), 14)]
    return "\n ".join(
        f"=?{name}?B?{base64.b64encode(encoded(chunk, name)).decode()}?=" for chunk in chunks
    )


def _mark(letter: Letter, purpose: str) -> str:
    return hashlib.sha256(f"{letter['file']}/{purpose}".encode()).hexdigest()[:20]


def _lines(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()


# Content


def _content(letter: Letter, text: str) -> bytes:
    body = _body(letter, text)
    if "with" not in letter:
        return body
    kind, attachment = ATTACHMENTS[letter["with"]]
    return _multipart(letter, kind, [body, attachment])


def _body(letter: Letter, text: str) -> bytes:
    form = letter.get("form", "text")
    if "html" in letter:
        return _part(letter, letter["html"], "text/html")
    if form == "text":
        return _part(letter, _wrapped(letter, text), "text/plain")
    both, _, layout = form.rpartition("-")
    page = _part(letter, LAYOUTS[layout](text), "text/html")
    if not both:
        return page
    return _multipart(letter, "alternative", [_part(letter, text, "text/plain"), page])


def _wrapped(letter: Letter, text: str) -> str:
    if letter.get("wrap") != "yes":
        return text
    return "\n".join(
        textwrap.fill(line, 72) if len(line) > 72 else line for line in text.split("\n")
    )


def _multipart(letter: Letter, kind: str, parts: list[bytes]) -> bytes:
    boundary = _mark(letter, kind)
    head = _lines(f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n')
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return head + body + b"--" + boundary.encode() + b"--\r\n"


def _part(letter: Letter, text: str, content_type: str) -> bytes:
    charset = letter.get("charset", "utf-8")
    cte = letter.get("cte", "8bit" if charset == "utf-8" else "base64")
    raw = encoded(text.replace("\n", "\r\n"), charset)
    if cte == "base64":
        body = base64.encodebytes(raw).replace(b"\n", b"\r\n")
    elif cte == "quoted-printable":
        body = quopri.encodestring(raw.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    else:
        body = raw
    declared = letter.get("declared", charset)
    alphabet = "" if declared == "none" else f"; charset={declared}"
    head = f"Content-Type: {content_type}{alphabet}\nContent-Transfer-Encoding: {cte}\n\n"
    return _lines(head) + body


def _attached(letter: Letter) -> bytes:
    original = letter | {"from": letter.get("quoted_from", _sender(letter))}
    inner = _headers(original, [], OWNER) + _content(letter, letter["body"])
    note = _part({"file": letter["file"]}, letter["person"] + "\n", "text/plain")
    attachment = (
        _lines(
            "Content-Type: message/rfc822\n"
            'Content-Disposition: attachment; filename="original.eml"\n\n'
        )
        + inner
    )
    outer = letter | {"from": f"Store owner <{OWNER}>", "subject": f"Fw: {letter['subject']}"}
    return _headers(outer, [], DESK) + _multipart(letter, "mixed", [note, attachment])


# What comes with a letter: a picture of one dot, a guideline without pages
DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAA"
    "DUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
GUIDE = base64.b64encode(
    b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
).decode()
ATTACHMENTS = {
    "picture": (
        "related",
        _lines(
            "Content-Type: image/png\nContent-ID: <logo>\nContent-Disposition: inline\n"
            f"Content-Transfer-Encoding: base64\n\n{DOT}\n"
        ),
    ),
    "pdf": (
        "mixed",
        _lines(
            'Content-Type: application/pdf\nContent-Disposition: attachment; filename="guide.pdf"\n'
            f"Content-Transfer-Encoding: base64\n\n{GUIDE}\n"
        ),
    ),
}


# HTML layouts


def _label(line: str) -> tuple[str, str] | None:
    for colon in ("：", ": "):
        label, found, value = line.partition(colon)
        if found and value.strip() and len(label) < 40:
            return label.strip(), value.strip()
    return None


def _paragraphs(text: str) -> str:
    blocks = [html.escape(block).replace("\n", "<br>\n") for block in text.strip().split("\n\n")]
    return (
        "<html><body>\n" + "\n".join(f"<p>{block}</p>" for block in blocks) + "\n</body></html>\n"
    )


def _table(text: str) -> str:
    """Label and value as cells, without their colon, as mail designers like it."""
    rows = []
    for line in text.strip().split("\n"):
        pair = _label(line)
        if pair:
            label, value = (html.escape(part) for part in pair)
            rows.append(f'<tr><td class="l"><b>{label}</b></td><td>{value}</td></tr>')
        elif line.strip():
            rows.append(f'<tr><td colspan="2">{html.escape(line)}</td></tr>')
    return (
        '<html><head><style type="text/css">.l{color:#888}</style></head><body>'
        '<table role="presentation" width="600">\n' + "\n".join(rows) + "\n</table></body></html>\n"
    )


def _divs(text: str) -> str:
    rows = [
        f"<div><span>{html.escape(line)}</span></div>" if line.strip() else "<div>&nbsp;</div>"
        for line in text.strip().split("\n")
    ]
    return "<!DOCTYPE html><html><body>" + "".join(rows) + "</body></html>\n"


LAYOUTS = {"paragraphs": _paragraphs, "table": _table, "divs": _divs}


# Forwarded by a provider's rule: the mail stays as it was, headers grow on top


def _results(letter: Letter, by: str) -> str:
    domain = parseaddr(_sender(letter))[1].split("@")[1]
    word = letter.get("auth", "pass")
    return (
        f"Authentication-Results: {by};\n dkim={word} header.d={domain};\n"
        f" spf={word} smtp.mailfrom={domain};\n dmarc={word} header.from={domain}"
    )


def _gmail_auto(letter: Letter) -> list[str]:
    return [
        f"Received: by mail-gateway.example.net for <{DESK}>; {letter['date']}",
        f"X-Forwarded-Encrypted: i=1; {_mark(letter, 'seal')}",
        f"X-Forwarded-To: {DESK}",
        f"X-Forwarded-For: {OWNER} {DESK}",
        f"Delivered-To: {OWNER}",
        _results(letter, "mx.google.com"),
    ]


def _outlook_auto(letter: Letter) -> list[str]:
    return [
        f"Received: from outbound.protection.outlook.com by notices.example.net; {letter['date']}",
        f"Resent-From: <{OWNER}>",
        f"X-MS-Exchange-Inbox-Rules-Loop: {OWNER}",
        _results(letter, "spf.protection.outlook.com"),
    ]


def _qq_auto(letter: Letter) -> list[str]:
    return [
        f"Received: from newxmmx.qq.com by notices.example.net; {letter['date']}",
        f"X-QQ-mid: forward{_mark(letter, 'qq')}",
        "X-QQ-FEAT: autoforward",
        _results(letter, "mx.qq.com"),
    ]


def _netease_auto(letter: Letter) -> list[str]:
    return [
        f"Received: from m16.mail.163.com by notices.example.net; {letter['date']}",
        f"X-CM-TRANSID: {_mark(letter, '163')}",
        f"X-Auto-Forward: {OWNER}",
        _results(letter, "mx.163.com"),
    ]


AUTO = {
    "gmail_auto": _gmail_auto,
    "outlook_auto": _outlook_auto,
    "qq_auto": _qq_auto,
    "netease_auto": _netease_auto,
}


# Forwarded by a person: the original stands as text under the person's words

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def _sent(letter: Letter) -> datetime:
    return parsedate_to_datetime(letter["date"])


def _english_date(at: datetime) -> str:
    hour = at.strftime("%I:%M %p").lstrip("0")
    return f"{WEEKDAYS[at.weekday()]}, {MONTHS[at.month - 1]} {at.day}, {at.year} at {hour}"


def _chinese_date(at: datetime) -> str:
    half = "上午" if at.hour < 12 else "下午"
    day = "一二三四五六日"[at.weekday()]
    return f"{at.year}年{at.month}月{at.day}日(星期{day}) {half}{at.hour % 12 or 12}:{at.minute:02}"


def _heads(letter: Letter, way: str) -> str:
    at = _sent(letter)
    return HEADS[way].format(
        sender=letter.get("quoted_from", _sender(letter)),
        subject=letter["subject"],
        owner=OWNER,
        english=_english_date(at),
        chinese=_chinese_date(at),
        plain=f"{at:%Y-%m-%d %H:%M:%S}",
        slashed=f"{at:%d/%m/%Y %H:%M}",
        thai=f"{at.day}/{at.month}/{at.year + 543} {at:%H:%M}",
    )


HEADS = {
    "gmail_inline": (
        "---------- Forwarded message ---------\nFrom: {sender}\nDate: {english}\n"
        "Subject: {subject}\nTo: <{owner}>\n\n\n"
    ),
    "gmail_inline_vi": (
        "---------- Forwarded message ---------\nTừ: {sender}\nDate: {slashed}\n"
        "Subject: {subject}\nTo: <{owner}>\n\n\n"
    ),
    "gmail_inline_th": (
        "---------- Forwarded message ---------\nจาก: {sender}\nวันที่: {thai}\n"
        "เรื่อง: {subject}\nถึง: <{owner}>\n\n\n"
    ),
    "gmail_inline_id": (
        "---------- Pesan terusan ---------\nDari: {sender}\nTanggal: {slashed}\n"
        "Subjek: {subject}\nKepada: <{owner}>\n\n\n"
    ),
    "outlook_inline": (
        "-----Original Message-----\nFrom: {sender}\nSent: {english}\nTo: {owner}\n"
        "Subject: {subject}\n\n"
    ),
    "qq_inline": (
        "------------------ 原始邮件 ------------------\n发件人: {sender};\n发送时间: {chinese}\n"
        "收件人: {owner};\n主题: {subject}\n\n"
    ),
    "netease_inline": (
        "-------- 转发邮件信息 --------\n发件人：{sender}\n发送日期：{plain}\n收件人：{owner}\n"
        "主题：{subject}\n\n"
    ),
    "chinese_outlook_inline": (
        "________________________________\n发件人: {sender}\n发送时间: {chinese}\n"
        "收件人: {owner}\n主题: {subject}\n\n"
    ),
}


def _quoted(letter: Letter, way: str) -> str:
    mark = "> " if letter.get("quoted") == "yes" else ""
    body = "\n".join(mark + line if line else mark.rstrip() for line in letter["body"].split("\n"))
    forwarded = f"{_heads(letter, way)}{body}"
    if "again" in letter:  # by somebody who had it forwarded from the owner
        owner = {"quoted_from": f"Store owner <{OWNER}>", "subject": f"Fwd: {letter['subject']}"}
        forwarded = f"{_heads(letter | owner, letter['again'])}{forwarded}"
    return f"{letter['person']}\n\n{forwarded}"


if __name__ == "__main__":
    write()
