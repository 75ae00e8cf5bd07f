"""XLSX as a stream: a sheet's rows as text, its numbers exactly as the file holds them.

By our own reading of the parts, because a workbook of an export's size must pass within 256 MB
and seconds, ids of eighteen figures must come through whole, and what a sheet says of its own
size (``dimension``) is often wrong. No document type and so no entity is taken.
"""

import re
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any, Final
from xml.parsers import expat

from stores.sheets import limits
from stores.sheets.faults import Fault

_OLE: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_BLOCK: Final = 1 << 16
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook's dates have no zone
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
_LAST_DAY: Final = 2_958_465  # 9999-12-31
_DATE_FORMATS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_PERCENT_FORMATS: Final = frozenset({9, 10})
_EXACT: Final = 15  # figures that a spreadsheet keeps of a number
_MERGED: Final = re.compile(
    rb"<(?:\w{1,20}:)?mergeCell\s[^<>]{0,60}?ref=[\"']([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})[\"']"
)
_LONGEST_MERGED: Final = 130  # bytes of what the pattern finds
_MOST_MERGED: Final = 100_000
_LONGEST_FILLED: Final = 300  # of a text that merged cells repeat: a name, no essay
_TEXTS: Final = frozenset({"s", "str", "inlineStr"})
_LAST_ROW: Final = 1_048_576
_LAST_COLUMN: Final = 16_384
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    part: str
    is_hidden: bool


