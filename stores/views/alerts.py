"""Open alerts over all stores, and taking them in hand."""

from datetime import timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from stores.access import alert_for, uuid_or_404, visible_stores
from stores.selectors import alerts as selectors
from stores.services import alerts as services
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError

_A_PAGE = 50
_SNOOZES = {"4h": timedelta(hours=4), "1d": timedelta(days=1), "7d": timedelta(days=7)}


@requires("stores.view")
@require_GET
def alerts_page(request: MemberRequest) -> HttpResponse:
    at = timezone.now()
    show = request.GET.get("show", "open")
    show = show if show in {"open", "snoozed", "resolved"} else "open"
    stores = visible_stores(request.member)
    asked = request.GET.get("store", "")
    if asked:
        stores = stores.filter(pk=uuid_or_404(asked))
    found = selectors.alerts_of(stores, show=show, at=at)
    page = Paginator(found, _A_PAGE).get_page(request.GET.get("page"))
    open_count = (
        page.paginator.count
        if show == "open"
        else selectors.alerts_of(stores, show="open", at=at).count()
    )
    tabs = [("open", _("Open")), ("snoozed", _("Snoozed")), ("resolved", _("Resolved"))]
    context = {
        "alerts": [selectors.shown(alert) for alert in page],
        "page": page,
        "show": show,
        "tabs": tabs,
        "store": asked,
        "open_count": open_count,
        "now": at,
        "may_handle": request.member.can("alerts.handle"),
        "here": request.get_full_path(),
    }
    return render(request, "stores/alerts.html", context)


@requires("alerts.handle")
@require_POST
def handle(request: MemberRequest, pk: str) -> HttpResponse:
    """Acknowledge, resolve or snooze one alert, as the pressed button says."""
    alert = alert_for(request.member, pk)
    at = timezone.now()
    act = request.POST.get("act", "")
    try:
        if act == "acknowledge":
            services.acknowledge(alert=alert, by=request.member, at=at)
            messages.success(request, _("It is yours now."))
        elif act == "resolve":
            services.resolve(alert=alert, by=request.member, at=at)
            messages.success(request, _("Resolved. It opens again if its cause is still there."))
        elif act in _SNOOZES:
            services.snooze(alert=alert, until=at + _SNOOZES[act], by=request.member, at=at)
            messages.success(request, _("Snoozed."))
        else:
            messages.error(request, _("Choose what to do with the alert."))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    back = request.POST.get("next", "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if is_ours else reverse("stores:alerts"))
