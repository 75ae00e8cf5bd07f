"""Remediations in lists, with how far each is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from appeals.models import Remediation
from tenants.models import Membership
from tenants.trail import selectors as trail
from tenants.trail import words


def listed(
    remediations: QuerySet[Remediation],
    *,
    state: str = "open",
    store_id: UUID | None = None,
    owner: Membership | None = None,
) -> QuerySet[Remediation]:
    """Return those of a state with ``done`` and ``total`` steps, the one due first first."""
    found = remediations.filter(state=state)
    if store_id is not None:
        found = found.filter(store=store_id)
    if owner is not None:
        found = found.filter(owner=owner)
    order = (
        ("-done_at",) if state != Remediation.State.OPEN else (F("due_at").asc(nulls_last=True),)
    )
    return (
        found.select_related("store", "owner__user")
        .annotate(total=Count("steps"), done=Count("steps", filter=Q(steps__done_at__isnull=False)))
        .order_by(*order, "id")
    )


def counts(
    remediations: QuerySet[Remediation], *, member: Membership, at: datetime
) -> dict[str, int]:
    """Return how many are open, late, and the member's own, in one query."""
    is_open = Q(state=Remediation.State.OPEN)
    return remediations.aggregate(
        open=Count("pk", filter=is_open),
        late=Count("pk", filter=is_open & Q(due_at__lte=at)),
        mine=Count("pk", filter=is_open & Q(owner=member)),
    )


def of_origin(kind: str, origin_id: UUID) -> QuerySet[Remediation]:
    """Return what was opened for one origin, newest first."""
    found = Remediation.objects.filter(origin_kind=kind, origin_id=origin_id)
    return found.select_related("owner__user").order_by("-opened_at", "-id")


def open_by_origin(kind: str, origin_ids: Sequence[UUID]) -> dict[UUID, Remediation]:
    """Return the open work by what it was opened for, in one query."""
    found = Remediation.objects.filter(
        state=Remediation.State.OPEN, origin_kind=kind, origin_id__in=origin_ids
    )
    return {work.origin_id: work for work in found if work.origin_id}


def timeline(remediation: Remediation, *, sees_names: bool) -> list[dict[str, Any]]:
    """Return what happened to a remediation, newest first, in one query."""
    return [
        {
            "at": event.at,
            "text": words.action_words(event.action),
            "note": " · ".join(
                str(part)
                for part in (
                    event.member if sees_names else None,
                    event.changes.get("step"),
                    event.changes.get("reason") if sees_names else None,
                )
                if part
            ),
        }
        for event in trail.history_of(remediation.pk)[:40]
    ]
