"""Writes workbooks part by part, so that a test can have any part as broken as it likes."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
DATE, PERCENT, PLAIN = 1, 2, 0  # styles that every workbook here has
STYLES: Final = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="1">'
    '<numFmt numFmtId="164" formatCode="dd/mm/yyyy\\ hh:mm;@"/></numFmts>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="10"/></cellXfs>'
    "</styleSheet>"
)


class Raw:
    """A cell as it stands in the XML: its attributes and what is inside it."""

    def __init__(self, inside: str, **told: str) -> None:
        self.inside = inside
        self.told = told


def number(value: object, style: int = PLAIN) -> Raw:
    return Raw(f"<v>{value}</v>", s=str(style))


def letters(column: int) -> str:
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def sheet_xml(
    rows: Sequence[Sequence[Any]],
    *,
    dimension: str = "",
    after: str = "",
    head: str = "",
    shared: list[str] | None = None,
) -> str:
    """Return a sheet; with ``shared`` texts are written there and told by their place."""
    out = [f'<?xml version="1.0" encoding="UTF-8"?>{head}<worksheet xmlns="{MAIN}">']
    if dimension:
        out.append(f'<dimension ref="{dimension}"/>')
    out.append("<sheetData>")
    for line, cells in enumerate(rows, start=1):
        out.append(f'<row r="{line}">')
        for column, cell in enumerate(cells, start=1):
            out.append(_cell(f"{letters(column)}{line}", cell, shared))
        out.append("</row>")
    out.append(f"</sheetData>{after}</worksheet>")
    return "".join(out)


def _cell(place: str, cell: Any, shared: list[str] | None) -> str:
    if cell is None or cell == "":
        return ""
    if isinstance(cell, Raw):
        told = "".join(f" {name}={quoteattr(value)}" for name, value in cell.told.items())
        return f'<c r="{place}"{told}>{cell.inside}</c>'
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, (int, float)):
        return f'<c r="{place}"><v>{cell}</v></c>'
    if shared is not None:
        shared.append(str(cell))
        return f'<c r="{place}" t="s"><v>{len(shared) - 1}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(cell))}</t></is></c>'


def parts_of(sheets: Mapping[str, str], *, shared: Sequence[str] = ()) -> dict[str, str]:
    """Return the parts of a workbook with these sheets, by name."""
    names = list(sheets)
    entries = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="rId{at}"/>'
        for at, name in enumerate(names, start=1)
    )
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{_REL}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(names) + 1)
    )
    texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in shared)
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1"'
        f' Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{_REL}"><sheets>{entries}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{relations}'
        "</Relationships>",
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
        **{f"xl/worksheets/sheet{at}.xml": xml for at, xml in enumerate(sheets.values(), start=1)},
    }


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return out.getvalue()


def workbook(rows: Sequence[Sequence[Any]], *, name: str = "Sheet1", **options: Any) -> bytes:
    """Return a workbook with one sheet of ``rows``, whose texts are shared as Excel writes them."""
    shared: list[str] = []
    xml = sheet_xml(rows, shared=shared, **options)
    return zipped(parts_of({name: xml}, shared=shared))
