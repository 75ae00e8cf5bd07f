"""Outermost of all: gives each request its id, counts it, and writes its one line."""

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tenants import logs
from tenants.health import counters
from tenants.views import service

GetResponse = Callable[[HttpRequest], HttpResponse]

_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Answered before anything that may need the database, on any host.
_FIRST: Final[Mapping[str, GetResponse]] = {
    "/healthz": service.healthz,
    "/readyz": service.readyz,
}

logger = logging.getLogger("storewarden.requests")


class RequestMiddleware:
    """Sets the answer's X-Request-ID: the proxy's, where one is trusted, else a new one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        request_id = _request_id(request)
        with logs.bound(request=request_id):
            response = _FIRST.get(request.path, self.get_response)(request)
            _note(request, response, time.perf_counter() - began)
        response["X-Request-ID"] = request_id
        return response


def _request_id(request: HttpRequest) -> str:
    told = request.headers.get("X-Request-ID", "")
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT and _SANE_ID.fullmatch(told):
        return told
    return uuid4().hex


def _note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    route = _route(request)
    method, status = str(request.method), response.status_code
    counters.request_served(method=method, route=route, status=status, seconds=seconds)
    agency = getattr(request, "agency", None)
    extra = {
        "method": method if method.isalpha() and len(method) <= len("OPTIONS") else "other",
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    with logs.bound(agency=agency.pk if agency else None):
        logger.info("request_served", extra=extra)


def _route(request: HttpRequest) -> str:
    if request.path in _FIRST:
        return request.path.strip("/")
    if request.path.startswith(settings.STATIC_URL):
        return "static"
    return logs.route_of(request)
