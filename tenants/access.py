"""Who may call a view: each declares its capability, and nothing is open by default."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from tenants.capabilities import CAPABILITIES
from tenants.models import Agency, ApiKey, DueWork, Invitation, Membership
from tenants.selectors import keys, people, work

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request on an agency's host by one of its active members."""

    member: Membership
    agency: Agency


ANY_MEMBER = "any member"
_DIGITS = 19  # a row's number has fewer
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


def set_aside_for(viewer: Membership, pk: object) -> DueWork:
    """Return a piece of work of the viewer's agency that was set aside; else a 404."""
    return _set_aside(viewer.agency_id, pk)


def set_aside_of_key(key: ApiKey, pk: object) -> DueWork:
    """Return a piece of work of the key's agency that was set aside; else a 404.

    Work is the whole agency's: a key of listed stores reaches none.
    """
    if key.store_ids is not None:
        raise Http404
    return _set_aside(key.agency_id, pk)


def _set_aside(agency_id: UUID, pk: object) -> DueWork:
    text = str(pk)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else 0
    found = work.set_aside(agency_id).filter(pk=number).first()
    if found is None:
        raise Http404
    return found
