"""Answers where no view has been reached: as a page, or in the API's own form."""

import logging
import sys
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import get_template
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found, server_error

from tenants import addresses
from tenants.health.faults import is_connection_fault

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
    if _is_of_the_api(request):
        return refusal(404, "not_found", "There is nothing at this address.")
    return page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer what nobody has caught: a fault of ours, or a database that is away."""
    if is_connection_fault(sys.exc_info()[1]):
        return unavailable(request)
    if _is_of_the_api(request):
        return refusal(500, "error", "Server Error (500)")
    return server_error(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer while the database is away; needs neither it nor a template."""
    logger.warning("database_away")
    if _is_of_the_api(request):
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
    if _is_of_the_api(request):
        return refusal(413, "too_large", "A body has at most 25 MB. Send it in smaller parts.")
    with translation.override(translation.get_language_from_request(request)):
        page = get_template("413.html").render({"back": _page_before(request)})
    return HttpResponse(page, status=413)


def _is_of_the_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


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
