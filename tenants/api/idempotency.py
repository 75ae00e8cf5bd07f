"""Replays the answer of a POST that carries an Idempotency-Key and was made before."""

import hashlib
import json
from datetime import timedelta
from typing import Any, Final

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tenants.answers import refusal
from tenants.models import ApiKey
from tenants.trail.models import IdempotentCall

KEPT_FOR: Final = timedelta(hours=24)
_LONGEST_KEY = 255
_SERVER_FAULT = 500
_TOO_MANY = 429


class Idempotent:
    """A view mixin: the same key and body give the same answer for 24 h.

    The answer is kept in the transaction of its effect. Another body under the same key is a 422,
    a call that still runs a 409.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name = request.headers.get("Idempotency-Key")
        key: ApiKey | None = getattr(request, "api_key", None)
        if request.method != "POST" or not name or key is None:
            return self._answer(request, *args, **kwargs)
        if len(name) > _LONGEST_KEY or "\x00" in name:
            return refusal(400, "invalid", "An Idempotency-Key has at most 255 characters.")
        at = timezone.now()
        if not _lock(f"{key.pk}:{name}"):
            return refusal(409, "still_running", "The same call is still running.")
        digest = _digest(request)
        calls = IdempotentCall.objects.filter(api_key_id=key.pk, key=name)
        calls.filter(at__lt=at - KEPT_FOR).delete()
        known = calls.first()
        if known is not None and known.digest != digest:
            return refusal(422, "key_reused", "This key was used with another request.")
        if known is not None:
            return HttpResponse(
                known.body, status=known.status or 200, content_type="application/json"
            )
        response = self._answer(request, *args, **kwargs)
        if response.status_code < _SERVER_FAULT and response.status_code != _TOO_MANY:
            response.render()  # type: ignore[attr-defined] # DRF's answers are rendered late
            IdempotentCall.objects.create(
                api_key_id=key.pk,
                key=name,
                digest=digest,
                status=response.status_code,
                body=response.content.decode(),
                at=at,
            )
        return response

    def _answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return answer


def _lock(name: str) -> bool:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


def _digest(request: HttpRequest) -> str:
    named = json.dumps([request.method, request.get_full_path()]).encode()
    return hashlib.sha256(named + b"\0" + request.body).hexdigest()
