"""The only way from a name in a URL to a store this member may see; else a 404."""

from collections.abc import Iterable
from contextlib import suppress
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
    TaughtForm,
    Violation,
)
from stores.selectors.announcements import news_among
from stores.services.imports import KINDS
from tenants.models import ApiKey, ConsentLink, Membership

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


def picked_stores(member: Membership, picked: Iterable[str]) -> QuerySet[Store]:
    """Return those of the stores ticked in a list that the member sees, by name."""
    ids = []
    for each in picked:
        with suppress(ValueError):
            ids.append(UUID(each))
    found = visible_stores(member).filter(pk__in=ids)
    return found.select_related("client").order_by("name", "pk")


def stores_of_key(key: ApiKey) -> QuerySet[Store]:
    """Return the stores that an API key reaches, archived ones left out."""
    stores = Store.objects.exclude(state=Store.State.ARCHIVED)
    return stores if key.store_ids is None else stores.filter(pk__in=key.store_ids)


def store_of_key(key: ApiKey, pk: object) -> Store:
    store = stores_of_key(key).select_related("client").filter(pk=uuid_or_404(pk)).first()
    if store is None:
        raise Http404
    return store


def consent_links_of_key(key: ApiKey) -> QuerySet[ConsentLink]:
    """Return the links for the owners of the key's stores."""
    stores = stores_of_key(key).values("pk")
    return ConsentLink.objects.filter(agency_id=key.agency_id, store_id__in=stores)


def consent_link_of_key(key: ApiKey, pk: object) -> ConsentLink:
    return _one(consent_links_of_key(key), pk)


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
    found = Enforcement.objects.filter(store__in=visible_stores(member), withdrawn_at=None)
    return _one(found.select_related("store", "violation"), pk)


def notices_for(member: Membership) -> QuerySet[Notice]:
    """Return the notices of the member's stores; those of no store only where she sees all."""
    of_stores = Q(store__in=visible_stores(member))
    if member.sees_all_stores:
        of_stores |= Q(store=None)
    return Notice.objects.filter(of_stores)


def notices_of_key(key: ApiKey) -> QuerySet[Notice]:
    """Return the notices of the key's stores; those of no store only where it reaches all."""
    of_stores = Q(store__in=stores_of_key(key))
    return Notice.objects.filter(of_stores | Q(store=None) if key.store_ids is None else of_stores)


def news_for(member: Membership) -> QuerySet[Notice]:
    """Return the announcements of the member's stores.

    Who sees no internal notes is shown what a marketplace itself has signed: in a mail that was
    passed on, words of the agency's may stand.
    """
    news = news_among(notices_for(member))
    return news if member.can("notes.internal") else news.filter(trust=Notice.Trust.PROVEN)


def announcement_for(member: Membership, pk: object) -> Notice:
    return _one(news_for(member).select_related("store"), pk)


def news_of_key(key: ApiKey) -> QuerySet[Notice]:
    """Return the announcements of the key's stores."""
    return news_among(notices_of_key(key))


def announcement_of_key(key: ApiKey, pk: object) -> Notice:
    return _one(news_of_key(key), pk)


def notice_for(member: Membership, pk: object) -> Notice:
    return _one(notices_for(member).select_related("store", "handled_by__user"), pk)


def taught_forms_for(member: Membership) -> QuerySet[TaughtForm]:
    """Return what was taught and is not forgotten; with a listed scope, by notices of her stores.

    Newest first.
    """
    forms = TaughtForm.objects.filter(forgotten_at=None).order_by("-taught_at", "-id")
    if member.sees_all_stores:
        return forms
    return forms.filter(notice__store__in=visible_stores(member))


def taught_form_for(member: Membership, pk: object) -> TaughtForm:
    return _one(taught_forms_for(member).select_related("notice"), pk)


def imports_for(member: Membership) -> QuerySet[Import]:
    """Return the files that a member brought in; who sees all stores has those of others too.

    Of others' files she has the kinds whose rows she may record herself.
    """
    found = Import.objects.select_related("store", "made_by__user")
    own = Q(made_by=member)
    if not member.sees_all_stores:
        return found.filter(own)
    kinds = [code for code, kind in KINDS.items() if member.can(kind.capability)]
    return found.filter(own | Q(kind__in=kinds))


def import_for(member: Membership, pk: object) -> Import:
    return _one(imports_for(member), pk)


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
