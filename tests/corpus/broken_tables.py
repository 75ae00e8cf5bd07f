"""Tables that break in a cell, in a row, or in their headers: as text, one sheet or several."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from tests.corpus import sheets
from tests.corpus.breaks import MEGABYTE, Broken, Rows, Verdict, bases
from tests.corpus.build_files import Book, File, Text
from tests.corpus.sheets import Cell, Formula, Raw, Sheet

NOTES = Sheet("Notes", [["Not this one"], ["Ask Jo"]])
NAMES = {False: "Sheet1", True: "Data"}

# Headers whose cells can break, by what should stand there
NUMBERS = {
    "violations": ["Points"],
    "ratings": ["Account Health Rating"],
    "readings": ["Value"],
    "tiktok_orders": ["Order Amount"],
    "tiktok_income": ["Total settlement amount"],
}
MOMENTS = {
    "violations": ["Reported", "Appeal by"],
    "ratings": ["As of"],
    "readings": ["Measured at"],
    "tiktok_orders": ["Created Time"],
    "tiktok_income": ["Order settled time"],
    "shopee_orders": ["Order Creation Date"],
    "lazada_orders": ["createTime"],
}
IDENTIFIERS = {
    "stores": ["Shop ID"],
    "tiktok_orders": ["Order ID"],
    "tiktok_income": ["Order/Adjustment ID"],
    "lazada_orders": ["orderNumber"],
}
NEEDED = {
    "violations": ["Store", "Reported"],
    "ratings": ["Store", "Account Health Rating"],
    "readings": ["Store", "Metric"],
    "stores": ["Store name", "Marketplace"],
    "tiktok_orders": ["Order ID", "Created Time"],
    "tiktok_income": ["Order/Adjustment ID"],
    "shopee_orders": ["Order ID"],
    "lazada_orders": ["orderNumber"],
}
CURRENCIES = {"tiktok_orders": ["Order Amount"], "tiktok_income": ["Currency"]}

BAD_NUMBERS = [
    "twelve",
    "12.5.1",
    "--4",
    "1e400",
    "NaN",
    "∞",
    "9" * 400,
    "0x1F",
    "1,2,3,",
    "4 of",
]
BAD_MOMENTS = [
    "32/13/2026", "yesterday", "2026-02-30 10:00", "0000-00-00", "99999999", "2026-07-13 25:61",
    "13/07", "Mon", "20260713T", "2026-07-13 10:00 XST9",
]  # fmt: skip
BAD_IDENTIFIERS = ["5.76461E+17", "7.495e18", "5,76461E+17", "#REF!"]
BAD_CURRENCIES = {
    False: ["12.00 XQZ", "BRL 12 USD", "¤12"],  # an amount with its currency
    True: ["XQZ", "Dollars", "12"],  # a currency alone
}
CONTROLS = ["Teal\x00Harbor", "Teal\x07Harbor", "\x1b[31mTeal", "Teal\x0bHarbor"]
STRANGE_CELLS = {
    "error in a cell": '<c r="{place}" t="e"><v>#DIV/0!</v></c>',
    "reference error in a cell": '<c r="{place}" t="e"><v>#REF!</v></c>',
    "truth value in a cell": '<c r="{place}" t="b"><v>1</v></c>',
    "text that is not in the table": '<c r="{place}" t="s"><v>987654</v></c>',
    "formula without a value": '<c r="{place}"><f>SUM(Z1:Z9)</f></c>',
}
STRANGE_SERIALS = ["-5", "99999999999", "1e308", "NaN"]


@dataclass(frozen=True)
class Shape:
    """A base in one of its three looks."""

    base: File
    book: bool
    several: bool  # more sheets than one

    @property
    def sheet(self) -> str | None:
        return NAMES[True] if self.several else None

    @property
    def name(self) -> str:
        return f"{self.base.name}.{'xlsx' if self.book else 'csv'}"

    @property
    def first_row(self) -> int:
        return 3 if self.base.described else 2

    @property
    def headers(self) -> list[str]:
        return [header for header, _ in self.base.columns]

    def rows(self) -> Rows:
        return self.base.rows()

    def bytes(self, rows: Rows, merged: tuple[str, ...] = ()) -> bytes:
        if not self.book:
            return Text().write("", rows)
        before = (NOTES,) if self.several else ()
        return Book(merged=merged, before=before).write(NAMES[self.several], rows)


def _shapes() -> list[Shape]:
    return [
        Shape(base, book, several)
        for base in bases()
        for book, several in ((False, False), (True, False), (True, True))
    ]


def _broken(shape: Shape, breaks: str, verdict: Verdict, content: Callable[[], bytes]) -> Broken:
    return Broken(
        shape.name, shape.base.kind, shape.base.market, breaks, verdict, content, shape.sheet
    )


# A cell breaks


def _with_cell(shape: Shape, row: int, header: str, value: Cell) -> bytes:
    rows = shape.rows()
    rows[row - 1][shape.headers.index(header)] = value
    return shape.bytes(rows)


def _cell(shape: Shape, breaks: str, header: str, value: Cell, chance: random.Random) -> Broken:
    row = chance.randrange(shape.first_row, shape.first_row + len(shape.base.told))
    return replace(
        _broken(shape, breaks, "bad_rows", partial(_with_cell, shape, row, header, value)),
        row=row,
        column=header,
        letter=sheets.column(shape.headers.index(header) + 1),
        good_rows=len(shape.base.told) - 1,
    )


def broken_cells(chance: random.Random) -> Iterator[Broken]:
    for shape in _shapes():
        yield from _bad_values(shape, chance)
        for header in NEEDED[shape.base.kind]:
            yield _cell(shape, "nothing where something is needed", header, None, chance)
        header = NEEDED[shape.base.kind][0]
        if not shape.book:
            yield _cell(shape, "control letter", header, chance.choice(CONTROLS), chance)
        yield _cell(shape, "huge cell", header, "x" * MEGABYTE, chance)
    yield from _out_of_range(chance)
    yield from _strange_cells(chance)


def _bad_values(shape: Shape, chance: random.Random) -> Iterator[Broken]:
    kind = shape.base.kind
    values = [
        ("number that is none", NUMBERS, BAD_NUMBERS, 3),
        ("date that is none", MOMENTS, BAD_MOMENTS, 3),
        ("identifier in scientific notation", IDENTIFIERS, BAD_IDENTIFIERS, 2),
        ("currency that is none", CURRENCIES, BAD_CURRENCIES[kind == "tiktok_income"], 1),
    ]
    for breaks, headers, bad, times in values:
        for header in headers.get(kind, []):
            for value in chance.sample(bad, times):
                yield _cell(shape, breaks, header, value, chance)


def _out_of_range(chance: random.Random) -> Iterator[Broken]:
    for shape in _shapes():
        if shape.base.kind == "ratings":
            for value in ("1001", "-5"):
                yield _cell(shape, "rating out of range", "Account Health Rating", value, chance)
        if shape.base.kind == "violations":
            yield _cell(shape, "state that is none", "Status", "Perhaps", chance)
            yield _cell(shape, "points out of range", "Points", "4800", chance)
        if shape.base.kind == "stores":
            yield _cell(shape, "marketplace that is none", "Marketplace", "Village market", chance)
            yield _cell(shape, "market that is none", "Market", "Atlantis", chance)


def _strange_cells(chance: random.Random) -> Iterator[Broken]:
    for shape in _shapes():
        kind = shape.base.kind
        if not shape.book:
            continue
        header = NEEDED[kind][-1]
        for breaks, xml in STRANGE_CELLS.items():
            yield _cell(shape, breaks, header, Raw(xml), chance)
        for header in MOMENTS.get(kind, [])[:1]:
            number = chance.choice(STRANGE_SERIALS)
            cell = Raw(f'<c r="{{place}}" s="1"><v>{number}</v></c>')
            yield _cell(shape, "serial that is no day", header, cell, chance)
        for header in IDENTIFIERS.get(kind, []):
            yield _cell(
                shape,
                "identifier as a number that lost its end",
                header,
                Decimal("5.76461E+17"),
                chance,
            )
        for header in NUMBERS.get(kind, []):
            yield _cell(shape, "formula without a value", header, Formula("A1+B1"), chance)


# A row breaks


def _row(shape: Shape, breaks: str, row: int, rows: Rows, merged: tuple[str, ...] = ()) -> Broken:
    return replace(
        _broken(shape, breaks, "bad_rows", partial(shape.bytes, rows, merged)),
        row=row,
        good_rows=len(shape.base.told) - 1,
    )


def broken_rows(chance: random.Random) -> Iterator[Broken]:
    for shape in _shapes():
        last = shape.first_row + len(shape.base.told) - 1
        row = chance.randrange(shape.first_row, last)
        long = shape.rows()
        long[row - 1] += ["more", "than", "headers"]
        yield _row(shape, "row too long", row, long)
        short = shape.rows()
        short[row - 1] = [None] * (len(shape.headers) // 2)
        short[row - 1][-1] = "leftover"
        yield _row(shape, "row too short", row, short)
        if shape.book:
            at = shape.headers.index(NEEDED[shape.base.kind][0])
            merged = shape.rows()
            merged[row][at] = None  # the row below; its value would be the merged one above
            letter = sheets.column(at + 1)
            found = _row(
                shape,
                "merged cells in the data",
                row + 1,
                merged,
                (f"{letter}{row}:{letter}{row + 1}",),
            )
            yield replace(found, column=NEEDED[shape.base.kind][0], letter=letter)
        if shape.base.kind == "violations":
            twice = shape.rows()
            twice.insert(row, [*twice[row - 1][:3], "1", *twice[row - 1][4:]])
            twice[row - 1][1] = twice[row][1] = "V-TWICE"
            yield replace(
                _row(shape, "one reference twice", row + 1, twice), good_rows=len(shape.base.told)
            )


# The headers break


def broken_headers() -> Iterator[Broken]:
    for shape in _shapes():
        needed = NEEDED[shape.base.kind][0]
        at = shape.headers.index(needed)

        def told(
            breaks: str, rows: Rows, column: str | None = None, shape: Shape = shape
        ) -> Broken:
            found = _broken(shape, breaks, "refused", partial(shape.bytes, rows))
            return replace(found, column=column)

        wrong = shape.rows()
        wrong[0] = [f"Column {number}" for number in range(len(wrong[0]))]
        yield told("wrong headers", wrong)
        yield told("header only", shape.rows()[:1])
        yield told("headers without a row of them", shape.rows()[shape.first_row - 1 :])
        missing = [[*row[:at], *row[at + 1 :]] for row in shape.rows()]
        yield told("a needed column is missing", missing, needed)
        twice = [[*row, row[at]] for row in shape.rows()]
        yield told("one header twice", twice, needed)
        yield told("one column", [[row[at]] for row in shape.rows()])
        empty = shape.rows()
        empty[0] = [None] * len(empty[0])
        yield told("headers are empty", empty)
