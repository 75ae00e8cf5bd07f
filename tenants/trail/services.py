from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

from tenants.models import Membership
from tenants.trail.models import AuditEvent


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to one object; see ``record``."""

    action: str
    subject: Model
    store_id: UUID | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


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
    _event(Act(action, subject, store_id, changes or {}), by=by, at=at, via=via).save(
        force_insert=True
    )


def record_each(
    acts: Iterable[Act], *, by: Membership | None, at: datetime, via: str = "page"
) -> None:
    """Write an audit row for each of ``acts``, in one statement."""
    AuditEvent.objects.bulk_create(_event(act, by=by, at=at, via=via) for act in acts)


def _event(act: Act, *, by: Membership | None, at: datetime, via: str) -> AuditEvent:
    return AuditEvent(
        at=at,
        member=by,
        via=via,
        action=act.action,
        object_type=act.subject._meta.label_lower,  # noqa: SLF001 - Django's public name for a model
        object_id=act.subject.pk,
        object_name=str(act.subject)[:200],
        store_id=act.store_id,
        changes=dict(act.changes),
    )
