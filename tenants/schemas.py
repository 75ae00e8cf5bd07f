"""Makes, migrates and compares the agencies' schemas, through the owner's connection."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID, uuid4

from django.apps import apps
from django.conf import settings
from django.db import ProgrammingError, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from tenants import blueprint, fence
from tenants.blueprint import Entry, Site
from tenants.fence import Relations
from tenants.models import Agency, SchemaTemplate, SchemaVersion

logger = logging.getLogger(__name__)

OWNER: Final = "owner"
# What a recording leaves out: it reads, or belongs to the transaction that is rolled back.
_LEFT_OUT = ("SELECT", "SHOW", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET SEARCH_PATH")
_BIND = (
    "ALTER TABLE {table} ALTER COLUMN agency_id SET DEFAULT {id},"
    " DROP CONSTRAINT IF EXISTS {check}, ADD CONSTRAINT {check} CHECK (agency_id = {id})"
)
_RELATIONS = """
SELECT c.relname, c.relkind = 'S', EXISTS (
  SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'agency_id'
    AND NOT a.attisdropped)
FROM pg_class c WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'S')
ORDER BY c.relname
"""
_SITES_AT_ONCE: Final = 250


@dataclass(frozen=True, slots=True)
class Template:
    """How an agency's schema is made, and what it then consists of."""

    statements: str
    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, row: SchemaTemplate) -> Self:
        return cls(row.statements, tuple((e[0], e[1], e[2]) for e in row.blueprint or ()))

    @property
    def relations(self) -> Relations:
        columns = {key for kind, key, _def in self.entries if kind == "column"}
        tables = [key for kind, key, _def in self.entries if kind == "table"]
        return Relations(
            tables=tuple(tables),
            of_agency=tuple(name for name in tables if f"{name}.agency_id" in columns),
            sequences=tuple(key for kind, key, _def in self.entries if kind == "sequence"),
        )


def owner() -> Any:
    """Return the owner's connection: django-tenants' own, which knows ``set_schema``."""
    return connections[OWNER]


def migrations_hash() -> str:
    """Return a digest that changes with any migration; read once a process."""
    return _hash_of(tuple(sorted(settings.MIGRATION_MODULES.items())))


@cache
def _hash_of(_modules: tuple[tuple[str, str], ...]) -> str:
    labels = tenant_labels()
    digest = hashlib.sha256()
    for app, path in migration_files():
        digest.update(f"{app}.{path.stem}\n".encode())
        if app in labels:  # the others are only noted as applied
            digest.update(path.read_bytes())
    return digest.hexdigest()


def migration_files() -> list[tuple[str, Path]]:
    """Return each migration on disk with its app's label, in order; none is imported for it."""
    found = []
    for config in apps.get_app_configs():
        module, _explicit = MigrationLoader.migrations_module(config.label)
        spec = find_spec(module) if module else None
        if spec is not None and spec.origin is not None:
            paths = Path(spec.origin).parent.glob("*.py")
            found += [(config.label, path) for path in paths if path.name[0] not in "_~"]
    return sorted(found)


def tenant_labels() -> frozenset[str]:
    """Return the labels of the apps whose tables stand in agencies' schemas."""
    return frozenset(name.rsplit(".", 1)[-1] for name in settings.TENANT_APPS)


def make(agency: Agency, *, at: datetime) -> None:
    """Make the agency's schema: by replay of the recorded statements, else by migrating.

    One transaction: a run that is killed leaves neither schema nor role. Safe to run twice.
    """
    template_now = template(at=at)
    try:
        _make_by_replay(agency, template_now, at=at)
    except ProgrammingError:
        logger.exception("schema_replay_failed", extra={"agency_id": str(agency.pk)})
        _make_by_migrating(agency, at=at)


