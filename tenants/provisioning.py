"""Makes an agency's schema, fills it with what every agency starts with, and opens its doors."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connections
from django.utils.translation import gettext_lazy as _

from tenants import schemas, scope, signals
from tenants.due import Work
from tenants.models import Agency
from tenants.tasks import due_task

logger = logging.getLogger(__name__)


def provision(agency: Agency, *, at: datetime) -> bool:
    """Make ``agency`` ready, unless it is already; return whether this call did.

    Its schema is made anew, so only an agency that still waits for one is touched, and by one
    process at a time: what a ready agency holds is never dropped.
    """
    with _alone(agency):
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
    "tenants.provision",
    words=_("Prepare the agency"),
    queue="provision",
    transactional=False,
    seconds=60,
    states=(Agency.State.PROVISIONING, Agency.State.READY),
)
def provision_when_due(agency: Agency, work: Work) -> None:
    provision(agency, at=work.at)
    work.finish()


@contextmanager
def _alone(agency: Agency) -> Iterator[None]:
    """Hold the agency's lock; a second process waits until the first has made the schema."""
    number = agency.pk.int % 2**63  # random bits; a lock's name is a signed 64-bit number
    with connections[schemas.OWNER].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [number])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
