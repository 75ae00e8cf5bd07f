"""Brings the agencies' schemas up to the migrations on disk, each in a transaction of its own.

The version table is the list of what is to do: whoever takes an agency locks its row, so any
number of processes work side by side, and a run that is killed is gone on with by the next. A
pending migration is compiled to statements once, on an empty schema of the old template, and
replayed in one round trip an agency; what reads rows goes through Django's executor.
"""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from django.db import DatabaseError, OperationalError, transaction
from django.db.migrations import RunPython, SeparateDatabaseAndState
from django.db.migrations.executor import MigrationExecutor
from psycopg import errors

from tenants import fence, schemas
from tenants.fence import Relations
from tenants.models import Agency, SchemaStep, SchemaTemplate, SchemaVersion
from tenants.redaction import headline

OWNER: Final = schemas.OWNER
LOCK_TIMEOUT: Final = "2s"  # a page that reads while we wait for its table waits as long
_PAUSES: Final = (0.2, 0.5, 1.0, 2.0)  # seconds between tries to get the locks
_IN_THE_WAY: Final = (errors.LockNotAvailable, errors.DeadlockDetected)
STANDING: Final = (Agency.State.READY, Agency.State.SUSPENDED, Agency.State.CLOSING)
"""The states of agencies whose schema stands."""

