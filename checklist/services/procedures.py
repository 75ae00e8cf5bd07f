"""Editing procedures, their items and their schedules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import ClassVar, Final

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from checklist.models import Assignee, ItemLimit, Procedure, ProcedureItem, Schedule
from checklist.services import rounds
from stores.models import Client, Store, StoreGroup
from tenants import ids
from tenants.errors import DomainError
from tenants.models import Membership, Role
from tenants.trail.services import record

MOST_ITEMS: Final = 40
MOST_PROCEDURES: Final = 50
MOST_SCHEDULES: Final = 20
_KEY_LENGTH: Final = 30


class TooMany(DomainError):
    code: ClassVar[str] = "too_many"


class CannotBeAssigned(DomainError):
    code: ClassVar[str] = "cannot_be_assigned"


@dataclass(frozen=True, slots=True)
class LimitText:
    metric: str
    comparator: str
    value: Decimal
    max_age: timedelta


@dataclass(frozen=True, slots=True)
class ItemText:
    """What an item says and asks for, as it was typed."""

    title: str
    title_zh: str
    how_to: str
    how_to_zh: str
    proof: str
    needs_value: bool
    limits: Sequence[LimitText]


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """Where and when a procedure is due, and for whom; one of the places, one of the persons."""

    reach: str
    times: Sequence[time]
    weekdays: Sequence[int]
    length: timedelta
    assignee: str
    is_active: bool = True
    group: StoreGroup | None = None
    client: Client | None = None
    store: Store | None = None
    member: Membership | None = None
    role: Role | None = None


@transaction.atomic
def create_procedure(*, name: str, name_zh: str, by: Membership, at: datetime) -> Procedure:
    """Add an empty procedure.

    Raises:
        TooMany: at 50 procedures.
    """
    if Procedure.objects.count() >= MOST_PROCEDURES:
        raise TooMany(_("An agency has at most %(most)s procedures.") % {"most": MOST_PROCEDURES})
    procedure = Procedure.objects.create(key=_key(name), name=name, name_zh=name_zh)
    record(action="procedure.created", by=by, subject=procedure, at=at)
    return procedure


@transaction.atomic
def change_procedure(
    *,
    procedure: Procedure,
    name: str,
    name_zh: str,
    is_active: bool,
    by: Membership,
    at: datetime,
) -> None:
    """Rename a procedure, or take it into or out of use; its rounds stay."""
    was_active = procedure.is_active
    procedure.name, procedure.name_zh, procedure.is_active = name, name_zh, is_active
    procedure.save(update_fields=["name", "name_zh", "is_active"])
    if is_active and not was_active:
        _resume(procedure, at)
    record(
        action="procedure.changed",
        by=by,
        subject=procedure,
        changes={"name": name, "is_active": is_active},
        at=at,
    )


@transaction.atomic
def add_item(
    *, procedure: Procedure, text: ItemText, by: Membership, at: datetime
) -> ProcedureItem:
    """Add an item at the end; rounds that open from now on ask it.

    Raises:
        TooMany: at 40 items.
    """
    in_force = procedure.items.filter(is_active=True)
    if in_force.count() >= MOST_ITEMS:
        raise TooMany(_("A procedure has at most %(most)s items.") % {"most": MOST_ITEMS})
    last = in_force.order_by("-order").values_list("order", flat=True).first()
    item = _write(procedure, text, key=_key(text.title), order=0 if last is None else last + 1)
    record(action="item.added", by=by, subject=item, changes=_as_json(text), at=at)
    return item


@transaction.atomic
def change_item(
    *, item: ProcedureItem, text: ItemText, by: Membership, at: datetime
) -> ProcedureItem:
    """Change an item. One that rounds ask stays as it was there: a new row takes its place.

    Returns the item that rounds opened from now on ask.
    """
    item.is_active = False
    item.save(update_fields=["is_active"])
    changed = _write(item.procedure, text, key=item.key, order=item.order)
    record(action="item.changed", by=by, subject=changed, changes=_as_json(text), at=at)
    return changed


@transaction.atomic
def retire_item(*, item: ProcedureItem, by: Membership, at: datetime) -> None:
    """Leave an item out of the rounds that open from now on."""
    if ProcedureItem.objects.filter(pk=item.pk, is_active=True).update(is_active=False):
        record(action="item.retired", by=by, subject=item, at=at)


@transaction.atomic
def move_item(*, item: ProcedureItem, up: bool, by: Membership, at: datetime) -> None:
    """Change places with the item before, or after."""
    items = list(item.procedure.items.filter(is_active=True).order_by("order", "id"))
    place = items.index(item)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(items):
        return
    items[place], items[other] = items[other], items[place]
    for order, one in enumerate(items):
        one.order = order
    ProcedureItem.objects.bulk_update(items, ["order"])
    record(action="item.moved", by=by, subject=item, changes={"order": other}, at=at)


@transaction.atomic
def save_schedule(
    *,
    procedure: Procedure,
    plan: SchedulePlan,
    by: Membership,
    at: datetime,
    schedule: Schedule | None = None,
) -> Schedule:
    """Add a schedule or change one; the rounds that run by it now open at once.

    Raises:
        CannotBeAssigned: if the member or role may not tick.
        TooMany: at 20 schedules of a procedure.
    """
    _check_assignee(plan)
    is_new = schedule is None
    if is_new and procedure.schedules.count() >= MOST_SCHEDULES:
        raise TooMany(_("A procedure has at most %(most)s schedules.") % {"most": MOST_SCHEDULES})
    schedule = schedule or Schedule(procedure=procedure)
    schedule.reach, schedule.assignee = plan.reach, plan.assignee
    schedule.group = plan.group if plan.reach == Schedule.Reach.GROUP else None
    schedule.client = plan.client if plan.reach == Schedule.Reach.CLIENT else None
    schedule.store = plan.store if plan.reach == Schedule.Reach.STORE else None
    schedule.member = plan.member if plan.assignee == Assignee.MEMBER else None
    schedule.role = plan.role if plan.assignee == Assignee.ROLE else None
    schedule.times, schedule.weekdays = sorted(plan.times), sorted(plan.weekdays)
    schedule.length, schedule.is_active = plan.length, plan.is_active
    schedule.opened_until = at
    schedule.save()
    rounds.open_running(schedules=[schedule], store=None, at=at)
    rounds.arm(schedule=schedule, at=at)
    record(
        action="schedule.created" if is_new else "schedule.changed",
        by=by,
        subject=schedule,
        changes={
            "reach": plan.reach,
            "times": [f"{clock:%H:%M}" for clock in schedule.times],
            "weekdays": list(schedule.weekdays),
            "minutes": int(plan.length.total_seconds() // 60),
            "assignee": plan.assignee,
            "is_active": plan.is_active,
        },
        at=at,
    )
    return schedule


def _resume(procedure: Procedure, at: datetime) -> None:
    # What would have opened while it was out of use was not missed.
    procedure.schedules.update(opened_until=at)
    schedules = list(procedure.schedules.select_related("procedure"))
    rounds.open_running(schedules=schedules, store=None, at=at)
    for schedule in schedules:
        rounds.arm(schedule=schedule, at=at)


def _check_assignee(plan: SchedulePlan) -> None:
    if plan.assignee == Assignee.MEMBER:
        member = plan.member
        may_tick = member is not None and member.is_active and member.can("checks.tick")
    elif plan.assignee == Assignee.ROLE:
        may_tick = plan.role is not None and "checks.tick" in plan.role.capabilities
    else:
        may_tick = True
    if not may_tick:
        raise CannotBeAssigned(_("Choose somebody who may tick checks."))


def _write(procedure: Procedure, text: ItemText, *, key: str, order: int) -> ProcedureItem:
    item = ProcedureItem.objects.create(
        procedure=procedure,
        key=key,
        order=order,
        title=text.title,
        title_zh=text.title_zh,
        how_to=text.how_to,
        how_to_zh=text.how_to_zh,
        proof=text.proof,
        needs_value=text.needs_value,
    )
    ItemLimit.objects.bulk_create(
        ItemLimit(
            item=item,
            order=place,
            metric=limit.metric,
            comparator=limit.comparator,
            value=limit.value,
            max_age=limit.max_age,
        )
        for place, limit in enumerate(text.limits)
    )
    return item


def _key(text: str) -> str:
    """Return a key that is unique, and readable where the text is in Latin letters."""
    return f"{slugify(text)[:_KEY_LENGTH].strip('-') or 'item'}-{ids.new_id().hex[-8:]}"


def _as_json(text: ItemText) -> dict[str, object]:
    return {
        "title": text.title,
        "proof": text.proof,
        "needs_value": text.needs_value,
        "limits": [f"{limit.metric} {limit.comparator} {limit.value:f}" for limit in text.limits],
    }
