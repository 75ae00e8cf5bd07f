"""What ``manage.py doctor`` looks at; each finding is one line that says what to do.

A check returns what it found to be well, or raises ``Wrong``. It tells no secret and no person,
and takes a few seconds at most. ``CHECKS`` is the one list of them.
"""

import shutil
import smtplib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseFault
from django.db import connections

from tenants import fence_check, redaction, scope, sealing
from tenants.health import folder, probes
from tenants.health.figures import Figures, figures
from tenants.models import InboundEvent, SchemaVersion
from tenants.models.inbound import PAYLOAD_CELL
from tenants.schemas import migrations_hash

OLDEST_VERSION, NEWEST_VERSION = 15, 18
LONGEST_WAIT: Final = timedelta(minutes=5)
MOST_SKEW: Final = timedelta(seconds=2)
LEAST_FREE: Final = 1024**3  # bytes
_MAILIN_WITHIN: Final = 1.0  # seconds
_NOBODY: Final = UUID(int=0)
_MOST_NAMED: Final = 5


class Wrong(Exception):
    """Something is not as it should be; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    is_well: bool
    says: str


class Look:
    """One look at everything; what several checks need is asked once."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock

    @cached_property
    def figures(self) -> Figures:
        return figures(at=self.clock())


def database(_look: Look) -> str:
    return _version("default", "DATABASE_URL")


def owner(_look: Look) -> str:
    if settings.DATABASES["owner"]["USER"] == settings.DATABASES["default"]["USER"]:
        return "No owner's address is set here; only commands that change schemas need one."
    return _version("owner", "DATABASE_OWNER_URL")


def _version(alias: str, variable: str) -> str:
    try:
        with scope.public(), connections[alias].cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            version = int(cursor.fetchone()[0]) // 10_000
    except DatabaseFault as error:
        raise Wrong(f"PostgreSQL does not let us in: start it, or mend {variable}.") from error
    return judge_version(version)


def judge_version(version: int) -> str:
    if not OLDEST_VERSION <= version <= NEWEST_VERSION:
        raise Wrong(
            f"PostgreSQL {version} is not supported: use {OLDEST_VERSION} to {NEWEST_VERSION}."
        )
    return f"PostgreSQL {version} answers."


def migrations(_look: Look) -> str:
    missing = sorted(probes.missing_migrations())
    if missing:
        named = ", ".join(missing[:_MOST_NAMED])
        raise Wrong(
            f"{len(missing)} migrations are missing ({named}): run manage.py migrate_agencies."
        )
    return "The public tables have every migration of this code."


def fence(_look: Look) -> str:
    gaps = fence_check.gaps_now()
    if gaps:
        raise Wrong("; ".join(gaps))
    return "Every right that keeps agencies apart is in place."


def agencies_schemas(_look: Look) -> str:
    with scope.public():
        behind = SchemaVersion.objects.exclude(agency=None).exclude(plan_hash=migrations_hash())
        slugs = list(behind.order_by("agency__slug").values_list("agency__slug", flat=True))
    if slugs:
        named = ", ".join(slugs[:_MOST_NAMED])
        raise Wrong(
            f"{len(slugs)} agencies' schemas are behind ({named}): run manage.py migrate_agencies."
        )
    return "Every agency's schema has every migration of this code."


def queue(_look: Look) -> str:
    if not probes.queue_answers():
        raise Wrong("Valkey does not answer: start it, or mend REDIS_URL. Work waits meanwhile.")
    return "Valkey answers."


def due_work(look: Look) -> str:
    waiting = look.figures.waiting
    late = {name: each for name, each in waiting.items() if each.oldest > _seconds(LONGEST_WAIT)}
    if late:
        oldest = _for_people(max(each.oldest for each in late.values()))
        raise Wrong(
            f"Work for {', '.join(sorted(late))} has waited for up to {oldest}:"
            " see that a dispatcher runs, and a worker for each queue."
        )
    return f"{sum(each.count for each in waiting.values())} pieces of work wait, none for long."


def outbox(look: Look) -> str:
    late = {
        name: each
        for name, each in look.figures.outbox.items()
        if each.oldest > _seconds(LONGEST_WAIT)
    }
    if late:
        raise Wrong(
            f"Work on {', '.join(sorted(late))} is claimed and not done: see that a worker runs"
            " for each queue, and what it logs as due_work_failed."
        )
    return "What is on the queue is being done."


def quarantine(look: Look) -> str:
    kinds = look.figures.quarantined
    if kinds:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        raise Wrong(f"Set aside after too many tries: {told}. Mend the cause, then replay them.")
    return "No work is set aside."


def syncs(look: Look) -> str:
    found = look.figures.syncs
    if found.late:
        raise Wrong(
            f"{found.late} of {found.live} stores are not synced, one since"
            f" {_for_people(found.oldest)}: see the sync workers, and the marketplace's state."
        )
    return f"{found.live} stores are connected, {found.never} of them not synced yet."


