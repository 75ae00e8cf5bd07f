"""Which stores members reach, as the people page of the room below asks by slot."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from stores.access import visible_stores
from stores.models import Store, StoreAccess, StoreGrouping
from tenants.models import Membership

Named = tuple[str, UUID, str]  # kind ("store", "group" or "client"), id, name


def stores_by_name(member: Membership, _ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """Return the names of the stores that ``member`` reaches."""
    return dict(visible_stores(member).order_by("name").values_list("pk", "name"))


def stores_in_trail(member: Membership, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str]]:
    """Return (name, href) of these stores in one query; no href where ``member`` sees no page.

    An archived store has none, but whoever sees all stores is told its name.
    """
    seen = Exists(visible_stores(member).filter(pk=OuterRef("pk")))
    stores = Store.objects.filter(pk__in=ids).annotate(is_seen=seen)
    if not member.sees_all_stores:
        stores = stores.filter(is_seen=True)
    return {
        pk: (name, reverse("stores:store", args=[pk]) if is_seen else "")
        for pk, name, is_seen in stores.values_list("pk", "name", "is_seen")
    }


def holdings(viewer: Membership, member_ids: Sequence[UUID]) -> Mapping[UUID, list[Named]]:
    """Return what is shared with each of these members by name, clients and groups first.

    A viewer who does not reach all stores is told only of what holds a store that she reaches.
    """
    held: dict[UUID, list[Named]] = {}
    rows = StoreAccess.objects.filter(member_id__in=member_ids).select_related(
        "store", "group", "client"
    )
    if not viewer.sees_all_stores:
        seen = visible_stores(viewer)
        groups = StoreGrouping.objects.filter(store__in=seen)
        rows = rows.filter(
            Q(store__in=seen)
            | Q(client__in=seen.filter(client__isnull=False).values("client"))
            | Q(group__in=groups.values("group"))
        )
    for row in rows:
        named: Named
        if row.client is not None:
            named = ("client", row.client.pk, row.client.name)
        elif row.group is not None:
            named = ("group", row.group.pk, row.group.name)
        else:
            assert row.store is not None, "The database lets an access name nothing."
            named = ("store", row.store.pk, row.store.name)
        held.setdefault(row.member_id, []).append(named)
    return {member: sorted(named, key=lambda n: (n[0], n[2])) for member, named in held.items()}
