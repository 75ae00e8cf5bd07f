"""The only way from a name in a URL to a store this member may see; else a 404."""

from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import Http404

from stores.models import (
    Alert,
    Client,
    Enforcement,
    Import,
    Notice,
    Store,
    StoreAccess,
    StoreGroup,
    StoreGrouping,
    SubAccount,
    Violation,
)
from tenants.models import ApiKey, Membership

Row = TypeVar("Row", bound=Model)


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


def stores_of_key(key: ApiKey) -> QuerySet[Store]:
    """Return the stores that an API key reaches, archived ones left out."""
    stores = Store.objects.exclude(state=Store.State.ARCHIVED)
    return stores if key.store_ids is None else stores.filter(pk__in=key.store_ids)


def store_of_key(key: ApiKey, pk: object) -> Store:
    store = stores_of_key(key).select_related("client").filter(pk=uuid_or_404(pk)).first()
    if store is None:
        raise Http404
    return store


def alert_for(member: Membership, pk: object) -> Alert:
    """Return an alert of a store the member sees."""
    found = Alert.objects.filter(store__in=visible_stores(member)).select_related("store")
    return _one(found, pk)


def sub_account_for(member: Membership, store_pk: object, pk: object) -> SubAccount:
    """Return a seat of a store the member sees."""
    store = store_for(member, store_pk)
    return _one(SubAccount.objects.filter(store=store).select_related("store"), pk)


def violation_for(member: Membership, pk: object) -> Violation:
    """Return a violation of a store the member sees."""
    found = Violation.objects.filter(store__in=visible_stores(member))
    return _one(found.select_related("store", "notice", "recorded_by__user"), pk)


def enforcement_for(member: Membership, pk: object) -> Enforcement:
    """Return an enforcement of a store the member sees."""
    found = Enforcement.objects.filter(store__in=visible_stores(member))
    return _one(found.select_related("store", "violation"), pk)


def notices_for(member: Membership) -> QuerySet[Notice]:
    """Return the notices of the member's stores; those of no store only where she sees all."""
    of_stores = Q(store__in=visible_stores(member))
    if member.sees_all_stores:
        of_stores |= Q(store=None)
    return Notice.objects.filter(of_stores)


def notice_for(member: Membership, pk: object) -> Notice:
    return _one(notices_for(member).select_related("store", "handled_by__user"), pk)


def import_for(member: Membership, pk: object) -> Import:
    """Return a file that the member brought in; others' files are not hers to see or confirm."""
    return _one(Import.objects.filter(made_by=member).select_related("store"), pk)


def imports_of_key(key: ApiKey) -> QuerySet[Import]:
    """Return the files that a key's maker brought in; of a key with listed stores, theirs."""
    found = Import.objects.filter(made_by=key.made_by)
    return found if key.store_ids is None else found.filter(store__in=stores_of_key(key))


def import_of_key(key: ApiKey, pk: object) -> Import:
    return _one(imports_of_key(key), pk)


def clients_for(member: Membership) -> QuerySet[Client]:
    """Return the clients a member may hear of: with a listed scope, those of her stores."""
    found = Client.objects.order_by("name")
    if member.sees_all_stores:
        return found
    return found.filter(pk__in=visible_stores(member).values("client"))


def groups_for(member: Membership) -> QuerySet[StoreGroup]:
    """Return the groups a member may hear of: with a listed scope, those of her stores."""
    found = StoreGroup.objects.order_by("name")
    if member.sees_all_stores:
        return found
    return found.filter(pk__in=visible_stores(member).values("groupings__group"))


def client_for(member: Membership, pk: object) -> Client:
    return _one(clients_for(member), pk)


def group_for(member: Membership, pk: object) -> StoreGroup:
    return _one(groups_for(member), pk)


def _one(found: QuerySet[Row], pk: object) -> Row:
    row = found.filter(pk=uuid_or_404(pk)).first()
    if row is None:
        raise Http404
    return row
