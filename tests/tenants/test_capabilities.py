"""Deny by default: every address declares what it takes to use it."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.urls.resolvers import get_resolver
from django.views.decorators.http import require_GET, require_POST

from tenants.access import ANY_MEMBER, is_open, requires
from tenants.capabilities import CAPABILITIES

# Views that are not ours, by module, and why they need no declaration of their own.
THIRD_PARTY = {
    "allauth.": "signs people in and out; it checks each of its own pages",
    "drf_spectacular.": "describes the API and answers nothing of an agency",
}
URLCONFS = [settings.ROOT_URLCONF, settings.PUBLIC_SCHEMA_URLCONF]


def _walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        here = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, here)
        else:
            yield here, pattern.callback


def _is_declared(view: Any) -> bool:
    module = getattr(view, "__module__", "")
    owner = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if module.startswith(tuple(THIRD_PARTY)):
        return True
    if owner is not None and owner.__module__.startswith(tuple(THIRD_PARTY)):
        return True
    if getattr(view, "open_because", "") or getattr(owner, "open_because", ""):
        return True
    capability = getattr(view, "capability", None)
    if capability is not None:
        return capability == ANY_MEMBER or capability in CAPABILITIES
    return _declares_each_act(owner)


def _declares_each_act(owner: Any) -> bool:
    """Tell whether a view of the REST framework names a capability for each thing it does."""
    declared = getattr(owner, "required_capabilities", None)
    if not declared or not set(declared.values()) <= CAPABILITIES:
        return False
    methods = {"get", "post", "put", "patch", "delete"} & set(owner.http_method_names)
    acts = {method for method in methods if hasattr(owner, method)}
    return acts <= {method.lower() for method in declared}


def _undeclared(patterns: list[URLPattern | URLResolver]) -> list[str]:
    return [address for address, view in _walk(patterns) if not _is_declared(view)]


@pytest.mark.parametrize("urlconf", URLCONFS)
def test_every_address_declares_what_it_takes(urlconf: str) -> None:
    assert _undeclared(get_resolver(urlconf).url_patterns) == []


@pytest.mark.parametrize("urlconf", URLCONFS)
def test_the_walk_sees_the_rooms_pages(urlconf: str) -> None:
    addresses = {address for address, _view in _walk(get_resolver(urlconf).url_patterns)}
    expected = {
        settings.ROOT_URLCONF: {"people/", "settings/", "audit/", "handoff/"},
        settings.PUBLIC_SCHEMA_URLCONF: {"agencies/", "enter/<slug:slug>/", "accounts/login/"},
    }
    assert expected[urlconf] <= addresses


# What anybody who may only look may send nevertheless, and why.
SENT_BY_THOSE_WHO_LOOK: dict[str, str] = {
    "announcements/read/": "what she herself has read",
    "announcements/<str:pk>/seen/": "what she herself has read",
    "api/v1/announcements/<str:pk>/read/": "what she herself has read",
    "api/v1/stores/<str:pk>/what-if/": "a question too long for an address; nothing is written",
}
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}


def _methods(view: Any) -> set[str]:
    """Return the methods that a view takes, by Django's decorators; all where none is there."""
    while view is not None:
        taken = inspect.getclosurevars(view).nonlocals.get("request_method_list")
        if taken is not None:
            return set(taken)
        view = getattr(view, "__wrapped__", None)
    return {"GET", *_WRITES}


def _written_by_those_who_look(patterns: list[URLPattern | URLResolver]) -> list[str]:
    found = []
    for address, view in _walk(patterns):
        declared = getattr(getattr(view, "cls", None), "required_capabilities", None)
        if declared is not None:
            needed = {declared[method] for method in _WRITES & declared.keys()}
        elif capability := getattr(view, "capability", ""):
            needed = {capability} if _methods(view) & _WRITES else set()
        else:
            continue  # not ours, or open with a reason
        if any(name.endswith(".view") for name in needed):
            found.append(address)
    return found


@pytest.mark.parametrize("urlconf", URLCONFS)
def test_nothing_is_written_by_who_may_only_look(urlconf: str) -> None:
    found = _written_by_those_who_look(get_resolver(urlconf).url_patterns)
    assert [address for address in found if address not in SENT_BY_THOSE_WHO_LOOK] == []


def test_the_walk_finds_what_only_a_look_guards() -> None:
    @requires("people.view")
    @require_POST
    def sent(_request: Any) -> HttpResponse:
        return HttpResponse()

    @requires("people.view")
    @require_GET
    def looked_at(_request: Any) -> HttpResponse:
        return HttpResponse()

    @requires("people.view")
    def anything(_request: Any) -> HttpResponse:
        return HttpResponse()

    patterns: list[URLPattern | URLResolver] = [
        path("sent/", sent),
        path("looked-at/", looked_at),
        path("anything/", anything),
    ]
    assert _written_by_those_who_look(patterns) == ["sent/", "anything/"]


def test_the_walk_finds_a_view_that_declares_nothing() -> None:
    def forgotten(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    @requires("people.view")
    def guarded(_request: Any) -> HttpResponse:
        return HttpResponse()

    @is_open("for a test")
    def opened(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def misspelt(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    misspelt.capability = "people.veiw"  # type: ignore[attr-defined]

    found = _undeclared(
        [
            path("forgotten/", forgotten),
            path("guarded/", guarded),
            path("opened/", opened),
            path("misspelt/", misspelt),
        ]
    )

    assert found == ["forgotten/", "misspelt/"]


def test_allauth_stands_on_the_public_host_only() -> None:
    agency_patterns = import_module(settings.ROOT_URLCONF).urlpatterns
    theirs = [
        address
        for address, view in _walk(agency_patterns)
        if getattr(view, "__module__", "").startswith("allauth.")
    ]
    assert theirs == []
