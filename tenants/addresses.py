"""Addresses of the public host and the agencies', and which paths are safe to go on to."""

from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

SESSION_HOST: Final = "host"
_LONGEST_PATH: Final = 2000


def public_url(path: str = "/") -> str:
    return f"{settings.PUBLIC_SCHEME}://{settings.PUBLIC_HOST}{path}"


def agency_url(slug: str, path: str = "/") -> str:
    return f"{settings.PUBLIC_SCHEME}://{slug}.{settings.PUBLIC_HOST}{path}"


def is_local_path(path: str) -> bool:
    """Tell whether ``path`` is a path on the host it is opened on, and nothing else."""
    return (
        path.startswith("/")
        and len(path) <= _LONGEST_PATH
        and path.isprintable()
        and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    )


def local_path(path: Any, *, otherwise: str = "/") -> str:
    """Return ``path`` where it stays on its host, else ``otherwise``."""
    return path if isinstance(path, str) and is_local_path(path) else otherwise


def bind_session(request: HttpRequest) -> None:
    """Note in the session which host it is for; tenants.middleware refuses it on another."""
    request.session[SESSION_HOST] = request.get_host().lower()


def handoff_url(slug: str, *, token: str, next_path: str) -> str:
    return agency_url(slug, "/handoff/?" + urlencode({"token": token, "next": next_path}))
