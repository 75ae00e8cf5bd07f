"""XLSX as it comes: each value as a person sees it, each figure of an id, each row there is."""

import tempfile
from typing import IO, Any

import pytest

from stores.sheets import door, limits
from stores.sheets.faults import Fault
from tests.stores.files import workbooks
from tests.stores.files.workbooks import DATE, PERCENT, Raw, number, workbook


def opened(data: bytes) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(data)
    return file


def read(data: bytes, *, sheet: str = "Sheet1") -> list[tuple[int, list[str]]]:
    """Return all rows of a sheet, as the reading process tells them."""
    with opened(data) as file:
        heads = list(door.heads(file))
        width = max(len(cells) for head in heads for _line, cells in head.rows)
        lines = door.rows(
            file,
            sheet=sheet,
            encoding=heads[0].encoding,
            below=0,
            width=width,
            columns=list(range(width)),
        )
        return [(line.number, list(line.cells)) for line in lines]


def fault_of(data: bytes) -> tuple[str, dict[str, Any]]:
    with opened(data) as file:
        try:
            for head in door.heads(file):
                lines = door.rows(
                    file, sheet=head.sheet, encoding=head.encoding, below=0, width=1, columns=[0]
                )
                list(lines)
        except Fault as fault:
            return fault.code, fault.where
    return "", {}


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Order", "Order"),
        ("  Order\u00a0", "Order"),
        (577012345678901234, "577012345678901234"),
        (Raw("<v>5.77012345678901E+17</v>"), "5.77012345678901E+17"),
        (Raw("<v>35.909999999999997</v>"), "35.91"),
        (Raw("<v>1E-3</v>"), "0.0010"),  # a number: its point groups no thousands
        (4.0, "4"),
        (True, "TRUE"),
        (number(45852.5, DATE), "2025-07-14 12:00:00"),
        (number(45852, DATE), "2025-07-14"),
        (number(0.975, PERCENT), "97.5%"),
        (Raw("<v>#N/A</v>", t="e"), "#N/A"),
        (Raw("<f>A1+1</f><v>7</v>"), "7"),
        (Raw("<f>A1+1</f>"), "=A1+1"),
        (Raw("<is><r><t>two </t></r><r><t>parts</t></r><rPh><t>x</t></rPh></is>", t="inlineStr"),
         "two parts"),
        (Raw("<v>a_x000D_b</v>", t="str"), "a\rb"),
        (Raw("<v>2026-07-14T10:00:00</v>", t="d"), "2026-07-14T10:00:00"),
        (Raw("<v></v>"), ""),
    ],
)  # fmt: skip
def test_cell_is_read_as_a_person_sees_it(cell: Any, text: str) -> None:
    assert read(workbook([["ID", "Value"], ["A", cell]])) == [
        (1, ["ID", "Value"]),
        (2, ["A", text]),
    ]


@pytest.mark.parametrize("dimension", ["A1", "A1:A1", "A1:XFD1048576", "nonsense"])
def test_rows_are_there_whatever_the_sheet_says_of_its_size(dimension: str) -> None:
    rows = [["ID", "Value"], *([f"A{number}", "x"] for number in range(5))]

    assert len(read(workbook(rows, dimension=dimension))) == 6


def test_rows_and_cells_without_their_places_follow_one_another() -> None:
    xml = (
        f'<x:worksheet xmlns:x="{workbooks.MAIN}"><x:sheetData>'
        '<x:row><x:c t="str"><x:v>a</x:v></x:c><x:c t="str"><x:v>b</x:v></x:c></x:row>'
        '<x:row r="5"><x:c r="B5" t="str"><x:v>c</x:v></x:c></x:row><x:row><x:c><x:v>7</x:v></x:c>'
        "</x:row></x:sheetData></x:worksheet>"
    )
    data = workbooks.zipped(workbooks.parts_of({"Sheet1": xml}))

    assert read(data) == [(1, ["a", "b"]), (5, ["", "c"]), (6, ["7", ""])]


def test_hidden_sheets_are_left_out_and_others_are_told_apart() -> None:
    parts = workbooks.parts_of(
        {name: workbooks.sheet_xml([[name]]) for name in ("Shown", "Hidden", "Second")}
    )
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
        'name="Hidden"', 'name="Hidden" state="hidden"'
    )
    with opened(workbooks.zipped(parts)) as file:
        heads = door.heads(file)

    assert [(head.sheet, head.rows) for head in heads] == [
        ("Shown", ((1, ("Shown",)),)),
        ("Second", ((1, ("Second",)),)),
    ]


def test_columns_that_nobody_asked_for_do_not_leave_the_reader() -> None:
    data = workbook([["Order ID", "Recipient", "Amount"], ["A1", "Ann Lee", 5]])
    with opened(data) as file:
        (head,) = door.heads(file)
        asked = door.rows(
            file, sheet=head.sheet, encoding=head.encoding, below=1, width=3, columns=[0, 2]
        )
        lines = list(asked)

    assert lines == [door.Line(2, ("A1", "5"), is_too_wide=False)]


def bomb(of: str) -> bytes:
    parts: dict[str, Any] = dict(workbooks.parts_of({"Sheet1": workbooks.sheet_xml([["a"]])}))
    if of == "ratio":
        parts["xl/sharedStrings.xml"] = "<sst>" + " " * (limits.SMALL_PART * 40) + "</sst>"
    elif of == "parts":
        parts |= {f"x{at}.xml": "" for at in range(limits.MOST_PARTS)}
    elif of == "entities":
        lol = "".join(f'<!ENTITY l{at + 1} "{f"&l{at};" * 10}">' for at in range(9))
        head = f'<!DOCTYPE x [<!ENTITY l0 "lol">{lol}]>'
        parts["xl/worksheets/sheet1.xml"] = workbooks.sheet_xml([["a"]], head=head)
    elif of == "outside":
        head = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
        parts["xl/workbook.xml"] = head + parts["xl/workbook.xml"]
    return workbooks.zipped(parts)


@pytest.mark.parametrize(
    ("of", "code"),
    [("ratio", "bomb"), ("parts", "bomb"), ("entities", "doctype"), ("outside", "doctype")],
)
def test_bombs_are_refused_before_they_grow(of: str, code: str) -> None:
    assert fault_of(bomb(of))[0] == code


@pytest.mark.parametrize(
    ("cells", "code", "where"),
    [
        ('<c r="B2" t="s"><v>99</v></c>', "damaged", {"row": 2, "column": "B"}),
        ('<c r="ZZZZ2"><v>9</v></c>', "damaged", {"row": 2, "column": "ZZZZ2"}),
        ('<c r="XFD2"><v>9</v></c>', "columns", {"row": 2, "column": "XFD"}),
        (
            f'<c r="C2" t="str"><v>{"x" * (limits.MAX_CELL + 1)}</v></c>',
            "cell",
            {"row": 2, "column": "C"},
        ),
    ],
)
def test_fault_names_sheet_row_and_column(cells: str, code: str, where: dict[str, Any]) -> None:
    rows = f'<sheetData><row r="2">{cells}</row></sheetData>'
    xml = f'<worksheet xmlns="{workbooks.MAIN}">{rows}</worksheet>'
    data = workbooks.zipped(workbooks.parts_of({"Fees": xml}))

    assert fault_of(data) == (code, {"sheet": "Fees", **where})
