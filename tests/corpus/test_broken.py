"""The broken files are broken as they say, many, always the same, and small to carry."""

import csv
import io
import zipfile
import zlib
from collections import Counter

import pytest

from tests.corpus.breaks import MEGABYTE, bases, good_book
from tests.corpus.broken import Broken, broken_files
from tests.corpus.sheets import column
from tests.corpus.test_files import members

BROKEN = list(broken_files())
SHOWN_MEMORY = 256 * MEGABYTE  # what a reader may take at most


def of(breaks: str) -> list[Broken]:
    found = [one for one in BROKEN if one.breaks.startswith(breaks)]
    assert found, breaks
    return found


def test_there_are_hundreds_in_all_kinds_each_with_a_name_of_its_own() -> None:
    breaks = Counter(one.breaks for one in BROKEN)
    names = Counter(one.names for one in BROKEN)

    assert len(BROKEN) >= 300
    assert len(breaks) >= 100
    assert len({one.name for one in BROKEN}) == len(BROKEN)
    assert {
        kind: names[kind] for kind in ("file", "column", "row", "cell") if names[kind] < 50
    } == {}
    assert {one.kind for one in BROKEN} == {base.kind for base in bases()}
    assert sum(one.sheet is not None for one in BROKEN) >= 50


def test_they_are_the_same_every_time() -> None:
    again = list(broken_files())

    assert [(one.name, one.breaks, one.row, one.column) for one in again] == [
        (one.name, one.breaks, one.row, one.column) for one in BROKEN
    ]
    assert [
        one.name
        for one, other in zip(BROKEN[::9], again[::9], strict=True)
        if one.content() != other.content()
    ] == []


def test_a_file_is_said_to_be_refused_bad_in_rows_or_harmless() -> None:
    for one in BROKEN:
        assert (one.verdict == "bad_rows") == (one.row is not None and one.good_rows > 0), one
        assert (one.verdict == "refused") == (one.good_rows == 0), one
        assert (one.column is None) or one.verdict != "harmless", one


@pytest.mark.parametrize(
    "one",
    [one for one in BROKEN if one.names == "cell" and one.name.endswith(".csv")],
    ids=lambda one: f"{one.name}-{one.breaks}",
)
def test_a_broken_cell_of_a_text_stands_where_it_is_said_to(one: Broken) -> None:
    csv.field_size_limit(2 * MEGABYTE)
    rows = list(csv.reader(io.StringIO(one.content().decode(), newline="")))
    good = next(base for base in bases() if one.name.split("-", 1)[1] == f"{base.name}.csv").rows()
    assert one.row
    assert one.column
    at = rows[0].index(one.column)

    differing = [
        (number, place)
        for number, (row, right) in enumerate(zip(rows, good, strict=True), 1)
        for place, (cell, other) in enumerate(zip(row, right, strict=True))
        if cell != str(other or "")
    ]
    assert differing == [(one.row, at)]
    assert one.letter == column(at + 1)


def test_a_broken_cell_of_a_workbook_stands_in_the_sheet_that_is_named() -> None:
    for one in BROKEN:
        if one.names != "cell" or not one.name.endswith(".xlsx") or one.breaks == "huge cell":
            continue
        parts = {name: part.decode() for name, part in members(one.content()).items()}
        number = 2 if one.sheet else 1
        sheet = parts[f"xl/worksheets/sheet{number}.xml"]

        assert (f'name="{one.sheet}"' in parts["xl/workbook.xml"]) == bool(one.sheet), one
        assert f'<row r="{one.row}"' in sheet, one
        empty = one.breaks.startswith(("nothing", "merged"))
        assert (f'r="{one.letter}{one.row}"' in sheet) != empty, one


def test_what_inflates_is_small_to_carry_and_large_to_read() -> None:
    for one in of("member that inflates"):
        content = one.content()
        assert len(content) < MEGABYTE
        assert _inflated(content) > SHOWN_MEMORY


def _inflated(content: bytes) -> int:
    """The true length of the largest member, whatever its headers say."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = max(archive.infolist(), key=lambda one: one.compress_size)
    begin = info.header_offset + 30 + len(info.filename)
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    length, rest = 0, content[begin : begin + info.compress_size]
    while rest and not stream.eof:
        length += len(stream.decompress(rest, MEGABYTE))
        rest = stream.unconsumed_tail
    return length


def test_large_files_are_large() -> None:
    for one in of("30 MB"):
        assert len(one.content()) > 30 * MEGABYTE
    texts = [one for one in of("100,001 rows") if one.name.endswith(".csv")]
    assert [one.content().count(b"\n") for one in texts] == [100_001]


def test_entities_are_used_where_they_are_declared() -> None:
    for one in of("entity"):
        declared = [part for part in members(one.content()).values() if b"<!ENTITY bomb" in part]
        assert len(declared) == 1
        assert b"&bomb;" in declared[0].split(b"]>", 1)[1]


def test_good_files_are_none_of_them() -> None:
    good = good_book()
    same = [
        one.breaks
        for one in BROKEN
        if one.name.endswith("violations.csv") or one.verdict == "harmless"
        if one.content() == good
    ]

    assert same == ["workbook named as text"]
