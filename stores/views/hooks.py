"""The doors that marketplaces push to, on the public host."""

from typing import Final

from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from stores.marketplaces.core import BadPayload
from stores.models import Store
from stores.services import pushes
from tenants.access import is_open
from tenants.health.counters import push_answered

MOST_BYTES: Final = 256 * 1024


@is_open("a marketplace pushes here; each push is proven by its signature")
@never_cache
@csrf_exempt
@require_POST
def push(request: HttpRequest, marketplace: str) -> JsonResponse:
    """Keep a push; the answer says why one is refused, and to whom it belongs is never told."""
    if marketplace != Store.Marketplace.TIKTOK_SHOP:
        raise Http404
    outcome, refused, message = _taken(request)
    push_answered(marketplace, outcome)
    return JsonResponse({"code": refused, "message": message}, status=refused or 200)


def _taken(request: HttpRequest) -> tuple[str, int, str]:
    """Return what became of a push as it is counted, a refusal's status or 0, and the words."""
    # The middleware has seen to it that the length, where there is one, is a number.
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES or len(request.body) > MOST_BYTES:
        return "too_large", 413, "The body is larger than 256 kB."
    try:
        taken = pushes.take(
            body=request.body,
            signature=request.headers.get("Authorization", ""),
            at=timezone.now(),
        )
    except pushes.Forged:
        return "forged", 401, "The signature does not fit the body."
    except pushes.OutOfTime:
        return "out_of_time", 400, "push.timestamp is in the future, or more than a day ago."
    except BadPayload as error:
        return "bad", 400, error.reason
    return taken, 0, "kept"
