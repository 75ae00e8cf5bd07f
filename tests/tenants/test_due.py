"""Due work: claimed once, done once, set aside when it keeps failing."""

from datetime import UTC, datetime, timedelta

import pytest

from stores.models import Client
from tenants import due, scope, tasks
from tenants.dispatcher import loop
from tenants.models import Agency, DueWork
from tests.work import run_due

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


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

    for kind in ("test.name_client", "test.come_again", "test.fail"):
        due._kinds.pop(kind, None)
    tasks.due_task("test.name_client")(name_client)
    tasks.due_task("test.come_again")(come_again)
    tasks.due_task("test.fail")(fail)


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
    assert loop.claim(at=NOW) == []


def test_a_claim_is_leased_and_comes_back_when_the_lease_ends(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Leased", at=NOW)
    first = loop.claim(at=NOW)
    assert (len(first), loop.claim(at=NOW), loop.claim(at=NOW + loop.LEASE)) == (1, [], first)


def test_work_asked_for_twice_is_done_once_at_the_earlier_moment(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Twice", at=NOW + timedelta(hours=2))
    due.add(kind="test.name_client", subject="Twice", at=NOW)
    assert (DueWork.objects.count(), _row("test.name_client").due_at) == (1, NOW)


def test_work_with_a_period_is_never_done_again(agency: Agency) -> None:
    for _ in range(2):
        due.add(kind="test.name_client", subject="Once", period="2026-11-20", at=NOW)
        run_due(at=NOW)
    assert Client.objects.filter(name="Once").count() == 1


def test_work_delivered_twice_has_one_effect(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Delivered twice", at=NOW)
    (claim,) = loop.claim(at=NOW)
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
    (claim,) = loop.claim(at=NOW)
    with pytest.raises(Broken):
        tasks.run(agency.pk, claim.work_id)
    row = _row("test.fail")
    assert (Client.objects.count(), row.done_at, row.last_error) == (0, None, "Broken")
    assert row.due_at > NOW


def test_work_that_failed_eight_times_is_set_aside(agency: Agency) -> None:
    due.add(kind="test.fail", at=NOW)
    at = NOW
    for _ in range(loop.MOST_ATTEMPTS):
        at += timedelta(days=400)
        assert len(loop.claim(at=at)) == 1
    assert loop.claim(at=at + timedelta(days=400)) == []
    assert _row("test.fail").quarantined_at is not None


def test_work_of_a_suspended_agency_is_refused_and_recorded(agency: Agency) -> None:
    due.add(kind="test.name_client", subject="Suspended", at=NOW)
    with scope.public():
        Agency.objects.filter(pk=agency.pk).update(state=Agency.State.SUSPENDED)
    run_due(at=NOW)
    row = _row("test.name_client")
    assert (Client.objects.count(), row.quarantined_at is None, row.last_error) == (
        0,
        False,
        "The agency is unknown, suspended or not ready.",
    )


def test_work_of_another_agency_does_not_run_in_this_one(
    agency: Agency, other_agency: Agency
) -> None:
    with scope.public():
        due.add(kind="test.name_client", subject="Theirs", at=NOW, agency=other_agency)
        (claim,) = loop.claim(at=NOW)
        tasks.run(agency.pk, claim.work_id)  # forged: our id with their work
    run_due(at=NOW + loop.LEASE)
    with scope.agency(other_agency):
        theirs = Client.objects.count()
    assert (Client.objects.count(), theirs) == (0, 1)
