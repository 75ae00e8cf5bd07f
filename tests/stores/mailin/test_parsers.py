from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from stores.mailin.envelope import read_mail
from stores.mailin.parsers import (
    AppealFinding,
    Finding,
    RatingFinding,
    StoreHint,
    Triage,
    ViolationFinding,
    Why,
    parse,
    rule_code,
    whole_number,
)
from tests.stores.mailin import mails

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
RECEIVED = datetime(2026, 7, 14, tzinfo=UTC)
SENT = datetime(2026, 7, 1, 3, tzinfo=UTC)
FROM_MAIL = "taken_from_mail:reported_at"


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def findings(raw: bytes, *, day_first: bool | None = None) -> list[Finding]:
    return [
        finding
        for notice in read_mail(raw).notices
        for finding in parse(notice, zone=HANOI, received_at=RECEIVED, day_first=day_first)
    ]


def said(text: str, *, subject: str = "Notice", day_first: bool | None = None) -> list[Finding]:
    return findings(mails.plain(text, subject=subject), day_first=day_first)


def violation(**known: object) -> ViolationFinding:
    facts: dict[str, object] = {
        "reference": "8837261940",
        "rule_text": "Prohibited product listed",
        "rule": "prohibited_product",
        "subject": "",
        "points": None,
        "points_range": None,
        "state": "enforced",
        "reported_at": SENT,
        "enforced_at": None,
        "correct_by": None,
        "appeal_by": None,
        "expires_at": None,
        "store": StoreHint(),
        "problems": (FROM_MAIL,),
    }
    return ViolationFinding(**{**facts, **known})  # type: ignore[arg-type]


