"""Work for later is a row, written in the transaction of the change that asks for it."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID
from zlib import crc32

from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import Promise

from tenants import scope
from tenants.health.counters import task_ended
from tenants.models import Agency, DueWork

logger = logging.getLogger(__name__)

MOST_ATTEMPTS: Final = 8  # tries that failed; then a row is set aside
MOST_STARTS: Final = 3  # runs that took their process with them; then a row is set aside
ENDED_ITS_PROCESS: Final = "ProcessEnded"  # what stands as ``last_error`` beside classes' names
AGENCY_MAY_NOT: Final = "AgencyMayNotWork"
_FIRST_RETRY: Final = timedelta(seconds=5)
_MOST_DOUBLINGS: Final = 8

# Asked for again while it waits: the earlier moment counts. Asked for again after it was done or
# set aside: it waits anew, unless it has a period, which is done once and for all. What it has
# failed so far counts on while it waits, else work that is asked for all the time is never set
# aside.
_ADD = """
INSERT INTO public.tenants_duework AS work
  (agency_id, kind, subject, period, due_at, attempts, asked, last_error)
SELECT %s, %s, subject, %s, %s, 0, 1, '' FROM unnest(%s::text[]) AS subject
ON CONFLICT (agency_id, kind, subject, period) DO UPDATE SET
  due_at = CASE WHEN work.done_at IS NULL AND NOT %s
    THEN LEAST(work.due_at, EXCLUDED.due_at) ELSE EXCLUDED.due_at END,
  asked = work.asked + 1,
  ready = false,
  attempts = CASE WHEN work.quarantined_at IS NULL THEN work.attempts ELSE 0 END,
  started = CASE WHEN work.quarantined_at IS NULL THEN work.started ELSE 0 END,
  done_at = NULL,
  quarantined_at = NULL
