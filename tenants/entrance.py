"""The way from an agency's host to the public one and back, with proof of who is coming."""

import secrets
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from tenants import addresses
from tenants.models import Agency
from tenants.services import handoffs

P = ParamSpec("P")

NONCE_COOKIE: Final = "storewarden_nonce"
_NONCE_SECONDS: Final = 600
_NONCE_CHARACTERS: Final = 43
PROVEN_AT: Final = "proven_at"
PROOF_SECONDS: Final = 300


def to_public(
    request: HttpRequest, agency: Agency, *, kind: str = handoffs.ENTER, next_path: str
) -> HttpResponse:
    """Send the browser to the public host for a pass, with a nonce to prove it is the same one.

    A nonce that the browser holds already is used again, so that two tabs do not undo each other.
    """
    nonce = request.COOKIES.get(NONCE_COOKIE, "")
    if len(nonce) != _NONCE_CHARACTERS:
        nonce = secrets.token_urlsafe(32)
    query = urlencode({"next": next_path, "nonce": handoffs.digest(nonce), "kind": kind})
    target = addresses.public_url(f"/enter/{agency.slug}/?{query}")
    is_fragment = bool(getattr(request, "htmx", False))
    response: HttpResponse = (
        HttpResponseClientRedirect(target) if is_fragment else HttpResponseRedirect(target)
    )
    response["Cache-Control"] = "no-store"
    response.set_cookie(
        NONCE_COOKIE,
        nonce,
        max_age=_NONCE_SECONDS,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


def recently_proven(request: HttpRequest) -> bool:
    """Tell whether the member has shown within the last five minutes that it is she."""
    proven_at: float = request.session.get(PROVEN_AT, 0)
    return 0 <= time.time() - proven_at < PROOF_SECONDS


def needs_proof(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Let a view be used only by a member who has just proven who she is; others go and do so.

    A form that was sent too late was not done: she comes back to the page it stood on.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request: Any = args[0]
        if recently_proven(request):
            return view(*args, **kwargs)
        if request.method in {"GET", "HEAD"}:
            back = request.get_full_path()
        else:
            messages.warning(request, _("Nothing was done yet. Please do it once more."))
            parts = urlsplit(request.headers.get("referer", ""))
            back = parts.path if parts.netloc == request.get_host() else "/"
        return to_public(
            request,
            request.agency,
            kind=handoffs.REAUTH,
            next_path=addresses.local_path(back),
        )

    return guarded
