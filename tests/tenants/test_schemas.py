"""Making agencies' schemas: by replay exactly what migrating makes."""

import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import UUID

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from stores.models import Store
from tenants import blueprint, due, fence, schemas, scope, sweeping, tasks
from tenants.blueprint import Site
from tenants.dispatcher import claims
from tenants.models import Agency, DueWork, Membership
from tenants.provisioning import provision
from tenants.services import agencies
from tests import factories

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def _fingerprint(agency: Agency) -> str:
    return schemas.fingerprint(agency)


@pytest.mark.usefixtures("committed")
def test_a_replayed_schema_equals_a_migrated_one_object_by_object() -> None:
    # given
    replayed = Agency.objects.get(slug="harbour")
    migrated = Agency.objects.create(
        name="Migrated", slug="migrated", schema_name="a_migrated", created_at=NOW
    )
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE SCHEMA a_migrated")

    # when
    schemas.migrate(migrated, at=NOW)

    # then
    assert _fingerprint(replayed) == _fingerprint(migrated)
    assert "row_of_its_agency" in _fingerprint(migrated)


@pytest.mark.usefixtures("committed")
def test_a_sign_up_is_provisioned_by_due_work_and_survives_a_half_made_schema() -> None:
    # given an agency whose first provisioning was killed half-way
    owner = factories.make_user()
    member = agencies.found_agency(name="Third", slug="third", owner=owner, at=NOW)
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{member.agency.schema_name}"')

    # when
    (claim,) = [c for c in claims.claim(at=datetime.now(UTC)) if c.kind == "tenants.provision"]
    tasks.run(member.agency.pk, claim.work_id)

    # then
    member.agency.refresh_from_db()
    assert member.agency.state == Agency.State.READY
    assert _fingerprint(member.agency) == _fingerprint(Agency.objects.get(slug="harbour"))


@pytest.mark.usefixtures("committed")
def test_an_agency_that_is_ready_is_never_made_anew() -> None:
    # given an agency in use, whose sign-up's work is found once more
    agency = Agency.objects.get(slug="harbour")
    with scope.agency(agency):
        store = factories.make_store()
    due.add(kind="tenants.provision", agency=agency, at=NOW)

    # when
    (claim,) = [c for c in claims.claim(at=datetime.now(UTC)) if c.kind == "tenants.provision"]
    tasks.run(agency.pk, claim.work_id)

    # then
    with scope.agency(agency):
        assert list(Store.objects.values_list("pk", flat=True)) == [store.pk]


def test_found_agency_gives_six_roles_and_the_owner_every_store(db: None) -> None:
    member = agencies.found_agency(name="Third", slug="third", owner=factories.make_user(), at=NOW)
    roles = sorted(member.agency.roles.values_list("code", flat=True))
    assert roles == ["admin", "auditor", "client", "lead", "owner", "specialist"]
    assert (member.role.code, member.store_scope) == ("owner", Membership.StoreScope.ALL)


@pytest.mark.parametrize(
    "slug", ["", "ab", "Upper", "-lead", "trail-", "a b", "www", "x" * 41, "naïve", "a;drop"]
)
def test_found_agency_refuses_an_unusable_address(db: None, slug: str) -> None:
    with pytest.raises(agencies.AddressUnusable):
        agencies.found_agency(name="Third", slug=slug, owner=factories.make_user(), at=NOW)


def test_found_agency_refuses_an_address_that_is_taken(db: None) -> None:
    with pytest.raises(agencies.AddressTaken):
        agencies.found_agency(name="Second", slug="harbour", owner=factories.make_user(), at=NOW)


# What is otherwise than the template makes it


@pytest.mark.usefixtures("committed")
def test_drift_names_each_difference_of_each_agency_in_a_line() -> None:
    # given two schemas that hands were laid on, and one left alone
    harbour, meridian = Agency.objects.order_by("slug")
    third = factories.make_agency(slug="third", at=NOW)
    own, other = (agency.schema_name for agency in (harbour, meridian))
    with connections["owner"].cursor() as cursor:
        for statement in (
            f"ALTER TABLE {own}.stores_client DROP COLUMN language",
            f"CREATE INDEX by_name ON {own}.stores_client (name)",
            f"ALTER TABLE {own}.stores_client ALTER COLUMN agency_id SET DEFAULT '{meridian.pk}'",
            f"DROP TRIGGER ledger_is_append_only ON {own}.scoring_ledgerentry",
            f"GRANT SELECT ON {own}.stores_client TO {fence.role_of(other)}",
            f"REVOKE DELETE ON {other}.stores_store FROM {fence.role_of(other)}",
            f"CREATE TABLE {other}.left_over (id uuid)",
        ):
            cursor.execute(statement)

    # when
    found = schemas.drift([harbour, meridian, third], at=NOW)
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"REVOKE ALL ON {own}.stores_client FROM {fence.role_of(other)}")

    # then
    constant = "uuid not null default '{}'::uuid"
    own_default, template_default = constant.format(meridian.pk), constant.format("AGENCY")
    of_store, granted = "grant stores_store to its role is", "INSERT, SELECT, UPDATE"
    assert found == {
        harbour: [
            f"column stores_client.agency_id is {own_default}, not {template_default}",
            "column stores_client.language is missing",
            f"grant stores_client to {fence.role_of(other)} is not in the template",
            "index stores_client.by_name is not in the template",
            "trigger scoring_ledgerentry.ledger_is_append_only is missing",
        ],
        meridian: [
            "column left_over.id is not in the template",
            f"{of_store} {granted}, not DELETE, {granted}",
            "table left_over is not in the template",
        ],
    }


