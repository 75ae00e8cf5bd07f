"""Reads of many agencies at once through a pooler, in a process of its own.

Run as a program, it reads on threads until the count is reached, in every way that the ORM and raw
SQL know, while its backends are killed, and prints what it found as one JSON object.
"""

import argparse
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import django

    django.setup()

import psycopg
from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    transaction,
)
from django.db.models import Count
from psycopg.errors import UndefinedTable

from stores.models import Client
from tenants import scope
from tenants.models import Agency

THREADS: Final = 8
ROWS: Final = 5  # of each agency
PAUSE_BETWEEN_KILLS: Final = 0.1  # seconds
LONGEST: Final = 600.0  # seconds
Names = frozenset[str]


def canaries(agency: Agency) -> Names:
    """Return the names of the clients that the agency has, and nobody else."""
    return frozenset(f"canary {agency.slug} {number}" for number in range(ROWS))


def sow(agencies: Iterable[Agency]) -> None:
    """Write each agency's canaries."""
    for agency in agencies:
        with scope.agency(agency):
            Client.objects.bulk_create(Client(name=name) for name in sorted(canaries(agency)))


# Ways to read: each is called in an agency's scope and returns the names that it saw.


def _raw_sql() -> Names:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM stores_client")
        return frozenset(name for (name,) in cursor.fetchall())


def _copied() -> Names:
    wrapper: Any = connection
    wrapper.ensure_connection()
    wrapper.enforce_scope()
    with (
        wrapper.connection.cursor() as cursor,
        cursor.copy("COPY (SELECT name FROM stores_client) TO STDOUT") as copied,
    ):
        return frozenset(name for (name,) in copied.rows())


def _after_a_savepoint_was_rolled_back() -> Names:
    for _ in range(2):
        try:
            with transaction.atomic():
                Client.objects.bulk_create([Client(name="twice"), Client(name="twice")])
        except IntegrityError:
            continue
    return frozenset(Client.objects.values_list("name", flat=True))


def _after_another_scope() -> Names:
    with scope.public():
        Agency.objects.count()
    return frozenset(Client.objects.values_list("name", flat=True))


def _by_slow_steps() -> Names:
    seen = set()
    for row in Client.objects.order_by("name").iterator(chunk_size=1):
        time.sleep(0.0005)  # others take their turn at the pool's connections
        seen.add(row.name)
    return frozenset(seen)


WAYS: Final[dict[str, Callable[[], Names]]] = {
    "rows": lambda: frozenset(row.name for row in Client.objects.all()),
    "values()": lambda: frozenset(row["name"] for row in Client.objects.values("name")),
    "values_list()": lambda: frozenset(Client.objects.values_list("name", flat=True)),
    "iterator()": _by_slow_steps,
    "grouped": lambda: frozenset(
        row["name"] for row in Client.objects.values("name").annotate(n=Count("pk"))
    ),
    "raw()": lambda: frozenset(
        row.name for row in Client.objects.raw("SELECT * FROM stores_client")
    ),
    "raw SQL": _raw_sql,
    "COPY": _copied,
    "after savepoint rollbacks": _after_a_savepoint_was_rolled_back,
    "after another scope": _after_another_scope,
}


# What must be refused: each is called with an agency, outside any scope.


def _late(agency: Agency) -> None:
    with scope.agency(agency):
        rows = Client.objects.all()
    list(rows)


def _no_transaction(agency: Agency) -> None:
    token = scope._current.set(scope.Place(agency.pk, agency.schema_name))
    try:
        list(Client.objects.all())
    finally:
        scope._current.reset(token)


def _no_scope(_agency: Agency) -> None:
    list(Client.objects.all())


def _child_thread(agency: Agency) -> None:
    found: list[BaseException | None] = []

    def read() -> None:
        try:
            list(Client.objects.all())
            found.append(None)
        except Exception as error:  # noqa: BLE001 - it is raised on below
            found.append(error)
        finally:
            connection.close()

    with scope.agency(agency):
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    if found[0]:
        raise found[0]


