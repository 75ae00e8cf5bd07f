"""Due work of this room."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from appeals.models import Attempt
from appeals.services import outcomes, windows
from tenants.due import Work
from tenants.models import Agency
from tenants.tasks import due_task


@due_task(windows.LAPSE, words=_("Let an appeal lapse when its window closes"))
def lapse(_agency: Agency, work: Work) -> datetime | None:
    """Let an attempt lapse when its window closes; a moved window is waited for."""
    attempt = _attempt(work)
    return windows.lapse_attempt(attempt=attempt, at=work.at) if attempt else None


@due_task(windows.REMIND, words=_("Warn before an appeal's window closes"))
def remind(_agency: Agency, work: Work) -> None:
    """Raise the alert about a window that closes within 48 hours."""
    attempt = _attempt(work)
    if attempt is not None:
        windows.settle_alert(store=attempt.appeal.store, at=work.at)


@due_task(outcomes.CHECK_POINTS, words=_("Look whether points came back"))
def check_points(_agency: Agency, work: Work) -> datetime | None:
    """Look whether the points of a granted appeal are back at the marketplace."""
    attempt = _attempt(work)
    return outcomes.check_points(attempt=attempt, at=work.at) if attempt else None


def _attempt(work: Work) -> Attempt | None:
    # One that was taken back with its notice is gone, and so is its work.
    return (
        Attempt.objects.select_related("appeal__store", "appeal__violation", "appeal__enforcement")
        .filter(pk=work.subject)
        .first()
    )
