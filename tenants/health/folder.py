"""The folder in which many processes count side by side, each in files of its own.

What ended processes have counted is added into one file, so that totals never fall and the folder
does not grow with each worker's child. One lock keeps whoever adds up from counting twice.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from prometheus_client.mmap_dict import MmapedDict

_ENDED: Final = "0"  # stands where a process' number stands in a file's name


def current() -> Path | None:
    """Return the folder, where processes count in one."""
    name = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    return Path(name) if name else None


@contextmanager
def settled(folder: Path) -> Iterator[None]:
    """Hold ``folder`` still, once what ended processes left is added up."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _add_up(folder)
        yield


def settle() -> None:
    """Add up what ended processes left, where processes count in a folder at all.

    Called when a process takes a place that another may have left, for nobody may ever read.
    """
    place = current()
    if place is not None:
        with settled(place):
            pass


def _add_up(folder: Path) -> None:
    for left in folder.glob("*.ended"):  # by one who was killed before it had removed them
        left.unlink()
    by_kind: dict[str, list[Path]] = {}
    for path in folder.glob("*_*.db"):
        kind, _, number = path.stem.rpartition("_")
        if number != _ENDED and number.isdigit() and not _lives(int(number)):
            by_kind.setdefault(kind, []).append(path.rename(path.with_suffix(".ended")))
    for kind, paths in by_kind.items():
        _add(folder / f"{kind}_{_ENDED}.db", paths)


def _add(total: Path, paths: list[Path]) -> None:
    """Add the counts of ``paths`` to ``total`` and remove them; a reader never sees half of it."""
    unfinished = total.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    sums: dict[str, float] = {}
    for path in [total, *paths]:
        # The first time there is no total; and whoever was killed at once has left nothing to read.
        with suppress(FileNotFoundError, struct.error):
            for key, value, _at, _place in MmapedDict.read_all_values_from_file(str(path)):
                sums[key] = sums.get(key, 0.0) + value
    written = MmapedDict(str(unfinished))
    for key, value in sums.items():
        written.write_value(key, value, 0.0)
    written.close()
    unfinished.replace(total)
    for path in paths:
        path.unlink()


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
