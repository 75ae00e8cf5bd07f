from datetime import UTC, datetime

import pytest

from stores.mailin import seals, trust
from stores.mailin.envelope import read_mail
from stores.mailin.trust import Trust
from tests.stores.mailin import mails

NOW = datetime(2026, 7, 1, 6, tzinfo=UTC)
SEALERS = ("google.com", "microsoft.com")
DOMAINS = ("tiktok.com", "tiktokshop.com", "shopee.co.th", "lazada.com")


def judged(raw: bytes, *, resolver: trust.Resolver = mails.published, secret: bool = True) -> Trust:
    return trust.judge(
        raw,
        read_mail(raw),
        resolver=resolver,
        marketplace_domains=DOMAINS,
        forwarders=[mails.FORWARDER],
        route_is_secret=secret,
        now=NOW,
        sealers=SEALERS,
    )


def verdict(raw: bytes) -> tuple[str, tuple[str, ...]]:
    result = judged(raw)
    return result.level, result.reasons


def notice(**options: str) -> bytes:
    return mails.plain(mails.ENFORCED_EN, **options)


def read_boundary(raw: bytes) -> bytes:
    return raw.partition(b'boundary="')[2].partition(b'"')[0]


def inline(**options: str) -> bytes:
    return mails.forwarded_inline(mails.GMAIL.format(body=mails.ENFORCED_EN), **options)


@pytest.mark.parametrize(
    "domain", ["tiktok.com", "mail.tiktok.com"], ids=["same domain", "its subdomain"]
)
def test_mail_is_proven_when_the_marketplace_signed_it(domain: str) -> None:
    assert verdict(mails.signed(notice(), domain)) == ("proven", ("marketplace_signature",))


def test_mail_is_proven_when_a_second_signature_holds() -> None:
    both = mails.signed(mails.signed(notice()), "evil.example")

    assert verdict(both) == ("proven", ("marketplace_signature",))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(notice(), "signature_missing", id="no signature"),
        pytest.param(
            mails.signed(notice()).replace(b"deducted: 12", b"deducted: 48"),
            "signature_broken",
            id="body changed",
        ),
        pytest.param(
            mails.signed(notice()).replace(b"Subject: Policy", b"Subject: Urgent policy"),
            "signature_broken",
            id="subject changed",
        ),
        pytest.param(
            mails.signed(notice(), "evil.example"), "signature_of_another", id="another's signature"
        ),
        pytest.param(
            mails.signed(notice(), length=True) + b"Points deducted: 48\r\n",
            "signature_partial",
            id="room at the end",
        ),
        pytest.param(
            mails.signed(notice(), include_headers=[b"from", b"date"]),
            "signature_partial",
            id="subject not covered",
        ),
        pytest.param(
            b"Subject: You won\r\n" + mails.signed(notice()),
            "too_odd_to_check",
            id="second subject",
        ),
        pytest.param(
            b"X-Note: a\rReply-To: b@evil.example\r\n" + mails.signed(notice()),
            "too_odd_to_check",
            id="two readings of one header",
        ),
        pytest.param(
            mails.signed(notice(sender="a@lazada.com")), "signature_of_another", id="its rival's"
        ),
        pytest.param(
            mails.signed(notice()).replace(b"s=s2026", b"s=s1999"),
            "signature_broken",
            id="key withdrawn",
        ),
    ],
)
def test_marketplace_mail_never_acts_without_a_signature_that_holds(
    raw: bytes, reason: str
) -> None:
    assert verdict(raw) == ("suspicious", (reason,))


def test_parts_cannot_be_cut_anew_when_their_boundary_is_unsigned() -> None:
    # given a sender who, like many, leaves Content-Type unsigned
    raw = mails.alternative("Points deducted: 4", "<p>Points deducted: 4</p>")
    sent = mails.signed(raw, include_headers=[b"from", b"subject", b"date"])
    boundary = read_boundary(raw)

    # when the body is cut elsewhere, by a boundary that is not its own
    cut_anew = sent.replace(b'boundary="' + boundary, b'boundary="other', 1)

    # then only the mail as it was sent is proven
    assert verdict(sent) == ("proven", ("marketplace_signature",))
    assert verdict(cut_anew) == ("suspicious", ("signature_partial",))


