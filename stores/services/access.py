"""Which stores a member with a listed scope reaches."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from stores.models import Client, Store, StoreAccess, StoreGroup
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import services as trail


class NotYoursToGrant(DomainError):
    code: ClassVar[str] = "not_yours_to_grant"


@transaction.atomic
def set_access(
    *,
    member: Membership,
    stores: Iterable[Store],
    groups: Iterable[StoreGroup],
    clients: Iterable[Client],
    by: Membership,
    at: datetime,
) -> None:
    """Let ``member`` reach exactly these stores, groups and clients.

    Raises:
        NotYoursToGrant: if ``by`` does not reach all stores herself.
    """
    if not by.sees_all_stores:
        raise NotYoursToGrant(_("Only a member who reaches all stores may share them."))
    wanted = {
        *(("store", store.pk) for store in stores),
        *(("group", group.pk) for group in groups),
        *(("client", client.pk) for client in clients),
    }
    held = {_named(row): row for row in StoreAccess.objects.filter(member=member)}
    gone = [held[key].pk for key in held.keys() - wanted]
    new = wanted - held.keys()
    StoreAccess.objects.filter(pk__in=gone).delete()
    StoreAccess.objects.bulk_create(
        StoreAccess(member=member, **{f"{noun}_id": pk}) for noun, pk in sorted(new)
    )
    if gone or new:
        trail.record(
            action="access.changed",
            by=by,
            subject=member,
            at=at,
            changes={"added": len(new), "removed": len(gone)},
        )


def name_stores(*, member: Membership, store_ids: Iterable[UUID], reach: QuerySet[Store]) -> None:
    """Let ``member`` reach exactly these stores by name, of those in the giver's ``reach``.

    Groups and clients shared with her stay, as do stores that the giver does not see; stores gone
    meanwhile are left out.
    """
    wanted = list(store_ids)
    named = StoreAccess.objects.filter(member=member, store__in=reach)
    named.exclude(store__in=wanted).delete()
    present = reach.filter(pk__in=wanted).values_list("pk", flat=True)
    StoreAccess.objects.bulk_create(
        [StoreAccess(member=member, store_id=pk) for pk in present], ignore_conflicts=True
    )


def _named(row: StoreAccess) -> tuple[str, UUID]:
    if row.store_id:
        return "store", row.store_id
    if row.group_id:
        return "group", row.group_id
    assert row.client_id, "The database lets an access name nothing."
    return "client", row.client_id
