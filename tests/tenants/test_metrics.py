"""What a collector of metrics reads, who may, and how many processes count side by side."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from config.launcher import bootstrap
from tenants import due, scope, tasks
from tenants.dispatcher import claims
from tenants.health import folder
from tenants.health.figures import Figures, Syncs, Waiting, figures
from tenants.models import Agency, DueWork, InboundEvent, Membership, StoreRoute
from tests import factories

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
QUEUES = sorted({kind.queue for kind in due.kinds().values()})
TOKEN = "token-of-a-collector"


class Broken(RuntimeError):
    """What a kind of work raises that fails."""


ClientFor = Callable[[Membership], Client]


@pytest.fixture(autouse=True)
def _token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


@pytest.fixture
def agency(agency: Agency) -> Agency:
    """Harbour, with nothing due and nothing connected but what a test adds."""
    with scope.public():
        DueWork.objects.all().delete()
    return agency


def _read(host: str = "localhost:8000", authorization: str = f"Bearer {TOKEN}") -> Any:
    return Client(headers={"host": host, "authorization": authorization}).get("/metrics")


def _samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return each sample's value by its name and its labels' values, sorted by label."""
    return {
        (sample.name, tuple(value for _name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_take_nothing_that_is_sent(agency: Agency) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "localhost:8000"})
    assert client.post("/metrics").status_code == 405


@pytest.mark.parametrize(
    "host", ["localhost:8000", "harbour.localhost:8000", "evil.example", "a b", ""]
)
def test_metrics_are_told_on_any_host_to_who_has_the_token(agency: Agency, host: str) -> None:
    answer = _read(host)

    assert (answer.status_code, answer.headers["Content-Type"], dict(answer.cookies)) == (
        200,
        "text/plain; version=0.0.4; charset=utf-8",
        {},
    )
    assert _samples(answer.content.decode())["storewarden_database_up", ()] == 1


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "é"],
)
def test_metrics_are_closed_without_the_token(agency: Agency, authorization: str) -> None:
    answer = _read(authorization=authorization)

    assert (answer.status_code, answer.content) == (401, b"Unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="metrics"'


def test_metrics_are_not_there_where_no_token_is_set(agency: Agency, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""

    assert (_read().status_code, _read(authorization="Bearer ").status_code) == (404, 404)


def test_figures_say_what_waits_and_for_how_long(agency: Agency, other_agency: Agency) -> None:
    # given two pieces of sync work, one of them on the queue, one set aside, one for tomorrow
    due.add(kind="stores.sync", subject="a", at=NOW - timedelta(minutes=10))
    due.add(kind="stores.sync", subject="b", at=NOW - timedelta(minutes=2))
    due.add(kind="stores.read_notice", subject="c", at=NOW)
    due.add(kind="stores.sync", subject="later", at=NOW + timedelta(days=1))
    with scope.public():
        due.add(kind="stores.renew_tokens", subject="d", at=NOW, agency=other_agency)
        DueWork.objects.filter(subject="a").update(claimed_until=NOW + timedelta(minutes=1))
        DueWork.objects.filter(subject="c").update(quarantined_at=NOW)
    # and three stores: synced just now, late, never; one lost; and one of a suspended agency
    for name, synced_at, is_live in (
        ("fresh", NOW - timedelta(minutes=15), True),
        ("late", NOW - timedelta(hours=3), True),
        ("never", None, True),
        ("lost", NOW - timedelta(days=9), False),
    ):
        StoreRoute.objects.create(
            marketplace="tiktok_shop",
            app_key="key",
            external_id=name,
            agency=agency,
            store_id=uuid4(),
            is_live=is_live,
            synced_at=synced_at,
        )
    # and a mail that nobody has read
    with scope.public():
        InboundEvent.objects.create(
            channel="mail",
            digest="d",
            agency=agency,
            recipient="x",
            payload=b"",
            received_at=NOW - timedelta(seconds=30),
        )

    # when
    found = figures(at=NOW)

    # then
    nothing = Waiting(0, 0.0)
    assert found == Figures(
        waiting=dict.fromkeys(QUEUES, nothing) | {"sync": Waiting(2, 120.0)},
        outbox=dict.fromkeys(QUEUES, nothing) | {"sync": Waiting(1, 600.0)},
        quarantined={"stores.read_notice": 1},
        syncs=Syncs(live=3, never=1, late=1, oldest=10_800.0),
        agencies=dict.fromkeys(Agency.State.values, 0) | {"ready": 2},
        events={"mail": Waiting(1, 30.0)},
    )


def test_figures_leave_out_the_stores_of_agencies_that_are_suspended(agency: Agency) -> None:
    StoreRoute.objects.create(
        marketplace="tiktok_shop",
        app_key="key",
        external_id="x",
        agency=agency,
        store_id=uuid4(),
        synced_at=NOW - timedelta(days=1),
    )
    with scope.public():
        Agency.objects.filter(pk=agency.pk).update(state=Agency.State.SUSPENDED)

    assert figures(at=NOW).syncs == Syncs(live=0, never=0, late=0, oldest=0.0)


@pytest.mark.django_db
def test_metrics_take_as_many_queries_for_one_agency_as_for_three() -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert _read().status_code == 200
        return len(asked)

    alone = count()
    for slug in ("second", "third"):
        agency = Agency.objects.create(
            name=slug, slug=slug, schema_name=f"a_{slug}", created_at=NOW
        )
        due.add(kind="stores.sync", subject="x", at=NOW, agency=agency)

    assert (count(), alone) == (alone, 9)  # the six, around them a savepoint and the time limit


def test_requests_are_counted_by_the_name_of_their_view(
    agency: Agency, client_for: ClientFor
) -> None:
    # given
    member = factories.make_membership("owner")
    client = client_for(member)
    before = _samples(_read().content.decode())
    # when
    client.get(f"/people/{member.pk}/?secret=x")
    client.get(f"/people/{uuid4()}/")
    client.get("/no-such-page/8/")
    client.generic("BREW", "/healthz")
    # then
    after = _samples(_read().content.decode())
    counted = {
        labels: value - before.get((name, labels), 0)
        for (name, labels), value in after.items()
        if name == "storewarden_requests_total" and value != before.get((name, labels), 0)
    }
    assert counted == {
        ("GET", "tenants:person", "2xx"): 1,
        ("GET", "tenants:person", "4xx"): 1,
        ("GET", "none", "4xx"): 1,
        ("other", "healthz", "4xx"): 1,
        ("GET", "metrics", "2xx"): 1,
    }
    assert str(agency.pk) not in _read().content.decode()


def test_tasks_are_counted_by_kind_and_outcome(agency: Agency) -> None:
    # given
    def fail(_agency: Agency, work: due.Work) -> None:
        if work.subject == "fails":
            raise Broken

    due._kinds.pop("test.counted", None)
    tasks.due_task("test.counted", queue="rate")(fail)
    before = _samples(_read().content.decode())
    for subject in ("done", "fails", "quarantined"):
        due.add(kind="test.counted", subject=subject, at=NOW)
    with scope.public():
        DueWork.objects.filter(subject="quarantined").update(
            started=due.MOST_STARTS, claimed_until=NOW - timedelta(seconds=1)
        )
        claimed = claims.claim(at=NOW)
        work_ids = {DueWork.objects.get(pk=c.work_id).subject: c.work_id for c in claimed}
        # when
        tasks.run(agency.pk, work_ids["done"])
        tasks.run(agency.pk, work_ids["done"])  # delivered twice
        with pytest.raises(Broken):
            tasks.run(agency.pk, work_ids["fails"])
        Agency.objects.filter(pk=agency.pk).update(state=Agency.State.SUSPENDED)
        due.add(kind="test.counted", subject="refused", at=NOW, agency=agency)
        tasks.run(agency.pk, DueWork.objects.get(subject="refused").pk)
    # then
    after = _samples(_read().content.decode())
    counted = {
        labels: value - before.get((name, labels), 0)
        for (name, labels), value in after.items()
        if name == "storewarden_tasks_total" and value != before.get((name, labels), 0)
    }
    assert counted == {
        ("test.counted", "done"): 1,
        ("test.counted", "failed"): 1,
        ("test.counted", "quarantined"): 1,
        ("test.counted", "refused"): 1,
        ("test.counted", "repeated"): 1,
    }
    assert after["storewarden_task_seconds_count", ("test.counted",)] == 2


# Many processes

_COUNT = """
from tenants.health import counters
for _ in range(int(__import__("sys").argv[1])):
    counters.task_ended("test.kind", "done", 0.02)
"""


def _count_in_another_process(place: Path, times: int) -> None:
    subprocess.run(
        [sys.executable, "-c", _COUNT, str(times)],
        cwd=bootstrap.ROOT,
        env={"PATH": os.environ["PATH"], "PROMETHEUS_MULTIPROC_DIR": str(place)},
        check=True,
    )


def _total(place: Path) -> tuple[float | None, float | None]:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(place))
    with folder.settled(place):
        done = {"kind": "test.kind", "outcome": "done"}
        return (
            registry.get_sample_value("storewarden_tasks_total", done),
            registry.get_sample_value("storewarden_task_seconds_count", {"kind": "test.kind"}),
        )


def test_what_ended_processes_counted_stays_and_their_files_go(tmp_path: Path) -> None:
    totals = []
    for times in (3, 2, 5):
        _count_in_another_process(tmp_path, times)
        totals.append(_total(tmp_path))

    assert totals == [(3, 3), (5, 5), (10, 10)]
    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["counter_0.db", "histogram_0.db"]


def test_adding_up_at_the_same_time_counts_nothing_twice(tmp_path: Path) -> None:
    for _ in range(3):
        _count_in_another_process(tmp_path, 4)

    with ThreadPoolExecutor(6) as readers:
        totals = set(readers.map(lambda _number: _total(tmp_path), range(12)))

    assert totals == {(12, 12)}


def test_what_a_killed_reader_left_half_done_is_not_counted_twice(tmp_path: Path) -> None:
    # given a reader that was killed when the sum was written and the parts not yet removed
    _count_in_another_process(tmp_path, 4)
    (part,) = tmp_path.glob("counter_*.db")
    kept = part.read_bytes()
    assert _total(tmp_path) == (4, 4)
    (tmp_path / "counter_4711.ended").write_bytes(kept)
    (tmp_path / "counter_0.unfinished").write_bytes(kept[:100])

    assert _total(tmp_path) == (4, 4)


def test_a_file_that_was_begun_and_never_written_harms_nobody(tmp_path: Path) -> None:
    _count_in_another_process(tmp_path, 4)
    (tmp_path / "counter_999999999.db").touch()

    assert _total(tmp_path) == (4, 4)


def test_a_new_process_adds_up_what_its_forerunners_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _count_in_another_process(tmp_path, 4)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    folder.settle()

    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["counter_0.db", "histogram_0.db"]
    assert _total(tmp_path) == (4, 4)
