"""The fleet: worst first, filtered by the address, and what can be done to many at once."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from stores.access import clients_for, groups_for, uuid_or_404, visible_stores
from stores.panels import waiting_notices
from stores.selectors import clients, fleet
from stores.services import stores as services
from tenants import slots
from tenants.access import MemberRequest, requires

_TONES = {
    "closed": "closed",
    "critical": "bad",
    "watch": "warn",
    "healthy": "good",
    "unknown": "none",
}
_BAND_WORDS = {"critical": "risk", "unknown": "blind"}


@requires("stores.view")
@require_GET
def fleet_page(request: MemberRequest) -> HttpResponse:
    at = timezone.now()
    visible = visible_stores(request.member)
    rows = fleet.fleet(request.member, visible, at=at)
    asked = (request.GET.get(name, "") for name in ("with", "q"))
    search = fleet.parse_search(" ".join(asked))
    client, group = (_uuid_or_none(request.GET.get(name)) for name in ("client", "group"))
    shown = fleet.matching(rows, search, request.member, client=client, group=group)
    counts = fleet.counts(rows)
    near = sum(row.is_near_milestone for row in rows)
    alarms = sum(row.alerts.open for row in rows)
    context = {
        "rows": shown,
        "total": len(rows),
        "now": at,
        "counters": _counters(counts, search),
        "parts": [(_TONES[band], counts[band]) for band in fleet.BANDS],
        "in_trouble": counts["critical"],
        "near": near,
        "alarms": alarms,
        "waiting": waiting_notices(request),
        "old": sum(row.freshness.is_blind for row in rows),
        "quiet": sum(row.mail.is_quiet for row in rows),
        "views": _views(request, rows, near, counts, search),
        "search": search,
        "tokens": [
            {
                "key": f"-{token.key}" if token.is_not else token.key,
                "value": token.value,
                "href": _address(request, q=search.text(without=token)),
            }
            for token in search.tokens
        ],
        "token_text": " ".join(str(token) for token in search.tokens),
        "words": " ".join(search.words),
        "clients": clients_for(request.member),
        "groups": groups_for(request.member),
        "client": client,
        "group": group,
        "is_filtered": bool(search.text() or client or group),
        "may_edit": request.member.can("stores.edit"),
        "may_connect": request.member.can("stores.connect"),
        "members": clients.members_of(request.agency)
        if request.member.can("stores.edit") and rows
        else [],
        "here": request.get_full_path(),
        "desks": slots.panels("fleet.desks", request, None),
    }
    return render(request, "stores/fleet.html", context)


@requires("stores.edit")
@require_POST
def act_on_many(request: MemberRequest) -> HttpResponse:
    """Do to the picked stores what the pressed button says; those out of reach are counted."""
    back = _back(request)
    picked = {pk for pk in map(_uuid_or_none, request.POST.getlist("pick")) if pk is not None}
    stores = list(visible_stores(request.member).filter(pk__in=picked))
    if not stores or request.POST.get("act") != "assign":
        messages.error(request, _("Choose at least one store first."))
        return redirect(back)
    wanted = request.POST.get("owner", "")
    owner = None
    if wanted:
        members = clients.members_of(request.agency)
        owner = members.filter(pk=uuid_or_404(wanted)).first()
        if owner is None:
            messages.error(request, _("Choose a member of this agency."))
            return redirect(back)
        reach = set(visible_stores(owner).filter(pk__in=picked).values_list("pk", flat=True))
        stores = [store for store in stores if store.pk in reach]
    services.assign_owner(stores=stores, owner=owner, by=request.member, at=timezone.now())
    refused = len(picked) - len(stores)
    done = ngettext("%(count)s store assigned.", "%(count)s stores assigned.", len(stores))
    messages.success(request, done % {"count": len(stores)})
    if refused:
        left = ngettext(
            "%(count)s store refused: out of reach.",
            "%(count)s stores refused: out of reach.",
            refused,
        )
        messages.warning(request, left % {"count": refused})
    return redirect(back)


def _counters(counts: dict[str, int], search: fleet.Search) -> list[dict[str, Any]]:
    asked = {token.value for token in search.tokens if token.key == "band" and not token.is_not}
    found = []
    for band in fleet.BANDS:
        word = _BAND_WORDS.get(band, band)
        is_pressed = bool(asked & {word, band})
        found.append(
            {
                "band": band,
                "word": _("Blind") if band == "unknown" else "",
                "number": counts[band],
                "href": _fleet_url(q="" if is_pressed else f"band:{word}"),
                "pressed": is_pressed,
            }
        )
    return found


def _views(
    request: MemberRequest,
    rows: list[fleet.Row],
    near: int,
    counts: dict[str, int],
    search: fleet.Search,
) -> list[dict[str, Any]]:
    mine = sum(row.store.owner_id == request.member.pk for row in rows)
    text = search.text()
    given = [
        ("", _("All stores"), len(rows)),
        ("owner:me", _("Mine"), mine),
        ("milestone:near", _("Near a milestone"), near),
        ("band:blind", _("Blind"), counts["unknown"]),
    ]
    return [
        {"label": label, "count": count, "href": _fleet_url(q=q), "is_current": q == text}
        for q, label, count in given
    ]


def _address(request: MemberRequest, **changes: str) -> str:
    kept = {name: request.GET.get(name, "") for name in ("client", "group")} | changes
    return _fleet_url(**kept)


def _fleet_url(**query: str) -> str:
    asked = {name: value for name, value in query.items() if value}
    address = reverse("stores:fleet")
    return f"{address}?{urlencode(asked)}" if asked else address


def _uuid_or_none(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _back(request: MemberRequest) -> str:
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if is_ours and back.startswith("/") else reverse("stores:fleet")
