"""The scope: whose rows are in sight."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import Final

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Count

from stores.models import Client
from tenants import scope
from tenants.base import AgencyModel, AgencyQuery
from tenants.models import Agency
from tests import factories


def _client_names() -> list[str]:
    return list(Client.objects.order_by("name").values_list("name", flat=True))


def test_scope_shows_the_agencys_rows_and_no_others(agency: Agency, other_agency: Agency) -> None:
    Client.objects.create(name="Ours")
    with scope.agency(other_agency):
        Client.objects.create(name="Theirs")
        seen_by_other = _client_names()
    assert (_client_names(), seen_by_other) == (["Ours"], ["Theirs"])


def test_scope_is_kept_after_a_savepoint_rolls_back(agency: Agency, other_agency: Agency) -> None:
    Client.objects.create(name="Ours")
    with pytest.raises(IntegrityError), scope.agency(other_agency):
        Client.objects.bulk_create([Client(name="Theirs"), Client(name="Theirs")])
    assert _client_names() == ["Ours"]


def test_agency_rows_are_out_of_sight_without_a_scope(agency: Agency) -> None:
    with (
        scope.public(),
        pytest.raises(ProgrammingError, match="stores_client"),
        transaction.atomic(),
    ):
        _client_names()


def test_a_new_row_without_a_scope_is_refused(db: None) -> None:
    with pytest.raises(scope.NoScope):
        Client(name="Nobody's")


def test_a_row_of_another_agency_is_refused_by_the_role(
    agency: Agency, other_agency: Agency
) -> None:
    # given a row of the other agency's, read by its qualified name
    with scope.agency(other_agency):
        Client.objects.create(name="Theirs")
    table = f'"{other_agency.schema_name}"."stores_client"'

    # then
    with (
        pytest.raises(ProgrammingError, match="permission denied for schema"),
        transaction.atomic(),
    ):
        list(Client.objects.raw(f"SELECT * FROM {table}"))  # noqa: S608 - our own schema's name


def test_a_row_of_another_agency_is_refused_on_load(agency: Agency, other_agency: Agency) -> None:
    # given the values of a row, as they come out of the database
    names = ["id", "agency_id", "name"]
    ours, theirs = (Client(name="Silk"), Client(name="Silk", agency_id=other_agency.pk))
    values, foreign_values = ([getattr(row, name) for name in names] for row in (ours, theirs))

    # then
    assert Client.from_db("default", names, values) == ours
    with pytest.raises(scope.ForeignRow):
        Client.from_db("default", names, foreign_values)


def test_the_database_refuses_a_row_with_another_agencys_id(
    agency: Agency, other_agency: Agency
) -> None:
    with pytest.raises(Exception, match="row_of_its_agency"), transaction.atomic():
        Client.objects.create(name="Smuggled", agency_id=other_agency.pk)


@pytest.mark.usefixtures("committed")
def test_a_thread_starts_without_a_scope() -> None:
    harbour = Agency.objects.get(slug="harbour")
    found: list[scope.Place | None] = []
    with scope.agency(harbour):
        thread = threading.Thread(target=lambda: found.append(scope.current()))
        thread.start()
        thread.join()
    assert found == [None]


@pytest.mark.usefixtures("committed")
def test_agency_sql_outside_a_transaction_raises() -> None:
    harbour = Agency.objects.get(slug="harbour")
    place = scope.Place(id=harbour.pk, schema=harbour.schema_name)
    token = scope._current.set(place)
    try:
        with pytest.raises(scope.NoScope), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        scope._current.reset(token)


@pytest.mark.usefixtures("committed")
def test_nothing_of_a_scope_is_left_in_force_after_it() -> None:
    with scope.agency(Agency.objects.get(slug="harbour")):
        Client.objects.create(name="Ours")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('search_path'), current_setting('app.agency', true),"
            " current_user = session_user"
        )
        path, agency_id, is_login_role = cursor.fetchone()
    assert (path, agency_id or "", is_login_role) == ('"$user", public', "", True)


def test_factories_give_members_the_reach_of_their_role(agency: Agency) -> None:
    lead, specialist = factories.make_membership("lead"), factories.make_membership("specialist")
    assert (lead.sees_all_stores, specialist.sees_all_stores) == (True, False)


# What was built in one scope


def _late(agency: Agency) -> dict[str, Callable[[], object]]:
    """Return ways to evaluate querysets that were all built in the agency's scope."""
    with scope.agency(agency):
        rows = Client.objects.order_by("name")
        narrowed = Client.objects.filter(name__startswith="T")
        raw = Client.objects.raw("SELECT * FROM stores_client")
        of_a_client = Client(name="Theirs").stores.all()
    return {
        "rows": lambda: list(rows),
        "narrowed later": lambda: list(rows.filter(name="Theirs").reverse()),
        "values": lambda: list(rows.values("name")),
        "values_list": lambda: list(rows.values_list("name", flat=True)),
        "iterator": lambda: list(rows.iterator(chunk_size=1)),
        "count": rows.count,
        "exists": rows.exists,
        "first": rows.first,
        "aggregate": lambda: rows.aggregate(Count("pk")),
        "in another query": lambda: list(Client.objects.filter(pk__in=rows)),
        "union": lambda: list(rows.order_by().union(narrowed.order_by())),
        "related rows": lambda: list(of_a_client),
        "raw": lambda: list(raw),
        "raw iterator": lambda: list(raw.iterator()),
        "update": lambda: narrowed.update(name="Ours"),
        "delete": narrowed.delete,
        "raw delete": lambda: narrowed._raw_delete("default"),
    }


WAYS: Final = (
    *("rows", "narrowed later", "values", "values_list", "iterator", "count", "exists", "first"),
    *("aggregate", "in another query", "union", "related rows", "raw", "raw iterator"),
    *("update", "delete", "raw delete"),
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["in another agency's scope", "outside any scope"])
def test_a_queryset_is_refused_in_another_scope_than_its_own(
    agency: Agency, other_agency: Agency, way: str, place: str
) -> None:
    # given rows on both sides, and a queryset of the other's
    Client.objects.create(name="Ours")
    with scope.agency(other_agency):
        Client.objects.create(name="Theirs")
    ways = _late(other_agency)
    assert tuple(ways) == WAYS

    # then
    here = scope.public() if place == "outside any scope" else nullcontext()
    with here, pytest.raises(scope.LateQuery), transaction.atomic():
        ways[way]()

    # and nothing was changed, on neither side
    with scope.agency(other_agency):
        assert _client_names() == ["Theirs"]
    assert _client_names() == ["Ours"]


def test_a_queryset_serves_in_every_entry_of_its_own_scope(agency: Agency) -> None:
    with scope.agency(agency):
        rows = Client.objects.values_list("name", flat=True)
    Client.objects.create(name="Ours")
    assert list(rows) == ["Ours"]


def test_every_queryset_of_an_agencys_rows_remembers_its_scope() -> None:
    forgetful = {
        model._meta.label
        for model in apps.get_models()
        if issubclass(model, AgencyModel)
        for manager in model._meta.managers
        if not isinstance(manager.all().query, AgencyQuery)
    }
    assert forgetful == set()


def test_a_statement_in_a_scope_neither_runs_nor_waits_for_ever(agency: Agency) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"
        )
        assert cursor.fetchone() == ("1min", "10s")
