"""Tables that people and marketplaces bring in: CSV and TSV, whatever they were saved by.

``read_table`` gives rows with the line they stand on; ``map_headers`` finds the wanted columns;
the ``read_*`` functions turn a cell into a value or a ``RowError`` that names line and field.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import ClassVar

from django.utils.translation import gettext as _

from stores import moments
from stores.sheets import csvs, limits
from stores.sheets.faults import Fault
from tenants.errors import DomainError

MAX_TROUBLES = 200  # row errors that are kept: nobody reads more
EXCERPT = 40
LONGEST_NUMBER = 9  # digits
LONGEST_AMOUNT = 15  # digits before the decimals
WORDY = 3  # words from which a cell reads like a description, not a value
WORDY_CHINESE = 6  # and characters, where words are not set apart


class TableUnreadable(DomainError):
    """The file is no table that we can read, or not all of it; the text says why."""

    code: ClassVar[str] = "table_unreadable"


class TableTooLarge(TableUnreadable):
    code: ClassVar[str] = "table_too_large"


class RowError(DomainError):
    """One cell or row that cannot be taken. ``field`` is "" where the whole row is meant."""

    code: ClassVar[str] = "row_unreadable"

    def __init__(self, line: int, field: str, value: str, message: str, *, sheet: str = "") -> None:
        self.line = line
        self.field = field
        self.value = excerpt(value)
        self.message = message
        self.sheet = sheet
        super().__init__(str(self))

    def __str__(self) -> str:
        told = {
            "sheet": self.sheet,
            "line": self.line,
            "field": self.field,
            "value": self.value,
            "message": self.message,
        }
        if self.sheet and not self.field:
            return _("Sheet %(sheet)s, line %(line)s: %(message)s") % told
        if self.sheet:
            return _("Sheet %(sheet)s, line %(line)s, %(field)s “%(value)s”: %(message)s") % told
        if not self.field:
            return _("Line %(line)s: %(message)s") % told
        return _("Line %(line)s, %(field)s “%(value)s”: %(message)s") % told


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
    try:
        return _read(data, filename)
    except Fault as fault:
        raise refusal(fault, filename) from fault


def _read(data: bytes, filename: str) -> Table:
    if len(data) > limits.MAX_BYTES:
        raise Fault("bytes")
    text = csvs.open_text(data)
    records = text.records()
    line, header = next(records, (0, ()))
    if not line:
        raise TableUnreadable(_("%(file)s is empty.") % {"file": filename})
    if len(header) > limits.MAX_COLUMNS:
        raise Fault("columns", row=line)
    headers = without_empty_end(header)
    rows: list[Row] = []
    troubles: list[RowError] = []
    more = 0
    for count, record in enumerate(records):
        if count >= limits.MAX_ROWS:
            raise Fault("rows")
        try:
            rows.append(_fitted(Row(*record), len(headers)))
        except RowError as error:
            more += len(troubles) >= MAX_TROUBLES
            if len(troubles) < MAX_TROUBLES:
                troubles.append(error)
    description = rows.pop(0) if rows and is_description([row.cells for row in rows]) else None
    return Table(
        headers, tuple(rows), text.encoding, text.delimiter, description, tuple(troubles), more
    )


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
    return _SIGNS.sub(lambda match: "".join(filter(_is_mark, match[0])), header)


def _is_mark(sign: str) -> bool:
    """Tell whether ``sign`` is part of the letter before it, as Thai vowels are."""
    return unicodedata.category(sign).startswith("M")


# -- cells ------------------------------------------------------------------------------------


def read_int(
    cell: str,
    *,
    line: int,
    field: str,
    low: int | None = None,
    high: int | None = None,
    sheet: str = "",
) -> int:
    """Return ``cell`` as a whole number in ``[low, high]``.

    Raises:
        RowError: if it is none: 4.5, 1e3, 4 kg.
    """
    written = re.sub(r"[\s'’]", "", cell.translate(_HALF_WIDTH))
    if re.fullmatch(r"[-+]?[1-9]\d{0,2}(?:(?:,\d{3})+(?:\.0+)?|(?:\.\d{3})+(?:,0+)?)", written):
        # Three figures after a sign are thousands: nobody writes a whole number with three zeros.
        written = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", written)
    if re.fullmatch(r"[-+]?\d+[.,]0+", written):
        written = re.split(r"[.,]", written)[0]  # how a spreadsheet may save a whole number
    if not re.fullmatch(rf"[-+]?\d{{1,{LONGEST_NUMBER}}}", written):
        raise RowError(line, field, cell, _("is not a whole number."), sheet=sheet)
    value = int(written)
    if low is not None and value < low:
        raise RowError(line, field, cell, _("is less than %(low)s.") % {"low": low}, sheet=sheet)
    if high is not None and value > high:
        raise RowError(line, field, cell, _("is more than %(high)s.") % {"high": high}, sheet=sheet)
    return value


def read_points(cell: str, *, line: int, field: str, most: int = 1000, sheet: str = "") -> int:
    """Return a deduction as points <= 0; both 4 and -4 take four points.

    Raises:
        RowError: if it is no whole number, a bonus (+4), or more than ``most`` points.
    """
    written = cell.translate(_HALF_WIDTH).strip()
    bracketed = re.fullmatch(r"\((.+)\)", written)  # how accountants write a negative number
    written = re.sub(rf"(?i)\s*(?:{_POINTS})$", "", bracketed[1] if bracketed else written)
    if written.startswith("+"):
        raise RowError(
            line, field, cell, _("is a bonus, where points taken were expected."), sheet=sheet
        )
    return -abs(
        read_int(written or cell, line=line, field=field, low=-most, high=most, sheet=sheet)
    )


def read_moment(
    cell: str,
    *,
    line: int,
    field: str,
    zone: tzinfo,
    day_first: bool | None = None,
    sheet: str = "",
) -> moments.Moment:
    """Return the moment in ``cell``; where it names no zone, it is in the store's ``zone``.

    Find ``day_first`` for a column with ``moments.day_first_of``, else give the market's habit.

    Raises:
        RowError: if it is no date, or one that could be two days.
    """
    try:
        return moments.read_moment(_plain_date(cell), zone=zone, day_first=day_first)
    except moments.MomentUnreadable as refusal:
        raise RowError(line, field, cell, _why(refusal.why), sheet=sheet) from None


def _plain_date(cell: str) -> str:
    """Return a date of another language, or with its time in front or with points, as in English.

    10.30 14 Juli 2026, lúc 10:30 14/07/2026, 14 ก.ค. 2569 10:30 น., 14 thg 7, 2026.
    """
    text = " ".join(cell.translate(_HALF_WIDTH).split())
    text = re.sub(_WORDS_OF_DATES, "", text, flags=re.IGNORECASE)
    text = _VIETNAMESE_DATE.sub(r"\3-\2-\1", text)
    text = _MONTH_WORD.sub(lambda match: _MONTH_WORDS[match[0].lower()], text)
    text = re.sub(
        r"(?<![\d.:/-])(\d{1,2})[h.](\d{2})(?:\.(\d{2}))?(?![\d.:/-])", _with_colons, text
    )
    return re.sub(r"^(\d{1,2}:\d{2}(?::\d{2})?)[,\s-]+(.*\d{4}\S*)$", r"\2 \1", text)


def _with_colons(match: re.Match[str]) -> str:
    return ":".join(part for part in match.groups() if part)


# What stands around dates without telling anything, and names of months that are not English.
_WORDS_OF_DATES = r"\b(?:pukul|jam|lúc|ngày)\s+|\s*น\.?$|เวลา\s*"
_TIME_WITH_POINTS = re.compile(r"(?<![\d.:/-])(\d{1,2})[h.](\d{2})(?:\.(\d{2}))?(?![\d.:/-])")
_VIETNAMESE_DATE = re.compile(
    r"(\d{1,2})\s*(?:tháng|thg\.?)\s*(\d{1,2}),?\s*(?:năm\s*)?(\d{4})", re.IGNORECASE
)
_MONTH_WORDS = {
    word: english
    for english, words in {
        "Jan": "januari ม.ค. มกราคม",
        "Feb": "februari peb ก.พ. กุมภาพันธ์",
        "Mar": "maret มี.ค. มีนาคม",
        "Apr": "เม.ย. เมษายน",
        "May": "mei พ.ค. พฤษภาคม",
        "Jun": "juni มิ.ย. มิถุนายน",
        "Jul": "juli ก.ค. กรกฎาคม",
        "Aug": "agustus agu agt ส.ค. สิงหาคม",
        "Sep": "ก.ย. กันยายน",
        "Oct": "oktober okt ต.ค. ตุลาคม",
        "Nov": "nopember nop พ.ย. พฤศจิกายน",
        "Dec": "desember des ธ.ค. ธันวาคม",
    }.items()
    for word in words.split()
}
_MONTH_WORD = re.compile(
    r"(?<![^\W\d_])(?:"
    + "|".join(re.escape(word) for word in sorted(_MONTH_WORDS, key=len, reverse=True))
    + r")(?![^\W\d_])",
    re.IGNORECASE,
)


def read_choice(
    cell: str,
    choices: Mapping[str, Collection[str]],
    *,
    line: int,
    field: str,
    sheet: str = "",
) -> str:
    """Return the code whose name ``cell`` is: ``choices`` is code -> its names in any language.

    Raises:
        RowError: if it is none of them.
    """
    wanted = plain_header(cell)
    for code, names in choices.items():
        if wanted in {plain_header(name) for name in (code, *names)}:
            return code
    allowed = ", ".join(choices)
    raise RowError(
        line, field, cell, _("is none of: %(allowed)s.") % {"allowed": allowed}, sheet=sheet
    )


def read_text(
    cell: str, *, line: int, field: str, longest: int, required: bool = False, sheet: str = ""
) -> str:
    """Return ``cell`` on one line.

    Raises:
        RowError: if it is longer than ``longest`` characters, or empty though required.
    """
    text = " ".join(cell.split())
    if required and not text:
        raise RowError(line, field, "", _("is missing."), sheet=sheet)
    if len(text) > longest:
        raise RowError(
            line,
            field,
            cell,
            _("is longer than %(longest)s characters.") % {"longest": longest},
            sheet=sheet,
        )
    return text


def read_id(cell: str, *, line: int, field: str, longest: int, sheet: str = "") -> str:
    """Return ``cell`` as an id, each figure of it.

    Raises:
        RowError: if a spreadsheet has made it a rounded number, an error or a formula.
    """
    written = "".join(cell.translate(_HALF_WIDTH).split())
    if re.fullmatch(r"[-+]?\d+(?:[.,]\d+)?[eE][-+]?\d+", written):
        why = _("was turned into a rounded number, so its last figures are lost: save it as text.")
        raise RowError(line, field, cell, why, sheet=sheet)
    if written.startswith("="):
        why = _("is a formula, and the file does not hold its result.")
        raise RowError(line, field, cell, why, sheet=sheet)
    if is_broken(written):
        raise RowError(line, field, cell, _("is an error of the spreadsheet."), sheet=sheet)
    if re.fullmatch(r"\d+\.0+", written):
        written = written.split(".")[0]  # how a spreadsheet may save a whole number
    if re.match(r"'\w", written) and not written.endswith("'"):
        written = written[1:]  # what is typed before figures that are to stay text
    return read_text(written, line=line, field=field, longest=longest, sheet=sheet)


def is_broken(cell: str) -> bool:
    """Tell whether ``cell`` is what a spreadsheet writes where it could not reckon."""
    return cell.startswith("#") and cell.rstrip("!?") in _BROKEN


@dataclass(frozen=True, slots=True)
class Amount:
    value: Decimal
    currency: str  # ISO 4217, or "" where the cell does not say


def read_amount(
    cell: str,
    *,
    line: int,
    field: str,
    comma: bool | None = None,
    habit: bool | None = None,
    currency: str = "",
    is_said: bool = False,
    sheet: str = "",
) -> Amount:
    """Return ``cell`` as an amount of money: BRL 35,91, $1,234.56, (4.00), 12.000₫.

    ``comma`` says whether decimals stand behind a comma, as a person said (``is_said``) or as
    ``decimal_comma_of`` found it; ``habit`` is what is usual where the file is from, and proves
    less. ``currency`` is that of amounts that do not name theirs. 458.000 is read with their help:
    three figures are thousands where the currency has no decimals in use.

    Raises:
        RowError: if it is none, or could be two: 12.345 where nothing tells.
    """
    written = _bare_amount(cell)
    bracketed = re.fullmatch(r"\((.+)\)", written)  # how accountants write a negative number
    match = _AMOUNT.fullmatch(bracketed[1] if bracketed else written)
    if match is None:
        raise RowError(line, field, cell, _("is no amount of money."), sheet=sheet)
    sign = written.startswith("-") or match["sign"] == "-" or match["sign2"] == "-"
    own = currency_of(match["before"] or match["after"] or "")
    is_whole = (own or currency) in WHOLE and not is_said
    plain = _plain_digits(match["digits"], comma=comma, habit=habit, is_whole=is_whole)
    if plain is None:
        why = _("could be two amounts: it is not certain where its decimals begin.")
        raise RowError(line, field, cell, why, sheet=sheet)
    if len(plain.split(".")[0]) > LONGEST_AMOUNT:
        raise RowError(line, field, cell, _("is too large to be meant."), sheet=sheet)
    value = Decimal(plain)
    return Amount(-value if sign or bracketed else value, own)


def currency_of(name: str) -> str:
    """Return the ISO 4217 code that a sign or code of a currency is, or "" where it is none."""
    name = name.strip().upper()
    is_code = len(name) == _LETTERS_OF_A_CURRENCY and name.isascii() and name.isalpha()
    return _SYMBOLS.get(name, name if is_code else "")


def decimal_comma_of(values: Sequence[str]) -> bool | None:
    """Return whether a column's decimals stand behind a comma, or None where nothing tells."""
    found = {told for value in values if (told := _decimal_comma(value)) is not None}
    return found.pop() if len(found) == 1 else None


