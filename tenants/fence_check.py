"""Is the fence whole? Names each right that is missing, and each that must not be, in a line.

Asked when a process starts, of the login role's own connection, and by ``manage.py doctor``.
"""

import logging
from typing import Any, Final

from django.conf import settings
from django.db import OperationalError, ProgrammingError, connection
from psycopg.errors import UndefinedTable

from tenants import fence, scope
from tenants.models import Agency

logger = logging.getLogger(__name__)

_MEND: Final = "run manage.py migrate_agencies with DATABASE_OWNER_URL"
_LOGIN: Final = """
SELECT rolsuper, rolbypassrls, EXISTS (SELECT FROM pg_class c
  WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace)
FROM pg_roles r WHERE rolname = current_user
"""
_ROLE_EXISTS: Final = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)"
_GRANTS: Final = """
SELECT g.verb, g.tbl, g.col, g.why
FROM unnest(%(verbs)s::text[], %(tables)s::text[], %(columns)s::text[], %(whys)s::text[])
  AS g (verb, tbl, col, why)
WHERE to_regclass('public.' || g.tbl) IS NULL OR NOT CASE WHEN g.col = ''
  THEN has_table_privilege(%(role)s, to_regclass('public.' || g.tbl), g.verb)
  ELSE has_column_privilege(%(role)s, to_regclass('public.' || g.tbl), g.col, g.verb) END
"""
_UNSERVED: Final = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
  AND c.relkind = 'r' AND NOT (has_table_privilege(c.oid, 'SELECT')
  AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
  AND has_table_privilege(c.oid, 'DELETE'))
ORDER BY 1
"""
_UNGUARDED: Final = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%(tables)s)
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND NOT EXISTS (
    SELECT FROM unnest(%(names)s::text[]) AS wanted (name) WHERE NOT EXISTS (
      SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = wanted.name)))
ORDER BY 1
"""
# A role may be missing, so its rights are asked by its number: NULL where there is none.
_AGENCIES: Final = """
SELECT s.schema, s.role, r.oid IS NOT NULL,
  coalesce(pg_has_role(current_user, r.oid, %(way)s), false),
  coalesce(pg_has_role(r.oid, %(group)s, 'MEMBER'), false),
  coalesce(has_schema_privilege(r.oid, n.oid, 'USAGE'), false),
  coalesce(has_schema_privilege(n.oid, 'USAGE'), false)
FROM unnest(%(schemas)s::text[], %(roles)s::text[]) AS s (schema, role)
LEFT JOIN pg_roles r ON r.rolname = s.role LEFT JOIN pg_namespace n ON n.nspname = s.schema
"""
_SAME_ROLE: Final = (
    "Too much: the login role owns the tables, so the database keeps no agency from another: give"
    " DATABASE_URL a role of its own."
)


class FenceBroken(SystemExit):
    """The process must not serve: an agency could see another's rows, or not its own."""


def missing(cursor: Any, *, schemas: list[str]) -> list[str]:
    """Return a line for each gap; empty where the fence is whole.

    ``schemas`` are those of the agencies in use. Eight queries, whatever their number. The cursor
    is the login role's, outside any scope.
    """
    group = fence.group()
    cursor.execute(_ROLE_EXISTS, [group])
    if not cursor.fetchone()[0]:
        return [f"The role {group} does not exist: {_MEND}."]
    too_much = _too_much(cursor)
    return [
        *too_much,
        *_grants(cursor, group),
        *(
            f"Missing: GRANT SELECT, INSERT, UPDATE, DELETE ON public.{table} TO"
            f" {fence.login()}: {_MEND}."
            for table in _names(cursor, _UNSERVED)
        ),
        *(f"Missing: the row policies of public.{table}: {_MEND}." for table in _unguarded(cursor)),
        *_agencies(cursor, group, schemas, owns=_SAME_ROLE in too_much),
    ]


