"""Workbooks that break as archives, or in the markup of their members."""

import io
import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial

from tests.corpus import sheets
from tests.corpus.breaks import (
    MEGABYTE,
    MOST_ROWS,
    SEED,
    Broken,
    Verdict,
    exactly,
    good_book,
    good_rows,
    whole_file,
)
from tests.corpus.compound import compound
from tests.corpus.sheets import Sheet, packed, workbook

MEMBERS = {
    "sheet": "xl/worksheets/sheet1.xml",
    "strings": "xl/sharedStrings.xml",
    "book": "xl/workbook.xml",
    "links": "xl/_rels/workbook.xml.rels",
    "types": "[Content_Types].xml",
    "styles": "xl/styles.xml",
}


def _good_members(*, inline: bool = False) -> dict[str, str]:
    return sheets.parts([Sheet("Sheet1", good_rows())], inline=inline)


def _members(**changed: str | None) -> bytes:
    """A good workbook with members replaced, or left out where None."""
    members = _good_members()
    for name, content in changed.items():
        if content is None:
            del members[MEMBERS[name]]
        else:
            members[MEMBERS[name]] = content
    return packed(members)


def _part(name: str, *, inline: bool = False) -> str:
    return _good_members(inline=inline)[MEMBERS[name]]


def broken_archives(chance: random.Random) -> Iterator[Broken]:
    good = good_book()
    for share in (5, 20, 40, 60, 80, 95, 99):
        yield whole_file("violations.xlsx", "truncated", exactly(good[: len(good) * share // 100]))
    for _ in range(8):
        flipped = bytearray(good)
        at = chance.randrange(60, len(good) // 2)
        flipped[at] ^= 0xFF
        yield whole_file("violations.xlsx", "one byte changed", exactly(bytes(flipped)), "harmless")
    yield whole_file(
        "violations.xlsx", "junk before the archive", exactly(b"junk" * 100 + good), "harmless"
    )
    yield whole_file("violations.xlsx", "wrong checksum", _wrong_checksum)
    yield whole_file(
        "violations.xlsx",
        "member that inflates: sheet",
        partial(_inflating, MEMBERS["sheet"], 300),
    )
    yield whole_file(
        "violations.xlsx",
        "member that inflates: strings",
        partial(_inflating, MEMBERS["strings"], 300),
    )
    yield whole_file(
        "violations.xlsx",
        "member that inflates: styles",
        partial(_inflating, MEMBERS["styles"], 300),
    )
    yield whole_file(
        "violations.xlsx",
        "member that inflates: content types",
        partial(_inflating, MEMBERS["types"], 300),
    )
    yield whole_file("violations.xlsx", "member that inflates and lies about it", _lying)
    yield whole_file("violations.xlsx", "20,000 members", _many_members)
    yield whole_file("violations.xlsx", "a million cells that say the same", _same_cells)
    yield whole_file("violations.xlsx", "archives in archives", _nested)
    yield whole_file("violations.xlsx", "member that overlaps itself", _overlapping)
    for target in ("/etc/passwd", "../../../../etc/hostname", "sheet1.xml"):
        yield whole_file("violations.xlsx", "symbolic link for a sheet", partial(_linked, target))
    for name in (
        "../../outside.xml",
        "/var/outside.xml",
        "C:\\outside.xml",
        "xl/worksheets/../../../x",
    ):
        yield whole_file(
            "violations.xlsx", "member outside", partial(_extra_member, name, b"<x/>"), "harmless"
        )
    yield whole_file("violations.xlsx", "one member twice", _one_twice, "harmless")
    yield whole_file("violations.xlsx", "members in cipher", _ciphered)
    yield whole_file("violations.xlsx", "100,001 rows", partial(_tall_book, MOST_ROWS + 1))
    yield whole_file("violations.xlsx", "30 MB", _heavy_book)
    protected = {
        "EncryptionInfo": b"\4\0\4\0\x40\0\0\0<encryption/>",
        "EncryptedPackage": bytes(4000),
    }
    yield whole_file("violations.xlsx", "protected by a password", lambda: compound(protected))
    yield whole_file(
        "violations.xlsx", "protected by a password and cut", lambda: compound(protected)[:1500]
    )
    for ending in ("xlsx", "xlsm"):
        yield whole_file(f"violations.{ending}", "macros", _macros, "harmless")


# Where a number stands in a member's own header and in the directory
IN_HEADERS = {
    "flags": ("<H", 6, 8),
    "method": ("<H", 8, 10),
    "crc": ("<I", 14, 16),
    "size": ("<I", 22, 24),
}


def _patched(content: bytes, member: str, **values: int) -> bytes:
    """The archive with other numbers about one member, in both places that tell them."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        header, entry = archive.getinfo(member).header_offset, archive.start_dir
        for info in archive.infolist():
            if info.filename == member:
                break
            entry += 46 + len(info.filename) + len(info.extra) + len(info.comment)
    patched = bytearray(content)
    for name, value in values.items():
        form, in_header, in_directory = IN_HEADERS[name]
        struct.pack_into(form, patched, header + in_header, value)
        struct.pack_into(form, patched, entry + in_directory, value)
    return bytes(patched)


def _wrong_checksum() -> bytes:
    return _patched(good_book(), MEMBERS["sheet"], crc=0x0BADF00D)


def _inflating(member: str, megabytes: int) -> bytes:
    """A workbook of some kilobytes whose one member is hundreds of megabytes of spaces."""
    parts = _good_members()
    head, end = parts[member].encode().rsplit(b"</", 1)
    tail, spaces = b"</" + end, b" " * MEGABYTE
    checksum = zlib.crc32(head)
    for _ in range(megabytes):
        checksum = zlib.crc32(spaces, checksum)
    squeezed = _deflated(head) + _deflated(spaces) * megabytes + _deflated(tail, last=True)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, sheets.STAMP)
            archive.writestr(info, squeezed if name == member else content)
    return _patched(
        held.getvalue(),
        member,
        method=zipfile.ZIP_DEFLATED,
        crc=zlib.crc32(tail, checksum),
        size=len(head) + megabytes * MEGABYTE + len(tail),
    )


def _deflated(content: bytes, *, last: bool = False) -> bytes:
    """A stretch of a deflate stream that leans on nothing before it."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return squeeze.compress(content) + squeeze.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)


def _lying() -> bytes:
    """The same, but both headers call the sheet a kilobyte long."""
    member = MEMBERS["sheet"]
    return _patched(_inflating(member, 300), member, size=1024)


def _many_members() -> bytes:
    parts = _good_members()
    return packed(parts | {f"xl/media/{number}.bin": "" for number in range(20_000)})


def _same_cells() -> bytes:
    row = "".join(f'<c r="{sheets.column(at)}{{0}}" t="s"><v>0</v></c>' for at in range(1, 201))
    rows = "".join(f'<row r="{at}">{row.replace("{0}", str(at))}</row>' for at in range(1, 5001))
    return _members(
        sheet=f'<worksheet xmlns="{sheets.MAIN}"><sheetData>{rows}</sheetData></worksheet>',
        strings=f'<sst xmlns="{sheets.MAIN}"><si><t>{"long " * 6000}</t></si></sst>',
    )


def _nested() -> bytes:
    content = good_book()
    for level in range(6):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(f"level{level}.xlsx", sheets.STAMP), content)
        content = held.getvalue()
    return content


def _overlapping() -> bytes:
    """Every name in the directory points at one and the same member."""
    held = io.BytesIO(good_book())
    with zipfile.ZipFile(held, "a") as archive:
        first = archive.infolist()[0].header_offset
        for info in archive.infolist():
            info.header_offset = first
        archive._didModify = True  # type: ignore[attr-defined]
    return held.getvalue()


def _linked(target: str) -> bytes:
    parts = _good_members()
    del parts["xl/worksheets/sheet1.xml"]
    held = io.BytesIO(packed(parts))
    with zipfile.ZipFile(held, "a") as archive:
        info = zipfile.ZipInfo("xl/worksheets/sheet1.xml", sheets.STAMP)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        info.create_system = 3
        archive.writestr(info, target)
    return held.getvalue()


def _extra_member(name: str, content: bytes) -> bytes:
    held = io.BytesIO(good_book())
    with zipfile.ZipFile(held, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, sheets.STAMP), content)
    return held.getvalue()


def _one_twice() -> bytes:
    """The workbook's list of sheets stands twice in the archive, with two meanings."""
    first, second = _part("book"), _part("book").replace("Sheet1", "Other1")
    held = io.BytesIO(_members(book=first))
    with zipfile.ZipFile(held, "a", zipfile.ZIP_DEFLATED) as archive:
        name = archive.NameToInfo.pop("xl/workbook.xml").filename
        archive.writestr(zipfile.ZipInfo(name, sheets.STAMP), second)
    return held.getvalue()


def _ciphered() -> bytes:
    content = good_book()
    for member in _good_members():
        content = _patched(content, member, flags=1)
    return content


def _tall_book(count: int) -> bytes:
    header, row, *_ = good_rows()
    return workbook([Sheet("Sheet1", [header, *[row] * count])])


def _heavy_book() -> bytes:
    noise = random.Random(SEED).randbytes(30 * MEGABYTE)  # noqa: S311 - not for secrets
    return _extra_member("xl/media/image1.png", noise)


def _macros() -> bytes:
    types = _part("types").replace(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    held = io.BytesIO(_members(types=types))
    with zipfile.ZipFile(held, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            zipfile.ZipInfo("xl/vbaProject.bin", sheets.STAMP), compound({"VBA": b"\1"})
        )
    return held.getvalue()


def broken_markup() -> Iterator[Broken]:
    laughs = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(
        f"<!ENTITY a{level} '{f'&a{level - 1};' * 10}'>" for level in range(1, 11)
    ) + "<!ENTITY bomb '&a10;'>]>"  # fmt: skip
    quadratic = f"<!DOCTYPE x [<!ENTITY bomb '{'b' * 60_000}'>]>"
    outside = {
        "entity that grows": laughs,
        "entity that is long and many": quadratic,
        "entity from a file": '<!DOCTYPE x [<!ENTITY bomb SYSTEM "file:///etc/passwd">]>',
        "entity from the network": '<!DOCTYPE x [<!ENTITY bomb SYSTEM "http://203.0.113.9/x">]>',
        "parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>',
        "document type elsewhere": '<!DOCTYPE x SYSTEM "http://203.0.113.9/x.dtd">',
    }
    texts = {"strings": "Teal Harbor", "sheet": "Teal Harbor", "book": "Sheet1"}
    for breaks, doctype in outside.items():
        says = "&bomb;" * (3000 if "many" in breaks else 1) if "ENTITY bomb" in doctype else "Teal"
        for short, text in texts.items():
            part = _part(short, inline=short == "sheet").replace(text, says)
            head, root = part.split("?>", 1)
            told = f"{head}?>{doctype}{root}"
            yield whole_file(
                "violations.xlsx", f"{breaks}: {short}", partial(_members, **{short: told})
            )
    for short in ("sheet", "book", "links"):
        yield whole_file(
            "violations.xlsx", f"member is missing: {short}", partial(_members, **{short: None})
        )
    sheet = _part("sheet")
    damaged = {
        "markup cut off": sheet[: len(sheet) // 2],
        "markup with a letter that XML has not": sheet.replace("<row", "<row>\x01<row", 1),
        "markup in two roots": sheet + "<again/>",
        "markup that is nothing": "",
        "markup nested 200,000 deep": sheet.replace("<sheetData>", "<a>" * 200_000 + "<sheetData>"),
        "markup with a wrong alphabet": sheet.replace('encoding="UTF-8"', 'encoding="utf-99"'),
        "cell where no cell can be": sheet.replace('r="A1"', 'r="ZZZZZZ1"', 1),
        "cell without a number": sheet.replace('r="B2"', 'r="B"', 1),
        "cell at the end of the world": sheet.replace(
            "</sheetData>",
            '<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row></sheetData>',
        ),
        "row far beyond": sheet.replace(
            "</sheetData>",
            '<row r="999999999999"><c r="A999999999999"><v>1</v></c></row></sheetData>',
        ),
        "row before the first": sheet.replace('<row r="2">', '<row r="-5">', 1),
        "attribute of 5 MB": sheet.replace("<sheetData>", f'<sheetData x="{"y" * 5 * MEGABYTE}">'),
    }
    for breaks, told in damaged.items():
        verdict: Verdict = (
            "harmless" if breaks.startswith(("cell", "row", "attribute")) else "refused"
        )
        yield whole_file("violations.xlsx", breaks, partial(_members, sheet=told), verdict)
    links = _part("links")
    for target in (
        "../../../../etc/passwd",
        "/etc/passwd",
        "worksheets/sheet99.xml",
        "http://203.0.113.9/s.xml",
        "",
    ):
        told = links.replace("worksheets/sheet1.xml", target)
        yield whole_file(
            "violations.xlsx", "sheet that is elsewhere", partial(_members, links=told)
        )
    book = _part("book")
    none = book[: book.index("<sheets>")] + "<sheets></sheets></workbook>"
    yield whole_file("violations.xlsx", "workbook without a sheet", partial(_members, book=none))
    yield whole_file(
        "violations.xlsx", "shared strings are missing", partial(_members, strings=None)
    )
