"""Typed readers of the environment that fail at start and name the variable."""

import os
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"The environment variable {name} is not set.")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "1" if default else "0").lower()
    if value not in {"0", "1", "true", "false", "yes", "no"}:
        raise ImproperlyConfigured(f"{name} is neither true nor false.")
    return value in {"1", "true", "yes"}


def number(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} is not a whole number.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """Return the comma-separated parts of ``name``, blanks left out."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def database(url: str, **settings: Any) -> dict[str, Any]:
    """Return Django's settings for a ``postgresql://user:password@host:port/name`` address."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured("A database address must read postgresql://user@host/name.")
    return {
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or 5432),
        **settings,
    }
