import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stores import tables
from stores.sheets import limits
from stores.tables import Row, RowError, TableTooLarge, TableUnreadable

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
PLAIN = "Violation ID,Points\r\nA-1,4\r\nA-2,6\r\n"

UNCLOSED = (
    "x.csv cannot be split into cells from line 2 on: a quotation mark is not closed "
    "there, or a cell is far too long."
)
TWO_DAYS = (
    "Line 7, reported_at “03/04/2026”: could be two days: it is not certain which number "
    "is the month."
)


def rows(data: bytes) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.line, row.cells) for row in tables.read_table(data, filename="x.csv").rows]


@pytest.mark.parametrize(
    ("data", "encoding", "delimiter"),
    [
        (PLAIN.encode(), "utf-8", ","),
        (PLAIN.encode("utf-8-sig"), "utf-8-sig", ","),
        (PLAIN.encode("utf-16"), "utf-16", ","),
        (PLAIN.encode("utf-16-le"), "utf-16-le", ","),
        (PLAIN.encode("utf-16-be"), "utf-16-be", ","),
        (PLAIN.encode("utf-32"), "utf-32", ","),
        (PLAIN.replace(",", ";").encode(), "utf-8", ";"),
        (PLAIN.replace(",", "\t").encode(), "utf-8", "\t"),
        (PLAIN.replace(",", "|").encode(), "utf-8", "|"),
        (PLAIN.replace("\r\n", "\n").encode(), "utf-8", ","),
        (PLAIN.replace("\r\n", "\r").encode(), "utf-8", ","),
        (PLAIN.replace(",", " ,  ").replace("\r\n", "\t\r\n").encode(), "utf-8", ","),
        (PLAIN.replace(",", ",,").replace(",,", ",").encode() + b"\r\n,\r\n\r\n", "utf-8", ","),
    ],
)
def test_table_is_read_however_it_was_saved(data: bytes, encoding: str, delimiter: str) -> None:
    table = tables.read_table(data, filename="x.csv")

    assert (table.headers, table.rows, table.encoding, table.delimiter, table.problems) == (
        ("Violation ID", "Points"),
        (Row(2, ("A-1", "4")), Row(3, ("A-2", "6"))),
        encoding,
        delimiter,
        (),
    )


def test_chinese_table_is_read_in_gbk() -> None:
    data = "违规编号,违规类型,扣分\nA-1,延迟发货,4\n".encode("gbk")

    table = tables.read_table(data, filename="x.csv")

    assert (table.headers, table.rows, table.encoding) == (
        ("违规编号", "违规类型", "扣分"),
        (Row(2, ("A-1", "延迟发货", "4")),),
        "gb18030",
    )


def test_lines_are_those_of_the_file_when_cells_hold_line_breaks() -> None:
    data = b'\n\nID,Subject\nA-1,"two\nlines; and ""quotes"""\n\nA-2,plain\n'

    assert rows(data) == [(4, ("A-1", 'two\nlines; and "quotes"')), (7, ("A-2", "plain"))]


def test_excels_own_habits_are_understood() -> None:
    data = b'sep=;\r\nID;Order\r\nA-1;="0012"\r\n'

    assert rows(data) == [(3, ("A-1", "0012"))]


def test_row_that_does_not_fit_is_named_and_the_others_are_kept() -> None:
    table = tables.read_table(b"ID,Points\nA-1,4\nA-2,6,7\nA-3\n", filename="x.csv")

    assert [(row.line, row.cells) for row in table.rows] == [(2, ("A-1", "4")), (4, ("A-3", ""))]
    assert [str(problem) for problem in table.problems] == [
        "Line 3: it has more cells than there are headers."
    ]


def test_description_row_is_set_apart() -> None:
    data = (
        b"Order ID,Order Status,Created Time\n"
        b"Platform unique order ID.,Current order status in the system.,Time when it was created.\n"
        b"5766123,Shipped,01/07/2026 10:00:00\n"
    )

    table = tables.read_table(data, filename="x.csv")

    assert (table.description is not None and table.description.line, len(table.rows)) == (2, 1)