def gaps_now() -> list[str]:
    """Return a line for each gap, of the agencies that have a schema."""
    with scope.public(), connection.cursor() as cursor:
        return missing(cursor, schemas=_in_use())


def demand_whole() -> None:
    """Let a process start only inside a whole fence; each gap is a line of the log.

    A database that does not answer is no gap: the process starts, and waits for it.

    Raises:
        FenceBroken: where something is missing.
    """
    try:
        gaps = gaps_now()
    except OperationalError:
        logger.warning("fence_not_checked")
        return
    except ProgrammingError as error:
        if not isinstance(error.__cause__, UndefinedTable):
            raise
        gaps = [f"Missing: tables in public: {_MEND}."]
    finally:
        default: Any = connection
        default.close()
        default.close_pool()  # a worker's children are forked after this
    if gaps == [_SAME_ROLE] and settings.DEVELOPMENT:
        logger.warning("fence_open", extra={"gap": _SAME_ROLE})
        return
    for gap in gaps:
        logger.error("fence_broken", extra={"gap": gap})
    if gaps:
        raise FenceBroken("\n".join(gaps))


def _in_use() -> list[str]:
    """Return the schemas of the agencies that have one."""
    made = Agency.objects.exclude(state=Agency.State.PROVISIONING)
    return list(made.values_list("schema_name", flat=True))


def _too_much(cursor: Any) -> list[str]:
    # By the catalog: a process that serves does not know the owner's address.
    cursor.execute(_LOGIN)
    is_super, bypasses, owns = cursor.fetchone()
    told = {
        f"Too much: the login role {fence.login()} is a superuser.": is_super,
        f"Too much: the login role {fence.login()} has BYPASSRLS.": bypasses,
        _SAME_ROLE: owns,
    }
    return [line for line, holds in told.items() if holds]


def _grants(cursor: Any, group: str) -> list[str]:
    asked = [
        (verb, table, column, right.why)
        for table, rights in fence.RIGHTS.items()
        for right in rights
        for verb in right.may.split(", ")
        for column in right.columns or ("",)
    ]
    verbs, tables, columns, whys = (list(each) for each in zip(*asked, strict=True))
    cursor.execute(
        _GRANTS,
        {"verbs": verbs, "tables": tables, "columns": columns, "whys": whys, "role": group},
    )
    return [
        f"Missing: GRANT {verb}{f' ({column})' if column else ''} ON public.{table} TO {group}"
        f" ({why}): {_MEND}."
        for verb, table, column, why in cursor.fetchall()
    ]


def _agencies(cursor: Any, group: str, schemas: list[str], *, owns: bool) -> list[str]:
    cursor.execute("SELECT current_setting('server_version_num')::int")
    is_new = cursor.fetchone()[0] >= fence.INHERITS_BY_GRANT
    cursor.execute(
        _AGENCIES,
        {
            "schemas": schemas,
            "roles": [fence.role_of(schema) for schema in schemas],
            "group": group,
            "way": "SET" if is_new else "MEMBER",
        },
    )
    lines = []
    for schema, role, exists, may_set, in_group, may_use, login_may in cursor.fetchall():
        gaps = {
            f"the role {role}": not exists,
            f"GRANT {role} TO {fence.login()}": exists and not may_set,
            f"GRANT {group} TO {role}": exists and not in_group,
            f"GRANT USAGE ON SCHEMA {schema} TO {role}": exists and not may_use,
        }
        lines += [f"Missing: {gap}: {_MEND}." for gap, is_gap in gaps.items() if is_gap]
        if login_may and not owns:
            lines.append(f"Too much: {fence.login()} reaches the schema {schema} by itself.")
    return lines


def _unguarded(cursor: Any) -> list[str]:
    tables = fence.guarded_tables(cursor)
    return _names(cursor, _UNGUARDED, {"names": list(fence.POLICIES), "tables": tables})


def _names(cursor: Any, query: str, values: dict[str, Any] | None = None) -> list[str]:
    cursor.execute(query, values)
    return [name for (name,) in cursor.fetchall()]
