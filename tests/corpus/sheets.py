"""Writes spreadsheets as marketplaces and people's programs do, down to their bad habits.

No library stands between the corpus and the bytes: a library would not write a wrong dimension, a
formula without its value, or an entity.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a serial has no zone
STAMP = (2026, 7, 1, 0, 0, 0)


@dataclass(frozen=True)
class Formula:
    text: str
    value: str | None = None


@dataclass(frozen=True)
class Raw:
    """A cell as no program should write it; ``{place}`` is where it stands."""

    xml: str


Cell = str | int | Decimal | datetime | Formula | Raw | None


@dataclass(frozen=True)
class Sheet:
    name: str
    rows: Sequence[Sequence[Cell]]
    merged: Sequence[str] = ()
    hidden: bool = False


@dataclass
class Strings:
    """The shared table of strings, or none where texts stand in their cells."""

    inline: bool
    places: dict[str, int] = field(default_factory=dict)

    def cell(self, place: str, text: str) -> str:
        if self.inline:
            held = f'<t xml:space="preserve">{escape(text)}</t>'
            return f'<c r="{place}" t="inlineStr"><is>{held}</is></c>'
        number = self.places.setdefault(text, len(self.places))
        return f'<c r="{place}" t="s"><v>{number}</v></c>'

    def xml(self) -> str:
        items = "".join(
            f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in self.places
        )
        return f'<?xml version="1.0" encoding="UTF-8"?><sst xmlns="{MAIN}">{items}</sst>'


def column(number: int) -> str:
    """The letters of a column, counted from one."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def serial(at: datetime) -> Decimal:
    """A moment as spreadsheets count it: days since the end of 1899, to the second."""
    seconds = round((at.replace(tzinfo=None) - DAY_ZERO) / timedelta(seconds=1))
    return (Decimal(seconds) / 86400).quantize(Decimal("1.0000000000"))


def _cell(place: str, value: Cell, strings: Strings) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return strings.cell(place, value)
    if isinstance(value, Raw):
        return value.xml.format(place=place)
    if isinstance(value, datetime):
        return f'<c r="{place}" s="1"><v>{serial(value)}</v></c>'
    if isinstance(value, Formula):
        cached = "" if value.value is None else f"<v>{escape(value.value)}</v>"
        return f'<c r="{place}" t="str"><f>{escape(value.text)}</f>{cached}</c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def _sheet(sheet: Sheet, strings: Strings, dimension: str | None) -> str:
    rows = []
    for number, row in enumerate(sheet.rows, 1):
        cells = "".join(
            _cell(f"{column(at)}{number}", one, strings) for at, one in enumerate(row, 1)
        )
        rows.append(f'<row r="{number}">{cells}</row>' if cells else "")
    widest = max((len(row) for row in sheet.rows), default=1)
    right = f"A1:{column(max(widest, 1))}{max(len(sheet.rows), 1)}"
    size = "" if dimension == "" else f'<dimension ref="{dimension or right}"/>'
    merged = "".join(f'<mergeCell ref="{ref}"/>' for ref in sheet.merged)
    merges = f'<mergeCells count="{len(sheet.merged)}">{merged}</mergeCells>' if merged else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="{MAIN}">{size}'
        f"<sheetData>{''.join(rows)}</sheetData>{merges}</worksheet>"
    )


def parts(
    sheets: Sequence[Sheet], *, inline: bool = False, dimension: str | None = None
) -> dict[str, str]:
    """The members of a workbook. ``dimension``: None is the true one, "" none, else a false one."""
    strings = Strings(inline)
    pages = {
        f"xl/worksheets/sheet{number}.xml": _sheet(sheet, strings, dimension)
        for number, sheet in enumerate(sheets, 1)
    }
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name={quoteattr(sheet.name)} sheetId="{number}"'
        f'{" state=" + quoteattr("hidden") if sheet.hidden else ""} r:id="rId{number}"/>'
        for number, sheet in enumerate(sheets, 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/worksheet" '
        f'Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    last = len(sheets)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for number in numbers
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    members = {
        "[Content_Types].xml": f'{head}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/>'
        f"{overrides}</Types>",
        "_rels/.rels": f'{head}<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'{head}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{PACKAGE}/relationships">'
        f"{relations}"
        f'<Relationship Id="rId{last + 1}" Type="{RELATIONS}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId{last + 2}" Type="{RELATIONS}/sharedStrings" '
        'Target="sharedStrings.xml"/></Relationships>',
        "xl/styles.xml": f'{head}<styleSheet xmlns="{MAIN}">'
        '<numFmts count="1">'
        '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>",
        **pages,
    }
    return members | {"xl/sharedStrings.xml": strings.xml()}


def packed(members: dict[str, str] | dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return held.getvalue()


def workbook(
    sheets: Sequence[Sheet], *, inline: bool = False, dimension: str | None = None
) -> bytes:
    return packed(parts(sheets, inline=inline, dimension=dimension))
