from pathlib import Path

import pytest

from config import assets

_DRAWING = """<svg
  xmlns="http://www.w3.org/2000/svg"
  width="24"
  class="icon"
>
  <path stroke="none" d="M0 0h24v24H0z" fill="none" />
  <path d="M5 12l-2 0" />
  <path d="M9 21v-6" />
</svg>
"""


@pytest.fixture
def icons(tmp_path: Path) -> Path:
    for style, name in (("outline", "home"), ("filled", "star")):
        (tmp_path / style).mkdir()
        (tmp_path / style / f"{name}.svg").write_text(_DRAWING)
    return tmp_path


def test_sprite_holds_a_symbol_for_each_icon(icons: Path) -> None:
    assert assets.sprite(["filled/star", "home"], icons) == (
        '<svg xmlns="http://www.w3.org/2000/svg">\n'
        "<!-- Tabler Icons, https://tabler.io/icons, MIT licence -->\n"
        '<symbol id="filled-star" viewBox="0 0 24 24" fill="currentColor">'
        '<path d="M5 12l-2 0" /><path d="M9 21v-6" /></symbol>\n'
        '<symbol id="home" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
        ' stroke-linecap="round" stroke-linejoin="round">'
        '<path d="M5 12l-2 0" /><path d="M9 21v-6" /></symbol>\n'
        "</svg>\n"
    )


@pytest.mark.parametrize("name", ["nothing", "other/home", "../outline/home"])
def test_sprite_names_an_icon_that_is_not_there(icons: Path, name: str) -> None:
    with pytest.raises(assets.UnknownIcon, match=name):
        assets.sprite([name], icons)


def test_icon_names_are_sorted_and_without_comments() -> None:
    text = "# of the navigation\nhome\n\nalarm  # of alerts\nhome\n"

    assert assets.icon_names(text) == ["alarm", "home"]


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (b"a{}\n/*# sourceMappingURL=a.css.map */", b"a{}"),
        (b"f();\n//# sourceMappingURL=f.js.map\n", b"f();\n"),
        (b"f();", b"f();"),
    ],
    ids=["css", "js", "none"],
)
def test_source_maps_are_not_named(content: bytes, left: bytes) -> None:
    assert assets.without_source_map(content) == left


def test_every_icon_of_the_pages_is_in_the_package() -> None:
    names = assets.icon_names(assets.ICON_NAMES.read_text())

    drawn = assets.sprite(names, assets.PACKAGES / "@tabler" / "icons" / "icons")

    assert drawn.count("<symbol ") == len(names)
