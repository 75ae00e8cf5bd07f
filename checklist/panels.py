"""What this room shows on the fleet's and the store's pages, which live below."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from checklist.access import visible_rounds
from checklist.models import Round
from checklist.selectors import checks, today
from checklist.selectors.mine import mine
from stores.models import Store
from tenants.models import Membership
from tenants.slots import Mark


def checks_column(member: Membership, ids: Sequence[UUID]) -> Mapping[UUID, dict[str, int]]:
    """Return {done, total, late} of today by store."""
    if not member.can("checks.view"):
        return {}
    at = timezone.now()
    return today.checks_column(Round.objects.filter(store__in=ids), at=at)


def setup_column(_viewer: Any, ids: Sequence[UUID]) -> Mapping[UUID, dict[str, Any]]:
    """Return at which stores a round has been done, and where a store's rounds are.

    The API asks this on the public host too, which has no such page.
    """
    done = checks.stores_with_a_round_done(ids)
    return {
        pk: {
            "is_done": pk in done,
            "href": reverse("checklist:store_rounds", urlconf=settings.ROOT_URLCONF, args=[pk]),
        }
        for pk in ids
    }


def rounds_panel(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    """Return the store's last rounds, of about two days."""
    member: Membership | None = getattr(request, "member", None)
    if member is None or not member.can("checks.view"):
        return None
    rounds = checks.history(Round.objects.filter(store=store))[:6]
    at = timezone.now()
    return {"store": store, "rounds": list(rounds), "now": at}


def today_mark(request: HttpRequest) -> Mark | None:
    """Return how many checks of the member's own are late, or where none is, due."""
    member: Membership | None = getattr(request, "member", None)
    if member is None or not member.can("checks.tick"):
        return None
    late, now = today.left(mine(visible_rounds(member), member), at=timezone.now())
    if late:
        words = ngettext("%(count)s check is overdue", "%(count)s checks are overdue", late)
        return Mark(late, "bad", words % {"count": late})
    if now:
        words = ngettext("%(count)s check is due now", "%(count)s checks are due now", now)
        return Mark(now, "none", words % {"count": now})
    return None