@pytest.mark.usefixtures("committed")
def test_check_schemas_tells_drift_and_fails_for_it() -> None:
    out = StringIO()
    call_command("check_schemas", stdout=out)
    assert out.getvalue() == "Looked at: 2. All is as the template makes it.\n"

    # when a schema is gone altogether
    harbour = Agency.objects.get(slug="harbour")
    schemas.drop(harbour.schema_name)
    out = StringIO()
    with pytest.raises(CommandError, match=r"1 of 2 schemas differ\."):
        call_command("check_schemas", "--json", stdout=out)

    # then
    assert json.loads(out.getvalue()) == {
        "agencies": 2,
        "drift": {"harbour": ["schema is missing"]},
    }
    call_command("check_schemas", "--agency", "meridian", stdout=out)
    with pytest.raises(CommandError, match="There is no agency nobody"):
        call_command("check_schemas", "--agency", "nobody")


@pytest.mark.usefixtures("committed")
def test_two_schemas_are_one_digest_and_their_entries_the_templates() -> None:
    agencies_now = list(Agency.objects.order_by("slug"))
    sites = [Site(agency.schema_name, agency.pk) for agency in agencies_now]
    template = schemas.template(at=NOW)
    with connections["owner"].cursor() as cursor:
        digests = blueprint.read_digests(cursor, sites)
        entries = blueprint.read(cursor, sites)

    assert set(digests.values()) == {blueprint.digest(template.entries)}
    assert [tuple(entries[site.schema]) for site in sites] == [template.entries] * 2


# What a fault leaves behind


@pytest.mark.usefixtures("committed")
def test_sweep_removes_what_has_no_agency_and_nothing_else() -> None:
    # given a schema and a role without an agency, one that a recording left, and a lost sign-up
    orphan, template = "a_00000000000000ff", f"template_{'0' * 32}"
    lonely = fence.role_of("a_00000000000000fe")
    with connections["owner"].cursor() as cursor:
        for schema in (orphan, template):
            cursor.execute(f"CREATE SCHEMA {schema}")
            fence.enclose(cursor, schema, fence.Relations((), (), ()))
        cursor.execute("CREATE SCHEMA a_by_hand")
        cursor.execute(f"CREATE ROLE {lonely} NOLOGIN")
    lost = agencies.found_agency(
        name="Lost", slug="lost", owner=factories.make_user(), at=NOW
    ).agency
    waiting = agencies.found_agency(
        name="Waits", slug="waits", owner=factories.make_user(), at=NOW
    ).agency
    DueWork.objects.filter(agency=lost).delete()
    DueWork.objects.filter(agency=waiting).update(quarantined_at=NOW)
    later = NOW + sweeping.LOST_AFTER

    # when looked at
    out = StringIO()
    call_command("sweep_agencies", stdout=out)

    # then nothing is changed
    told = {
        "schemas": [orphan, template],
        "roles": [lonely],
        "lost": ["lost"],
        "set_aside": ["waits"],
        "removed": False,
    }
    assert json.loads(out.getvalue()) == told
    assert sweeping.look(at=later - timedelta(seconds=1)).lost == ()

    # and when swept by the work that each sign-up leaves
    with scope.public():
        due.add(kind=agencies.SWEEP, agency=Agency.objects.get(slug="harbour"), at=NOW)
    (claim,) = [c for c in claims.claim(at=datetime.now(UTC)) if c.kind == agencies.SWEEP]
    tasks.run(UUID(claim.agency_id), claim.work_id)

    # then
    found = sweeping.look(at=later)
    assert (found.schemas, found.roles, found.lost) == ((), (), ())
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname = ANY(%s)",
            [["a_by_hand", *Agency.objects.values_list("schema_name", flat=True)]],
        )
        assert cursor.fetchone() == (3,)  # that by hand, and those of the two agencies
        cursor.execute("DROP SCHEMA a_by_hand")
    assert DueWork.objects.filter(agency=lost, kind="tenants.provision", done_at=None).exists()


@pytest.mark.usefixtures("committed")
def test_a_process_that_dies_frees_its_agency_and_another_waits_for_one_that_lives() -> None:
    # given another process at work on the same agency
    agency = agencies.found_agency(
        name="Third", slug="third", owner=factories.make_user(), at=NOW
    ).agency
    number = agency.pk.int % 2**63
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [number])
        pid = other.info.backend_pid
        timer = threading.Timer(0.3, _end_backend, [pid])
        timer.start()

        # when
        began = time.monotonic()
        assert provision(agency, at=NOW)

        # then
        assert time.monotonic() - began >= 0.3
        timer.join()


def _end_backend(pid: int) -> None:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as killer:
        killer.execute("SELECT pg_terminate_backend(%s)", [pid])
