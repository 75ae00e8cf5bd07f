"""Work for later is a row, written in the transaction of the change that asks for it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from tenants import scope
from tenants.models import Agency, DueWork

# Asked for again while it waits: the earlier moment counts. Asked for again after it was done:
# it waits anew, unless it has a period, which is done once and for all.
_ADD = """
INSERT INTO public.tenants_duework AS work
  (agency_id, kind, subject, period, due_at, attempts, asked, last_error)
VALUES (%s, %s, %s, %s, %s, 0, 1, '')
ON CONFLICT (agency_id, kind, subject, period) DO UPDATE SET
  due_at = CASE WHEN work.done_at IS NULL AND NOT %s
    THEN LEAST(work.due_at, EXCLUDED.due_at) ELSE EXCLUDED.due_at END,
  asked = work.asked + 1,
  attempts = 0,
  done_at = NULL,
  quarantined_at = NULL
WHERE work.period = '' OR work.done_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of work is done, on which queue, and in which states of its agency."""

    name: str
    queue: str
    run: Callable[..., Any]
    transactional: bool
    states: Collection[str] = (Agency.State.READY,)


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make ``kind`` known; a task registers itself with ``tenants.tasks.due_task``."""
    assert kind.name not in _kinds, f"The kind {kind.name} is registered twice."
    _kinds[kind.name] = kind


def kind(name: str) -> Kind:
    return _kinds[name]


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
    assert kind in _kinds, f"Nothing does {kind}."
    agency_id = agency.pk if agency is not None else scope.current_id()
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [agency_id, kind, str(subject), period, at, instead])


@dataclass(slots=True)
class Work:
    """One claimed piece of work, in the hands of a task."""

    id: int
    subject: str
    period: str
    due_at: datetime
    asked: int
    at: datetime  # when the task began, as its clock said

    def finish(self, *, again_at: datetime | None = None) -> None:
        """Mark the row done, or waiting until ``again_at``, in the transaction of its effect.

        Raises:
            DoneAlready: if another run has done it; the transaction must be rolled back.
        """
        done = DueWork.objects.filter(pk=self.id, done_at=None)
        changes: dict[str, Any] = {"claimed_until": None, "attempts": 0, "last_error": ""}
        finished = {"done_at": self.at} if again_at is None else {"due_at": again_at}
        if done.filter(asked=self.asked).update(**changes, **finished):
            return
        # Asked for again meanwhile: it waits for the moment it was asked for.
        if not done.update(**changes):
            raise DoneAlready(self.id)


class DoneAlready(RuntimeError):
    """Another run of the same work was quicker; the effect of this one must not stay."""
