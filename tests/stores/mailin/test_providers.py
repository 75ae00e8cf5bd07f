import pytest

from stores.mailin import providers
from stores.mailin.envelope import read_mail
from stores.mailin.providers import Confirmation
from tests.stores.mailin import confirmations as texts
from tests.stores.mailin import mails


def read(raw: bytes) -> Confirmation | None:
    return providers.confirmation_in(read_mail(raw))


def outlook(text: str, subject: str = "Verify your forwarding address") -> bytes:
    return texts.letter(text, sender="microsoft-noreply@microsoft.com", subject=subject)


def qq(text: str, subject: str = "QQ邮箱自动转发验证") -> bytes:
    return texts.letter(text, sender="10000@qq.com", subject=subject)


def netease(text: str, subject: str = "网易邮箱自动转发确认") -> bytes:
    return texts.letter(text, sender="postmaster@163.com", subject=subject)


SHOP = "shop.bamboo@outlook.com"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        pytest.param(
            texts.gmail(), ("gmail", texts.MAILBOX, texts.CODE, texts.LINK), id="Gmail, English"
        ),
        pytest.param(
            texts.gmail(texts.GMAIL_ZH),
            ("gmail", texts.MAILBOX, texts.CODE, texts.LINK),
            id="Gmail, Chinese",
        ),
        pytest.param(
            outlook(texts.OUTLOOK_EN),
            ("outlook", SHOP, "4471920", "https://outlook.live.com/mail/0/verify?token=AbC-19"),
            id="Outlook, English",
        ),
        pytest.param(
            outlook(texts.OUTLOOK_ZH, "验证你的转发地址"),
            ("outlook", SHOP, "4471920", ""),
            id="Outlook, Chinese",
        ),
        pytest.param(
            qq(texts.QQ_ZH),
            (
                "qq",
                "20260701@qq.com",
                "K7P3M2",
                "https://mail.qq.com/cgi-bin/forward_verify?sid=Ab12&t=x",
            ),
            id="QQ, Chinese",
        ),
        pytest.param(
            qq(texts.QQ_EN, "Verify your forwarding address"),
            ("qq", "20260701@qq.com", "K7P3M2", ""),
            id="QQ, English",
        ),
        pytest.param(
            netease(texts.NETEASE_ZH),
            (
                "netease",
                "bamboo_home@163.com",
                "739204",
                "https://config.mail.163.com/forward/confirm.do?key=Zx_9",
            ),
            id="163, Chinese",
        ),
        pytest.param(
            netease(texts.NETEASE_EN, "Mail forwarding: please confirm"),
            ("netease", "bamboo_home@163.com", "739204", ""),
            id="163, English",
        ),
    ],
)
def test_confirmation_is_read_in_both_languages(
    raw: bytes, told: tuple[str, str, str, str]
) -> None:
    found = read(raw)

    assert found is not None
    assert found.is_senders
    assert (found.provider, found.mailbox, found.code, found.link) == told


def test_code_is_read_from_the_subject_and_the_link_from_markup() -> None:
    text = f"{texts.MAILBOX} has requested to automatically forward mail to you."
    raw = texts.letter(
        text,
        sender="forwarding-noreply@google.com",
        subject=f"(#{texts.CODE}) Gmail Forwarding Confirmation",
        markup=f'<p>{text}</p><a href="{texts.CANCEL}">No</a> <a href="{texts.LINK}">Yes</a>',
    )

    found = read(raw)

    assert found == Confirmation("gmail", True, texts.MAILBOX, texts.CODE, texts.LINK)  # noqa: FBT003
    assert texts.CODE not in repr(found)


@pytest.mark.parametrize(
    "link",
    [
        "http://mail-settings.google.com/mail/vf-1",
        "https://mail-settings.google.com.evil.example/mail/vf-1",
        "https://mail-settings.google.com@evil.example/mail/vf-1",
        "https://evil.example/mail/vf-1",
        "https://mail-settings.google.com:8443/mail/vf-1",
        "https://mail-settings.google.com/mail/uf-1",
        "https://mail-settings.google.com:port/mail/vf-1",
        "https://[mail-settings.google.com/mail/vf-1",
        "https://mail-settings.google.com/mail/vf-ä",
        "https://mail-settings.google.com/mail/vf-" + "x" * 2000,
    ],
)
def test_link_that_leads_elsewhere_is_not_taken(link: str) -> None:
    found = read(texts.gmail(texts.GMAIL_EN.replace(texts.LINK, link)))

    assert found is not None
    assert (found.code, found.link) == (texts.CODE, "")


@pytest.mark.parametrize(
    "sender", ["forwarding-noreply@g00gle.com", "somebody@gmail.com", "x@forwarding.example"]
)
def test_words_of_a_provider_from_elsewhere_tell_neither_code_nor_link(sender: str) -> None:
    assert read(texts.gmail(sender=sender)) == Confirmation("gmail", is_senders=False)


@pytest.mark.parametrize(
    "raw",
    [
        mails.plain(mails.ENFORCED_EN),
        mails.plain(mails.HEALTH_ZH, sender="10000@qq.com"),
        texts.letter("Your storage is full.", sender="10000@qq.com", subject="Storage"),
        texts.letter(
            "Your code is 123456.",
            sender="microsoft-noreply@microsoft.com",
            subject="Security code",
        ),
        mails.plain("Please confirm your seller account.", subject="Verification"),
        b"",
        b"Subject: \xff\xfe forwarding confirmation\r\n\r\n\x00\x00",
    ],
)
def test_other_mails_ask_for_nothing(raw: bytes) -> None:
    assert read(raw) is None


def test_providers_are_known_by_the_domain_of_a_mailbox() -> None:
    found = [
        providers.provider_of(mailbox)
        for mailbox in ("a@Gmail.com", "a@hotmail.com", "a@foxmail.com", "a@126.com", "a@b.c", "")
    ]

    assert found == ["gmail", "outlook", "qq", "netease", "other", "other"]
    assert {"google.com", "microsoft.com", "qq.com", "163.com"} <= providers.sealers()
    assert (providers.name_of("qq"), providers.name_of("other")) == ("QQ Mail", "")
