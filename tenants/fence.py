"""Who reaches which rows in the database, whatever a query says: roles, grants, row policies.

The login role owns nothing and inherits nothing. Inside an agency's scope every statement runs as
that agency's own role: it reaches its own schema, and in ``public`` what is listed here, of its
own agency only. Outside any scope statements run as the login role, which has no way into an
agency's schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from psycopg import sql

_PUBLIC: Final = "public"
INHERITS_BY_GRANT: Final = 160_000  # since PostgreSQL 16 a grant itself says what is inherited


@dataclass(frozen=True, slots=True)
class Right:
    """What an agency's role may do with a public table, and why. No columns: all of them."""

    may: str
    why: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relations:
    """The tables and sequences of an agency's schema, by name."""

    tables: tuple[str, ...]
    of_agency: tuple[str, ...]  # the tables whose rows carry their agency's id
    sequences: tuple[str, ...]


_READ = "a member's pages name it"
RIGHTS: Final[Mapping[str, tuple[Right, ...]]] = MappingProxyType(
    {
        "tenants_agency": (
            Right("SELECT", _READ),
            Right("UPDATE", "its owner sets them", ("name", "review_required")),
        ),
        "tenants_domain": (Right("SELECT", _READ),),
        "tenants_role": (Right("SELECT", _READ),),
        "tenants_membership": (
            Right("SELECT", _READ),
            Right(
                "UPDATE", "who may do so changes a seat", ("role_id", "store_scope", "is_active")
            ),
        ),
        "tenants_user": (
            Right("SELECT", _READ, ("id", "name", "email", "is_active")),
            Right("SELECT", "a task answers in its reader's words", ("language", "time_zone")),
            Right("SELECT", "the people page says when somebody last came", ("last_login",)),
        ),
        "mfa_authenticator": (
            Right("SELECT", "the people page says who signs in in two steps", ("user_id", "type")),
        ),
        "tenants_invitation": (Right("SELECT, INSERT, UPDATE", "people are invited on its host"),),
        "tenants_apikey": (
            Right("SELECT, INSERT, UPDATE", "keys are made and revoked on its host"),
        ),
        "tenants_oauthstate": (
            Right(
                "SELECT, INSERT, UPDATE", "a member leaves for a consent page, a task comes back"
            ),
        ),
        "tenants_consentlink": (
            Right(
                "SELECT, INSERT, UPDATE",
                "links for stores' owners are made and taken back on its host, a task settles them",
            ),
        ),
        "tenants_storeroute": (
            Right("SELECT, INSERT, UPDATE", "a store takes and frees its shop in the scope"),
        ),
        "tenants_mailroute": (
            Right("SELECT, INSERT, UPDATE", "a new store gets its address with it"),
        ),
        "tenants_inboundevent": (Right("SELECT, UPDATE", "a task works on what came in"),),
        "tenants_agencydeletion": (
            Right("SELECT", "its owners see who asked to delete it, and until when"),
        ),
        "tenants_duework": (
            Right("SELECT, INSERT, UPDATE", "work is asked for and done in the scope"),
        ),
    }
)
"""Public tables that an agency's role may touch; all else in ``public`` is closed to it."""


def tag() -> str:
    """Return what tells this database's roles from those of others in the same cluster."""
    name = str(settings.DATABASES["default"]["NAME"])
    return sha256(name.encode()).hexdigest()[:8]


def group() -> str:
    """Return the role that holds what every agency's role may do in ``public``."""
    return f"agency_{tag()}"


def role_of(schema: str) -> str:
    """Return the role that an agency's statements run as."""
    return f"{schema}_{tag()}"


def login() -> str:
    return str(settings.DATABASES["default"]["USER"])


def owner() -> str:
    return str(settings.DATABASES["owner"]["USER"])


def install(cursor: Any) -> None:
    """Set up the roles and everything in ``public``, as the owner; safe to run again."""
    _make_role(cursor, group())
    names = {
        "database": sql.Identifier(str(settings.DATABASES["default"]["NAME"])),
        "group": sql.Identifier(group()),
        "login": sql.Identifier(login()),
    }
    for statement in _ON_PUBLIC:
        cursor.execute(sql.SQL(statement).format(**names))
    for table, rights in RIGHTS.items():
        for right in rights:
            cursor.execute(_grant(table, right))
    for table, column in _tables_of_agencies(cursor):
        _guard(cursor, table, column, _OWN)
    for table, column in _OF_PEOPLE.items():
        _guard(cursor, table, column, _OWN_PEOPLE)


def enclose(cursor: Any, schema: str, relations: Relations) -> None:
    """Give a schema its role, which alone reaches it, as the owner; safe to run again.

    Only ``relations`` are granted: "all tables in schema" reads the catalog of every agency.
    """
    role = role_of(schema)
    _make_role(cursor, role)
    version = cursor.connection.info.server_version
    manner = "WITH INHERIT FALSE, SET TRUE" if version >= INHERITS_BY_GRANT else ""
    names = {
        "schema": sql.Identifier(schema),
        "role": sql.Identifier(role),
        "group": sql.Identifier(group()),
        "login": sql.Identifier(login()),
        "others": sql.SQL(", ").join([sql.SQL("PUBLIC"), *_login_beside_owner()]),
        "manner": sql.SQL(manner),
        "tables": _names(schema, relations.tables),
        "append_only": _names(schema, kept := _append_only(relations.tables)),
        "sequences": _names(schema, relations.sequences),
    }
    texts = [*_ON_SCHEMA]
    texts += _ON_TABLES if relations.tables else ()
    texts += _ON_APPEND_ONLY if kept else ()
    texts += _ON_SEQUENCES if relations.sequences else ()
    cursor.execute(sql.SQL("; ").join(sql.SQL(text).format(**names) for text in texts))


