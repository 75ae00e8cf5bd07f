"""The work that makes an agency's schema and tells the other rooms."""

import logging

from tenants import schemas, scope, signals
from tenants.due import Work
from tenants.models import Agency
from tenants.tasks import due_task

logger = logging.getLogger(__name__)


@due_task("tenants.provision", queue="provision", transactional=False)
def provision(agency: Agency, work: Work) -> None:
    """Make the schema, fill it with what every agency starts with, and open the doors."""
    if agency.state != Agency.State.PROVISIONING:  # its rows would go with the schema that stands
        work.finish()
        return
    schemas.make(agency, at=work.at)
    with scope.agency(agency):
        signals.agency_ready.send(sender=Agency, agency=agency, at=work.at)
        Agency.objects.filter(pk=agency.pk).update(state=Agency.State.READY)
        work.finish()
    logger.info("agency_ready", extra={"agency_id": str(agency.pk)})
