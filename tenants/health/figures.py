"""What the database knows of how the service is doing, in a fixed number of queries.

Asked outside any agency's scope, of public tables only; no figure tells one agency from another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from tenants import due, scope
from tenants.models import Agency
from tenants.selectors import work

LATE_SYNC: Final = timedelta(hours=2)
_STATEMENT_TIMEOUT: Final = "2000"  # ms: whoever looks must not hold up who works

_SYNCS = """
SELECT count(*), count(*) FILTER (WHERE synced_at IS NULL),
  count(*) FILTER (WHERE synced_at < %(late)s), min(synced_at)
FROM tenants_storeroute JOIN tenants_agency ON tenants_agency.id = agency_id
WHERE is_live AND state = %(ready)s
"""
_AGENCIES = "SELECT state, count(*) FROM tenants_agency GROUP BY 1"
_EVENTS = """
SELECT channel, count(*), min(received_at) FROM tenants_inboundevent
WHERE handled_at IS NULL GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits, and for how many seconds the oldest has."""

    count: int
    oldest: float


_NOTHING: Final = Waiting(0, 0.0)


@dataclass(frozen=True, slots=True)
class Syncs:
    """The stores with a live connection, of agencies that are ready; ages in seconds."""

    live: int
    never: int
    late: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Figures:
    # By queue. Waiting: due, and not yet claimed. Outbox: claimed and on the queue, not yet done;
    # its age is how long ago the oldest was due.
    waiting: dict[str, Waiting]
    outbox: dict[str, Waiting]
    quarantined: dict[str, int]  # by kind
    syncs: Syncs
    agencies: dict[str, int]  # by state
    events: dict[str, Waiting]  # by channel; "mail" is always there


def figures(*, at: datetime) -> Figures:
    """Return everything as of ``at``.

    Raises:
        DatabaseError: if the database is away, or takes longer than two seconds for a query.
    """
    values: dict[str, datetime | str] = {
        "now": at,
        "late": at - LATE_SYNC,
        "ready": Agency.State.READY,
    }
    with scope.public(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [_STATEMENT_TIMEOUT])

        def ask(question: str) -> Sequence[tuple[Any, ...]]:
            cursor.execute(question, values)
            return list(cursor.fetchall())

        waiting, sent, quarantined = work.waiting(at=at), work.sent(at=at), work.quarantined()
        ((live, never, late, oldest),) = ask(_SYNCS)
        agencies, events = dict(ask(_AGENCIES)), ask(_EVENTS)
    return Figures(
        waiting=_by_queue(waiting, at),
        outbox=_by_queue(sent, at),
        quarantined=quarantined,
        syncs=Syncs(live, never, late, _age(oldest, at)),
        agencies={state: agencies.get(state, 0) for state in Agency.State.values},
        events={"mail": _NOTHING}
        | {channel: Waiting(count, _age(since, at)) for channel, count, since in events},
    )


def _by_queue(found: Sequence[work.Waiting], at: datetime) -> dict[str, Waiting]:
    queues = dict.fromkeys(sorted({kind.queue for kind in due.kinds().values()}), _NOTHING)
    for each in found:
        before = queues.get(each.queue, _NOTHING)
        age = max(before.oldest, _age(each.oldest_due_at, at))
        queues[each.queue] = Waiting(before.count + each.count, age)
    return queues


def _age(since: datetime | None, at: datetime) -> float:
    return max(0.0, (at - since).total_seconds()) if since else 0.0
