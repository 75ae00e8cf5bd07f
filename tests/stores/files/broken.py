"""Files that are broken in every way we could think of, from a seed: names and bytes."""

import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from random import Random
from typing import Any, Final

from stores.sheets import limits
from tests.stores.files.workbooks import (
    MAIN,
    Raw,
    letters,
    parts_of,
    sheet_xml,
    workbook,
    zipped,
)

HEADERS: Final = ("Order ID", "Order Status", "Created Time", "Order Amount", "Recipient")
GOOD: Final = (
    ("577012345678901234", "Shipped", "2026-07-14 10:00", "35.91", "Ann"),
    ("577012345678901235", "Completed", "2026-07-15 10:00", "12.00", "Bo"),
)
# What may stand in a cell where it should not, and in which column it is wrong.
_WRONG: Final[tuple[tuple[int, Any], ...]] = (
    (0, ""), (0, Raw("<v>5.77E+17</v>")), (0, "=A1"), (0, "#REF!"), (0, "x" * 80),
    (0, Raw("<f>B1&amp;C1</f>")), (1, ""), (2, ""), (2, "soon"), (2, "31/02/2026"),
    (2, "03/04/2026"), (2, "2099-01-01"), (2, -5), (2, Raw("<v>#N/A</v>", t="e")),
    (2, "2026-13-45"), (2, True), (3, "many"), (3, "1.2.3"), (3, "--5"), (3, "9" * 40),
    (3, "12,34,5.6,7"), (3, Raw("<v>#DIV/0!</v>", t="e")), (3, "2026-07-14"), (0, "a\x07b" * 30),
)  # fmt: skip
Make = Callable[[Random], bytes]


