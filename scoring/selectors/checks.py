"""Points that were given back: how long the marketplace has to show them, and whose case it is."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from scoring.models import Restoration
from tenants import slots
from tenants.models import Membership

NOT_RESTORED: Final = "not_restored"  # the alert
NOT_RESTORED_AFTER: Final = timedelta(days=7)
CASES: Final = "violation.cases"  # the slot: {violation: {"state", "label", "href", "decided_at"}}


def is_overdue(check: Restoration, at: datetime) -> bool:
    """Tell whether an open check should have been answered by ``at``."""
    return check.state == Restoration.State.OPEN and at >= check.decided_at + NOT_RESTORED_AFTER


def cases_of(
    violation_ids: Collection[UUID], viewer: Membership | None
) -> Mapping[UUID, Mapping[str, Any]]:
    """Return what higher rooms tell of the violations' cases, as far as ``viewer`` sees them."""
    if viewer is None:
        return {}
    merged: dict[UUID, Mapping[str, Any]] = {}
    for column in slots.columns(CASES, viewer, list(violation_ids)).values():
        merged.update(column)
    return merged
