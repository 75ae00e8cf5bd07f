"""Deploys: every agency's schema is brought up to date, and one that fails holds up no other."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from pytest_django import Settings

from tenants import fence, migrating, schemas, scope
from tenants.models import Agency, SchemaStep, SchemaVersion
from tenants.trail.models import AuditEvent
from tests import deploys

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def _as_before(committed: None, settings: Settings) -> Iterator[None]:
    """Afterwards the agencies are founded anew with the migrations that there are."""
    before = dict(settings.MIGRATION_MODULES)
    yield
    settings.MIGRATION_MODULES = before
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'trail' AND name LIKE '0002%'")


def _deploy(settings: Settings, later: str, *args: str) -> str:
    settings.MIGRATION_MODULES = {"trail": f"tests.later.{later}.migrations"}
    out = StringIO()
    call_command("migrate_agencies", *args, stdout=out, verbosity=1)
    return out.getvalue().splitlines()[-1]


def _columns(agency: Agency) -> set[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT table_name || '.' || column_name FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name IN ('trail_auditevent', 'trail_remark')",
            [agency.schema_name],
        )
        return {name for (name,) in cursor.fetchall()}


def _plans() -> set[str]:
    return set(SchemaVersion.objects.exclude(agency=None).values_list("plan_hash", flat=True))


def _event(agency: Agency, action: str) -> None:
    with scope.agency(agency):
        AuditEvent.objects.create(
            at=deploys.FOUNDED, via="task", action=action, object_type="x", object_name="x"
        )


def test_a_column_and_a_table_come_to_every_agency_inside_its_fence(settings: Settings) -> None:
    harbour, meridian = Agency.objects.order_by("slug")

    told = _deploy(settings, "column")

    assert told == "All is up to date; 2 agencies were migrated."
    new = {"trail_auditevent.note", "trail_remark.id", "trail_remark.agency_id"}
    assert [new <= _columns(agency) for agency in (harbour, meridian)] == [True, True]
    assert schemas.drift([harbour, meridian], at=deploys.FOUNDED) == {}
    assert SchemaStep.objects.get(to_hash=schemas.migrations_hash()).statements is not None
    table = f"{harbour.schema_name}.trail_remark"
    own, other = fence.role_of(harbour.schema_name), fence.role_of(meridian.schema_name)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(%s, %s, 'INSERT'), has_table_privilege(%s, %s, 'SELECT')",
            [own, table, other, table],
        )
        assert cursor.fetchone() == (True, False)

    # and the next run has nothing to do
    assert _deploy(settings, "column") == "All is up to date; 0 agencies were migrated."


def test_a_migration_that_reads_rows_goes_through_each_agencys_own(settings: Settings) -> None:
    harbour, meridian = Agency.objects.order_by("slug")
    _event(harbour, "long")
    _event(meridian, "kept")

    _deploy(settings, "data")

    for agency, action in ((harbour, "short"), (meridian, "kept")):
        with scope.agency(agency):
            assert [event.action for event in AuditEvent.objects.all()] == [action]
    assert SchemaStep.objects.get(to_hash=schemas.migrations_hash()).statements is None


def test_an_agency_that_fails_is_named_and_the_others_go_on(settings: Settings) -> None:
    # given one whose rows do not keep the new rule
    (odd,) = deploys.make_schemas(1)
    _event(odd, "odd")
    Agency.objects.filter(pk=odd.pk).update(created_at=datetime.now(UTC))  # it comes last

    # when
    with pytest.raises(CommandError, match=r"many-0: IntegrityError: check constraint"):
        _deploy(settings, "refused", "--canaries", "2")

    # then
    (failed,) = SchemaVersion.objects.filter(state=SchemaVersion.State.FAILED)
    assert (failed.agency_id, len(_plans())) == (odd.pk, 2)
    assert schemas.drift([odd], at=deploys.FOUNDED) == {
        odd: ["schema is behind: run migrate_agencies"]
    }

    # and the next run tries it again
    with scope.agency(odd):
        AuditEvent.objects.all().delete()
    assert _deploy(settings, "refused") == "All is up to date; 1 agencies were migrated."


def test_the_run_stops_where_one_of_the_first_fails(settings: Settings) -> None:
    before = schemas.migrations_hash()
    _event(Agency.objects.order_by("created_at", "pk")[0], "odd")

    with pytest.raises(CommandError, match=r"Stopped after the first ones: harbour: Integrity"):
        _deploy(settings, "refused", "--canaries", "1")

    assert _plans() == {before}


def test_an_agency_from_before_the_version_table_is_taken_up() -> None:
    SchemaVersion.objects.exclude(agency=None).delete()

    call_command("migrate_agencies", verbosity=0)

    assert _plans() == {schemas.migrations_hash()}


def test_a_new_agency_has_its_version_with_its_schema() -> None:
    (made,) = deploys.make_schemas(1)

    version = SchemaVersion.objects.get(agency=made)

    assert (version.plan_hash, version.state, version.at) == (
        schemas.migrations_hash(),
        "done",
        deploys.FOUNDED,
    )
    assert migrating.behind(began_at=datetime.now(UTC)) == {}


def test_no_migration_of_the_agencies_leaves_its_transaction() -> None:
    # each agency's is one transaction, whole or not at all
    loader = MigrationLoader(None)
    apart = [
        str(migration)
        for (app, _name), migration in loader.disk_migrations.items()
        if app in schemas.tenant_labels() and not migration.atomic
    ]
    assert apart == []
