"""The mails of the corpus hold what their list promises: no proof stands on rotten evidence."""

import html
import re
import unicodedata
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import yaml

from stores.models import Enforcement, Violation
from tests.corpus import pack_mails

EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load(pack_mails.EXPECTED.read_text())
LETTERS = {f"{letter['file']}.eml": letter for letter in pack_mails.letters()}
NOTICES = [(name, notice) for name, said in EXPECTED.items() for notice in said["notices"]]
LANGUAGES = {"en": 25, "zh-Hans": 25, "zh-Hant": 2, "vi": 8, "th": 8, "id": 8}
KINDS = {
    "violation": 20,
    "warning": 3,
    "milestone": 6,
    "inactivity": 6,
    "negative_balance": 5,
    "health_report": 6,
    "appeal_result": 8,
    "correction_result": 5,
    "news": 4,
}
OUTCOMES = {
    "appeal_result": {"granted", "refused"},
    "correction_result": {"accepted", "rejected"},
}
MOMENTS = {
    "reported_at", "enforced_at", "correct_by", "appeal_by", "expires_at", "starts_at", "ends_at",
}  # fmt: skip
TEXTS = {"shop_name", "shop_code", "reference", "rule_words", "milestone", "title"}


def parsed(name: str) -> EmailMessage:
    content = (pack_mails.MAILS / name).read_bytes()
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def texts(name: str) -> str:
    """Every word of the mail, as a person sees it: also where it names a wrong alphabet."""
    message, letter = parsed(name), LETTERS[name]
    words = [str(message["Subject"])]
    for part in message.walk():
        if part.get_content_maintype() == "text":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            named = part.get_content_charset("utf-8")
            words.append(content.decode(letter["charset"] if "declared" in letter else named))
        elif part.get_content_type() == "message/rfc822":
            words.append(str(part.get_content()["Subject"]))
    return "\n".join(words)


def test_packing_the_letters_gives_the_mails_and_their_list() -> None:
    packed = dict(pack_mails.mails())
    kept = {path.name: path.read_bytes() for path in pack_mails.MAILS.glob("*.eml")}

    assert kept.keys() == packed.keys() == EXPECTED.keys()
    assert [name for name in kept if kept[name] != packed[name]] == []
    assert pack_mails.expected() == EXPECTED


def test_no_two_letters_share_their_words() -> None:
    bodies = Counter(
        re.sub(r"[\d\s]", "", letter.get("body") or letter["html"])
        for letter in pack_mails.letters()
    )

    assert [body for body, times in bodies.items() if times > 1] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_a_mail_can_be_taken_apart(name: str) -> None:
    message = parsed(name)

    defects = [defect for part in message.walk() for defect in part.defects]
    assert defects == []
    assert "\ufffd" not in texts(name)
    assert isinstance(message["Date"].datetime, datetime)


@pytest.mark.parametrize("name", EXPECTED)
def test_people_in_a_mail_are_invented(name: str) -> None:
    content = (pack_mails.MAILS / name).read_bytes()
    allowed = re.compile(
        r"example(\.\w+)?$|tiktok|t1ktok|tikt0k|tik-tok|tlktok|xn--|shopee|lazada|seller-verify"
    )

    addresses = re.findall(rb"[\w.+-]+@([\w.-]+)", content)
    assert [one.decode() for one in addresses if not allowed.search(one.decode())] == []


@pytest.mark.parametrize(("name", "notice"), NOTICES)
def test_a_notice_is_told_in_the_right_types(name: str, notice: dict[str, Any]) -> None:
    assert notice["kind"] in KINDS
    for field, value in notice.items():
        if field in MOMENTS:
            _is_moment(value)
        elif field in TEXTS:
            assert isinstance(value, str)
            assert value
        elif field in {"points", "rating"}:
            assert isinstance(value, int)
            assert 0 <= value <= 1000
        elif field == "points_range":
            low, high = value
            assert 0 <= low < high
        elif field == "state":
            assert value in {Violation.State.PENDING, Violation.State.ENFORCED}
        elif field == "restrictions":
            assert set(value) <= set(Enforcement.Kind.values)
        elif field == "outcome":
            assert value in OUTCOMES[notice["kind"]]
        elif field == "measure":
            Decimal(value["value"])
            assert value["name"] in {"balance", "days_inactive"}
            assert ("currency" in value) == (value["name"] == "balance")
        else:
            assert field == "kind"


def _is_moment(value: str) -> None:
    if len(value) == len("2026-07-14"):
        date.fromisoformat(value)
        return
    assert datetime.fromisoformat(value).tzinfo is not None


def _flat(text: str) -> str:
    """As compared: without markup, without what only lays out, and with plain digits and dashes."""
    bare = re.sub(r"<style.*?</style>|<[^>]+>", "", text, flags=re.DOTALL)
    plain = unicodedata.normalize("NFKC", html.unescape(bare))
    return re.sub(r"[\s>]", "", plain).replace("\N{HYPHEN}", "-")


@pytest.mark.parametrize(("name", "notice"), NOTICES)
def test_a_text_that_a_person_reads_stands_in_the_mail(name: str, notice: dict[str, Any]) -> None:
    words = _flat(texts(name))

    for field in TEXTS & notice.keys():
        assert _flat(notice[field]) in words, field


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_spoofed_never_acts_and_what_may_not_act_says_why(name: str) -> None:
    said = EXPECTED[name]

    assert said["kind"] == (said["notices"][0]["kind"] if said["notices"] else "none")
    assert not (said["spoofed"] and said["act"])
    assert said["act"] == ("why" not in said)
    if said["act"]:
        assert said["notices"]


def test_there_are_enough_of_each_language_kind_and_way() -> None:
    languages = Counter(said["language"] for said in EXPECTED.values())
    kinds = Counter(notice["kind"] for name, notice in NOTICES if EXPECTED[name]["act"])
    ways = {said["way"] for said in EXPECTED.values()}
    honest = [said for said in EXPECTED.values() if not said["spoofed"]]

    assert len(EXPECTED) >= 120
    assert {one: languages[one] for one in LANGUAGES if languages[one] < LANGUAGES[one]} == {}
    assert {one: kinds[one] for one in KINDS if kinds[one] < KINDS[one]} == {}
    assert ways == {"direct", "attached", *pack_mails.AUTO, *pack_mails.HEADS}
    assert len(EXPECTED) - len(honest) >= 12
    assert sum(not said["act"] for said in honest) >= 10
    assert sum(len(said["notices"]) > 1 for said in EXPECTED.values()) >= 4


def test_all_alphabets_and_encodings_occur() -> None:
    parts = [part for name in EXPECTED for part in parsed(name).walk()]
    alphabets = {part.get_content_charset() for part in parts}
    encodings = {str(part["Content-Transfer-Encoding"]) for part in parts}

    assert alphabets >= {
        "utf-8", "gbk", "gb18030", "big5", "tis-620", "windows-1258", "utf-16",
    }  # fmt: skip
    assert encodings >= {"base64", "quoted-printable", "8bit"}
