"""What a client was told, written down at once so that it outlives any process."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Told:
    """Names that were tried, and those among them whose keeping was acknowledged."""

    tried: frozenset[str]
    kept: frozenset[str]


class Journal:
    """A file of names, each tried before it is sent and kept once it is acknowledged.

    What is kept is on the disk before ``keep`` returns. Threads may share one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def try_(self, name: str) -> None:
        self._write(f"try {name}\n")

    def keep(self, name: str) -> None:
        self._write(f"keep {name}\n")
        os.fsync(self._file)

    def told(self) -> Told:
        return read(self.path)

    def _write(self, line: str) -> None:
        with self._lock:
            os.write(self._file, line.encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)


def read(path: Path) -> Told:
    lines = path.read_text().splitlines() if path.exists() else []
    words = [line.partition(" ") for line in lines]
    return Told(
        tried=frozenset(name for verb, _, name in words if verb == "try"),
        kept=frozenset(name for verb, _, name in words if verb == "keep"),
    )
