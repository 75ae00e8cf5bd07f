"""Settles what is loose: a notice and a record are the same, or a member says why there is one."""

from datetime import datetime
from typing import ClassVar, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from scoring.models import Explanation, LedgerEntry
from stores.models import Notice, Store, Violation
from stores.services import notices
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record

LONGEST: Final = 300


class NotLoose(DomainError):
    code: ClassVar[str] = "not_loose"


class ReasonMissing(DomainError):
    code: ClassVar[str] = "reason_missing"


@transaction.atomic
def say_same(
    *, notice: Notice, violation: Violation, by: Membership, at: datetime, via: str = "page"
) -> Explanation:
    """Say that a notice told of a violation that is recorded; one that waits is settled by it.

    Raises:
        NotLoose: if somebody has explained one of the two, or they are of two stores.
    """
    if notice.store_id != violation.store_id:
        raise NotLoose(_("The two are of different stores."))
    if notice.state == Notice.State.TRIAGE:
        notices.act_by_hand(notice=notice, violation=violation, is_new=False, by=by, at=at)
    return _keep(
        Explanation(
            store=violation.store,
            notice=notice,
            violation=violation,
            reason=_("The notice tells of this violation."),
        ),
        by=by,
        at=at,
        via=via,
    )


@transaction.atomic
def explain(
    *,
    store: Store,
    row: Notice | Violation | LedgerEntry,
    reason: str,
    by: Membership,
    at: datetime,
    via: str = "page",
) -> Explanation:
    """Say why a row needs nothing of the other side.

    Raises:
        ReasonMissing: if ``reason`` is empty or longer than 300 letters.
        NotLoose: if somebody has explained it.
    """
    words = reason.strip()
    if not words or len(words) > LONGEST or "\x00" in words:
        raise ReasonMissing(_("Say why, in at most 300 letters."))
    return _keep(
        Explanation(
            store=store,
            notice=row if isinstance(row, Notice) else None,
            violation=row if isinstance(row, Violation) else None,
            entry=row if isinstance(row, LedgerEntry) else None,
            reason=words,
        ),
        by=by,
        at=at,
        via=via,
    )


def _keep(explanation: Explanation, *, by: Membership, at: datetime, via: str) -> Explanation:
    explanation.explained_at, explanation.explained_by = at, by
    try:
        with transaction.atomic():
            explanation.save(force_insert=True)
    except IntegrityError as error:
        raise NotLoose(_("Somebody has explained this already.")) from error
    record(
        action="reconciliation.explained",
        by=by,
        subject=explanation,
        store_id=explanation.store_id,
        at=at,
        via=via,
        changes={"reason": explanation.reason},
    )
    return explanation
