"""How much of a file is read, and how much a reader may take for it."""

from typing import Final

MEBIBYTE: Final = 1024 * 1024
MAX_BYTES: Final = 25 * MEBIBYTE
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 500
MAX_SPLITS: Final = 50_000  # delimiters on one line; those within quotes are counted too
MAX_CELL: Final = 100_000  # characters
MOST_SHEETS: Final = 100

MEMORY: Final = 256 * MEBIBYTE  # of the reading process, all of its address space
SECONDS: Final = 90  # for one reading

# A workbook is judged by what it says of itself before any of it is unpacked; unpacking then
# ends where it said, whatever follows.
MOST_PARTS: Final = 2_000
MAX_UNPACKED: Final = 700 * MEBIBYTE
MAX_RATIO: Final = 250  # how many times larger a part may be than it lies in the file
SMALL_PART: Final = 4 * MEBIBYTE  # and from what size on that counts

HEAD_ROWS: Final = 40  # rows of each sheet that are looked at to find the headers
HEAD_CELL: Final = 200  # characters of their cells
