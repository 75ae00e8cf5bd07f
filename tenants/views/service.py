"""What machines ask: is it alive, can it work, and what did the browser refuse to run."""

import json
import logging

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from redis.exceptions import RedisError

from tenants.access import is_open

logger = logging.getLogger(__name__)

_MOST_REPORT_BYTES = 16 * 1024
_REPORTED = ("blocked-uri", "document-uri", "effective-directive", "violated-directive")


@is_open("a load balancer asks whether the process lives")
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    return HttpResponse("ok", content_type="text/plain")


@is_open("a load balancer asks whether the process can work")
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    found = {"database": _database_answers(), "cache": _cache_answers()}
    return JsonResponse(found, status=200 if all(found.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.warning("database_unreachable")
        return False
    return True


def _cache_answers() -> bool:
    try:
        cache.set("readyz", 1, 10)
        return bool(cache.get("readyz"))
    except (RedisError, OSError):
        logger.warning("cache_unreachable")
        return False


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
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return HttpResponse(status=400)
    logger.warning("csp_violation", extra=seen)
    return HttpResponse(status=204)
