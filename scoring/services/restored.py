"""Looks whether points that were given back came back on the marketplace's own number."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db.models import Sum

from scoring import books
from scoring.core.drifts import observed_drifts
from scoring.core.standing import Judged
from scoring.core.values import Ledger, Options
from scoring.models import LedgerEntry, Restoration
from scoring.selectors.checks import NOT_RESTORED, NOT_RESTORED_AFTER, is_overdue
from stores.models import Store
from stores.services import alerts
from tenants import due

SETTLE: Final = "scoring.restored"  # the work
_DECIDED: Final = (
    LedgerEntry.Reason.GRANTED,
    LedgerEntry.Reason.CORRECTED,
    LedgerEntry.Reason.MARKETPLACE,
)


def settle(*, store: Store, ledger: Ledger, options: Options, at: datetime) -> None:
    """Open a check for each reversal that has none, close those that are answered.

    ``ledger`` is the store's, as it stands. What is open 7 days after the decision raises the
    alert; it is resolved with the last of them.
    """
    _open_checks(store, at)
    waiting = list(
        Restoration.objects.filter(store=store, state=Restoration.State.OPEN)
        .select_related("violation", "store")
        .order_by("decided_at", "id")
    )
    if waiting:
        seen = observed_drifts(ledger, books.library_for(store), at, at, options)
        waiting = [each for each in waiting if not _is_settled(each, seen, options, at)]
    _raise_alert(store, [each for each in waiting if is_overdue(each, at)], at)


def _open_checks(store: Store, at: datetime) -> None:
    given = (
        LedgerEntry.objects.filter(
            store=store,
            kind=LedgerEntry.Kind.REVERSAL,
            reason__in=_DECIDED,
            violation__isnull=False,
            points__gt=0,
        )
        .values_list("violation", "reason", "occurred_at")
        .annotate(points=Sum("points"))
    )
    known = {
        (check.violation_id, check.reason, check.decided_at): check
        for check in Restoration.objects.filter(store=store)
    }
    for violation_id, reason, decided_at, points in given:
        check = known.get((violation_id, reason, decided_at))
        if check is not None:
            if check.points != points:
                Restoration.objects.filter(pk=check.pk).update(points=points)
            continue
        check = Restoration.objects.create(
            store=store,
            violation_id=violation_id,
            reason=reason,
            points=points,
            decided_at=decided_at,
            opened_at=at,
        )
        if not is_overdue(check, at):
            due.add(kind=SETTLE, subject=check.pk, at=decided_at + NOT_RESTORED_AFTER)


def _is_settled(
    check: Restoration, seen: Collection[Judged], options: Options, at: datetime
) -> bool:
    """Close a check that is answered or needless; return whether it is."""
    agreeing = next(
        (
            each
            for each in seen
            if each.observation.observed_at >= check.decided_at and not each.is_beyond
        ),
        None,
    )
    if agreeing is not None:
        _close(check, Restoration.State.CONFIRMED, at, seen_in=agreeing.observation.id)
    elif _is_needless(check, options, at):
        _close(check, Restoration.State.VOID, at)
    else:
        return False
    return True


def _close(check: Restoration, state: str, at: datetime, *, seen_in: str | None = None) -> None:
    Restoration.objects.filter(pk=check.pk).update(state=state, settled_at=at, seen_in=seen_in)


def _is_needless(check: Restoration, options: Options, at: datetime) -> bool:
    """Tell whether the points were taken again, or would have come back by time alone."""
    taken = LedgerEntry.objects.filter(
        violation=check.violation_id, kind=LedgerEntry.Kind.DEDUCTION
    )
    library = books.library_for(check.store)
    ends = []
    for entry in taken:
        if entry.points and entry.recorded_at > check.opened_at:
            return True
        ends.append(
            entry.expires_at
            if entry.is_expiry_stated
            else library.expiry(entry.occurred_at, entry.recorded_at, options.switched_on)
        )
    return all(end is not None and end <= at for end in ends)


def _raise_alert(store: Store, overdue: Collection[Restoration], at: datetime) -> None:
    if not overdue:
        alerts.resolve_alert(store=store, code=NOT_RESTORED, at=at)
        return
    first = min(overdue, key=lambda check: (check.decided_at, check.pk))
    alerts.open_alert(
        store=store,
        code=NOT_RESTORED,
        detail={
            "case": str(first.violation),
            "points": sum(check.points for check in overdue),
            "days": NOT_RESTORED_AFTER.days,
            "violation": str(first.violation_id),
            "about": sorted({str(check.violation_id) for check in overdue}),
        },
        at=at,
    )
