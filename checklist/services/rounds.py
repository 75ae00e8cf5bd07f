"""Rounds: opened by their schedule's clock, closed as missed, given to somebody."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from checklist import core
from checklist.models import Assignee, ProcedureItem, Round, Schedule
from checklist.selectors.schedules import schedules_in_use, stores_of
from checklist.services import proofs
from stores.access import visible_stores
from stores.models import Store
from tenants import due
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record

logger = logging.getLogger(__name__)

OPEN_ROUNDS: Final = "checklist.open_rounds"
# Stores move between groups and zones without a word to us; no schedule sleeps longer than this.
LONGEST_SLEEP: Final = timedelta(hours=6)
# After an outage, rounds that nobody could answer are still written as missed, this far back.
FARTHEST_BACK: Final = timedelta(days=7)


class CannotTakeRound(DomainError):
    code = "cannot_take_round"


def arm(*, schedule: Schedule, at: datetime) -> None:
    """Ask for a sweep of ``schedule`` at ``at``."""
    due.add(kind=OPEN_ROUNDS, subject=schedule.pk, at=at)


@transaction.atomic
def sweep(*, schedule_id: UUID, at: datetime) -> datetime | None:
    """Open the rounds due since the last sweep, close the past ones; return when to come again.

    Swept twice or late it does the same: a round is unique by its opening, and one that could
    have been answered only before ``at`` is written as missed. None: nothing is left to do.
    """
    schedule = (
        # Two sweeps wait for each other; rounds that refer to the schedule wait for none.
        Schedule.objects.select_for_update(of=("self",), no_key=True)
        .select_related("procedure")
        .filter(pk=schedule_id)
        .first()
    )
    if schedule is None:
        return None
    is_used = schedule.is_active and schedule.procedure.is_active
    stores = list(stores_of(schedule)) if is_used else []
    if is_used:
        after = max(schedule.opened_until, at - FARTHEST_BACK)
        _open(schedule, stores, after=after, at=at)
        Schedule.objects.filter(pk=schedule.pk).update(opened_until=max(at, schedule.opened_until))
    _close_past(schedule, at)
    return _next_sweep(schedule, stores, at, is_used=is_used)


def open_running(*, schedules: Iterable[Schedule], store: Store | None, at: datetime) -> None:
    """Open the rounds whose window runs at ``at``: for a new store or a new schedule.

    With ``store`` only that store's, where the schedule reaches it.
    """
    for schedule in schedules:
        if not (schedule.is_active and schedule.procedure.is_active):
            continue
        stores = stores_of(schedule)
        if store is not None:
            stores = stores.filter(pk=store.pk)
        _open(schedule, list(stores), after=at - schedule.length, at=at, only_running=True)


def hear_of_store(*, store: Store, at: datetime) -> None:
    """Open what is running for a new or moved store, and let its clock wake the schedules."""
    schedules = schedules_in_use().select_related("procedure")
    open_running(schedules=schedules, store=store, at=at)
    for schedule in schedules:
        opening = core.next_opening(schedule.plan, core.zone_of(store.time_zone), after=at)
        if opening is not None:
            arm(schedule=schedule, at=opening)


@transaction.atomic
def assign_round(*, round_: Round, member: Membership, by: Membership, at: datetime) -> None:
    """Give a round to one member.

    Raises:
        CannotTakeRound: if the member may not tick, or does not see the store.
    """
    may_tick = member.is_active and member.can("checks.tick")
    if not may_tick or not visible_stores(member).filter(pk=round_.store_id).exists():
        raise CannotTakeRound(
            _("%(name)s may not tick checks at this store.") % {"name": str(member)}
        )
    Round.objects.filter(pk=round_.pk).update(assignee=Assignee.MEMBER, member=member, role=None)
    round_.refresh_from_db()
    record(
        action="round.assigned",
        by=by,
        subject=round_,
        store_id=round_.store_id,
        changes={"member": str(member.pk)},
        at=at,
    )


def _open(
    schedule: Schedule,
    stores: Sequence[Store],
    *,
    after: datetime,
    at: datetime,
    only_running: bool = False,
) -> None:
    items = list(
        ProcedureItem.objects.filter(
            procedure_id=schedule.procedure_id, is_active=True
        ).values_list("pk", flat=True)
    )
    if not items:
        return
    rounds = []
    for zone, neighbours in _by_zone(stores).items():
        for window in core.windows(schedule.plan, core.zone_of(zone), after=after, until=at):
            if only_running and window.due_at <= at:
                continue
            rounds += [_round(schedule, store, window, items, at) for store in neighbours]
    Round.objects.bulk_create(rounds, ignore_conflicts=True)
    opened = Round.objects.open().filter(pk__in=[round_.pk for round_ in rounds])
    proofs.tick_by_data(rounds=opened, at=at)


def _round(
    schedule: Schedule, store: Store, window: core.Window, items: list[UUID], at: datetime
) -> Round:
    return Round(
        procedure_id=schedule.procedure_id,
        schedule=schedule,
        store=store,
        opens_at=window.opens_at,
        due_at=window.due_at,
        closes_at=window.closes_at,
        state=Round.State.OPEN if window.closes_at > at else Round.State.MISSED,
        item_ids=items,
        assignee=schedule.assignee,
        member_id=schedule.member_id,
        role_id=schedule.role_id,
    )


def _close_past(schedule: Schedule, at: datetime) -> None:
    past = Round.objects.open().filter(schedule=schedule, closes_at__lte=at)
    missed = past.update(state=Round.State.MISSED)
    if missed:
        logger.info("rounds_missed", extra={"schedule_id": schedule.pk, "rounds": missed})


def _next_sweep(
    schedule: Schedule, stores: Sequence[Store], at: datetime, *, is_used: bool
) -> datetime | None:
    moments = [
        opening
        for zone in _by_zone(stores)
        if (opening := core.next_opening(schedule.plan, core.zone_of(zone), after=at)) is not None
    ]
    closing = (
        Round.objects.open()
        .filter(schedule=schedule)
        .order_by("closes_at")
        .values_list("closes_at", flat=True)
        .first()
    )
    if closing is not None:
        moments.append(closing)
    if is_used:
        moments.append(at + LONGEST_SLEEP)
    return min(moments, default=None)


def _by_zone(stores: Iterable[Store]) -> dict[str, list[Store]]:
    zones: dict[str, list[Store]] = defaultdict(list)
    for store in stores:
        zones[store.time_zone].append(store)
    return zones