@pytest.mark.parametrize(
    "first",
    ["A-10001,Late dispatch in three orders,4", "A,Some long words of a note,unknown until now 4"],
)
def test_row_with_a_value_is_no_description(first: str) -> None:
    assert len(rows(f"ID,Note,Points\n{first}\nA-10002,x,4\n".encode())) == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.csv is empty."),
        (b"\n , \n\n", "x.csv is empty."),
        (
            b"PK\x03\x04 and so on",
            "x.csv is an Excel workbook, whatever its name. Save it as CSV (UTF-8).",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "x.csv is a workbook of an older kind. Save it as XLSX or CSV (UTF-8).",
        ),
        (b"%PDF-1.7", "x.csv is not a table but a document or picture."),
        (b"\x1f\x8b\x08", "x.csv is an archive. Unpack it and bring in the table inside."),
        (b"ID,Points\nA-1,\x004\n", "x.csv is damaged: line 2 holds a NUL character."),
        (bytes(range(256)), "x.csv is not a text file."),
        (
            "ID,Note\nA-1,São João\n".encode("cp1252"),
            "The letters of x.csv are in an encoding that is not certain. Save it as UTF-8.",
        ),
        (
            "ID,Note\nA-1,déjà vu\n".encode("cp1252"),
            "The letters of x.csv are in an encoding that is not certain. Save it as UTF-8.",
        ),
        (
            "ID,Note\nA-1,หักคะแนนร้านค้า\n".encode("cp874"),
            "The letters of x.csv are in an encoding that is not certain. Save it as UTF-8.",
        ),
        (
            b'ID,Note\nA-1,"open\nA-2,x\n',
            UNCLOSED,
        ),
        (
            b"ID,Note\nA-1," + b"x" * 200_000,
            UNCLOSED,
        ),
    ],
)
def test_file_is_refused_with_its_reason(data: bytes, message: str) -> None:
    with pytest.raises(TableUnreadable) as refusal:
        tables.read_table(data, filename="x.csv")

    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"ID\n" + b"A" * limits.MAX_BYTES,
            "x.csv is larger than 25 MB. Split it and bring in one part at a time.",
        ),
        (
            b"ID\n" + b"A\n" * (limits.MAX_ROWS + 1),
            "x.csv has more than 100,000 rows. Split it and bring in one part at a time.",
        ),
        (b"a," * 600 + b"a\n", "x.csv has more than 500 columns. It is at: row 1."),
        (b"," * 1_000_000, "x.csv has more than 500 columns. It is at: row 1."),
    ],
    ids=["bytes", "rows", "columns", "commas"],
)
def test_file_beyond_the_limits_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(TableTooLarge) as refusal:
        tables.read_table(data, filename="x.csv")

    assert str(refusal.value) == message


def test_most_rows_allowed_are_read() -> None:
    assert len(rows(b"ID,Points\n" + b"A,4\n" * limits.MAX_ROWS)) == limits.MAX_ROWS


def test_headers_are_found_by_alias_whatever_their_form() -> None:
    headers = ["VIOLATION id ", "扣分（分）", "Shop-Name", "Points ", "points", "Remark"]

    columns = tables.map_headers(
        headers,
        {
            "reference": ["Violation ID", "违规编号"],
            "store": ["shop name"],
            "points": ["Points"],
            "correct_by": [],
        },
    )

    assert (columns.at, columns.unmapped, columns.ambiguous) == (
        {"reference": 0, "store": 2},
        ("扣分（分）", "Remark"),
        {"points": ("Points ", "points")},
    )
    assert columns.cell(Row(2, ("A-1", "", "Bamboo", "", "", "")), "store") == "Bamboo"
    assert columns.cell(Row(2, ("A-1", "", "Bamboo", "", "", "")), "points") == ""