def _make_by_replay(agency: Agency, template_now: Template, *, at: datetime) -> None:
    relations = template_now.relations
    with alone_in_schema(agency.schema_name, is_new=True) as cursor:
        cursor.execute(template_now.statements)  # no parameters: one round trip for them all
        bind(cursor, agency.schema_name, agency.pk, relations)
        note_version(agency, migrations_hash(), at=at)


def _make_by_migrating(agency: Agency, *, at: datetime) -> None:
    with alone_in_schema(agency.schema_name, is_new=True) as cursor:
        migrate_schema(agency.schema_name)
        bind(cursor, agency.schema_name, agency.pk, relations_in(agency.schema_name))
        note_version(agency, migrations_hash(), at=at)


@contextmanager
def alone_in_schema(schema: str, *, is_new: bool = False) -> Iterator[Any]:
    """Open a transaction of the owner whose statements meet ``schema``; yield its cursor."""
    connection = owner()
    try:
        with transaction.atomic(using=OWNER):
            if is_new:
                connection.set_schema_to_public()
                with connection.cursor() as cursor:
                    name = sql.Identifier(schema)
                    cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name))
                    cursor.execute(sql.SQL("CREATE SCHEMA {}").format(name))
            # A new cursor: the stock backend sets the search path when one is opened.
            connection.set_schema(schema)
            with connection.cursor() as cursor:
                yield cursor
            connection.set_schema_to_public()
    finally:
        connection.set_schema_to_public()


def migrate(agency: Agency, *, at: datetime) -> None:
    """Bring one agency's schema up to the migrations on disk, by Django's executor."""
    with alone_in_schema(agency.schema_name) as cursor:
        migrate_schema(agency.schema_name)
        bind(cursor, agency.schema_name, agency.pk, relations_in(agency.schema_name))
        note_version(agency, migrations_hash(), at=at)


def note_version(agency: Agency, plan_hash: str, *, at: datetime) -> None:
    """Note which migrations an agency's schema has, in the transaction that gave it them."""
    SchemaVersion.objects.using(OWNER).update_or_create(
        agency=agency,
        defaults={
            "plan_hash": plan_hash,
            "state": SchemaVersion.State.DONE,
            "at": at,
            "error": "",
        },
    )


def relations_in(schema: str) -> Relations:
    """Return the tables and sequences of a schema, as the database has them."""
    with owner().cursor() as cursor:
        cursor.execute(_RELATIONS, [schema])
        rows = cursor.fetchall()
    return Relations(
        tables=tuple(name for name, is_sequence, _of in rows if not is_sequence),
        of_agency=tuple(name for name, _is_sequence, of in rows if of),
        sequences=tuple(name for name, is_sequence, _of in rows if is_sequence),
    )


def bind(cursor: Any, schema: str, agency_id: UUID, relations: Relations) -> None:
    """Tie the tables of a schema to its agency, and put the fence around them.

    Each row carries its agency's id: the default writes it, the check refuses any other. The
    relations are named one by one: to look for them all would read the whole cluster's catalog.
    """
    statements = [
        sql.SQL(_BIND).format(
            table=sql.Identifier(schema, table),
            check=sql.Identifier("row_of_its_agency"),
            id=sql.Literal(str(agency_id)),
        )
        for table in relations.of_agency
    ]
    if statements:
        cursor.execute(sql.SQL("; ").join(statements))
    fence.enclose(cursor, schema, relations)


def drop(schema: str) -> None:
    """Drop a schema with all its rows, and the role that reached it, in one transaction."""
    with transaction.atomic(using=OWNER), owner().cursor() as cursor:
        cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        fence.lift(cursor, schema)


def template(*, at: datetime) -> Template:
    """Return the template of the migrations on disk; recorded where it is not there yet."""
    row = SchemaTemplate.objects.using(OWNER).filter(pk=migrations_hash()).first()
    if row is None or row.blueprint is None:
        row = _record_template(migrations_hash(), at=at)
    return Template.of(row)


