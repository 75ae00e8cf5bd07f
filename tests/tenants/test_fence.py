"""The fence in the database itself: what a statement reaches, whatever the program meant."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, LiteralString, Self
from uuid import UUID

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from psycopg import errors, sql

from stores.models import Client
from tenants import fence, schemas, scope
from tenants.base import AgencyModel
from tenants.models import Agency, Domain, Membership
from tests import factories

Psql = psycopg.Connection[tuple[Any, ...]]
Act = Callable[[Psql], int]
DENIED: Final = "denied"
OTHER: Final = {"harbour": "meridian", "meridian": "harbour"}


def _connect(alias: str = "default") -> Psql:
    """Return a connection of a role's own, without Django."""
    login = settings.DATABASES[alias]
    return psycopg.connect(
        host=login["HOST"],
        port=login["PORT"],
        user=login["USER"],
        password=login["PASSWORD"],
        dbname=login["NAME"],
    )


@pytest.fixture
def psql(django_db_setup: None) -> Iterator[Psql]:
    """The login role's connection; what a test writes is rolled back."""
    with _connect() as psql:
        yield psql
        psql.rollback()


@dataclass(frozen=True, slots=True)
class Side:
    """An agency as the database knows it, with the role that its statements run as."""

    id: UUID
    schema: str
    role: str

    @classmethod
    def of(cls, psql: Psql, slug: str) -> Self:
        (found,) = psql.execute(
            "SELECT id, schema_name FROM tenants_agency WHERE slug = %s", [slug]
        ).fetchall()
        agency_id, schema = found
        return cls(agency_id, schema, fence.role_of(schema))


def _enter(psql: Psql, *, role: str = "none", agency: UUID | None = None) -> None:
    psql.execute(
        "SELECT set_config('role', %s, true), set_config('app.agency', %s, true)",
        [role, str(agency or "")],
    )


# The tables, as the catalog knows them


@dataclass(frozen=True, slots=True)
class Table:
    """A table that holds rows of agencies; in ``public`` its ``column`` says whose."""

    schema: str
    name: str
    column: str = ""

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def _public_tables(psql: Psql) -> list[Table]:
    """Return what refers to an agency in ``public``, and the agencies themselves."""
    found = psql.execute(
        """
        SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND a.attnum > 0 AND NOT a.attisdropped
          AND (a.attname IN ('agency', 'agency_id', 'tenant_id') OR EXISTS (
            SELECT FROM pg_constraint r WHERE r.contype = 'f' AND r.conrelid = c.oid
              AND r.confrelid = 'tenants_agency'::regclass AND a.attnum = ANY (r.conkey)))
        ORDER BY 1
        """
    )
    return [Table("public", "tenants_agency", "id"), *(Table("public", *each) for each in found)]


def _tables_in(psql: Psql, schema: str) -> list[Table]:
    found = psql.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
    tables = [Table(schema, name) for (name,) in found]
    models = {m._meta.db_table for m in apps.get_models() if issubclass(m, AgencyModel)}
    assert {table.name for table in tables} == models | {"django_migrations"}
    return tables


# Rows that could leak, and ways to get at them

_VALUES: Final[dict[str, LiteralString]] = {
    "uuid": "gen_random_uuid()",
    "character varying": "left(md5(random()::text), {length})",
    "text": "md5(random()::text)",
    "boolean": "true",
    "smallint": "1",
    "integer": "1",
    "timestamp with time zone": "now()",
    "jsonb": "'{{}}'",
    "bytea": "''",
}


def _insertion(psql: Psql, table: Table, owner: UUID) -> sql.Composed:
    """Return a statement that writes some row of the agency ``owner`` into a public table."""
    found = psql.execute(
        "SELECT attname, format_type(atttypid, NULL), greatest(atttypmod - 4, 1) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND NOT atthasdef"
        " AND attidentity = '' AND attname <> %s",
        [str(table), table.column],
    )
    values: dict[str, sql.Composable] = {table.column: sql.Literal(owner)}
    for name, kind, length in found:
        value = _VALUES["jsonb" if kind.endswith("[]") else kind]
        values[name] = sql.SQL(value).format(length=sql.Literal(length))
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table.schema, table.name),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(values.values()),
    )


def _fill(psql: Psql, *owners: Side) -> None:
    """Write a row of each agency into every public table that has such rows."""
    for table in _public_tables(psql):
        for owner in owners if table.name != "tenants_agency" else ():
            psql.execute(_insertion(psql, table, owner.id) + sql.SQL(" ON CONFLICT DO NOTHING"))


def _statement(text: LiteralString, **names: Any) -> Act:
    """Return what runs a statement, and tells how many rows it read or wrote."""
    query = sql.SQL(text).format(**names)

    def run(psql: Psql) -> int:
        found = psql.execute(query)
        return int(found.fetchall()[0][0]) if found.description else found.rowcount

    return run


def _copy(text: LiteralString, needle: str = "", **names: Any) -> Act:
    """Return what copies a table, and tells in how many of its lines ``needle`` stands."""
    query = sql.SQL(text).format(**names)

    def run(psql: Psql) -> int:
        with psql.cursor() as cursor, cursor.copy(query) as copied:
            if "FROM STDIN" in text:
                return 1
            return sum(needle in bytes(line).decode() for line in copied)

    return run


