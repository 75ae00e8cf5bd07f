from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import dkim
import pytest

from stores.sandbox import mail, shops
from tests.stores.sandbox.bench import NOON, SEN_VANG, Bench, make_bench

SHOP = shops.BY_ID[SEN_VANG]
KINDS = ["enforcement", "health", "inactive", "pending", "reversal", "violation"]


def _verifies(bench: Bench, content: bytes) -> bool:
    records = bench.http.get("/dkim.json").json()

    def look_up(name: bytes, timeout: int = 5) -> bytes | None:
        found: str | None = records.get(name.decode().rstrip("."))
        return found.encode() if found else None

    return bool(dkim.verify(content, dnsfunc=look_up))


def _sent(bench: Bench, **fields: object) -> bytes:
    given = {"shop": SEN_VANG, "to": "k3x9@in.test", "kind": "violation", **fields}
    assert bench.act("mail", **given)["ok"] is True
    to, content = bench.mails[-1]
    assert to == "k3x9@in.test"
    return content


def _parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def _text(content: bytes, form: str = "plain") -> str:
    body = _parsed(content).get_body((form,))
    assert body is not None
    text: str = body.get_content()
    return text


@pytest.mark.parametrize(
    ("signature", "verifies", "domain"),
    [
        ("valid", True, "d=tiktok-shop.sandbox.test"),
        ("none", False, ""),
        ("wrong_key", False, "d=tiktok-shop.sandbox.test"),
        ("other_domain", True, "d=tiktok-shop-support.test"),
        ("tampered", False, "d=tiktok-shop.sandbox.test"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_mail_is_signed_as_wished(
    signature: str,
    verifies: bool,  # noqa: FBT001
    domain: str,
    language: str,
) -> None:
    bench = make_bench()

    content = _sent(bench, signature=signature, language=language)

    assert _verifies(bench, content) is verifies
    assert domain in str(_parsed(content)["DKIM-Signature"] or "")
    assert _parsed(content)["From"] == "TikTok Shop <no-reply@tiktok-shop.sandbox.test>"


def test_every_kind_has_a_text_in_both_languages() -> None:
    assert mail.kinds() == KINDS
    assert [kind for kind in KINDS if not mail.variants(kind, "en")] == []
    assert [kind for kind in KINDS if not mail.variants(kind, "zh")] == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_text_names_the_shop_and_leaves_no_gap(kind: str, language: str) -> None:
    for variant in mail.variants(kind, language):
        wish = mail.Wish(kind=kind, to="k3x9@in.test", variant=variant, language=language)
        message = mail.compose(wish, SHOP, mail.Facts(), NOON, number=4)

        text = _text(message.as_bytes()) + str(message["Subject"])

        assert "$" not in text
        assert SHOP.name in text or SHOP.code in text


def test_notices_take_turns_in_their_wording() -> None:
    bench = make_bench()

    subjects = {str(_parsed(_sent(bench))["Subject"]) for _ in range(8)}

    assert len(subjects) >= len(mail.variants("violation", "en"))


def test_notice_says_what_it_was_told_in_text_and_html() -> None:
    bench = make_bench()
    facts = {
        "variant": "1",
        "points": 7,
        "rating": 193,
        "reference": "REF-77",
        "reason": "Counterfeit",
        "subject": "Product 42 <b>",
    }

    content = _sent(bench, **facts)

    for wanted in ("REF-77", "Counterfeit", "193"):
        assert wanted in _text(content)
        assert wanted in _text(content, "html")
    assert "Points deducted: 7\r\n" in _text(content)
    assert "Time: 2026-09-01 19:00:00 (UTC+07:00)\r\n" in _text(content)
    assert "<b>" in _text(content)
    assert "Product 42 &lt;b&gt;" in _text(content, "html")


def test_notice_in_chinese_gives_its_reason_in_chinese() -> None:
    text = _text(_sent(make_bench(), language="zh", variant="1"))

    assert "延迟发货率过高" in text
    assert "2026年9月1日 19:00（UTC+07:00）" in text


@pytest.mark.parametrize(
    ("form", "types"),
    [
        ("plain", ["text/plain"]),
        ("html", ["text/html"]),
        ("both", ["multipart/alternative", "text/plain", "text/html"]),
    ],
)
def test_notice_comes_in_the_form_that_was_wished(form: str, types: list[str]) -> None:
    content = _sent(make_bench(), form=form)

    assert [part.get_content_type() for part in _parsed(content).walk()] == types


def test_line_breaks_in_fields_add_no_header() -> None:
    bench = make_bench()

    content = _sent(bench, variant="2", reason="Late\r\nBcc: evil@evil.test")

    assert _parsed(content)["Bcc"] is None
