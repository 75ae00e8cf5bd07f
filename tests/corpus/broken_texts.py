"""Files that are no tables at all, and text files that break as a whole."""

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import replace

from tests.corpus.breaks import (
    MEGABYTE,
    MOST_ROWS,
    SEED,
    Broken,
    exactly,
    good_book,
    good_text,
    whole_file,
)
from tests.corpus.compound import compound
from tests.corpus.sheets import Sheet, packed, workbook


def wrong_types() -> Iterator[Broken]:
    png = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(200)
    pdf = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\nendobj\n%%EOF\n"
    page = b"<!DOCTYPE html><html><body><table><tr><td>Store</td></tr></table></body></html>"
    things = {
        "picture": png,
        "PDF": pdf,
        "web page": page,
        "JSON": json.dumps([{"Store": "Teal Harbor"}]).encode(),
        "program": b"MZ\x90\x00" + bytes(500),
        "gzip": gzip.compress(b"Store,Rule\n", mtime=0),
        "workbook of before 2007": compound({"Workbook": b"\x09\x08\x10\x00\x00\x06\x05\x00"}),
        "executable for Linux": b"\x7fELF" + bytes(300),
        "XML": b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office"/>',
        "mail": b"From: a@example.com\r\nSubject: Violations\r\n\r\nStore,Rule\r\n",
        "random bytes": random.Random(SEED).randbytes(4000),  # noqa: S311 - not for secrets
        "RAR": b"Rar!\x1a\x07\x01\x00" + bytes(100),
        "7z": b"7z\xbc\xaf\x27\x1c" + bytes(100),
    }
    for what, content in things.items():
        for ending in ("csv", "xlsx"):
            yield whole_file(f"violations.{ending}", f"{what} by another name", exactly(content))
    yield whole_file("violations.xlsx", "text named as a workbook", good_text, "harmless")
    yield whole_file("violations.csv", "workbook named as text", good_book, "harmless")
    word = packed({"[Content_Types].xml": "<Types/>", "word/document.xml": "<document/>"})
    yield whole_file("violations.xlsx", "word document by another name", exactly(word))
    plain = packed({"readme.txt": "hello", "violations.csv": good_text().decode()})
    yield whole_file("violations.xlsx", "archive by another name", exactly(plain))
    for ending in ("csv", "xlsx"):
        yield whole_file(f"violations.{ending}", "empty", exactly(b""))
        yield whole_file(f"violations.{ending}", "one byte", exactly(b"P"))
    for content in (b"\xef\xbb\xbf", b"\n" * 300, b"   \t  ", b",,,,\r\n,,,,\r\n", b"\xff\xfe"):
        yield whole_file("violations.csv", "nothing but space", exactly(content))
    yield whole_file(
        "violations.xlsx", "sheet without cells", lambda: workbook([Sheet("Sheet1", [])])
    )
    yield whole_file("violations.exe", "ending that is none of ours", good_text)
    yield whole_file("violations", "no ending", good_text, "harmless")


def broken_texts(chance: random.Random) -> Iterator[Broken]:
    good = good_text()
    lines = good.split(b"\r\n")
    yield whole_file(
        "violations.csv",
        "NULs all over",
        exactly(b"\0".join(good[at : at + 1] for at in range(len(good)))),
    )
    yield whole_file("violations.csv", "NULs at the end", exactly(good + bytes(5000)))
    yield whole_file(
        "violations.csv", "half a letter at the end", exactly("店铺,违规\r\n海棠,禁".encode()[:-1])
    )
    yield whole_file("violations.csv", "UTF-16 of odd length", exactly(good_text("utf-16")[:-1]))
    mixed = [
        *lines[:2],
        "晴川数码,V-9,假冒商品,24,Pending,2026-07-13 10:00,,,".encode("gbk"),
        "海棠家居,V-8,禁售,1,Pending,2026-07-13 10:00,,,".encode(),
        *lines[2:],
    ]
    yield whole_file("violations.csv", "two alphabets in one file", exactly(b"\r\n".join(mixed)))
    invalid = good.replace(b"Teal Harbor", b"Teal \xf5\x81\xff Harbor")
    yield whole_file("violations.csv", "bytes that are no letters", exactly(invalid))
    for size in (200, 3000):
        noise = bytes(chance.randrange(128, 256) for _ in range(size))
        yield whole_file("violations.csv", "bytes that are no letters", exactly(noise))
    open_quote = good.replace(b"Tea & Thread,V-26071402", b'"Tea & Thread,V-26071402')
    yield replace(whole_file("violations.csv", "quote that never ends", exactly(open_quote)), row=3)
    yield whole_file(
        "violations.csv", "bars between the cells", exactly(good.replace(b",", b"|")), "harmless"
    )
    yield whole_file("violations.csv", "one line of 25 MB", lambda: b"x" * 25 * MEGABYTE)
    yield whole_file("violations.csv", "a million quotes", lambda: b'"' * 1_000_000)
    yield whole_file("violations.csv", "a million commas", lambda: good + b"," * 1_000_000)
    yield whole_file(
        "violations.csv",
        "20,000 columns",
        lambda: b",".join(b"c%d" % n for n in range(20_000)) + b"\r\n1\r\n",
    )
    yield whole_file("violations.csv", "100,001 rows", _too_many_rows)
    yield whole_file(
        "ratings.csv",
        "1,000,000 rows",
        lambda: (
            b"Store,Account Health Rating,As of\r\n"
            + b"Teal Harbor,186,2026-07-20 09:30\r\n" * 1_000_000
        ),
        kind="ratings",
    )
    yield whole_file("violations.csv", "30 MB", _thirty_megabytes)


def _too_many_rows() -> bytes:
    header, row, *_ = good_text().split(b"\r\n")
    rows = (row.replace(b"V-26071301", b"V-%d" % number) for number in range(MOST_ROWS + 1))
    return header + b"\r\n" + b"\r\n".join(rows)


def _thirty_megabytes() -> bytes:
    header, row, *_ = good_text().split(b"\r\n")
    note = b"," + b"n" * 1500
    rows = (row.replace(b"V-26071301", b"V-%d" % number) + note for number in range(20_000))
    return header + b",Remarks\r\n" + b"\r\n".join(rows)
