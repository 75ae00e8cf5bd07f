"""Makes, migrates and compares the agencies' schemas, through the owner's connection."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from tenants import fence
from tenants.models import Agency, SchemaTemplate

OWNER: Final = "owner"
_KEPT = ("CREATE", "ALTER", "INSERT", "COMMENT", "DROP", "DO", "UPDATE", "DELETE")
_BIND = (
    "ALTER TABLE {table} ALTER COLUMN agency_id SET DEFAULT {id},"
    " DROP CONSTRAINT IF EXISTS {check}, ADD CONSTRAINT {check} CHECK (agency_id = {id})"
)
_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND a.attname = 'agency_id'
ORDER BY c.relname
"""


def _owner() -> Any:
    """Return the owner's connection: django-tenants' own, which knows ``set_schema``."""
    return connections[OWNER]


@cache
def migrations_hash() -> str:
    """Return a digest that changes with any migration; read once a process."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    labels = {name.rsplit(".", 1)[-1] for name in settings.TENANT_APPS}
    digest = hashlib.sha256()
    for app, name in sorted(loader.disk_migrations):
        digest.update(f"{app}.{name}\n".encode())
        if app in labels:  # the others are only noted as applied
            module = sys.modules[loader.disk_migrations[(app, name)].__module__]
            digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def make(agency: Agency, *, at: datetime) -> None:
    """Make the agency's schema: by replay of the recorded statements, else by migrating.

    Safe to run twice: a schema left half-made by a killed run is dropped first.
    """
    connection = _owner()
    template = _template(at=at)
    with _path_kept(connection), connection.cursor() as cursor:
        schema = sql.Identifier(agency.schema_name)
        cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
        cursor.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        # A new cursor: the stock backend sets the search path when one is opened.
        connection.set_schema(agency.schema_name)
        with connection.cursor() as inside:
            inside.execute(template.statements)  # no parameters: one round trip for them all
            bind(inside, agency.schema_name, agency.pk)


def migrate(agency: Agency) -> None:
    """Bring one agency's schema up to the migrations on disk."""
    connection = _owner()
    with _path_kept(connection):
        _migrate_schema(agency.schema_name)
        connection.set_schema(agency.schema_name)
        with connection.cursor() as cursor:
            bind(cursor, agency.schema_name, agency.pk)


def bind(cursor: Any, schema: str, agency_id: UUID) -> None:
    """Tie every table of a schema to its agency, and put the fence around them.

    Each row carries its agency's id: the default writes it, the check refuses any other.
    """
    cursor.execute(_TABLES, [schema])
    statements = [
        sql.SQL(_BIND).format(
            table=sql.Identifier(schema, table),
            check=sql.Identifier("row_of_its_agency"),
            id=sql.Literal(str(agency_id)),
        )
        for (table,) in cursor.fetchall()
    ]
    if statements:
        cursor.execute(sql.SQL("; ").join(statements))
    fence.enclose(cursor, schema)


def drop(schema: str) -> None:
    """Drop a schema with all its rows, and the role that reached it."""
    with _owner().cursor() as cursor:
        cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        fence.lift(cursor, schema)


def _template(*, at: datetime) -> SchemaTemplate:
    digest = migrations_hash()
    template = SchemaTemplate.objects.using(OWNER).filter(pk=digest).first()
    return template or _record_template(digest, at=at)


def _record_template(digest: str, *, at: datetime) -> SchemaTemplate:
    """Migrate a throw-away schema and keep the statements that made it."""
    connection = _owner()
    schema = f"template_{uuid4().hex}"
    statements: list[str] = []

    def keep(
        execute: Callable[..., Any],
        statement: Any,
        params: Any,
        many: bool,  # noqa: FBT001 - Django's signature
        context: Any,
    ) -> Any:
        text = str(statement)
        if text.lstrip().upper().startswith(_KEPT):
            cursor = context["cursor"].cursor
            with_values = cursor.mogrify(text, params) if params else text
            statements.append(str(with_values).rstrip().rstrip(";"))
        return execute(statement, params, many, context)

    with _path_kept(connection):
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        try:
            with connection.execute_wrapper(keep):
                _migrate_schema(schema)
        finally:
            drop(schema)
    assert not any(schema in statement for statement in statements), "A statement names its schema."
    template, _ = SchemaTemplate.objects.using(OWNER).update_or_create(
        pk=digest, defaults={"statements": ";\n".join(statements), "recorded_at": at}
    )
    return template


def _migrate_schema(schema: str) -> None:
    connection = _owner()
    connection.set_schema(schema, include_public=False)
    MigrationRecorder(connection).ensure_schema()
    connection.set_schema(schema)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@contextmanager
def _path_kept(connection: Any) -> Iterator[None]:
    connection.set_schema_to_public()
    try:
        yield
    finally:
        connection.set_schema_to_public()


def fingerprint(schema: str) -> str:
    """Return a text of every table, column, constraint, index and trigger of a schema."""
    query = """
    SELECT json_build_object(
      'columns', (SELECT json_agg(row_to_json(x)) FROM (
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid) AS preset, a.attidentity
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
          AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = %(s)s::regnamespace AND c.relkind = 'r' ORDER BY 1, 2) x),
      'constraints', (SELECT json_agg(row_to_json(x)) FROM (
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) AS def
        FROM pg_constraint WHERE connamespace = %(s)s::regnamespace ORDER BY 1, 2) x),
      'indexes', (SELECT json_agg(row_to_json(x)) FROM (
        SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = %(s)s ORDER BY 1, 2) x),
      'triggers', (SELECT json_agg(row_to_json(x)) FROM (
        SELECT t.tgname, pg_get_triggerdef(t.oid) AS def FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = %(s)s::regnamespace AND NOT t.tgisinternal ORDER BY 1, 2) x))
    """
    connection = _owner()
    with connection.cursor() as cursor:
        cursor.execute(query, {"s": schema})
        (found,) = cursor.fetchone()
    text = found if isinstance(found, str) else json.dumps(found, sort_keys=True)
    return text.replace(f"{schema}.", "").replace(f'"{schema}"', "")
