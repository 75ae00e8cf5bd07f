"""Hears the news of lower rooms inside their transaction, and only writes rows."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from stores.access import visible_stores
from stores.models import Store
from stores.services import access, mail_routes
from stores.signals import store_changed
from tenants.models import Membership
from tenants.signals import agency_ready, membership_changed


@receiver(membership_changed)
def _name_stores(
    member: Membership, store_ids: Collection[UUID] | None, by: Membership, **_: Any
) -> None:
    if store_ids is not None:
        access.name_stores(member=member, store_ids=store_ids, reach=visible_stores(by))


@receiver(agency_ready)
def _give_agency_an_address(**_: Any) -> None:
    mail_routes.ensure_routes([None])


@receiver(store_changed)
def _give_store_an_address(store: Store, **_: Any) -> None:
    mail_routes.ensure_routes([store.pk])
