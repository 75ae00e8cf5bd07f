"""The real processes: what they answer while the database is away, and what they write."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from config.launcher import processes
from config.launcher.servers import ValkeyServer
from tenants import answers, due
from tenants.models import Agency, DueWork
from tests.running import METRICS_TOKEN, Answer, Line, Running, environment, get, running, through

PROGRAMS = ["web", "worker", "dispatcher", "mailin"]
APPLICATION = "storewarden-of-a-test"
HARBOUR = "harbour.localhost:8000"


@dataclass
class Service:
    line: Line
    port: int
    mailin_port: int
    programs: dict[str, Running]

    def get(self, path: str, **headers: str) -> Answer:
        return get(self.port, path, **headers)


@contextmanager
def _only_work_that_fails(blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let nothing be due but one piece that cannot be done, and put back what was."""
    with blocker.unblock():
        agency = Agency.objects.get(slug="harbour")
        waiting = list(DueWork.objects.all())
        DueWork.objects.all().delete()
        at = datetime.now(UTC)
        due.add(kind="stores.read_push", subject="ann@example.com", at=at, agency=agency)
        connections.close_all()
    try:
        yield
    finally:
        with blocker.unblock():
            DueWork.objects.all().delete()
            DueWork.objects.bulk_create(waiting)
            connections.close_all()


@pytest.fixture(scope="module")
def service(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Service]:
    """Web, worker, dispatcher and mail-in on the tests' database and a Valkey of their own."""
    address = os.environ["DATABASE_URL"]
    parts = urlsplit(address)
    assert parts.hostname
    assert parts.port
    with (
        tempfile.TemporaryDirectory() as name,
        ValkeyServer(Path(name) / "valkey") as valkey,
        Line(parts.hostname, parts.port) as line,
    ):
        folder = Path(name)
        env = environment(
            folder,
            DATABASE_URL=through(line, address),
            REDIS_URL=valkey.url,
            DATABASE_POOL_SIZE="8",
            PGAPPNAME=APPLICATION,
            SEALING_KEYS=",".join(settings.SEALING_KEYS),
        )
        with (
            _only_work_that_fails(django_db_blocker),
            running(PROGRAMS, env, folder) as programs,
        ):
            served = Service(line, int(env["PORT"]), int(env["MAILIN_PORT"]), programs)
            assert processes.wait_until(lambda: _is_up(served), 60, pause=0.1), _logs(served)
            yield served


def _is_up(service: Service) -> bool:
    if not (processes.answers(service.port) and processes.answers(service.mailin_port)):
        return False
    written = {name: program.log.read_text() for name, program in service.programs.items()}
    return (
        service.get("/readyz").status == 200
        and "dispatcher_started" in written["dispatcher"]
        and "due_work_failed" in written["worker"]
    )


def _logs(service: Service) -> str:
    return "\n".join(program.log.read_text()[-2000:] for program in service.programs.values())


def _ask(service: Service, **headers: str) -> Answer:
    """Ask for a page that looks up a session, on the public host, and leads to the sign-in."""
    cookie = f"{settings.SESSION_COOKIE_NAME}={'a' * 32}"
    return service.get("/agencies/", Cookie=cookie, **headers)


def _ask_at_once(service: Service, count: int) -> None:
    with ThreadPoolExecutor(count) as callers:
        list(callers.map(lambda _number: _ask(service), range(count)))


def _cut_by_the_line(service: Service) -> None:
    service.line.drop()


def _cut_by_the_database(_service: Service) -> None:
    terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
    with psycopg.connect(os.environ["DATABASE_URL"]) as same_role:
        ended = same_role.execute(terminate, [APPLICATION]).fetchall()
    assert len(ended) >= 4


@pytest.mark.parametrize("cut", [_cut_by_the_line, _cut_by_the_database])
def test_the_first_page_after_the_database_came_back_is_answered(
    service: Service, cut: Callable[[Service], None]
) -> None:
    # given a pool whose lines were all in use, and are all stale now
    _ask_at_once(service, 24)
    cut(service)
    # when
    told = [_ask(service) for _ in range(10)]
    # then
    assert [answer.status for answer in told] == [302] * 10
    assert told[0].seconds < 2


