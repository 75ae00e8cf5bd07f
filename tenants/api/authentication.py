from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from tenants.models import ApiKey

_NOT_VALID: Final = (
    "This API key is not valid. Send a live key of this agency as Authorization: Bearer <key>."
)


class ApiKeyAuthentication(BaseAuthentication):
    """Takes the key that the middleware has found; sessions do not open the API."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        key: ApiKey | None = getattr(request._request, "api_key", None)  # noqa: SLF001 - DRF's
        if key is not None:
            return AnonymousUser(), key
        if get_authorization_header(request).strip():
            raise AuthenticationFailed(_NOT_VALID)
        return None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return 'Bearer realm="Storewarden API"'


class KeyInTheDescription(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Says in the API's description how a key is shown; registers itself."""

    target_class = ApiKeyAuthentication
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of an agency, made under Settings.",
        }
