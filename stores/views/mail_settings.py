"""The addresses that notices are forwarded to, and who may forward them."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from stores.access import visible_stores
from stores.forms.mail import ForwarderForm
from stores.panels import is_quiet
from stores.selectors import notices as selectors
from stores.selectors.mail_flow import flows_of
from stores.services import mail_routes
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError

_A_PAGE = 50


@requires("settings.mail")
@require_GET
def mail_settings(request: MemberRequest) -> HttpResponse:
    return _page(request, ForwarderForm())


@requires("settings.mail")
@require_POST
def add_forwarder(request: MemberRequest) -> HttpResponse:
    form = ForwarderForm(request.POST)
    if form.is_valid():
        try:
            address = mail_routes.add_forwarder(
                address=form.cleaned_data["address"], by=request.member, at=timezone.now()
            )
        except DomainError as refusal:
            form.add_error("address", str(refusal))
        else:
            messages.success(request, _("%(address)s may forward now.") % {"address": address})
            return redirect("stores:mail_settings")
    return _page(request, form, status=422)


@requires("settings.mail")
@require_POST
def remove_forwarder(request: MemberRequest) -> HttpResponse:
    address = request.POST.get("address", "")
    mail_routes.remove_forwarder(address=address, by=request.member, at=timezone.now())
    messages.success(request, _("Removed. What it has forwarded stays."))
    return redirect("stores:mail_settings")


def _page(request: MemberRequest, form: ForwarderForm, *, status: int = 200) -> HttpResponse:
    at = timezone.now()
    stores = visible_stores(request.member).order_by("name", "pk")
    page = Paginator(stores, _A_PAGE).get_page(request.GET.get("page"))
    shown = list(page)
    # Agencies and stores get theirs when they are made; this mends one that somehow has none.
    found = selectors.addresses(request.agency.pk, shown)
    if len(found) <= len(shown):
        mail_routes.ensure_routes([None, *(store.pk for store in shown)])
        found = selectors.addresses(request.agency.pk, shown)
    flows = flows_of([store.pk for store in shown], at=at)
    context: dict[str, Any] = {
        "agency_address": found[0],
        "agency_is_quiet": is_quiet(found[0].last_mail_at, at),
        "stores": [(one, flows[one.store.pk]) for one in found if one.store],
        "page": page,
        "forwarders": found[0].route.forwarders,
        "form": form,
        "now": at,
    }
    return render(request, "stores/mail_settings.html", context, status=status)