@pytest.mark.parametrize(
    ("cell", "points"),
    [
        ("4", -4), ("-4", -4), ("−4", -4), ("－４", -4), ("(4)", -4), ("4 points", -4),  # noqa: RUF001
        ("6 分", -6), ("4.0", -4), ("0", 0), ("1,000", -1000),
    ],
)  # fmt: skip
def test_points_are_what_was_taken(cell: str, points: int) -> None:
    assert tables.read_points(cell, line=2, field="points") == points


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (
            lambda: tables.read_points("+4", line=7, field="points"),
            "Line 7, points “+4”: is a bonus, where points taken were expected.",
        ),
        (
            lambda: tables.read_points("4,5", line=7, field="points"),
            "Line 7, points “4,5”: is not a whole number.",
        ),
        (
            lambda: tables.read_points("9" * 5000, line=7, field="points"),
            f"Line 7, points “{'9' * 39}…”: is not a whole number.",
        ),
        (
            lambda: tables.read_points("1001", line=7, field="points"),
            "Line 7, points “1001”: is more than 1000.",
        ),
        (
            lambda: tables.read_int("-1", line=7, field="seats", low=0),
            "Line 7, seats “-1”: is less than 0.",
        ),
        (
            lambda: tables.read_int("=1+1", line=7, field="seats"),
            "Line 7, seats “=1+1”: is not a whole number.",
        ),
        (
            lambda: tables.read_moment("31.02.2026", line=7, field="reported_at", zone=HANOI),
            "Line 7, reported_at “31.02.2026”: is a date that does not exist.",
        ),
        (
            lambda: tables.read_moment("03/04/2026", line=7, field="reported_at", zone=HANOI),
            TWO_DAYS,
        ),
        (
            lambda: tables.read_moment("soon", line=7, field="reported_at", zone=HANOI),
            "Line 7, reported_at “soon”: is not a date that we can read; 2026-07-31 14:00 is.",
        ),
        (
            lambda: tables.read_choice(
                "done", {"pending": [], "enforced": []}, line=7, field="state"
            ),
            "Line 7, state “done”: is none of: pending, enforced.",
        ),
        (
            lambda: tables.read_text(" ", line=7, field="rule", longest=60, required=True),
            "Line 7, rule “”: is missing.",
        ),
        (
            lambda: tables.read_text("x" * 61, line=7, field="rule", longest=60),
            f"Line 7, rule “{'x' * 39}…”: is longer than 60 characters.",
        ),
    ],
)
def test_cell_is_refused_by_line_and_field(read: Callable[[], object], message: str) -> None:
    with pytest.raises(RowError) as refusal:
        read()

    assert str(refusal.value) == message


def test_date_is_read_in_the_stores_zone_and_says_so() -> None:
    found = tables.read_moment("01/07/2026 10:00", line=2, field="x", zone=HANOI, day_first=True)

    assert (found.at, found.has_zone) == (datetime(2026, 7, 1, 3, tzinfo=UTC), False)


@pytest.mark.parametrize("cell", ["Pending", " PENDING ", "待处罚", "Not yet enforced"])
def test_choice_is_read_in_any_language(cell: str) -> None:
    choices = {"pending": ["待处罚", "not-yet-enforced"], "enforced": ["已处罚"]}

    assert tables.read_choice(cell, choices, line=2, field="state") == "pending"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"), ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"), (" =1", "' =1"), ("＝1", "'＝1"),  # noqa: RUF001
        ("\r=1", "'\r=1"), ("-4", "-4"), ("+4.5", "+4.5"), ("-4%", "-4%"), ("A-1", "A-1"), ("", ""),
    ],
)  # fmt: skip
def test_formula_is_neutralised_on_the_way_out(cell: str, written: str) -> None:
    assert tables.neutralise(cell) == written


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1 (555) 010", "@handle", "'=1", "''@x", "'quoted'", "it's", "-4", "'"]
)
def test_what_was_neutralised_comes_back_equal(cell: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["Name", "Note"], [tables.neutralise(cell), "x"]])

    table = tables.read_table(out.getvalue().encode(), filename="mended.csv")

    assert table.rows[0].cells[0] == cell


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        table = tables.read_table(data, filename="x.csv")
    except TableUnreadable as refusal:
        assert str(refusal)  # noqa: PT017 - either is right
    else:
        assert {len(row.cells) for row in table.rows} <= {len(table.headers)}


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 255), st.data())
def test_changed_bytes_never_crash_the_reader(byte: int, data: st.DataObject) -> None:
    original = PLAIN.encode(data.draw(st.sampled_from(["utf-8", "utf-16", "gbk"])))
    at = data.draw(st.integers(0, len(original)))
    cut = data.draw(st.integers(0, 3))
    changed = original[:at] + bytes([byte]) + original[at + cut :]
    try:
        tables.read_table(changed, filename="x.csv")
    except TableUnreadable as refusal:
        assert str(refusal)  # noqa: PT017
