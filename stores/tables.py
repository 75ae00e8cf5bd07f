"""Tables that people and marketplaces bring in: CSV and TSV, whatever they were saved by.

``read_table`` gives rows with the line they stand on; ``map_headers`` finds the wanted columns;
the ``read_*`` functions turn a cell into a value or a ``RowError`` that names line and field.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar

from django.utils.translation import gettext as _

from stores import charsets, moments
from tenants.errors import DomainError

MAX_BYTES = 25 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 500
MAX_SPLITS = 50_000  # delimiters on one line; those within quotes are counted too
MAX_CELL = 100_000  # characters
MAX_TROUBLES = 200  # row errors that are kept: nobody reads more
EXCERPT = 40
SNIFFED_ROWS = 30
LONGEST_NUMBER = 9  # digits
WORDY = 3  # words from which a cell reads like a description, not a value
WORDY_CHINESE = 6  # and characters, where words are not set apart

DELIMITERS = (",", ";", "\t", "|")
SIGNATURES = (
    (b"PK\x03\x04", "xlsx"),
    (b"PK\x05\x06", "xlsx"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "zip"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"Rar!", "zip"),
    (b"7z\xbc\xaf", "zip"),
)


class TableUnreadable(DomainError):
    """The file is no table that we can read, or not all of it; the text says why."""

    code: ClassVar[str] = "table_unreadable"


class TableTooLarge(TableUnreadable):
    code: ClassVar[str] = "table_too_large"


class RowError(DomainError):
    """One cell or row that cannot be taken. ``field`` is "" where the whole row is meant."""

    code: ClassVar[str] = "row_unreadable"

    def __init__(self, line: int, field: str, value: str, message: str) -> None:
        self.line = line
        self.field = field
        self.value = excerpt(value)
        self.message = message
        super().__init__(str(self))

    def __str__(self) -> str:
        if not self.field:
            return _("Line %(line)s: %(message)s") % {"line": self.line, "message": self.message}
        return _("Line %(line)s, %(field)s “%(value)s”: %(message)s") % {
            "line": self.line,
            "field": self.field,
            "value": self.value,
            "message": self.message,
        }


@dataclass(frozen=True)
class Row:
    line: int  # where the row begins in the file, from 1
    cells: tuple[str, ...]  # as many as there are headers


@dataclass(frozen=True)
class Table:
    """A file as read. ``problems`` are rows that did not fit; they are not among ``rows``."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str
    description: Row | None = None  # the row of explanations that exports put under the headers
    problems: tuple[RowError, ...] = ()
    more_problems: int = 0  # beyond those kept


@dataclass(frozen=True)
class Columns:
    """Which column holds which field. A field that two columns claim is ambiguous, not mapped."""

    at: Mapping[str, int]
    unmapped: tuple[str, ...]
    ambiguous: Mapping[str, tuple[str, ...]]

    def cell(self, row: Row, field: str) -> str:
        """Return the row's cell for ``field``, or "" where the file has no such column."""
        at = self.at.get(field)
        return "" if at is None else row.cells[at]


def read_table(data: bytes, *, filename: str) -> Table:
    """Return the table in ``data``: the first row that is not empty holds the headers.

    Raises:
        TableTooLarge: beyond 25 MB, 100,000 rows or 500 columns.
        TableUnreadable: if it is no text, its encoding is not certain, or it has no rows.
    """
    if len(data) > MAX_BYTES:
        raise TableTooLarge(
            _("%(file)s is larger than 25 MB. Split it and bring in one part at a time.")
            % {"file": filename}
        )
    text, encoding = _text(data, filename)
    text, delimiter = _delimiter(text)
    records = _records(text, delimiter, filename)
    header = next(records, None)
    if header is None:
        raise TableUnreadable(_("%(file)s is empty.") % {"file": filename})
    if len(header.cells) > MAX_COLUMNS:
        raise TableTooLarge(_("%(file)s has more than 500 columns.") % {"file": filename})

    headers = _without_empty_end(header.cells)
    rows: list[Row] = []
    troubles: list[RowError] = []
    more = 0
    for count, record in enumerate(records):
        if count >= MAX_ROWS:
            raise TableTooLarge(
                _("%(file)s has more than 100,000 rows. Split it and bring in one part at a time.")
                % {"file": filename}
            )
        try:
            rows.append(_fitted(record, len(headers)))
        except RowError as error:
            more += len(troubles) >= MAX_TROUBLES
            if len(troubles) < MAX_TROUBLES:
                troubles.append(error)
    description = rows.pop(0) if rows and _is_description(rows) else None
    return Table(headers, tuple(rows), encoding, delimiter, description, tuple(troubles), more)