def _record_template(digest: str, *, at: datetime) -> SchemaTemplate:
    """Migrate a throw-away schema, keep the statements that made it and what it consists of."""
    site = Site(f"template_{uuid4().hex}", uuid4())
    with thrown_away(site.schema) as cursor:
        statements = recorded(site.schema, lambda: migrate_schema(site.schema))
        bind(cursor, site.schema, site.agency_id, relations_in(site.schema))
        owner().set_schema_to_public()
        with owner().cursor() as outside:
            entries = blueprint.read(outside, [site])[site.schema]
    row, _ = SchemaTemplate.objects.using(OWNER).update_or_create(
        pk=digest, defaults={"statements": statements, "blueprint": entries, "recorded_at": at}
    )
    return row


@contextmanager
def thrown_away(schema: str) -> Iterator[Any]:
    """Open a schema that is gone afterwards, whatever happens: its transaction is rolled back."""
    with alone_in_schema(schema, is_new=True) as cursor:
        yield cursor
        transaction.set_rollback(True, using=OWNER)


def recorded(schema: str, work: Callable[[], None]) -> str:
    """Return as one text the statements that ``work`` sends to change ``schema``."""
    statements: list[str] = []

    def keep(
        execute: Callable[..., Any],
        statement: Any,
        params: Any,
        many: bool,  # noqa: FBT001 - Django's signature
        context: Any,
    ) -> Any:
        text = str(statement)
        if not text.lstrip().upper().startswith(_LEFT_OUT):
            cursor = context["cursor"].cursor
            with_values = cursor.mogrify(text, params) if params else text
            statements.append(str(with_values).strip().rstrip(";"))
        return execute(statement, params, many, context)

    with owner().execute_wrapper(keep):
        work()
    assert not any(schema in statement for statement in statements), "A statement names its schema."
    return ";\n".join(statements)


def migrate_schema(schema: str) -> None:
    """Bring a schema up to the migrations on disk, inside the transaction that is open."""
    connection = owner()
    connection.set_schema(schema, include_public=False)
    MigrationRecorder(connection).ensure_schema()
    connection.set_schema(schema)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def fingerprint(agency: Agency) -> str:
    """Return a text of all that an agency's schema consists of, the same for every agency."""
    site = Site(agency.schema_name, agency.pk)
    with owner().cursor() as cursor:
        return json.dumps(blueprint.read(cursor, [site]).get(site.schema, []))


def drift(agencies: Iterable[Agency], *, at: datetime) -> dict[Agency, list[str]]:
    """Return what differs from the template, one line each, for those agencies where any does.

    Schemas are read by hundreds; only those whose digest differs are looked at closely.
    """
    expected = template(at=at).entries
    behind = _behind()
    found: dict[Agency, list[str]] = {}
    batch: list[Agency] = []
    for agency in agencies:
        if agency.pk in behind:
            found[agency] = ["schema is behind: run migrate_agencies"]
            continue
        batch.append(agency)
        if len(batch) == _SITES_AT_ONCE:
            found |= _drift(batch, expected)
            batch = []
    return found | _drift(batch, expected)


def _behind() -> frozenset[UUID]:
    versions = SchemaVersion.objects.using(OWNER).exclude(agency=None)
    return frozenset(
        versions.exclude(plan_hash=migrations_hash()).values_list("agency_id", flat=True)
    )


def _drift(agencies: list[Agency], expected: Iterable[Entry]) -> dict[Agency, list[str]]:
    sites = {agency: Site(agency.schema_name, agency.pk) for agency in agencies}
    wanted = blueprint.digest(expected)
    with owner().cursor() as cursor:
        digests = blueprint.read_digests(cursor, list(sites.values())) if sites else {}
        odd = {a: site for a, site in sites.items() if digests.get(site.schema) != wanted}
        entries = blueprint.read(cursor, list(odd.values())) if odd else {}
    return {
        agency: (
            blueprint.differences(expected, entries[site.schema])
            if site.schema in digests
            else ["schema is missing"]
        )
        for agency, site in odd.items()
    }
