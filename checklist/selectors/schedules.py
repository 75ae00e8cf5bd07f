from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet

from checklist import core
from checklist.models import Assignee, Procedure, ProcedureItem, Schedule
from stores.models import Store, StoreGrouping
from tenants.models import Membership

AHEAD: Final = timedelta(hours=24)


def stores_of(schedule: Schedule) -> QuerySet[Store]:
    """Return the stores that a schedule reaches, archived ones left out."""
    stores = Store.objects.exclude(state=Store.State.ARCHIVED)
    match schedule.reach:
        case Schedule.Reach.GROUP:
            return stores.filter(groupings__group=schedule.group_id)
        case Schedule.Reach.CLIENT:
            return stores.filter(client=schedule.client_id)
        case Schedule.Reach.STORE:
            return stores.filter(pk__in=[schedule.store_id])
        case _:
            return stores


def schedules_in_use() -> QuerySet[Schedule]:
    return Schedule.objects.filter(is_active=True, procedure__is_active=True)


def procedures() -> QuerySet[Procedure]:
    """Return every procedure with its items in force and its schedules, those in use first."""
    in_force = ProcedureItem.objects.filter(is_active=True).prefetch_related("limits")
    schedules = Schedule.objects.select_related("group", "client", "store", "member__user", "role")
    return (
        Procedure.objects.order_by("-is_active", "-is_default", "name", "id")
        .prefetch_related(Prefetch("items", in_force, to_attr="items_in_force"))
        .prefetch_related(Prefetch("schedules", schedules))
    )


def items_in_force(procedure: Procedure) -> QuerySet[ProcedureItem]:
    return procedure.items.filter(is_active=True).prefetch_related("limits")


def schedules_of(procedure: Procedure) -> QuerySet[Schedule]:
    return procedure.schedules.select_related("group", "client", "store", "member__user", "role")


@dataclass(frozen=True, slots=True)
class Later:
    """Rounds that open at one instant of the next 24 hours."""

    procedure: str
    opens_at: datetime
    zone: str
    stores: int
    checks: int
    is_today: bool  # by the stores' own clock


@dataclass(frozen=True, slots=True)
class Place:
    """What decides when and whether a store's rounds open."""

    zone: str
    client_id: UUID | None
    is_team_mine: bool


def later(
    places: Mapping[UUID, Place], *, at: datetime, mine_of: Membership | None = None
) -> list[Later]:
    """Return what opens within 24 hours at the stores ``places``, soonest first.

    With ``mine_of`` only what will be that member's: by name, by role or by team.
    """
    schedules = list(
        schedules_in_use()
        .select_related("procedure")
        .annotate(checks=Count("procedure__items", filter=Q(procedure__items__is_active=True)))
    )
    groups = _stores_by_group([one.group_id for one in schedules if one.group_id])
    found: list[Later] = []
    for schedule in schedules:
        zones = Counter(
            place.zone
            for pk, place in places.items()
            if _reaches(schedule, pk, place, groups)
            and (mine_of is None or _will_be_hers(schedule, place, mine_of))
        )
        for zone, stores in zones.items():
            clock = core.zone_of(zone)
            found += [
                Later(
                    procedure=str(schedule.procedure),
                    opens_at=window.opens_at,
                    zone=zone,
                    stores=stores,
                    checks=stores * schedule.checks,
                    is_today=window.opens_at.astimezone(clock).date()
                    == at.astimezone(clock).date(),
                )
                for window in core.windows(schedule.plan, clock, after=at, until=at + AHEAD)
            ]
    return _together(sorted(found, key=lambda one: (one.opens_at, one.procedure, one.zone)))


def _together(found: list[Later]) -> list[Later]:
    """Add up what opens at one instant that reads alike in its zones."""
    summed: dict[tuple[object, ...], Later] = {}
    for one in found:
        local = one.opens_at.astimezone(core.zone_of(one.zone)).replace(tzinfo=None)
        key = (one.opens_at, local, one.procedure)
        known = summed.get(key)
        summed[key] = (
            one
            if known is None
            else replace(known, stores=known.stores + one.stores, checks=known.checks + one.checks)
        )
    return list(summed.values())


def _stores_by_group(groups: list[UUID]) -> dict[UUID, set[UUID]]:
    stores: dict[UUID, set[UUID]] = {}
    pairs = StoreGrouping.objects.filter(group__in=groups).values_list("group_id", "store_id")
    for group, store in pairs:
        stores.setdefault(group, set()).add(store)
    return stores


def _reaches(
    schedule: Schedule, store: UUID, place: Place, groups: Mapping[UUID, set[UUID]]
) -> bool:
    match schedule.reach:
        case Schedule.Reach.GROUP:
            return schedule.group_id is not None and store in groups.get(schedule.group_id, set())
        case Schedule.Reach.CLIENT:
            return place.client_id == schedule.client_id
        case Schedule.Reach.STORE:
            return store == schedule.store_id
        case _:
            return True


def _will_be_hers(schedule: Schedule, place: Place, member: Membership) -> bool:
    match schedule.assignee:
        case Assignee.MEMBER:
            return schedule.member_id == member.pk
        case Assignee.ROLE:
            return schedule.role_id == member.role_id
        case _:
            return place.is_team_mine
