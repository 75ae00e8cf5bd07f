"""What the marketplaces pushed about a store."""

from uuid import UUID

from django.db.models import Q

from stores.selectors.notices import Place
from tenants.models import InboundEvent


def page_of_pushes(store_id: UUID, *, after: Place | None = None, limit: int) -> list[InboundEvent]:
    """Return the newest ``limit`` pushes of a store after a place, without what they carried."""
    pushes = InboundEvent.objects.filter(store_id=store_id, channel="webhook").defer("payload")
    if after is not None:
        same = Q(received_at=after.at, id__lt=after.id)
        pushes = pushes.filter(Q(received_at__lt=after.at) | same)
    return list(pushes.order_by("-received_at", "-id")[:limit])
