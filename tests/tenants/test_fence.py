"""The fence in the database itself: what a statement reaches, whatever the program meant."""

import re
from collections.abc import Iterator
from typing import Any, Final, LiteralString

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from psycopg import errors, sql

from stores.models import Client
from tenants import fence, schemas, scope
from tenants.models import Agency, Domain, Membership
from tests import factories
from tests.tenants.probes.tables import (
    Psql,
    Side,
    Table,
    acts_on_any_row,
    acts_on_rows_of,
    connect,
    enter,
    fill,
    got_through,
    public_tables,
    tables_in,
    try_everything,
    two_roles,
)

OTHER: Final = {"harbour": "meridian", "meridian": "harbour"}


@pytest.fixture
def psql(django_db_setup: None) -> Iterator[Psql]:
    """The login role's connection; what a test writes is rolled back."""
    with connect() as psql:
        yield psql
        psql.rollback()


# The login role, by itself


@two_roles
def test_the_login_role_may_nothing_by_itself(psql: Psql) -> None:
    found = psql.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit, EXISTS ("
        " SELECT FROM pg_class WHERE relowner = r.oid) FROM pg_roles r WHERE rolname = current_user"
    ).fetchall()

    assert found == [(False,) * 6]


@two_roles
@pytest.mark.parametrize("slug", ["harbour", "meridian"])
def test_the_login_role_reaches_no_table_of_an_agency(psql: Psql, slug: str) -> None:
    side = Side.of(psql, slug)
    acts = {table: acts_on_any_row(table) for table in tables_in(psql, side.schema)}

    outside_any_scope = got_through(psql, acts)
    enter(psql, agency=side.id)
    with_the_agency_named = got_through(psql, acts)

    assert (outside_any_scope, with_the_agency_named) == ({}, {})


@two_roles
def test_the_login_role_sees_no_public_row_of_an_agency_once_one_is_named(psql: Psql) -> None:
    # given rows of both, seen outside any scope
    sides = [Side.of(psql, slug) for slug in OTHER]
    fill(psql, *sides)
    tables = public_tables(psql)
    count = {table: acts_on_any_row(table)["select"] for table in tables}
    assert [table for table in tables if count[table](psql) < len(sides)] == []

    # when one of the two is named
    enter(psql, agency=sides[0].id)

    # then
    assert {table.name: count[table](psql) for table in tables if count[table](psql)} == {}


# An agency's role


@pytest.mark.parametrize("slug", ["harbour", "meridian"])
def test_an_agencys_role_reaches_no_public_row_of_another(psql: Psql, slug: str) -> None:
    # given rows of both
    reader, other = Side.of(psql, slug), Side.of(psql, OTHER[slug])
    fill(psql, reader, other)
    tables = public_tables(psql)
    on_own = {table: acts_on_rows_of(psql, table, reader) for table in tables}
    on_foreign = {table: acts_on_rows_of(psql, table, other) for table in tables}

    # when
    enter(psql, role=reader.role, agency=reader.id)

    # then nothing of the other's is read or written, and by the same acts its own is
    assert got_through(psql, on_foreign) == {}
    own = got_through(psql, on_own)
    assert {act: _tables_with(own, act) for act in ("select", "insert", "update", "delete")} == {
        "select": {table.name for table in tables if _has_right(table, "SELECT")},
        "insert": {table.name for table in tables if _has_right(table, "INSERT")},
        "update": {table.name for table in tables if _has_right(table, "UPDATE")},
        "delete": set(),
    }


def _tables_with(got_through: dict[str, int | str], act: str) -> set[str]:
    return {key.split()[0] for key in got_through if key.endswith(f" {act}")}


def _has_right(table: Table, may: str) -> bool:
    return any(may in right.may.split(", ") for right in fence.RIGHTS.get(table.name, ()))


