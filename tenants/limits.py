"""How often one address on the internet may come to a door that asks nobody who she is."""

from allauth.core.internal import ratelimit
from django.http import HttpRequest


def is_within(request: HttpRequest, door: str, rate: str) -> bool:
    """Count this request and tell whether it is within ``rate``, such as "60/5m", of its address.

    The counts stand in the public cache, so this is asked outside any scope.
    """
    used = ratelimit.consume(
        request, app="storewarden", action=door, config={door: f"{rate}/ip"}, limit_get=True
    )
    return used is not None
