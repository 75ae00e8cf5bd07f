"""Making agencies' schemas: by replay exactly what migrating makes."""

from datetime import UTC, datetime

import pytest
from django.db import connections

from stores.models import Store
from tenants import due, schemas, scope, tasks
from tenants.dispatcher import claims
from tenants.models import Agency, Membership
from tenants.services import agencies
from tests import factories

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def _fingerprint(agency: Agency) -> str:
    return schemas.fingerprint(agency.schema_name).replace(str(agency.pk), "AGENCY")


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
    schemas.migrate(migrated)

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
