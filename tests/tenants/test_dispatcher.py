"""The dispatcher: whose turn it is, what the queue takes, and what it says when work is late."""

import logging
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from celery import Celery
from django.db import OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext

from config import celery
from config.launcher.servers import ValkeyServer
from tenants import due, ids, scope, tasks
from tenants.dispatcher import broker, claims, loop, watch
from tenants.dispatcher.claims import Turns
from tenants.models import Agency, DueWork
from tenants.selectors import work
from tests.sessions import end_session

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
KINDS = {
    "test.plain": {},
    "test.other": {},
    "test.bulk": {"bulk": True},
    "test.slow": {"queue": "sync"},
}


@pytest.fixture(autouse=True, scope="module")
def kinds() -> Iterator[None]:
    for name, options in KINDS.items():
        due._kinds.pop(name, None)
        tasks.due_task(name, **options)(lambda _agency, _work: None)  # type: ignore[arg-type]
    yield
    for name in KINDS:
        due._kinds.pop(name)


@pytest.fixture
def public(db: None) -> Iterator[None]:
    """No agency in scope and nothing due but what a test adds."""
    with scope.public():
        DueWork.objects.all().delete()
        yield


def make_agencies(count: int, *, state: str = Agency.State.READY) -> list[Agency]:
    """Return agencies in the order of their ids, without schemas: nothing here enters them."""
    made = [
        Agency(
            id=pk,
            name=str(pk),
            slug=pk.hex,
            schema_name=f"a_{pk.hex}",
            state=state,
            created_at=NOW,
        )
        for pk in sorted(ids.new_id() for _ in range(count))
    ]
    Agency.objects.bulk_create(made)
    return made


def add_due(
    agency: Agency, count: int = 1, *, kind: str = "test.plain", at: datetime = NOW
) -> None:
    """Add rows of an agency, due one after another in the seconds before ``at``."""
    DueWork.objects.bulk_create(
        DueWork(
            agency=agency,
            kind=kind,
            subject=str(number),
            due_at=at - timedelta(seconds=count - number),
        )
        for number in range(count)
    )


def _shares(claimed: Sequence[claims.Claim]) -> Counter[str]:
    return Counter(claim.agency_id for claim in claimed)


# --- turns ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("public")
def test_a_backlog_of_one_agency_does_not_hold_up_the_others() -> None:
    # given one agency with a long backlog, and others with one row each, due later
    busy, *others = make_agencies(4)
    add_due(busy, 5_000, at=NOW - timedelta(hours=1))
    for agency in others:
        add_due(agency)
    # when
    claimed = claims.claim(at=NOW, batch=100)
    # then
    firsts = {claim.agency_id for claim in claimed[:4]}
    assert firsts == {str(agency.pk) for agency in (busy, *others)}
    assert (len(claimed), set(_shares(claimed).values())) == (28, {1, 25})


@pytest.mark.usefixtures("public")
def test_each_agency_gives_its_oldest_row_first() -> None:
    (agency,) = make_agencies(1)
    add_due(agency, 5)
    claimed = claims.claim(at=NOW, batch=3)
    assert [claim.due_at for claim in claimed] == [
        NOW - timedelta(seconds=seconds) for seconds in (5, 4, 3)
    ]


@pytest.mark.usefixtures("public")
def test_a_round_goes_on_where_the_last_one_ended_and_starts_over_at_the_end() -> None:
    agencies, turns = make_agencies(5), Turns()
    for agency in agencies:
        add_due(agency, 2)
    rounds = [claims.claim(at=NOW, batch=2, turns=turns) for _ in range(5)]
    served = [[UUID(claim.agency_id) for claim in each] for each in rounds]
    order = [agency.pk for agency in agencies] * 2
    assert served == [order[start : start + 2] for start in range(0, 10, 2)]


