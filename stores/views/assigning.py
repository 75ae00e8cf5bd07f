"""Giving many stores at once to a client, to groups and to people: ticked, or by a list."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from stores.access import clients_for, groups_for, picked_stores, visible_stores
from stores.forms import assigning as forms
from stores.selectors import clients as selectors
from stores.services import assigning as services
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.selectors import people


@requires("stores.edit")
@require_http_methods(["GET", "POST"])
def assign(request: MemberRequest) -> HttpResponse:
    """Say what the picked stores get; what is left empty stays as it is."""
    is_sent = request.POST.get("step") == "save"
    picked = request.POST.getlist("pick") or request.GET.getlist("pick")
    stores = list(picked_stores(request.member, picked))
    sharers = _sharers(request)
    form = forms.AssignForm(
        request.POST if is_sent else None,
        clients=clients_for(request.member),
        groups=groups_for(request.member),
        members=None
        if sharers is None
        else selectors.members_of(request.agency).filter(pk__in=[one.pk for one in sharers]),
    )
    if is_sent and stores and form.is_valid():
        try:
            done = services.assign(
                placings=form.placings(stores), by=request.member, at=timezone.now()
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            _tell(request, done)
            return redirect("stores:setup")
    status = 422 if form.errors else 200
    context = {"form": form, "stores": stores}
    return render(request, "stores/assign.html", context, status=status)


@requires("stores.edit")
@require_http_methods(["GET", "POST"])
def assign_list(request: MemberRequest) -> HttpResponse:
    """Do the same by rows that are pasted or come in a file; looked over before it is written."""
    is_sent = request.method == "POST"
    form = forms.AssignListForm(request.POST, request.FILES) if is_sent else forms.AssignListForm()
    read = None
    if is_sent and form.is_valid() and form.table is not None:
        read = forms.read_list(
            form.table, _known(request), is_making=form.cleaned_data["is_making"]
        )
        if request.POST.get("step") == "save" and not read.wrong:
            try:
                done = _write(request, read)
            except DomainError as refusal:
                form.add_error(None, str(refusal))
            else:
                _tell(request, done)
                return redirect("stores:setup")
        if request.FILES:  # a file cannot be sent back with the page: its rows can
            values = {"rows": form.text, "is_making": form.cleaned_data["is_making"]}
            form = forms.AssignListForm(initial=values)
    status = 422 if form.errors else 200
    return render(request, "stores/assign_list.html", {"form": form, "read": read}, status=status)


@transaction.atomic
def _write(request: MemberRequest, read: forms.AssignList) -> services.Assigned:
    at = timezone.now()
    clients, groups = services.make_missing(
        clients=read.new_clients, groups=read.new_groups, by=request.member, at=at
    )
    placings = forms.placings_of(
        read.lines,
        forms.by_plain_name([*clients_for(request.member), *clients.values()]),
        forms.by_plain_name([*groups_for(request.member), *groups.values()]),
    )
    return services.assign(placings=placings, by=request.member, at=at)


def _known(request: MemberRequest) -> forms.Known:
    return forms.Known(
        stores=visible_stores(request.member).select_related("client"),
        clients=clients_for(request.member),
        groups=groups_for(request.member),
        members=_sharers(request),
    )


def _sharers(request: MemberRequest) -> list[Membership] | None:
    """Return whom the member may share stores with; None where she may share with nobody."""
    by = request.member
    if not by.can("people.roles"):
        return None
    return [
        member
        for member in selectors.members_of(request.agency)
        if member.pk != by.pk and not member.sees_all_stores and people.may_grant(by, member.role)
    ]


def _tell(request: MemberRequest, done: services.Assigned) -> None:
    stores = ngettext("%(count)s store changed.", "%(count)s stores changed.", done.stores) % {
        "count": done.stores
    }
    shares = ngettext(
        "Shared anew: %(count)s store.", "Shared anew: %(count)s stores.", done.shares
    ) % {"count": done.shares}
    if not done.stores and not done.shares:
        messages.success(request, _("All this was so already."))
    else:
        messages.success(request, " ".join([stores, *([shares] if done.shares else [])]))
