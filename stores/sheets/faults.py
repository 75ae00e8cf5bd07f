"""Why a file cannot be read: a code and where in the file, for whoever tells it in words."""

from typing import Any


class Fault(Exception):
    """The file, or from some place on, cannot be read; ``where`` may name sheet, row, column."""

    def __init__(self, code: str, **where: Any) -> None:
        super().__init__(code)
        self.code = code
        self.where = where
