"""The door of an agency's host: in by a pass from the public host, and out."""

import time

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tenants import addresses, entrance, scope
from tenants.access import ANY_MEMBER, MemberRequest, is_open, requires
from tenants.errors import DomainError
from tenants.models import Agency, Membership
from tenants.services import handoffs


@is_open("the single-use pass in the address decides")
@never_cache
@require_GET
@transaction.atomic
def handoff(request: HttpRequest) -> HttpResponse:
    """Sign the bearer of a pass in on this host, in a new session bound to it."""
    agency: Agency = request.agency  # type: ignore[attr-defined]
    next_path = addresses.local_path(request.GET.get("next", "/"))
    try:
        held = handoffs.redeem(
            token=request.GET.get("token", ""),
            nonce=request.COOKIES.get(entrance.NONCE_COOKIE, ""),
            agency=agency,
            at=timezone.now(),
        )
    except DomainError as refusal:
        context = {"reason": str(refusal), "next_path": next_path}
        return render(request, "tenants/handoff_refused.html", context, status=403)
    login(request, held.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.cycle_key()
    addresses.bind_session(request)
    if held.kind == handoffs.REAUTH:
        request.session[entrance.PROVEN_AT] = time.time()
    UserSession.objects.create_from_request(request)
    response = HttpResponseRedirect(next_path)
    response.delete_cookie(entrance.NONCE_COOKIE)
    return response


@requires(ANY_MEMBER)
@require_POST
@scope.public()  # sessions are nobody's
def sign_out(request: MemberRequest) -> HttpResponse:
    """End the session on this agency's host; the public host's goes on."""
    seat: Membership = request.member
    UserSession.objects.filter(
        user_id=seat.user_id, session_key=request.session.session_key
    ).delete()
    logout(request)
    return HttpResponseRedirect(addresses.public_url("/agencies/"))