def broken_files(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield ``count`` broken files, every way in turn, each time with other dice."""
    dice = Random(seed)  # noqa: S311 - a test's dice
    ways = list(_WAYS.items())
    for number in range(count):
        name, make = ways[number % len(ways)]
        yield f"{name}-{number}", make(Random(dice.getrandbits(64)))  # noqa: S311 - a test's dice


def _rows(dice: Random) -> list[list[Any]]:
    rows: list[list[Any]] = [list(HEADERS), *map(list, GOOD)]
    rows += [[str(dice.getrandbits(60)), *GOOD[0][1:]] for _ in range(dice.randrange(5))]
    return rows


def _wrong_cell(dice: Random) -> bytes:
    rows = _rows(dice)
    column, value = dice.choice(_WRONG)
    rows[dice.randrange(1, len(rows))][column] = value
    return workbook(rows)


def _wrong_csv(dice: Random) -> bytes:
    rows = _rows(dice)
    column, value = dice.choice([each for each in _WRONG if not isinstance(each[1], Raw)])
    rows[dice.randrange(1, len(rows))][column] = value
    mark = dice.choice([",", ";", "\t"])
    text = "\n".join(mark.join(f'"{cell}"' for cell in row) for row in rows)
    return text.encode(dice.choice(["utf-8", "utf-8-sig", "utf-16"]))


def _cut(dice: Random) -> bytes:
    data = workbook(_rows(dice))
    return data[: dice.randrange(5, len(data) - 1)]


def _flipped(dice: Random) -> bytes:
    data = bytearray(workbook(_rows(dice)))
    for _ in range(dice.randrange(1, 40)):
        data[dice.randrange(4, len(data))] = dice.randrange(256)
    return bytes(data)


def _flipped_part(dice: Random) -> bytes:
    """Break a part before it is packed, so that the package itself is whole."""
    shared: list[str] = []
    parts: dict[str, Any] = dict(
        parts_of({"Orders": sheet_xml(_rows(dice), shared=shared)}, shared=shared)
    )
    name = dice.choice([each for each in parts if each != "[Content_Types].xml"])
    text = bytearray(parts[name].encode())
    for _ in range(dice.randrange(1, 12)):
        text[dice.randrange(len(text))] = dice.randrange(256)
    parts[name] = bytes(text)
    return zipped(parts)


def _without_part(dice: Random) -> bytes:
    shared: list[str] = []
    parts = parts_of({"Orders": sheet_xml(_rows(dice), shared=shared)}, shared=shared)
    del parts[dice.choice(list(parts))]
    return zipped(parts)


def _zip_bomb(dice: Random) -> bytes:
    part = dice.choice(["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"])
    parts: dict[str, Any] = dict(parts_of({"Orders": sheet_xml(_rows(dice))}))
    parts[part] = b"<a>" + b" " * (limits.SMALL_PART * dice.randrange(2, 12)) + b"</a>"
    return zipped(parts)


def _nested_zip(dice: Random) -> bytes:
    data = workbook(_rows(dice))
    for _ in range(dice.randrange(1, 4)):
        data = zipped({"inner.xlsx": data})
    return data


def _entities(dice: Random) -> bytes:
    levels = dice.randrange(3, 12)
    more = "".join(f'<!ENTITY e{at + 1} "{f"&e{at};" * 10}">' for at in range(levels))
    head = f'<!DOCTYPE x [<!ENTITY e0 "lol">{more}]>'
    return zipped(parts_of({"Orders": sheet_xml(_rows(dice), head=head)}))


def _deep(dice: Random) -> bytes:
    depth = dice.randrange(20_000, 200_000)
    xml = f'<worksheet xmlns="{MAIN}">' + "<a>" * depth
    return zipped(parts_of({"Orders": xml + "</a>" * depth + "</worksheet>"}))


def _merged(dice: Random) -> bytes:
    rows = _rows(dice)
    for row in rows[2:]:
        row[0] = ""
    last = f"A2:A{len(rows)}"
    return workbook(rows, after=f'<mergeCells count="1"><mergeCell ref="{last}"/></mergeCells>')


def _far_cell(dice: Random) -> bytes:
    rows = _rows(dice)
    xml = sheet_xml(rows)
    column = letters(dice.choice([501, 2_000, 16_384, 20_000]))
    far = f'<row r="9"><c r="{column}9" t="str"><v>far</v></c></row></sheetData>'
    return zipped(parts_of({"Orders": xml.replace("</sheetData>", far)}))


def _wrong_place(dice: Random) -> bytes:
    place = dice.choice(["0", "-1", "99999999999", "x", "1e5"])
    xml = sheet_xml(_rows(dice)).replace('<row r="2">', f'<row r="{place}">')
    return zipped(parts_of({"Orders": xml}))


def _long_cell(dice: Random) -> bytes:
    rows = _rows(dice)
    rows[1][dice.randrange(4)] = "x" * (limits.MAX_CELL + dice.randrange(1, 100_000))
    return workbook(rows)


def _lost_string(dice: Random) -> bytes:
    rows = _rows(dice)
    rows[1][0] = Raw(f"<v>{dice.choice(['999999', '-1', 'x', '1.5'])}</v>", t="s")
    return workbook(rows)


def _many_columns(dice: Random) -> bytes:
    width = limits.MAX_COLUMNS + dice.randrange(1, 500)
    return (",".join(f"c{at}" for at in range(width)) + "\n" + "1," * width).encode()


def _noise(dice: Random) -> bytes:
    return dice.randbytes(dice.randrange(1, 5_000))


def _pretender(dice: Random) -> bytes:
    start = dice.choice(
        [b"%PDF-1.7\n", b"\x89PNG\r\n", b"\xff\xd8\xff\xe0", b"Rar!\x1a", b"\x1f\x8b\x08", b"MZ",
         b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<!DOCTYPE html><table>", b"{\\rtf1", b"GIF89a"]
    )  # fmt: skip
    return start + dice.randbytes(500)


def _locked(dice: Random) -> bytes:
    locked = "EncryptedPackage".encode("utf-16-le")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + dice.randbytes(600) + locked + dice.randbytes(60)


def _locked_parts(dice: Random) -> bytes:
    data = bytearray(workbook(_rows(dice)))
    with zipfile.ZipFile(BytesIO(bytes(data))) as package:
        offset = package.start_dir
    while (offset := data.find(b"PK\x01\x02", offset)) >= 0:
        data[offset + 8] |= 1
        offset += 4
    return bytes(data)


def _other_office(dice: Random) -> bytes:
    names = ["word/document.xml", "ppt/presentation.xml", "content.xml", "xl/workbook.bin", "a.txt"]
    return zipped({dice.choice(names): "x"})


def _unclosed(dice: Random) -> bytes:
    row = ['"577', "Shipped", "2026-07-14", "5", "Ann"]
    return "\n".join(
        [",".join(HEADERS), ",".join(row), *(["a,b,c,d,e"] * dice.randrange(9))]
    ).encode()


def _shifted(dice: Random) -> bytes:
    more = ",".join(["x"] * dice.randrange(1, 9))
    return "\n".join(
        [",".join(HEADERS), ",".join(GOOD[0]), ",".join(GOOD[1]) + f",{more}"]
    ).encode()


def _nul(dice: Random) -> bytes:
    text = bytearray(("\n".join([",".join(HEADERS), *(",".join(row) for row in GOOD)])).encode())
    text[dice.randrange(len(text))] = 0
    return bytes(text)


def _mixed_letters(dice: Random) -> bytes:
    names = ["帆布包和其他商品", "déjà vu à São Paulo", "หักคะแนนร้านค้า", "Đơn hàng đã giao"]
    codecs = ["gb18030", "cp1252", "cp874", "cp1258"]
    out = [",".join(HEADERS).encode()]
    for name, codec in zip(names, codecs, strict=True):
        out.append(f"{dice.getrandbits(50)},{name},2026-07-14,5,x".encode(codec, "replace"))
    return b"\n".join(out)


def _nothing(dice: Random) -> bytes:
    return dice.choice(
        [b"", b"\n\n\n", b" , , \n", b"\xef\xbb\xbf", workbook([]), workbook([[""]])]
    )


def _headers_alone(dice: Random) -> bytes:
    return dice.choice([",".join(HEADERS).encode(), workbook([list(HEADERS)])])


def _no_header(dice: Random) -> bytes:
    return workbook([list(row) for row in GOOD] * dice.randrange(1, 5))


def _twice(dice: Random) -> bytes:
    rows = _rows(dice)
    return workbook([[*row, row[0]] for row in rows[:1]] + [[*row, "other"] for row in rows[1:]])


_WAYS: Final[dict[str, Make]] = {
    "wrong-cell": _wrong_cell,
    "wrong-csv": _wrong_csv,
    "cut": _cut,
    "flipped": _flipped,
    "flipped-part": _flipped_part,
    "without-part": _without_part,
    "zip-bomb": _zip_bomb,
    "nested-zip": _nested_zip,
    "entities": _entities,
    "deep": _deep,
    "merged": _merged,
    "far-cell": _far_cell,
    "wrong-place": _wrong_place,
    "long-cell": _long_cell,
    "lost-string": _lost_string,
    "many-columns": _many_columns,
    "noise": _noise,
    "pretender": _pretender,
    "locked": _locked,
    "locked-parts": _locked_parts,
    "other-office": _other_office,
    "unclosed": _unclosed,
    "shifted": _shifted,
    "nul": _nul,
    "mixed-letters": _mixed_letters,
    "nothing": _nothing,
    "headers-alone": _headers_alone,
    "no-header": _no_header,
    "twice": _twice,
}