@pytest.mark.usefixtures("public")
def test_agencies_that_may_not_work_are_passed_over() -> None:
    suspended = make_agencies(30, state=Agency.State.SUSPENDED)
    ready, turns = make_agencies(2), Turns()
    for agency in (*suspended, *ready):
        add_due(agency)
    claimed = [claim for _ in range(20) for claim in claims.claim(at=NOW, batch=5, turns=turns)]
    assert sorted(claim.agency_id for claim in claimed) == sorted(str(each.pk) for each in ready)


@pytest.mark.usefixtures("public")
def test_a_claim_asks_as_much_with_many_idle_agencies_as_with_none() -> None:
    counts = []
    for idle in (0, 200):
        for agency in make_agencies(idle):
            add_due(agency, at=NOW + timedelta(days=1))
        add_due(make_agencies(1)[0], 3)
        with CaptureQueriesContext(connection) as queries:
            assert len(claims.claim(at=NOW)) == 3
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.usefixtures("committed")
def test_dispatchers_side_by_side_claim_each_row_once() -> None:
    # given
    with scope.public():
        DueWork.objects.all().delete()
        for agency in make_agencies(20):
            add_due(agency, 25)
    start = threading.Barrier(4)
    claimed: list[int] = []

    def claim_all() -> None:
        turns, mine = Turns(), []
        start.wait()
        while some := claims.claim(at=NOW, batch=10, turns=turns):
            mine += [claim.work_id for claim in some]
        claimed.extend(mine)
        connections.close_all()

    # when
    dispatchers = [threading.Thread(target=claim_all) for _ in range(4)]
    for each in dispatchers:
        each.start()
    for each in dispatchers:
        each.join(60)
    # then: a dispatcher that found the rest locked may have stopped early; none was taken twice
    left = claims.claim(at=NOW, batch=500)
    assert sorted([*claimed, *(claim.work_id for claim in left)]) == sorted(
        DueWork.objects.values_list("pk", flat=True)
    )
    assert set(DueWork.objects.values_list("claims", flat=True)) == {1}


# --- the queue -----------------------------------------------------------------------------------


@contextmanager
def _app(server: ValkeyServer) -> Iterator[Celery]:
    """Let the dispatcher speak with a Valkey of the test's own."""
    usual = celery.app.conf["broker_url"]
    celery.app.conf["broker_url"] = server.url
    try:
        yield celery.app
    finally:
        celery.app.conf["broker_url"] = usual


def _waiting(dispatcher: loop.Dispatcher) -> dict[str, int]:
    return {
        queue: depth for queue, depth in dispatcher.broker.depths(celery.QUEUES).items() if depth
    }


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path / "valkey") as server, _app(server):
        yield server


@pytest.fixture
def dispatcher(valkey: ValkeyServer, public: None) -> Iterator[loop.Dispatcher]:
    made = loop.Dispatcher()
    yield made
    made.broker.close()


def test_no_more_is_claimed_than_a_queue_has_room_for(
    dispatcher: loop.Dispatcher, settings: Any
) -> None:
    settings.DUE_WINDOW = 10
    (agency,) = make_agencies(1)
    add_due(agency, 50, kind="test.bulk")
    add_due(agency, 50, kind="test.slow")
    more = [dispatcher.tick(at=NOW) for _ in range(4)]
    assert (more[0], more[-1], _waiting(dispatcher)) == (True, False, {"default": 10, "sync": 4})
    assert DueWork.objects.exclude(claimed_until=None).count() == 14


def test_work_that_may_not_be_done_yet_keeps_no_dispatcher_busy(
    dispatcher: loop.Dispatcher,
) -> None:
    for agency in make_agencies(3, state=Agency.State.SUSPENDED):
        add_due(agency, 2)
    assert ([dispatcher.tick(at=NOW) for _ in range(3)], _waiting(dispatcher)) == (
        [False] * 3,
        {},
    )


