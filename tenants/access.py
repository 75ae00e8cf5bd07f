"""Who may call a view: each declares its capability, and nothing is open by default."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from tenants.capabilities import CAPABILITIES
from tenants.models import Agency, ApiKey, Invitation, Membership
from tenants.selectors import keys, people

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request on an agency's host by one of its active members."""

    member: Membership
    agency: Agency


ANY_MEMBER = "any member"
Guarded = Callable[Concatenate[Any, P], HttpResponse]


def requires(capability: str) -> Callable[[Guarded[P]], Guarded[P]]:
    """Let a view be called only by members who hold ``capability``; others get a 403.

    ``ANY_MEMBER`` stands for pages that every active member has (her own account, help).
    """
    assert capability == ANY_MEMBER or capability in CAPABILITIES, f"No capability {capability}."

    def decorate(view: Guarded[P]) -> Guarded[P]:
        @wraps(view)
        def guarded(request: Any, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            member: Membership | None = getattr(request, "member", None)
            if member is None:
                raise PermissionDenied
            if capability != ANY_MEMBER and not member.can(capability):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.capability = capability  # type: ignore[attr-defined]
        return cast("Guarded[P]", guarded)

    return decorate


def is_open(reason: str) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Mark a view that needs no member, with the reason why (sign-in, signed token, health)."""

    def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
        view.open_because = reason  # type: ignore[attr-defined]
        return view

    return decorate


def uuid_or_404(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise Http404 from error


def member_for(viewer: Membership, pk: object) -> Membership:
    """Return a member of the viewer's own agency; else a 404."""
    found = people.members_of(viewer.agency_id).filter(pk=uuid_or_404(pk)).first()
    if found is None:
        raise Http404
    return found


def invitation_for(viewer: Membership, pk: object) -> Invitation:
    found = people.invitations_of(viewer.agency_id).filter(pk=uuid_or_404(pk)).first()
    if found is None:
        raise Http404
    return found


def key_for(viewer: Membership, pk: object) -> ApiKey:
    found = keys.keys_of(viewer.agency_id).filter(pk=uuid_or_404(pk)).first()
    if found is None:
        raise Http404
    return found
