"""Many sign-ups at once, worked on by several processes of which some are killed at any moment."""

import random
import selectors
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.db import connections

from checklist.models import Procedure
from tenants import schemas, scope, sweeping
from tenants.dispatcher import claims
from tenants.models import Agency
from tenants.selectors.preparing import PROVISION
from tenants.services import agencies
from tests import deploys, factories

Message = tuple[str, int]
_WORST = 300.0  # seconds until a run is given up


@dataclass
class Outcome:
    """What came of a run: the seconds each sign-up took, and until the last was ready."""

    seconds: list[float] = field(default_factory=list)
    drained_after: float = 0.0
    kills: int = 0


class Provisioner:
    """A process that makes agencies ready, one after the other."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.provisioner"],
            env=deploys.environment(),
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.message: Message | None = None
        self.is_ready = False

    def give(self, message: Message) -> None:
        assert self.process.stdin is not None
        self.message = message
        self.process.stdin.write(f"{message[0]} {message[1]}\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


def sign_up(count: int, *, at: datetime) -> list[Agency]:
    """Found ``count`` agencies, as many people would at the same moment."""
    return [
        agencies.found_agency(
            name=f"Sign-up {number}", slug=f"sign-up-{number}", owner=factories.make_user(), at=at
        ).agency
        for number in range(count)
    ]


def drain(*, processes: int, kills: int, seed: int) -> Outcome:
    """Do all sign-ups' work in ``processes``; kill a busy one ``kills`` times, at odd moments.

    The message of a killed process comes back, as the queue gives it back.
    """
    dice = random.Random(seed)  # noqa: S311 - a schedule, no secret
    outcome = Outcome()
    waiting = deque(_claim_all())
    moments = sorted(dice.uniform(0.05, 0.9) for _ in range(kills))
    due = deque(int(moment * len(waiting)) for moment in moments)
    workers = [Provisioner() for _ in range(processes)]
    began = time.monotonic()
    try:
        while waiting or any(worker.message for worker in workers):
            assert time.monotonic() - began < _WORST
            for worker in workers:
                if waiting and worker.is_ready and worker.message is None:
                    worker.give(waiting.popleft())
            if due and len(outcome.seconds) >= due[0]:
                busy = [worker for worker in workers if worker.message]
                if busy:
                    due.popleft()
                    time.sleep(dice.uniform(0, 0.25))
                    chosen = dice.choice(busy)
                    workers[workers.index(chosen)] = _kill(chosen, waiting)
            _hear(workers, outcome, began)
        outcome.kills = kills - len(due)
    finally:
        for worker in workers:
            worker.end()
    return outcome


def _kill(worker: Provisioner, waiting: deque[Message]) -> Provisioner:
    worker.end()
    if worker.message is not None:
        waiting.appendleft(worker.message)
    return Provisioner()


def _hear(workers: list[Provisioner], outcome: Outcome, began: float) -> None:
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            selector.register(worker.process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]
        for key, _events in selector.select(timeout=0.5):
            worker = key.data
            line = worker.process.stdout.readline().strip()
            assert line, "A process ended that nobody has killed."
            if line == "ready":
                worker.is_ready = True
            else:
                outcome.seconds.append(float(line))
                outcome.drained_after = time.monotonic() - began
                worker.message = None


def _claim_all() -> list[Message]:
    found = []
    while claimed := claims.claim(at=datetime.now(UTC)):
        found += [(c.agency_id, c.work_id) for c in claimed if c.kind == PROVISION]
    return found


def faults() -> list[str]:
    """Return what is wrong after a run: nothing, if each sign-up is ready once and whole."""
    _settle()
    found = sweeping.look(at=datetime.now(UTC) + sweeping.LOST_AFTER)
    wrong = [f"orphan schema {name}" for name in found.schemas]
    wrong += [f"orphan role {name}" for name in found.roles]
    wrong += [f"lost sign-up {agency.slug}" for agency in (*found.lost, *found.set_aside)]
    every = list(Agency.objects.all())
    wrong += [f"{a.slug} is {a.state}" for a in every if a.state != Agency.State.READY]
    drift = schemas.drift(every, at=datetime.now(UTC))
    wrong += [f"{agency.slug}: {line}" for agency, lines in drift.items() for line in lines]
    for agency in every:
        with scope.agency(agency):
            if Procedure.objects.count() != 2:
                wrong.append(f"{agency.slug} lacks what it starts with, or has it twice")
    return wrong


def _settle() -> None:
    """Wait until the sessions of killed processes have ended."""
    ends_at = time.monotonic() + 10
    with connections["owner"].cursor() as cursor:
        while time.monotonic() < ends_at:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND backend_type = 'client backend' AND state <> 'idle'"
            )
            if cursor.fetchone() == (0,):
                return
            time.sleep(0.1)
