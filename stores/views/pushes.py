"""What the marketplace pushed about a store: its state, its age, and what it led to."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from stores.access import store_for
from stores.push_words import about
from stores.selectors.pushes import page_of_pushes
from stores.selectors.store import connection_of
from stores.views import paging
from tenants.access import MemberRequest, requires
from tenants.models import InboundEvent

_A_PAGE: Final = 50
_WAITS_LONG: Final = timedelta(minutes=5)


@requires("notes.internal")
@require_GET
def pushes_page(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    at = timezone.now()
    found = page_of_pushes(
        store.pk, after=paging.place(request.GET.get("after", "")), limit=_A_PAGE + 1
    )
    shown = found[:_A_PAGE]
    connection = connection_of(store)
    older = ""
    if len(found) > _A_PAGE:
        older = paging.query({}, shown[-1].received_at, shown[-1].pk)
    context = {
        "store": store,
        "connection": connection if connection and connection.is_live else None,
        "rows": [_row(event, at) for event in shown],
        "older": older,
        "is_first": not request.GET.get("after"),
        "now": at,
    }
    return render(request, "stores/pushes.html", context)


def _row(event: InboundEvent, at: datetime) -> dict[str, Any]:
    if event.handled_at is None:
        waits_long = at - event.received_at > _WAITS_LONG
        state, tone = _("Waiting"), "warn" if waits_long else "none"
    elif event.outcome == InboundEvent.Outcome.UNKNOWN:
        state, tone = _("Kept"), "warn"
    else:
        state, tone = _("Done"), "good"
    return {"event": event, "about": about(event.type), "state": state, "tone": tone}
