"""People: who may do what on which stores; inviting, changing and shutting out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenants import access, addresses, slots
from tenants.access import MemberRequest, is_open, requires
from tenants.entrance import needs_proof
from tenants.errors import DomainError
from tenants.forms.people import InviteForm, SeatForm
from tenants.models import Membership, User
from tenants.selectors import people as selectors
from tenants.services import people as services
from tenants.services.handoffs import digest
from tenants.trail import reading
from tenants.trail import selectors as trail

_HISTORY_SHOWN = 20
_HOLDINGS_SHOWN = 3


def _holdings(viewer: Membership, members: Sequence[UUID]) -> dict[UUID, list[tuple[str, Any]]]:
    """Return what each member with a listed scope reaches: (kind, (id, name)) of the rooms above.

    A room fills the column with ``{member id: [(kind, id, name)]}``.
    """
    held: dict[UUID, list[tuple[str, Any]]] = {}
    for column in slots.columns("member.holdings", viewer, members).values():
        for member_id, named in column.items():
            held.setdefault(member_id, []).extend((kind, (pk, name)) for kind, pk, name in named)
    return held


def _reach_words(member: Membership, held: Mapping[UUID, list[tuple[str, Any]]]) -> str:
    if member.sees_all_stores:
        return _("All stores")
    names = [name for _kind, (_pk, name) in held.get(member.pk, [])]
    if not names:
        return _("None yet")
    shown = ", ".join(names[:_HOLDINGS_SHOWN])
    more = len(names) - _HOLDINGS_SHOWN
    return shown if more <= 0 else _("%(names)s and %(more)d more") % {"names": shown, "more": more}


@requires("people.view")
@require_GET
def people(request: MemberRequest) -> HttpResponse:
    at = timezone.now()
    rows = selectors.role_rows(request.agency.pk)
    listed = [m.pk for row in rows for m in row.members if not m.sees_all_stores]
    held = _holdings(request.member, listed)
    sees_invitations = request.member.can("people.invite")
    return render(
        request,
        "tenants/people.html",
        {
            "areas": selectors.areas(),
            "rows": [
                {
                    "role": row.role,
                    "levels": row.levels,
                    "members": [
                        {"member": member, "reach": _reach_words(member, held)}
                        for member in row.members
                    ],
                }
                for row in rows
            ],
            "count": sum(member.is_active for row in rows for member in row.members),
            "invitations": (
                list(selectors.invitations_of(request.agency.pk)) if sees_invitations else []
            ),
            "may_invite": sees_invitations,
            "panels": slots.panels("people.panels", request, request.member),
            "now": at,
        },
    )


def _seat_form(
    form: type[SeatForm],
    request: MemberRequest,
    initial: dict[str, Any] | None = None,
    *,
    is_shared: bool = False,
) -> SeatForm:
    by = request.member
    roles = [r for r in selectors.roles_of(by.agency_id) if selectors.may_grant(by, r)]
    return form(
        request.POST if request.method == "POST" else None,
        by=by,
        roles=roles,
        stores=selectors.stores_in_reach(by),
        is_shared=is_shared,
        initial=initial,
    )


@requires("people.invite")
@require_http_methods(["GET", "POST"])
def invite(request: MemberRequest) -> HttpResponse:
    form = _seat_form(InviteForm, request, {"store_scope": Membership.StoreScope.LISTED})
    if request.method == "POST" and form.is_valid():
        try:
            invitation = services.invite(
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                store_scope=form.cleaned_data["store_scope"],
                store_ids=form.store_ids,
                by=request.member,
                at=timezone.now(),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            text = _("%(email)s is invited; the mail is on its way.")
            messages.success(request, text % {"email": invitation.email})
            return redirect("tenants:people")
    status = 422 if form.errors else 200
    return render(request, "tenants/invite.html", {"form": form}, status=status)


@requires("people.invite")
@require_POST
def revoke_invitation(request: MemberRequest, pk: str) -> HttpResponse:
    invitation = access.invitation_for(request.member, pk)
    try:
        services.revoke_invitation(invitation=invitation, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The invitation is taken back."))
    return redirect("tenants:people")


@requires("people.view")
@require_GET
def person(request: MemberRequest, pk: str) -> HttpResponse:
    member = access.member_for(request.member, pk)
    held = _holdings(request.member, [member.pk])
    may_change = (
        request.member.can("people.roles")
        and member.pk != request.member.pk
        and selectors.may_grant(request.member, member.role)
    )
    return render(
        request,
        "tenants/person.html",
        {
            "person": member,
            "reach": _reach_words(member, held),
            "held": [name for _kind, (_pk, name) in held.get(member.pk, [])],
            "levels": list(zip(selectors.areas(), selectors.levels(member.role), strict=True)),
            "may_change": may_change,
            "history": reading.entries(trail.history_of(member.pk)[:_HISTORY_SHOWN], of=member.pk),
            "now": timezone.now(),
        },
    )


@requires("people.roles")
@never_cache
@require_http_methods(["GET", "POST"])
@needs_proof
def change_seat(request: MemberRequest, pk: str) -> HttpResponse:
    member = access.member_for(request.member, pk)
    held = _holdings(request.member, [member.pk]).get(member.pk, [])
    initial = {
        "role": str(member.role_id),
        "store_scope": member.store_scope,
        "stores": [str(pk) for kind, (pk, _name) in held if kind == "store"],
    }
    is_shared = any(kind != "store" for kind, _named in held)
    form = _seat_form(SeatForm, request, initial, is_shared=is_shared)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_seat(
                member=member,
                role=form.cleaned_data["role"],
                store_scope=form.cleaned_data["store_scope"],
                store_ids=form.store_ids,
                by=request.member,
                at=timezone.now(),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Changed. It counts from the next click on."))
            return redirect("tenants:person", pk=member.pk)
    status = 422 if form.errors else 200
    context = {"form": form, "person": member}
    return render(request, "tenants/change_seat.html", context, status=status)


@requires("people.roles")
@require_POST
@needs_proof
def set_active(request: MemberRequest, pk: str) -> HttpResponse:
    member = access.member_for(request.member, pk)
    is_active = request.POST.get("active") == "yes"
    try:
        services.set_active(
            member=member, is_active=is_active, by=request.member, at=timezone.now()
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        said = _("%(name)s is in again.") if is_active else _("%(name)s is shut out.")
        messages.success(request, said % {"name": member})
    return redirect("tenants:person", pk=member.pk)


@is_open("the secret link of an invitation decides, and only for the address it was sent to")
@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation on the public host, and accept it for whoever has signed in."""
    at = timezone.now()
    invitation = selectors.invitation_by(digest(token), at=at)
    if invitation is None:
        return render(request, "tenants/invitation_gone.html", status=404)
    if request.method == "POST":
        return _accept(request, token)
    person = request.user if isinstance(request.user, User) else None
    return render(
        request,
        "tenants/join.html",
        {
            "invitation": invitation,
            "is_theirs": person is not None and person.email.lower() == invitation.email.lower(),
            "path": request.path,
        },
    )


@login_required
def _accept(request: HttpRequest, token: str) -> HttpResponse:
    assert isinstance(request.user, User)
    try:
        member = services.accept_invitation(token=token, user=request.user, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("tenants:agencies")
    return redirect(addresses.agency_url(member.agency.slug))
