"""The agency's own affairs: its address, and its end."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tenants import addresses
from tenants.access import MemberRequest, requires
from tenants.entrance import needs_proof
from tenants.errors import DomainError
from tenants.forms.agencies import AddressForm, DeletionForm
from tenants.middleware import forget_agency
from tenants.models import Agency, AgencyDeletion, Membership
from tenants.selectors import closing as selectors
from tenants.services import agencies, closing


@requires("settings.agency")
@never_cache
@require_http_methods(["GET", "POST"])
@needs_proof
def change_address(request: MemberRequest) -> HttpResponse:
    """Ask for the new address and move there; the browser follows to the new host."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    agency = Agency.objects.get(pk=request.agency.pk)
    if request.method == "POST" and form.is_valid():
        slug, former = form.cleaned_data["slug"], agency.slug
        try:
            agencies.change_address(agency=agency, slug=slug, by=request.member, at=timezone.now())
        except DomainError as refusal:
            form.add_error("slug", str(refusal))
        else:
            forget_agency(former, slug)
            return HttpResponseRedirect(addresses.agency_url(slug, "/settings/"))
    context = {
        "form": form,
        "address": agencies.agency_host(agency.slug),
        "days": agencies.ADDRESS_KEPT.days,
    }
    status = 422 if form.errors else 200
    return render(request, "tenants/change_address.html", context, status=status)


def danger(member: Membership, *, at: datetime) -> dict[str, Any]:
    """Return what the settings say of the agency's deletion to those who have a say in it."""
    if not member.can(selectors.CAPABILITY):
        return {"may_delete": False}
    deletion = selectors.open_deletion(member.agency_id)
    if deletion is not None and not deletion.waits(at=at):
        deletion = None
    others = selectors.holders(member.agency_id).exclude(user_id=member.user_id)
    is_asker = deletion is not None and deletion.asked_by_id == member.pk
    return {
        "may_delete": True,
        "deletion": deletion,
        "may_confirm": deletion is not None and not is_asker,
        "is_alone": not others.exists(),
        "support": settings.SUPPORT_ADDRESS,
    }


@requires(selectors.CAPABILITY)
@never_cache
@require_http_methods(["GET", "POST"])
@needs_proof
def ask_deletion(request: MemberRequest) -> HttpResponse:
    """Say what deleting means, and ask for it when the address was typed."""
    standing = danger(request.member, at=timezone.now())
    if standing["deletion"] is not None:
        messages.info(request, _("The deletion was asked for already; this is how it stands."))
        return redirect("tenants:settings")
    form = DeletionForm(request.POST if request.method == "POST" else None)
    agency = Agency.objects.get(pk=request.agency.pk)
    if request.method == "POST" and form.is_valid():
        try:
            closing.ask_deletion(
                agency=agency,
                typed=form.cleaned_data["typed"],
                by=request.member,
                at=timezone.now(),
            )
        except DomainError as refusal:
            form.add_error("typed", str(refusal))
        else:
            messages.success(request, _("Asked. A second person must confirm within 7 days."))
            return redirect("tenants:settings")
    context = {
        **standing,
        "form": form,
        "agency_name": agency.name,
        "address": agencies.agency_host(agency.slug),
    }
    status = 422 if form.errors else 200
    return render(request, "tenants/ask_deletion.html", context, status=status)


def _open_deletion(request: MemberRequest) -> AgencyDeletion:
    deletion = selectors.open_deletion(request.agency.pk)
    if deletion is None:
        raise Http404
    return deletion


@requires(selectors.CAPABILITY)
@require_POST
@needs_proof
def confirm_deletion(request: MemberRequest) -> HttpResponse:
    try:
        closing.confirm_deletion(
            deletion=_open_deletion(request), by=request.member, at=timezone.now()
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        forget_agency(request.agency.slug)
    return redirect("tenants:settings")


@requires(selectors.CAPABILITY)
@require_POST
def call_off_deletion(request: MemberRequest) -> HttpResponse:
    """Open the agency again, or take back what was asked."""
    try:
        closing.call_off_deletion(
            deletion=_open_deletion(request), by=request.member, at=timezone.now()
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        forget_agency(request.agency.slug)
        messages.success(request, _("Called off. The agency stays."))
    return redirect("tenants:settings")
