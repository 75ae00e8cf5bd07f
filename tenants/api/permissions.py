from typing import Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from tenants.capabilities import CAPABILITIES
from tenants.models import ApiKey

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Declared(BasePermission):
    """Lets a key do what its scopes cover, on views that declare a capability for each method.

    A view has ``required_capabilities``: {"GET": "stores.view", …}. The scope "read" covers safe
    methods and "write" the others; "violations:write" covers one area alone. A method that writes
    nothing although its name is not safe is listed in the view's ``reading_methods``.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiKey):
            raise NotAuthenticated
        method = "GET" if request.method in _SAFE else str(request.method)
        capability = view.required_capabilities.get(method)
        if capability is None:
            return True  # DRF answers 405: the view has no such method
        assert capability in CAPABILITIES, f"No capability {capability}."
        verb = "read" if method == "GET" or method in view.reading_methods else "write"
        area = capability.partition(".")[0]
        return verb in request.auth.scopes or f"{area}:{verb}" in request.auth.scopes
