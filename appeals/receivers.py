"""Hears the news of lower rooms inside their transaction, and only writes rows."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from appeals.services import outcomes
from stores import signals
from stores.models import Notice, Store, Violation
from tenants.models import Membership


@receiver(signals.violation_changed, dispatch_uid="appeals.hear_violation")
def hear_violation(violation: Violation, at: datetime, **_news: Any) -> None:
    outcomes.settle_with(violation=violation, at=at)


@receiver(signals.appeal_outcome_told, dispatch_uid="appeals.hear_outcome")
def hear_outcome(
    notice: Notice, finding: outcomes.AppealTold, store: Store, at: datetime, **_news: Any
) -> None:
    outcomes.hear_outcome(told=finding, notice=notice, store=store, at=at)


@receiver(signals.notice_undone, dispatch_uid="appeals.undo_outcome")
def undo_outcome(notice: Notice, at: datetime, by: Membership | None, **_news: Any) -> None:
    outcomes.undo_outcome(notice=notice, at=at, by=by)