WHERE work.period = '' OR work.done_at IS NULL
"""


# (member, subjects) -> what those subjects are called that she may see, in one query
Names = Callable[[Any, Collection[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of work is done, and on which queue.

    ``words`` say to members what is done, ``names`` to what.
    ``seconds`` is how long one run may take; it is ended soon after. ``bulk`` work lets other
    work of its queue go first. ``states`` are those of an agency in which it is done; in any
    other it waits.
    """

    name: str
    queue: str
    run: Callable[..., Any]
    transactional: bool
    words: Promise | str = ""
    names: Names | None = None
    seconds: int = 10
    bulk: bool = False
    states: Collection[str] = (Agency.State.READY,)

    @property
    def hard_limit(self) -> int:
        """After so many seconds the run's process is killed."""
        return self.seconds + 3

    @property
    def lease(self) -> timedelta:
        """How long a run that has started is left alone: no other begins while it may go on."""
        return timedelta(seconds=self.hard_limit + 3)


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make ``kind`` known; a task registers itself with ``tenants.tasks.due_task``."""
    assert kind.name not in _kinds, f"The kind {kind.name} is registered twice."
    _kinds[kind.name] = kind


def kind(name: str) -> Kind:
    return _kinds[name]


def kinds() -> Mapping[str, Kind]:
    """Return every kind of work that this code can do, by name."""
    return MappingProxyType(_kinds)


def add(
    *,
    kind: str,
    at: datetime,
    subject: str | UUID = "",
    period: str = "",
    agency: Agency | None = None,
    instead: bool = False,
) -> None:
    """Ask for ``kind`` to be done at ``at``, for the agency in scope or ``agency``.

    Where the same work waits already the earlier moment counts, or with ``instead`` this one.
    """
    _add(kind, [subject], at, period=period, agency=agency, instead=instead)


def add_each(
    *, kind: str, at: datetime, subjects: Collection[str | UUID], instead: bool = False
) -> None:
    """Ask for ``kind`` to be done at ``at`` for each of ``subjects``, in one statement."""
    if subjects:
        _add(kind, subjects, at, instead=instead)


def _add(
    kind: str,
    subjects: Collection[str | UUID],
    at: datetime,
    *,
    period: str = "",
    agency: Agency | None = None,
    instead: bool = False,
) -> None:
    assert kind in _kinds, f"Nothing does {kind}."
    agency_id = agency.pk if agency is not None else scope.current_id()
    # One statement may touch a row once; the same order everywhere lets two never wait in a ring.
    named = sorted({str(subject) for subject in subjects})
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [agency_id, kind, period, at, named, instead])


@dataclass(slots=True)
class Work:
    """One claimed piece of work, in the hands of a task.

    ``fence`` is (claims, started) as this run began: where the row has others, a later run has
    taken over and what this one writes about its end is void.
    """

    id: int
    subject: str
    period: str
    due_at: datetime
    asked: int
    at: datetime  # when the task began, as its clock said
    fence: tuple[int, int] | None = None
    attempts: int = 0

    def finish(self, *, again_at: datetime | None = None) -> None:
        """Mark the row done, or waiting until ``again_at``, in the transaction of its effect.

        Raises:
            DoneAlready: if another run has done it or taken over; the transaction must be rolled
                back.
        """
        mine = self._mine()
        changes: dict[str, Any] = {**_UNCLAIMED, **_WENT_WELL}
        finished = {"done_at": self.at} if again_at is None else {"due_at": again_at}
        if mine.filter(asked=self.asked).update(**changes, **finished):
            return
        # Asked for again meanwhile: it waits for the moment it was asked for.
        if not mine.update(**changes):
            raise DoneAlready(self.id)

    def fail(self, error: str, *, at: datetime) -> bool:
        """Let the row be tried again later; return whether it was set aside instead.

        ``error`` names what went wrong by its class: its text may carry a marketplace's words.
        """
        attempts = self.attempts + 1
        changes: dict[str, Any] = {**_UNCLAIMED, "attempts": attempts, "last_error": error}
        is_last = attempts >= MOST_ATTEMPTS
        then = {"quarantined_at": at} if is_last else {"due_at": at + backoff(self.id, attempts)}
        was_mine = self._mine().filter(quarantined_at=None).update(**changes, **then)
        return is_last and bool(was_mine)

    def give_back(self, *, at: datetime | None = None, error: str = "") -> None:
        """Let the row be claimed again, at ``at`` where given; this run counts for nothing."""
        changes: dict[str, Any] = dict(_UNCLAIMED)
        if at is not None:
            changes["due_at"] = at
        if error:
            changes["last_error"] = error
        self._mine().filter(quarantined_at=None).update(**changes)

    def _mine(self) -> QuerySet[DueWork]:
        mine = DueWork.objects.filter(pk=self.id, done_at=None)
        if self.fence is None:
            return mine
        claims, started = self.fence
        return mine.filter(claims=claims, started=started)


_UNCLAIMED: Final = MappingProxyType({"claimed_until": None, "ready": False, "started": 0})
_WENT_WELL: Final = MappingProxyType({"attempts": 0, "last_error": "", "quarantined_at": None})


def backoff(work_id: int, attempts: int) -> timedelta:
    """Return how long to wait after the ``attempts``-th failure: 5 s doubling to 21 min, ± 25 %.

    The spread comes from the row, so that what failed together is not tried together.
    """
    spread = 0.75 + crc32(f"{work_id}:{attempts}".encode()) / 2**33
    doublings = min(attempts - 1, _MOST_DOUBLINGS)
    return _FIRST_RETRY * (2.0**doublings * spread)


def log_quarantine(work_id: int, kind: str, reason: str) -> None:
    """Say that a row was set aside: it needs a person."""
    logger.error("due_work_quarantined", extra={"work_id": work_id, "kind": kind, "reason": reason})
    task_ended(kind, "quarantined")


class DoneAlready(RuntimeError):
    """Another run of the same work was quicker; the effect of this one must not stay."""
