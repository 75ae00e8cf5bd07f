"""The one task that the queue carries: do a due row of an agency."""

import logging
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import celery
from django.db import InterfaceError, OperationalError, connection, connections
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise

from tenants import due, logs, scope
from tenants.due import Kind, Names, Work
from tenants.health.counters import task_ended
from tenants.models import Agency, DueWork

logger = logging.getLogger(__name__)

Handler = Callable[[Agency, Work], datetime | None]
# A row of a newer deploy waits this long for workers that know its kind.
_UNKNOWN_KIND_WAITS: Final = timedelta(seconds=30)
# Waits between the tries to write down how a run ended, in seconds: a database that was started
# anew answers by then. Later than that the lease brings the row back.
_WAITS: Final = (0.2, 0.5, 1.0, 2.0, 3.0)


def due_task(
    kind: str,
    *,
    words: Promise | str = "",
    names: Names | None = None,
    queue: str = "default",
    transactional: bool = True,
    seconds: int = 10,
    bulk: bool = False,
    states: Collection[str] = (Agency.State.READY,),
) -> Callable[[Handler], Handler]:
    """Register the decorated function as what does ``kind``, on ``queue``; see ``due.Kind``.

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
                words=words,
                names=names,
                seconds=seconds,
                bulk=bulk,
                states=states,
            )
        )
        return handler

    return register


def run(agency_id: UUID, work_id: int, number: int | None = None) -> None:
    """Do the due row ``work_id`` of an agency, as the claim ``number`` of it.

    Without a number the row is done here and now, if it is due, whether it was claimed or not. A
    row done, moved or claimed anew meanwhile is left alone. What is refused is logged, and
    where the row is the agency's own it waits until the agency may work.
    """
    with scope.public():
        fresh_connections()
        try:
            begun = _begin(agency_id, work_id, number)
            if begun is not None:
                _do(*begun)
        finally:
            fresh_connections()


def _begin(agency_id: UUID, work_id: int, number: int | None) -> tuple[Kind, Agency, Work] | None:
    """Note that a run begins, in a transaction of its own; None where nothing is to be done."""
    row = DueWork.objects.select_related("agency").filter(pk=work_id).first()
    if row is None or row.agency_id != agency_id:
        refuse("unknown work" if row is None else "work of another agency", work_id)
        return None
    at = timezone.now()
    if not _may_begin(row, number, at):
        logger.info("due_work_gone", extra={"work_id": work_id})
        task_ended(row.kind, "repeated")
        return None
    work = Work(
        id=row.pk,
        subject=row.subject,
        period=row.period,
        due_at=row.due_at,
        asked=row.asked,
        at=at,
        fence=(row.claims, row.started),
        attempts=row.attempts,
    )
    kind = due.kinds().get(row.kind)
    if kind is None:
        work.give_back(at=at + _UNKNOWN_KIND_WAITS)
        logger.warning("due_work_of_unknown_kind", extra={"work_id": work_id, "kind": row.kind})
        return None
    if row.agency.state not in kind.states:
        work.give_back(error=due.AGENCY_MAY_NOT)
        refuse(f"the agency is {row.agency.state}", work_id, kind=row.kind)
        return None
    if not _note_start(work, kind, at):
        logger.info("due_work_gone", extra={"work_id": work_id})
        task_ended(row.kind, "repeated")
        return None
    return kind, row.agency, work


def _may_begin(row: DueWork, number: int | None, at: datetime) -> bool:
    """Tell whether a row still waits to be done, and this message is its latest."""
    if row.done_at is not None or row.quarantined_at is not None:
        return False
    # Ready and not claimed: the message waited longer than its lease, and nothing else was wrong.
    is_taken = row.claimed_until is not None or row.ready
    if number is None:
        return is_taken or row.due_at <= at
    return is_taken and number == row.claims


def _note_start(work: Work, kind: Kind, at: datetime) -> bool:
    """Count the run and lease the row for as long as it may take, unless it kills each process."""
    assert work.fence is not None
    claims, started = work.fence
    mine = DueWork.objects.filter(
        # Not a row that another run has ended meanwhile, and that waits for its next moment.
        Q(claimed_until__isnull=False) | Q(ready=True) | Q(due_at__lte=at),
        pk=work.id,
        claims=claims,
        started=started,
        done_at=None,
        quarantined_at=None,
    )
    if started >= due.MOST_STARTS:
        if mine.update(quarantined_at=at, claimed_until=None, last_error=due.ENDED_ITS_PROCESS):
            due.log_quarantine(work.id, kind.name, due.ENDED_ITS_PROCESS)
        return False
    work.fence = (claims, started + 1)
    return bool(mine.update(started=started + 1, ready=False, claimed_until=at + kind.lease))


def refuse(reason: str, work_id: object, **more: str) -> None:
    """Log that a message asked for what is not done: by no agency, or one that may not work."""
    logger.warning("due_work_refused", extra={"work_id": str(work_id), "reason": reason, **more})
    task_ended(more.get("kind", "unknown"), "refused")


def _do(kind: Kind, agency: Agency, work: Work) -> None:
    named = {"work_id": work.id, "kind": kind.name, "agency_id": str(agency.pk)}
    began = time.perf_counter()
    try:
        if kind.transactional:
            with scope.agency(agency):
                work.finish(again_at=kind.run(agency, work))
        else:
            kind.run(agency, work)
        task_ended(kind.name, "done", time.perf_counter() - began)
    except due.DoneAlready:
        logger.info("due_work_done_already", extra=named)
        task_ended(kind.name, "repeated")
    except Exception as error:
        task_ended(kind.name, "failed", time.perf_counter() - began)
        logger.exception("due_work_failed", extra=named)
        name = type(error).__name__
        if _write_down(lambda: work.fail(name, at=timezone.now())):
            due.log_quarantine(work.id, kind.name, name)
        raise
    except BaseException:
        # The process is told to end: a deploy, or a queue that went away. The work is not to blame.
        logger.warning("due_work_interrupted", extra=named)
        _write_down(work.give_back, waits=())
        raise


def _write_down(
    write: Callable[[], bool | None], *, waits: tuple[float, ...] = _WAITS
) -> bool | None:
    """Write how a run ended, over a new connection where the old one broke with it."""
    for wait in (*waits, None):
        fresh_connections()
        try:
            return write()
        except (OperationalError, InterfaceError):
            if wait is None or connection.in_atomic_block:
                logger.exception("due_work_end_unknown")  # the lease brings the row back
                return None
            time.sleep(wait)
    return None


def fresh_connections() -> None:
    """Drop connections that broke or grew old; the next statement makes another.

    Celery asks for this around a task, yet not in the middle of one.
    """
    for each in connections.all(initialized_only=True):
        if not each.in_atomic_block:
            each.close_if_unusable_or_obsolete()


@celery.shared_task(name="tenants.run_due")
def run_due(agency_id: str, work_id: int, number: int | None = None) -> None:
    try:
        agency, row = UUID(agency_id), int(work_id)
    except (TypeError, ValueError, AttributeError):
        refuse("no agency or no work is named", work_id)
        return
    task = celery.current_task.request.id
    with logs.bound(agency=agency_id, task=task, work_id=row):
        run(agency, row, number)
