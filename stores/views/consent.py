"""What the owner of a store sees who was sent a link: who asks, for what; go on, or refuse.

She is no member of any agency, so all this stands on the public host.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from stores import problems
from stores.forms.consents import RefusalForm
from stores.selectors import consents as selectors
from stores.services import connections
from stores.services import consents as services
from tenants import limits
from tenants.access import is_open

# Binds the way out to the way back: a permission counts in the browser that asked for it alone.
COOKIE: Final = "storewarden_consent"
_WHY: Final = "the secret link decides, and tells what an agency and one of its stores are called"
_View = Callable[..., HttpResponse]


def _by_link(view: _View) -> _View:
    """Let a view be called by whoever holds a good link; all other links get one and the same."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponse:
        if not limits.is_within(request, "consent", settings.CONSENT_RATE):
            answer = render(request, "429.html", status=429)
            answer["Retry-After"] = "600"
            return answer
        try:
            answer = view(request, token)
        except services.ConsentGone:
            answer = render(request, "stores/consent_gone.html", status=404)
        answer["X-Robots-Tag"] = "noindex"
        return answer

    return guarded


@is_open(_WHY)
@never_cache
@require_GET
@_by_link
def consent_page(request: HttpRequest, token: str) -> HttpResponse:
    """Say who asks for which store and what is read; while it is being connected, ask again."""
    is_fragment = bool(request.htmx)  # type: ignore[attr-defined]
    return _page(request, token, template="stores/_consent.html" if is_fragment else "")


@is_open(_WHY)
@never_cache
@require_POST
@_by_link
def seen(request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """Note that a person reads the page: what merely fetches addresses runs no scripts."""
    services.see(token=token, at=timezone.now())
    return HttpResponse(status=204)


@is_open(_WHY)
@never_cache
@require_POST
@_by_link
def agree(request: HttpRequest, token: str) -> HttpResponse:
    """Send the owner on to the marketplace's own page."""
    try:
        address = connections.begin_by_link(token=token, at=timezone.now())
    except services.ConsentGone:
        return _page(request, token)  # it was answered already: the page says how
    except connections.NotConnectable:
        return _page(request, token, status=409, problem="ours")
    answer = redirect(address)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=connections.STATE_LIFE,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return answer


@is_open(_WHY)
@never_cache
@require_POST
@_by_link
def refuse(request: HttpRequest, token: str) -> HttpResponse:
    form = RefusalForm(request.POST)
    if not form.is_valid():
        return _page(request, token, form=form, status=422)
    try:
        services.refuse(token=token, reason=form.cleaned_data["reason"], at=timezone.now())
    except services.ConsentGone:
        return _page(request, token)
    return redirect("consent", token=token)


def _page(
    request: HttpRequest,
    token: str,
    *,
    form: RefusalForm | None = None,
    status: int = 200,
    problem: str = "",
    template: str = "",
) -> HttpResponse:
    at = timezone.now()
    link = selectors.link_by(token, at=at)
    asked = selectors.asked_by(link, at=at) if link else None
    if asked is None:
        raise services.gone()
    context: dict[str, Any] = {
        "asked": asked,
        "token": token,
        "problem": problems.owner_text(problem or asked.problem),
        "form": form or RefusalForm(),
        "opened": "refuse" if form else "",
    }
    return render(request, template or "stores/consent.html", context, status=status)