@pytest.mark.parametrize("slug", ["harbour", "meridian"])
def test_an_agencys_role_reaches_no_table_of_another(psql: Psql, slug: str) -> None:
    # given
    reader, other = Side.of(psql, slug), Side.of(psql, OTHER[slug])
    own = acts_on_any_row(Table(reader.schema, "checklist_procedure"))["select"]

    # when
    tried = try_everything(psql, reader, other)

    # then
    assert (tried.got_through, tried.attempts > 200) == ({}, True)
    assert own(psql) > 0

    # and a way into the schema would not do: each of its tables is closed as well
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    found = psql.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = ("
        " SELECT oid FROM pg_namespace WHERE nspname = %s) AND relkind = 'r'"
        " AND has_table_privilege(%s, oid, %s)",
        [other.schema, reader.role, ", ".join(rights)],
    )
    assert found.fetchall() == []


def test_an_agencys_role_takes_no_other_role_with_it(psql: Psql) -> None:
    """An agency's role holds the group's rights, and nobody's else."""
    reader = Side.of(psql, "harbour")
    found = psql.execute(
        "SELECT rolname FROM pg_roles WHERE rolname <> %s AND pg_has_role(%s, oid, 'MEMBER')",
        [reader.role, reader.role],
    )

    assert found.fetchall() == [(fence.group(),)]


# What no agency's role may read, of its own people neither
_SECRETS: Final = {
    "a password": "SELECT password FROM tenants_user",
    "a whole person": "SELECT * FROM tenants_user",
    "a second factor": "SELECT data FROM mfa_authenticator",
    "a pass to a host": "SELECT * FROM tenants_handoff",
    "what a person did with her account": "SELECT * FROM tenants_accountevent",
    "a person's addresses": "SELECT * FROM account_emailaddress",
    "where a person has signed in": "SELECT * FROM usersessions_usersession",
    "the secret of an own app": "SELECT * FROM tenants_marketplaceapp",
    "passwords of roles": "SELECT * FROM pg_authid",
    "files of the server": "SELECT pg_read_file('PG_VERSION')",
    "programs of the server": "COPY (SELECT 1) TO PROGRAM 'true'",
}
# What would last beyond its statement, or change the fence.
_LASTING: Final = {
    "a temporary table": "CREATE TEMPORARY TABLE stores_store (id uuid)",
    "a table in public": "CREATE TABLE public.stores_store (id uuid)",
    "a table in its own schema": "CREATE TABLE novelty (id uuid)",
    "a function in its own schema": "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
    "a schema": "CREATE SCHEMA novelty",
    "a role": "CREATE ROLE novelty",
    "no row policies": "ALTER TABLE tenants_membership DISABLE ROW LEVEL SECURITY",
    "no trigger on the ledger": "ALTER TABLE scoring_ledgerentry DISABLE TRIGGER USER",
    "another agency in its rows": "ALTER TABLE stores_store ALTER agency_id DROP DEFAULT",
    "the owner's session": f"SET SESSION AUTHORIZATION {fence.owner()}",
    "the owner's role": f"SET ROLE {fence.owner()}",
}
_FORBIDDEN: Final = _SECRETS | _LASTING


@pytest.mark.parametrize("statement", _FORBIDDEN.values(), ids=_FORBIDDEN.keys())
def test_an_agencys_role_reads_no_secret_and_changes_nothing_that_lasts(
    psql: Psql, statement: LiteralString
) -> None:
    reader = Side.of(psql, "harbour")
    enter(psql, role=reader.role, agency=reader.id)
    psql.execute(
        sql.SQL("SET LOCAL search_path = {}, public").format(sql.Identifier(reader.schema))
    )

    with pytest.raises(errors.InsufficientPrivilege):
        psql.execute(statement)


