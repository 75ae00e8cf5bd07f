"""Which stores' ratings changed since a moment, and by what."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from scoring.desks import DESKS
from scoring.forms import SinceForm
from scoring.selectors.changes import changes_of
from scoring.views.of_whom import of_whom
from tenants.access import MemberRequest, requires


@requires("ratings.view")
@require_GET
def changes(request: MemberRequest) -> HttpResponse:
    """Show which stores' ratings changed since a moment, and by what, worst first."""
    at = timezone.now()
    form = SinceForm(request.GET, now=at, zone=timezone.get_current_timezone())
    since = form.moment()
    whom = of_whom(request)
    stores = whom.stores.select_related("client")
    context = {
        **whom.context,
        "found": changes_of(list(stores), since=since, at=at),
        "form": form,
        "since": since,
        "periods": _periods(request, form),
        "desks": DESKS,
        "current": "scoring:changes",
    }
    return render(request, "scoring/changes.html", context)


def _periods(request: MemberRequest, form: SinceForm) -> list[dict[str, Any]]:
    asked = form.cleaned_data.get("days") or 1
    is_exact = bool(form.cleaned_data.get("since"))
    kept = {name: request.GET.get(name, "") for name in ("client", "group")}
    return [
        {
            "label": label,
            "href": "?" + urlencode({k: v for k, v in kept.items() if v} | {"days": days}),
            "is_current": days == asked and not is_exact,
        }
        for days, label in form.fields["days"].choices  # type: ignore[attr-defined]
    ]