def test_judgement_is_to_be_repeated_when_keys_cannot_be_looked_up() -> None:
    def silent(name: str, timeout: float) -> bytes | None:
        assert timeout > 0
        raise trust.LookupFailed(name)

    result = judged(mails.signed(notice()), resolver=silent)

    assert (result.level, result.reasons, result.again) == (
        "suspicious",
        ("signature_unchecked",),
        True,
    )


def test_forward_is_unverified_when_a_confirmed_address_signed_it() -> None:
    raw = mails.signed(inline(), "harbour-agency.example")

    result = judged(raw)

    assert (result.level, result.reasons) == (
        "unverified",
        ("known_forwarder", "original_unproven"),
    )
    assert [one.from_address for one in result.notices] == [mails.MARKETPLACE]


@pytest.mark.parametrize(
    ("raw", "secret", "reasons"),
    [
        pytest.param(inline(), True, ("signature_missing",), id="forwarder unsigned"),
        pytest.param(
            mails.signed(inline(), "harbour-agency.example").replace(b"12", b"48"),
            True,
            ("signature_broken",),
            id="forward changed",
        ),
        pytest.param(
            mails.signed(inline(), "harbour-agency.example"),
            False,
            ("route_not_secret",),
            id="guessable address",
        ),
        pytest.param(
            mails.signed(inline(sender="someone@evil.example"), "evil.example"),
            True,
            ("unknown_sender",),
            id="stranger",
        ),
        pytest.param(
            mails.signed(
                inline().replace(b"no-reply@tiktok.com", b"no-reply@t1ktok.com"),
                "harbour-agency.example",
            ),
            True,
            ("lookalike_domain", "name_pretends"),
            id="imitation forwarded",
        ),
        pytest.param(
            mails.signed(
                inline().replace(b"https://seller.tiktok.com", b"https://tiktok-appeals.example"),
                "harbour-agency.example",
            ),
            True,
            ("lookalike_link",),
            id="imitation linked",
        ),
    ],
)
def test_forward_never_acts_when_anything_speaks_against_it(
    raw: bytes,
    secret: bool,  # noqa: FBT001 - a column of the table
    reasons: tuple[str, ...],
) -> None:
    result = judged(raw, secret=secret)

    assert (result.level, result.reasons) == ("suspicious", reasons)


@pytest.mark.parametrize("sender", [mails.FORWARDER, "someone@evil.example"])
def test_attached_original_is_proven_by_its_own_signature(sender: str) -> None:
    original = mails.signed(notice())

    result = judged(mails.forwarded_attached(original, sender=sender))

    # and only its own words count, not those of whoever attached it
    assert (result.level, result.reasons) == ("proven", ("original_signature",))
    assert ["48" in one.text for one in result.notices] == [False]


def test_attached_original_is_suspicious_when_it_was_changed() -> None:
    original = mails.signed(notice()).replace(b"deducted: 12", b"deducted: 1")
    raw = mails.signed(mails.forwarded_attached(original), "harbour-agency.example")

    assert verdict(raw) == ("suspicious", ("signature_broken",))


def test_marketplace_mail_is_read_whole_when_it_quotes_another() -> None:
    # given a genuine mail in whose body a buyer pasted a notice
    raw = mails.signed(
        mails.plain("A buyer writes:\n\n" + mails.GMAIL.format(body=mails.ENFORCED_EN))
    )

    # then the quoted notice is not taken for the marketplace's
    assert [one.how for one in judged(raw).notices] == ["direct"]


