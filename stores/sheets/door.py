"""Starts the process that reads a file, and says what came of it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from stores.sheets.faults import Fault

_ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Head:
    """The first rows of a sheet, with their lines; a text file is one sheet without a name.

    A text that may be in several encodings is there once in each.
    """

    sheet: str
    encoding: str
    delimiter: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A row below the headers: the columns that were asked for, and whether it holds too many."""

    number: int
    cells: tuple[str, ...]
    is_too_wide: bool


@dataclass(slots=True)
class Effort:
    """What reading took: the peak of the reading process, in KiB."""

    peak: int = 0


def heads(file: IO[bytes]) -> list[Head]:
    """Return the start of each sheet of ``file``, which must be a real file, hidden ones left out.

    Raises:
        Fault: if it cannot be read.
    """
    with _child(file, ["heads"]) as told:
        return [
            Head(
                each["sheet"],
                each["encoding"],
                each["delimiter"],
                tuple((line, tuple(cells)) for line, cells in each["rows"]),
            )
            for each in told
        ]


def rows(
    file: IO[bytes],
    *,
    sheet: str,
    encoding: str,
    below: int,
    width: int,
    columns: Sequence[int],
    effort: Effort | None = None,
) -> Iterator[Line]:
    """Yield the rows below a line of a sheet, as they are read; no other columns leave the reader.

    ``encoding`` is that of the head that was chosen.

    Raises:
        Fault: if it cannot be read to its end.
    """
    words = ["rows", sheet, encoding, *(json.dumps(each) for each in (below, width, list(columns)))]
    with _child(file, words, effort) as told:
        for number, cells, is_too_wide in told:
            yield Line(number, tuple(cells), is_too_wide)


@contextmanager
def _child(
    file: IO[bytes], words: Sequence[str], effort: Effort | None = None
) -> Iterator[Iterator[Any]]:
    file.seek(0)
    command = [sys.executable, "-E", "-s", "-m", "stores.sheets.child", *words]
    with subprocess.Popen(  # noqa: S603 - our own module, no shell
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_ROOT, text=True
    ) as child:
        try:
            yield _told(child, effort or Effort())
        finally:
            child.kill()


def _told(child: "subprocess.Popen[str]", effort: Effort) -> Iterator[Any]:
    """Yield what the reader tells, and raise what it ended with.

    One that ended without a word was ended by its limits, or met what no reader foresaw.
    """
    assert child.stdout is not None
    for line in child.stdout:
        told = json.loads(line)
        if isinstance(told, dict) and "fault" in told:
            effort.peak = max(effort.peak, told["peak"])
            if told["fault"]:
                raise Fault(told["fault"], **told["where"])
            return
        yield told
    raise Fault("ended")