def _acts(psql: Psql, table: Table, side: Side) -> dict[str, Act]:
    """Return ways to read and write the agency's rows in a public table."""
    names = {
        "table": sql.Identifier(table.schema, table.name),
        "column": sql.Identifier(table.column),
        "owner": sql.Literal(side.id),
    }
    writable = psql.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " ORDER BY has_column_privilege(%s, attrelid, attnum, 'UPDATE') DESC, attnum LIMIT 1",
        [str(table), fence.group()],
    ).fetchall()[0][0]
    names["writable"] = sql.Identifier(writable)
    insertion = _insertion(psql, table, side.id)
    return {
        "select": _statement("SELECT count(*) FROM {table} WHERE {column} = {owner}", **names),
        "insert": lambda psql: psql.execute(insertion).rowcount,
        "update": _statement(
            "UPDATE {table} SET {writable} = {writable} WHERE {column} = {owner}", **names
        ),
        "give": _statement(
            "UPDATE {table} SET {column} = {owner} WHERE {column} <> {owner}", **names
        ),
        "delete": _statement("DELETE FROM {table} WHERE {column} = {owner}", **names),
        "truncate": _statement("TRUNCATE {table} CASCADE", **names),
        "copy_out": _copy("COPY {table} TO STDOUT", str(side.id), table=names["table"]),
        "copy_in": _copy("COPY {table} FROM STDIN", table=names["table"]),
    }


def _acts_on_any_row(table: Table) -> dict[str, Act]:
    """Return ways to read and write a table, whosever rows it holds."""
    name = sql.Identifier(table.schema, table.name)
    return {
        "select": _statement("SELECT count(*) FROM {table}", table=name),
        "insert": _statement("INSERT INTO {table} DEFAULT VALUES", table=name),
        "update": _statement("UPDATE {table} SET id = id", table=name),
        "delete": _statement("DELETE FROM {table}", table=name),
        "truncate": _statement("TRUNCATE {table} CASCADE", table=name),
        "copy_out": _copy("COPY {table} TO STDOUT", table=name),
        "copy_in": _copy("COPY {table} FROM STDIN", table=name),
    }


def _outcomes(psql: Psql, acts: dict[str, Act]) -> dict[str, int | str]:
    """Try each act and undo it; tell the rows it reached, or that it was refused."""
    told: dict[str, int | str] = {}
    for name, act in acts.items():
        try:
            with psql.transaction(force_rollback=True):
                told[name] = act(psql)
        except (errors.InsufficientPrivilege, errors.FeatureNotSupported):
            told[name] = DENIED  # a COPY into a table with row policies is "not supported"
    return told


def _got_through(psql: Psql, acts_of: dict[Table, dict[str, Act]]) -> dict[str, int | str]:
    return {
        f"{table.name} {act}": outcome
        for table, acts in acts_of.items()
        for act, outcome in _outcomes(psql, acts).items()
        if outcome not in {DENIED, 0}
    }


# The login role, by itself

two_roles = pytest.mark.skipif(
    fence.login() == fence.owner(), reason="One role is both here, and owns what there is."
)


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
    acts = {table: _acts_on_any_row(table) for table in _tables_in(psql, side.schema)}

    outside_any_scope = _got_through(psql, acts)
    _enter(psql, agency=side.id)
    with_the_agency_named = _got_through(psql, acts)

    assert (outside_any_scope, with_the_agency_named) == ({}, {})


@two_roles
def test_the_login_role_sees_no_public_row_of_an_agency_once_one_is_named(psql: Psql) -> None:
    # given rows of both, seen outside any scope
    sides = [Side.of(psql, slug) for slug in OTHER]
    _fill(psql, *sides)
    tables = _public_tables(psql)
    count = {table: _acts_on_any_row(table)["select"] for table in tables}
    assert [table for table in tables if count[table](psql) < len(sides)] == []

    # when one of the two is named
    _enter(psql, agency=sides[0].id)

    # then
    assert {table.name: count[table](psql) for table in tables if count[table](psql)} == {}


# An agency's role


@pytest.mark.parametrize("slug", ["harbour", "meridian"])
def test_an_agencys_role_reaches_no_public_row_of_another(psql: Psql, slug: str) -> None:
    # given rows of both
    reader, other = Side.of(psql, slug), Side.of(psql, OTHER[slug])
    _fill(psql, reader, other)
    tables = _public_tables(psql)
    on_own = {table: _acts(psql, table, reader) for table in tables}
    on_foreign = {table: _acts(psql, table, other) for table in tables}

    # when
    _enter(psql, role=reader.role, agency=reader.id)

    # then nothing of the other's is read or written, and by the same acts its own is
    assert _got_through(psql, on_foreign) == {}
    own = _got_through(psql, on_own)
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
    acts = {table: _acts_on_any_row(table) for table in _tables_in(psql, other.schema)}
    own = _acts_on_any_row(Table(reader.schema, "checklist_procedure"))["select"]

    # when
    _enter(psql, role=reader.role, agency=reader.id)

    # then
    assert _got_through(psql, acts) == {}
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
    for table in _public_tables(psql):
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
    with _connect("owner") as owner:
        owner.execute(sql.SQL("CREATE TABLE public.tenants_novelty ({})").format(sql.SQL(column)))
        guard = _guards(owner)["tenants_novelty"]
        owner.rollback()

    assert guard == {"row security": False, "its owner too": False}


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
def test_a_dropped_schema_leaves_no_role() -> None:
    def roles() -> list[tuple[str]]:
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'a\\_brief\\_%'")
            return list(cursor.fetchall())

    # given
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE SCHEMA a_brief")
        cursor.execute("CREATE TABLE a_brief.stores_store (id uuid)")
        relations = fence.Relations(("stores_store",), (), ())
        fence.enclose(cursor, "a_brief", relations)
    assert roles() == [(fence.role_of("a_brief"),)]

    # when
    schemas.drop("a_brief")

    # then
    assert roles() == []