@pytest.mark.parametrize(
    ("sender", "reasons"),
    [
        (
            "TikTok Shop <no-reply@t1ktok.com>",
            ("lookalike_domain", "name_pretends", "unknown_sender"),
        ),
        ("Support <a@tiktok-shop.help>", ("lookalike_domain", "unknown_sender")),
        ("Support <a@tiktok.com.evil.example>", ("lookalike_domain", "unknown_sender")),
        ("Support <a@xn--titok-8we.com>", ("lookalike_domain", "unknown_sender")),
        ("Support <a@tiktak.com>", ("lookalike_domain", "unknown_sender")),
        ("Tik Tok Shop <desk@evil.example>", ("name_pretends", "unknown_sender")),
        ('"no-reply@tiktok.com" <desk@evil.example>', ("name_pretends", "unknown_sender")),
        ("ＴｉｋＴｏｋ <desk@evil.example>", ("name_pretends", "unknown_sender")),  # noqa: RUF001
        ("Lin <lin@evil.example>", ("unknown_sender",)),
        ("a@tiktok.com, b@evil.example", ("several_senders",)),
        ("undisclosed", ("sender_missing",)),
        ("", ("sender_missing",)),
    ],
)
def test_imitations_are_named_as_such(sender: str, reasons: tuple[str, ...]) -> None:
    head = f"From: {sender}\r\nSubject: Notice\r\nDate: Wed, 01 Jul 2026 03:00:00 +0000\r\n"
    raw = f"{head}\r\nHello\r\n".encode()

    assert verdict(mails.signed(raw, "evil.example")) == ("suspicious", reasons)


def test_mail_without_any_sender_line_is_told_from_one_of_several() -> None:
    raw = b"Subject: Notice\r\nDate: Wed, 01 Jul 2026 03:00:00 +0000\r\n\r\nHello\r\n"

    assert verdict(raw) == ("suspicious", ("sender_missing",))


def test_published_keys_are_used_before_the_resolver_is_asked() -> None:
    def nobody(name: str, timeout: float) -> bytes | None:
        raise AssertionError((name, timeout))

    resolver = trust.with_published({"s._domainkey.shop.example": b"v=DKIM1; p="}, nobody)

    assert resolver("S._domainkey.shop.example.", 1.0) == b"v=DKIM1; p="


# -- seals of mailbox providers ---------------------------------------------------------------

FOOTED = b"Points deducted: 12\r\nForwarded by the mailbox of Harbour."


def broken() -> bytes:
    """A genuine notice to which a mailbox provider added a line, so that its signature broke."""
    return mails.signed(notice()).replace(b"Points deducted: 12", FOOTED)


def test_mail_is_proven_when_a_trusted_provider_sealed_that_it_was_signed() -> None:
    assert verdict(broken()) == ("suspicious", ("signature_broken",))
    assert verdict(mails.sealed(broken())) == ("proven", ("provider_seal",))


def test_seal_counts_over_several_trusted_hops() -> None:
    first = mails.sealed(broken())

    second = mails.sealed(first, "arc=pass; dkim=fail header.d=tiktok.com", "microsoft.com")

    assert verdict(second) == ("proven", ("provider_seal",))


@pytest.mark.parametrize(
    ("raw", "reasons"),
    [
        pytest.param(
            mails.sealed(broken(), domain="evil.example"),
            ("signature_broken", "seal_of_unknown"),
            id="unknown provider",
        ),
        pytest.param(
            mails.sealed(
                mails.sealed(broken(), domain="evil.example"),
                "arc=pass; dkim=fail header.d=tiktok.com",
            ),
            ("signature_broken", "seal_of_unknown"),
            id="unknown provider's word passed on by a trusted one",
        ),
        pytest.param(
            mails.sealed(mails.sealed(broken()), "arc=pass", "evil.example"),
            ("signature_broken", "seal_of_unknown"),
            id="changed on the way by an unknown one",
        ),
        pytest.param(
            mails.sealed(broken()).replace(b"deducted: 12", b"deducted: 48"),
            ("signature_broken", "seal_broken"),
            id="changed after the seal",
        ),
        pytest.param(
            mails.sealed(broken()).replace(b"header.d=tiktok.com", b"header.d=mail.tiktok.com"),
            ("signature_broken", "seal_broken"),
            id="results changed",
        ),
        pytest.param(
            mails.sealed(
                broken(), "dkim=fail header.d=tiktok.com; spf=pass smtp.mailfrom=tiktok.com"
            ),
            ("signature_broken", "seal_silent"),
            id="provider saw it fail",
        ),
        pytest.param(
            mails.sealed(broken(), "dkim=pass header.d=evil.example"),
            ("signature_broken", "seal_silent"),
            id="provider saw another's",
        ),
        pytest.param(
            mails.sealed(notice(), "dkim=none"),
            ("signature_missing", "seal_silent"),
            id="never signed",
        ),
        pytest.param(
            mails.sealed(broken(), include_headers=[b"from", b"date"]),
            ("signature_broken", "seal_broken"),
            id="seal does not cover the subject",
        ),
        pytest.param(
            mails.sealed(
                mails.signed(notice(), length=True).replace(b"deducted: 12", b"deducted: 48")
            ),
            ("signature_broken", "seal_silent"),
            id="signature left room at the end",
        ),
        pytest.param(
            mails.sealed(mails.sealed(broken()), "arc=fail", "microsoft.com"),
            ("signature_broken", "seal_broken"),
            id="chain said to have failed",
        ),
        pytest.param(
            b"ARC-Seal: i=40; a=rsa-sha256; d=google.com; s=s2026; cv=pass; b=AA==\r\n" + broken(),
            ("signature_broken", "seal_broken"),
            id="a chain longer than any",
        ),
    ],
)
def test_seal_proves_nothing_when_the_chain_is_not_whole(
    raw: bytes, reasons: tuple[str, ...]
) -> None:
    assert verdict(raw) == ("suspicious", reasons)