def map_headers(headers: Sequence[str], aliases: Mapping[str, Collection[str]]) -> Columns:
    """Find the columns of the fields in ``aliases``, whatever the headers' case and blanks.

    ``aliases`` is field -> the headers it is known by; a field is known by its own name too.
    """
    known = {
        plain_header(alias): field
        for field, names in aliases.items()
        for alias in (field, field.replace("_", " "), *names)
    }
    claims: dict[str, list[int]] = {}
    unmapped = []
    for at, header in enumerate(headers):
        field = known.get(plain_header(header))
        if field is None:
            unmapped.append(header)
        else:
            claims.setdefault(field, []).append(at)
    return Columns(
        at={field: columns[0] for field, columns in claims.items() if len(columns) == 1},
        unmapped=tuple(unmapped),
        ambiguous={
            field: tuple(headers[at] for at in columns)
            for field, columns in claims.items()
            if len(columns) > 1
        },
    )


def plain_header(header: str) -> str:
    """Return ``header`` without what differs between exports: case, blanks, signs, width."""
    header = header.translate(_HALF_WIDTH).casefold()
    return re.sub(r"[\s_\-:*()\[\]（）【】.#/]+", "", header)


# -- cells ------------------------------------------------------------------------------------


def read_int(
    cell: str, *, line: int, field: str, low: int | None = None, high: int | None = None
) -> int:
    """Return ``cell`` as a whole number in ``[low, high]``.

    Raises:
        RowError: if it is none: 4.5, 1e3, 4 kg.
    """
    written = re.sub(r"[\s'’]", "", cell.translate(_HALF_WIDTH))
    if re.fullmatch(r"[-+]?\d{1,3}(?:,\d{3})+", written):
        written = written.replace(",", "")
    if re.fullmatch(r"[-+]?\d+\.0+", written):
        written = written.split(".")[0]  # how a spreadsheet may save a whole number
    if not re.fullmatch(rf"[-+]?\d{{1,{LONGEST_NUMBER}}}", written):
        raise RowError(line, field, cell, _("is not a whole number."))
    value = int(written)
    if low is not None and value < low:
        raise RowError(line, field, cell, _("is less than %(low)s.") % {"low": low})
    if high is not None and value > high:
        raise RowError(line, field, cell, _("is more than %(high)s.") % {"high": high})
    return value


def read_points(cell: str, *, line: int, field: str, most: int = 1000) -> int:
    """Return a deduction as points <= 0; both 4 and -4 take four points.

    Raises:
        RowError: if it is no whole number, a bonus (+4), or more than ``most`` points.
    """
    written = cell.translate(_HALF_WIDTH).strip()
    bracketed = re.fullmatch(r"\((.+)\)", written)  # how accountants write a negative number
    written = re.sub(r"(?i)\s*(?:points?|pts?\.?|分)$", "", bracketed[1] if bracketed else written)
    if written.startswith("+"):
        raise RowError(line, field, cell, _("is a bonus, where points taken were expected."))
    return -abs(read_int(written or cell, line=line, field=field, low=-most, high=most))


def read_moment(
    cell: str, *, line: int, field: str, zone: tzinfo, day_first: bool | None = None
) -> moments.Moment:
    """Return the moment in ``cell``; where it names no zone, it is in the store's ``zone``.

    Find ``day_first`` for a column with ``moments.day_first_of``, else give the market's habit.

    Raises:
        RowError: if it is no date, or one that could be two days.
    """
    try:
        return moments.read_moment(cell.translate(_HALF_WIDTH), zone=zone, day_first=day_first)
    except moments.MomentUnreadable as refusal:
        raise RowError(line, field, cell, _why(refusal.why)) from None


