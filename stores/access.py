"""The only way from a name in a URL to a store this member may see; else a 404."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from stores.models import Store, StoreAccess, StoreGrouping
from tenants.models import Membership


def visible_stores(member: Membership) -> QuerySet[Store]:
    """Return the stores in the member's scope, archived ones left out."""
    stores = Store.objects.exclude(state=Store.State.ARCHIVED)
    if member.sees_all_stores:
        return stores
    named = StoreAccess.objects.filter(member=member)
    in_group = StoreGrouping.objects.filter(
        store=OuterRef("pk"), group__in=named.filter(group__isnull=False).values("group")
    )
    return stores.filter(
        Q(pk__in=named.filter(store__isnull=False).values("store"))
        | Q(client__in=named.filter(client__isnull=False).values("client"))
        | Exists(in_group)
    )


def uuid_or_404(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise Http404 from error


def store_for(member: Membership, pk: object) -> Store:
    store = visible_stores(member).select_related("client").filter(pk=uuid_or_404(pk)).first()
    if store is None:
        raise Http404
    return store
