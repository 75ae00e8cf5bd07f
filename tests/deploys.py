"""Deploys as they are: ``migrate_agencies`` as its own process, with migrations of a later day."""

import os
import subprocess
import sys
from datetime import UTC, datetime

from django.conf import settings

from tenants import schemas
from tenants.models import Agency

FOUNDED = datetime(2026, 2, 2, 8, tzinfo=UTC)


def environment(*, later: str = "") -> dict[str, str]:
    """Return what a process needs to work on the tests' own database, with later migrations."""
    urls = {name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    return {
        **os.environ,
        "TEST_DATABASE_URL": urls["DATABASE_URL"],
        "TEST_DATABASE_OWNER_URL": urls["DATABASE_OWNER_URL"],
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
        "TEST_MIGRATIONS": f"trail=tests.later.{later}.migrations" if later else "",
    }


def start_migrating(*args: str, later: str = "") -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "django", "migrate_agencies", *args],
        env=environment(later=later),
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def migrate(*args: str, later: str = "") -> tuple[int, str]:
    """Run the command to its end; return its exit code and what it printed."""
    process = start_migrating(*args, later=later)
    told, _ = process.communicate(timeout=600)
    return process.returncode, told


def make_schemas(count: int, *, first: int = 0) -> list[Agency]:
    """Return ``count`` agencies whose schemas stand; nobody has a seat there."""
    made = []
    for number in range(first, first + count):
        agency = Agency.objects.create(
            name=f"Agency {number}",
            slug=f"many-{number}",
            schema_name=f"a_{number:016x}",
            state=Agency.State.READY,
            created_at=FOUNDED,
        )
        schemas.make(agency, at=FOUNDED)
        made.append(agency)
    return made
