"""Every table with rows of agencies, and the ways that a statement may try to reach them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, Self
from uuid import UUID

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from psycopg import errors, sql

from tenants import fence
from tenants.base import AgencyModel

Psql = psycopg.Connection[tuple[Any, ...]]
Act = Callable[[Psql], int]
DENIED: Final = "denied"

two_roles = pytest.mark.skipif(
    fence.login() == fence.owner(), reason="One role is both here, and owns what there is."
)


def connect(alias: str = "default") -> Psql:
    """Return a connection of a role's own, without Django."""
    login = settings.DATABASES[alias]
    return psycopg.connect(
        host=login["HOST"],
        port=login["PORT"],
        user=login["USER"],
        password=login["PASSWORD"],
        dbname=login["NAME"],
    )


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


def enter(psql: Psql, *, role: str = "none", agency: UUID | None = None) -> None:
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


def public_tables(psql: Psql) -> list[Table]:
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


def tables_in(psql: Psql, schema: str) -> list[Table]:
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


def fill(psql: Psql, *owners: Side) -> None:
    """Write a row of each agency into every public table that has such rows."""
    for table in public_tables(psql):
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


def acts_on_rows_of(psql: Psql, table: Table, side: Side) -> dict[str, Act]:
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


def acts_on_any_row(table: Table) -> dict[str, Act]:
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


def outcomes(psql: Psql, acts: dict[str, Act]) -> dict[str, int | str]:
    """Try each act and undo it; tell the rows it reached, or that it was refused."""
    told: dict[str, int | str] = {}
    for name, act in acts.items():
        try:
            with psql.transaction(force_rollback=True):
                told[name] = act(psql)
        except (errors.InsufficientPrivilege, errors.FeatureNotSupported):
            told[name] = DENIED  # a COPY into a table with row policies is "not supported"
    return told


def got_through(psql: Psql, acts_of: dict[Table, dict[str, Act]]) -> dict[str, int | str]:
    return {
        f"{table.name} {act}": outcome
        for table, acts in acts_of.items()
        for act, outcome in outcomes(psql, acts).items()
        if outcome not in {DENIED, 0}
    }


# One agency's role on another's rows, everywhere


@dataclass
class Tried:
    """How many acts were tried, and which got through with how many rows."""

    attempts: int = 0
    got_through: dict[str, int | str] = field(default_factory=dict)

    def add(self, psql: Psql, acts_of: dict[Table, dict[str, Act]]) -> None:
        self.attempts += sum(len(acts) for acts in acts_of.values())
        found = got_through(psql, acts_of)
        self.got_through |= {f"{next(iter(acts_of)).schema} {act}": n for act, n in found.items()}


def try_everything(psql: Psql, reader: Side, other: Side, tried: Tried | None = None) -> Tried:
    """Try each act on each row of ``other``, as ``reader``'s role; the scope stays entered."""
    tried = tried or Tried()
    public = {table: acts_on_rows_of(psql, table, other) for table in public_tables(psql)}
    inside = {table: acts_on_any_row(table) for table in tables_in(psql, other.schema)}
    sequences = {table: acts_on_a_sequence(table) for table in sequences_in(psql, other.schema)}
    enter(psql, role=reader.role, agency=reader.id)
    for acts_of in (public, inside, sequences):
        tried.add(psql, acts_of)
    return tried


def sequences_in(psql: Psql, schema: str) -> list[Table]:
    """Return the sequences of a schema and of ``public``."""
    found = psql.execute(
        "SELECT schemaname, sequencename FROM pg_sequences WHERE schemaname IN (%s, 'public')",
        [schema],
    )
    return [Table(*each) for each in found]


def acts_on_a_sequence(sequence: Table) -> dict[str, Act]:
    name = sql.Identifier(sequence.schema, sequence.name)
    quoted = sql.Literal(name.as_string())
    return {
        "read": _statement("SELECT last_value FROM {name}", name=name),
        "nextval": _statement("SELECT nextval({name})", name=quoted),
        "setval": _statement("SELECT setval({name}, 7)", name=quoted),
    }
