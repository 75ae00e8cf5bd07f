"""Every address that the URL resolver knows, on an agency's host and on the public one."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from types import ModuleType
from typing import Any, Final

from django import forms
from django.conf import settings
from django.urls import URLPattern, URLResolver
from django.urls.resolvers import get_resolver
from rest_framework import serializers

from scoring import books
from tests.tenants.probes.sides import Side

METHODS: Final = ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
AGENCY: Final = "agency"
PUBLIC: Final = "public"
_URLCONFS: Final = {AGENCY: settings.ROOT_URLCONF, PUBLIC: settings.PUBLIC_SCHEMA_URLCONF}

# Whose id a name in an address is: by the name itself, else by the word that stands before it.
_BY_NAME: Final = {
    "item_pk": "checklist.ProcedureItem",
    "schedule_pk": "checklist.Schedule",
    "form": "stores.TaughtForm",
    "seat": "stores.SubAccount",
    "violation": "stores.Violation",
}
_BY_WORD: Final = {
    "alerts": "stores.Alert",
    "announcements": "stores.Notice",
    "attempts": "appeals.Attempt",
    "cases": "appeals.Appeal",
    "clients": "stores.Client",
    "consent-links": "tenants.ConsentLink",
    "enforcements": "stores.Enforcement",
    "evidence": "appeals.Evidence",
    "groups": "stores.StoreGroup",
    "imports": "stores.Import",
    "invitations": "tenants.Invitation",
    "keys": "tenants.ApiKey",
    "notices": "stores.Notice",
    "people": "tenants.Membership",
    "procedures": "checklist.Procedure",
    "quizzes": "scoring.Quiz",
    "remediations": "appeals.Remediation",
    "rounds": "checklist.Round",
    "steps": "appeals.RemediationStep",
    "stores": "stores.Store",
    "ticks": "checklist.Tick",
    "violations": "stores.Violation",
    "work": "tenants.DueWork",
    "due-work": "tenants.DueWork",
}
# Names that no row of an agency stands behind, or that are no ids.
_VALUES: Final[dict[str, Callable[[Side], str]]] = {
    "as/kind": lambda _: "news",
    "oauth/marketplace": lambda _: "tiktok_shop",
    "hooks/marketplace": lambda _: "tiktok_shop",
    "rulebooks/name": lambda _: books.shelf().library("tiktok_shop", "US", "local").books[0].name,
    "agencies/slug": lambda side: side.agency.slug,
    "enter/slug": lambda side: side.agency.slug,
    "consent/token": lambda side: str(side.ids["tenants.ConsentLink"]),
    "join/token": lambda side: str(side.ids["tenants.Invitation"]),
    "mail/name": lambda side: f"{side.agency.pk}.log",
    "confirm-email/key": lambda side: f"{side.user_id.hex}:1",
    "key/uidb36": lambda side: side.user_id.hex,
    "key/key": lambda _: "set-password",
}


class UnknownName(LookupError):
    """An address takes a name of which nobody has said whose id it is."""


@dataclass(frozen=True)
class Route:
    """One address on one kind of host; ``address`` has its names in braces."""

    host: str
    address: str
    view: Any

    def __str__(self) -> str:
        return f"{self.host} {self.address}"

    @property
    def names(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.address)

    @property
    def is_api(self) -> bool:
        return self.address.startswith("/api/v1/")

    @property
    def room(self) -> str:
        return _module_of(self.view).partition(".")[0]

    def path(self, side: Side, wild: Random | None = None) -> str:
        """Return the address with ids of ``side``; with ``wild`` of any kind of row.

        Raises:
            UnknownName: for a name that the tables above do not know.
        """
        values = {}
        for name, word in zip(self.names, self._words(), strict=True):
            found = _VALUES.get(f"{word}/{name}")
            label = _BY_NAME.get(name) or _BY_WORD.get(word, "")
            if found is not None:
                values[name] = found(side)
            elif label not in side.ids:
                raise UnknownName(f"{self}: {name}")
            elif wild is not None:
                values[name] = str(wild.choice(list(side.ids.values())))
            else:
                values[name] = str(side.ids[label])
        return self.address.format(**values)

    def _words(self) -> list[str]:
        """Return the last word before each name."""
        parts = re.split(r"{\w+}", self.address)[:-1]
        words = ""
        found = []
        for part in parts:
            words = part.strip("/-").rsplit("/", 1)[-1] or words
            found.append(words)
        return found


def walk(
    patterns: Iterable[URLPattern | URLResolver], host: str, prefix: str = "/"
) -> Iterator[Route]:
    for pattern in patterns:
        here = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, host, here)
        else:
            yield Route(host, _address(here), pattern.callback)


def _address(pattern: str) -> str:
    """Return a pattern, of a path or a regular expression, with its names in braces."""
    named = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", pattern.replace("^", "").removesuffix("$"))
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", named)


@cache
def all_routes() -> tuple[Route, ...]:
    found: dict[str, Route] = {}
    for host, urlconf in _URLCONFS.items():
        for route in walk(get_resolver(urlconf).url_patterns, host):
            found.setdefault(str(route), route)
    return tuple(found.values())


@cache
def methods_of(route: Route) -> frozenset[str]:
    """Return the methods that a view takes: by Django's decorators or its class; else all."""
    owner = getattr(route.view, "view_class", None) or getattr(route.view, "cls", None)
    if owner is not None:
        return frozenset(name for name in METHODS if hasattr(owner, name.lower()))
    view = route.view
    while view is not None:
        taken = inspect.getclosurevars(view).nonlocals.get("request_method_list")
        if taken is not None:
            return frozenset(taken)
        view = getattr(view, "__wrapped__", None)
    return frozenset(METHODS)


def _module_of(view: Any) -> str:
    owner = getattr(view, "view_class", None) or getattr(view, "cls", None) or view
    return str(inspect.unwrap(owner).__module__)


# What a page takes: the fields of its room's forms, and the names that its module reads itself.


@cache
def form_fields(route: Route) -> dict[str, forms.Field]:
    """Return the fields of all forms of a view's room, or of its app where it is not ours."""
    app = _module_of(route.view).rpartition(".views")[0]
    return {
        name: field
        for place in (app, route.room)
        for module in _modules(f"{place}.forms")
        for form in vars(module).values()
        if isinstance(form, type) and issubclass(form, forms.Form)
        for name, field in form.base_fields.items()
    }


@cache
def api_fields(route: Route) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
    """Return the fields of what a view of the API takes; its description's are not sent."""
    source = inspect.getsource(route.view.cls)
    return {
        name: field
        for module in _modules(f"{route.room}.api")
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, serializers.Serializer)
        if f"{kind.__name__}(" in source and not kind.__name__.endswith("Out")
        for name, field in kind().fields.items()
    }


def _modules(name: str) -> Iterator[ModuleType]:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError:
        return
    yield module
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{name}."):
        yield importlib.import_module(found.name)


@cache
def names_read(route: Route, place: str) -> tuple[str, ...]:
    """Return what the module of a view reads by name from ``place``: "POST" or "GET"."""
    module = importlib.import_module(_module_of(route.view))
    asked = rf"{place}\.get(?:list)?\(\s*\"(\w+)\""
    return tuple(sorted(set(re.findall(asked, inspect.getsource(module)))))
