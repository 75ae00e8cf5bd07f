"""The scope: whose rows are in sight."""

import threading

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from stores.models import Client
from tenants import scope
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
