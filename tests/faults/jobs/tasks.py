"""Kinds of work with an effect that nothing but the delivery keeps from being doubled.

Each writes a row into ``fault_effect``, which has no unique constraint.
"""

import os
import signal
import time
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from tenants import due, scope
from tenants.due import Work
from tenants.models import Agency
from tenants.tasks import due_task
from tests.faults.jobs.kinds import BEAT, POISON, STEPS, WHOLE

TABLE: Final = (
    "CREATE TABLE {}.fault_effect (job text NOT NULL, due_at timestamptz NOT NULL,"
    " at timestamptz NOT NULL DEFAULT clock_timestamp())"
)
_SECONDS: Final = 0.01  # long enough for kills to meet work half done
_BEAT: Final = timedelta(seconds=1)


def _leave_effect(job: str, due_at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO fault_effect (job, due_at) VALUES (%s, %s)", [job, due_at])


@due_task(WHOLE, seconds=5)
def do_whole(_agency: Agency, work: Work) -> None:
    _leave_effect(work.subject, work.due_at)
    time.sleep(_SECONDS)


@due_task(STEPS, queue="sync", transactional=False, seconds=5)
def do_in_steps(agency: Agency, work: Work) -> None:
    time.sleep(_SECONDS)  # as if it called a marketplace
    with scope.agency(agency):
        _leave_effect(work.subject, work.due_at)
        work.finish()


@due_task(BEAT, seconds=5)
def beat(_agency: Agency, work: Work) -> None:
    """Do period n of a subject and ask for the next; ``subject`` ends in the last one's number."""
    _leave_effect(f"{work.subject}:{work.period}", work.due_at)
    number, last = int(work.period), int(work.subject.rpartition("-")[2])
    if number < last:
        due.add(kind=BEAT, subject=work.subject, period=str(number + 1), at=work.due_at + _BEAT)


@due_task(POISON, seconds=5)
def die(_agency: Agency, _work: Work) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