def _decimal_comma(value: str) -> bool | None:
    """Return what one amount proves. Three figures behind its only sign prove nothing."""
    match = _AMOUNT.fullmatch(_bare_amount(value).strip("()%"))
    if match is None:
        return None
    digits = match["digits"]
    if re.fullmatch(_ENDS_WITH_DECIMALS, digits) or re.fullmatch(_GROUPED_TWICE, digits):
        last = "," if digits.rfind(",") > digits.rfind(".") else "."
        is_grouping = re.fullmatch(_GROUPED_TWICE, digits) is not None
        return (last == ",") != is_grouping
    return None


def _bare_amount(cell: str) -> str:
    return re.sub(r"[\s'’]", "", cell.translate(_HALF_WIDTH))


def _plain_digits(
    digits: str, *, comma: bool | None, habit: bool | None, is_whole: bool
) -> str | None:
    """Return ``digits`` with a point before the decimals and nothing else; None: not certain."""
    signs = set(digits) & {".", ","}
    if len(signs) != 1:
        return _plain_of_both(digits) if signs else digits
    sign = signs.pop()
    is_decimal = None if comma is None else (sign == ",") == comma
    if re.fullmatch(_GROUPED_TWICE, digits):
        return digits.replace(sign, "")
    if re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", digits):
        if is_whole:
            is_decimal = None if is_decimal else False
        elif is_decimal is None and habit is not None and (sign == ",") != habit:
            is_decimal = False
        told = {True: digits.replace(sign, "."), False: digits.replace(sign, ""), None: None}
        return told[is_decimal]
    # 35.91 of a currency without decimals is what a spreadsheet makes of 35.910.
    is_cut = is_whole and re.fullmatch(r"[1-9]\d{0,2}[.,](?!0+$)\d{1,2}", digits)
    if is_cut or is_decimal is False or not re.fullmatch(r"\d*[.,]\d+", digits):
        return None
    plain = digits.replace(sign, ".")
    return "0" + plain if plain.startswith(".") else plain


