"""Whatever is done to a mail on its way, reading it never raises and nothing forged is believed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stores.mailin import trust
from stores.mailin.envelope import read_mail
from stores.mailin.parsers import Triage, parse
from tests.stores.mailin import mails

NOW = datetime(2026, 7, 14, tzinfo=UTC)
CORPUS = {
    "direct": mails.signed(mails.plain(mails.ENFORCED_EN)),
    "html": mails.signed(mails.html(mails.HTML_EN)),
    "gbk": mails.in_charset(
        mails.ENFORCED_ZH, charset="gbk", codec="gbk", subject="=?gbk?B?zqW55g==?="
    ),
    "utf-16": mails.in_charset(mails.PENDING_ZH, charset="utf-16", codec="utf-16", subject="x"),
    "two parts": mails.signed(mails.alternative(mails.ENFORCED_EN, mails.HTML_EN)),
    "inline": mails.signed(
        mails.forwarded_inline(mails.QQ.format(body=mails.ENFORCED_ZH)), "harbour-agency.example"
    ),
    "attached": mails.signed(
        mails.forwarded_attached(mails.signed(mails.plain(mails.ENFORCED_EN))),
        "harbour-agency.example",
    ),
    "appeal": mails.signed(mails.plain(mails.GRANTED_EN)),
    "health": mails.signed(mails.plain(mails.HEALTH_ZH)),
}
JUNK = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"=?",
    b"\r\n\r\n",
    b"--outer-1",
    b"<!--",
    b"<a '",
    b"=\r\n",
    b"12",
    b"\xe6",
]


def handle(raw: bytes) -> trust.Trust:
    """Read, judge and parse as mail-in does."""
    judged = trust.judge(
        raw,
        read_mail(raw),
        resolver=mails.published,
        marketplace_domains=["tiktok.com"],
        forwarders=[mails.FORWARDER],
        route_is_secret=True,
        now=NOW,
    )
    for notice in judged.notices:
        assert parse(notice, zone=UTC, received_at=NOW)
    return judged


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(sorted(CORPUS)),
    st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 30), st.sampled_from(JUNK) | st.binary(max_size=8)
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_changed_mail_is_handled(name: str, changes: list[tuple[float, int, bytes]]) -> None:
    raw = CORPUS[name]
    for where, length, junk in changes:
        at = int(where * len(raw))
        raw = raw[:at] + junk + raw[at + length :]

    handle(raw)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_are_handled(raw: bytes) -> None:
    assert handle(raw).level == "suspicious"


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(CORPUS)), st.floats(0, 1))
def test_cut_mail_is_handled(name: str, where: float) -> None:
    handle(CORPUS[name][: int(where * len(CORPUS[name]))])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_digit_changed_in_a_signed_notice_is_never_proven(data: st.DataObject) -> None:
    original = CORPUS["direct"]
    body = original.index(b"\r\n\r\n")
    digits = [at for at in range(body, len(original)) if original[at : at + 1].isdigit()]
    at = data.draw(st.sampled_from(digits))
    digit = data.draw(st.sampled_from(b"0123456789"))
    changed = original[:at] + bytes([digit]) + original[at + 1 :]

    assert handle(changed).level == ("proven" if changed == original else "suspicious")


@pytest.mark.parametrize(
    "tag",
    [
        b"bh=",
        b"b=",
        b"d=tiktok.com; bh=x",
        b"a=rsa-md5; d=tiktok.com",
        b"\xff=\xff",
        b"l=x",
        b"v=1;;;",
    ],
)
def test_nonsense_signature_is_handled(tag: bytes) -> None:
    raw = b"DKIM-Signature: " + tag + b"\r\n" + mails.plain(mails.ENFORCED_EN)

    assert handle(raw).level == "suspicious"


@pytest.mark.parametrize(
    "record", [b"", b"p=", b"v=DKIM1; k=ed25519; p=AAAA", b"\xff", b"p=!!!!", b"v=DKIM1; p=MIGf"]
)
def test_nonsense_key_is_handled(record: bytes) -> None:
    raw = CORPUS["direct"]

    judged = trust.judge(
        raw,
        read_mail(raw),
        resolver=lambda _name, _timeout: record,
        marketplace_domains=["tiktok.com"],
        forwarders=[],
        route_is_secret=True,
        now=NOW,
    )

    assert (judged.level, judged.reasons) == ("suspicious", ("signature_broken",))


def test_long_text_is_read_in_time() -> None:
    text = ("If points will be deducted, appeal by 2026-07-31 before 4 points are. " * 280)[:19_900]

    assert isinstance(parse(read_mail(mails.plain(text)), zone=UTC, received_at=NOW)[0], Triage)