def _names(schema: str, relations: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(schema, name) for name in relations)


def _append_only(tables: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of ``tables`` whose rows their agency may only add to."""
    kept = {
        model._meta.db_table  # noqa: SLF001 - public
        for model in apps.get_models()
        if getattr(model, "is_append_only", False)
    }
    return tuple(name for name in tables if name in kept)


def _login_beside_owner() -> list[sql.Identifier]:
    """Return the login role; none where it owns everything too, as one address may name both."""
    return [sql.Identifier(login())] if login() != owner() else []


def lift(cursor: Any, schema: str) -> None:
    """Remove the role of a schema that was dropped, with what it may have made for itself."""
    role = role_of(schema)
    if _is_role(cursor, role):
        # Only who has a role may drop what it owns: any role may keep a large object.
        statement = "GRANT {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}"
        cursor.execute(sql.SQL(statement).format(role=sql.Identifier(role)))


_ON_PUBLIC: Final = (
    # A temporary table outlives its transaction, and the next agency's statements on the same
    # connection would find it before the table of that name in their own schema.
    "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "GRANT USAGE ON SCHEMA public TO {group}, {login}",
    "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {group}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {login}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {login}",
)
_ON_SCHEMA: Final = (
    "GRANT {group} TO {role}",
    "GRANT {role} TO {login} {manner}",
    "REVOKE ALL ON SCHEMA {schema} FROM {others}",
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
)
_ON_TABLES: Final = (
    "REVOKE ALL ON {tables} FROM {others}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role}",
)
_ON_APPEND_ONLY: Final = ("REVOKE UPDATE, DELETE ON {append_only} FROM {role}",)
_ON_SEQUENCES: Final = ("GRANT USAGE ON SEQUENCE {sequences} TO {role}",)
_TABLES: Final = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped
  AND (a.attname = 'agency_id' OR (c.relname, a.attname) IN
       (('tenants_agency', 'id'), ('tenants_domain', 'tenant_id')))
ORDER BY c.relname
"""
_HERE: Final = "nullif(current_setting('app.agency', true), '')::uuid"
_OWN: Final = f"{{column}} = {_HERE}"
# What tells of a person belongs to no agency; each sees those who have or had a seat with it.
_OF_PEOPLE: Final = {"tenants_user": "id", "mfa_authenticator": "user_id"}
_OWN_PEOPLE: Final = (
    "EXISTS (SELECT FROM public.tenants_membership AS seat"
    f" WHERE seat.user_id = {{column}} AND seat.agency_id = {_HERE})"
)
# Outside any scope the login role sees all agencies' rows: a host and a key name their agency, a
# person has seats at several, the dispatcher serves them all. Inside one it sees none by itself.
POLICIES: Final = {
    "of_one_agency": ("{group}", "{own}"),
    "outside_any_scope": ("{login}", "coalesce(current_setting('app.agency', true), '') = ''"),
    "for_migrations": ("{owner}", "true"),
}


def _make_role(cursor: Any, role: str) -> None:
    if not _is_role(cursor, role):
        cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))


def _is_role(cursor: Any, role: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    return cursor.fetchone() is not None


def _grant(table: str, right: Right) -> sql.Composed:
    columns: sql.Composable = sql.SQL("")
    if right.columns:
        names = sql.SQL(", ").join(sql.Identifier(name) for name in right.columns)
        columns = sql.SQL(" ({})").format(names)
    return sql.SQL("GRANT {may}{columns} ON public.{table} TO {group}").format(
        may=sql.SQL(right.may),
        columns=columns,
        table=sql.Identifier(table),
        group=sql.Identifier(group()),
    )


def _tables_of_agencies(cursor: Any) -> list[tuple[str, str]]:
    """Return the public tables that hold rows of agencies, and the column that says whose."""
    cursor.execute(_TABLES)
    return list(cursor.fetchall())


def guarded_tables(cursor: Any) -> list[str]:
    """Return the public tables whose rows are shown by agency."""
    return sorted({*dict(_tables_of_agencies(cursor)), *_OF_PEOPLE})


def _guard(cursor: Any, table: str, column: str, own: str) -> None:
    """Show each reader of a public table its own agency's rows, the table's owner included."""
    names = {
        "table": sql.Identifier(_PUBLIC, table),
        "own": sql.SQL(own).format(column=sql.Identifier(table, column)),
        "group": sql.Identifier(group()),
        "login": sql.Identifier(login()),
        "owner": sql.Identifier(owner()),
    }
    statements = ["ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"]
    for policy, (reader, rows) in POLICIES.items():
        statements.append(f"DROP POLICY IF EXISTS {policy} ON {{table}}")
        statements.append(f"CREATE POLICY {policy} ON {{table}} TO {reader} USING ({rows})")
    cursor.execute(sql.SQL("; ").join(sql.SQL(text).format(**names) for text in statements))
