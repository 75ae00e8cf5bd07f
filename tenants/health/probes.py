"""Asks database and queue whether they answer, in bounded time and without the pages' own lines.

The probe of the database has a connection of its own: a pool that is busy is no reason to be taken
out of service, and a line that hangs must not hold whoever asks.
"""

import pkgutil
import select
import time
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Final

import psycopg
import redis
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from psycopg import pq
from psycopg.conninfo import make_conninfo

WITHIN: Final = 1.5  # seconds
_APPLIED: Final = b"SELECT app || '.' || name FROM public.django_migrations"

_NO_SUCH_TABLE: Final = b"42P01"


class NoAnswer(Exception):
    """The database cannot be reached, or not in time."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What this process needs. Without the queue every write is still taken, and kept as due."""

    database: bool
    schema: bool
    queue: bool

    @property
    def is_ready(self) -> bool:
        return self.database and self.schema


def readiness() -> Readiness:
    """Return what answers; takes at most about two seconds, and never raises."""
    queue = queue_answers(within=0.3)
    try:
        missing = missing_migrations()
    except NoAnswer:
        return Readiness(database=False, schema=False, queue=queue)
    return Readiness(database=True, schema=not missing, queue=queue)


def missing_migrations(*, within: float = WITHIN) -> frozenset[str]:
    """Return those of the code's migrations that the public tables lack, as ``app.name``.

    More in the database than in the code is well: a deploy migrates first.

    Raises:
        NoAnswer: if the database does not tell in time.
    """
    return _migrations() - _ask(_APPLIED, within)


def queue_answers(*, within: float = 1.0) -> bool:
    """Tell whether the queue's server answers; pages and writes do without."""
    limits = {"socket_connect_timeout": within, "socket_timeout": within}
    try:
        with redis.Redis.from_url(settings.REDIS_URL, **limits) as line:
            return bool(line.ping())
    except (redis.RedisError, OSError, ValueError):  # the last for an address that is none
        return False


@cache
def _migrations() -> frozenset[str]:
    """Return the names of all migrations that come with the code; none of them is loaded."""
    names = set()
    for app in apps.get_app_configs():
        module, _is_set = MigrationLoader.migrations_module(app.label)
        try:
            folder = import_module(module) if module else None
        except ModuleNotFoundError:
            continue
        for each in pkgutil.iter_modules(getattr(folder, "__path__", [])):
            if not each.ispkg and each.name[0] not in "_~":
                names.add(f"{app.label}.{each.name}")
    return frozenset(names)


def _ask(question: bytes, within: float) -> set[str]:
    """Return the first column of the answer; no step waits past the end of ``within`` seconds."""
    ends_at = time.monotonic() + within
    line = pq.PGconn.connect_start(_address())
    try:
        _connect(line, ends_at)
        line.send_query(question)
        while line.is_busy():
            _wait(line.socket, ends_at, for_reading=True)
            line.consume_input()
        result = line.get_result()
        if result is None:
            raise NoAnswer
        if result.error_field(pq.DiagnosticField.SQLSTATE) == _NO_SUCH_TABLE:
            return set()
        if result.status != pq.ExecStatus.TUPLES_OK:
            raise NoAnswer
        return {(result.get_value(row, 0) or b"").decode() for row in range(result.ntuples)}
    except psycopg.Error as error:
        raise NoAnswer from error
    finally:
        line.finish()


def _address() -> bytes:
    known: dict[str, Any] = connections["default"].get_connection_params()
    names = ("dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "service")
    return make_conninfo(**{name: known[name] for name in names if name in known}).encode()


def _connect(line: pq.abc.PGconn, ends_at: float) -> None:
    status = pq.PollingStatus.WRITING  # libpq's rule for the first wait
    while status != pq.PollingStatus.OK:
        if status == pq.PollingStatus.FAILED or line.status == pq.ConnStatus.BAD:
            raise NoAnswer
        _wait(line.socket, ends_at, for_reading=status == pq.PollingStatus.READING)
        status = pq.PollingStatus(line.connect_poll())


def _wait(socket: int, ends_at: float, *, for_reading: bool) -> None:
    left = ends_at - time.monotonic()
    waited = ([socket], []) if for_reading else ([], [socket])
    if left <= 0 or not any(select.select(*waited, [], left)):
        raise NoAnswer
