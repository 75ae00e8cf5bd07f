"""Due work: claimed once, done once, set aside when it keeps failing."""

import logging
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation

from config import celery
from stores.models import Client
from tenants import due, scope, tasks
from tenants.dispatcher import claims
from tenants.models import Agency, DueWork
from tests.work import run_due

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOBODYS_ID = "01a1b2c3-0000-7000-8000-000000000000"
_OWN_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "place"}


def _told(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    """Return what was logged with an event, without the log's own fields."""
    told = []
    for record in caplog.records:
        if record.getMessage() == event:
            extra = set(record.__dict__) - _OWN_FIELDS
            told.append({name: record.__dict__[name] for name in extra})
    return told


class Broken(RuntimeError):
    """What the broken kind of work raises."""


@pytest.fixture(autouse=True, scope="module")
def kinds() -> None:
    def name_client(_agency: Agency, work: due.Work) -> None:
        Client.objects.create(name=work.subject)

    def come_again(_agency: Agency, work: due.Work) -> datetime:
        return work.due_at + timedelta(hours=1)

    def fail(_agency: Agency, _work: due.Work) -> None:
        Client.objects.create(name="half-written")
        raise Broken

    def leave(_agency: Agency, _work: due.Work) -> None:
        raise SystemExit

    for kind in ("test.name_client", "test.come_again", "test.fail", "test.exit"):
        due._kinds.pop(kind, None)
    tasks.due_task("test.name_client")(name_client)
    tasks.due_task("test.come_again")(come_again)
    tasks.due_task("test.fail")(fail)
    tasks.due_task("test.exit")(leave)


@pytest.fixture
def agency(agency: Agency) -> Agency:
    """Harbour with nothing due but what a test adds."""
    with scope.public():
        DueWork.objects.all().delete()
    return agency


def _row(kind: str) -> DueWork:
    return DueWork.objects.get(kind=kind)


def test_due_work_has_its_effect_in_the_agencys_schema_and_is_done(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Ours", at=NOW)
    assert run_due(at=NOW) == ["test.name_client"]
    assert list(Client.objects.values_list("name", flat=True)) == ["Ours"]
    assert _row("test.name_client").done_at is not None


def test_due_work_waits_for_its_moment(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Later", at=NOW + timedelta(seconds=1))
    assert claims.claim(at=NOW) == []


def test_a_claim_is_leased_and_comes_back_when_the_lease_ends(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Leased", at=NOW)
    first = claims.claim(at=NOW)
    assert (len(first), claims.claim(at=NOW), claims.claim(at=NOW + claims.LEASE)) == (
        1,
        [],
        [replace(first[0], number=2)],
    )


def test_a_message_that_only_waited_longer_than_its_lease_still_counts(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Waited", at=NOW)
    (claim,) = claims.claim(at=NOW)
    claims.promote(at=NOW + claims.LEASE)
    for _ in range(2):
        tasks.run(agency.pk, claim.work_id, claim.number)
    assert (Client.objects.count(), claims.claim(at=NOW + 2 * claims.LEASE)) == (1, [])


def test_a_message_of_an_earlier_claim_is_void(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Claimed anew", at=NOW)
    (lost,) = claims.claim(at=NOW)
    (claim,) = claims.claim(at=NOW + claims.LEASE)
    counts = []
    for number in (lost.number, claim.number, claim.number):
        tasks.run(agency.pk, claim.work_id, number)
        counts.append(Client.objects.count())
    assert counts == [0, 1, 1]


def test_a_run_that_was_taken_over_has_no_effect_when_it_ends_after_all(agency: Agency) -> None:
    # given a run that was taken for dead, and its row begun anew
    due.add(kind="test.come_again", at=NOW)
    (claim,) = claims.claim(at=NOW)
    begun = tasks._begin(agency.pk, claim.work_id, claim.number)
    assert begun is not None
    _kind, _agency, late = begun
    at = NOW + timedelta(days=400)  # its lease was counted from the real moment
    (again,) = claims.claim(at=at)
    tasks.run(agency.pk, again.work_id, again.number)
    # when, then
    with pytest.raises(due.DoneAlready):
        late.finish(again_at=at)
    assert _row("test.come_again").due_at == NOW + timedelta(hours=1)


def test_work_asked_for_twice_is_done_once_at_the_earlier_moment(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Twice", at=NOW + timedelta(hours=2))
    due.add(kind="test.name_client", subject="Twice", at=NOW)
    assert (DueWork.objects.count(), _row("test.name_client").due_at) == (1, NOW)


def test_work_asked_for_of_many_waits_for_each_in_one_statement(
    agency: Agency, django_assert_num_queries: Any
) -> None:
    due.add(kind="test.name_client", subject="b", at=NOW)
    with django_assert_num_queries(1):
        due.add_each(
            kind="test.name_client", subjects=["c", "a", "b", "a"], at=NOW + HOUR, instead=True
        )
    due.add_each(kind="test.name_client", subjects=[], at=NOW)

    rows = DueWork.objects.filter(kind="test.name_client").order_by("subject")
    assert [(row.subject, row.due_at) for row in rows] == [
        ("a", NOW + HOUR),
        ("b", NOW + HOUR),
        ("c", NOW + HOUR),
    ]


def test_work_with_a_period_is_never_done_again(agency: Agency) -> None:
    for _ in range(2):
        due.add(kind="test.name_client", subject="Once", period="2026-11-20", at=NOW)
        run_due(at=NOW)
    assert Client.objects.filter(name="Once").count() == 1


def test_work_delivered_twice_has_one_effect(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Delivered twice", at=NOW)
    (claim,) = claims.claim(at=NOW)
    for _ in range(2):
        tasks.run(agency.pk, claim.work_id)
    assert Client.objects.filter(name="Delivered twice").count() == 1


def test_work_asked_for_again_while_it_runs_is_left_waiting(agency: Agency) -> None:
    # given a task that has begun
    due.add(kind="test.name_client", subject="Running", at=NOW)
    row = _row("test.name_client")
    work = due.Work(
        id=row.pk, subject=row.subject, period="", due_at=row.due_at, asked=row.asked, at=NOW
    )
    # when it is asked for again before the end
    due.add(kind="test.name_client", subject="Running", at=NOW)
    work.finish()
    # then
    row.refresh_from_db()
    assert (row.done_at, row.due_at) == (None, NOW)


def test_work_that_moves_its_own_row_is_not_run_in_a_circle(agency: Agency) -> None:
    # given a task that asks for itself at its next moment, as ratings do
    due.add(kind="test.name_client", subject="Moves", at=NOW)
    row = _row("test.name_client")
    work = due.Work(
        id=row.pk, subject=row.subject, period="", due_at=row.due_at, asked=row.asked, at=NOW
    )
    later = NOW + timedelta(days=3)
    # when
    due.add(kind="test.name_client", subject="Moves", at=later, instead=True)
    work.finish()
    # then
    row.refresh_from_db()
    assert (row.done_at, row.due_at) == (None, later)


def test_work_that_returns_a_moment_waits_for_it(agency: Agency) -> None:
    due.add(kind="test.come_again", at=NOW)
    run_due(at=NOW)
    row = _row("test.come_again")
    assert (row.done_at, row.due_at, row.attempts) == (None, NOW + timedelta(hours=1), 0)


def test_failed_work_leaves_nothing_behind_and_is_tried_later(agency: Agency) -> None:
    due.add(kind="test.fail", at=NOW)
    (claim,) = claims.claim(at=NOW)
    with pytest.raises(Broken):
        tasks.run(agency.pk, claim.work_id, claim.number)
    row = _row("test.fail")
    assert (Client.objects.count(), row.done_at, row.last_error, row.attempts, row.started) == (
        0,
        None,
        "Broken",
        1,
        0,
    )
    assert row.due_at > NOW


def test_work_that_failed_eight_times_is_set_aside_and_rings_the_alarm(
    agency: Agency, caplog: pytest.LogCaptureFixture
) -> None:
    due.add(kind="test.fail", at=NOW)
    at = NOW
    for _ in range(due.MOST_ATTEMPTS):
        at += timedelta(days=400)
        (claim,) = claims.claim(at=at)
        with caplog.at_level(logging.ERROR), pytest.raises(Broken):
            tasks.run(agency.pk, claim.work_id, claim.number)
    row = _row("test.fail")
    assert (claims.claim(at=at + timedelta(days=400)), row.quarantined_at is None) == ([], False)
    assert _told(caplog, "due_work_quarantined") == [
        {"work_id": row.pk, "kind": "test.fail", "reason": "Broken"}
    ]


def test_waits_between_tries_double_and_rows_differ() -> None:
    waits = [due.backoff(7, attempts).total_seconds() for attempts in range(1, 12)]
    plain = [5.0 * 2 ** min(n, 8) for n in range(11)]
    assert [0.75 <= wait / each <= 1.25 for wait, each in zip(waits, plain, strict=True)] == (
        [True] * 11
    )
    assert len({due.backoff(row, 1) for row in range(100)}) == 100


def test_work_whose_runs_never_end_is_set_aside_after_three(
    agency: Agency, caplog: pytest.LogCaptureFixture
) -> None:
    # given a row whose run takes its process with it, each time it is tried
    due.add(kind="test.name_client", subject="Deadly", at=NOW)
    at, begun = NOW, []
    for _ in range(due.MOST_STARTS):
        (claim,) = claims.claim(at=at)
        begun.append(tasks._begin(agency.pk, claim.work_id, claim.number) is not None)
        at += timedelta(days=400)
    # when
    with caplog.at_level(logging.ERROR):
        left = claims.claim(at=at)
    # then
    row = _row("test.name_client")
    assert (begun, left, row.quarantined_at, row.last_error) == (
        [True] * 3,
        [],
        at,
        due.ENDED_ITS_PROCESS,
    )
    assert len(_told(caplog, "due_work_quarantined")) == 1


def test_a_message_that_kills_and_comes_back_at_once_is_set_aside_by_the_worker(
    agency: Agency,
) -> None:
    due.add(kind="test.name_client", subject="Deadly", at=NOW)
    (claim,) = claims.claim(at=NOW)
    begun = [
        tasks._begin(agency.pk, claim.work_id, claim.number) is not None
        for _ in range(due.MOST_STARTS + 1)
    ]
    row = _row("test.name_client")
    assert (begun, row.last_error, row.quarantined_at is None) == (
        [True, True, True, False],
        due.ENDED_ITS_PROCESS,
        False,
    )


def test_lost_messages_count_for_nothing(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Lost", at=NOW)
    for number in range(20):
        assert len(claims.claim(at=NOW + number * claims.LEASE)) == 1
    row = _row("test.name_client")
    assert (row.quarantined_at, row.attempts, row.started, row.claims) == (None, 0, 0, 20)


def test_work_interrupted_by_the_end_of_its_process_counts_for_nothing(agency: Agency) -> None:
    due.add(kind="test.exit", at=NOW)
    for _ in range(due.MOST_ATTEMPTS + 1):
        (claim,) = claims.claim(at=NOW)
        with pytest.raises(SystemExit):
            tasks.run(agency.pk, claim.work_id, claim.number)
    row = _row("test.exit")
    assert (row.quarantined_at, row.attempts, row.started, row.due_at) == (None, 0, 0, NOW)


def test_asking_again_does_not_wash_failures_off(agency: Agency) -> None:
    due.add(kind="test.fail", at=NOW)
    (claim,) = claims.claim(at=NOW)
    with pytest.raises(Broken):
        tasks.run(agency.pk, claim.work_id, claim.number)
    due.add(kind="test.fail", at=NOW)
    row = _row("test.fail")
    assert (row.attempts, row.due_at) == (1, NOW)


def test_work_that_was_set_aside_waits_anew_when_it_is_asked_for(agency: Agency) -> None:
    due.add(kind="test.fail", at=NOW)
    DueWork.objects.update(quarantined_at=NOW, attempts=8, started=3)
    due.add(kind="test.fail", at=NOW)
    row = _row("test.fail")
    assert (row.quarantined_at, row.attempts, row.started) == (None, 0, 0)


# --- who may work --------------------------------------------------------------------------------


def _set_state(agency: Agency, state: str) -> None:
    with scope.public():
        Agency.objects.filter(pk=agency.pk).update(state=state)


@pytest.mark.parametrize("state", [Agency.State.SUSPENDED, Agency.State.PROVISIONING])
def test_work_of_an_agency_that_may_not_work_waits_and_is_done_once_it_may(
    agency: Agency, state: str
) -> None:
    # given
    due.add(kind="test.name_client", subject="Patient", at=NOW)
    _set_state(agency, state)
    # when
    held = run_due(at=NOW)
    _set_state(agency, Agency.State.READY)
    # then
    assert (held, run_due(at=NOW), Client.objects.count()) == ([], ["test.name_client"], 1)


def test_a_message_for_a_suspended_agency_is_refused_recorded_and_its_work_waits(
    agency: Agency, caplog: pytest.LogCaptureFixture
) -> None:
    # given a message that was sent before the agency was suspended
    due.add(kind="test.name_client", subject="Suspended", at=NOW)
    (claim,) = claims.claim(at=NOW)
    _set_state(agency, Agency.State.SUSPENDED)
    # when
    with caplog.at_level(logging.WARNING):
        tasks.run(agency.pk, claim.work_id, claim.number)
    # then
    row = _row("test.name_client")
    assert (Client.objects.count(), row.last_error, row.quarantined_at, row.claimed_until) == (
        0,
        due.AGENCY_MAY_NOT,
        None,
        None,
    )
    assert _told(caplog, "due_work_refused") == [
        {
            "work_id": str(row.pk),
            "kind": "test.name_client",
            "reason": "the agency is suspended",
        }
    ]
    # and after the agency was let in again
    _set_state(agency, Agency.State.READY)
    assert run_due(at=NOW) == ["test.name_client"]
    assert _row("test.name_client").last_error == ""


def test_work_of_another_agency_does_not_run_in_this_one(
    agency: Agency, other_agency: Agency, caplog: pytest.LogCaptureFixture
) -> None:
    with scope.public():
        due.add(kind="test.name_client", subject="Theirs", at=NOW, agency=other_agency)
        (claim,) = claims.claim(at=NOW)
        with caplog.at_level(logging.WARNING):
            tasks.run(agency.pk, claim.work_id, claim.number)  # forged: our id with their work
    told = [each["reason"] for each in _told(caplog, "due_work_refused")]
    run_due(at=NOW + claims.LEASE)
    with scope.agency(other_agency):
        theirs = Client.objects.count()
    assert (told, Client.objects.count(), theirs) == (["work of another agency"], 0, 1)


@pytest.mark.parametrize(
    ("agency_id", "work_id", "reason"),
    [
        (NOBODYS_ID, 1, "unknown work"),
        (NOBODYS_ID, 2**70, "unknown work"),
        (NOBODYS_ID, "x", "no agency or no work is named"),
        ("", 1, "no agency or no work is named"),
        (None, 1, "no agency or no work is named"),
        (NOBODYS_ID, None, "no agency or no work is named"),
    ],
)
def test_a_message_of_no_agency_or_no_work_is_refused_and_logged(
    agency: Agency, caplog: pytest.LogCaptureFixture, agency_id: Any, work_id: Any, reason: str
) -> None:
    with caplog.at_level(logging.WARNING):
        tasks.run_due(agency_id, work_id, 1)
    assert _told(caplog, "due_work_refused") == [{"work_id": str(work_id), "reason": reason}]


def test_work_of_an_agency_that_is_gone_is_refused_and_logged(
    agency: Agency, caplog: pytest.LogCaptureFixture
) -> None:
    due.add(kind="test.name_client", subject="Orphan", at=NOW)
    (claim,) = claims.claim(at=NOW)
    DueWork.objects.filter(pk=claim.work_id).update(agency_id=agency.pk)
    with scope.public():
        DueWork.objects.filter(pk=claim.work_id).delete()  # as the agency's end takes it along
    with caplog.at_level(logging.WARNING):
        tasks.run(agency.pk, claim.work_id, claim.number)
    assert [each["reason"] for each in _told(caplog, "due_work_refused")] == ["unknown work"]


def test_work_of_a_newer_deploy_is_left_to_it(
    agency: Agency, caplog: pytest.LogCaptureFixture
) -> None:
    # given a row that this code cannot do, and one that a newer dispatcher sent to us
    for subject in ("ours", "sent"):
        due.add(kind="test.name_client", subject=subject, at=NOW)
    (_ours, sent) = claims.claim(at=NOW)
    DueWork.objects.update(kind="test.of_tomorrow")
    # when
    with caplog.at_level(logging.WARNING):
        tasks.run(agency.pk, sent.work_id, sent.number)
    # then
    row = DueWork.objects.get(pk=sent.work_id)
    assert (row.attempts, row.claimed_until, row.quarantined_at) == (0, None, None)
    assert row.due_at > NOW
    assert _told(caplog, "due_work_of_unknown_kind") == [
        {"work_id": row.pk, "kind": "test.of_tomorrow"}
    ]
    assert claims.claim(at=NOW + timedelta(days=400)) == []


# --- kinds ---------------------------------------------------------------------------------------


def _kinds() -> list[due.Kind]:
    return [kind for name, kind in due.kinds().items() if not name.startswith("test.")]


def test_each_kind_of_work_has_words_in_both_languages() -> None:
    with translation.override("en"):
        english = {kind.name: str(kind.words) for kind in _kinds()}
    with translation.override("zh-hans"):
        chinese = {kind.name: str(kind.words) for kind in _kinds()}
    wordless = [name for name, words in english.items() if not words]
    untranslated = [name for name, words in chinese.items() if words == english[name]]
    assert (len(english) >= 12, wordless, untranslated) == (True, [], [])


def test_each_kind_goes_to_a_queue_that_a_worker_serves_and_ends_before_celerys_limit() -> None:
    served = {
        queue
        for line in (settings.BASE_DIR / "Procfile").read_text().splitlines()
        for queues in re.findall(r"--queues (\S+)", line)
        for queue in queues.split(",")
    }
    assert served == set(celery.QUEUES)
    odd = [
        kind.name
        for kind in _kinds()
        if kind.queue not in served or kind.hard_limit >= celery.configuration()["task_time_limit"]
    ]
    assert odd == []
