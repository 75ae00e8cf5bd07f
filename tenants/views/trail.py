"""The audit trail: who did what, newest first, a page at a time."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from tenants import slots
from tenants.access import MemberRequest, requires
from tenants.models import Membership
from tenants.selectors import people
from tenants.trail import reading, selectors
from tenants.trail.models import AuditEvent
from tenants.trail.reading import Told
from tenants.trail.selectors import Place
from tenants.trail.words import action_words

_PAGE = 50


def _place(text: str) -> Place | None:
    """Read where the page before ended, as its link says it."""
    if not text:
        return None
    moment, _, row = text.partition("_")
    try:
        return Place(at=datetime.fromisoformat(moment), id=UUID(row))
    except (ValueError, OverflowError) as error:
        raise Http404 from error


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Http404 from error


def _rows(member: Membership, events: list[AuditEvent]) -> list[tuple[Told, str, str]]:
    """Return each row in words with its store's name, and the store's address or ""."""
    ids = sorted({event.store_id for event in events if event.store_id})
    stores: dict[UUID, tuple[str, str]] = {}
    if ids:
        for found in slots.columns("trail.stores", member, ids).values():
            stores |= found
    return [
        (told, *stores.get(told.event.store_id or member.pk, ("", "")))
        for told in reading.told(events)
    ]


@requires("audit.view")
@require_GET
def audit(request: MemberRequest) -> HttpResponse:
    member_id = _uuid(request.GET.get("member", ""))
    action = request.GET.get("action", "")[:60]
    after = _place(request.GET.get("after", ""))
    member = request.member
    reach = None if member.sees_all_stores else people.stores_in_reach(member).keys()
    events = selectors.page_of_events(
        member_id=member_id, action=action, store_ids=reach, after=after, limit=_PAGE + 1
    )
    shown = events[:_PAGE]
    filters = {"member": str(member_id or ""), "action": action}
    older = ""
    if len(events) > _PAGE:
        last = shown[-1]
        older = urlencode({**filters, "after": f"{last.at.isoformat()}_{last.pk}"})
    return render(
        request,
        "tenants/audit.html",
        {
            "rows": _rows(member, shown),
            "members": people.members_of(request.agency.pk),
            "actions": sorted(
                ((code, action_words(code)) for code in selectors.actions_seen()),
                key=lambda pair: pair[1],
            ),
            "filters": filters,
            "is_filtered": any(filters.values()),
            "is_first": after is None,
            "older": older,
            "now": timezone.now(),
        },
    )
