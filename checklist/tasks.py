"""Due work of this room."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from checklist.services import rounds
from tenants.due import Work
from tenants.models import Agency
from tenants.tasks import due_task


@due_task(rounds.OPEN_ROUNDS, words=_("Open the rounds of a schedule"), seconds=30)
def open_rounds(agency: Agency, work: Work) -> datetime | None:  # noqa: ARG001 - a task's shape
    """Sweep one schedule: open what is due, close what is past, come again at the next instant."""
    return rounds.sweep(schedule_id=UUID(work.subject), at=work.at)
