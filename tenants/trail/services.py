from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

from tenants.models import Membership
from tenants.trail.models import AuditEvent


def record(
    *,
    action: str,
    by: Membership | None,
    subject: Model,
    at: datetime,
    store_id: UUID | None = None,
    changes: dict[str, Any] | None = None,
    via: str = "page",
) -> None:
    """Write one audit row for a change, in the transaction of the change.

    ``action`` reads ``noun.verb_past`` ("violation.recorded"); ``changes`` holds JSON values,
    never a secret or a buyer's data.
    """
    AuditEvent.objects.create(
        at=at,
        member=by,
        via=via,
        action=action,
        object_type=subject._meta.label_lower,  # noqa: SLF001 - Django's public name for a model
        object_id=subject.pk,
        object_name=str(subject)[:200],
        store_id=store_id,
        changes=changes or {},
    )
