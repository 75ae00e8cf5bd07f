"""Takes due work from the database to the queue, until stopped. Several may run side by side."""

import logging
import random
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType
from typing import Final

import django.db
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tenants import due
from tenants.dispatcher import broker, claims
from tenants.dispatcher.broker import Broker
from tenants.dispatcher.claims import Turns
from tenants.dispatcher.watch import Watch
from tenants.due import Kind
from tenants.tasks import fresh_connections

logger = logging.getLogger(__name__)

PAUSE: Final = 0.25  # seconds between looks where nothing was found
MOST_FAULTS: Final = 20  # of the database, one after another: about 80 s
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0  # seconds after a fault


class GaveUp(Exception):
    """The database has failed so often that a new process may fare better."""


@dataclass(slots=True)
class Dispatcher:
    """Claims what is ready and sends it; keeps whose turn it is."""

    broker: Broker = field(default_factory=Broker)
    turns: Turns = field(default_factory=Turns)
    _first: int = 0  # which kind of the ready ones is served first, in turns too

    def tick(self, *, at: datetime) -> bool:
        """Claim and send once; return whether there is more to do at once.

        No more is claimed than the queues have room for: what waits in a queue is beyond turns
        and urgency. The queues are asked first, so that nothing is claimed while they are away.

        Raises:
            Away: if the queue cannot be reached; what was not sent has been released.
        """
        rooms = self._rooms()
        claims.promote(at=at)
        has_more = False
        for kind in self._order(claims.ready_kinds()):
            room = rooms[kind.queue] - (0 if not kind.bulk else _windows()[kind.queue])
            most = min(room, claims.BATCH)
            if most <= 0:
                continue
            claimed = claims.claim_kind(kind, at=at, most=most, turns=self.turns)
            try:
                self.broker.send(claimed)
            except broker.Away as away:
                claims.release(away.unsent)
                raise
            rooms[kind.queue] -= len(claimed)
            has_more = has_more or bool(claimed)
        return has_more

    def _rooms(self) -> dict[str, int]:
        """Return how many messages each queue takes: bulk work leaves half to the rest."""
        windows = _windows()
        depths = self.broker.depths(windows)
        return {queue: 2 * window - depths[queue] for queue, window in windows.items()}

    def _order(self, ready: Sequence[Kind]) -> list[Kind]:
        """Return the kinds in the order of their claims: bulk last, the others in turns."""
        self._first += 1
        turned = [ready[(self._first + n) % len(ready)] for n in range(len(ready))]
        return sorted(turned, key=lambda kind: kind.bulk)


def _windows() -> dict[str, int]:
    """Return how many messages may wait on each queue: a moment's work for its workers."""
    slow = settings.DUE_SLOW_QUEUES
    usual = settings.DUE_WINDOW
    queues = {kind.queue for kind in due.kinds().values()}
    return {queue: max(1, usual // 5) if queue in slow else usual for queue in sorted(queues)}


@dataclass(slots=True)
class _Patience:
    """How long to wait after each fault in a row."""

    faults: int = 0

    def next_wait(self) -> float:
        self.faults += 1
        longest = min(_FIRST_WAIT * 2.0 ** min(self.faults - 1, 10), _LONGEST_WAIT)
        return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads, hides nothing

    def restore(self) -> None:
        self.faults = 0


class _Runner:
    """One dispatcher's life between faults."""

    def __init__(self) -> None:
        self.dispatcher, self.watch = Dispatcher(), Watch()
        self._database, self._queue = _Patience(), _Patience()

    def step(self, at: datetime, pause: float) -> float:
        """Do one turn and return how many seconds to wait before the next.

        Raises:
            GaveUp: if the database fails again and again.
        """
        try:
            fresh_connections()
            self.watch.look(at)
            has_more = self.dispatcher.tick(at=at)
        except django.db.Error as fault:
            return self._after_database(fault)
        except broker.Away as away:
            if not self._queue.faults:
                cause = type(away.__cause__).__name__
                logger.warning("dispatcher_queue_away", extra={"fault": cause})
            self._database.restore()
            return self._queue.next_wait()
        if self._queue.faults:
            logger.info("dispatcher_queue_back", extra={"faults": self._queue.faults})
        self._database.restore()
        self._queue.restore()
        return 0.0 if has_more else pause

    def _after_database(self, fault: django.db.Error) -> float:
        wait = self._database.next_wait()
        connection.close()
        if self._database.faults > MOST_FAULTS:
            logger.error("dispatcher_gave_up", exc_info=fault)
            raise GaveUp from fault
        logger.warning(
            "dispatcher_database_fault",
            extra={"fault": type(fault).__name__, "faults": self._database.faults},
        )
        return wait


def run_forever(*, pause: float = PAUSE) -> None:
    """Dispatch until SIGTERM or SIGINT.

    A fault of the database costs a new connection, a fault of the queue is waited out.

    Raises:
        GaveUp: if the database fails again and again; whoever started the process starts another.
    """
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    runner = _Runner()
    logger.info("dispatcher_started")
    while not stopped.is_set():
        wait = runner.step(timezone.now(), pause)
        if wait:
            stopped.wait(wait)
    runner.dispatcher.broker.close()
    logger.info("dispatcher_stopped")