def test_no_seal_counts_when_no_provider_is_trusted() -> None:
    raw = mails.sealed(broken())

    result = trust.judge(
        raw,
        read_mail(raw),
        resolver=mails.published,
        marketplace_domains=DOMAINS,
        forwarders=[],
        route_is_secret=True,
        now=NOW,
    )

    assert (result.level, result.reasons) == ("suspicious", ("signature_broken",))


def test_attached_original_is_proven_by_its_seal() -> None:
    assert verdict(mails.forwarded_attached(mails.sealed(broken()))) == (
        "proven",
        ("provider_seal",),
    )


def test_judgement_is_to_be_repeated_when_keys_of_seals_cannot_be_looked_up() -> None:
    def half_silent(name: str, timeout: float) -> bytes | None:
        if "google.com" in name:
            raise trust.LookupFailed(name)
        return mails.published(name, timeout)

    result = judged(mails.sealed(broken()), resolver=half_silent)

    assert (result.reasons, result.again) == (("signature_broken", "seal_unchecked"), True)


@pytest.mark.parametrize(
    ("results", "domains"),
    [
        ("i=1; mx.google.com; dkim=pass header.i=@tiktok.com header.s=s1 header.b=AbC+/w==", 1),
        ("i=1; mx.microsoft.com 1; dkim=pass (ok (2048)) header.d=tiktok.com;arc=none", 1),
        ("i=1; mx.x; spf=pass smtp.mailfrom=a@b.c; dkim=pass header.d=TikTok.com", 1),
        ("i=1; mx.x; dkim=fail header.d=tiktok.com", 0),
        ("i=1; mx.x; dkim=pass", 0),
        ("i=1; mx.x; dkim=pass header.d=tiktok.com header.d=evil.example", 0),
        ("i=1; mx.x; dkim=pass header.d=tiktok.com header.i=@evil.example", 0),
        ('i=1; mx.x; spf=pass smtp.mailfrom="x; dkim=pass header.d=tiktok.com"@e.x', 0),
        ("i=1; mx.x; spf=pass (of x; dkim=pass header.d=tiktok.com) smtp.mailfrom=e", 0),
        (r"i=1; mx.x; spf=pass (of x\); dkim=pass header.d=tiktok.com; a=(b) smtp.mailfrom=e", 0),
        ('i=1; mx.x; spf=pass smtp.mailfrom=x"; dkim=pass header.d=tiktok.com', 0),
        ("i=1; mx.x; spf=pass (of x; dkim=pass header.d=tiktok.com", 0),
        ("i=1; mx.x; spf=pass) ; dkim=pass header.d=tiktok.com", 0),
        ("i=1; mx.x; dkim=pass header.d tiktok.com", 0),
        ("", 0),
    ],
)
def test_results_are_read_only_where_they_can_be_read_one_way(results: str, domains: int) -> None:
    assert seals.domains_passed(results) == frozenset(["tiktok.com"][:domains])
