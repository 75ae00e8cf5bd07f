"""Lets an API key name its agency, also on the public host, and opens that agency's scope."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tenants import answers
from tenants.middleware import GetResponse, answer_inside
from tenants.models import Agency
from tenants.selectors.keys import live_key
from tenants.services import keys

PREFIX = "/api/v1/"


def _bearer(request: HttpRequest) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


class ApiKeyMiddleware:
    """Sets ``request.api_key``: the live key that the request carries, else None."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.api_key = None  # type: ignore[attr-defined]
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        at = timezone.now()
        token = _bearer(request)
        key = live_key(token, at=at) if token else None
        here = request.agency  # type: ignore[attr-defined]
        if key is None or (here is not None and here.pk != key.agency_id):
            return self.get_response(request)
        if key.agency.state != Agency.State.READY:
            return answers.closed_to_the_api(key.agency)
        request.api_key = key  # type: ignore[attr-defined]
        keys.note_use(key, at=at)
        request.agency = key.agency  # type: ignore[attr-defined]
        return answer_inside(key.agency, request, self.get_response)