REFUSED: Final[dict[str, Callable[[Agency], None]]] = {
    "a late queryset": _late,
    "no transaction": _no_transaction,
    "no scope": _no_scope,
    "a child thread": _child_thread,
}


@dataclass
class Findings:
    """What all threads found together."""

    read: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    cut_off: int = 0  # by a killed backend or pooler; nothing was read
    killed: int = 0
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def total(self) -> int:
        return sum(self.read.values())


def _read_once(agency: Agency, rng: random.Random, findings: Findings) -> None:
    way = rng.choice([*WAYS, *REFUSED])
    try:
        if way in REFUSED:
            _expect_refusal(way, agency, findings)
            return
        with scope.agency(agency):
            seen = WAYS[way]()
    except (psycopg.Error, InterfaceError, DatabaseError) as error:
        if not _is_cut(error):
            raise
        connection.close()
        with findings.lock:
            findings.cut_off += 1
        return
    with findings.lock:
        findings.read[way] += 1
        if seen != canaries(agency):
            findings.wrong.append(f"{way} in {agency.slug} saw {sorted(seen)}")


def _expect_refusal(way: str, agency: Agency, findings: Findings) -> None:
    try:
        REFUSED[way](agency)
    except (scope.LateQuery, scope.NoScope):
        pass
    except DatabaseError as error:
        if _is_cut(error):
            raise
        if not isinstance(error.__cause__, UndefinedTable):
            raise
    else:
        with findings.lock:
            findings.wrong.append(f"{way} of {agency.slug} was not refused")
    with findings.lock:
        findings.refused[way] += 1


def _is_cut(error: Exception) -> bool:
    """Tell a connection that was ended from a statement that was refused."""
    if isinstance(error, psycopg.OperationalError | OperationalError | InterfaceError):
        return True
    # The pooler tells of the end unasked, before the answer to what is sent next.
    told_twice = ("received 2 results", "COPY cannot be mixed with other operations")
    return isinstance(error, InternalError | psycopg.ProgrammingError) and any(
        words in str(error) for words in told_twice
    )


def _kill_backends(url: str, rng: random.Random, findings: Findings, done: threading.Event) -> None:
    """End a random backend of ours now and then, straight at the database."""
    with psycopg.connect(url, autocommit=True) as psql:
        while not done.wait(PAUSE_BETWEEN_KILLS * (0.5 + rng.random())):
            backends = psql.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = current_user"
                " AND datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid"
            ).fetchall()
            if backends:
                (pid,) = rng.choice(backends)
                psql.execute("SELECT pg_terminate_backend(%s)", [pid])
                findings.killed += 1


def read_many(*, reads: int, seed: int, server_url: str) -> Findings:
    """Read on threads until ``reads`` were made, while backends are killed."""
    agencies = list(Agency.objects.filter(state=Agency.State.READY).order_by("slug"))
    findings, done, give_up_at = Findings(), threading.Event(), time.monotonic() + LONGEST
    failures: list[BaseException] = []

    def read(number: int) -> None:
        rng = random.Random(f"{seed} {number}")  # noqa: S311 - repeatable, not secret
        try:
            while findings.total < reads and time.monotonic() < give_up_at and not failures:
                _read_once(rng.choice(agencies), rng, findings)
        except Exception as error:  # noqa: BLE001 - it is raised on below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=read, args=[number]) for number in range(THREADS)]
    killer = threading.Thread(
        target=_kill_backends,
        args=[server_url, random.Random(f"{seed} killer"), findings, done],  # noqa: S311
    )
    for thread in [*threads, killer]:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    killer.join()
    if failures:
        raise failures[0]
    return findings


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--reads", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    asked = parser.parse_args()
    found = read_many(reads=asked.reads, seed=asked.seed, server_url=os.environ["SERVER_URL"])
    told = {
        "read": found.read,
        "refused": found.refused,
        "cut_off": found.cut_off,
        "killed": found.killed,
        "wrong": found.wrong,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
