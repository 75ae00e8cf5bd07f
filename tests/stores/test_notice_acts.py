"""What a notice of each kind writes, and that an undo takes all of it back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from scoring.models import LedgerEntry, StoreRating, ToldEnforcement
from scoring.services import rating
from stores.mailin.envelope import read_mail
from stores.mailin.trust import Level, Trust
from stores.models import Alert, Enforcement, Notice, Reading, Store, Violation
from stores.services import notices, violations
from tenants.models import Agency, Membership
from tests import factories
from tests.stores.mailin import mails

AT = datetime(2026, 7, 14, tzinfo=UTC)
SENT = datetime(2026, 7, 1, 3, tzinfo=UTC)
MILESTONE = (
    "Your shop reached the 150-point milestone.\n- no new listings\n- no mega campaigns\n"
    "Start: 2026-07-01 00:00 UTC\nDuration: 7 days\nMilestone record: 7412345678"
)
INACTIVE = "Your store is inactive: we have seen no activity in it for 30 days."
OWING = "Your account balance is -US$120.50."
ACCEPTED = "Your correction for violation 8837261940 has been accepted."


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(market="US")


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership()


def take(
    text: str, store: Store | None, *, subject: str = "Notice", trust: str = "proven", at: Any = AT
) -> Notice:
    """Take a mail that is believed as far as ``trust``."""
    raw = mails.plain(text, subject=subject)
    mail = read_mail(raw)
    judged = Trust(cast("Level", trust), ("marketplace_signature",), (mail,))
    incoming = notices.Incoming(raw, mail.digest, store.pk if store else None, at)
    (notice,) = notices.take_mail(incoming=incoming, judged=judged, at=at)
    return notice


def standing(store: Store) -> tuple[Any, ...]:
    """All that a notice may change at a store."""
    row = StoreRating.objects.filter(store=store).first()
    return (
        list(Enforcement.objects.filter(withdrawn_at=None).values_list("kind", flat=True)),
        list(Reading.objects.values_list("metric", "value")),
        list(Violation.objects.values_list("reference", "state", "points")),
        list(Alert.objects.exclude(state="resolved").values_list("code", flat=True)),
        (row.rating, row.band) if row else None,
    )


def test_milestone_records_each_enforcement_with_its_end_once(store: Store) -> None:
    # when the mail comes twice in other words
    first = take(MILESTONE, store, subject="Milestone reached")
    again = take(MILESTONE + "\nRegards", store, subject="Milestone reached")

    # then
    kept = Enforcement.objects.order_by("kind").values_list(
        "kind", "starts_at", "ends_at", "source"
    )
    start = datetime(2026, 7, 1, tzinfo=UTC)
    assert list(kept) == [
        ("campaign_block", start, start + timedelta(days=7), "mail"),
        ("listing_limit", start, start + timedelta(days=7), "mail"),
    ]
    assert [done["did"] for done in first.did] == ["enforcement_told"] * 2
    assert [done["did"] for done in again.did] == ["enforcement_known"] * 2
    assert first.did[0]["reference"] == "7412345678"
    assert (first.kind, first.state, again.state) == ("milestone", "acted", "acted")


@pytest.mark.parametrize(
    ("text", "subject", "metric", "value", "alert"),
    [
        (INACTIVE, "Your store is inactive", "days_inactive", Decimal(30), "reading.days_inactive"),
        (OWING, "Negative balance", "balance", Decimal("-120.50"), "reading.balance"),
    ],
)
def test_reading_is_recorded_and_its_alert_opened(
    store: Store, text: str, subject: str, metric: str, value: Decimal, alert: str
) -> None:
    notice = take(text, store, subject=subject)

    reading = Reading.objects.get()
    assert (reading.metric, reading.value, reading.source) == (metric, value, "mail")
    assert reading.measured_at == SENT
    assert (notice.state, notice.did[0]["did"]) == ("acted", "reading_recorded")
    assert list(Alert.objects.values_list("code", flat=True)) == [alert]


@pytest.mark.parametrize(
    ("market", "money", "reason"),
    [
        ("US", "-$120.50", ""),
        ("SG", "-$120.50", ""),
        ("GB", "-$120.50", "currency_differs"),
        ("VN", "-US$120.50", "currency_differs"),
        ("VN", "-1.250.000 ₫", ""),
        ("US", "-120.50", ""),
    ],
)
def test_balance_in_another_currency_than_the_stores_waits(
    agency: Agency, market: str, money: str, reason: str
) -> None:
    store = factories.make_store(market=market)

    notice = take(f"Account balance: {money}", store, subject="Negative balance")

    assert (notice.reason, Reading.objects.count()) == (reason, 0 if reason else 1)


def violation_of(store: Store, **facts: Any) -> Violation:
    """A violation that is in the ledger as far as it is enforced."""
    kept = violations.record_violation(
        store=store,
        facts={"reference": "8837261940", "rule": "counterfeit", "reported_at": SENT, **facts},
        source="person",
        at=SENT + timedelta(hours=1),
        by=None,
    )
    return kept.violation


@pytest.mark.parametrize(
    ("state", "points", "text", "then"),
    [
        ("pending", -12, ACCEPTED, ("lapsed", -12, 0)),
        ("enforced", -12, ACCEPTED, ("lapsed", -12, 0)),
        ("enforced", -12, ACCEPTED + " 4 points have been restored.", ("enforced", -8, -8)),
        ("enforced", -12, ACCEPTED.replace("accepted", "rejected"), ("enforced", -12, -12)),
    ],
)
def test_correction_ends_its_violation_and_returns_points_and_undo_restores_them(
    store: Store,
    lead: Membership,
    state: str,
    points: int,
    text: str,
    then: tuple[str, int, int],
) -> None:
    # given
    violation = violation_of(store, state=state, points=points)
    before = sum(LedgerEntry.objects.values_list("points", flat=True))

    # when
    notice = take(text, store, subject="Correction result")

    # then
    violation.refresh_from_db()
    left = sum(LedgerEntry.objects.values_list("points", flat=True))
    assert (violation.state, violation.points, left) == then
    assert (notice.kind, notice.state) == ("correction_result", "acted")

    notices.undo(notice=notice, by=lead, at=AT)
    violation.refresh_from_db()
    assert (violation.state, violation.points) == (state, points)
    assert sum(LedgerEntry.objects.values_list("points", flat=True)) == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ACCEPTED.replace("8837261940", "9999999999"), "reference_unknown"),
        (ACCEPTED + " 14 points have been restored.", "points_differ"),
    ],
)
def test_correction_that_does_not_fit_waits(store: Store, text: str, reason: str) -> None:
    violation_of(store, state="enforced", points=-12)

    assert take(text, store, subject="Correction result").reason == reason
    assert Violation.objects.get().state == "enforced"


def test_news_is_kept_to_be_read_and_writes_nothing(store: Store) -> None:
    before = standing(store)

    of_nobody = take(
        "From August 1, 2026 selling lamps needs a certificate.", None, subject="Policy update"
    )

    assert (of_nobody.kind, of_nobody.state, of_nobody.reason, of_nobody.did) == (
        "news",
        "read",
        "",
        [],
    )
    assert standing(store) == before


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Milestone reached", MILESTONE),
        ("Your store is inactive", INACTIVE),
        ("Negative balance", OWING),
        ("Correction result", ACCEPTED),
        ("Policy update", "Lamps need a certificate from August 1, 2026."),
    ],
)
def test_suspicious_notice_of_any_kind_changes_nothing(
    store: Store, subject: str, text: str
) -> None:
    violation_of(store, state="pending", points=-12)
    before = standing(store)

    notice = take(text, store, subject=subject, trust="suspicious")

    assert notice.state == "triage"
    assert standing(store) == before


@pytest.mark.parametrize("trust", ["proven", "unverified"])
@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Milestone reached", MILESTONE),
        ("Your store is inactive", INACTIVE),
        ("Negative balance", OWING),
        (
            "Account health daily report",
            "Your Account Health Rating is currently at 160 points.\nOpen violations: 3",
        ),
    ],
)
def test_undo_takes_back_all_that_a_notice_wrote(
    store: Store, lead: Membership, subject: str, text: str, trust: str
) -> None:
    # given what was known before
    rating.rate(store=store, at=SENT)
    before = standing(store)
    notice = take(text, store, subject=subject, trust=trust)
    assert (notice.state, standing(store) == before) == ("acted", False)

    # when
    notices.undo(notice=notice, by=lead, at=AT + timedelta(hours=1))

    # then
    assert standing(store) == before
    assert not ToldEnforcement.objects.filter(withdrawn_at=None).exists()


def test_undone_reading_leaves_the_alert_to_the_one_before(store: Store, lead: Membership) -> None:
    first = take(INACTIVE, store, subject="Your store is inactive")
    later = take(INACTIVE.replace("30", "40"), store, subject="Your store is inactive", at=AT)

    notices.undo(notice=later, by=lead, at=AT)

    assert Reading.objects.get().value == 30
    assert Alert.objects.get().state == "open"
    assert first.state == "acted"


def test_reminder_moves_no_deadline_that_is_counted_from_its_own_day(store: Store) -> None:
    # given a mail that dates nothing, so that its deadline counts from when it was sent
    text = (
        "Violation ID: 8837261940\nViolation type: Counterfeit\nStatus: Enforcement action taken\n"
        "Points deducted: 12\nYou can appeal within 30 days."
    )
    take(text, store)
    first = Violation.objects.get()
    assert first.appeal_by == SENT + timedelta(days=30)
    later = mails.plain(text).replace(b"01 Jul 2026", b"06 Jul 2026")
    mail = read_mail(later)
    assert mail.sent_at == SENT + timedelta(days=5)

    # when
    judged = Trust("proven", ("marketplace_signature",), (mail,))
    incoming = notices.Incoming(later, mail.digest, store.pk, AT)
    (notice,) = notices.take_mail(incoming=incoming, judged=judged, at=AT)

    # then
    assert [done["did"] for done in notice.did] == ["violation_known"]
    again = Violation.objects.get()
    assert (again.appeal_by, again.enforced_at) == (first.appeal_by, first.enforced_at)
