from datetime import UTC, datetime

import pytest

from stores.mailin.envelope import Attachment, Problem, read_mail
from tests.stores.mailin import mails

SENT = datetime(2026, 7, 1, 3, tzinfo=UTC)


def test_plain_mail_is_read_with_its_sender_subject_and_date() -> None:
    mail = read_mail(mails.plain("Points deducted: 4\nSee https://seller.tiktok.com/x?y=1 now."))

    assert (mail.from_name, mail.from_address, mail.subject, mail.sent_at, mail.message_id) == (
        "TikTok Shop",
        "no-reply@tiktok.com",
        "Policy violation",
        SENT,
        "<n1@tiktok.com>",
    )
    assert mail.text == "Points deducted: 4\nSee […] now."
    assert mail.link_hosts == ("seller.tiktok.com",)
    assert mail.problems == ()
    assert mail.notices == (mail,)


def test_html_is_read_as_a_person_sees_it() -> None:
    mail = read_mail(mails.html(mails.HTML_EN))

    assert mail.text.split("\n") == [
        "Your shop has received a violation.",
        "",
        "Violation ID\t6650012",
        "",
        "Reason\tIntellectual property infringement",
        "",
        "Record status\tEnforcement action taken",
        "",
        "Violation points\t6",
        "",
        "Notified\t30 June 2026 18:00 UTC",
        "",
        "Appeal",
    ]


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("utf-8", "utf-8", "扣分：6 分"),
        ("gb2312", "gbk", "扣分：6 分 — 玥"),
        ("GBK", "gbk", "扣分：6 分"),
        ("gb18030", "gb18030", "扣分：6 分 𠮷"),
        ("unknown-8bit", "gbk", "您的店铺因违反平台规则已被处罚"),
        ("utf-16", "utf-16", "扣分：6 分"),
        ("utf-16le", "utf-16-le", "Points deducted: 6"),
        ("windows-874", "cp874", "หัก 6 คะแนน"),
        ("no-such-charset", "utf-8", "Points deducted: 6 – punkt"),
    ],
)
def test_text_is_decoded_in_every_charset(charset: str, codec: str, text: str) -> None:
    raw = mails.in_charset(text, charset=charset, codec=codec, subject="Notice")

    mail = read_mail(raw)

    assert (mail.text, mail.problems) == (text, ())


def test_vietnamese_tones_are_joined_to_their_letters() -> None:
    raw = mails.in_charset("đi\u00ea\u0309m", charset="windows-1258", codec="cp1258", subject="x")

    assert read_mail(raw).text == "điểm"


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("=?gb2312?B?zqW55s2o1qo=?=", "违规通知"),
        ("=?utf-8?Q?=E8=BF=9D=E8=A7=84?= =?utf-8?Q?=E9=80=9A=E7=9F=A5?=", "违规通知"),
        ("违规通知", "违规通知"),
        ("=?utf-8?B?broken", "=?utf-8?B?broken"),
        ("=?utf-8?B?abcde?=", "=?utf-8?B?abcde?="),
        ("=?nonsense?B?6L+d6KeE?=", "违规"),
        ("a\x00b", "a b"),
    ],
)
def test_subject_is_decoded_however_it_was_written(header: str, subject: str) -> None:
    assert read_mail(mails.plain("x", subject=header)).subject == subject


def test_broken_letters_are_replaced_and_flagged() -> None:
    raw = mails.plain("Points deducted: 4").replace(b"deducted", b"deduc\xff\xfeted\x80\xe9\x20")

    mail = read_mail(raw)

    assert ("\ufffd" in mail.text, mail.problems) == (True, (Problem.LETTERS_LOST,))