class Workbook:
    """An opened workbook: its sheets, and the rows of one at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = _opened(file)
        self._parts = {info.filename.lstrip("/"): info for info in self._zip.infolist()}
        self._is_1904 = False
        self.sheets = self._sheets()
        self._strings: _Strings | None = None
        self._percents: frozenset[int] = frozenset()
        self._as_other: frozenset[int] = frozenset()  # styles of dates and percentages
        self._read_styles()

    def rows(self, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that are not empty, with their numbers in the sheet."""
        if sheet.part not in self._parts:
            raise Fault("damaged", sheet=sheet.name)
        if self._strings is None:
            self._strings = self._shared_strings()
        reader = _Rows(sheet.name, self._strings, self._value, self._merged(sheet.part))
        try:
            yield from self._parsed(sheet.part, reader, reader.taken)
        except Fault as fault:
            fault.where.setdefault("sheet", sheet.name)
            if reader.row:
                fault.where.setdefault("row", reader.row)
            raise

    # -- parts

    def _sheets(self) -> list[Sheet]:
        root = self._targets("_rels/.rels", "")
        part = next((t for kind, t in root.values() if kind == "officeDocument"), "")
        if part not in self._parts:
            part = "xl/workbook.xml"
        if part not in self._parts:
            raise Fault("kind", kind=_kind_of(self._parts))
        if part.endswith(".bin"):
            raise Fault("kind", kind="xlsb")
        folder, _, name = part.rpartition("/")
        targets = self._targets(f"{folder}/_rels/{name}.rels", folder)
        found: list[Sheet] = []

        def start(tag: str, told: dict[str, str]) -> None:
            if tag == "workbookPr":
                self._is_1904 = told.get("date1904", "") in {"1", "true"}
            if tag == "sheet":
                kind, target = targets.get(told.get("id", ""), ("", ""))
                if kind in {"worksheet", ""}:
                    is_hidden = told.get("state", "visible") != "visible"
                    found.append(Sheet(told.get("name", ""), target, is_hidden))

        self._walk(part, start)
        if len(found) > limits.MOST_SHEETS:
            raise Fault("sheets")
        if not found:
            raise Fault("no_sheet")
        return [each for each in found if not each.is_hidden] or found

    def _targets(self, part: str, folder: str) -> dict[str, tuple[str, str]]:
        """Return what each relation leads to: id -> kind, part."""
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, told: dict[str, str]) -> None:
            if tag == "Relationship" and told.get("TargetMode") != "External":
                kind = told.get("Type", "").rpartition("/")[2]
                found[told.get("Id", "")] = (kind, _joined(folder, told.get("Target", "")))

        if part in self._parts:
            self._walk(part, start)
        return found

    def _read_styles(self) -> None:
        """Find which cell styles show a number as a date or as a percentage."""
        formats: dict[int, str] = {}
        styles: list[int] = []
        inside = [False]

        def start(tag: str, told: dict[str, str]) -> None:
            if tag == "numFmt":
                formats[_int(told.get("numFmtId"))] = told.get("formatCode", "")
            elif tag == "cellXfs":
                inside[0] = True
            elif tag == "xf" and inside[0]:
                styles.append(_int(told.get("numFmtId")))
            elif tag in {"cellStyles", "dxfs"}:
                inside[0] = False

        part = next((name for name in self._parts if name.endswith("/styles.xml")), "")
        if part:
            self._walk(part, start)
        shown = [(at, style, formats.get(style, "")) for at, style in enumerate(styles)]
        dates = frozenset(at for at, style, code in shown if _is_date(style, code))
        self._percents = frozenset(
            at for at, style, code in shown if style in _PERCENT_FORMATS or "%" in _plain(code)
        )
        self._as_other = dates | self._percents

    def _shared_strings(self) -> "_Strings":
        strings = _Strings()
        part = next((name for name in self._parts if name.endswith("/sharedStrings.xml")), "")
        if part:
            for _nothing in self._parsed(part, strings, lambda: ()):
                pass
        return strings

    def _merged(self, part: str) -> dict[tuple[int, int], int]:
        """Return where cells are merged downwards: (row, column) of the first -> the last row.

        It stands behind all rows, so the part is gone over for that alone.
        """
        found: dict[tuple[int, int], int] = {}
        tail = b""
        try:
            with self._zip.open(self._parts[part]) as stream:
                while block := stream.read(_BLOCK):
                    for column, top, bottom in _MERGED.findall(tail + block):
                        if int(top) < int(bottom) and len(found) < _MOST_MERGED:
                            found[int(top), _column(column.decode())] = int(bottom)
                    tail = block[-_LONGEST_MERGED:]
        except (*_BROKEN, RuntimeError):
            return {}  # reading its rows says what is wrong
        return found

    # -- values

    def _value(self, kind: str, style: str, text: str) -> str:
        """Return a cell's value as text; a number is written out, with what it is shown as."""
        if kind == "b":
            return "TRUE" if text.strip() == "1" else "FALSE"
        if kind in {"str", "inlineStr", "e", "d"}:
            return text
        at = _int(style)
        return self._shown(at, text) if at in self._as_other else _number(text)

    def _shown(self, style: int, text: str) -> str:
        try:
            number = float(text)
        except ValueError:
            return text
        if style in self._percents:
            return f"{number * 100:.12g}%"
        return _moment(number, _EPOCH_1904 if self._is_1904 else _EPOCH) or text

    # -- XML

    def _walk(self, part: str, start: Callable[[str, dict[str, str]], None]) -> None:
        """Read a small part for its elements' attributes alone."""
        for _nothing in self._parsed(part, _Elements(start), lambda: ()):
            pass

    def _parsed(self, part: str, reader: Any, taken: Callable[[], Any]) -> Iterator[Any]:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _no_doctype
        parser.EntityDeclHandler = _no_doctype
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.text
        try:
            with self._zip.open(self._parts[part]) as stream:
                while block := stream.read(_BLOCK):
                    parser.Parse(block, False)  # noqa: FBT003 - expat's own
                    yield from taken()
                parser.Parse(b"", True)  # noqa: FBT003
                yield from taken()
        except (*_BROKEN, RuntimeError) as error:
            raise Fault("password" if "password" in str(error) else "damaged", part=part) from error
        except expat.ExpatError as error:
            raise Fault("damaged", part=part) from error


class _Elements:
    """Hands on each element's name and attributes, both without their namespaces."""

    def __init__(self, start: Callable[[str, dict[str, str]], None]) -> None:
        self._start = start

    def start(self, name: str, told: dict[str, str]) -> None:
        plain = {key.rpartition(":")[2]: value for key, value in told.items()}
        self._start(name.rpartition(":")[2], plain)

    def end(self, _name: str) -> None:
        pass

    def text(self, _data: str) -> None:
        pass