_FILL = """
INSERT INTO public.tenants_schemaversion (agency_id, plan_hash, state, at, error)
SELECT id, '', 'done', %s, '' FROM public.tenants_agency WHERE state = ANY(%s)
ON CONFLICT DO NOTHING
"""
_BEHIND = """
FROM public.tenants_schemaversion v JOIN public.tenants_agency a ON a.id = v.agency_id
WHERE a.state = ANY(%(states)s) AND v.plan_hash <> %(plan)s
  AND (v.state <> 'failed' OR v.at < %(began_at)s)
"""
_COUNT = f"SELECT v.plan_hash, count(*) {_BEHIND} GROUP BY 1"
_NEXT = f"""
SELECT v.id, v.plan_hash, a.id, a.schema_name, a.slug {_BEHIND}
ORDER BY a.created_at, a.id LIMIT 1 FOR UPDATE OF v SKIP LOCKED
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """One agency whose schema was brought up to date, or was not because of ``error``."""

    slug: str
    error: str = ""


def is_in_the_way(error: Exception) -> bool:
    """Tell whether a statement failed because somebody else held what it needs."""
    return isinstance(error.__cause__, _IN_THE_WAY)


def public_hash() -> str:
    """Return a digest that changes with what the public tables and the fence should be."""
    digest = hashlib.sha256(f"{fence.login()}\n{fence.owner()}\n".encode())
    for app, path in schemas.migration_files():
        digest.update(f"{app}.{path.stem}\n".encode() + path.read_bytes())
    digest.update(Path(fence.__file__).read_bytes())
    return digest.hexdigest()


def is_public_done() -> bool:
    """Tell whether the public tables are those of the migrations on disk."""
    with schemas.owner().cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.tenants_schemaversion') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return False
    versions = SchemaVersion.objects.using(OWNER).filter(agency=None)
    return versions.filter(plan_hash=public_hash()).exists()


def note_public(*, at: datetime) -> None:
    SchemaVersion.objects.using(OWNER).update_or_create(
        agency=None, defaults={"plan_hash": public_hash(), "at": at}
    )


def fill_versions(*, at: datetime) -> None:
    """Write a row for each agency that stands and has none, as those of older versions."""
    with schemas.owner().cursor() as cursor:
        cursor.execute(_FILL, [at, list(STANDING)])


def behind(*, began_at: datetime) -> dict[str, int]:
    """Return how many agencies are to be migrated, by the hash of what they have.

    Those that failed since ``began_at`` are not: a run tries each once.
    """
    with schemas.owner().cursor() as cursor:
        cursor.execute(_COUNT, _values(began_at))
        return dict(cursor.fetchall())


def failures() -> list[Tried]:
    """Return the agencies that could not be migrated, with the reason."""
    rows = SchemaVersion.objects.using(OWNER).filter(
        state=SchemaVersion.State.FAILED, agency__state__in=STANDING
    )
    told = rows.order_by("agency__slug").values_list("agency__slug", "error")
    return [Tried(slug, error) for slug, error in told]


def compile_steps(hashes: Iterable[str], *, at: datetime) -> None:
    """Compile the step from each of ``hashes`` to the migrations on disk, once for all agencies."""
    plan = schemas.migrations_hash()
    schemas.template(at=at)  # recorded here and not by the first sign-up after a deploy
    for from_hash in hashes:
        old = SchemaTemplate.objects.using(OWNER).filter(pk=from_hash).first()
        if old is None or _step(from_hash) is not None:
            continue
        statements = _compile(schemas.Template.of(old))
        SchemaStep.objects.using(OWNER).update_or_create(
            from_hash=from_hash,
            to_hash=plan,
            defaults={"statements": statements, "recorded_at": at},
        )


def _step(from_hash: str) -> SchemaStep | None:
    steps = SchemaStep.objects.using(OWNER)
    return steps.filter(from_hash=from_hash, to_hash=schemas.migrations_hash()).first()


def _compile(old: schemas.Template) -> str | None:
    schema = f"template_{uuid4().hex}"
    with schemas.thrown_away(schema) as cursor:
        cursor.execute(old.statements)
        executor = MigrationExecutor(schemas.owner())
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        labels = schemas.tenant_labels()
        if any(
            _reads_rows(operation)
            for migration, _backwards in plan
            for operation in migration.operations
            if migration.app_label in labels
        ):
            return None
        return schemas.recorded(schema, lambda: schemas.migrate_schema(schema))


def _reads_rows(operation: Any) -> bool:
    """Tell whether an operation may do in one schema what it does not do in another."""
    if isinstance(operation, RunPython):
        return operation.code is not RunPython.noop
    if isinstance(operation, SeparateDatabaseAndState):
        return any(_reads_rows(inner) for inner in operation.database_operations)
    return not type(operation).__module__.startswith("django.")


def migrate_next(*, began_at: datetime, at: datetime) -> Tried | None:
    """Migrate one agency that is behind and that nobody else has taken; None where none is left.

    An agency that failed since ``began_at`` is left alone. The locks on its tables are waited for
    two seconds and five times.
    """
    for pause in (*_PAUSES, None):
        taken: list[Any] = []
        try:
            return _migrate_next(began_at, at, taken)
        except OperationalError as error:
            if pause is not None and is_in_the_way(error):
                time.sleep(pause)
                continue
            return _failed(taken, error, at)
        except DatabaseError as error:
            return _failed(taken, error, at)
    raise AssertionError


def _migrate_next(began_at: datetime, at: datetime, taken: list[Any]) -> Tried | None:
    connection = schemas.owner()
    connection.set_schema_to_public()
    with transaction.atomic(using=OWNER), connection.cursor() as cursor:
        cursor.execute(_NEXT, _values(began_at))
        row = cursor.fetchone()
        if row is None:
            return None
        version_id, from_hash, agency_id, schema, slug = row
        taken[:] = [version_id, slug]
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        agency = Agency(pk=agency_id, schema_name=schema, slug=slug)
        step = _step(from_hash)
        if step is None or step.statements is None:
            schemas.migrate(agency, at=at)
        else:
            _replay(agency, step, at=at)
    return Tried(slug)


def _replay(agency: Agency, step: SchemaStep, *, at: datetime) -> None:
    old = SchemaTemplate.objects.using(OWNER).get(pk=step.from_hash)
    new = schemas.template(at=at).relations
    had = schemas.Template.of(old).relations
    fresh = Relations(
        tables=_beside(new.tables, had.tables),
        of_agency=_beside(new.of_agency, had.of_agency),
        sequences=_beside(new.sequences, had.sequences),
    )
    with schemas.alone_in_schema(agency.schema_name) as cursor:
        if step.statements:
            cursor.execute(step.statements)
        if any((fresh.tables, fresh.of_agency, fresh.sequences)):
            schemas.bind(cursor, agency.schema_name, agency.pk, fresh)
        schemas.note_version(agency, step.to_hash, at=at)


def _beside(new: tuple[str, ...], had: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in new if name not in had)


def _failed(taken: list[Any], error: Exception, at: datetime) -> Tried:
    """Note that the agency which was taken could not be migrated; else let the error rise."""
    if not taken:
        raise error
    version_id, slug = taken
    # Not what follows the first line: it quotes rows of the agency.
    text = headline(error).removeprefix("django.db.utils.")[:300]
    SchemaVersion.objects.using(OWNER).filter(pk=version_id).update(
        state=SchemaVersion.State.FAILED, at=at, error=text
    )
    return Tried(slug, text)


def _values(began_at: datetime) -> dict[str, Any]:
    return {
        "states": list(STANDING),
        "plan": schemas.migrations_hash(),
        "began_at": began_at,
    }
