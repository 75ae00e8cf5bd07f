"""What machines ask: is it alive, can it work, how is it doing, what did a browser refuse."""

import hmac
import json
import logging
from dataclasses import asdict
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from tenants.access import is_open
from tenants.health import probes
from tenants.health.exposition import CONTENT_TYPE, exposition

logger = logging.getLogger(__name__)

_MOST_REPORT_BYTES = 16 * 1024
_REPORTED = ("blocked-uri", "effective-directive", "violated-directive")


@is_open("a load balancer asks whether the process lives")
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    return HttpResponse("ok", content_type="text/plain")


@is_open("a load balancer asks whether the process can work")
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    found = probes.readiness()
    if not found.is_ready:
        logger.warning("not_ready", extra=asdict(found))
    return JsonResponse(asdict(found), status=200 if found.is_ready else 503)


@is_open("a collector of metrics reads them with a token of its own")
@csrf_exempt  # nothing is sent here; who tries is told so
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN:
        raise Http404
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    is_known = hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    if kind.lower() != "bearer" or not is_known:
        return HttpResponse(
            "Unauthorized",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
        )
    return HttpResponse(exposition(at=timezone.now()), content_type=CONTENT_TYPE)


@is_open("browsers report here what the content security policy refused")
@csrf_exempt
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    if int(request.META.get("CONTENT_LENGTH") or 0) > _MOST_REPORT_BYTES:
        return HttpResponse(status=413)
    try:
        sent = json.loads(request.body)
        report = sent["csp-report"]
        seen = {name.replace("-", "_"): str(report.get(name, ""))[:300] for name in _REPORTED}
        seen["document"] = _route(str(report.get("document-uri", "")))
        seen["blocked_uri"] = _place(seen["blocked_uri"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return HttpResponse(status=400)
    logger.warning("csp_violation", extra=seen)
    return HttpResponse(status=204)


def _route(address: str) -> str:
    """Return which of our views an address leads to; the address itself may hold a token."""
    try:
        return resolve(urlsplit(address).path).view_name
    except (Resolver404, ValueError):
        return "none"


def _place(address: str) -> str:
    """Return the origin of what was blocked, or the browser's word for it, such as inline."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else address.partition("?")[0]
