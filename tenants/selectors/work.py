"""Due work as its watchers see it: what waits, since when, and what was set aside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet

from tenants import due
from tenants.models import Agency, DueWork

# Work that an agency's state holds back (suspended, not ready yet) waits rightly and is not late.
_LATE = """
FROM tenants_duework work
WHERE done_at IS NULL AND quarantined_at IS NULL AND due_at <= %(now)s
  AND (claimed_until IS NULL OR claimed_until <= %(now)s)
  AND EXISTS (SELECT FROM tenants_agency agency WHERE agency.id = work.agency_id
    AND (agency.state = %(ready)s OR (work.kind, agency.state) IN
      (SELECT * FROM unnest(%(kinds)s::text[], %(states)s::text[]))))
"""
_WAITING: Final = f"SELECT kind, count(*), min(due_at) {_LATE} GROUP BY kind ORDER BY min(due_at)"
_OLDEST: Final = f"SELECT due_at {_LATE} ORDER BY due_at LIMIT 1"


_SENT: Final = """
SELECT kind, count(*), min(due_at) FROM tenants_duework
WHERE done_at IS NULL AND quarantined_at IS NULL AND claimed_until > %(now)s
GROUP BY kind ORDER BY min(due_at)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work of one kind that is not done yet: how much, and since when it is due."""

    kind: str
    queue: str  # "unknown" for a kind of a newer deploy
    count: int
    oldest_due_at: datetime


def waiting(*, at: datetime) -> list[Waiting]:
    """Return what is due at ``at`` and unclaimed, of all agencies, oldest first; one query."""
    return _by_kind(_WAITING, at)


def sent(*, at: datetime) -> list[Waiting]:
    """Return what is claimed at ``at``, on the queue or in a worker's hands; one query."""
    return _by_kind(_SENT, at)


def oldest_due_at(*, at: datetime) -> datetime | None:
    """Return since when the oldest row waits, however many wait."""
    found = _rows(_OLDEST, at)
    return found[0][0] if found else None


def quarantined() -> dict[str, int]:
    """Return how many rows of all agencies are set aside, by kind."""
    rows = DueWork.objects.exclude(quarantined_at=None).order_by("kind")
    return dict(rows.values_list("kind").annotate(Count("pk")))


def set_aside(agency_id: UUID) -> QuerySet[DueWork]:
    """Return the agency's rows that are set aside, the latest first."""
    rows = DueWork.objects.filter(agency_id=agency_id, quarantined_at__isnull=False)
    return rows.order_by("-quarantined_at", "-pk")


def _by_kind(statement: str, at: datetime) -> list[Waiting]:
    known = due.kinds()
    return [
        Waiting(kind, known[kind].queue if kind in known else "unknown", count, oldest)
        for kind, count, oldest in _rows(statement, at)
    ]


def _rows(statement: str, at: datetime) -> list[Any]:
    pairs = [
        (kind.name, state)
        for kind in due.kinds().values()
        for state in kind.states
        if state != Agency.State.READY
    ]
    values: dict[str, Any] = {
        "now": at,
        "ready": Agency.State.READY,
        "kinds": [name for name, _state in pairs],
        "states": [state for _name, state in pairs],
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
