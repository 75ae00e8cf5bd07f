"""Deny by default: every address declares what it takes to use it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.urls.resolvers import get_resolver

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
