"""Work for many agencies through real workers, with messages among it that ask for what is not."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

from celery import Celery
from django.conf import settings
from django.db import connections
from django.utils import timezone
from psycopg import sql

from config import celery
from config.launcher import processes
from config.launcher.servers import ValkeyServer
from tenants import due, fence
from tenants.models import Agency, DueWork
from tests import factories
from tests.tenants.probes import placing

TASK: Final = "tenants.run_due"
_PATIENCE: Final = 240.0  # seconds; the machine may be busy
_PROCESSES: Final = 2


@dataclass(frozen=True)
class Crowd:
    """Agencies that work, and some that may not."""

    ready: Sequence[Agency]
    suspended: Agency
    waiting: Agency
    deleted: Agency


def make_crowd(count: int) -> Crowd:
    ready = list(Agency.objects.order_by("slug"))
    ready += [factories.make_agency(slug=f"worker-{n}") for n in range(len(ready), count)]
    suspended = factories.make_agency(slug="suspended")
    Agency.objects.filter(pk=suspended.pk).update(state=Agency.State.SUSPENDED)
    waiting, deleted = (
        Agency.objects.create(
            name=name, slug=name, schema_name=f"a_{name}", created_at=factories.NOW
        )
        for name in ("waiting", "deleted")
    )
    return Crowd(ready, suspended, waiting, deleted)


# Messages


def _row(agency: Agency, subject: str, kind: str = placing.WHOLE) -> int:
    """Return a row that waits, claimed as by a dispatcher that is about to enqueue it."""
    at = timezone.now()
    due.add(kind=kind, subject=subject, at=at, agency=agency)
    row = DueWork.objects.get(agency=agency, subject=subject)
    DueWork.objects.filter(pk=row.pk).update(claimed_until=at + timedelta(minutes=10))
    return row.pk


def _of_a_deleted_agency(crowd: Crowd, subject: str) -> list[Any]:
    message = [str(crowd.deleted.pk), _row(crowd.deleted, subject)]
    DueWork.objects.filter(agency=crowd.deleted).delete()
    return message


# What is asked for that must not be done, as the message that asks for it.
BAD: Final[Mapping[str, Callable[[Crowd, str], list[Any]]]] = MappingProxyType(
    {
        "no agency": lambda crowd, name: [None, _row(crowd.ready[0], name)],
        "an empty agency": lambda crowd, name: ["", _row(crowd.ready[0], name)],
        "a host for an agency": lambda crowd, name: [
            crowd.ready[0].slug,
            _row(crowd.ready[0], name),
        ],
        "a schema for an agency": lambda crowd, name: [
            crowd.ready[0].schema_name,
            _row(crowd.ready[0], name),
        ],
        "an unknown agency": lambda crowd, name: [str(uuid4()), _row(crowd.ready[0], name)],
        "another agency": lambda crowd, name: [str(crowd.ready[1].pk), _row(crowd.ready[0], name)],
        "no work": lambda crowd, _: [str(crowd.ready[0].pk), None],
        "a word for work": lambda crowd, _: [str(crowd.ready[0].pk), "all"],
        "unknown work": lambda crowd, _: [str(crowd.ready[0].pk), 2**40],
        "a list for both": lambda crowd, name: [
            [str(crowd.ready[0].pk)],
            [_row(crowd.ready[0], name)],
        ],
        "a suspended agency": lambda crowd, name: [
            str(crowd.suspended.pk),
            _row(crowd.suspended, name),
        ],
        "an agency that waits for its schema": lambda crowd, name: [
            str(crowd.waiting.pk),
            _row(crowd.waiting, name),
        ],
        "a deleted agency": _of_a_deleted_agency,
    }
)


# The workers


@contextmanager
def workers(folder: Path) -> Iterator[tuple[Celery, Path]]:
    """Run a queue and two worker processes beside it; yield a sender, and the workers' log."""
    log = folder / "worker.log"
    with (
        ValkeyServer(folder / "valkey") as queue,
        log.open("wb") as output,
        Celery("sender", set_as_current=False) as sender,
    ):
        sender.conf.update(celery.configuration() | {"broker_url": queue.url})
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "--quiet", "--app", "config.celery", "worker"),
                *("--pool", "prefork", "--concurrency", str(_PROCESSES), "--queues", "default"),
                *("--include", placing.__name__, "--without-gossip", "--without-mingle"),
            ],
            cwd=settings.BASE_DIR,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "REDIS_URL": queue.url,
                "CELERY_SKIP_CHECKS": "1",
                "LOG_LEVEL": "INFO",
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield sender, log
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


