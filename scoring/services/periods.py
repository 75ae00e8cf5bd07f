"""What the marketplace tells of enforcements, and what shortens those that milestones start."""

from datetime import datetime
from typing import ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from scoring import books
from scoring.models import PeriodEnd, ToldEnforcement
from scoring.services import rating
from scoring.services.ledger import lock
from stores.models import Enforcement, Store
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record


class NotAPeriod(DomainError):
    code: ClassVar[str] = "not_a_period"


def keep_enforcement(*, enforcement: Enforcement, at: datetime) -> None:
    """Note an enforcement as it stands since ``at``; as it stood before it is withdrawn then.

    Safe to call again.
    """
    told = ToldEnforcement.objects.filter(enforcement=enforcement, withdrawn_at=None)
    if enforcement.withdrawn_at is not None:
        told.update(withdrawn_at=at)
        return
    same = told.filter(
        kind=enforcement.kind, starts_at=enforcement.starts_at, ends_at=enforcement.ends_at
    )
    if same.exists():
        return
    told.update(withdrawn_at=at)
    ToldEnforcement.objects.create(
        store=enforcement.store,
        enforcement=enforcement,
        kind=enforcement.kind,
        starts_at=enforcement.starts_at,
        ends_at=enforcement.ends_at,
        recorded_at=at,
    )


@transaction.atomic
def end_period(
    *,
    store: Store,
    milestone: str,
    ends_at: datetime,
    said_at: datetime,
    by: str,
    at: datetime,
    member: Membership | None,
    via: str = "page",
) -> PeriodEnd:
    """Keep that what ``milestone`` started ends at ``ends_at``, and rate the store anew.

    ``by`` is ``PeriodEnd.By``: a quiz only shortens, the marketplace's word replaces our end.

    Raises:
        NotAPeriod: if the store's rulebook has no such milestone, or ``said_at`` lies ahead.
    """
    lock(store)
    book = books.library_for(store).in_force(said_at, at)
    if book is None or book.milestone(milestone) is None:
        raise NotAPeriod(_("The store's rulebook has no such milestone."))
    if said_at > at:
        raise NotAPeriod(_("This cannot have been said in the future."))
    row = PeriodEnd.objects.create(
        store=store,
        milestone=milestone,
        ends_at=ends_at,
        said_at=said_at,
        by=by,
        recorded_at=at,
        recorded_by=member,
    )
    record(
        action="period.ended",
        by=member,
        subject=row,
        store_id=store.pk,
        at=at,
        via=via,
        changes={"milestone": milestone, "ends_at": ends_at.isoformat(), "by": by},
    )
    rating.rate(store=store, at=at)
    return row
