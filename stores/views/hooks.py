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

_MOST_BYTES: Final = 256 * 1024


@is_open("a marketplace pushes here; each push is proven by its signature")
@never_cache
@csrf_exempt
@require_POST
def push(request: HttpRequest, marketplace: str) -> JsonResponse:
    """Keep a push; the answer says why one is refused, and to whom it belongs is never told."""
    if marketplace != Store.Marketplace.TIKTOK_SHOP:
        raise Http404
    if (
        int(request.META.get("CONTENT_LENGTH") or 0) > _MOST_BYTES
        or len(request.body) > _MOST_BYTES
    ):
        return _refused(413, "The body is larger than 256 kB.")
    try:
        pushes.take(
            body=request.body,
            signature=request.headers.get("Authorization", ""),
            at=timezone.now(),
        )
    except pushes.Forged:
        return _refused(401, "The signature does not fit the body.")
    except pushes.OutOfTime:
        return _refused(400, "push.timestamp is in the future, or more than a day ago.")
    except BadPayload as error:
        return _refused(400, error.reason)
    return JsonResponse({"code": 0, "message": "kept"})


def _refused(status: int, message: str) -> JsonResponse:
    return JsonResponse({"code": status, "message": message}, status=status)
