"""Every page, as the demo agency's owner sees it: on a desk and a phone, light and dark.

The pages are the names of the URL configuration, and each is reached by a link from the first
page: one that no link leads to fails here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    DESK,
    PHONE,
    House,
    MakeVisitor,
    Visitor,
    axe_findings,
    keep,
    send_notice,
)

pytestmark = pytest.mark.browser

AGENCY: Final = "config.urls"
# Addresses that are no page, or no link leads to; each other one must be met.
NO_PAGES: Final = {
    "tenants:handoff": "a pass decides",
    "schema": "for machines",
    "docs": "another's page",
    "stores:progress": "a fragment",
    "stores:forwarding_live": "a fragment",
    "stores:assign": "only for stores that were ticked",
    "stores:choose_shop": "only while a seller's shop is to be chosen",
    "stores:import_errors": "a file",
    "checklist:photo": "a picture",
    "appeals:evidence": "a file",
}
PAGES_OF_A_STRANGER: Final = ("", "accounts/signup/", "accounts/login/", "accounts/password/reset/")
PAGES_OF_A_PERSON: Final = (
    "agencies/",
    "agencies/new/",
    "accounts/password/change/",
    "accounts/email/",
    "accounts/2fa/",
    "accounts/sessions/",
    "accounts/logout/",
    "dev/mail/",
)
SHAPES: Final[list[tuple[str, tuple[int, int], Literal["light", "dark"]]]] = [
    ("1440-light", DESK, "light"),
    ("1440-dark", DESK, "dark"),
    ("390-dark", PHONE, "dark"),
    ("390-light", PHONE, "light"),
]
_LINKS: Final = """
(paths) => Promise.all(paths.map(async (path) => {
  const answer = await fetch(path, {redirect: 'manual'});  // some lead over to the public host
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const links = [...page.querySelectorAll("a[href], form[method=get][action]")]
    .map((link) => link.getAttribute("href") ?? link.getAttribute("action"));
  return [answer.status, links.map((link) => new URL(link, new URL(path, location.origin)).href)];
}))
"""
_TOO_WIDE: Final = """
() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
  [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .slice(0, 3)
    .map((one) => `${one.tagName} ${one.className}`)
    .concat(["the document"])
"""
_MOST_OF_A_KIND: Final = 7  # so many objects of each address are looked through for links


def page_names(urlconf: str) -> list[str]:
    """Return the full names of the addresses of ``urlconf`` that answer a GET with a page."""
    names: list[str] = []

    def walk(patterns: list[URLPattern | URLResolver], space: str) -> None:
        for each in patterns:
            if isinstance(each, URLResolver):
                walk(each.url_patterns, f"{space}{each.namespace}:" if each.namespace else space)
            elif each.name and "GET" in methods_of(each.callback):  # the API's have no names
                names.append(f"{space}{each.name}")

    walk(get_resolver(urlconf).url_patterns, "")
    return [name for name in names if name not in NO_PAGES]


def methods_of(view: Callable[..., Any] | None) -> list[str]:
    """Return the methods that ``view``'s decorator admits."""
    while view is not None:
        code, cells = getattr(view, "__code__", None), getattr(view, "__closure__", None)
        held = dict(zip(code.co_freevars, cells or (), strict=True)) if code else {}
        if "request_method_list" in held:
            methods: list[str] = held["request_method_list"].cell_contents
            return methods
        view = getattr(view, "__wrapped__", None)
    return ["GET"]


@dataclass
class Found:
    """Where the links from the first page lead: an address for each name, and what is broken."""

    addresses: dict[str, str]
    broken: list[str]


@pytest.fixture(scope="module")
def found(house: House, owner: Visitor) -> Found:
    first = house.demo_url.rstrip("/")
    page = owner.new_page()
    furnish(page, house)
    page.goto(house.demo_url)
    met: dict[str, list[str]] = {"stores:fleet": ["/"]}
    fresh, broken = ["/"], []
    while fresh:
        answers: list[tuple[int, list[str]]] = page.evaluate(_LINKS, fresh)
        seen, fresh = fresh, []
        for here, (status, links) in zip(seen, answers, strict=True):
            if status not in {0, 200}:
                broken.append(f"{here} answers {status}")
            for link in links:
                target = urlsplit(link)
                if f"{target.scheme}://{target.netloc}" != first:
                    continue
                try:
                    name = resolve(target.path, AGENCY).view_name
                except Resolver404:
                    broken.append(f"{here} links to {target.path}, which is nothing")
                    continue
                known = met.setdefault(name, [])
                if target.path not in known and len(known) < _MOST_OF_A_KIND:
                    known.append(target.path)
                    if name not in NO_PAGES:
                        fresh.append(target.path)
    page.close()
    return Found({name: paths[0] for name, paths in met.items()}, broken)


def furnish(page: Page, house: House) -> None:
    """Make what the demo agency lacks: a group, a file that waits, a notice."""
    page.goto(f"{house.demo_url}groups/new/")
    page.get_by_label("Name").fill("Peak season")
    page.locator("main form").get_by_role("button").first.click()
    page.goto(f"{house.demo_url}imports/?kind=violations")
    page.get_by_label(re.compile("paste the rows")).fill("Reference,Points\n77001,many")
    page.get_by_role("button", name="Read it").click()
    page.goto(house.demo_url)
    page.get_by_role("link", name="Fernwood Kitchen").first.click()
    address = page.locator("#store-mail-address").inner_text()
    send_notice(house, "7495000000000000101", address, kind="violation", signature="none")
    kept = page.locator("a[href^='/notices/0']")
    for _ in range(60):
        if kept.count():
            return
        page.wait_for_timeout(500)
        page.reload()
    pytest.fail("The notice did not arrive.")


def test_every_link_leads_to_a_page(found: Found) -> None:
    assert found.broken == []


@pytest.mark.parametrize("name", page_names(AGENCY))
def test_agency_page_fits_and_is_accessible(
    name: str, house: House, owner: Visitor, found: Found
) -> None:
    assert name in found.addresses, "No link leads to this page."

    assert look_at(owner, house.demo_url.rstrip("/") + found.addresses[name], name) == []


@pytest.mark.parametrize("path", PAGES_OF_A_STRANGER)
def test_public_page_fits_and_is_accessible_to_a_stranger(
    path: str, house: House, new_visitor: MakeVisitor
) -> None:
    assert look_at(new_visitor(), house.public_url + path, f"public-{path}") == []


@pytest.mark.parametrize("path", PAGES_OF_A_PERSON)
def test_public_page_fits_and_is_accessible_to_who_signed_in(
    path: str, house: House, owner: Visitor
) -> None:
    assert look_at(owner, house.public_url + path, f"public-{path}") == []


@pytest.mark.parametrize("path", ["nothing/here/", "stores/00000000-0000-7000-8000-000000000000/"])
def test_missing_page_says_so_in_the_same_dress(path: str, house: House, owner: Visitor) -> None:
    assert look_at(owner, house.demo_url + path, "missing", status=404) == []


def look_at(visitor: Visitor, address: str, name: str, *, status: int = 200) -> list[str]:
    """Open ``address`` once, look at it in every shape, and return what is wrong with it."""
    visitor.troubles.seen.clear()
    page = visitor.kept_page()
    try:
        take_shape(page, *SHAPES[0][1:])
        answer = page.goto(address, wait_until="load")
        assert answer is not None
        found = [] if answer.status == status else [f"{address} answers {answer.status}"]
        for shape, size, scheme in SHAPES:
            take_shape(page, size, scheme)
            page.wait_for_timeout(50)  # styles follow, charts are drawn anew
            too_wide = page.evaluate(_TOO_WIDE)
            found += [f"{shape}: wider than the page: {one}" for one in too_wide]
            if shape != "390-dark":  # the phone in the dark has nothing new for axe-core
                rules = ["color-contrast"] if scheme == "dark" else []
                found += [f"{shape}: {one}" for one in axe_findings(page, *rules)]
            keep(page, f"{re.sub('[^a-z0-9]+', '-', name).strip('-')}.{shape}")
        of_the_page = f"GET {address}: {status}"
        return found + [one for one in visitor.troubles.seen if one != of_the_page]
    finally:
        page.goto("about:blank")  # what is under way there is no trouble of the next page


def take_shape(page: Page, size: tuple[int, int], scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": size[0], "height": size[1]})


def test_the_apis_description_is_drawn_and_can_be_tried(
    house: House, new_visitor: MakeVisitor
) -> None:
    visitor = new_visitor()
    page = visitor.new_page()
    page.goto(f"{house.public_url}api/docs/")

    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_role("textbox", name="auth-bearer-value")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    page.locator(".opblock-summary", has_text="/api/v1/stores/").first.click()
    expect(page.get_by_role("button", name="Try it out")).to_be_visible()
    assert visitor.troubles.seen == []
