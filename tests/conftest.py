"""What every test stands on: a throw-away PostgreSQL, two agencies, and clients bound to hosts."""

import gc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.db import connections
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from tenants import schemas, scope
from tenants.models import Agency, Membership
from tests import factories, shares

FOUNDED = datetime(2026, 1, 5, 8, tzinfo=UTC)


def pytest_configure() -> None:
    gc.set_threshold(20_000)  # by its own 700 a fourth of the collection is the garbage collector's


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> shares.Shares | None:
    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # xdist's own order begins with the most tests
    return shares.Shares(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: shares.place(item.nodeid))


def pytest_collection_finish() -> None:
    _spare_the_collector()


def _spare_the_collector() -> None:
    """Let the garbage collector pass over what is there: it lasts as long as the run."""
    gc.collect()
    gc.freeze()


def _found_test_agencies() -> None:
    for slug in ("harbour", "meridian"):
        factories.make_agency(slug=slug, at=FOUNDED)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Migrate the throw-away database once, and found the agencies harbour and meridian."""
    with django_db_blocker.unblock():
        call_command("migrate_agencies", verbosity=0)
        _found_test_agencies()
        connections["owner"].close()
    _spare_the_collector()
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(autouse=True)
def _empty_caches() -> None:
    for alias in ("hosts", "agency"):  # "default" lies in the database, and is rolled back
        caches[alias].clear()


@pytest.fixture
def agency(db: None) -> Iterator[Agency]:
    """The agency harbour, its scope entered; what a test writes is rolled back."""
    agency = Agency.objects.get(slug="harbour")
    with scope.agency(agency):
        yield agency


@pytest.fixture
def other_agency(db: None) -> Agency:
    """The agency meridian, its scope not entered."""
    with scope.public():
        found: Agency = Agency.objects.get(slug="meridian")
        return found


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """No wrapping transaction: for tests of commits, other connections and processes.

    Afterwards every row and schema is removed and the two agencies are founded anew.
    """
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            connections["default"].close()
            _start_over()
            connections.close_all()


def _start_over() -> None:
    connection: Any = connections["owner"]
    connection.set_schema_to_public()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT schema_name FROM information_schema.schemata"
            " WHERE schema_name LIKE 'a\\_%' OR schema_name LIKE 'template\\_%'"
        )
        for (schema,) in cursor.fetchall():
            schemas.drop(schema)
        cursor.execute(
            "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename NOT IN"
            " ('django_migrations', 'django_content_type', 'auth_permission',"
            "  'tenants_schematemplate')"
        )
        (tables,) = cursor.fetchone()
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
    _found_test_agencies()


@pytest.fixture
def client_for() -> Callable[[Membership], Client]:
    """Return a function that gives a client signed in as a member, bound to her agency's host."""

    def make(member: Membership) -> Client:
        return factories.signed_in_client(member)

    return make


@pytest.fixture
def public_client() -> Client:
    return Client(headers={"host": factories.PUBLIC_HOST})
