"""How the preparing of a new agency goes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tenants.models import DueWork

PROVISION: Final = "tenants.provision"
"""The kind of work that makes an agency's schema."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A try has failed: it is tried again at ``again_at``, unless it was set aside."""

    again_at: datetime
    is_set_aside: bool


def preparing_trouble(agency_id: UUID) -> Trouble | None:
    """Return what is wrong with an agency's preparing; None where no try has failed."""
    work = (
        DueWork.objects.filter(agency_id=agency_id, kind=PROVISION, done_at=None)
        .exclude(last_error="", quarantined_at=None)
        .first()
    )
    return Trouble(work.due_at, work.quarantined_at is not None) if work else None
