"""Making, migrating and comparing agencies, by their number."""

import math
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.db import connections
from pytest_django import Settings

from tenants import migrating, schemas, scope
from tenants.models import Agency, SchemaVersion
from tenants.provisioning import provision
from tenants.trail.models import AuditEvent
from tests import deploys, signups

SEED = 20261129
FEW, MANY = 10, 1_000
IDLE_RUNS = 5
SIGN_UPS, KILLS = 200, 20
MEASURED = 15
Figure = Callable[[str, str, int], None]


@pytest.fixture
def clean(committed: None) -> Iterator[None]:
    yield
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'trail' AND name LIKE '0002%'")


@pytest.mark.usefixtures("committed")
def test_sign_ups_in_parallel_with_kills(figure: Figure) -> None:
    signups.sign_up(SIGN_UPS, at=datetime.now(UTC))

    outcome = signups.drain(processes=3, kills=KILLS, seed=SEED)

    assert signups.faults() == []
    assert (len(outcome.seconds), outcome.kills) == (SIGN_UPS, KILLS)
    worst = max(outcome.seconds)
    figure(
        f"{SIGN_UPS} sign-ups in parallel, {KILLS} processes killed: orphan schemas, roles, rows;"
        " longest own run; drained after",
        f"0; {worst:.2f} s; {outcome.drained_after:.0f} s",
        SEED,
    )
    assert worst <= 1
    assert outcome.drained_after <= 60


def _median_of_making() -> float:
    """Return the median of the seconds that making an agency ready takes."""
    taken = []
    for number in range(MEASURED):
        slug = f"measured-{Agency.objects.count()}-{number}"
        agency = Agency.objects.create(
            name=slug,
            slug=slug,
            schema_name=f"a_{time.monotonic_ns():016x}",
            created_at=deploys.FOUNDED,
        )
        began = time.perf_counter()
        provision(agency, at=deploys.FOUNDED)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _nothing_to_do() -> float:
    began = time.perf_counter()
    assert deploys.migrate("--verbosity", "0") == (0, "")
    return time.perf_counter() - began


@pytest.mark.usefixtures("clean")
def test_a_thousand_agencies(figure: Figure, settings: Settings) -> None:
    # making one, beside few and beside many
    deploys.make_schemas(FEW)
    beside_few = _median_of_making()
    deploys.make_schemas(MANY - Agency.objects.count(), first=FEW)
    beside_many = _median_of_making()
    figure(
        f"making an agency beside {MANY} against beside {FEW}, median",
        f"{beside_many:.3f} s against {beside_few:.3f} s, ratio {beside_many / beside_few:.2f}",
        SEED,
    )

    # a deploy with nothing to do
    deploys.migrate()
    idle = statistics.median(_nothing_to_do() for _ in range(IDLE_RUNS))
    figure(
        f"migrate_agencies with nothing to do over {MANY} agencies, its start included, median",
        f"{idle:.2f} s",
        SEED,
    )

    # comparing all with the template
    every = list(Agency.objects.all())
    began = time.perf_counter()
    assert schemas.drift(every, at=deploys.FOUNDED) == {}
    compared = time.perf_counter() - began
    figure(f"comparing {len(every)} schemas with the template", f"{compared:.1f} s", SEED)

    # a column more
    deploys.make_schemas(FEW + 100 + MANY - len(every), first=MANY)
    told, exponent = _add_a_column(settings)
    figure(f"a column added over {FEW}, 100 and {MANY} agencies, exponent", told, SEED)

    assert beside_many / beside_few <= 1.25
    assert idle < 2
    assert exponent < 1.2


def _add_a_column(settings: Settings) -> tuple[str, float]:
    """Migrate so many agencies at a time; return the seconds in words, and their exponent."""
    old = schemas.migrations_hash()
    settings.MIGRATION_MODULES = {"trail": "tests.later.column.migrations"}
    new = schemas.migrations_hash()
    versions = SchemaVersion.objects.exclude(agency=None)
    left = list(versions.values_list("pk", flat=True))
    versions.update(plan_hash=new)
    assert deploys.migrate("--verbosity", "0", later="column") == (0, "")  # the public part
    taken: dict[int, float] = {}
    for count in (FEW, 100, MANY):
        SchemaVersion.objects.filter(pk__in=left[:count]).update(plan_hash=old)
        del left[:count]
        began = time.perf_counter()
        assert deploys.migrate("--verbosity", "0", later="column") == (0, "")
        taken[count] = time.perf_counter() - began
    exponent = math.log10(taken[MANY] / taken[100])
    words = ", ".join(f"{seconds:.1f} s" for seconds in taken.values())
    return f"{words}; {exponent:.2f}", exponent


@pytest.mark.usefixtures("clean")
def test_two_runs_and_a_killed_one() -> None:
    # given a run that was killed in the middle
    deploys.make_schemas(25)
    killed = deploys.start_migrating("--processes", "1", later="column")
    assert killed.stdout is not None
    while not killed.stdout.readline().startswith("4 of"):
        assert killed.poll() is None
    killed.kill()
    killed.communicate(timeout=30)

    # when two run at once
    both = [deploys.start_migrating("--processes", "2", later="column") for _ in range(2)]
    told = [process.communicate(timeout=120)[0] for process in both]

    # then both end well, and every agency is migrated once
    assert [process.returncode for process in both] == [0, 0], told
    plans = SchemaVersion.objects.exclude(agency=None).values_list("plan_hash", flat=True)
    assert len(set(plans)) == 1
    assert migrating.failures() == []
    assert _with_column() == Agency.objects.count()


@pytest.mark.usefixtures("clean")
def test_a_run_waits_for_a_table_in_use() -> None:
    harbour = Agency.objects.get(slug="harbour")
    with scope.agency(harbour):
        AuditEvent.objects.count()  # holds a lock on the table until the scope is left
        process = deploys.start_migrating(later="column")
        ends_at = time.monotonic() + 60
        while not _waits_for_lock() and time.monotonic() < ends_at:
            time.sleep(0.05)
        assert _waits_for_lock()
        time.sleep(2.5)  # longer than it waits for the lock at a time

    told, _ = process.communicate(timeout=60)
    assert (process.returncode, told.splitlines()[-1]) == (
        0,
        "All is up to date; 2 agencies were migrated.",
    )


def _with_column() -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM information_schema.columns WHERE table_name = 'trail_auditevent'"
            " AND column_name = 'note' AND table_schema LIKE 'a\\_%%'"
        )
        return int(cursor.fetchone()[0])


def _waits_for_lock() -> bool:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])
