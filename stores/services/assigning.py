"""Giving many stores at once to a client, to groups and to the people who work for them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from stores.models import Client, Store, StoreAccess, StoreGroup, StoreGrouping
from stores.services import stores as store_services
from stores.services.access import NotYoursToGrant
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.selectors import people
from tenants.trail import services as trail


class NothingToAssign(DomainError):
    code: ClassVar[str] = "nothing_to_assign"


@dataclass(frozen=True, slots=True)
class Placing:
    """Where one store belongs from now on. What is not named stays; groups and people are added."""

    store: Store
    client: Client | None = None
    groups: tuple[StoreGroup, ...] = ()
    members: tuple[Membership, ...] = ()


@dataclass(frozen=True, slots=True)
class Assigned:
    """What was changed: stores that got another client or group, and shares that are new."""

    stores: int
    shares: int


@transaction.atomic
def assign(
    *, placings: Sequence[Placing], by: Membership, at: datetime, via: str = "page"
) -> Assigned:
    """Write all of ``placings`` or none, in a fixed number of queries.

    A member who reaches all stores needs no share; one with a listed scope gets the store by name.

    Raises:
        NothingToAssign: if no placing names anything.
        NotYoursToGrant: if ``by`` may not share stores, or not with one of these members.
    """
    if not any(each.client or each.groups or each.members for each in placings):
        raise NothingToAssign(_("Choose a client, a group or a member."))
    _check_may_share(placings, by)
    # Two bulk acts over the same stores go one after the other.
    locked = Store.objects.select_for_update().order_by("pk")
    present = {store.pk for store in locked.filter(pk__in=[each.store.pk for each in placings])}
    kept = [each for each in placings if each.store.pk in present]
    changes: dict[UUID, dict[str, object]] = defaultdict(dict)
    _set_clients(kept, changes)
    _add_groups(kept, changes)
    shares = _share(kept)
    acts = [
        trail.Act("store.edited", each.store, each.store.pk, changes[each.store.pk])
        for each in kept
        if changes.get(each.store.pk)
    ]
    acts += [
        trail.Act("access.changed", member, changes={"added": count, "removed": 0})
        for member, count in shares.items()
    ]
    trail.record_each(acts, by=by, at=at, via=via)
    return Assigned(stores=len(changes), shares=sum(shares.values()))


@transaction.atomic
def make_missing(
    *, clients: Iterable[str], groups: Iterable[str], by: Membership, at: datetime
) -> tuple[dict[str, Client], dict[str, StoreGroup]]:
    """Add clients and groups of these names; return them by name.

    Raises:
        NameTaken: if there is one of the name, which ``by`` may not see.
    """
    return (
        {
            name: store_services.save_client(client=Client(name=name), by=by, at=at)
            for name in clients
        },
        {
            name: store_services.save_group(group=StoreGroup(name=name), by=by, at=at)
            for name in groups
        },
    )


def _check_may_share(placings: Iterable[Placing], by: Membership) -> None:
    members = {member.pk: member for each in placings for member in each.members}
    if members and not by.can("people.roles"):
        raise NotYoursToGrant(_("You may not say who reaches which store."))
    for member in members.values():
        if member.agency_id != by.agency_id or not member.is_active:
            raise NotYoursToGrant(_("Choose a member of this agency."))
        if member.pk == by.pk or not people.may_grant(by, member.role):
            raise NotYoursToGrant(_("You cannot change what %(name)s reaches.") % {"name": member})


def _set_clients(placings: Iterable[Placing], changes: Mapping[UUID, dict[str, object]]) -> None:
    moved = []
    for each in placings:
        store, client = each.store, each.client
        if client is None or store.client_id == client.pk:
            continue
        before = str(store.client_id) if store.client_id else None
        changes[store.pk]["client"] = [before, str(client.pk)]
        store.client = client
        moved.append(store)
    Store.objects.bulk_update(moved, ["client"])


def _add_groups(placings: Collection[Placing], changes: Mapping[UUID, dict[str, object]]) -> None:
    held: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    places = StoreGrouping.objects.filter(store__in=[each.store.pk for each in placings])
    for place in places.select_related("group"):
        held[place.store_id][place.group_id] = place.group.name
    new = []
    for each in placings:
        mine = held[each.store.pk]
        added = [group for group in each.groups if group.pk not in mine]
        if added:
            mine.update({group.pk: group.name for group in added})
            changes[each.store.pk]["groups"] = [sorted(mine.values())]
            new += [StoreGrouping(store=each.store, group=group) for group in added]
    StoreGrouping.objects.bulk_create(new, ignore_conflicts=True)


def _share(placings: Collection[Placing]) -> dict[Membership, int]:
    """Let each member with a listed scope reach her stores; return how many are new to her."""
    wanted = {
        (member.pk, each.store.pk): member
        for each in placings
        for member in each.members
        if not member.sees_all_stores
    }
    held = set(
        StoreAccess.objects.filter(
            member__in={pk for pk, _store in wanted}, store__isnull=False
        ).values_list("member_id", "store_id")
    )
    new = {key: member for key, member in wanted.items() if key not in held}
    StoreAccess.objects.bulk_create(
        [StoreAccess(member=member, store_id=store_id) for (_pk, store_id), member in new.items()],
        ignore_conflicts=True,
    )
    counts: dict[Membership, int] = defaultdict(int)
    for member in new.values():
        counts[member] += 1
    return counts
