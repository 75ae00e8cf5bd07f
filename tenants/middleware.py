"""Decides by host whose pages these are, and opens the agency's scope around the request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import set_urlconf

from tenants import scope
from tenants.models import Agency, Domain

GetResponse = Callable[[HttpRequest], HttpResponse]

MOST_BODY_BYTES: Final = 25 * 1024 * 1024
_HOST_SECONDS: Final = 10
_ANY_HOST: Final = frozenset({"/healthz", "/readyz"})


@dataclass(frozen=True, slots=True)
class _Unknown:
    """Cached in place of an agency for a host that leads nowhere."""


def host_key(host: str) -> str:
    return f"host:{host}"


def forget_host(host: str) -> None:
    """Let the next request look ``host`` up anew; called when an agency's state or host changes."""
    cache.delete(host_key(host))


def _agency_at(host: str) -> Agency | None:
    found = cache.get(host_key(host))
    if found is None:
        domain = Domain.objects.select_related("tenant").filter(domain=host).first()
        found = domain.tenant if domain else _Unknown()
        cache.set(host_key(host), found, _HOST_SECONDS)
    return None if isinstance(found, _Unknown) else found


class HostMiddleware:
    """First of all: public host, agency host, or a plain 404 without template and session."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host = request.META.get("HTTP_HOST", "").lower()
        bare_host = host.rsplit(":", 1)[0] if ":" in host else host
        if request.path in _ANY_HOST or bare_host == settings.PUBLIC_HOST.split(":")[0]:
            return self._serve_public(request)
        agency = _agency_at(bare_host)
        if agency is None or agency.state == Agency.State.SUSPENDED:
            return HttpResponseNotFound("Not found", content_type="text/plain")
        return self._serve_agency(request, agency)

    def _serve_public(self, request: HttpRequest) -> HttpResponse:
        request.urlconf = settings.PUBLIC_SCHEMA_URLCONF
        set_urlconf(settings.PUBLIC_SCHEMA_URLCONF)
        request.agency = None  # type: ignore[attr-defined]
        if _is_too_large(request):
            return _too_large()
        with scope.public():
            return self.get_response(request)

    def _serve_agency(self, request: HttpRequest, agency: Agency) -> HttpResponse:
        request.urlconf = settings.ROOT_URLCONF
        set_urlconf(settings.ROOT_URLCONF)
        request.agency = agency  # type: ignore[attr-defined]
        if _is_too_large(request):
            return _too_large()
        if agency.state != Agency.State.READY:
            with scope.public():
                return self.get_response(request)
        _ = request.body  # read whole before the transaction opens: a slow sender holds no lock
        with scope.agency(agency):
            response = self.get_response(request)
            if response.status_code >= 500:  # noqa: PLR2004 - HTTP's own line
                transaction.set_rollback(True)
        return response


def _is_too_large(request: HttpRequest) -> bool:
    length: Any = request.META.get("CONTENT_LENGTH") or 0
    return not str(length).isdigit() or int(length) > MOST_BODY_BYTES


def _too_large() -> HttpResponse:
    return HttpResponse(
        "This is larger than 25 MB. Send it in smaller parts.",
        status=413,
        content_type="text/plain",
    )
