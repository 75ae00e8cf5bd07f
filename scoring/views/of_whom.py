"""Which of the member's stores a desk of the fleet is about."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from stores.access import clients_for, groups_for, visible_stores
from stores.models import Store
from tenants.access import MemberRequest


@dataclass(frozen=True, slots=True)
class OfWhom:
    """The stores of one client, of one group, or all that the member sees."""

    stores: QuerySet[Store]
    context: dict[str, Any]  # what ``scoring/_of_whom.html`` takes


def of_whom(request: MemberRequest) -> OfWhom:
    """Return whose stores the address asks for; what is no id asks for nothing."""
    client, group = (uuid_or_none(request.GET.get(name)) for name in ("client", "group"))
    stores = visible_stores(request.member)
    if client:
        stores = stores.filter(client=client)
    if group:
        stores = stores.filter(groupings__group=group)
    context = {
        "clients": clients_for(request.member),
        "groups": groups_for(request.member),
        "client": client,
        "group": group,
        "is_filtered": bool(client or group),
    }
    return OfWhom(stores, context)


def uuid_or_none(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
