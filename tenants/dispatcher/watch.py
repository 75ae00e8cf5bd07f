"""What the dispatcher looks at beside its claims: work that is late, and work done long ago."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection

from tenants.selectors import work

logger = logging.getLogger(__name__)

KEPT_FOR: Final = timedelta(days=30)
_PRUNED_AT_ONCE: Final = 2_000
_LOOKS_EVERY: Final = timedelta(seconds=10)
_TELLS_EVERY: Final = timedelta(minutes=1)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

_PRUNE = """
DELETE FROM tenants_duework WHERE id = ANY(ARRAY(
  SELECT id FROM tenants_duework WHERE done_at < %s
  ORDER BY done_at LIMIT %s FOR UPDATE SKIP LOCKED))
"""


@dataclass(slots=True)
class Watch:
    """Remembers when it last looked and told, so that it may be asked at each turn."""

    looked_at: datetime | None = None
    told_at: datetime = _LONG_AGO
    pruned_at: datetime = _LONG_AGO

    def look(self, at: datetime) -> None:
        """Raise the alarm where work is late, and remove what was done long ago, both by turns.

        The first time nothing is looked at: what waited for this very dispatcher is on its way.
        """
        if self.looked_at is None:
            self.looked_at = at
        if at - self.looked_at < _LOOKS_EVERY:
            return
        self.looked_at = at
        if at - self.told_at >= _TELLS_EVERY and tell_late(at=at):
            self.told_at = at
        if at - self.pruned_at >= _TELLS_EVERY:
            self.pruned_at = at
            prune(at=at)


def tell_late(*, at: datetime) -> bool:
    """Log each kind of work whose oldest row has waited for a worker too long; True if any has."""
    allowed = timedelta(seconds=settings.DUE_LATE_SECONDS)
    oldest = work.oldest_due_at(at=at)
    if oldest is None or at - oldest <= allowed:
        return False
    for waiting in work.waiting(at=at):
        age = at - waiting.oldest_due_at
        if age > allowed:
            logger.error(
                "due_work_late",
                extra={
                    "kind": waiting.kind,
                    "queue": waiting.queue,
                    "count": waiting.count,
                    "age_seconds": round(age.total_seconds()),
                },
            )
    return True


def prune(*, at: datetime) -> int:
    """Remove rows done over 30 days ago, some at a time; return how many.

    A row that is used again and again is done anew each time and stays.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PRUNE, [at - KEPT_FOR, _PRUNED_AT_ONCE])
        return int(cursor.rowcount)