ENFORCED = violation(
    subject='"LED charm, set of 3" (1729384756)',
    points=-12,
    enforced_at=at(2026, 7, 1, 2, 30),
    appeal_by=at(2026, 7, 31, 16, 59, 59),
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(mails.plain(mails.ENFORCED_EN), ENFORCED, id="labels"),
        pytest.param(
            mails.plain(mails.ENFORCED_EN.replace("\n", "\n\n").replace(": ", ":\n")),
            ENFORCED,
            id="values on lines of their own",
        ),
        pytest.param(
            mails.plain("\n".join(f"> {line}" for line in mails.ENFORCED_EN.split("\n"))),
            ENFORCED,
            id="quoted",
        ),
        pytest.param(
            mails.plain(mails.ENFORCED_EN.upper().replace("HTTPS", "https")),
            violation(
                rule_text="PROHIBITED PRODUCT LISTED",
                subject='"LED CHARM, SET OF 3" (1729384756)',
                points=-12,
                enforced_at=at(2026, 7, 1, 2, 30),
                appeal_by=at(2026, 7, 31, 16, 59, 59),
            ),
            id="capitals",
        ),
        pytest.param(
            mails.plain(mails.PENDING_EN),
            violation(
                reference="VR-2026-55120",
                rule_text="Late Dispatch Rate",
                rule="high_late_dispatch_rate",
                points=-4,
                state="pending",
                correct_by=at(2026, 7, 9),
                appeal_by=at(2026, 7, 11),
            ),
            id="pending, sentences",
        ),
        pytest.param(
            mails.plain(mails.REORDERED_EN),
            violation(
                reference="PH99120044",
                rule_text="Counterfeit",
                rule="counterfeit",
                subject="Canvas bag 12 oz",
                points=-24,
                enforced_at=at(2026, 6, 30, 2),
                appeal_by=at(2026, 7, 30, 2),
            ),
            id="reordered",
        ),
        pytest.param(
            mails.html(mails.HTML_EN),
            violation(
                reference="6650012",
                rule_text="Intellectual property infringement",
                rule="ip_infringement",
                points=-6,
                reported_at=at(2026, 6, 30, 18),
                problems=(),
            ),
            id="html table, hidden numbers",
        ),
        pytest.param(
            mails.in_charset(mails.ENFORCED_ZH, charset="gbk", codec="gbk", subject="x"),
            violation(
                reference="CN20260701888",
                rule_text="虚假宣传(促销信息不一致)",
                rule="inconsistent_promotion",
                subject="迷你风扇 3 档",
                points=-6,
                enforced_at=at(2026, 7, 1, 2),
                appeal_by=at(2026, 7, 31, 15, 59, 59),
            ),
            id="chinese, gbk",
        ),
        pytest.param(
            mails.in_charset(mails.PENDING_ZH, charset="utf-16", codec="utf-16", subject="x"),
            violation(
                reference="ZH-556677",
                rule_text="知识产权侵权",
                rule="ip_infringement",
                subject="透明手机壳",
                points=-4,
                state="pending",
                correct_by=at(2026, 7, 8, 11),
                appeal_by=at(2026, 7, 15, 11),
                problems=(FROM_MAIL, "zone_assumed:correct_by", "zone_assumed:appeal_by"),
            ),
            id="chinese pending, utf-16, times in the store's zone",
        ),
        pytest.param(
            mails.forwarded_inline(
                mails.GMAIL.format(body=mails.ENFORCED_EN), cover="Points deducted: 48?"
            ),
            violation(
                subject='"LED charm, set of 3" (1729384756)',
                points=-12,
                enforced_at=at(2026, 7, 1, 2, 30),
                appeal_by=at(2026, 7, 31, 16, 59, 59),
                problems=("zone_assumed:reported_at", FROM_MAIL),
            ),
            id="forwarded, with a person's own words above",
        ),
        pytest.param(
            mails.forwarded_attached(mails.plain(mails.ENFORCED_EN)), ENFORCED, id="attached"
        ),
        pytest.param(
            mails.alternative(
                mails.ENFORCED_EN, f"<pre>{mails.ENFORCED_EN}</pre>".replace("\n", "<br>")
            ),
            ENFORCED,
            id="plain and html agree",
        ),
        pytest.param(
            mails.alternative(
                "Please view this mail in a program that shows HTML.",
                mails.ENFORCED_EN.replace("\n", "<br>"),
            ),
            ENFORCED,
            id="plain is a stub",
        ),
        pytest.param(
            mails.plain(
                "Your shop violated our policy on counterfeit goods. Violation ID: A1-2026.\n"
                "Between 4 and 48 points will be deducted. You can appeal within 30 days."
            ),
            violation(
                reference="A1-2026",
                rule_text="counterfeit goods",
                rule="counterfeit",
                points_range=(4, 48),
                state="pending",
                appeal_by=SENT + timedelta(days=30),
                problems=("points_missing", FROM_MAIL, "counted_from_notice:appeal_by"),
            ),
            id="range and days",
        ),
        pytest.param(
            mails.plain(
                "Shop name: Bamboo Home\nShop ID: 7495001234\nViolation ID: 55512\n"
                "Reason: Something entirely new\nStatus: Pending\nAppeal before 2026-08-01"
            ),
            violation(
                reference="55512",
                rule_text="Something entirely new",
                rule="other",
                state="pending",
                appeal_by=at(2026, 7, 31, 17),
                store=StoreHint("Bamboo Home", "7495001234"),
                problems=(
                    "rule_unknown",
                    "points_missing",
                    FROM_MAIL,
                    "time_not_stated:appeal_by",
                    "zone_assumed:appeal_by",
                ),
            ),
            id="unknown rule, before a day",
        ),
        pytest.param(
            mails.plain(
                "Violation ID: 55512\nReason: Counterfeit\nStatus: Enforcement action taken\n"
                "Four points were deducted on July 1.\nAppeal by 31 July 2026"
            ),
            violation(
                reference="55512",
                rule_text="Counterfeit",
                rule="counterfeit",
                points=-4,
                appeal_by=at(2026, 7, 31, 17),
                problems=(FROM_MAIL, "time_not_stated:appeal_by", "zone_assumed:appeal_by"),
            ),
            id="a word for the number, by a day",
        ),
    ],
)
def test_violation_is_read(raw: bytes, expected: ViolationFinding) -> None:
    assert findings(raw) == [expected]


def test_violation_and_rating_are_read_from_one_notice() -> None:
    found = said(
        "Violation ID: 55512\nReason: Counterfeit\nStatus: Enforcement action taken\n"
        "12 points have been deducted from your Account Health Rating.\n"
        "Your Account Health Rating is now 188 points."
    )

    assert found == [
        violation(reference="55512", rule_text="Counterfeit", rule="counterfeit", points=-12),
        RatingFinding(188, "rating", SENT, StoreHint(), ("taken_from_mail:observed_at",)),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Your Account Health Rating is currently at 200 points.", 200),
        (mails.HEALTH_EN, 186),
        (mails.HEALTH_ZH, 188),
        ("Account Health Rating (AHR): 0", 0),
        ("Your account health rating dropped from 200 points to 176 points.", 176),
        ("Current rating: 1,000", 1000),
        ("您的账号健康评级（AHR）目前为 150 分。", 150),
        ("您的账户健康评分由 200 分降至 188 分。", 188),
    ],
)
def test_daily_health_mail_gives_the_platform_rating(text: str, value: int) -> None:
    assert said(text) == [
        RatingFinding(value, "rating", SENT, StoreHint(), ("taken_from_mail:observed_at",))
    ]