def read_choice(cell: str, choices: Mapping[str, Collection[str]], *, line: int, field: str) -> str:
    """Return the code whose name ``cell`` is: ``choices`` is code -> its names in any language.

    Raises:
        RowError: if it is none of them.
    """
    wanted = plain_header(cell)
    for code, names in choices.items():
        if wanted in {plain_header(name) for name in (code, *names)}:
            return code
    allowed = ", ".join(choices)
    raise RowError(line, field, cell, _("is none of: %(allowed)s.") % {"allowed": allowed})


def read_text(cell: str, *, line: int, field: str, longest: int, required: bool = False) -> str:
    """Return ``cell`` on one line.

    Raises:
        RowError: if it is longer than ``longest`` characters, or empty though required.
    """
    text = " ".join(cell.split())
    if required and not text:
        raise RowError(line, field, "", _("is missing."))
    if len(text) > longest:
        raise RowError(
            line, field, cell, _("is longer than %(longest)s characters.") % {"longest": longest}
        )
    return text


def neutralise(cell: str) -> str:
    """Return ``cell`` so that no spreadsheet runs it; plain numbers stay as they are.

    ``read_table`` takes the guard off again, so what goes out comes back equal.
    """
    return "'" + cell if _runs(cell.lstrip("'")) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _runs(cell.lstrip("'")) else cell


def _runs(cell: str) -> bool:
    if re.fullmatch(r"[-+]?\d{1,15}(?:[.,]\d{1,9})?%?", cell):
        return False
    seen = cell.lstrip(" \u00a0\u3000\ufeff\u200b")
    return bool(cell) and (seen[:1] in _RUNS or cell[:1] in _RUNS)


def excerpt(value: str) -> str:
    """Return the start of ``value`` on one line, for a message."""
    text = " ".join(value.split())
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


_RUNS = frozenset("=+-@\t\r\n|%＝＋－＠")  # noqa: RUF001 - full width runs as well
_HALF_WIDTH: dict[int, str] = {at: chr(at - 0xFEE0) for at in range(0xFF01, 0xFF5F)} | {
    0x3000: " ",
    0x00A0: " ",
    0x2212: "-",
    0x2013: "-",
}


def _why(why: moments.Unclear) -> str:
    return {
        moments.Unclear.NOT_A_DATE: _("is not a date that we can read; 2026-07-31 14:00 is."),
        moments.Unclear.NO_SUCH_DATE: _("is a date that does not exist."),
        moments.Unclear.DAY_OR_MONTH: _(
            "could be two days: it is not certain which number is the month."
        ),
        moments.Unclear.WHICH_ZONE: _("names a time zone that is not certain."),
        moments.Unclear.FAR_OFF: _("is too far off to be meant."),
    }[why]


# -- the file ---------------------------------------------------------------------------------


def _text(data: bytes, filename: str) -> tuple[str, str]:
    for signature, kind in SIGNATURES:
        if data.startswith(signature):
            raise TableUnreadable(_kind_refused(kind) % {"file": filename})
    marks = any(data.startswith(mark) for mark, _name in charsets.BOMS)
    encoding = "" if marks else charsets.guess_encoding(data)
    if not marks and not encoding:
        if b"\0" in data:
            raise TableUnreadable(_("%(file)s is not a text file.") % {"file": filename})
        raise TableUnreadable(
            _("The letters of %(file)s are in an encoding that is not certain. Save it as UTF-8.")
            % {"file": filename}
        )
    decoded = charsets.decode(data, encoding)
    if not decoded.sure:
        raise TableUnreadable(
            _("%(file)s holds letters that cannot be read. Save it as UTF-8.") % {"file": filename}
        )
    if "\0" in decoded.text:
        line = decoded.text.count("\n", 0, decoded.text.index("\0")) + 1
        raise TableUnreadable(
            _("%(file)s is damaged: line %(line)s holds a NUL character.")
            % {"file": filename, "line": line}
        )
    return decoded.text.lstrip("\ufeff"), decoded.encoding


