"""Claims due work from the database and puts its ids on the queue. Several may run."""

import logging
import signal
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from tenants import due
from tenants.health.counters import task_ended
from tenants.tasks import run_due

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=120)
MOST_ATTEMPTS: Final = 8
BATCH: Final = 100

_CLAIM = """
UPDATE tenants_duework SET claimed_until = %(until)s, attempts = attempts + 1
WHERE id IN (
  SELECT id FROM tenants_duework
  WHERE done_at IS NULL AND quarantined_at IS NULL AND due_at <= %(now)s
    AND (claimed_until IS NULL OR claimed_until <= %(now)s) AND attempts < %(most)s
  ORDER BY due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
RETURNING id, agency_id::text, kind
"""
_QUARANTINE = """
UPDATE tenants_duework SET quarantined_at = %(now)s
WHERE done_at IS NULL AND quarantined_at IS NULL AND attempts >= %(most)s
  AND (claimed_until IS NULL OR claimed_until <= %(now)s)
RETURNING id, kind
"""


@dataclass(frozen=True, slots=True)
class Claim:
    work_id: int
    agency_id: str
    kind: str


def claim(*, at: datetime, batch: int = BATCH) -> list[Claim]:
    """Lease up to ``batch`` due rows, oldest first; rows tried too often are set aside."""
    values: dict[str, datetime | int] = {
        "now": at,
        "until": at + LEASE,
        "most": MOST_ATTEMPTS,
        "batch": batch,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_QUARANTINE, values)
        for work_id, kind in cursor.fetchall():
            logger.error("due_work_quarantined", extra={"work_id": work_id, "kind": kind})
            task_ended(kind, "quarantined")
        cursor.execute(_CLAIM, values)
        return [Claim(*row) for row in cursor.fetchall()]


def dispatch(*, at: datetime) -> int:
    """Claim once and enqueue what was claimed; return the number."""
    claims = claim(at=at)
    for claimed in claims:
        run_due.apply_async(
            args=(claimed.agency_id, claimed.work_id),
            queue=due.kind(claimed.kind).queue,
            retry=False,
        )
    return len(claims)


def run_forever(*, pause: float = 0.5) -> None:
    """Dispatch until SIGTERM or SIGINT; a database or queue fault ends the process."""
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    logger.info("dispatcher_started")
    while not stopped.is_set():
        if dispatch(at=timezone.now()) < BATCH:
            stopped.wait(pause)