def test_points_deducted_are_a_measure_of_their_own() -> None:
    assert said("Your Account Health Daily Report\nTotal points deducted (last 90 days): 16") == [
        RatingFinding(16, "points_deducted", SENT, StoreHint(), ("taken_from_mail:observed_at",))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            mails.GRANTED_EN,
            AppealFinding("8837261940", "granted", at(2026, 7, 9, 8), 12, StoreHint()),
            id="granted",
        ),
        pytest.param(
            mails.REFUSED_ZH,
            AppealFinding("CN20260701888", "refused", at(2026, 7, 12, 8, 30), None, StoreHint()),
            id="refused, chinese",
        ),
        pytest.param(
            "We are sorry. Your appeal was not approved.\nViolation ID: 55512",
            AppealFinding(
                "55512", "refused", SENT, None, StoreHint(), ("taken_from_mail:decided_at",)
            ),
            id="not approved",
        ),
        pytest.param(
            "违规编号：55512\n申诉结果：通过\n恢复 4 分",
            AppealFinding(
                "55512", "granted", SENT, 4, StoreHint(), ("taken_from_mail:decided_at",)
            ),
            id="granted, chinese",
        ),
    ],
)
def test_outcome_of_an_appeal_is_read(text: str, expected: AppealFinding) -> None:
    assert said(text, subject="Result") == [expected]


HEAD = "Violation ID: 55512\nReason: Counterfeit\nStatus: Enforcement action taken\n"


@pytest.mark.parametrize(
    ("text", "triage"),
    [
        pytest.param("Summer sale starts!", Triage(Why.UNRECOGNISED), id="anything"),
        pytest.param(
            HEAD + "Points deducted: 4\n12 points have been deducted.",
            Triage(Why.CONTRADICTORY, "points"),
            id="two numbers",
        ),
        pytest.param(
            HEAD + "Violation ID: 55513",
            Triage(Why.CONTRADICTORY, "reference"),
            id="two references",
        ),
        pytest.param(
            HEAD + "Points deducted: 4.5", Triage(Why.NUMBER_DOUBTFUL, "points"), id="half a point"
        ),
        pytest.param(
            HEAD + "Points deducted: 4800", Triage(Why.NUMBER_DOUBTFUL, "points"), id="huge"
        ),
        pytest.param(
            HEAD + "This concerns 12 points.",
            Triage(Why.NUMBER_DOUBTFUL, "points"),
            id="unexplained number",
        ),
        pytest.param(
            HEAD
            + "Points deducted: 4\nAppeal by 2026-08-01 10:00\nAppeal deadline: 2026-08-02 10:00",
            Triage(Why.CONTRADICTORY, "appeal_by"),
            id="two deadlines",
        ),
        pytest.param(
            HEAD + "Points deducted: 4\nAppeal by 07/08/2026",
            Triage(Why.DATE_UNCLEAR, "appeal_by"),
            id="day or month",
        ),
        pytest.param(
            HEAD + "Points deducted: 4\nAppeal by 2026-02-30",
            Triage(Why.DATE_UNCLEAR, "appeal_by"),
            id="no such day",
        ),
        pytest.param(
            HEAD + "Points deducted: 4\nAppeal by 2025-08-01",
            Triage(Why.DATE_IMPLAUSIBLE, "appeal_by"),
            id="deadline long past",
        ),
        pytest.param(
            HEAD + "Points deducted: 4\nEnforced on: 2027-01-01",
            Triage(Why.DATE_IMPLAUSIBLE, "enforced_at"),
            id="enforced in the future",
        ),
        pytest.param(
            HEAD + "Points deducted: 4\nEnforced on: 2026-07-01 10:00 CST",
            Triage(Why.DATE_UNCLEAR, "enforced_at"),
            id="zone with two meanings",
        ),
        pytest.param(
            "Violation ID: 55512\nReason: Counterfeit\nPoints: 4",
            Triage(Why.STATE_UNCLEAR),
            id="no state",
        ),
        pytest.param(
            "Violation ID: 55512\nCounterfeit. The enforcement is pending. 4 points were deducted.",
            Triage(Why.STATE_UNCLEAR),
            id="both states",
        ),
        pytest.param(
            HEAD + "Points deducted: 12\nAccount Health Rating dropped from 200 to 196.",
            Triage(Why.CONTRADICTORY, "rating"),
            id="sum does not fit",
        ),
        pytest.param(
            "Your Account Health Rating is 188. Your Account Health Rating is now 186.",
            Triage(Why.CONTRADICTORY, "rating"),
            id="two ratings",
        ),
        pytest.param(
            "Your Account Health Rating is 1200 points.",
            Triage(Why.NUMBER_DOUBTFUL, "rating"),
            id="beyond the scale",
        ),
        pytest.param(
            "Your Account Health Rating is 4 points lower than last week.",
            Triage(Why.UNRECOGNISED),
            id="a difference is no rating",
        ),
        pytest.param(
            "If your Account Health Rating is 150 points, you cannot list.",
            Triage(Why.UNRECOGNISED),
            id="a supposition is no rating",
        ),
        pytest.param("Your appeal was approved.", Triage(Why.REFERENCE_MISSING), id="which appeal"),
        pytest.param(
            "Violation ID: 55512. Your appeal was partially approved.",
            Triage(Why.OUTCOME_UNCLEAR, "partly"),
            id="partly",
        ),
        pytest.param(
            "Violation ID: 55512. Your appeal was approved. Your appeal was rejected.",
            Triage(Why.CONTRADICTORY, "outcome"),
            id="two outcomes",
        ),
        pytest.param(
            "Violation ID: 55512. Your appeal has been submitted.",
            Triage(Why.OTHER_KIND, "appeal_waiting"),
            id="appeal waits",
        ),
        pytest.param("x" * 30_000, Triage(Why.TOO_LONG), id="a book"),
    ],
)
def test_notice_waits_for_a_person_when_in_doubt(text: str, triage: Triage) -> None:
    assert said(text) == [triage]


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Your store reached a milestone", "milestone"),
        ("Your store is inactive", "inactivity"),
        ("Negative balance of your store", "negative_balance"),
        ("平台政策更新通知", "news"),
    ],
)
def test_other_kinds_are_for_a_person(subject: str, kind: str) -> None:
    assert said("12 violation points were deducted so far.", subject=subject) == [
        Triage(Why.OTHER_KIND, kind)
    ]