def test_an_agencys_role_learns_nothing_of_others_statements_and_values(psql: Psql) -> None:
    """What the server tells about its sessions and about the spread of values is kept back."""
    reader, other = Side.of(psql, "harbour"), Side.of(psql, "meridian")
    with connect("owner") as owner:
        owner.execute(
            sql.SQL("ANALYZE {}").format(sql.Identifier(other.schema, "checklist_procedure"))
        )
        owner.commit()
        enter(psql, role=reader.role, agency=reader.id)
        statements = psql.execute(
            "SELECT DISTINCT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        values = psql.execute("SELECT count(*) FROM pg_stats WHERE schemaname = %s", [other.schema])

        assert statements.fetchall() == [("<insufficient privilege>",)]
        assert values.fetchall() == [(0,)]


# The catalog


_GUARD: Final = {
    "row security": True,
    "its owner too": True,
    "for_migrations": (fence.owner(), "*"),
    "of_one_agency": (fence.group(), "*"),
    "outside_any_scope": (fence.login(), "*"),
}


def _guards(psql: Psql) -> dict[str, dict[str, Any]]:
    """Return how each public table with rows of agencies is guarded."""
    found = {}
    for table in public_tables(psql):
        ((row_security, forced),) = psql.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
            [str(table)],
        ).fetchall()
        policies = psql.execute(
            "SELECT polname, array_to_string(polroles::regrole[], ','), polcmd FROM pg_policy"
            " WHERE polrelid = %s::regclass ORDER BY polname",
            [str(table)],
        )
        found[table.name] = {
            "row security": row_security,
            "its owner too": forced,
            **{name: (role, command) for name, role, command in policies},
        }
    return found


def test_every_public_table_with_an_agency_is_guarded(psql: Psql) -> None:
    guards = _guards(psql)

    assert {Agency._meta.db_table, Domain._meta.db_table, Membership._meta.db_table} <= set(guards)
    assert {name: guard for name, guard in guards.items() if guard != _GUARD} == {}


@pytest.mark.parametrize(
    "column", ["agency_id uuid", "seller uuid REFERENCES tenants_agency (id)"], ids=["id", "key"]
)
def test_a_new_public_table_with_an_agency_does_not_pass(
    django_db_setup: None, column: LiteralString
) -> None:
    with connect("owner") as owner:
        owner.execute(sql.SQL("CREATE TABLE public.tenants_novelty ({})").format(sql.SQL(column)))
        guard = _guards(owner)["tenants_novelty"]
        owner.rollback()

    assert guard == {"row security": False, "its owner too": False}


def test_nothing_runs_or_shows_by_anothers_rights(psql: Psql) -> None:
    """A view or a function that takes its owner's rights would be a way around the policies."""
    found = psql.execute(
        """
        SELECT name FROM (
          SELECT relname AS name, relnamespace AS place FROM pg_class
          WHERE relkind IN ('v', 'm', 'f')
          UNION ALL SELECT proname, pronamespace FROM pg_proc WHERE prosecdef) made
        WHERE place NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        """
    )

    assert found.fetchall() == []


def test_agencies_hold_in_public_what_is_listed_and_nothing_else(psql: Psql) -> None:
    held = psql.execute(
        """
        SELECT r.rolname, held.relname, held.attname, privilege_type FROM (
          SELECT relname, NULL AS attname, relacl AS acl FROM pg_class
          WHERE relnamespace = 'public'::regnamespace
          UNION ALL
          SELECT relname, attname, attacl FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid
          WHERE relnamespace = 'public'::regnamespace) held, aclexplode(acl) one
        LEFT JOIN pg_roles r ON r.oid = grantee
        WHERE r.rolname IS DISTINCT FROM %s AND r.rolname IS DISTINCT FROM %s
        """,
        [fence.owner(), fence.login()],
    ).fetchall()

    assert set(held) == {
        (fence.group(), table, column, may)
        for table, rights in fence.RIGHTS.items()
        for right in rights
        for may in right.may.split(", ")
        for column in right.columns or (None,)
    }


# What is in force as the scope changes


def _in_force() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('app.agency', true)")
        role, agency_id = cursor.fetchone()
    return role, agency_id


def _of(agency: Agency) -> tuple[str, str]:
    return fence.role_of(agency.schema_name), str(agency.pk)


OUTSIDE: Final = (fence.login(), "")


def test_the_role_is_in_force_after_a_savepoint_rolls_back(
    agency: Agency, other_agency: Agency
) -> None:
    with scope.public():
        outside_before = _in_force()
        with pytest.raises(IntegrityError), scope.agency(other_agency):
            Client.objects.bulk_create([Client(name="Theirs"), Client(name="Theirs")])
        outside = _in_force()
    with pytest.raises(IntegrityError), transaction.atomic():
        Client.objects.bulk_create([Client(name="Ours"), Client(name="Ours")])

    assert (outside_before, outside, _in_force()) == (OUTSIDE, OUTSIDE, _of(agency))


