"""The windows of attempts: watched by due work, warned of, closed."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from appeals.alert_kinds import WINDOW_CLOSES
from appeals.models import Appeal, Attempt
from appeals.models.cases import UNFILED
from stores.models import Store
from stores.services import alerts
from tenants import due
from tenants.trail.services import record

WARNED_AHEAD: Final = timedelta(hours=48)
LAPSE: Final = "appeals.lapse"
REMIND: Final = "appeals.remind"


def watch(*, attempt: Attempt, at: datetime) -> None:
    """Ask to be called before the attempt's window closes, and when it does."""
    if attempt.file_by is None:
        return
    due.add(kind=LAPSE, subject=attempt.pk, at=attempt.file_by, instead=True)
    warned_at = max(at, attempt.file_by - WARNED_AHEAD)
    due.add(kind=REMIND, subject=attempt.pk, at=warned_at, instead=True)
    settle_alert(store=attempt.appeal.store, at=at)


def settle_alert(*, store: Store, at: datetime) -> None:
    """Keep the store's alert about closing windows true: open, about the next one, or resolved."""
    closing = list(
        Attempt.objects.filter(
            appeal__store=store,
            state__in=UNFILED,
            file_by__gt=at,
            file_by__lte=at + WARNED_AHEAD,
        )
        .select_related("appeal__violation", "appeal__enforcement")
        .order_by("file_by", "pk")[:1]
    )
    if not closing:
        alerts.resolve_alert(store=store, code=WINDOW_CLOSES, at=at)
        return
    (first,) = closing
    alerts.open_alert(
        store=store,
        code=WINDOW_CLOSES,
        detail={
            "case": str(first.appeal),
            "attempt": first.number,
            "appeal": str(first.appeal_id),
            "file_by": first.file_by.isoformat() if first.file_by else None,
        },
        at=at,
    )


@transaction.atomic
def lapse_attempt(*, attempt: Attempt, at: datetime) -> datetime | None:
    """Let an unfiled attempt lapse whose window has closed.

    Return its window's end where that was moved to later than ``at``.
    """
    unfiled = Attempt.objects.filter(pk=attempt.pk, state__in=UNFILED)
    if unfiled.filter(file_by__lte=at).update(state=Attempt.State.LAPSED):
        Appeal.objects.filter(pk=attempt.appeal_id).update(state=Appeal.State.LAPSED, changed_at=at)
        attempt.refresh_from_db()
        store = attempt.appeal.store
        record(
            action="appeal.lapsed",
            by=None,
            subject=attempt.appeal,
            store_id=store.pk,
            changes={"attempt": attempt.number},
            at=at,
            via="task",
        )
        settle_alert(store=store, at=at)
        return None
    return unfiled.values_list("file_by", flat=True).first()


@transaction.atomic
def move_window(*, attempt: Attempt, file_by: datetime, at: datetime) -> None:
    """Follow the marketplace's word on how long an unfiled attempt may still be filed."""
    if Attempt.objects.filter(pk=attempt.pk, state__in=UNFILED).update(file_by=file_by):
        attempt.refresh_from_db()
        watch(attempt=attempt, at=at)