class _Strings:
    """The workbook's shared texts, in one block of bytes: a million of them are no objects."""

    def __init__(self) -> None:
        self._block = bytearray()
        self._ends = array("Q")
        self._held: list[str] = []
        self._reads = 0  # within a text, and not within how it is pronounced
        self._silent = 0

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, at: int) -> str:
        begins = self._ends[at - 1] if at else 0
        return self._block[begins : self._ends[at]].decode()

    def start(self, name: str, _told: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "t":
            self._reads += 1
        elif tag == "rPh":
            self._silent += 1
        elif tag == "si":
            self._held = []

    def end(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        if tag == "t":
            self._reads -= 1
        elif tag == "rPh":
            self._silent -= 1
        elif tag == "si":
            self._block += "".join(self._held).encode("utf-8", "surrogatepass")
            self._ends.append(len(self._block))

    def text(self, data: str) -> None:
        if self._reads and not self._silent:
            self._held.append(data)


class _Rows:
    """Gathers a sheet's rows as the parser goes over them."""

    def __init__(
        self,
        sheet: str,
        strings: _Strings,
        value: Callable[[str, str, str], str],
        merged: dict[tuple[int, int], int],
    ) -> None:
        self.row = 0
        self._merged = merged
        self._filling: dict[int, tuple[int, str]] = {}  # column -> last row, text of merged cells
        self._sheet = sheet
        self._strings = strings
        self._value = value
        self._ready: list[tuple[int, list[str]]] = []
        self._cells: list[str] = []
        self._column = 0
        self._kind = self._style = self._formula = ""
        self._into: list[str] | None = None
        self._text: list[str] = []
        self._said: list[str] = []
        self._silent = 0

    def taken(self) -> list[tuple[int, list[str]]]:
        ready, self._ready = self._ready, []
        return ready

    def start(self, name: str, told: dict[str, str]) -> None:
        tag = name if ":" not in name else name.rpartition(":")[2]
        if tag == "c":
            self._begin_cell(told)
        elif tag == "v" or (tag == "t" and self._kind == "inlineStr" and not self._silent):
            self._into = self._text
        elif tag == "f":
            self._into = self._said
        elif tag == "row":
            self._begin_row(told)
        elif tag == "rPh":
            self._silent += 1

    def end(self, name: str) -> None:
        tag = name if ":" not in name else name.rpartition(":")[2]
        if tag == "c":
            self._end_cell()
        elif tag in {"v", "t", "f"}:
            self._into = None
        elif tag == "row":
            if any(self._cells):
                self._fill()
                self._ready.append((self.row, self._cells))
            self._cells = []
        elif tag == "rPh":
            self._silent -= 1

    def text(self, data: str) -> None:
        if self._into is not None:
            self._into.append(data)

    def _begin_row(self, told: dict[str, str]) -> None:
        written = told.get("r", "")
        self.row = int(written) if written.isascii() and written.isdigit() else self.row + 1
        if not 0 < self.row <= _LAST_ROW:
            raise Fault("damaged", row=self.row)
        self._cells, self._column = [], 0

    def _begin_cell(self, told: dict[str, str]) -> None:
        place = told.get("r", "")
        self._column = _column(place) if place else self._column + 1
        self._kind, self._style = told.get("t", "n"), told.get("s", "")
        self._text, self._said = [], []
        if not 0 < self._column <= _LAST_COLUMN:
            raise Fault("damaged", row=self.row, column=place[:12])

    def _end_cell(self) -> None:
        text = "".join(self._text)
        if self._kind == "s" and text:
            text = self._shared(text)
        elif text:
            text = self._value(self._kind, self._style, text)
        elif self._said:
            text = "=" + "".join(self._said)  # a formula whose result the file does not hold
        if not text:
            return
        if len(text) > limits.MAX_CELL:
            raise Fault("cell", row=self.row, column=letters(self._column))
        text = _unescaped(text).strip(" \t\r\n\u00a0\u3000\ufeff\u200b")
        if text and self._column > limits.MAX_COLUMNS:
            raise Fault("columns", row=self.row, column=letters(self._column))
        if text:
            missing = self._column - len(self._cells)
            if missing > 0:
                self._cells.extend([""] * missing)
            self._cells[self._column - 1] = text
            last = self._merged.get((self.row, self._column))
            if last and self._kind in _TEXTS and len(text) <= _LONGEST_FILLED:
                self._filling[self._column] = (last, text)

    def _fill(self) -> None:
        """Write into a row the texts of cells that are merged over it.

        Numbers are not: one sum over several rows is not each row's.
        """
        for column, (last, text) in list(self._filling.items()):
            if self.row > last:
                del self._filling[column]
                continue
            self._cells.extend([""] * (column - len(self._cells)))
            self._cells[column - 1] = self._cells[column - 1] or text

    def _shared(self, text: str) -> str:
        if text.strip().isdecimal() and (at := int(text)) < len(self._strings):
            return self._strings[at]
        raise Fault("damaged", row=self.row, column=letters(self._column))


# -- opening ----------------------------------------------------------------------------------


def is_workbook(start: bytes) -> bool:
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", _OLE))


def _opened(file: IO[bytes]) -> zipfile.ZipFile:
    start = file.read(8)
    file.seek(0)
    if start.startswith(_OLE):
        raise Fault("password" if _ENCRYPTED in file.read(1 << 20) else "kind", kind="xls")
    try:
        opened = zipfile.ZipFile(file)
    except (*_BROKEN, ValueError) as error:
        raise Fault("damaged") from error
    parts = opened.infolist()
    if len(parts) > limits.MOST_PARTS:
        raise Fault("bomb")
    if sum(part.file_size for part in parts) > limits.MAX_UNPACKED:
        raise Fault("bomb")
    for part in parts:
        large = part.file_size > limits.SMALL_PART
        if large and part.file_size > limits.MAX_RATIO * max(1, part.compress_size):
            raise Fault("bomb")
        if part.flag_bits & 1:
            raise Fault("password", kind="xlsx")
    return opened


def _kind_of(parts: dict[str, Any]) -> str:
    if "xl/workbook.bin" in parts:
        return "xlsb"
    if "content.xml" in parts:
        return "ods"
    if any(name.startswith(("word/", "ppt/")) for name in parts):
        return "document"
    return "zip"


def _joined(folder: str, target: str) -> str:
    if target.startswith("/"):
        return target.lstrip("/")
    steps = folder.split("/") if folder else []
    for step in target.split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step not in {"", "."}:
            steps.append(step)
    return "/".join(steps)


def _no_doctype(*_told: Any) -> None:
    raise Fault("doctype")


# -- values -----------------------------------------------------------------------------------


def _int(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def _is_date(style: int, code: str) -> bool:
    if not code:
        return style in _DATE_FORMATS
    plain = _plain(code)
    return bool(re.search(r"[ymdhs]", plain, re.IGNORECASE)) and "general" not in plain.lower()


def _plain(code: str) -> str:
    """Return a number format without its literal texts, colours and conditions."""
    code = code.split(";", 1)[0]
    code = re.sub(r'"[^"]*"|\\.|_.|\*.', "", code)
    return re.sub(r"\[(?![hms]+\])[^\]]*\]", "", code, flags=re.IGNORECASE)


def _number(text: str) -> str:
    """Return a number as a person would write it; one of too many figures as the file has it."""
    text = text.strip()
    if text.lstrip("-").isdigit():
        return text  # whole, and exactly what the file holds
    try:
        number = float(text)
    except ValueError:
        return text
    if number != number or abs(number) >= 10**_EXACT:  # noqa: PLR0124 - not a number at all
        return text  # its last figures are lost: who needs them all refuses it by what it says
    short = f"{number:.{_EXACT}g}"
    plain = f"{number:.{_EXACT}f}".rstrip("0").rstrip(".") if "e" in short else short
    # A number with three decimals gets a fourth: nobody takes its point for one of thousands.
    return plain + "0" if re.search(r"\.\d{3}$", plain) else plain


def _moment(serial: float, epoch: datetime) -> str:
    """Return the date that a serial number is, with its time where it has one, or ""."""
    if not 0 <= serial <= _LAST_DAY:
        return ""
    moment = epoch + timedelta(days=int(serial), seconds=round((serial % 1) * 86_400))
    if serial < 1:
        return f"{moment:%H:%M:%S}"
    return f"{moment:%Y-%m-%d %H:%M:%S}" if serial % 1 else f"{moment:%Y-%m-%d}"


def _column(place: str) -> int:
    """Return the number of the column in ``place``: B5 is in 2; 0 where it names none."""
    number = 0
    for sign in place:
        if "A" <= sign <= "Z":
            number = number * 26 + ord(sign) - 64
        elif "a" <= sign <= "z":
            number = number * 26 + ord(sign) - 96
        else:
            break
        if number > _LAST_COLUMN:
            return 0
    return number


def letters(column: int) -> str:
    """Return how a sheet names its column: 28 is AB."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def _unescaped(text: str) -> str:
    """Return ``text`` without the marks a workbook writes for signs that XML cannot hold."""
    if "_x" not in text:
        return text
    return re.sub(r"_x([0-9A-Fa-f]{4})_", _sign, text)


def _sign(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return "" if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)  # noqa: PLR2004
