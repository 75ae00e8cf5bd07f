"""What an agency's schema consists of, read from the catalogs of many schemas in one query.

An entry is (kind, key, definition). Names of the schema, its role and its agency are replaced by
words that are the same for every agency, so that two schemas can be compared as they are.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from tenants import fence

Entry = tuple[str, str, str]
_LONGEST: Final = 160


@dataclass(frozen=True, slots=True)
class Site:
    """A schema, and the agency whose rows it is for."""

    schema: str
    agency_id: UUID


# One UNION per kind of object. ``tell`` turns whoever holds a grant into the same word everywhere.
_ENTRIES: Final = """
WITH site AS MATERIALIZED (
  SELECT given.*, n.oid AS space, n.nspacl, n.nspowner
  FROM unnest(%(schemas)s::text[], %(agencies)s::text[], %(roles)s::text[])
    AS given(schema, agency, role) JOIN pg_namespace n ON n.nspname = given.schema),
rel AS MATERIALIZED (
  SELECT site.schema, site.agency, site.role, c.oid, c.relname, c.relkind, c.relacl, c.relowner
  FROM pg_class c JOIN site ON c.relnamespace = site.space
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')),
held AS (
  SELECT schema, agency, role, relname::text AS of, relacl AS acl FROM rel
  UNION ALL SELECT schema, agency, role, 'the schema', nspacl FROM site
  UNION ALL SELECT rel.schema, rel.agency, rel.role, rel.relname || '.' || a.attname, a.attacl
    FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid WHERE a.attacl IS NOT NULL),
entry AS (
  SELECT schema, agency, CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
    relname::text AS key, CASE WHEN pg_get_userbyid(relowner) = %(owner)s THEN 'of the owner'
    ELSE pg_get_userbyid(relowner)::text END AS def FROM rel
  UNION ALL SELECT schema, agency, 'column', relname || '.' || a.attname,
    concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
      'default ' || pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity::text, ''),
      nullif(a.attgenerated::text, ''))
    FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = rel.oid AND d.adnum = a.attnum WHERE relkind <> 'S'
  UNION ALL SELECT schema, agency, 'constraint', relname || '.' || conname,
    pg_get_constraintdef(con.oid) || CASE WHEN convalidated THEN '' ELSE ' not valid' END
    FROM rel JOIN pg_constraint con ON con.conrelid = rel.oid WHERE contype <> 'n'
  UNION ALL SELECT schema, agency, 'index', rel.relname || '.' || ic.relname,
    pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' not valid' END
    FROM rel JOIN pg_index i ON i.indrelid = rel.oid JOIN pg_class ic ON ic.oid = i.indexrelid
  UNION ALL SELECT schema, agency, 'trigger', relname || '.' || tgname,
    pg_get_triggerdef(t.oid) || CASE WHEN tgenabled = 'O' THEN '' ELSE ' ' || tgenabled::text END
    FROM rel JOIN pg_trigger t ON t.tgrelid = rel.oid WHERE NOT tgisinternal
  UNION ALL SELECT schema, agency, 'function', proname || '/' || pronargs, md5(prosrc)
    FROM site JOIN pg_proc p ON p.pronamespace = site.space
  UNION ALL SELECT schema, agency, 'grant', held.of || ' to ' || CASE
      WHEN x.grantee = 0 THEN 'everybody' WHEN r.rolname = held.role THEN 'its role'
      WHEN r.rolname = %(owner)s THEN 'the owner' WHEN r.rolname = %(login)s THEN 'the login'
      ELSE coalesce(r.rolname, 'nobody') END,
    string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type)
    FROM held CROSS JOIN aclexplode(held.acl) x LEFT JOIN pg_roles r ON r.oid = x.grantee
    GROUP BY 1, 2, 3, 4
  UNION ALL SELECT schema, agency, 'role', 'of the schema', 'there' FROM site
    JOIN pg_roles r ON r.rolname = site.role
  UNION ALL SELECT schema, agency, 'role', 'member of ' || CASE
      WHEN above.rolname = %(group)s THEN 'the group' ELSE above.rolname END, 'granted'
    FROM site JOIN pg_roles r ON r.rolname = site.role JOIN pg_auth_members m ON m.member = r.oid
    JOIN pg_roles above ON above.oid = m.roleid
  UNION ALL SELECT schema, agency, 'role', 'taken by ' || CASE
      WHEN below.rolname = %(login)s THEN 'the login' ELSE below.rolname END,
    concat_ws(' ', 'granted',
      CASE WHEN (to_jsonb(m) ->> 'inherit_option')::bool THEN 'and inherited' END)
    FROM site JOIN pg_roles r ON r.rolname = site.role JOIN pg_auth_members m ON m.roleid = r.oid
    JOIN pg_roles below ON below.oid = m.member WHERE below.rolname <> %(owner)s),
told AS (
  SELECT schema, kind, key, replace(replace(replace(replace(def, '"' || schema || '".', ''),
    schema || '.', ''), schema, 'SCHEMA'), agency, 'AGENCY') AS def FROM entry)
"""
_ROWS: Final = _ENTRIES + "SELECT schema, kind, key, def FROM told"  # noqa: S608 - two constants
_DIGESTS: Final = (
    _ENTRIES
    + """
SELECT schema, encode(sha256(convert_to(string_agg(kind || chr(9) || key || chr(9) || def, chr(10)
  ORDER BY kind COLLATE "C", key COLLATE "C"), 'UTF8')), 'hex') FROM told GROUP BY schema
"""
)


def read(cursor: Any, sites: Sequence[Site]) -> dict[str, list[Entry]]:
    """Return each schema's entries in their order; a schema that is not there has none."""
    found: dict[str, list[Entry]] = defaultdict(list)
    cursor.execute(_ROWS, _values(sites))
    for schema, *entry in cursor.fetchall():
        found[schema].append((entry[0], entry[1], entry[2]))
    return {schema: sorted(entries) for schema, entries in found.items()}


def read_digests(cursor: Any, sites: Sequence[Site]) -> dict[str, str]:
    """Return each schema's digest, made in the database: equal where all its entries are."""
    cursor.execute(_DIGESTS, _values(sites))
    return dict(cursor.fetchall())


def digest(entries: Iterable[Entry]) -> str:
    """Return the digest that ``read_digests`` gives to a schema of these entries."""
    return sha256("\n".join("\t".join(entry) for entry in sorted(entries)).encode()).hexdigest()


def differences(expected: Iterable[Entry], found: Iterable[Entry]) -> list[str]:
    """Return in one line each what ``found`` lacks, has beside, or has otherwise."""
    wanted, there = _by_name(expected), _by_name(found)
    lines = []
    for name in sorted(wanted.keys() | there.keys()):
        kind, key = name
        if name not in there:
            lines.append(f"{kind} {key} is missing")
        elif name not in wanted:
            lines.append(f"{kind} {key} is not in the template")
        elif wanted[name] != there[name]:
            lines.append(f"{kind} {key} is {_short(there[name])}, not {_short(wanted[name])}")
    return lines


def _by_name(entries: Iterable[Entry]) -> Mapping[tuple[str, str], str]:
    return {(kind, key): definition for kind, key, definition in entries}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _values(sites: Sequence[Site]) -> dict[str, Any]:
    return {
        "schemas": [site.schema for site in sites],
        "agencies": [str(site.agency_id) for site in sites],
        "roles": [fence.role_of(site.schema) for site in sites],
        "owner": fence.owner(),
        "login": fence.login(),
        "group": fence.group(),
    }
