"""Files that members bring in: one course for every kind, which ``kinds`` describes each."""

from stores.services.imports.base import (
    ImportRefused,
    ImportSettled,
    UndoRefused,
)
from stores.services.imports.checking import (
    AT_ONCE,
    CHECK_IMPORT,
    begin,
    bring,
    check_step,
    missing,
    remap,
)
from stores.services.imports.registry import KINDS
from stores.services.imports.staging import KindUnclear, TooManyRows, cells_of, make_import
from stores.services.imports.writing import (
    FORGET_IMPORT,
    WRITE_IMPORT,
    confirm,
    discard,
    forget,
    troubles_of,
    undo,
    write,
    write_or_tell,
)

__all__ = [
    "AT_ONCE",
    "CHECK_IMPORT",
    "FORGET_IMPORT",
    "KINDS",
    "WRITE_IMPORT",
    "ImportRefused",
    "ImportSettled",
    "KindUnclear",
    "TooManyRows",
    "UndoRefused",
    "begin",
    "bring",
    "cells_of",
    "check_step",
    "confirm",
    "discard",
    "forget",
    "make_import",
    "missing",
    "remap",
    "troubles_of",
    "undo",
    "write",
    "write_or_tell",
]
