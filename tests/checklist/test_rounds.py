"""Rounds open on the schedule's clock, once, and stay missed."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from checklist.models import Procedure, ProcedureItem, Round, Schedule, Tick
from checklist.services import rounds
from checklist.services.defaults import found_procedures
from stores import signals
from stores.models import Store
from tenants import scope, tasks
from tenants.models import Agency, DueWork
from tests import factories

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)  # 00:00 UTC: 07:00 in Saigon


@pytest.fixture(autouse=True)
def _no_default_schedules(agency: Agency) -> None:
    Schedule.objects.all().delete()


def _windows(schedule: Schedule) -> list[tuple[str, datetime, str]]:
    found = Round.objects.filter(schedule=schedule).order_by("opens_at", "store__name")
    return [(round_.store.name, round_.opens_at, round_.state) for round_ in found]


def test_a_sweep_opens_each_store_at_its_own_eight_oclock() -> None:
    # given
    factories.make_store(name="Nha May", market="VN")
    factories.make_store(name="Fernwood", market="US", time_zone="America/New_York")
    schedule = factories.make_schedule(factories.make_item().procedure, opened_until=MONDAY)

    # when swept as often as it asks for
    at, sweeps = MONDAY, []
    while at < MONDAY + timedelta(days=1):
        sweeps.append(at)
        following = rounds.sweep(schedule_id=schedule.pk, at=at)
        assert following is not None
        at = following

    # then
    assert _windows(schedule) == [
        ("Nha May", MONDAY.replace(hour=1), "open"),
        ("Fernwood", MONDAY.replace(hour=12), "open"),
    ]
    assert [moment.hour for moment in sweeps] == [0, 1, 7, 12, 18]


def test_a_sweep_twice_or_late_opens_each_round_once() -> None:
    factories.make_store(market="VN")
    schedule = factories.make_schedule(factories.make_item().procedure, opened_until=MONDAY)
    for hours in (1, 1, 4):
        rounds.sweep(schedule_id=schedule.pk, at=MONDAY + timedelta(hours=hours))
    assert [opens_at for _, opens_at, _ in _windows(schedule)] == [MONDAY.replace(hour=1)]


def test_a_round_is_unique_by_procedure_store_and_opening(agency: Agency) -> None:
    item = factories.make_item()
    store = factories.make_store()
    factories.make_round(store, item, opens_at=MONDAY)
    with pytest.raises(IntegrityError, match="round_once_an_opening"), transaction.atomic():
        factories.make_round(store, item, opens_at=MONDAY)


def test_a_missed_round_stays_missed_and_the_next_one_is_its_own() -> None:
    # given a round that nobody answered
    factories.make_store(name="Nha May", market="VN")
    schedule = factories.make_schedule(factories.make_item().procedure, opened_until=MONDAY)
    rounds.sweep(schedule_id=schedule.pk, at=MONDAY + timedelta(hours=1))

    # when the next morning comes
    before_closing = rounds.sweep(schedule_id=schedule.pk, at=MONDAY + timedelta(hours=24))
    rounds.sweep(schedule_id=schedule.pk, at=MONDAY + timedelta(hours=25))

    # then
    assert before_closing == MONDAY + timedelta(hours=25)
    assert _windows(schedule) == [
        ("Nha May", MONDAY + timedelta(hours=1), "missed"),
        ("Nha May", MONDAY + timedelta(hours=25), "open"),
    ]


def test_after_an_outage_unseen_rounds_are_written_as_missed() -> None:
    factories.make_store(name="Nha May", market="VN")
    schedule = factories.make_schedule(factories.make_item().procedure, opened_until=MONDAY)
    rounds.sweep(schedule_id=schedule.pk, at=MONDAY + timedelta(days=2, hours=2))
    assert [state for *_, state in _windows(schedule)] == ["missed", "missed", "open"]


def test_a_schedule_reaches_its_group_client_or_store_alone(agency: Agency) -> None:
    # given
    client = factories.make_client()
    ours = factories.make_store(name="Of the client", client=client)
    grouped = factories.make_store(name="Grouped")
    factories.make_store(name="Archived", client=client, state="archived")
    factories.make_store(name="Other")
    group = factories.make_group(stores=[grouped])
    procedure = factories.make_item().procedure

    # when
    opened = []
    for reach in (
        {"reach": "client", "client": client},
        {"reach": "group", "group": group},
        {"reach": "store", "store": ours},
        {"reach": "all"},
    ):
        schedule = factories.make_schedule(procedure, opened_until=MONDAY, **reach)
        rounds.sweep(schedule_id=schedule.pk, at=MONDAY + timedelta(hours=24))
        opened.append(sorted(Round.objects.values_list("store__name", flat=True)))
        Round.objects.all().delete()

    # then
    assert opened == [
        ["Of the client"],
        ["Grouped"],
        ["Of the client"],
        ["Grouped", "Of the client", "Other"],
    ]


def test_a_new_store_gets_the_rounds_that_run_now(agency: Agency) -> None:
    # given a store made at 10:00 of its own clock
    at = MONDAY + timedelta(hours=3)
    running = factories.make_schedule(factories.make_item().procedure)
    over = factories.make_schedule(
        factories.make_item().procedure, times=[time(7)], length=timedelta(hours=2)
    )
    store = factories.make_store(market="VN")

    # when
    signals.store_changed.send(sender=Store, store=store, at=at)

    # then
    assert (_windows(running), _windows(over)) == (
        [(store.name, MONDAY + timedelta(hours=1), "open")],
        [],
    )
    due = DueWork.objects.filter(kind="checklist.open_rounds", subject=str(over.pk)).get()
    assert due.due_at == MONDAY + timedelta(hours=24)


def test_a_schedule_out_of_use_opens_nothing_but_closes_what_is_open(agency: Agency) -> None:
    factories.make_store(market="VN")
    schedule = factories.make_schedule(factories.make_item().procedure, opened_until=MONDAY)
    rounds.sweep(schedule_id=schedule.pk, at=MONDAY + timedelta(hours=1))
    Schedule.objects.update(is_active=False)
    sweeps = [
        rounds.sweep(schedule_id=schedule.pk, at=MONDAY + timedelta(hours=hours))
        for hours in (2, 25)
    ]
    assert sweeps == [MONDAY + timedelta(hours=25), None]
    assert [state for *_, state in _windows(schedule)] == ["missed"]


def test_the_due_row_is_armed_for_the_next_opening(agency: Agency) -> None:
    # given
    factories.make_store(market="VN")
    schedule = factories.make_schedule(factories.make_item().procedure)
    rounds.arm(schedule=schedule, at=MONDAY)
    work = DueWork.objects.get(kind="checklist.open_rounds", subject=str(schedule.pk))

    # when done by the queue's task, now
    with scope.public():
        tasks.run(agency.pk, work.pk)

    # then it waits for a moment ahead
    work.refresh_from_db()
    assert work.done_at is None
    assert datetime.now(UTC) < work.due_at <= datetime.now(UTC) + rounds.LONGEST_SLEEP
    assert work.last_error == ""


def test_every_agency_starts_with_seven_items_and_eight_ticks_a_day(agency: Agency) -> None:
    # given
    Procedure.objects.all().delete()
    with scope.public():
        DueWork.objects.all().delete()
    store = factories.make_store(market="VN")

    # when made twice, and swept over one day
    for _ in range(2):
        found_procedures(at=MONDAY)
    for schedule in Schedule.objects.all():
        rounds.sweep(schedule_id=schedule.pk, at=MONDAY + timedelta(hours=23))

    # then
    assert ProcedureItem.objects.count() == 7
    opened = Round.objects.filter(store=store).order_by("opens_at")
    assert [(str(one.procedure), one.opens_at.hour, one.total) for one in opened] == [
        ("Daily risk check", 1, 6),
        ("Orders", 2, 1),
        ("Orders", 9, 1),
    ]
    assert DueWork.objects.filter(kind="checklist.open_rounds").count() == 2


def test_a_round_is_given_only_to_a_member_who_may_tick_there(agency: Agency) -> None:
    # given
    round_ = factories.make_round(factories.make_store())
    lead, auditor = factories.make_membership("lead"), factories.make_membership("auditor")
    specialist = factories.make_membership("specialist")
    elsewhere = factories.make_membership("specialist")
    factories.make_access(specialist, round_.store)

    # when
    for member in (auditor, elsewhere):
        with pytest.raises(rounds.CannotTakeRound):
            rounds.assign_round(round_=round_, member=member, by=lead, at=MONDAY)
    rounds.assign_round(round_=round_, member=specialist, by=lead, at=MONDAY)

    # then
    assert (round_.assignee, round_.member) == ("member", specialist)


def test_an_opening_round_takes_the_ticks_that_data_proves(agency: Agency) -> None:
    # given a reading 2 hours old when the round opens, and one a second older
    item = factories.make_item(metric="overdue_orders", max_age=timedelta(hours=2))
    opens_at = MONDAY + timedelta(hours=1)
    fresh, stale = factories.make_store(market="VN"), factories.make_store(market="VN")
    factories.make_reading(fresh, measured_at=opens_at - timedelta(hours=2))
    factories.make_reading(stale, measured_at=opens_at - timedelta(hours=2, seconds=1))
    schedule = factories.make_schedule(item.procedure, opened_until=MONDAY)

    # when
    rounds.sweep(schedule_id=schedule.pk, at=opens_at)

    # then
    tick = Tick.objects.get()
    assert (tick.round.store, tick.result, tick.proof, tick.member) == (fresh, "pass", "data", None)
    states = dict(Round.objects.values_list("store", "state"))
    assert states == {fresh.pk: "done", stale.pk: "open"}