def _plain_of_both(digits: str) -> str | None:
    """Return digits that have both signs: the last of them stands before the decimals."""
    if re.fullmatch(r"\d{1,3}(?:,\d{2,3})*,\d{3}\.\d+", digits):
        return digits.replace(",", "")
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+", digits):
        return digits.replace(".", "").replace(",", ".")
    return None


# Digits that prove their decimal sign: by both signs, or by other than three figures behind one.
_ENDS_WITH_DECIMALS = (
    r"\d{1,3}(?:,\d{2,3})*,\d{3}\.\d+|\d{1,3}(?:\.\d{3})+,\d+"
    r"|\d*[.,](?:\d{1,2}|\d{4,})|(?:0|\d{4,})?[.,]\d{3}"
)
_GROUPED_TWICE = r"\d{1,3}(?:,\d{3}){2,}|\d{1,3}(?:\.\d{3}){2,}"
# Where decimals stand behind a comma, and points group the thousands.
COMMA_MARKETS = frozenset({"VN", "ID", "BR", "DE", "ES", "FR", "IT"})
_LETTERS_OF_A_CURRENCY = 3
_SIGNS = re.compile(r"[\W_]+")
_POINTS = r"points?|pts?\.?|分|điểm|คะแนน|แต้ม|poin"
_BROKEN = frozenset(
    {"#N/A", "#REF", "#VALUE", "#DIV/0", "#NAME", "#NULL", "#NUM", "#SPILL", "#CALC"}
)
_SYMBOLS = {
    "$": "",
    "US$": "USD",
    "S$": "SGD",
    "R$": "BRL",
    "MX$": "MXN",
    "NT$": "TWD",
    "£": "GBP",
    "€": "EUR",
    "₫": "VND",
    "Đ": "VND",
    "Ð": "VND",
    "VNĐ": "VND",
    "ĐỒNG": "VND",
    "฿": "THB",
    "บาท": "THB",
    "₱": "PHP",
    "P": "PHP",
    "RM": "MYR",
    "RP": "IDR",
    "RP.": "IDR",
}
# Without decimals in ISO 4217, and those whose decimals are out of use: no export shows them.
WHOLE = frozenset(
    {
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND"),
        *("VUV", "XAF", "XOF", "XPF"),
        *("COP", "HUF", "IDR", "KHR", "LAK", "MMK", "TWD"),
    }
)
_UNIT = r"[A-Z]{3}|VNĐ|đồng|บาท|US\$|S\$|R\$|MX\$|NT\$|RP\.?|RM|P|[$£€₫฿₱ĐÐđ]"
_AMOUNT = re.compile(
    rf"(?P<sign>[-+])?(?P<before>{_UNIT})?(?P<sign2>[-+])?(?P<digits>\d[\d.,]*|[.,]\d+)"
    rf"(?P<after>{_UNIT})?",
    re.IGNORECASE,
)