# One run of many jobs


@dataclass
class Outcome:
    """What came of the jobs; ``wrong`` names each that was not done once, in its own place."""

    wrong: list[str] = field(default_factory=list)
    right: int = 0
    done_though_bad: list[str] = field(default_factory=list)
    refused: int = 0
    processes: int = field(default=0, compare=False)  # that did the work, one after another


def run(crowd: Crowd, folder: Path, *, good: int, bad: int) -> Outcome:
    """Send good and bad messages, mixed, and tell what the workers made of them."""
    placing.register()
    owners = {f"job {n}": crowd.ready[n % len(crowd.ready)] for n in range(good)}
    kinds = placing.KINDS
    messages = [
        [str(agency.pk), _row(agency, name, kinds[n // len(crowd.ready) % 2])]
        for n, (name, agency) in enumerate(owners.items())
    ]
    step = max(1, good // bad)
    for n, make in zip(range(bad), cycle(BAD.values()), strict=False):
        messages.insert(n * (step + 1), make(crowd, f"bad {n}"))
    Agency.objects.filter(pk=crowd.deleted.pk).delete()
    with workers(folder) as (sender, log):
        for message in messages:
            sender.send_task(TASK, message, queue="default")
        processes.wait_until(lambda: _settled(good, bad, log), _PATIENCE)
        refused = _refusals(log)
    return _judge(owners, crowd, refused)


def _settled(good: int, bad: int, log: Path) -> bool:
    done = DueWork.objects.filter(subject__startswith="job ").exclude(done_at=None).count()
    return done >= good and _refusals(log) >= bad


def _refusals(log: Path) -> int:
    """Return how many messages the workers have refused, as their log says."""
    found = 0
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            found += json.loads(line)["event"] == "due_work_refused"
    return found


@dataclass(frozen=True)
class Note:
    """A row that a job wrote: in which schema it stands, and what stood in it."""

    schema: str
    place: str
    process: str


def _notes(agencies: Iterable[Agency]) -> dict[str, list[Note]]:
    """Return the jobs' rows by name, from all schemas, as the owner sees them."""
    found: dict[str, list[Note]] = {}
    with connections["owner"].cursor() as cursor:
        for agency in agencies:
            schema = sql.Identifier(agency.schema_name)
            cursor.execute(sql.SQL("SELECT name, contact FROM {}.stores_client").format(schema))
            for name, contact in cursor.fetchall():
                place, _space, process = contact.rpartition(" ")
                found.setdefault(name, []).append(Note(agency.schema_name, place, process))
    return found


def _judge(owners: Mapping[str, Agency], crowd: Crowd, refused: int) -> Outcome:
    outcome, notes = Outcome(refused=refused), _notes([*crowd.ready, crowd.suspended])
    outcome.processes = len({note.process for each in notes.values() for note in each})
    for name, agency in owners.items():
        role = fence.role_of(agency.schema_name)
        expected = (agency.schema_name, f"{agency.schema_name} {role} {agency.pk}")
        found = [(note.schema, note.place) for note in notes.pop(name, [])]
        if found == [expected]:
            outcome.right += 1
        else:
            outcome.wrong.append(f"{name}: {found}, not {expected}")
    closed = DueWork.objects.filter(subject__startswith="bad ").exclude(done_at=None)
    outcome.done_though_bad = sorted({*notes, *closed.values_list("subject", flat=True)})
    return outcome
