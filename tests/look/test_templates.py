"""What holds for every template and every script, read as text."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template, render_to_string

TEMPLATES = settings.BASE_DIR / "templates"
STATIC = settings.BASE_DIR / "config" / "static"
ROOMS = ("tenants", "stores", "scoring", "appeals", "checklist")
ALL = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
COMPONENTS = sorted(path.name for path in (TEMPLATES / "components").glob("*.html"))


def text_of(name: str) -> str:
    return (TEMPLATES / name).read_text()


@pytest.mark.parametrize("name", ALL)
def test_every_template_compiles(name: str) -> None:
    assert get_template(name).template.name == name  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ALL)
def test_no_template_carries_what_the_content_security_policy_refuses(name: str) -> None:
    text = text_of(name)
    inline = [
        tag
        for tag in re.findall(r"<(?:script|style)\b[^>]*>", text)
        if "src=" not in tag and "application/json" not in tag and "nonce=" not in tag
    ]
    refused = re.findall(r"""\s(?:style|on[a-z]+)=["'][^"']*""", text)

    assert (inline, refused, "javascript:" in text) == ([], [], False)


@pytest.mark.parametrize("name", ALL)
def test_no_comment_of_one_line_runs_over_two(name: str) -> None:
    # Django prints such a comment into the page.
    assert [line for line in text_of(name).splitlines() if "{#" in line and "#}" not in line] == []


@pytest.mark.parametrize("name", ALL)
def test_components_are_included_alone(name: str) -> None:
    includes = re.findall(r'{% include "components/[^%]*%}', text_of(name))

    assert [tag for tag in includes if not tag.endswith(" only %}")] == []


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_component_names_itself_and_its_inputs_on_top(name: str) -> None:
    assert re.match(
        rf"({{# |{{% comment %}}\n  )components/{re.escape(name)} · ", text_of(f"components/{name}")
    )


def _icons_in_use() -> Iterator[str]:
    for name in ALL:
        text = text_of(name)
        yield from re.findall(r'{% icon "([^"]+)"', text)
        yield from re.findall(r'icon_name="([^"]+)"', text)
    for room in ROOMS:
        for path in (settings.BASE_DIR / room).rglob("*.py"):
            text = path.read_text()
            yield from re.findall(r'"icon(?:_name)?": "([a-z0-9-]+)"', text)
            yield from re.findall(r'\bicon(?:_name)?="([a-z0-9-]+)"', text)


def test_every_icon_in_use_is_in_the_sprite() -> None:
    listed = (STATIC / "icons.txt").read_text().split()

    assert sorted(set(_icons_in_use()) - set(listed)) == []


def test_icons_are_listed_once_each_in_order() -> None:
    listed = (STATIC / "icons.txt").read_text().split()

    assert listed == sorted(set(listed))


def test_every_stylesheet_is_loaded_by_every_page_or_its_own() -> None:
    loaded = {
        css for name in ALL for css in re.findall(r"static ['\"]css/([^'\"]+)", text_of(name))
    }

    assert loaded == {path.name for path in (STATIC / "css").glob("*.css")}


@pytest.mark.parametrize("path", sorted((STATIC / "css").glob("*.css")), ids=lambda p: p.name)
def test_styles_name_only_tokens_that_exist(path: Path) -> None:
    tokens = (STATIC / "css" / "tokens.css").read_text()
    known = set(re.findall(r"(--[a-z0-9-]+):", tokens + path.read_text()))
    used = set(re.findall(r"var\((--[a-z0-9-]+)", path.read_text()))

    assert {name for name in used - known if not name.startswith("--tblr-")} == set()


@pytest.mark.parametrize("path", sorted((STATIC / "js").glob("*.js")), ids=lambda p: p.name)
def test_scripts_make_no_html_from_text_and_evaluate_nothing(path: Path) -> None:
    found = re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function",
        path.read_text(),
    )

    assert found == []


def test_the_words_of_the_scripts_are_those_the_scripts_ask_for() -> None:
    asked = {
        name
        for path in (STATIC / "js").glob("*.js")
        for name in re.findall(r"\bwords\.(\w+)", path.read_text())
    }
    source = (settings.BASE_DIR / "tenants" / "templatetags" / "ui.py").read_text()
    given = set(re.findall(r'"(\w+)": _\(', source.split("def words_for_scripts")[1]))

    assert asked == given


@pytest.mark.parametrize("name", ["404.html", "403.html", "500.html", "base.html"])
def test_error_pages_and_the_frame_need_neither_request_nor_member(name: str) -> None:
    # The page of a failure must not fail itself: Django renders it without any context.
    html = render_to_string(name)

    assert '<main id="content"' in html
