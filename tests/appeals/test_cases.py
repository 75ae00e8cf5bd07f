"""An attempt's way: who may move it from which state, and until when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from appeals.models import Appeal, Attempt
from appeals.services import cases, corrections, outcomes, windows
from stores import signals
from stores.models import Alert, Enforcement, Store, Violation
from stores.services.violations import change_violation
from tenants.models import Agency, DueWork, Membership
from tenants.trail.models import AuditEvent
from tests import factories
from tests.factories import NOW
from tests.work import run_due

HOUR = timedelta(hours=1)
STATES = Attempt.State.values


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership("lead")


def _due(kind: str) -> list[tuple[str, object]]:
    return [(row.subject, row.due_at) for row in DueWork.objects.filter(kind=kind, done_at=None)]


# --- opening -------------------------------------------------------------------------------------


def test_open_appeal_begins_an_empty_draft_with_the_rulebooks_clock(lead: Membership) -> None:
    # given a violation whose notice states no window
    violation = factories.make_violation(reported_at=NOW - timedelta(days=5))

    # when
    appeal = cases.open_appeal(violation=violation, by=lead, at=NOW)

    # then the US book gives 30 days and two attempts
    attempt = appeal.attempts.get()
    file_by = NOW + timedelta(days=25)
    assert (appeal.state, appeal.attempts_allowed, appeal.owner) == ("drafting", 2, lead)
    assert (attempt.number, attempt.state, attempt.grounds, attempt.file_by) == (
        1,
        "drafting",
        "",
        file_by,
    )
    assert _due(windows.LAPSE) == [(str(attempt.pk), file_by)]
    assert _due(windows.REMIND) == [(str(attempt.pk), file_by - timedelta(hours=48))]
    event = AuditEvent.objects.get(action="appeal.opened")
    assert (event.member, event.store_id, event.object_id) == (lead, violation.store_id, appeal.pk)


def test_open_appeal_takes_the_window_that_the_notice_states(lead: Membership) -> None:
    violation = factories.make_violation(
        reported_at=NOW - timedelta(days=60), appeal_by=NOW + timedelta(days=3)
    )
    appeal = cases.open_appeal(violation=violation, by=lead, at=NOW)
    assert appeal.attempts.get().file_by == NOW + timedelta(days=3)


def test_open_appeal_of_an_enforcement_counts_from_its_start(lead: Membership) -> None:
    enforcement = Enforcement.objects.create(
        store=factories.make_store(market="VN"),
        kind="listing_limit",
        starts_at=NOW - timedelta(days=2),
        source="mail",
        recorded_at=NOW,
    )
    appeal = cases.open_appeal(enforcement=enforcement, by=lead, at=NOW)
    assert (appeal.enforcement, appeal.violation) == (enforcement, None)
    assert appeal.attempts.get().file_by == NOW + timedelta(days=28)


def test_open_appeal_where_no_rulebook_says_how_long_has_one_attempt_without_a_window(
    lead: Membership,
) -> None:
    store = factories.make_store(market="SG", marketplace="shopee")
    appeal = cases.open_appeal(violation=factories.make_violation(store=store), by=lead, at=NOW)
    assert (appeal.attempts_allowed, appeal.attempts.get().file_by) == (1, None)
    assert _due(windows.LAPSE) == []


@pytest.mark.parametrize(
    ("late", "is_open"),
    [
        pytest.param(-timedelta(microseconds=1), True, id="just_before"),
        pytest.param(timedelta(), False, id="at_its_end"),
    ],
)
def test_open_appeal_refuses_when_the_window_has_closed(
    lead: Membership, *, late: timedelta, is_open: bool
) -> None:
    violation = factories.make_violation(reported_at=NOW - timedelta(days=30))
    if is_open:
        cases.open_appeal(violation=violation, by=lead, at=NOW + late)
    else:
        with pytest.raises(cases.AppealWindowClosed):
            cases.open_appeal(violation=violation, by=lead, at=NOW + late)
    assert Appeal.objects.exists() == is_open


def test_open_appeal_refuses_a_second_case_and_what_weighs_nothing(lead: Membership) -> None:
    violation = factories.make_violation()
    cases.open_appeal(violation=violation, by=lead, at=NOW)
    with pytest.raises(cases.AppealOpenAlready):
        cases.open_appeal(violation=violation, by=lead, at=NOW)
    for state in ("lapsed", "reversed", "rolled_off"):
        with pytest.raises(cases.NothingToAppeal):
            cases.open_appeal(violation=factories.make_violation(state=state), by=lead, at=NOW)


def test_a_withdrawn_case_starts_anew_within_its_window(lead: Membership) -> None:
    # given a case withdrawn before it was filed
    violation = factories.make_violation()
    appeal = cases.open_appeal(violation=violation, by=lead, at=NOW)
    first = appeal.attempts.get()
    cases.withdraw_attempt(attempt=first, by=lead, at=NOW)

    # when
    again = cases.open_appeal(violation=violation, by=lead, at=NOW + HOUR)

    # then the withdrawn one does not count as an attempt
    second = again.attempts.get(number=2)
    assert (again.pk, again.state) == (appeal.pk, "drafting")
    assert (second.state, second.file_by) == ("drafting", first.file_by)
    assert not cases.is_last(second)


# --- the state machine ---------------------------------------------------------------------------


def _save(attempt: Attempt, by: Membership) -> None:
    cases.save_draft(
        attempt=attempt,
        grounds="Scans attached.",
        channel="appeal_form",
        revision=attempt.revision,
        by=by,
        at=NOW,
    )


_MOVES: dict[str, tuple[Callable[[Attempt, Membership], object], dict[str, str]]] = {
    "save": (_save, {"drafting": "drafting"}),
    "request_review": (
        lambda attempt, by: cases.request_review(attempt=attempt, by=by, at=NOW),
        {"drafting": "in_review"},
    ),
    "return": (
        lambda attempt, by: cases.return_attempt(
            attempt=attempt, reason="Weight slips are missing", by=by, at=NOW
        ),
        {"in_review": "drafting"},
    ),
    "approve": (
        lambda attempt, by: cases.approve_attempt(attempt=attempt, by=by, at=NOW),
        {"in_review": "ready"},
    ),
    "file": (
        lambda attempt, by: cases.file_attempt(
            attempt=attempt, by=by, at=NOW, review_required=True
        ),
        {"ready": "filed"},
    ),
    "file_without_review": (
        lambda attempt, by: cases.file_attempt(
            attempt=attempt, by=by, at=NOW, review_required=False
        ),
        {"ready": "filed", "drafting": "filed"},
    ),
    "withdraw": (
        lambda attempt, by: cases.withdraw_attempt(attempt=attempt, by=by, at=NOW),
        {"drafting": "withdrawn", "in_review": "withdrawn", "ready": "withdrawn"},
    ),
    "grant": (
        lambda attempt, by: outcomes.record_outcome(
            attempt=attempt, outcome="granted", by=by, at=NOW
        ),
        {"filed": "granted"},
    ),
    "refuse": (
        lambda attempt, by: outcomes.record_outcome(
            attempt=attempt, outcome="refused", by=by, at=NOW
        ),
        {"filed": "refused"},
    ),
    "lapse": (
        lambda attempt, _by: windows.lapse_attempt(attempt=attempt, at=attempt.file_by or NOW),
        {"drafting": "lapsed", "in_review": "lapsed", "ready": "lapsed"},
    ),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("move", _MOVES)
def test_a_move_leads_from_its_states_only(lead: Membership, move: str, state: str) -> None:
    # given
    attempt = factories.make_attempt(state, by=factories.make_membership("specialist"))
    act, leads_to = _MOVES[move]

    # when
    if state in leads_to or move == "lapse":
        act(attempt, lead)
    else:
        with pytest.raises(cases.WrongState):
            act(attempt, lead)

    # then
    kept = Attempt.objects.get(pk=attempt.pk)
    expected = leads_to.get(state, state)
    appeal = Appeal.objects.get(pk=attempt.appeal_id)
    is_next = move == "refuse" and state == "filed"
    assert (kept.state, appeal.state) == (expected, "drafting" if is_next else expected)


@pytest.mark.parametrize(
    ("late", "is_filed"),
    [
        pytest.param(-timedelta(microseconds=1), True, id="just_before"),
        pytest.param(timedelta(), False, id="at_its_end"),
        pytest.param(HOUR, False, id="after"),
    ],
)
def test_file_attempt_keeps_to_the_window(
    lead: Membership, *, late: timedelta, is_filed: bool
) -> None:
    attempt = factories.make_attempt("ready", file_by=NOW)
    if is_filed:
        cases.file_attempt(attempt=attempt, by=lead, at=NOW + late, review_required=True)
    else:
        with pytest.raises(cases.AppealWindowClosed):
            cases.file_attempt(attempt=attempt, by=lead, at=NOW + late, review_required=True)
    attempt.refresh_from_db()
    assert attempt.state == ("filed" if is_filed else "ready")


def test_file_attempt_files_once_when_two_members_race(lead: Membership) -> None:
    # given two requests holding the same approved attempt
    attempt = factories.make_attempt("ready")
    stale = Attempt.objects.get(pk=attempt.pk)
    second = factories.make_membership("owner")

    # when
    cases.file_attempt(
        attempt=attempt, by=lead, at=NOW, review_required=True, filing_reference=" AP-77 "
    )
    with pytest.raises(cases.AttemptNotReady):
        cases.file_attempt(attempt=stale, by=second, at=NOW + HOUR, review_required=True)

    # then
    kept = Attempt.objects.get(pk=attempt.pk)
    assert (kept.filed_by, kept.filed_at, kept.filing_reference) == (lead, NOW, "AP-77")


def test_two_reviewers_cannot_both_answer(lead: Membership) -> None:
    attempt = factories.make_attempt("in_review")
    stale = Attempt.objects.get(pk=attempt.pk)
    cases.approve_attempt(attempt=attempt, by=lead, at=NOW)
    with pytest.raises(cases.WrongState):
        cases.return_attempt(attempt=stale, reason="No scans", by=lead, at=NOW)
    assert Attempt.objects.get(pk=attempt.pk).state == "ready"


# --- the last attempt ----------------------------------------------------------------------------


def _last_attempt(state: str, by: Membership) -> Attempt:
    refused = factories.make_attempt("refused", by=by)
    return factories.make_attempt(state, appeal=refused.appeal, by=by)


def test_the_last_attempt_needs_a_second_person(lead: Membership) -> None:
    attempt = _last_attempt("in_review", lead)
    with pytest.raises(cases.SecondPersonNeeded):
        cases.approve_attempt(attempt=attempt, by=lead, at=NOW)
    second = factories.make_membership("owner")
    cases.approve_attempt(attempt=attempt, by=second, at=NOW)
    assert (attempt.state, attempt.reviewed_by) == ("ready", second)


def test_an_earlier_attempt_may_be_approved_by_its_drafter(lead: Membership) -> None:
    attempt = factories.make_attempt("in_review", by=lead)
    cases.approve_attempt(attempt=attempt, by=lead, at=NOW)
    assert attempt.state == "ready"


def test_the_last_attempt_is_never_filed_without_review(lead: Membership) -> None:
    attempt = _last_attempt("drafting", lead)
    with pytest.raises(cases.AttemptNotReady):
        cases.file_attempt(attempt=attempt, by=lead, at=NOW, review_required=False)
    assert Attempt.objects.get(pk=attempt.pk).state == "drafting"


# --- the text ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "channel", "is_taken"),
    [
        pytest.param("x" * 1800, "appeal_form", True, id="as_long_as_the_form_takes"),
        pytest.param("x" * 1801, "appeal_form", False, id="one_too_many"),
        pytest.param("x" * 500, "contact_form", True, id="as_long_as_the_contact_form_takes"),
        pytest.param("x" * 501, "contact_form", False, id="one_too_many_for_contact"),
        pytest.param("é" * 1799 + "\r\n" + "y", "appeal_form", False, id="a_line_end_counts_one"),
        pytest.param("é" * 1798 + "\r\n" + "y", "appeal_form", True, id="a_line_end_counts_once"),
        pytest.param("x" * 1_000_000, "appeal_form", False, id="huge"),
        pytest.param("a\x00b", "appeal_form", False, id="nul"),
        pytest.param("a", "carrier_pigeon", False, id="unknown_form"),
    ],
)
def test_save_draft_keeps_to_what_the_form_takes(
    lead: Membership, *, text: str, channel: str, is_taken: bool
) -> None:
    attempt = factories.make_attempt()
    before = attempt.grounds
    if is_taken:
        cases.save_draft(
            attempt=attempt, grounds=text, channel=channel, revision=1, by=lead, at=NOW
        )
    else:
        with pytest.raises(cases.GroundsUnusable):
            cases.save_draft(
                attempt=attempt, grounds=text, channel=channel, revision=1, by=lead, at=NOW
            )
    kept = Attempt.objects.get(pk=attempt.pk)
    assert kept.grounds == (text.replace("\r\n", "\n") if is_taken else before)


def test_save_draft_overwrites_nobody(lead: Membership) -> None:
    # given two members with the same draft open
    attempt = factories.make_attempt()
    stale = Attempt.objects.get(pk=attempt.pk)
    other = factories.make_membership("specialist")

    # when
    _save(attempt, lead)
    with pytest.raises(cases.DraftChanged):
        _save(stale, other)

    # then
    kept = Attempt.objects.get(pk=attempt.pk)
    assert (kept.grounds, kept.drafted_by, kept.revision) == ("Scans attached.", lead, 2)


def test_an_empty_draft_goes_nowhere(lead: Membership) -> None:
    attempt = factories.make_attempt(grounds="")
    with pytest.raises(cases.GroundsUnusable):
        cases.request_review(attempt=attempt, by=lead, at=NOW)
    with pytest.raises(cases.GroundsUnusable):
        cases.file_attempt(attempt=attempt, by=lead, at=NOW, review_required=False)
    assert Attempt.objects.get(pk=attempt.pk).state == "drafting"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001, "a\x00"])
def test_return_attempt_says_what_is_missing(lead: Membership, reason: str) -> None:
    attempt = factories.make_attempt("in_review")
    with pytest.raises(cases.ReasonMissing):
        cases.return_attempt(attempt=attempt, reason=reason, by=lead, at=NOW)
    assert Attempt.objects.get(pk=attempt.pk).state == "in_review"


# --- windows -------------------------------------------------------------------------------------


def _alerts(store: Store) -> list[tuple[str, str]]:
    return [(each.code, each.state) for each in Alert.objects.filter(store=store)]


def test_a_window_lapses_when_it_closes_and_not_before(lead: Membership) -> None:
    attempt = factories.make_attempt(file_by=NOW)
    waits_for = windows.lapse_attempt(attempt=attempt, at=NOW - timedelta(microseconds=1))
    assert (waits_for, attempt.state) == (NOW, "drafting")
    assert windows.lapse_attempt(attempt=attempt, at=NOW) is None
    assert (attempt.state, attempt.appeal.state) == ("lapsed", "lapsed")
    assert AuditEvent.objects.get(action="appeal.lapsed").member is None


def test_a_window_is_warned_of_48_hours_ahead_until_it_is_used(lead: Membership) -> None:
    # given
    attempt = factories.make_attempt("ready", file_by=NOW + timedelta(hours=48))
    store = attempt.appeal.store

    # when it is a moment too early, then due, then filed
    windows.settle_alert(store=store, at=NOW - timedelta(microseconds=1))
    before = _alerts(store)
    windows.settle_alert(store=store, at=NOW)
    due = _alerts(store)
    cases.file_attempt(attempt=attempt, by=lead, at=NOW + HOUR, review_required=True)

    # then
    assert (before, due) == ([], [("appeal.window_closes", "open")])
    assert _alerts(store) == [("appeal.window_closes", "resolved")]


def test_the_warning_goes_on_to_the_next_closing_window(lead: Membership) -> None:
    first = factories.make_attempt("ready", file_by=NOW + HOUR)
    store = first.appeal.store
    later = factories.make_attempt(
        violation=factories.make_violation(store=store), file_by=NOW + 2 * HOUR
    )
    windows.settle_alert(store=store, at=NOW)
    named = Alert.objects.get(store=store).detail["case"]
    cases.withdraw_attempt(attempt=first, by=lead, at=NOW)
    alert = Alert.objects.get(store=store)
    assert named == first.appeal.violation.reference  # type: ignore[union-attr]
    assert (alert.state, alert.detail["case"]) == ("open", str(later.appeal.violation))


def test_a_window_follows_the_notice_that_moves_it(lead: Membership) -> None:
    violation = factories.make_violation(appeal_by=NOW + timedelta(days=3))
    appeal = cases.open_appeal(violation=violation, by=lead, at=NOW)
    moved = NOW + timedelta(days=9)
    change_violation(violation=violation, facts={"appeal_by": moved}, at=NOW, by=lead)
    attempt = appeal.attempts.get()
    assert attempt.file_by == moved
    assert _due(windows.LAPSE) == [(str(attempt.pk), moved)]


def test_a_case_is_withdrawn_when_the_marketplace_lifts_its_violation(lead: Membership) -> None:
    attempt = factories.make_attempt("ready")
    violation = attempt.appeal.violation
    assert violation is not None
    change_violation(violation=violation, facts={"state": "reversed"}, at=NOW, by=None)
    attempt.refresh_from_db()
    assert attempt.state == "withdrawn"


def test_windows_are_kept_by_due_work(lead: Membership) -> None:
    # given a window that has closed, and one that soon will
    at = datetime.now(UTC)
    late = factories.make_attempt(file_by=at - timedelta(seconds=1))
    soon = factories.make_attempt(file_by=at + HOUR)
    for attempt in (late, soon):
        windows.watch(attempt=attempt, at=at - 2 * HOUR)
    Alert.objects.all().delete()

    # when
    done = run_due()

    # then
    states = [Attempt.objects.get(pk=each.pk).state for each in (late, soon)]
    ours = sorted(kind for kind in done if kind.startswith("appeals."))
    assert ours == [windows.LAPSE, windows.REMIND, windows.REMIND]
    assert states == ["lapsed", "drafting"]
    assert _alerts(soon.appeal.store) == [("appeal.window_closes", "open")]
    assert _alerts(late.appeal.store) == []


# --- corrections ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late", "state"),
    [
        pytest.param(-timedelta(microseconds=1), "lapsed", id="just_in_time"),
        pytest.param(timedelta(), "pending", id="too_late"),
    ],
)
def test_a_pending_violation_corrected_in_time_lapses(
    lead: Membership, late: timedelta, state: str
) -> None:
    violation = factories.make_violation(state="pending", correct_by=NOW)
    if state == "lapsed":
        corrections.correct_violation(violation=violation, by=lead, at=NOW + late)
    else:
        with pytest.raises(corrections.CorrectionTooLate):
            corrections.correct_violation(violation=violation, by=lead, at=NOW + late)
    assert Violation.objects.get(pk=violation.pk).state == state


def test_an_enforced_violation_cannot_be_corrected(lead: Membership) -> None:
    violation = factories.make_violation()
    with pytest.raises(corrections.NothingToCorrect):
        corrections.correct_violation(violation=violation, by=lead, at=NOW)
    signals.violation_changed.send(
        sender=Violation, violation=violation, created=True, at=NOW, by=lead
    )
    assert Violation.objects.get(pk=violation.pk).state == "enforced"
