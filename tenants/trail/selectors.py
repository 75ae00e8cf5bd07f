from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from tenants.trail.models import AuditEvent


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the trail ended: the moment and id of its last row."""

    at: datetime
    id: UUID


def history_of(object_id: UUID) -> QuerySet[AuditEvent]:
    """Return an object's audit rows, newest first, with the member and user behind each."""
    return all_events().filter(object_id=object_id)


def history_with(object_id: UUID, *parts: "QuerySet[Any, UUID]") -> QuerySet[AuditEvent]:
    """Return the audit rows of an object and of its parts, whose ids the querysets hold."""
    wanted = Q(object_id=object_id)
    for part in parts:
        wanted |= Q(object_id__in=part)
    return all_events().filter(wanted)


def history_of_store(store_id: UUID) -> QuerySet[AuditEvent]:
    """Return the audit rows of a store and of what belongs to it, newest first."""
    return all_events().filter(store_id=store_id)


def all_events() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.select_related("member__user").order_by("-at", "-id")


def page_of_events(
    *,
    member_id: UUID | None,
    action: str,
    store_ids: Collection[UUID] | None,
    after: Place | None,
    limit: int,
) -> list[AuditEvent]:
    """Return the newest ``limit`` rows after a place; ``store_ids`` None means every store."""
    events = all_events()
    if member_id is not None:
        events = events.filter(member_id=member_id)
    if action:
        events = events.filter(action=action)
    if store_ids is not None:
        events = events.filter(Q(store_id=None) | Q(store_id__in=store_ids))
    if after is not None:
        events = events.filter(Q(at__lt=after.at) | Q(at=after.at, id__lt=after.id))
    return list(events[:limit])


def actions_seen() -> QuerySet[AuditEvent, str]:
    return AuditEvent.objects.order_by("action").values_list("action", flat=True).distinct()