def clock(look: Look) -> str:
    with scope.public(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        skew = abs(look.clock() - cursor.fetchone()[0])
    if skew > MOST_SKEW:
        raise Wrong(
            f"This machine and the database differ by {_for_people(_seconds(skew))}:"
            " let both follow a time server."
        )
    return "This machine and the database agree on the time."


def mailin(_look: Look) -> str:
    host, port = settings.MAILIN_HOST, settings.MAILIN_PORT
    try:
        with smtplib.SMTP(host, port, timeout=_MAILIN_WITHIN) as line:
            line.noop()
    except OSError as error:
        raise Wrong(
            f"Nothing receives mail at {host}:{port}: start manage.py run_mailin, or mend"
            " MAILIN_HOST and MAILIN_PORT."
        ) from error
    return f"Mail is received at {host}:{port}."


def disk(_look: Look, *, least: int = LEAST_FREE) -> str:
    free = []
    for name in ("RUN_DIR", "MEDIA_ROOT"):
        place = Path(getattr(settings, name))
        while not place.exists():
            place = place.parent
        left = shutil.disk_usage(place).free
        if left < least:
            raise Wrong(f"{name} has {left / 1024**3:.1f} GiB left: make room, or move it.")
        free.append(left)
    return f"At least {min(free) / 1024**3:.0f} GiB are free."


def safety(_look: Look) -> str:
    unsafe = {
        "DEBUG is on": settings.DEBUG,
        "DEVELOPMENT is on": settings.DEVELOPMENT,
        "PUBLIC_SCHEME is http": settings.PUBLIC_SCHEME != "https",
        "MAIL_KEYS_FILE lets anybody sign notices": bool(settings.MAIL_KEYS_FILE),
        "SANDBOX_URL is set": bool(settings.SANDBOX_URL),
    }
    found = ", ".join(what for what, holds in unsafe.items() if holds)
    is_at_home = settings.PUBLIC_HOST.partition(":")[0] == "localhost"
    if found and settings.DEVELOPMENT and is_at_home:
        return f"Fit for a developer's machine only: {found}."
    if found:
        raise Wrong(f"Unsafe where others come in: {found}. Set the environment right.")
    return "The settings are fit for production."


def sealing_keys(_look: Look) -> str:
    cell: dict[str, Any] = {"table": "doctor", "column": "probe", "row": "1", "agency": _NOBODY}
    try:
        opened = sealing.unseal(sealing.seal("probe", **cell), **cell)
    except (ImproperlyConfigured, ValueError, sealing.Unreadable) as error:
        raise Wrong("SEALING_KEYS cannot be read: it is id:base64-of-32-bytes,…") from error
    assert opened == "probe"
    return "What is sealed can be opened."


def sealed_rows(_look: Look) -> str:
    """Open the newest sealed row that there is: the keys may be fit, and another database's."""
    with scope.public():
        newest = InboundEvent.objects.filter(handled_at=None).order_by("-received_at").first()
    if newest is None or not newest.payload:
        return "Nothing sealed waits to be opened."
    value = bytes(newest.payload).decode()
    try:
        sealing.unseal(value, **PAYLOAD_CELL, row=newest.pk, agency=newest.agency_id)
    except (ImproperlyConfigured, ValueError, sealing.Unreadable) as error:
        raise Wrong(
            "SEALING_KEYS does not open what this database holds: add the key it was sealed with."
        ) from error
    return "What this database holds sealed can be opened."


def metrics(_look: Look) -> str:
    place = folder.current()
    if place is None:
        raise Wrong("PROMETHEUS_MULTIPROC_DIR is not set: each process counts for itself alone.")
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise Wrong(
            "PROMETHEUS_MULTIPROC_DIR cannot be written: let the programs' user write there."
        ) from error
    if not settings.METRICS_TOKEN:
        return "Counted, but nobody may read them: METRICS_TOKEN is not set."
    return "Counted, and read at /metrics."


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    run: Callable[[Look], str]
    needs: frozenset[str] = frozenset()  # checks that must have gone well before


_ANSWERS: Final = frozenset({"database"})
_MIGRATED: Final = frozenset({"database", "migrations"})
CHECKS: Final = (
    Check("database", database),
    Check("owner", owner, _ANSWERS),
    Check("migrations", migrations, _ANSWERS),
    Check("schemas", agencies_schemas, _MIGRATED),
    Check("fence", fence, _MIGRATED),
    Check("queue", queue),
    Check("due work", due_work, _MIGRATED),
    Check("outbox", outbox, _MIGRATED),
    Check("quarantine", quarantine, _MIGRATED),
    Check("sync", syncs, _MIGRATED),
    Check("clock", clock, _ANSWERS),
    Check("mail-in", mailin),
    Check("disk", disk),
    Check("settings", safety),
    Check("sealing keys", sealing_keys),
    Check("sealed rows", sealed_rows, _MIGRATED),
    Check("metrics", metrics),
)


def examine(*, clock: Callable[[], datetime]) -> list[Finding]:
    """Return what each check found, in order; a check that breaks is a finding too.

    What cannot be told while something else is wrong is left out.
    """
    look, found = Look(clock), list[Finding]()
    for check in CHECKS:
        if not check.needs <= {finding.check for finding in found if finding.is_well}:
            continue
        try:
            found.append(Finding(check.name, is_well=True, says=check.run(look)))
        except Wrong as wrong:
            found.append(Finding(check.name, is_well=False, says=str(wrong)))
        except Exception as error:  # noqa: BLE001 - told here, and the command ends with an error
            says = f"This could not be looked at: {redaction.headline(error)}"
            found.append(Finding(check.name, is_well=False, says=says))
    return found


def _seconds(span: timedelta) -> float:
    return span.total_seconds()


def _for_people(seconds: float) -> str:
    """Return a length of time in its largest fitting unit."""
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} seconds"
