"""Copies the front-end files in use from node_modules to config/static/vendor.

The icons named in config/static/icons.txt, one a line, become one sprite, ``icons.svg``, with a
symbol for each: ``home`` is an outline, ``filled/star`` is that icon's filled form.
"""

import hashlib
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules"
VENDOR = ROOT / "config" / "static" / "vendor"
ICON_NAMES = ROOT / "config" / "static" / "icons.txt"

FILES = (
    "@tabler/core/dist/css/tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js",
    "echarts/dist/echarts.min.js",
)
LICENCES = {
    "tabler.txt": "@tabler/icons/LICENSE",  # the same for the core, which ships none
    "echarts.txt": "echarts/LICENSE",
}
_SOURCE_MAP = re.compile(rb"\n?(?://[#@]\s*sourceMappingURL=\S+|/\*[#@]\s*sourceMappingURL=.*?\*/)")
_SVG = re.compile(r"<svg\b[^>]*>(?P<drawing>.*)</svg>", re.DOTALL)
_PRESENTATION = {
    "outline": (
        'fill="none" stroke="currentColor" stroke-width="2"'
        ' stroke-linecap="round" stroke-linejoin="round"'
    ),
    "filled": 'fill="currentColor"',
}
# An invisible square that only holds the drawing's size; the symbol's viewBox does that.
_HOLDER = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'


class UnknownIcon(Exception):
    """icons.txt names an icon that @tabler/icons does not have."""


def icon_names(text: str) -> list[str]:
    """Return the names in ``text``, sorted and once each; ``#`` starts a comment."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return sorted({line for line in lines if line})


def sprite(names: Iterable[str], icons: Path) -> str:
    """Return one SVG with a symbol for each name, its id the name with ``/`` as ``-``.

    Raises:
        UnknownIcon: naming the first that ``icons``, the package's folder, lacks.
    """
    symbols = [_symbol(name, icons) for name in names]
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg">',
            "<!-- Tabler Icons, https://tabler.io/icons, MIT licence -->",
            *symbols,
            "</svg>\n",
        ]
    )


def _symbol(name: str, icons: Path) -> str:
    style, _, plain = name.rpartition("/")
    style = style or "outline"
    source = icons / style / f"{plain}.svg"
    if style not in _PRESENTATION or not source.is_file():
        raise UnknownIcon(f"icons.txt: there is no Tabler icon {name!r}.")
    found = _SVG.search(source.read_text())
    assert found is not None, source
    lines = (line.strip() for line in found["drawing"].splitlines())
    drawing = "".join(line for line in lines if line and line != _HOLDER)
    identity = name.replace("/", "-")
    return f'<symbol id="{identity}" viewBox="0 0 24 24" {_PRESENTATION[style]}>{drawing}</symbol>'


def without_source_map(content: bytes) -> bytes:
    """Return ``content`` without the comment that names a map we do not ship."""
    return _SOURCE_MAP.sub(b"", content)


def copy(files: Sequence[str] = FILES) -> bool:
    """Write the vendor folder anew; False when it was current already."""
    names = icon_names(ICON_NAMES.read_text()) if ICON_NAMES.exists() else []
    parts = [Path(__file__).read_bytes(), "\n".join(names).encode()]
    parts.append((ROOT / "package-lock.json").read_bytes())
    mark = hashlib.sha256(b"\0".join(parts)).hexdigest()
    stamp = VENDOR / ".stamp"
    if stamp.exists() and stamp.read_text() == mark:
        return False
    drawn = sprite(names, PACKAGES / "@tabler" / "icons" / "icons")
    shutil.rmtree(VENDOR, ignore_errors=True)
    (VENDOR / "licences").mkdir(parents=True)
    for file in files:
        source = PACKAGES / file
        (VENDOR / source.name).write_bytes(without_source_map(source.read_bytes()))
    for name, file in LICENCES.items():
        shutil.copyfile(PACKAGES / file, VENDOR / "licences" / name)
    (VENDOR / "icons.svg").write_text(drawn)
    stamp.write_text(mark)
    return True


if __name__ == "__main__":
    try:
        copy()
    except UnknownIcon as unknown:
        sys.exit(str(unknown))
