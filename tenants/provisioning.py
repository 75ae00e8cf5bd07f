"""Makes an agency's schema, fills it with what every agency starts with, and opens its doors."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from tenants import schemas, scope, signals, sweeping
from tenants.due import Work
from tenants.models import Agency
from tenants.selectors.preparing import PROVISION
from tenants.services import agencies
from tenants.tasks import due_task

logger = logging.getLogger(__name__)

_LONGEST_WAIT: Final = 15.0  # seconds; making a schema takes far less
_PAUSE: Final = 0.1


class Busy(RuntimeError):
    """Another process is making or removing the same agency's schema, and takes long."""


def provision(agency: Agency, *, at: datetime) -> bool:
    """Make ``agency`` ready, unless it is already; return whether this call did.

    Its schema is made anew, so only an agency that still waits for one is touched, and by one
    process at a time: what a ready agency holds is never dropped. A run that is killed leaves
    either nothing or a whole schema that the next run makes anew.
    """
    with alone(agency):
        waiting = Agency.objects.filter(pk=agency.pk, state=Agency.State.PROVISIONING)
        if not waiting.exists():
            agency.refresh_from_db()
            return False
        schemas.make(agency, at=at)
        with scope.agency(agency):
            signals.agency_ready.send(sender=Agency, agency=agency, at=at)
            with scope.public():  # its state is not an agency's own affair
                waiting.update(state=Agency.State.READY)
    agency.refresh_from_db()
    logger.info("agency_ready", extra={"agency_id": str(agency.pk)})
    return True


@due_task(
    PROVISION,
    words=_("Prepare the agency"),
    queue="provision",
    transactional=False,
    seconds=60,
    states=(Agency.State.PROVISIONING, Agency.State.READY),
)
def provision_when_due(agency: Agency, work: Work) -> None:
    provision(agency, at=work.at)
    work.finish()


@due_task(
    agencies.SWEEP,
    words=_("Look for what a fault left behind"),
    queue="provision",
    transactional=False,
    seconds=60,
    states=tuple(Agency.State),
)
def sweep_when_due(agency: Agency, work: Work) -> None:  # noqa: ARG001 - it is nobody's own
    """Look some time after each sign-up and deletion for what a fault may have left behind."""
    sweeping.sweep(at=work.at)
    work.finish()


@contextmanager
def alone(agency: Agency) -> Iterator[None]:
    """Hold the agency's lock, so that one process at a time makes or removes its schema.

    The lock belongs to the session: it goes with a process that dies.

    Raises:
        Busy: if another process holds it for 15 s.
    """
    number = agency.pk.int % 2**63  # random bits; a lock's name is a signed 64-bit number
    connection = schemas.owner()
    with connection.cursor() as cursor:
        ends_at = time.monotonic() + _LONGEST_WAIT
        while True:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
            if cursor.fetchone()[0]:
                break
            if time.monotonic() > ends_at:
                raise Busy(str(agency.pk))
            time.sleep(_PAUSE)
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
        except DatabaseError:
            connection.close()  # the session is gone, or goes now, and the lock with it