def _kind_refused(kind: str) -> str:
    if kind in {"xlsx", "xls"}:
        return _("%(file)s is an Excel workbook, whatever its name. Save it as CSV (UTF-8).")
    if kind == "zip":
        return _("%(file)s is an archive. Unpack it and bring in the table inside.")
    return _("%(file)s is not a table but a document or picture.")


def _delimiter(text: str) -> tuple[str, str]:
    """Return the text and the sign that splits its rows most evenly."""
    told = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)  # Excel's own way to say it
    if told:
        return "\n" + text[told.end() :], told[1]
    best, best_score = ",", 0.0
    sample = text[:200_000]
    for delimiter in DELIMITERS:
        widths = []
        try:
            for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
                if any(record):
                    widths.append(len(record))
                if len(widths) >= SNIFFED_ROWS:
                    break
        except csv.Error:
            continue
        if not widths or widths[0] < 2:  # noqa: PLR2004 - it splits nothing
            continue
        even = sum(1 for width in widths if width == widths[0]) / len(widths)
        score = even * 10 + min(widths[0], 9)
        if score > best_score:
            best, best_score = delimiter, score
    return text, best


def _records(text: str, delimiter: str, filename: str) -> Iterator[Row]:
    """Yield the rows that are not empty, with the line that each begins on."""
    csv.field_size_limit(MAX_CELL)
    lines = _sane_lines(text, delimiter, filename)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = 1
    while True:
        try:
            record = next(reader, None)
        except csv.Error:
            raise TableUnreadable(
                _(
                    "%(file)s cannot be split into cells from line %(line)s on: "
                    "a quotation mark is not closed there, or a cell is far too long."
                )
                % {"file": filename, "line": begins}
            ) from None
        if record is None:
            return
        cells = tuple(_bare(cell) for cell in record)
        if any(cells):
            yield Row(begins, cells)
        begins = reader.line_num + 1


def _sane_lines(text: str, delimiter: str, filename: str) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        if line.count(delimiter) > MAX_SPLITS:
            raise TableTooLarge(_("%(file)s has more than 500 columns.") % {"file": filename})
        yield line


def _bare(cell: str) -> str:
    """Strip a cell of its margins, of ="..." that keeps digits as text, and of our guard."""
    cell = cell.strip(" \t\r\n\u00a0\u3000\ufeff\u200b")
    wrapped = re.fullmatch(r'="([^"]*)"', cell)
    return wrapped[1].strip() if wrapped else _unguarded(cell)


def _without_empty_end(cells: tuple[str, ...]) -> tuple[str, ...]:
    last = max(at for at, cell in enumerate(cells) if cell)
    return cells[: last + 1]


def _fitted(record: Row, width: int) -> Row:
    if any(record.cells[width:]):
        over = next(cell for cell in record.cells[width:] if cell)
        raise RowError(record.line, "", over, _("it has more cells than there are headers."))
    return Row(record.line, (record.cells + ("",) * width)[:width])


def _is_description(rows: Sequence[Row]) -> bool:
    """Tell whether the first row explains the headers, as marketplaces' exports do.

    It must read like prose and hold no figures, where the rows after it hold values: a row of
    data taken for an explanation would be lost.
    """
    filled = [cell for cell in rows[0].cells if cell]
    prose = [cell for cell in filled if _is_prose(cell)]
    if len(filled) < 2 or len(prose) * 2 < len(filled):  # noqa: PLR2004 - one remark is no row
        return False
    if any(re.search(r"\d", cell) for cell in filled):
        return False
    return len(rows) == 1 or any(_is_value(cell) for row in rows[1:6] for cell in row.cells)


def _is_prose(cell: str) -> bool:
    return len(cell.split()) >= WORDY or len(re.findall(r"[\u4e00-\u9fff]", cell)) >= WORDY_CHINESE


def _is_value(cell: str) -> bool:
    return bool(re.match(r"[-+]?[\d.,]+(?:$|[-/:年\s])", cell)) or bool(
        re.fullmatch(r"(?=.*\d)[A-Z0-9_-]{5,}", cell, re.IGNORECASE)
    )
