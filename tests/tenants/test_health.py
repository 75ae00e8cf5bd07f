"""Does it live, can it work: what machines are told, also while the database is away."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import DataError, OperationalError, ProgrammingError, connections
from django.db.transaction import TransactionManagementError
from django.test import Client
from psycopg import errors
from psycopg_pool import PoolTimeout
from pytest_django import DjangoAssertNumQueries, Settings

from config.launcher import processes
from config.launcher.servers import ValkeyServer
from tenants.health import probes
from tenants.health.faults import is_connection_fault
from tenants.models import Agency

pytestmark = pytest.mark.django_db
HOSTS = ["localhost:8000", "harbour.localhost:8000", "nobody.localhost:8000", "evil.example", ""]


@contextmanager
def _database_at(port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setitem(connections["default"].settings_dict, "PORT", str(port))
        yield


@pytest.mark.parametrize("host", HOSTS)
def test_whether_it_lives_is_told_without_a_query_on_any_host(
    agency: Agency, host: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = Client(headers={"host": host})
    client.cookies["storewarden_session"] = "a" * 32

    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.content, dict(answer.cookies)) == (200, b"ok", {})


@pytest.mark.parametrize("host", HOSTS)
def test_it_is_ready_without_the_queue_as_writes_are_kept(
    agency: Agency, host: str, settings: Settings
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{processes.free_port()}/0"

    answer = Client(headers={"host": host}).get("/readyz")

    assert (answer.status_code, answer.json()) == (
        200,
        {"database": True, "schema": True, "queue": False},
    )


def test_the_queue_is_told_of_when_it_answers(settings: Settings, tmp_path: Any) -> None:
    with ValkeyServer(tmp_path / "valkey") as server:
        settings.REDIS_URL = server.url
        answers = Client().get("/readyz").json()["queue"]
        settings.REDIS_URL = server.url.replace(server.password, "wrong")
        refused = Client().get("/readyz").json()["queue"]
    assert (answers, refused) == (True, False)


@pytest.mark.parametrize("address", ["amqp://127.0.0.1/", "nonsense"])
def test_an_odd_address_of_the_queue_harms_nobody(settings: Settings, address: str) -> None:
    settings.REDIS_URL = address

    assert Client().get("/readyz").json() == {"database": True, "schema": True, "queue": False}


def test_it_is_not_ready_where_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with _database_at(processes.free_port(), monkeypatch):
        answer = Client().get("/readyz")

    assert (answer.status_code, answer.json()) == (
        503,
        {"database": False, "schema": False, "queue": False},
    )


def test_it_is_not_ready_within_two_seconds_where_the_database_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with _database_at(silent.getsockname()[1], monkeypatch):
            answer = Client().get("/readyz")
        took = time.monotonic() - began

    assert (answer.status_code, took < 2.2) == (503, True)


def test_it_is_not_ready_while_a_migration_is_missing() -> None:
    # given a database that the deploy has not yet migrated
    rename = "UPDATE django_migrations SET name = %s WHERE app = 'tenants' AND name = %s"
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(rename, ["later", "0001_initial"])
        # when
        answer, missing = Client().get("/readyz"), probes.missing_migrations()
        owner.execute(rename, ["0001_initial", "later"])

    # then
    assert (answer.status_code, answer.json()["database"], answer.json()["schema"]) == (
        503,
        True,
        False,
    )
    assert missing == {"tenants.0001_initial"}
    assert probes.missing_migrations() == frozenset()


def _caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "is_fault"),
    [
        pytest.param(psycopg.OperationalError("connection refused"), True, id="refused"),
        pytest.param(PoolTimeout("no connection"), True, id="pool"),
        pytest.param(errors.AdminShutdown("x"), True, id="terminated"),
        pytest.param(errors.CannotConnectNow("x"), True, id="starting"),
        pytest.param(errors.TooManyConnections("x"), True, id="too many connections"),
        pytest.param(errors.ConnectionFailure("x"), True, id="connection failure"),
        pytest.param(OperationalError("gone"), True, id="by itself"),
        pytest.param(
            _caused(OperationalError("gone"), psycopg.OperationalError("gone")), True, id="wrapped"
        ),
        pytest.param(
            _caused(TransactionManagementError("broken"), psycopg.OperationalError("gone")),
            True,
            id="in a broken transaction",
        ),
        pytest.param(
            ProgrammingError("Cannot open a new connection in an atomic block."),
            True,
            id="after it was lost",
        ),
        pytest.param(psycopg.InterfaceError("the connection is closed"), True, id="closed"),
        pytest.param(psycopg.InterfaceError("the cursor is closed"), False, id="closed cursor"),
        pytest.param(
            _caused(OperationalError("slow"), errors.QueryCanceled("slow")), False, id="slow"
        ),
        pytest.param(
            _caused(OperationalError("x"), errors.DeadlockDetected("x")), False, id="deadlock"
        ),
        pytest.param(
            _caused(DataError("x"), errors.NumericValueOutOfRange("x")), False, id="a value"
        ),
        pytest.param(
            psycopg.InternalError("received 2 results from command 'BEGIN'"),
            True,
            id="out of turn",
        ),
        pytest.param(errors.InFailedSqlTransaction("x"), False, id="failed before"),
        pytest.param(ProgrammingError("syntax"), False, id="a bug"),
        pytest.param(ConnectionError("a marketplace"), False, id="another server"),
        pytest.param(None, False, id="nothing"),
    ],
)
def test_only_a_lost_database_counts_as_away(error: Exception | None, *, is_fault: bool) -> None:
    assert is_connection_fault(error) is is_fault