def test_a_database_that_is_away_makes_503_everywhere_and_never_500(service: Service) -> None:
    # given
    _ask_at_once(service, 16)
    service.line.cut()
    key = {"Authorization": "Bearer ahr_live_12345678_" + "x" * 32}
    token = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    # when
    with ThreadPoolExecutor(6) as callers:
        asked = [
            callers.submit(service.get, "/healthz"),
            callers.submit(service.get, "/readyz", host="nobody.example"),
            callers.submit(_ask, service),
            callers.submit(_ask, service, **{"Accept-Language": "zh-CN"}),
            callers.submit(service.get, "/api/v1/stores/", **key),
            callers.submit(service.get, "/metrics", **token),
        ]
        alive, ready, page, chinese, call, figures = [each.result() for each in asked]
    service.line.mend()
    mended_at = time.monotonic()
    processes.wait_until(lambda: _ask(service).status == 302, 10, pause=0.1)
    back_after = time.monotonic() - mended_at

    # then
    assert (alive.status, alive.body) == (200, b"ok")
    assert json.loads(ready.body) == {"database": False, "schema": False, "queue": True}
    assert (ready.status, ready.seconds < 2) == (503, True)
    for answer in (page, chinese, call):
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert answer.seconds < 5
    told = "Storewarden cannot be reached for a moment. Try again in a few seconds."
    assert (page.headers["Content-Type"], page.body.decode()) == ("text/plain; charset=utf-8", told)
    assert chinese.body.decode() == "Storewarden 暂时无法访问，请几秒后重试。"
    assert json.loads(call.body) == {
        "type": "server_error",
        "errors": [{"code": "unavailable", "detail": answers.UNAVAILABLE, "attr": None}],
    }
    assert (figures.status, b"storewarden_database_up 0.0" in figures.body) == (200, True)
    assert back_after < 5


def test_every_line_of_every_process_is_one_json_object(service: Service) -> None:
    # given a bit of everything
    asked = service.get("/join/SecretOfAnInvitation123456/?email=ann@example.com", host=HARBOUR)
    processes.wait_until(
        lambda: asked.headers["X-Request-ID"] in service.programs["web"].log.read_text(), 5
    )
    # when
    written = {
        name: [json.loads(line) for line in program.lines()]
        for name, program in service.programs.items()
    }
    # then
    for name, lines in written.items():
        assert lines, f"{name} wrote nothing"
        for line in lines:
            assert {"at", "level", "logger", "event"} <= line.keys()
    (served,) = [
        line for line in written["web"] if line.get("request") == asked.headers["X-Request-ID"]
    ]
    assert served["event"] == "request_served"
    of_task = next(line for line in written["worker"] if line["event"] == "due_work_failed")
    assert of_task["kind"] == "stores.read_push"
    assert {"agency", "task", "work_id"} <= of_task.keys()
    assert of_task["error"].startswith("ValueError: badly formed hexadecimal UUID string")
    everything = json.dumps(written)
    for secret in ("SecretOfAnInvitation", "ann@example.com", METRICS_TOKEN, "ahr_live_1234"):
        assert secret not in everything


def test_requests_of_all_processes_are_added_up(service: Service) -> None:
    service.get("/healthz")

    told = service.get("/metrics", host="nobody.example", Authorization=f"Bearer {METRICS_TOKEN}")

    counted = [
        line
        for line in told.body.decode().splitlines()
        if line.startswith('storewarden_requests_total{method="GET",route="healthz"')
    ]
    assert len(counted) == 1
    assert float(counted[0].rpartition(" ")[2]) >= 1


def test_the_end_of_a_worker_is_a_log_line_too(service: Service) -> None:
    worker = service.programs["worker"]

    worker.process.terminate()
    worker.process.wait(20)

    assert "worker: Warm shutdown (MainProcess)" in [
        json.loads(line)["event"] for line in worker.lines()
    ]
