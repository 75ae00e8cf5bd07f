"""What every page's frame needs: the places a member may go, who reads, in which language."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from tenants import addresses, slots
from tenants.access import ANY_MEMBER
from tenants.models import Membership


@dataclass(frozen=True, slots=True)
class _Place:
    key: str
    label: Promise | str
    icon: str
    view: str
    capability: str


@dataclass(frozen=True, slots=True)
class RailEntry:
    key: str
    label: Promise | str
    icon: str
    url: str
    count: int = 0
    tone: str = "none"
    words: str = ""


_PLACES: Final = (
    _Place("fleet", _("Fleet"), "building-store", "stores:fleet", "stores.view"),
    _Place("today", _("Today"), "list-check", "checklist:today", "checks.view"),
    _Place("cases", _("Cases"), "gavel", "appeals:cases", "cases.view"),
    _Place("remediation", _("Remediation"), "tool", "appeals:remediations", "cases.view"),
    _Place("alerts", _("Alerts"), "bell", "stores:alerts", "stores.view"),
    _Place("news", _("News"), "message", "stores:announcements", "stores.view"),
    _Place("people", _("People"), "users", "tenants:people", "people.view"),
    _Place("trail", _("Audit trail"), "history", "tenants:audit", "audit.view"),
    _Place("settings", _("Settings"), "settings", "tenants:settings", ANY_MEMBER),
)


def _rail(request: HttpRequest, member: Membership) -> Sequence[RailEntry]:
    entries = []
    for place in _PLACES:
        if place.capability != ANY_MEMBER and not member.can(place.capability):
            continue
        try:
            url = reverse(place.view, urlconf=settings.ROOT_URLCONF)
        except NoReverseMatch:
            continue
        mark = slots.mark(place.key, request)
        told = (mark.count, mark.tone, mark.words) if mark else ()
        entries.append(RailEntry(place.key, place.label, place.icon, url, *told))
    return entries


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return the frame's context; on pages without a member the rail is empty.

    The rail counts when it is drawn, so that a fragment without a frame asks for nothing.
    """
    member: Membership | None = getattr(request, "member", None)
    return {
        "navigation": (
            SimpleLazyObject(lambda: _rail(request, member)) if member is not None else ()
        ),
        "reader": {"zone": str(timezone.get_current_timezone())},
        "public_url": addresses.public_url(),
        "is_development": settings.DEVELOPMENT,
    }
