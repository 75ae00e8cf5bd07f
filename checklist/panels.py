"""What this room shows on the fleet's and the store's pages, which live below."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from checklist.models import Round
from checklist.selectors import checks, today
from stores.models import Store
from tenants.models import Membership


def checks_column(member: Membership, ids: Sequence[UUID]) -> Mapping[UUID, dict[str, int]]:
    """Return {done, total, late} of today by store."""
    if not member.can("checks.view"):
        return {}
    at = timezone.now()
    return today.checks_column(Round.objects.filter(store__in=ids), at=at)


def rounds_panel(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    """Return the store's last rounds, of about two days."""
    member: Membership | None = getattr(request, "member", None)
    if member is None or not member.can("checks.view"):
        return None
    rounds = checks.history(Round.objects.filter(store=store))[:6]
    at = timezone.now()
    return {"store": store, "rounds": list(rounds), "now": at}
