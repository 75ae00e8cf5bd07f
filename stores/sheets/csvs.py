"""CSV and its kin: which encoding, which delimiter, and the rows that are not empty."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from stores import charsets
from stores.sheets import limits
from stores.sheets.faults import Fault

SNIFFED_ROWS = 30
SNIFFED = 200_000  # characters
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
    (b"<!DOCTYPE", "page"),
    (b"<!doctype", "page"),
    (b"<html", "page"),
    (b"<HTML", "page"),
)
_RUNS = frozenset("=+-@\t\r\n|%＝＋－＠")  # noqa: RUF001 - full width runs as well


@dataclass(frozen=True, slots=True)
class Text:
    """A file that is text, and how to read it."""

    data: bytes
    encoding: str
    delimiter: str
    says_delimiter: bool  # in a first line of its own, which is no row

    def records(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield the rows that are not empty, with the line that each begins on."""
        csv.field_size_limit(limits.MAX_CELL)
        reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
        begins = 1
        while True:
            try:
                record = next(reader, None)
            except csv.Error:
                raise Fault("unclosed", row=begins) from None
            if record is None:
                return
            cells = tuple(bare(cell) for cell in record)
            if any(cells):
                yield begins, cells
            begins = reader.line_num + 1

    def _lines(self) -> Iterator[str]:
        lines = io.TextIOWrapper(io.BytesIO(self.data), encoding=self.encoding, newline="")
        for number, line in enumerate(lines, start=1):
            if line.count(self.delimiter) > limits.MAX_SPLITS:
                raise Fault("columns", row=number)
            if self.encoding == "cp1258":  # which has Vietnamese tones as letters of their own
                line = unicodedata.normalize("NFC", line)  # noqa: PLW2901
            yield "\n" if number == 1 and self.says_delimiter else line


def open_text(data: bytes) -> Text:
    """Return how ``data`` is to be read as a table.

    Raises:
        Fault: if it is no text, or its encoding is not certain.
    """
    found = open_texts(data)
    if len(found) > 1:
        raise Fault("encoding")
    return found[0]


def open_texts(data: bytes) -> list[Text]:
    """Return how ``data`` may be read as a table: in each encoding in which its letters can be.

    Raises:
        Fault: if it is no text, or in no encoding that we know.
    """
    for signature, kind in SIGNATURES:
        if data.startswith(signature):
            raise Fault("kind", kind=kind)
    return [_text(data, encoding, sample) for encoding, sample in _decoded(data)]


def _text(data: bytes, encoding: str, sample: str) -> Text:
    told = re.match(r"sep=(.)\r?\n", sample, re.IGNORECASE)  # Excel's own way to say it
    if told:
        return Text(data, encoding, told[1], says_delimiter=True)
    return Text(data, encoding, _delimiter(sample), says_delimiter=False)


def _decoded(data: bytes) -> list[tuple[str, str]]:
    """Return the encodings that may read all of ``data``, each with the start of the text."""
    marks = any(data.startswith(mark) for mark, _name in charsets.BOMS)
    guess = "" if marks else charsets.unmistakable_encoding(data)
    if not marks and not guess:
        if b"\0" in data:
            raise Fault("binary")
        if found := charsets.likely_encodings(data, SNIFFED):
            return found
        raise Fault("encoding")
    decoded = charsets.decode(data, guess)
    if not decoded.sure:
        raise Fault("letters")
    text = decoded.text
    if "\0" in text:
        raise Fault("nul", row=text.count("\n", 0, text.index("\0")) + 1)
    return [(decoded.encoding, text[:SNIFFED].lstrip("\ufeff"))]


def _delimiter(sample: str) -> str:
    """Return the sign that splits the sample's rows most evenly."""
    best, best_score = ",", 0.0
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
        if not widths or max(widths) < 2:  # noqa: PLR2004 - it splits nothing
            continue
        # Titles above the headers are narrower; the rows themselves are as wide as most.
        usual = max(set(widths), key=lambda width: (widths.count(width) * (width > 1), width))
        even = sum(1 for width in widths if width == usual) / len(widths)
        score = even * 10 + min(usual, 9)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def bare(cell: str) -> str:
    """Strip a cell of its margins, of ="..." that keeps digits as text, and of our guard."""
    cell = cell.strip(" \t\r\n\u00a0\u3000\ufeff\u200b")
    if not cell.startswith(("=", "'")):
        return cell
    wrapped = re.fullmatch(r'="([^"]*)"', cell)
    return wrapped[1].strip() if wrapped else unguarded(cell)


def unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and runs(cell.lstrip("'")) else cell


def runs(cell: str) -> bool:
    """Tell whether a spreadsheet would run ``cell``; plain numbers do not run."""
    if re.fullmatch(r"[-+]?\d{1,15}(?:[.,]\d{1,9})?%?", cell):
        return False
    seen = cell.lstrip(" \u00a0\u3000\ufeff\u200b")
    return bool(cell) and (seen[:1] in _RUNS or cell[:1] in _RUNS)
