"""Finds what a fault or a hand has left without its agency: schemas, roles, unfinished sign-ups."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef
from psycopg import sql

from tenants import due, fence, schemas
from tenants.models import Agency, DueWork
from tenants.selectors.preparing import PROVISION

logger = logging.getLogger(__name__)

LOST_AFTER: Final = timedelta(minutes=10)
# One statement sees one moment: an agency's row is there before its schema, and the schema
# and its role come and go together.
_ORPHANS: Final = """
WITH living AS (
  SELECT schema_name FROM public.tenants_agency WHERE state <> 'deleted'
  UNION ALL SELECT a.schema_name FROM public.tenants_agency a
    JOIN public.tenants_agencydeletion d ON d.agency_id = a.id
    WHERE a.state = 'deleted' AND d.ended_at IS NULL)
SELECT 'schema', nspname::text FROM pg_namespace
  WHERE nspname ~ '^(a_[0-9a-f]{16}|template_[0-9a-f]{32})$'
    AND NOT EXISTS (SELECT 1 FROM living WHERE schema_name = nspname)
UNION ALL SELECT 'role', rolname::text FROM pg_roles
  WHERE rolname ~ ('^(a_[0-9a-f]{16}|template_[0-9a-f]{32})_' || %(tag)s || '$')
    AND NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname || '_' || %(tag)s = rolname)
ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What has no agency, the sign-ups nobody works on, and those set aside after many tries."""

    schemas: tuple[str, ...]
    roles: tuple[str, ...]
    lost: tuple[Agency, ...]
    set_aside: tuple[Agency, ...]


def look(*, at: datetime) -> Found:
    """Return what is left over; nothing is changed."""
    with schemas.owner().cursor() as cursor:
        cursor.execute(_ORPHANS, {"tag": fence.tag()})
        rows = cursor.fetchall()
    work = DueWork.objects.filter(agency_id=OuterRef("pk"), kind=PROVISION, done_at=None)
    old = Agency.objects.filter(
        state=Agency.State.PROVISIONING, created_at__lte=at - LOST_AFTER
    ).order_by("created_at")
    return Found(
        schemas=tuple(name for kind, name in rows if kind == "schema"),
        roles=tuple(name for kind, name in rows if kind == "role"),
        lost=tuple(old.filter(~Exists(work))),
        set_aside=tuple(old.filter(Exists(work.exclude(quarantined_at=None)))),
    )


def sweep(*, at: datetime) -> Found:
    """Remove what has no agency, and ask anew for the sign-ups that nobody works on."""
    found = look(at=at)
    for schema in found.schemas:
        schemas.drop(schema)
        logger.warning("orphan_schema_dropped", extra={"schema": schema})
    for role in found.roles:
        _drop_role(role)
        logger.warning("orphan_role_dropped", extra={"role": role})
    for agency in found.lost:
        due.add(kind=PROVISION, agency=agency, at=at)
        logger.warning("lost_sign_up_asked_anew", extra={"agency_id": str(agency.pk)})
    return found


def _drop_role(role: str) -> None:
    cursor: Any
    with schemas.owner().cursor() as cursor:
        cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
