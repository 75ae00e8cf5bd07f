"""Writes an OLE compound file: what a protected workbook and a workbook of before 2007 are."""

import struct

SECTOR = 512
STREAM = 8 * SECTOR  # at this size a stream needs no sectors of its own kind
FREE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
STORAGE_ROOT, STREAM_ENTRY, UNUSED = 5, 2, 0


def compound(streams: dict[str, bytes]) -> bytes:
    """Up to three streams of at most 4,096 bytes each."""
    table = [TABLE, END]  # the table itself, then the directory
    entries = [_entry("Root Entry", STORAGE_ROOT, END, 0, child=1)]
    data = b""
    for number, (name, content) in enumerate(streams.items(), 1):
        first = len(table)
        table += [*range(first + 1, first + STREAM // SECTOR), END]
        after = number + 1 if number < len(streams) else FREE
        entries.append(_entry(name, STREAM_ENTRY, first, STREAM, right=after))
        data += content.ljust(STREAM, b"\0")
    entries += [_entry("", UNUSED, 0, 0)] * (4 - len(entries))
    table += [FREE] * (SECTOR // 4 - len(table))
    return _header() + struct.pack(f"<{len(table)}I", *table) + b"".join(entries) + data


def _header() -> bytes:
    fixed = struct.pack(
        "<8s16sHHHHH6sIIIIIIIIII",
        bytes.fromhex("d0cf11e0a1b11ae1"), b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, 1, 1, 0, 4096,
        END, 0, END, 0, 0,
    )  # fmt: skip
    return fixed.ljust(SECTOR, b"\xff")


def _entry(
    name: str, kind: int, first: int, size: int, *, child: int = FREE, right: int = FREE
) -> bytes:
    text = name.encode("utf-16-le")
    length = len(text) + 2 if name else 0
    return struct.pack(
        "<64sHBBIII16sIQQIQ", text, length, kind, 1, FREE, right, child, b"", 0, 0, 0, first, size
    )
