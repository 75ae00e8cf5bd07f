"""When the marketplace has had its time to show points that were given back."""

from datetime import datetime, timedelta
from typing import Final

from scoring.models import Restoration

NOT_RESTORED: Final = "not_restored"  # the alert
NOT_RESTORED_AFTER: Final = timedelta(days=7)


def is_overdue(check: Restoration, at: datetime) -> bool:
    """Tell whether an open check should have been answered by ``at``."""
    return check.state == Restoration.State.OPEN and at >= check.decided_at + NOT_RESTORED_AFTER