def neutralise(cell: str) -> str:
    """Return ``cell`` so that no spreadsheet runs it; plain numbers stay as they are.

    ``read_table`` takes the guard off again, so what goes out comes back equal.
    """
    return "'" + cell if csvs.runs(cell.lstrip("'")) else cell


def excerpt(value: str) -> str:
    """Return the start of ``value`` on one line, for a message."""
    text = " ".join(value.split())
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


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


def refusal(fault: Fault, filename: str) -> TableUnreadable:
    """Return in words why a file cannot be read: which, where in it, and what to do."""
    where = _place(fault.where)
    told = {"file": filename, "where": where, "line": fault.where.get("row", "")}
    if fault.code in {"bytes", "rows", "columns", "sheets"}:
        words = {
            "bytes": _("%(file)s is larger than 25 MB. Split it and bring in one part at a time."),
            "rows": _(
                "%(file)s has more than 100,000 rows. Split it and bring in one part at a time."
            ),
            "columns": _("%(file)s has more than 500 columns.%(where)s"),
            "sheets": _("%(file)s has more than 100 sheets. Save the one that counts by itself."),
        }
        return TableTooLarge(words[fault.code] % told)
    if fault.code == "kind":
        return TableUnreadable(_kind_refused(str(fault.where.get("kind"))) % told)
    words = {
        "unclosed": _(
            "%(file)s cannot be split into cells from line %(line)s on: "
            "a quotation mark is not closed there, or a cell is far too long."
        ),
        "binary": _("%(file)s is not a text file."),
        "encoding": _(
            "The letters of %(file)s are in an encoding that is not certain. Save it as UTF-8."
        ),
        "letters": _("%(file)s holds letters that cannot be read. Save it as UTF-8."),
        "nul": _("%(file)s is damaged: line %(line)s holds a NUL character."),
        "damaged": _(
            "%(file)s is damaged and cannot be read to its end.%(where)s Save it anew as XLSX or"
            " CSV."
        ),
        "password": _("%(file)s is locked by a password. Save it without one."),
        "bomb": _(
            "%(file)s would grow far too large when it is unpacked. Save the sheet that counts"
            " as CSV."
        ),
        "doctype": _("%(file)s is no plain workbook: it brings definitions of its own."),
        "no_sheet": _("%(file)s holds no sheet of cells."),
        "cell": _("%(file)s has a cell that is far too long.%(where)s"),
        "memory": _("%(file)s needs too much memory. Save the sheet that counts as CSV."),
        "ended": _(
            "%(file)s takes too long or too much memory to read. Save the sheet that counts as CSV."
        ),
    }
    return TableUnreadable(words[fault.code] % told)


