"""Clients, groups, and which stores a member reaches."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from stores.access import client_for, clients_for, group_for, groups_for, uuid_or_404
from stores.forms.stores import AccessForm, ClientForm, GroupForm
from stores.models import Client, StoreGroup
from stores.selectors import clients as selectors
from stores.services import access as access_services
from stores.services import stores as services
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError


@requires("stores.edit")
@require_GET
def clients_page(request: MemberRequest) -> HttpResponse:
    context = {
        "clients": selectors.with_store_counts(clients_for(request.member)),
        "groups": selectors.groups_with_store_counts(groups_for(request.member)),
    }
    return render(request, "stores/clients.html", context)


@requires("stores.edit")
@require_http_methods(["GET", "POST"])
def add_client(request: MemberRequest) -> HttpResponse:
    return _client(request, Client(), ClientForm(request.POST or None))


@requires("stores.edit")
@require_http_methods(["GET", "POST"])
def edit_client(request: MemberRequest, pk: str) -> HttpResponse:
    client = client_for(request.member, pk)
    initial = {"name": client.name, "contact": client.contact, "language": client.language}
    return _client(request, client, ClientForm(request.POST or None, initial=initial))


@requires("stores.edit")
@require_POST
def delete_client(request: MemberRequest, pk: str) -> HttpResponse:
    client = client_for(request.member, pk)
    try:
        services.delete_client(client=client, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("stores:clients")


@requires("stores.edit")
@require_http_methods(["GET", "POST"])
def add_group(request: MemberRequest) -> HttpResponse:
    return _group(request, StoreGroup(), GroupForm(request.POST or None))


@requires("stores.edit")
@require_http_methods(["GET", "POST"])
def edit_group(request: MemberRequest, pk: str) -> HttpResponse:
    group = group_for(request.member, pk)
    return _group(request, group, GroupForm(request.POST or None, initial={"name": group.name}))


@requires("stores.edit")
@require_POST
def delete_group(request: MemberRequest, pk: str) -> HttpResponse:
    group = group_for(request.member, pk)
    services.delete_group(group=group, by=request.member, at=timezone.now())
    return redirect("stores:clients")


@requires("people.roles")
@require_http_methods(["GET", "POST"])
def access(request: MemberRequest, pk: str) -> HttpResponse:
    """Choose what a member with a listed scope reaches."""
    member = selectors.members_of(request.agency).filter(pk=uuid_or_404(pk)).first()
    if member is None:
        raise Http404
    held = list(selectors.access_of(member))
    initial = {
        "stores": [row.store_id for row in held if row.store_id],
        "groups": [row.group_id for row in held if row.group_id],
        "clients": [row.client_id for row in held if row.client_id],
    }
    form = AccessForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            access_services.set_access(
                member=member, **form.cleaned_data, by=request.member, at=timezone.now()
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("stores:access", pk=member.pk)
    return render(request, "stores/access.html", {"form": form, "seat": member})


def _client(request: MemberRequest, client: Client, form: ClientForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        for name, value in form.cleaned_data.items():
            setattr(client, name, value)
        try:
            services.save_client(client=client, by=request.member, at=timezone.now())
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("stores:clients")
    is_new = client._state.adding  # noqa: SLF001 - Django's documented flag
    context = {"form": form, "client": None if is_new else client}
    return render(request, "stores/client.html", context)


def _group(request: MemberRequest, group: StoreGroup, form: GroupForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        group.name = form.cleaned_data["name"]
        try:
            services.save_group(group=group, by=request.member, at=timezone.now())
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("stores:clients")
    is_new = group._state.adding  # noqa: SLF001 - Django's documented flag
    context = {"form": form, "group": None if is_new else group}
    return render(request, "stores/group.html", context)