def test_notice_waits_when_plain_text_and_html_differ() -> None:
    raw = mails.alternative(
        HEAD + "Points deducted: 4", (HEAD + "Points deducted: 12").replace("\n", "<br>")
    )

    assert findings(raw) == [Triage(Why.PARTS_DIFFER)]


def test_damaged_notice_waits() -> None:
    raw = mails.alternative(mails.ENFORCED_EN, mails.ENFORCED_EN)

    assert findings(raw[: len(raw) - 300]) == [Triage(Why.DAMAGED, "truncated")]


def test_market_decides_the_order_of_day_and_month() -> None:
    text = HEAD + "Points deducted: 4\nAppeal by 07/08/2026 10:00 UTC"
    deadlines = [said(text, day_first=first)[0] for first in (True, False)]

    assert [found.appeal_by for found in deadlines if isinstance(found, ViolationFinding)] == [
        at(2026, 8, 7, 10),
        at(2026, 7, 8, 10),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Promotion of prohibited products", "promoting_prohibited"),
        ("PROHIBITED  product", "prohibited_product"),
        ("High late dispatch rate (LDR)", "high_late_dispatch_rate"),
        ("售卖假冒商品", "counterfeit"),
        ("holdings", ""),
        ("", ""),
    ],
)
def test_rule_is_found_by_its_longest_alias(text: str, code: str) -> None:
    assert rule_code(text) == code


def test_every_rule_of_the_marketplace_that_mails_is_found_by_its_own_name() -> None:
    # Of TikTok Shop alone, which tells violations by mail and by nothing else. Shopee tells its
    # penalty points by API, and no notice of it or of Lazada is at hand whose words could be
    # learnt. Their rules' names cannot simply join the list, which is one for all marketplaces:
    # "late shipment" is TikTok Shop's high_late_dispatch_rate and Shopee's
    # high_late_shipment_rate. What a mail names so at another marketplace's store is flagged
    # there as not in its rulebook.
    books = sorted(Path("scoring/rulebooks/tiktok_shop").glob("*.yaml"))
    named = {
        (label, rule["code"])
        for book in books
        for rule in yaml.safe_load(book.read_text(encoding="utf-8"))["violations"]
        for label in (rule["label"], rule["label_zh"])
    }

    assert {(label, rule_code(label)) for label, _code in named} == named


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12", 12), ("-4", -4), ("- 4", -4), ("1,000", 1000), ("twelve", 12), ("两", 2),
        ("4.5", None), ("4,5", None), ("1,00", None), ("123456", None), ("", None),
    ],
)  # fmt: skip
def test_number_is_whole_beyond_doubt_or_none(written: str, number: int | None) -> None:
    assert whole_number(written) == number
