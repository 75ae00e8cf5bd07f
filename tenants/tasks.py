"""The one task that the queue carries: do a due row of an agency."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

import celery
from django.utils import timezone

from tenants import due, scope
from tenants.due import Kind, Work
from tenants.models import Agency, DueWork

logger = logging.getLogger(__name__)

Handler = Callable[[Agency, Work], datetime | None]
_FIRST_RETRY = timedelta(seconds=5)


def due_task(
    kind: str,
    *,
    queue: str = "default",
    transactional: bool = True,
    states: Collection[str] = (Agency.State.READY,),
) -> Callable[[Handler], Handler]:
    """Register the decorated function as what does ``kind``, on ``queue``.

    A transactional handler runs inside the agency's scope, and its row is marked done in the same
    transaction; the moment it returns re-arms the row. Any other handler enters the scope itself,
    for each step, and calls ``work.finish()`` in the transaction of its effect.
    """

    def register(handler: Handler) -> Handler:
        due.register(
            Kind(
                name=kind,
                queue=queue,
                run=handler,
                transactional=transactional,
                states=states,
            )
        )
        return handler

    return register


def run(agency_id: UUID, work_id: int) -> None:
    """Do the due row ``work_id`` of an agency; a row done or moved meanwhile is left alone."""
    at = timezone.now()
    row = DueWork.objects.filter(
        pk=work_id, agency_id=agency_id, done_at=None, quarantined_at=None
    ).first()
    if row is None:
        logger.info("due_work_gone", extra={"work_id": work_id})
        return
    agency = Agency.objects.filter(pk=agency_id).first()
    kind = due.kind(row.kind)
    if agency is None or agency.state not in kind.states:
        _refuse(row, at, "The agency is unknown, suspended or not ready.")
        return
    work = Work(
        id=row.pk, subject=row.subject, period=row.period, due_at=row.due_at, asked=row.asked, at=at
    )
    try:
        _do(kind, agency, work)
    except due.DoneAlready:
        logger.info("due_work_done_already", extra={"work_id": work_id})
    except Exception as error:
        _retry_later(row, at, error)
        logger.exception("due_work_failed", extra={"work_id": work_id, "kind": row.kind})
        raise


def _do(kind: Kind, agency: Agency, work: Work) -> None:
    if not kind.transactional:
        kind.run(agency, work)
        return
    with scope.agency(agency):
        again_at = kind.run(agency, work)
        work.finish(again_at=again_at)


def _refuse(row: DueWork, at: datetime, reason: str) -> None:
    DueWork.objects.filter(pk=row.pk).update(quarantined_at=at, last_error=reason)
    logger.warning("due_work_refused", extra={"work_id": row.pk, "kind": row.kind})


def _retry_later(row: DueWork, at: datetime, error: Exception) -> None:
    # The error's text may carry a marketplace's words; its class is enough to find the log line.
    DueWork.objects.filter(pk=row.pk, done_at=None).update(
        claimed_until=None,
        due_at=at + _FIRST_RETRY * 2 ** min(row.attempts, 8),
        last_error=type(error).__name__,
    )


@celery.shared_task(name="tenants.run_due")
def run_due(agency_id: str, work_id: int) -> None:
    run(UUID(agency_id), work_id)