def _place(where: Mapping[str, object]) -> str:
    """Return where in a file something is, as a sentence with a blank before it, or ""."""
    named = {
        "sheet": _("sheet %(sheet)s"),
        "row": _("row %(row)s"),
        "column": _("column %(column)s"),
    }
    parts = [words % where for name, words in named.items() if where.get(name)]
    return " " + _("It is at: %(place)s.") % {"place": ", ".join(parts)} if parts else ""


def _kind_refused(kind: str) -> str:
    if kind == "xlsx":
        return _("%(file)s is an Excel workbook, whatever its name. Save it as CSV (UTF-8).")
    if kind in {"xls", "xlsb"}:
        return _("%(file)s is a workbook of an older kind. Save it as XLSX or CSV (UTF-8).")
    if kind == "ods":
        return _("%(file)s is an OpenDocument sheet. Save it as XLSX or CSV (UTF-8).")
    if kind == "zip":
        return _("%(file)s is an archive. Unpack it and bring in the table inside.")
    if kind == "page":
        return _("%(file)s is a web page, whatever its name. Download the table itself.")
    return _("%(file)s is not a table but a document or picture.")


def without_empty_end(cells: tuple[str, ...]) -> tuple[str, ...]:
    last = max(at for at, cell in enumerate(cells) if cell)
    return cells[: last + 1]


