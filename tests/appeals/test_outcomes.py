"""What the marketplace decides: points back and the rating with them, or the next attempt."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from appeals.models import Appeal, Attempt
from appeals.services import cases, outcomes
from scoring.models import LedgerEntry, StoreRating
from scoring.services import observations, rating
from stores import signals
from stores.models import Alert, Enforcement, Notice, Store, Violation
from stores.services.violations import record_violation, undo_notice
from tenants.models import Agency, DueWork, Membership
from tenants.trail.models import AuditEvent
from tests import factories
from tests.factories import NOW

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership("lead")


@pytest.fixture
def store(lead: Membership) -> Store:
    """A US store that the marketplace shows at 200."""
    store = factories.make_store()
    observations.record_platform_rating(
        store=store,
        value=200,
        measure="rating",
        observed_at=NOW - 20 * DAY,
        source="person",
        at=NOW - 20 * DAY,
        by=None,
    )
    return store


def _violation(store: Store, points: int | None = -24, **facts: object) -> Violation:
    kept = record_violation(
        store=store,
        facts={
            "reference": "7419228055130001",
            "rule": "high_late_dispatch_rate",
            "points": points,
            "reported_at": NOW - 10 * DAY,
            **facts,
        },
        source="mail",
        at=NOW - 10 * DAY,
        by=None,
    )
    return kept.violation


def _filed(violation: Violation) -> Attempt:
    return factories.make_attempt("filed", violation=violation, filed_at=NOW - 2 * DAY)


def _rating(store: Store) -> int | None:
    return StoreRating.objects.get(store=store).rating


def _decide(attempt: Attempt, outcome: str, by: Membership | None, **more: object) -> None:
    outcomes.record_outcome(attempt=attempt, outcome=outcome, by=by, at=NOW, **more)  # type: ignore[arg-type]


# --- granted -------------------------------------------------------------------------------------


def test_a_granted_appeal_gives_the_points_back_and_restores_the_rating(
    lead: Membership, store: Store
) -> None:
    # given a filed appeal against 24 points
    violation = _violation(store)
    attempt = _filed(violation)
    taken = _rating(store)

    # when
    _decide(attempt, "granted", lead, decided_at=NOW - 3 * HOUR, note="By mail")

    # then
    reversal = LedgerEntry.objects.get(kind="reversal")
    violation.refresh_from_db()
    appeal = Appeal.objects.get()
    assert (taken, _rating(store)) == (176, 200)
    assert (reversal.points, reversal.reason, reversal.occurred_at, reversal.recorded_at) == (
        24,
        "granted",
        NOW - 3 * HOUR,
        NOW,
    )
    assert (violation.state, appeal.state) == ("reversed", "granted")
    assert (attempt.points_back, attempt.decided_at) == (24, NOW - 3 * HOUR)
    assert AuditEvent.objects.get(action="appeal.granted").member == lead
    work = DueWork.objects.get(kind=outcomes.CHECK_POINTS)
    assert (work.subject, work.due_at) == (str(attempt.pk), NOW + timedelta(hours=72))


def test_a_part_may_be_given_back(lead: Membership, store: Store) -> None:
    violation = _violation(store)
    _decide(_filed(violation), "granted", lead, points_back=16)
    violation.refresh_from_db()
    assert (_rating(store), violation.state, violation.points) == (192, "enforced", -8)
    entries = LedgerEntry.objects.order_by("recorded_at", "id").values_list("kind", "points")
    assert list(entries) == [("deduction", -24), ("reversal", 16)]


@pytest.mark.parametrize("points", [0, -4, 25])
def test_more_than_was_taken_cannot_be_given_back(
    lead: Membership, store: Store, points: int
) -> None:
    attempt = _filed(_violation(store))
    with pytest.raises(outcomes.OutcomeUnusable):
        _decide(attempt, "granted", lead, points_back=points)
    assert (Attempt.objects.get().state, _rating(store)) == ("filed", 176)


def test_an_estimate_is_given_back_whole(lead: Membership) -> None:
    # given a rule for which the book gives a range of 0 to 48 points only
    store = factories.make_store(market="VN")
    attempt = _filed(_violation(store, points=None, rule="listing_guideline"))
    estimated = _rating(store)

    # when a part is asked for, then all
    with pytest.raises(outcomes.OutcomeUnusable):
        _decide(attempt, "granted", lead, points_back=1)
    _decide(attempt, "granted", lead)

    # then
    assert (estimated, _rating(store), attempt.points_back) == (176, 200, 24)


def test_a_granted_appeal_of_a_pending_violation_lets_it_lapse(
    lead: Membership, store: Store
) -> None:
    violation = _violation(store, state="pending")
    _decide(_filed(violation), "granted", lead)
    violation.refresh_from_db()
    assert (violation.state, _rating(store)) == ("lapsed", 200)
    assert not DueWork.objects.filter(kind=outcomes.CHECK_POINTS).exists()


def test_a_granted_appeal_of_an_enforcement_ends_it(lead: Membership, store: Store) -> None:
    # given a store closed by the marketplace, and its appeal filed
    enforcement = Enforcement.objects.create(
        store=store, kind="closed", starts_at=NOW - DAY, source="mail", recorded_at=NOW - DAY
    )
    appeal = cases.open_appeal(enforcement=enforcement, by=lead, at=NOW - DAY)
    attempt = appeal.attempts.get()
    Attempt.objects.filter(pk=attempt.pk).update(state="filed", filed_at=NOW - 2 * HOUR)
    attempt.refresh_from_db()
    signals.enforcement_changed.send(sender=Enforcement, enforcement=enforcement, at=NOW - DAY)
    closed = StoreRating.objects.get(store=store).band

    # when
    _decide(attempt, "granted", lead, decided_at=NOW - HOUR)

    # then
    enforcement.refresh_from_db()
    assert enforcement.ends_at == NOW - HOUR
    assert (closed, StoreRating.objects.get(store=store).band) == ("closed", "healthy")


@pytest.mark.parametrize(
    "decided_at",
    [
        pytest.param(NOW - 3 * DAY, id="before_the_filing"),
        pytest.param(NOW + HOUR, id="in_the_future"),
    ],
)
def test_a_decision_lies_between_filing_and_now(
    lead: Membership, store: Store, decided_at: datetime
) -> None:
    attempt = _filed(_violation(store))
    with pytest.raises(outcomes.OutcomeUnusable):
        _decide(attempt, "granted", lead, decided_at=decided_at)
    assert (Attempt.objects.get().state, _rating(store)) == ("filed", 176)


def test_an_outcome_is_recorded_once_when_two_members_race(lead: Membership, store: Store) -> None:
    attempt = _filed(_violation(store))
    stale = Attempt.objects.get(pk=attempt.pk)
    _decide(attempt, "granted", lead)
    with pytest.raises(outcomes.AttemptNotFiled):
        _decide(stale, "refused", lead)
    assert (Appeal.objects.get().state, _rating(store)) == ("granted", 200)
    assert LedgerEntry.objects.filter(kind="reversal").count() == 1


# --- refused -------------------------------------------------------------------------------------


def test_a_refusal_opens_the_next_attempt_with_its_own_window(
    lead: Membership, store: Store
) -> None:
    attempt = _filed(_violation(store))
    _decide(attempt, "refused", lead, decided_at=NOW - DAY)
    following = Attempt.objects.get(number=2)
    assert (following.state, following.grounds, following.file_by) == (
        "drafting",
        "",
        NOW + 14 * DAY,
    )
    assert (Appeal.objects.get().state, _rating(store)) == ("drafting", 176)


def test_the_last_refusal_exhausts_the_appeal(lead: Membership, store: Store) -> None:
    refused = factories.make_attempt(
        "refused", violation=_violation(store), opened_at=NOW - 9 * DAY
    )
    last = factories.make_attempt("filed", appeal=refused.appeal, filed_at=NOW - DAY)
    _decide(last, "refused", lead)
    assert Appeal.objects.get().state == "exhausted"
    assert list(Attempt.objects.order_by("number").values_list("state", flat=True)) == [
        "refused",
        "refused",
    ]


# --- told by a notice ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    outcome: str
    decided_at: datetime
    reference: str = "7419228055130001"
    points_restored: int | None = None


def _notice(store: Store, trust: str = "proven") -> Notice:
    return Notice.objects.create(
        store=store,
        channel="mail",
        kind="appeal",
        trust=trust,
        state="acted",
        digest=f"{Notice.objects.count():064}",
        received_at=NOW,
    )


def _tell(notice: Notice, told: Told) -> None:
    signals.appeal_outcome_told.send(
        sender=Notice, notice=notice, finding=told, store=notice.store, at=NOW
    )


def test_a_notice_decides_the_attempt_that_waits_for_it(store: Store) -> None:
    attempt = _filed(_violation(store))
    notice = _notice(store)
    _tell(notice, Told("granted", NOW - HOUR, points_restored=24))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.outcome_notice, attempt.decided_at, _rating(store)) == (
        "granted",
        notice,
        NOW - HOUR,
        200,
    )


def test_a_notice_about_an_earlier_attempt_decides_nothing(lead: Membership, store: Store) -> None:
    # given a second attempt, filed after the first was refused
    refused = factories.make_attempt(
        "refused", violation=_violation(store), opened_at=NOW - 9 * DAY
    )
    factories.make_attempt("filed", appeal=refused.appeal, filed_at=NOW - DAY)

    # when the refusal of the first comes in once more
    _tell(_notice(store), Told("refused", refused.decided_at or NOW))

    # then
    assert list(Attempt.objects.order_by("number").values_list("state", flat=True)) == [
        "refused",
        "filed",
    ]
    assert not Alert.objects.exists()


def test_a_notice_that_nothing_waits_for_asks_a_person(lead: Membership, store: Store) -> None:
    _violation(store)
    _tell(_notice(store), Told("granted", NOW - HOUR))
    alert = Alert.objects.get(code="appeal.outcome_unplaced")
    assert alert.detail == {"reference": "7419228055130001", "outcome": "granted"}
    assert _rating(store) == 176


def test_a_suspicious_notice_decides_nothing(store: Store) -> None:
    attempt = _filed(_violation(store))
    _tell(_notice(store, trust="suspicious"), Told("granted", NOW - HOUR))
    attempt.refresh_from_db()
    assert (attempt.state, _rating(store)) == ("filed", 176)


def test_an_outcome_is_taken_back_with_its_notice(lead: Membership, store: Store) -> None:
    # given points given back by a notice
    violation = _violation(store)
    attempt = _filed(violation)
    notice = _notice(store, trust="unverified")
    _tell(notice, Told("granted", NOW - HOUR))
    leaves_at = LedgerEntry.objects.get(kind="deduction").occurred_at + 180 * DAY

    # when
    undo_notice(notice=notice, by=lead, at=NOW)

    # then they are taken again, and leave when they would have left
    attempt.refresh_from_db()
    violation.refresh_from_db()
    anew = LedgerEntry.objects.filter(kind="deduction").latest("recorded_at")
    assert (attempt.state, Appeal.objects.get().state) == ("filed", "filed")
    assert (violation.state, _rating(store)) == ("enforced", 176)
    assert (anew.points, anew.expires_at) == (-24, leaves_at)


def test_a_refusal_is_taken_back_unless_its_next_attempt_was_begun(
    lead: Membership, store: Store
) -> None:
    # given
    attempt = _filed(_violation(store))
    notice = _notice(store)
    _tell(notice, Told("refused", NOW - HOUR))

    # when
    undo_notice(notice=notice, by=lead, at=NOW)

    # then
    assert [(each.number, each.state) for each in Attempt.objects.all()] == [(1, "filed")]

    # when it is refused again, the second is begun and the notice undone
    again = _notice(store)
    _tell(again, Told("refused", NOW - HOUR))
    following = Attempt.objects.get(number=2)
    cases.save_draft(
        attempt=following, grounds="New scans", channel="appeal_form", revision=0, by=lead, at=NOW
    )
    undo_notice(notice=again, by=lead, at=NOW)

    # then it stands
    attempt.refresh_from_db()
    assert (attempt.state, Appeal.objects.get().state) == ("refused", "drafting")


# --- are the points back? ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "alert", "is_back", "asks_again"),
    [
        pytest.param(None, [], False, True, id="nothing_seen_yet"),
        pytest.param(200, [], True, False, id="back"),
        pytest.param(176, [("appeal.points_missing", "open")], False, True, id="missing"),
    ],
)
def test_72_hours_later_the_platform_rating_is_asked(
    lead: Membership,
    store: Store,
    *,
    shown: int | None,
    alert: list[tuple[str, str]],
    is_back: bool,
    asks_again: bool,
) -> None:
    # given
    attempt = _filed(_violation(store))
    _decide(attempt, "granted", lead)
    seen_at = NOW + 2 * DAY
    if shown is not None:
        observations.record_platform_rating(
            store=store,
            value=shown,
            measure="rating",
            observed_at=seen_at,
            source="mail",
            at=seen_at,
            by=None,
        )

    # when
    again_at = outcomes.check_points(attempt=attempt, at=NOW + 3 * DAY)

    # then
    attempt.refresh_from_db()
    opened = Alert.objects.filter(code="appeal.points_missing").values_list("code", "state")
    assert list(opened) == alert
    assert attempt.points_seen_at == (seen_at if is_back else None)
    assert again_at == (NOW + 4 * DAY if asks_again else None)


def test_a_later_alert_about_a_grant_takes_the_place_of_the_earlier(
    lead: Membership, store: Store
) -> None:
    # given a grant of which the marketplace still shows the points as taken
    attempt = _filed(_violation(store))
    _decide(attempt, "granted", lead)
    _show(store, 176, NOW + 2 * DAY)
    attempt.refresh_from_db()
    outcomes.check_points(attempt=attempt, at=NOW + 3 * DAY)
    early = _open_alerts()

    # when seven days are over, and it is asked again
    rating.rate(store=store, at=NOW + 7 * DAY)
    overdue = _open_alerts()
    again_at = outcomes.check_points(attempt=attempt, at=NOW + 7 * DAY + HOUR)

    # then
    assert (early, overdue, _open_alerts()) == (
        ["appeal.points_missing"],
        ["drift", "not_restored"],
        ["drift", "not_restored"],
    )
    assert again_at == NOW + 8 * DAY + HOUR


def test_an_alert_about_another_grant_stays(lead: Membership, store: Store) -> None:
    # given a grant that is overdue, and one of four days ago
    older = _filed(_violation(store))
    newer = _filed(_violation(store, reference="7419228055130002"))
    _decide(older, "granted", lead)
    _show(store, 152, NOW + 2 * DAY)
    outcomes.record_outcome(attempt=newer, outcome="granted", by=lead, at=NOW + 3 * DAY)
    _show(store, 152, NOW + 4 * DAY)
    newer.refresh_from_db()

    # when
    rating.rate(store=store, at=NOW + 7 * DAY)
    outcomes.check_points(attempt=newer, at=NOW + 7 * DAY)

    # then
    assert _open_alerts() == ["appeal.points_missing", "drift", "not_restored"]


def _show(store: Store, value: int, at: datetime) -> None:
    observations.record_platform_rating(
        store=store, value=value, measure="rating", observed_at=at, source="mail", at=at, by=None
    )


def _open_alerts() -> list[str]:
    standing = Alert.objects.exclude(state="resolved").exclude(code__startswith="appeal.window")
    return sorted(standing.values_list("code", flat=True))
