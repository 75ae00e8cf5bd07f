"""Clients, groups, and who reaches what."""

from django.db.models import Count, Q, QuerySet

from stores.models import Client, Store, StoreAccess, StoreGroup
from tenants.models import Agency, Membership

_KEPT = ~Q(stores__state=Store.State.ARCHIVED)
_KEPT_IN_GROUP = ~Q(groupings__store__state=Store.State.ARCHIVED)


def with_store_counts(clients: QuerySet[Client]) -> QuerySet[Client]:
    return clients.annotate(store_count=Count("stores", filter=_KEPT))


def groups_with_store_counts(groups: QuerySet[StoreGroup]) -> QuerySet[StoreGroup]:
    return groups.annotate(store_count=Count("groupings", filter=_KEPT_IN_GROUP))


def members_of(agency: Agency) -> QuerySet[Membership]:
    """Return the agency's active members by name, for choosing an owner."""
    return (
        Membership.objects.filter(agency_id=agency.pk, is_active=True)
        .select_related("user", "role")
        .order_by("user__name", "user__email")
    )


def access_of(member: Membership) -> QuerySet[StoreAccess]:
    return StoreAccess.objects.filter(member=member)