def _fitted(record: Row, width: int) -> Row:
    if any(record.cells[width:]):
        over = next(cell for cell in record.cells[width:] if cell)
        raise RowError(record.line, "", over, _("it has more cells than there are headers."))
    return Row(record.line, (record.cells + ("",) * width)[:width])


def is_description(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row explains the headers, as marketplaces' exports do.

    It must read like prose and hold no figures, where the rows after it hold values: a row of
    data taken for an explanation would be lost.
    """
    filled = [cell for cell in rows[0] if cell]
    prose = [cell for cell in filled if _is_prose(cell)]
    if len(filled) < 2 or len(prose) * 2 < len(filled):  # noqa: PLR2004 - one remark is no row
        return False
    if any(re.search(r"\d", cell) for cell in filled):
        return False
    return len(rows) == 1 or any(_is_value(cell) for row in rows[1:6] for cell in row)


def _is_prose(cell: str) -> bool:
    return len(cell.split()) >= WORDY or len(re.findall(r"[\u4e00-\u9fff]", cell)) >= WORDY_CHINESE


def _is_value(cell: str) -> bool:
    return bool(re.match(r"[-+]?[\d.,]+(?:$|[-/:年\s])", cell)) or bool(
        re.fullmatch(r"(?=.*\d)[A-Z0-9_-]{5,}", cell, re.IGNORECASE)
    )