def test_the_role_is_in_force_inside_and_after_another_scope(
    agency: Agency, other_agency: Agency
) -> None:
    found = [_in_force()]
    with scope.agency(other_agency):
        found.append(_in_force())
        with scope.public():
            found.append(_in_force())
            with scope.agency(agency):
                found.append(_in_force())
        found.append(_in_force())
    found.append(_in_force())

    ours, theirs = _of(agency), _of(other_agency)
    assert found == [ours, theirs, OUTSIDE, ours, theirs, ours]


def test_the_role_is_in_force_after_an_exception(agency: Agency, other_agency: Agency) -> None:
    class Fault(Exception):
        """Raised where a statement of the other agency's has just run."""

    def fail() -> None:
        found.append(_in_force())
        raise Fault

    found: list[tuple[str, str]] = []
    with pytest.raises(Fault), scope.agency(other_agency):
        fail()
    found.append(_in_force())
    with pytest.raises(Fault), scope.public(), transaction.atomic(), scope.agency(other_agency):
        fail()
    found.append(_in_force())

    assert found == [_of(other_agency), _of(agency)] * 2


@pytest.mark.usefixtures("committed")
def test_a_page_takes_its_agencys_role_once() -> None:
    # given no transaction around the request, as in production
    harbour = Agency.objects.get(slug="harbour")
    client = factories.signed_in_client(factories.make_membership("client", agency=harbour))
    client.get("/settings/")

    # when
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/settings/").status_code == 200

    # then who asks is found outside the scope, and the rest stands in one transaction inside it
    statements = [query["sql"] for query in asked]
    tables = [re.findall(r' FROM "(\w+)"', statement) for statement in statements[:3]]
    assert tables == [["django_session"], ["tenants_user"], ["tenants_membership"]]
    assert [statements.index("BEGIN"), statements.index("COMMIT")] == [3, len(statements) - 1]
    assert [n for n, statement in enumerate(statements) if "set_config" in statement] == [4]
    assert fence.role_of(harbour.schema_name) in statements[4]


# The end of an agency


@pytest.mark.django_db(databases=["default", "owner"])
def test_a_dropped_schema_leaves_no_role_nor_what_it_kept() -> None:
    def roles() -> list[tuple[str]]:
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'a\\_brief\\_%'")
            return list(cursor.fetchall())

    # given
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE SCHEMA a_brief")
        cursor.execute("CREATE TABLE a_brief.stores_store (id uuid)")
        fence.enclose(cursor, "a_brief", fence.Relations(("stores_store",), (), ()))
        cursor.execute(f"GRANT {fence.role_of('a_brief')} TO CURRENT_USER")
        cursor.execute(f"SET ROLE {fence.role_of('a_brief')}; SELECT lo_create(0); RESET ROLE")
    assert roles() == [(fence.role_of("a_brief"),)]

    # when
    schemas.drop("a_brief")

    # then
    assert roles() == []


# People, who belong to no agency


@pytest.mark.parametrize("slug", ["harbour", "meridian"])
def test_an_agency_sees_only_people_who_have_or_had_a_seat_with_it(psql: Psql, slug: str) -> None:
    # given each agency's owner, with a second step; one has left
    reader = Side.of(psql, slug)
    psql.execute(
        "INSERT INTO mfa_authenticator (type, data, user_id, created_at)"
        " SELECT 'totp', '{}', id, now() FROM tenants_user"
    )
    psql.execute("UPDATE tenants_membership SET is_active = false")

    # when
    enter(psql, role=reader.role, agency=reader.id)
    people = psql.execute("SELECT email FROM tenants_user").fetchall()
    factors = psql.execute("SELECT count(*) FROM mfa_authenticator").fetchall()

    # then
    assert (people, factors) == ([(f"owner@{slug}.example.com",)], [(1,)])
