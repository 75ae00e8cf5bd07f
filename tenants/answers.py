"""Answers where no view has been reached: as a page, or in the API's own form."""

import logging
import sys
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found, server_error
from django_htmx.http import HttpResponseClientRefresh

from tenants import addresses
from tenants.health.faults import is_connection_fault
from tenants.models import Agency, Membership
from tenants.selectors import closing

RETRY_AFTER: Final = 5  # seconds
UNAVAILABLE: Final = "The service cannot be reached for a moment. Try again in a few seconds."

logger = logging.getLogger(__name__)

_MOST_LET_PASS: Final = 200 * 1024 * 1024
_CHUNK: Final = 256 * 1024


def refusal(status: int, code: str, detail: str) -> JsonResponse:
    """Return an error in the API's form."""
    error = {"code": code, "detail": detail, "attr": None}
    kind = "server_error" if status >= 500 else "client_error"  # noqa: PLR2004 - HTTP's own line
    return JsonResponse({"type": kind, "errors": [error]}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what no address leads to."""
    if _is_of_a_machine(request):
        return refusal(404, "not_found", "There is nothing at this address.")
    return page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer what nobody has caught: a fault of ours, or a database that is away."""
    if is_connection_fault(sys.exc_info()[1]):
        return unavailable(request)
    if _is_of_a_machine(request):
        return refusal(500, "error", "Server Error (500)")
    return server_error(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer while the database is away; needs neither it nor a template."""
    logger.warning("database_away")
    if _is_of_a_machine(request):
        response: HttpResponse = refusal(503, "unavailable", UNAVAILABLE)
    else:
        with translation.override(translation.get_language_from_request(request)):
            told = _("Storewarden cannot be reached for a moment. Try again in a few seconds.")
        response = HttpResponse(told, status=503, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = str(RETRY_AFTER)
    response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 - Django's, see above
    return response


def too_large(request: HttpRequest) -> HttpResponse:
    """Answer a body that nobody looks at; needs neither session nor database."""
    _let_pass(request)
    if _is_of_a_machine(request):
        return refusal(413, "too_large", "A body has at most 25 MB. Send it in smaller parts.")
    with translation.override(translation.get_language_from_request(request)):
        page = get_template("413.html").render({"back": _page_before(request)})
    return HttpResponse(page, status=413)


def nothing_here() -> HttpResponse:
    """Answer on a host that leads nowhere for who asks; needs neither template nor session."""
    return HttpResponseNotFound("Not found", content_type="text/plain")


def moved(request: HttpRequest, agency: Agency) -> HttpResponse:
    """Answer on a host that the agency has given up: the same path at its new one.

    What would write is not carried over: it would be sent twice, or without its session.
    """
    target = addresses.agency_url(agency.slug, request.get_full_path())
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotFound(f"This agency is at {target} now.", content_type="text/plain")
    response = HttpResponse(status=308)
    response["Location"] = target
    response["Cache-Control"] = "no-store"  # the agency may take this address again
    return response


def closed_to_the_api(agency: Agency) -> JsonResponse:
    """Answer a key of an agency that is suspended, or closed for its deletion."""
    if agency.state == Agency.State.SUSPENDED:
        detail = f"This agency is suspended. Write to {settings.SUPPORT_ADDRESS}."
        return refusal(403, "agency_suspended", detail)
    return refusal(403, "agency_closing", "This agency is closed and will be deleted.")


def closed(request: HttpRequest, agency: Agency, member: Membership | None = None) -> HttpResponse:
    """Answer a member of an agency that is suspended, or closed for its deletion."""
    if getattr(request, "htmx", False):
        return HttpResponseClientRefresh()  # the page around a fragment is out of date, too
    is_closing = agency.state == Agency.State.CLOSING
    context = {
        "agency_name": agency.name,
        "deletion": closing.open_deletion(agency.pk) if is_closing else None,
        "may_call_off": is_closing and member is not None and member.can(closing.CAPABILITY),
        "support": settings.SUPPORT_ADDRESS,
        "agencies_url": addresses.public_url("/agencies/"),
    }
    return render(request, "tenants/closed.html", context, status=403)


def _is_of_a_machine(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/hooks/"))


def _let_pass(request: HttpRequest) -> None:
    """Take in what is being sent: browsers show an answer only once they were let finish."""
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if not length.isdigit() or int(length) > _MOST_LET_PASS:
        return
    try:
        while request.read(_CHUNK):
            pass
    except OSError:  # the sender went away, and needs no answer
        return


def _page_before(request: HttpRequest) -> str:
    """Return the path of the page of this host that sent the request, else the start."""
    try:
        before = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "/"
    is_ours = before.netloc == request.META.get("HTTP_HOST")
    path = urlunsplit(("", "", before.path, before.query, ""))
    return addresses.local_path(path) if is_ours else "/"