def test_urgent_work_goes_before_bulk_work_that_fills_its_queue(
    dispatcher: loop.Dispatcher, settings: Any
) -> None:
    # given a queue full of bulk work, of an agency that has much more
    settings.DUE_WINDOW = 10
    busy, other = make_agencies(2)
    add_due(busy, 500, kind="test.bulk", at=NOW - timedelta(hours=1))
    for _ in range(3):
        dispatcher.tick(at=NOW)
    # when
    add_due(other)
    dispatcher.tick(at=NOW)
    # then a worker takes it first
    with celery.app.connection_for_write() as connected, connected.SimpleQueue("default") as queue:
        first = queue.get(timeout=5)
        _arguments = first.payload[0]
    assert _arguments[0] == str(other.pk)


def test_while_the_queue_is_away_nothing_is_claimed_and_afterwards_all_is_sent(
    dispatcher: loop.Dispatcher, valkey: ValkeyServer
) -> None:
    # given
    (agency,) = make_agencies(1)
    add_due(agency, 3)
    assert dispatcher.tick(at=NOW - timedelta(days=1)) is False
    valkey.stop()
    # when
    for _ in range(3):
        with pytest.raises(broker.Away):
            dispatcher.tick(at=NOW)
    # then
    assert set(DueWork.objects.values_list("claimed_until", "claims", "attempts")) == {(None, 0, 0)}
    # and when it is back
    valkey.start()
    dispatcher.tick(at=NOW)
    assert _waiting(dispatcher) == {"default": 3}


def test_claims_that_the_queue_did_not_take_are_released_at_once(
    dispatcher: loop.Dispatcher, valkey: ValkeyServer
) -> None:
    # given a queue that goes away between the look at it and the sending
    (agency,) = make_agencies(1)
    add_due(agency, 3)
    claimed = claims.claim(at=NOW)
    valkey.stop()
    # when
    with pytest.raises(broker.Away) as away:
        dispatcher.broker.send(claimed)
    claims.release(away.value.unsent)
    # then
    assert (list(away.value.unsent), claims.claim(at=NOW)) == (
        claimed,
        [claims.Claim(**_again(claim)) for claim in claimed],
    )


def _again(claim: claims.Claim) -> dict[str, Any]:
    return {
        "work_id": claim.work_id,
        "agency_id": claim.agency_id,
        "kind": claim.kind,
        "number": claim.number + 1,
        "due_at": claim.due_at,
    }


def test_a_message_names_ids_and_its_kinds_limits_only(
    dispatcher: loop.Dispatcher,
) -> None:
    (agency,) = make_agencies(1)
    add_due(agency)
    dispatcher.tick(at=NOW)
    with celery.app.connection_for_write() as connected, connected.SimpleQueue("default") as queue:
        message = queue.get(timeout=5)
    row = DueWork.objects.get()
    asked: list[Any] = [message.payload[0], message.headers["timelimit"]]
    assert asked == [[str(agency.pk), row.pk, 1], [13, 10]]


def test_a_run_that_is_over_time_is_ended_before_another_may_begin() -> None:
    assert [
        name
        for name, kind in due.kinds().items()
        if not kind.seconds < kind.hard_limit < kind.lease.total_seconds()
    ] == []


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("committed")
def test_a_runner_goes_on_with_a_new_connection_after_its_session_was_killed(
    valkey: ValkeyServer,
) -> None:
    # given a dispatcher at work
    with scope.public():
        DueWork.objects.all().delete()
        agency = Agency.objects.get(slug="harbour")
        runner = loop._Runner()
        assert runner.step(NOW, 0.25) == 0.25
        add_due(agency, 2)
        killed = end_session(connection)
        # when
        waits = [runner.step(NOW, 0.25) for _ in range(4)]
    # then
    claimed = set(DueWork.objects.values_list("claims", flat=True))
    runner.dispatcher.broker.close()
    assert (killed, waits[-1], claimed) == (True, 0.25, {1})


def test_a_runner_whose_database_stays_away_gives_up_after_bounded_waits(
    valkey: ValkeyServer, public: None, caplog: pytest.LogCaptureFixture
) -> None:
    # given a database that refuses each statement
    runner = loop._Runner()

    def refuse(*_: Any) -> None:
        raise OperationalError

    # when
    with connection.execute_wrapper(refuse), caplog.at_level(logging.ERROR):
        waits = [runner.step(NOW, 0.25) for _ in range(loop.MOST_FAULTS)]
        with pytest.raises(loop.GaveUp):
            runner.step(NOW, 0.25)
    # then
    assert len(waits) == loop.MOST_FAULTS
    assert all(0.05 <= wait <= 5 for wait in waits)
    assert [record.getMessage() for record in caplog.records] == ["dispatcher_gave_up"]


