"""Tells a database that is away from a statement that it refuses."""

from typing import Final

import psycopg
from django.db import InterfaceError, OperationalError, ProgrammingError

# Connection exceptions, a server that shuts down, crashed or starts, and no more connections.
_AWAY: Final = ("08", "57P01", "57P02", "57P03", "57P05", "53300")
_AFTERWARDS: Final = "Cannot open a new connection in an atomic block."
_MOST_LINKS: Final = 10


def is_connection_fault(error: BaseException | None) -> bool:
    """Tell whether ``error`` came of a database that could not be reached, or was lost.

    A refused value, a lock, a deadlock or a statement that took too long is none.
    """
    for _ in range(_MOST_LINKS):
        if error is None:
            return False
        if _is_one(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_one(error: BaseException) -> bool:
    if isinstance(error, psycopg.OperationalError):
        # Without a state it is no answer of PostgreSQL's: the line is cut, or the pool is empty.
        return error.sqlstate is None or error.sqlstate.startswith(_AWAY)
    if isinstance(error, psycopg.InternalError):
        # A pooler that has lost its server answers out of turn: "received 2 results".
        return error.sqlstate is None
    if isinstance(error, OperationalError):
        return error.__cause__ is None
    if isinstance(error, InterfaceError | psycopg.InterfaceError):
        return "connection" in str(error)
    # What Django says next when the line was cut inside a transaction.
    return isinstance(error, ProgrammingError) and str(error) == _AFTERWARDS
