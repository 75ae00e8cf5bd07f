"""The process that reads one file: bounded in memory and time, so what bursts bursts here.

Called as ``python -m stores.sheets.child heads`` or ``… rows SHEET ENCODING LINE WIDTH COLUMNS``:
of the rows below a line those columns, of headers so many. The file is its standard input. It
writes a line of JSON for each row and ends with one of how it went. What a file holds is written
nowhere else, and no more of it than the columns that are asked for.
"""

import json
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from stores.sheets import csvs, limits, xlsx
from stores.sheets.faults import Fault


def main(words: list[str], file: IO[bytes], out: IO[str]) -> None:
    """Do what ``words`` ask for, and say at the end how it went."""
    try:
        if words[0] == "heads":
            _tell_heads(file, out)
        else:
            below, width, columns = (json.loads(word) for word in words[3:6])
            _tell_rows(file, out, (words[1], words[2]), below, width, columns)
    except Fault as fault:
        end = {"fault": fault.code, "where": fault.where}
    except MemoryError:
        end = {"fault": "memory", "where": {}}
    else:
        end = {"fault": "", "where": {}}
    out.write(json.dumps({**end, "peak": _peak()}) + "\n")


def _peak() -> int:
    """Return the most memory that this process has held, in KiB.

    Where the system tells it of the program alone; ``getrusage`` counts its parent's as well.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _tell_heads(file: IO[bytes], out: IO[str]) -> None:
    for name, encoding, delimiter, rows in _sheets(file):
        head = [
            (line, [cell[: limits.HEAD_CELL] for cell in cells])
            for line, cells in islice(rows, limits.HEAD_ROWS)
        ]
        told = {"sheet": name, "encoding": encoding, "delimiter": delimiter, "rows": head}
        out.write(json.dumps(told) + "\n")


def _tell_rows(
    file: IO[bytes],
    out: IO[str],
    place: tuple[str, str],
    below: int,
    width: int,
    columns: list[int],
) -> None:
    sheet = place[0]
    found = _sheets(file)
    rows = next((rows for name, encoding, _d, rows in found if (name, encoding) == place), None)
    if rows is None:
        raise Fault("no_sheet")
    count = 0
    for line, cells in rows:
        if line <= below:
            continue
        count += 1
        if count > limits.MAX_ROWS:
            raise Fault("rows", sheet=sheet)
        held = len(cells)
        kept = [cells[at] if at < held else "" for at in columns]
        out.write(json.dumps([line, kept, any(cells[width:])]) + "\n")


def _sheets(file: IO[bytes]) -> Iterator[tuple[str, str, str, Iterator[tuple[int, Any]]]]:
    """Yield each sheet's name, encoding, delimiter and rows; a text file is one without a name.

    Where nothing but its headers can tell a text's encoding, it is yielded in each that may be.
    """
    start = file.read(8)
    file.seek(0)
    if xlsx.is_workbook(start):
        workbook = xlsx.Workbook(file)
        for sheet in workbook.sheets:
            yield sheet.name, "xlsx", "", workbook.rows(sheet)
        return
    for text in csvs.open_texts(file.read()):
        yield "", text.encoding, text.delimiter, text.records()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (limits.MEMORY, limits.MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.SECONDS, limits.SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main(sys.argv[1:], sys.stdin.buffer, sys.stdout)