def test_a_runner_waits_longer_and_longer_for_a_queue_but_never_gives_up(
    valkey: ValkeyServer, public: None
) -> None:
    runner = loop._Runner()
    valkey.stop()
    waits = [runner.step(NOW, 0.25) for _ in range(12)]
    valkey.start()
    assert (max(waits) <= 5, min(waits[7:]) >= 2.5, runner.step(NOW, 0.25)) == (True, True, 0.25)
    runner.dispatcher.broker.close()


# --- what is late, and what is old ---------------------------------------------------------------


def _told(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    return [
        (record.kind, record.queue, record.count, record.age_seconds)  # type: ignore[attr-defined]
        for record in caplog.records
        if record.getMessage() == "due_work_late"
    ]


@pytest.mark.usefixtures("public")
def test_work_that_waits_too_long_raises_an_alarm_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (agency,) = make_agencies(1)
    add_due(agency, 2, at=NOW - timedelta(seconds=59))
    add_due(agency, 1, kind="test.slow", at=NOW - timedelta(seconds=9))
    watcher, told = watch.Watch(), []
    with caplog.at_level(logging.ERROR):
        for seconds in range(0, 125, 5):
            caplog.clear()
            watcher.look(NOW + timedelta(seconds=seconds))
            told += [(seconds, *each) for each in _told(caplog)]
    assert told == [
        (10, "test.plain", "default", 2, 71),
        (70, "test.plain", "default", 2, 131),
        (70, "test.slow", "sync", 1, 80),
    ]


@pytest.mark.usefixtures("public")
def test_claimed_held_back_and_future_work_is_not_late() -> None:
    ready, claimed = make_agencies(2)
    (suspended,) = make_agencies(1, state=Agency.State.SUSPENDED)
    (provisioning,) = make_agencies(1, state=Agency.State.PROVISIONING)
    long_ago = NOW - timedelta(hours=1)
    add_due(claimed, at=long_ago)
    claims.claim(at=NOW)
    add_due(ready, at=NOW + timedelta(hours=1))
    add_due(suspended, at=long_ago)
    add_due(provisioning, at=long_ago)
    none = (work.oldest_due_at(at=NOW), work.waiting(at=NOW))
    add_due(provisioning, kind="tenants.provision", at=long_ago)
    add_due(ready, kind="test.of_tomorrow", at=NOW)
    assert none == (None, [])
    assert work.waiting(at=NOW) == [
        work.Waiting("tenants.provision", "provision", 1, long_ago - timedelta(seconds=1)),
        work.Waiting("test.of_tomorrow", "unknown", 1, NOW - timedelta(seconds=1)),
    ]
    with CaptureQueriesContext(connection) as queries:
        work.waiting(at=NOW)
    assert len(queries) == 1


@pytest.mark.usefixtures("public")
def test_work_done_long_ago_is_removed_and_what_waits_stays() -> None:
    (agency,) = make_agencies(1)
    old, recent = NOW - watch.KEPT_FOR - timedelta(seconds=1), NOW - watch.KEPT_FOR
    for subject, done_at in (("old", old), ("recent", recent), ("waiting", None)):
        DueWork.objects.create(
            agency=agency,
            kind="test.plain",
            subject=subject,
            period="2026-01-01",
            due_at=old,
            done_at=done_at,
        )
    DueWork.objects.create(
        agency=agency, kind="test.plain", subject="aside", due_at=old, quarantined_at=old
    )
    removed = watch.prune(at=NOW)
    left = set(DueWork.objects.values_list("subject", flat=True))
    assert (removed, left) == (1, {"recent", "waiting", "aside"})
