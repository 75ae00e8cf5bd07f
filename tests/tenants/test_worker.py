"""Workers under faults: a job that kills, a session that ends under a run."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from config import celery
from config.launcher.servers import ValkeyServer
from stores.models import Client
from tenants import due, scope, tasks
from tenants.dispatcher import claims, loop
from tenants.models import Agency, DueWork
from tests.sessions import end_session
from tests.tenants import working

PATIENCE = 60  # seconds; the machine may be busy


@pytest.fixture(autouse=True)
def kinds() -> None:
    working.register()


@pytest.fixture
def harbour(committed: None) -> Agency:
    """The agency, with nothing due; what a test writes is committed."""
    DueWork.objects.all().delete()
    agency: Agency = Agency.objects.get(slug="harbour")
    return agency


def _names(agency: Agency) -> list[str]:
    with scope.agency(agency):
        return list(Client.objects.order_by("name").values_list("name", flat=True))


def _run_due() -> None:
    for claim in claims.claim(at=datetime.now(UTC)):
        tasks.run(UUID(claim.agency_id), claim.work_id, claim.number)


def test_a_run_whose_session_ended_between_two_runs_has_a_new_one(harbour: Agency) -> None:
    for subject in ("first", "second"):
        due.add(kind=working.PLAIN, subject=subject, at=datetime.now(UTC), agency=harbour)
        claimed = claims.claim(at=datetime.now(UTC))
        assert end_session(connection)
        for claim in claimed:
            tasks.run(UUID(claim.agency_id), claim.work_id, claim.number)
    assert _names(harbour) == ["first", "second"]
    assert set(DueWork.objects.values_list("attempts", "started")) == {(0, 0)}


def test_a_run_whose_session_ends_in_the_middle_is_tried_again_and_has_one_effect(
    harbour: Agency,
) -> None:
    # given
    due.add(kind=working.BROKEN_ONCE, subject="once", at=datetime.now(UTC), agency=harbour)
    # when its session ends under it
    with pytest.raises(OperationalError):
        _run_due()
    row = DueWork.objects.get()
    failed = (_names(harbour), row.attempts, row.started, row.claimed_until, row.last_error)
    # then
    assert failed == ([], 1, 0, None, "OperationalError")
    # and once it is due again
    DueWork.objects.update(due_at=datetime.now(UTC))
    _run_due()
    row.refresh_from_db()
    assert (_names(harbour), row.done_at is None) == (["once"], False)


# --- a real worker -------------------------------------------------------------------------------


@contextmanager
def _worker(valkey: ValkeyServer, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker as the Procfile does, which knows the tests' kinds too."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "REDIS_URL": valkey.url,
        "CELERY_SKIP_CHECKS": "1",
        "LOG_LEVEL": "INFO",
    }
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "config.celery", "worker"]
    command += ["--pool", "prefork", "--concurrency", "1", "--queues", "default"]
    command += ["--include", "tests.tenants.working", "--without-gossip", "--without-mingle"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _dispatch_until(dispatcher: loop.Dispatcher, holds: Callable[[], bool]) -> float:
    """Dispatch as the process does until ``holds()``; return the seconds that took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < PATIENCE
        dispatcher.tick(at=datetime.now(UTC))
        time.sleep(0.1)
    return time.monotonic() - began


def test_a_job_that_kills_its_process_is_set_aside_after_three_runs_and_the_queue_flows(
    harbour: Agency, tmp_path: Path
) -> None:
    usual = celery.app.conf["broker_url"]
    log = tmp_path / "worker.log"
    with ValkeyServer(tmp_path / "valkey") as valkey, _worker(valkey, log):
        celery.app.conf["broker_url"] = valkey.url
        dispatcher = loop.Dispatcher()
        # given a worker of one process that has done something
        due.add(kind=working.PLAIN, subject="warm", at=datetime.now(UTC), agency=harbour)
        _dispatch_until(dispatcher, lambda: _names(harbour) == ["warm"])
        # when
        due.add(kind=working.DEADLY, at=datetime.now(UTC), agency=harbour)
        due.add(kind=working.PLAIN, subject="after", at=datetime.now(UTC), agency=harbour)
        seconds = _dispatch_until(dispatcher, lambda: _names(harbour) == ["after", "warm"])
        _dispatch_until(dispatcher, lambda: DueWork.objects.exclude(quarantined_at=None).exists())
        dispatcher.broker.close()
    celery.app.conf["broker_url"] = usual
    # then
    row = DueWork.objects.get(kind=working.DEADLY)
    assert (row.started, row.attempts, row.last_error) == (3, 0, due.ENDED_ITS_PROCESS)
    assert log.read_text().count("due_work_quarantined") == 1
    assert seconds <= 30  # 10 on a machine with nothing else to do
