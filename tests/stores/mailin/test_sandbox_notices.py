"""The sandbox's notices, written apart from the patterns, are read or left to a person."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from stores.mailin import trust
from stores.mailin.envelope import read_mail
from stores.mailin.parsers import (
    AppealFinding,
    Finding,
    InactivityFinding,
    MilestoneFinding,
    RatingFinding,
    Triage,
    ViolationFinding,
    parse,
)
from stores.sandbox import mail as sandbox
from stores.sandbox.settings import MAIL_DOMAIN
from stores.sandbox.shops import STEADY, Shop

SENT = datetime(2026, 7, 14, 2, 30, 17, tzinfo=UTC)
SHOP = Shop("7495001234567890123", "Bamboo & Home", "VN", "seller-1", STEADY)
FACTS = sandbox.Facts(rating=188, points=12, reference="7412345678")
KEY = sandbox.new_key()

NOTICES = [
    (kind, variant, language, form, number)
    for kind in sandbox.kinds()
    for language in ("en", "zh")
    for variant in sandbox.variants(kind, language)
    for form in sandbox.FORMS
    for number in (0, 1)
]


def essence(finding: Finding) -> tuple[object, ...]:
    match finding:
        case ViolationFinding():
            points = finding.points
            return ("violation", finding.state, finding.reference, finding.rule, points)
        case RatingFinding():
            return (finding.measure, finding.value)
        case AppealFinding():
            return (finding.outcome, finding.reference, finding.points_restored)
        case MilestoneFinding():
            return ("milestone", *(told.kind for told in finding.enforcements))
        case InactivityFinding():
            return ("inactive", finding.days)
        case Triage():
            return (finding.reason, finding.about)
    raise AssertionError(finding)


def expected(kind: str, variant: str, language: str) -> list[tuple[object, ...]]:
    rating = ("rating", 188)
    late = ("7412345678", "high_late_dispatch_rate")
    if kind == "violation":
        tells_rating = (language, variant) in {("en", "1"), ("en", "3"), ("zh", "1")}
        points = None if (language, variant) == ("en", "4") else -12  # it says "see the record"
        return [("violation", "enforced", *late, points), *([rating] if tells_rating else [])]
    others: dict[str, list[tuple[object, ...]]] = {
        "health": [rating],
        "pending": [("violation", "pending", *late, -12)],
        "reversal": [("granted", "7412345678", 12), rating],
        "enforcement": [("milestone", "listing_limit", "campaign_block"), rating],
        "inactive": [("inactive", 30)],
    }
    return others[kind]


@pytest.mark.parametrize(("kind", "variant", "language", "form", "number"), NOTICES)
def test_notice_of_the_sandbox_is_read(
    kind: str, variant: str, language: str, form: str, number: int
) -> None:
    wish = sandbox.Wish(kind, "x@in.localhost", variant, language, form)
    raw = sandbox.compose(wish, SHOP, FACTS, SENT, number).as_bytes()

    found = parse(
        read_mail(raw),
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
        received_at=SENT + timedelta(minutes=1),
    )

    assert [essence(finding) for finding in found] == expected(kind, variant, language)
    for finding in found:
        if isinstance(finding, ViolationFinding):
            # some texts cut the seconds off
            assert abs(finding.reported_at - SENT) < timedelta(minutes=1)
            assert finding.appeal_by is None or (
                abs(finding.appeal_by - SENT - timedelta(days=30)) < timedelta(minutes=1)
            )
            assert (finding.appeal_by is None) == (kind == "pending")


@pytest.mark.parametrize("form", sandbox.FORMS)
@pytest.mark.parametrize(
    ("signature", "level", "reasons"),
    [
        ("valid", "proven", ("marketplace_signature",)),
        ("none", "suspicious", ("signature_missing",)),
        ("wrong_key", "suspicious", ("signature_broken",)),
        ("other_domain", "suspicious", ("signature_of_another",)),
        ("tampered", "suspicious", ("signature_broken",)),
    ],
)
def test_mail_of_the_sandbox_is_believed_by_its_signature(
    form: str, signature: str, level: str, reasons: tuple[str, ...]
) -> None:
    wish = sandbox.Wish("violation", "x@in.localhost", form=form)
    raw = sandbox.signed(sandbox.compose(wish, SHOP, FACTS, SENT, 1), signature, KEY)
    records = {name: text.encode() for name, text in sandbox.dns_records(KEY).items()}

    judged = trust.judge(
        raw,
        read_mail(raw),
        resolver=trust.with_published(records, lambda _name, _timeout: None),
        marketplace_domains=["tiktok.com", MAIL_DOMAIN],
        forwarders=[],
        route_is_secret=True,
        now=SENT,
    )

    assert (judged.level, judged.reasons) == (level, reasons)
