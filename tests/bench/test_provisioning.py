"""Making an agency's schema: by replay of recorded statements against migrating it."""

import statistics
import time
from datetime import UTC, datetime

import pytest
from django.db import connections

from tenants import schemas
from tenants.models import Agency

ROUNDS = 7


def _agency(name: str) -> Agency:
    agency: Agency = Agency.objects.create(
        name=name, slug=name, schema_name=f"a_{name}", created_at=datetime.now(UTC)
    )
    return agency


@pytest.mark.usefixtures("committed")
def test_replay_against_migration() -> None:
    schemas.make(_agency("warm"), at=datetime.now(UTC))  # the template is recorded
    replays, migrations = [], []
    for number in range(ROUNDS):
        replayed, migrated = _agency(f"replayed{number}"), _agency(f"migrated{number}")
        began = time.perf_counter()
        schemas.make(replayed, at=datetime.now(UTC))
        replays.append(time.perf_counter() - began)
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA a_{migrated.slug}")
        began = time.perf_counter()
        schemas.migrate(migrated, at=datetime.now(UTC))
        migrations.append(time.perf_counter() - began)
    replay, migration = statistics.median(replays), statistics.median(migrations)
    print(
        f"\nprovisioning: replay {replay:.3f} s, migration {migration:.3f} s,"
        f" ratio {migration / replay:.1f}"
    )
    assert replay < migration