@pytest.mark.parametrize(
    ("body", "sender", "subject", "sent_at", "problems"),
    [
        pytest.param(
            mails.GMAIL.format(body="Points deducted: 4"),
            "no-reply@tiktok.com",
            "Policy violation",
            datetime(2026, 7, 1, 10, tzinfo=UTC),
            (Problem.ZONE_ASSUMED,),
            id="gmail",
        ),
        pytest.param(
            mails.QQ.format(body="Points deducted: 4"),
            "no-reply@tiktok.com",
            "违规处罚通知",
            datetime(2026, 7, 1, 11, 5, tzinfo=UTC),
            (Problem.ZONE_ASSUMED,),
            id="qq",
        ),
        pytest.param(
            "> Begin forwarded message:\n>\n> From: no-reply@tiktok.com\n"
            "> Subject: Notice\n> Date: July 1, 2026 at 10:00:00 AM GMT+7\n> To: a@b.example\n>\n"
            "> Points deducted: 4",
            "no-reply@tiktok.com",
            "Notice",
            datetime(2026, 7, 1, 3, tzinfo=UTC),
            (),
            id="apple, quoted",
        ),
        pytest.param(
            "________________________________\n*From:* TikTok <no-reply@tiktok.com>\n"
            "*Sent:* Wednesday, July 1, 2026 10:00 AM\n*To:* a@b.example\n*Subject:* Notice\n\n"
            "Points deducted: 4",
            "no-reply@tiktok.com",
            "Notice",
            datetime(2026, 7, 1, 10, tzinfo=UTC),
            (Problem.ZONE_ASSUMED,),
            id="outlook, no marker",
        ),
    ],
)
def test_quoted_original_is_unwrapped(
    body: str, sender: str, subject: str, sent_at: datetime, problems: tuple[Problem, ...]
) -> None:
    mail = read_mail(mails.forwarded_inline(body, cover="Points deducted: 48, I think"))

    (original,) = mail.notices
    assert (
        original.how,
        original.from_address,
        original.subject,
        original.sent_at,
        original.text,
        original.problems,
    ) == ("inline", sender, subject, sent_at, "Points deducted: 4", problems)


def test_attached_original_keeps_its_bytes() -> None:
    original = mails.signed(mails.plain(mails.ENFORCED_EN))

    mail = read_mail(mails.forwarded_attached(original))

    assert [one.raw.rstrip() for one in mail.notices] == [original.rstrip()]
    assert [one.how for one in mail.notices] == ["attached"]
    assert mail.attachments == (Attachment("notice.eml", "message/rfc822", len(original)),)


def test_mail_without_a_forwarded_block_stays_itself() -> None:
    text = "Forwarded message handling changed.\nFrom: now on, points count.\n"

    assert [one.how for one in read_mail(mails.plain(text, subject="Fwd: news")).notices] == [
        "direct"
    ]


def test_truncated_mail_is_flagged() -> None:
    raw = mails.alternative("Points deducted: 4", "<p>Points deducted: 4</p>")

    assert read_mail(raw[: len(raw) * 2 // 3]).problems == (Problem.TRUNCATED,)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 2000,
        b"From: \r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=" + b"b" * 5000 + b"\r\n\r\n--",
        b"Content-Type: text/plain; charset=" + b"\xff" * 50 + b"\r\n\r\nx",
        b"Content-Type: text/plain; charset=idna\r\n\r\nx",
        b"Content-Type: text/plain; charset*=''%ff\r\n\r\nx",
        b"Content-Transfer-Encoding: uuencode\r\n\r\nbegin 644 \xff\r\nM",
        b"Date: Thu, 99 Foo 20 99:99:99 +9999\r\nFrom: a@b.example\r\n\r\nx",
        b"Date: Thu, 1 Jan 0001 00:00:00 +2359\r\nFrom: a@b.example\r\n\r\nx",
        b"From: " + b"(" * 3000 + b"\r\n\r\nx",
        b'From: "' + b"\\" * 3000 + b"\r\n\r\nx",
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at)
            for at in range(5000)
        ),
        b"Content-Type: message/rfc822\r\n\r\n" * 3000,
        b"Content-Type: text/html\r\n\r\n" + b"<" * 300_000,
        b"Content-Type: text/html\r\n\r\n" + b"<!--" * 100_000,
        b"Content-Type: text/html\r\n\r\n" + b"<a '" * 100_000,
        b"Content-Type: text/html\r\n\r\n" + b"<div hidden>" * 100_000,
        b"Content-Type: text/html\r\n\r\n" + b" " * 3_000_000 + b"x",
    ],
    ids=range(19),
)
def test_hostile_mail_is_read_without_harm(raw: bytes) -> None:
    assert isinstance(read_mail(raw).problems, tuple)
