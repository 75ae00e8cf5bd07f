"""Hears the news of lower rooms inside their transaction, and only writes rows."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from stores.access import visible_stores
from stores.services import access
from tenants.models import Membership
from tenants.signals import membership_changed


@receiver(membership_changed)
def _name_stores(
    member: Membership, store_ids: Collection[UUID] | None, by: Membership, **_: Any
) -> None:
    if store_ids is not None:
        access.name_stores(member=member, store_ids=store_ids, reach=visible_stores(by))
