"""The end of an agency: asked by one, confirmed by another, called off or done after 30 days."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from stores.models import Store
from tenants import fence, removal, schemas, scope, sweeping, tasks
from tenants.models import (
    AccountEvent,
    Agency,
    AgencyDeletion,
    DueWork,
    Membership,
    User,
)
from tenants.services import agencies, closing
from tenants.services.agencies import agency_host
from tenants.trail.models import AuditEvent
from tests import factories
from tests.api.calls import make_api_key
from tests.work import run_due

ClientFor = Callable[[Membership], Client]
NOW = datetime.now(UTC)
GRACE = timedelta(days=30)
ADDRESS = "harbour.localhost:8000"


@pytest.fixture
def first(agency: Agency) -> Membership:
    """The owner who has founded the agency."""
    return Membership.objects.select_related("role", "user", "agency").get(
        agency=agency, role__code="owner"
    )


@pytest.fixture
def second(agency: Agency, first: Membership) -> Membership:
    return factories.make_membership("owner")


def _asked(by: Membership, *, at: datetime = NOW) -> AgencyDeletion:
    return closing.ask_deletion(agency=by.agency, typed=ADDRESS, by=by, at=at)


def _confirmed(first: Membership, second: Membership, *, at: datetime = NOW) -> AgencyDeletion:
    deletion = _asked(first, at=at)
    closing.confirm_deletion(deletion=deletion, by=second, at=at)
    return AgencyDeletion.objects.get(pk=deletion.pk)


def _state() -> str:
    with scope.public():
        return str(Agency.objects.get(slug="harbour").state)


def _mails(at: datetime) -> list[tuple[list[str], str]]:
    """Send what is due, and return to whom which subjects went."""
    mail.outbox.clear()
    with scope.public():
        run_due(at=at, kind=closing.MAIL)
    return sorted((message.to, str(message.subject)) for message in mail.outbox)


# Asking and confirming


def test_asking_closes_nothing_and_tells_every_owner(
    first: Membership, second: Membership, client_for: ClientFor
) -> None:
    with scope.public():
        DueWork.objects.all().delete()
    client = factories.prove(client_for(first))
    page = client.get("/settings/deletion/").content.decode()
    assert "Delete Harbour" in page
    assert "only one here" not in page

    answer = client.post("/settings/deletion/", {"typed": f" {ADDRESS.upper()} "})

    assert answer.headers["Location"] == "/settings/"
    shown = client.get("/settings/").content.decode()
    assert "Owner of harbour asks to delete the agency" in shown
    assert "/settings/deletion/confirm/" not in shown
    assert _state() == "ready"
    assert _mails(datetime.now(UTC)) == sorted(
        ([owner.user.email], "Owner of harbour asks to delete Harbour") for owner in (first, second)
    )
    assert "A second owner must confirm until" in str(mail.outbox[0].body)


@pytest.mark.parametrize("typed", ["", "harbour", "meridian.localhost", "x" * 300, "\x00"])
def test_wrong_address_asks_for_nothing(
    first: Membership, client_for: ClientFor, typed: str
) -> None:
    client = factories.prove(client_for(first))

    answer = client.post("/settings/deletion/", {"typed": typed})

    assert answer.status_code == 422
    assert "field__errors" in answer.content.decode()
    assert not AgencyDeletion.objects.exists()


def test_second_owner_confirms_and_the_agency_is_closed_at_once(
    first: Membership, second: Membership, client_for: ClientFor
) -> None:
    # given
    _asked(first, at=datetime.now(UTC))
    lead = factories.make_membership("lead")
    key = make_api_key(first.agency)
    client = factories.prove(client_for(second))
    assert "/settings/deletion/confirm/" in client.get("/settings/").content.decode()

    # when
    client.post("/settings/deletion/confirm/")

    # then whoever may call it off sees when and how
    answer = client.get("/settings/")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Harbour is closed" in page
    assert "/settings/deletion/call-off/" in page

    # and all others are told
    answer = client_for(lead).get("/")
    assert (answer.status_code, "an owner of the agency can call it off" in _text(answer)) == (
        403,
        True,
    )
    assert "/settings/deletion/call-off/" not in _text(answer)
    assert client_for(lead).post("/settings/deletion/call-off/").status_code == 403
    call = Client(headers={"host": agency_host("harbour"), "authorization": f"Bearer {key}"})
    told = call.get("/api/v1/stores/")
    assert (told.status_code, told.json()["errors"][0]["code"]) == (403, "agency_closing")


def _text(answer: Any) -> str:
    return str(answer.content.decode())


def test_who_asked_cannot_confirm(first: Membership, client_for: ClientFor) -> None:
    _asked(first, at=datetime.now(UTC))
    client = factories.prove(client_for(first))

    client.post("/settings/deletion/confirm/")

    assert "A second person must confirm." in client.get("/settings/").content.decode()
    assert _state() == "ready"


def test_the_only_owner_is_told_and_the_operator_confirms(
    first: Membership, client_for: ClientFor
) -> None:
    client = factories.prove(client_for(first))
    assert "Nobody else here may confirm." in _text(client.get("/settings/deletion/"))
    _asked(first, at=datetime.now(UTC))
    assert "write to support@localhost" in _text(client.get("/settings/"))

    with scope.public():
        out = StringIO()
        call_command("delete_agency", "--agency", "harbour", "--confirm", stdout=out)
        assert json.loads(out.getvalue())["state"] == "closing"
        out = StringIO()
        call_command("delete_agency", "--agency", "harbour", "--call-off", stdout=out)
        assert json.loads(out.getvalue())["state"] == "ready"
        with pytest.raises(CommandError, match="Nobody has asked"):
            call_command("delete_agency", "--agency", "harbour", "--confirm")


def test_confirming_after_seven_days_is_too_late_and_one_asks_anew(
    first: Membership, second: Membership
) -> None:
    deletion = _asked(first)
    late = NOW + timedelta(days=7)

    with pytest.raises(closing.DeletionGone):
        closing.confirm_deletion(deletion=deletion, by=second, at=late)
    with pytest.raises(closing.DeletionAsked):
        _asked(second, at=late - timedelta(seconds=1))
    again = _asked(second, at=late)

    with scope.public():
        assert AgencyDeletion.objects.get(pk=deletion.pk).outcome == "lapsed"
        assert AgencyDeletion.objects.get(ended_at=None) == again


@pytest.mark.parametrize("role", ["admin", "lead", "specialist", "auditor", "client"])
def test_deletion_is_the_owners_alone(agency: Agency, client_for: ClientFor, role: str) -> None:
    client = factories.prove(client_for(factories.make_membership(role)))

    assert "Danger zone" not in client.get("/settings/").content.decode()
    assert client.get("/settings/deletion/").status_code == 403
    for path in ("", "confirm/", "call-off/"):
        assert client.post(f"/settings/deletion/{path}", {"typed": ADDRESS}).status_code == 403
    assert not AgencyDeletion.objects.exists()


def test_page_of_a_deletion_that_waits_leads_to_how_it_stands(
    first: Membership, client_for: ClientFor
) -> None:
    client = factories.prove(client_for(first))
    _asked(first, at=datetime.now(UTC))

    for answer in (
        client.get("/settings/deletion/"),
        client.post("/settings/deletion/", {"typed": ADDRESS}),
    ):
        assert (answer.status_code, answer.headers["Location"]) == (302, "/settings/")
    assert "Call it off" in _text(client.get("/settings/"))


def test_asking_and_confirming_need_fresh_proof(
    first: Membership, second: Membership, client_for: ClientFor
) -> None:
    client = client_for(second)
    asked = client.post("/settings/deletion/", {"typed": ADDRESS})
    assert "kind=reauth" in asked.headers["Location"]
    _asked(first, at=datetime.now(UTC))
    assert "kind=reauth" in client.post("/settings/deletion/confirm/").headers["Location"]
    assert _state() == "ready"


def test_another_agencys_deletion_is_not_reached(
    first: Membership, second: Membership, other_agency: Agency, client_for: ClientFor
) -> None:
    _asked(first, at=datetime.now(UTC))
    with scope.agency(other_agency):
        stranger = factories.prove(client_for(factories.make_membership("owner")))

    assert stranger.post("/settings/deletion/confirm/").status_code == 404
    assert stranger.post("/settings/deletion/call-off/").status_code == 404
    assert "asks to delete" not in stranger.get("/settings/").content.decode()
    assert _state() == "ready"


# Calling off


def test_any_owner_calls_it_off_and_all_is_as_before(
    first: Membership, second: Membership, client_for: ClientFor
) -> None:
    with scope.public():
        DueWork.objects.all().delete()
    _confirmed(first, second)
    client = client_for(first)

    client.post("/settings/deletion/call-off/")

    assert client.get("/settings/").status_code == 200
    # and on the day nothing happens, and nobody is reminded of what will not
    mail.outbox.clear()
    with scope.public():
        run_due(at=NOW + GRACE)
        assert Agency.objects.get(slug="harbour").name == "Harbour"
    late = {message.subject for message in mail.outbox}
    assert late == {"The deletion of Harbour was called off"}


def test_each_step_is_written_down(first: Membership, second: Membership) -> None:
    deletion = _confirmed(first, second)
    closing.call_off_deletion(deletion=deletion, by=first, at=NOW + timedelta(days=1))

    with pytest.raises(closing.DeletionGone):
        closing.call_off_deletion(deletion=deletion, by=second, at=NOW)
    trail = AuditEvent.objects.order_by("at", "id").values_list("action", "member")
    assert set(trail) == {
        ("agency.deletion_asked", first.pk),
        ("agency.deletion_confirmed", second.pk),
        ("agency.deletion_called_off", first.pk),
    }
    with scope.public():
        kinds = AccountEvent.objects.filter(kind__startswith="agency.deletion")
        assert sorted(kinds.values_list("kind", "user_id")) == sorted(
            [
                ("agency.deletion_asked", first.user_id),
                ("agency.deletion_confirmed", second.user_id),
                ("agency.deletion_called_off", first.user_id),
            ]
        )


def test_owners_are_reminded_a_week_before(first: Membership, second: Membership) -> None:
    with scope.public():
        DueWork.objects.all().delete()
    _confirmed(first, second)
    assert {subject for _to, subject in _mails(NOW)} == {
        "Owner of harbour asks to delete Harbour",
        "Harbour is closed and will be deleted",
    }
    assert _mails(NOW + timedelta(days=22)) == []
    assert [subject for _to, subject in _mails(NOW + timedelta(days=23))] == [
        "Harbour will be deleted in 7 days"
    ] * 2


# Done


@pytest.fixture
def doomed(committed: None) -> Agency:
    """Harbour, with rows and a file, thirty days after its deletion was confirmed."""
    agency: Agency = Agency.objects.get(slug="harbour")
    then = NOW - GRACE - timedelta(minutes=1)
    with scope.agency(agency):
        first = Membership.objects.select_related("user", "agency").get(role__code="owner")
        second = factories.make_membership("owner")
        factories.make_connection(store=factories.make_store())
        make_api_key(agency)
        _confirmed(first, second, at=then)
    default_storage.save(f"{agency.pk}/evidence/scan.png", ContentFile(b"x"))
    default_storage.save(f"{agency.pk}/ticks/photo.png", ContentFile(b"x"))
    agency.refresh_from_db()
    return agency


def _remove(agency: Agency) -> None:
    row = DueWork.objects.get(agency=agency, kind=closing.REMOVE)
    tasks.run(agency.pk, row.pk)


def _left(agency: Agency) -> dict[str, int]:
    """Return how many rows of an agency each public table holds."""
    found = {}
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if getattr(field, "related_model", None) is Agency and getattr(field, "column", None):
                rows = model._default_manager.filter(**{field.name: agency}).count()
                if rows and model._meta.app_label not in schemas.tenant_labels():
                    found[model.__name__] = rows
    return found


def test_after_thirty_days_everything_is_gone_but_that_there_was_one(doomed: Agency) -> None:
    schema, users = doomed.schema_name, User.objects.count()

    _remove(doomed)

    assert _left(doomed) == {
        "AgencyDeletion": 1,
        "Domain": 1,
        "DueWork": 3,  # done itself, and a last mail to each owner
        "Membership": 2,
        "Role": 6,
    }
    doomed.refresh_from_db()
    assert (doomed.name, doomed.slug, doomed.state) == (
        "",
        f"deleted-{doomed.pk.hex}",
        "deleted",
    )
    assert not Membership.objects.filter(agency=doomed, is_active=True).exists()
    assert User.objects.count() == users
    assert default_storage.listdir("") == ([], []) or not default_storage.exists(str(doomed.pk))
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = %s)"
            " + (SELECT count(*) FROM pg_roles WHERE rolname = %s)",
            [schema, fence.role_of(schema)],
        )
        assert cursor.fetchone() == (0,)

    # and who asked and confirmed is told, as are all owners
    assert AccountEvent.objects.filter(kind="agency.deleted").count() == 2
    assert [subject for _to, subject in _mails(datetime.now(UTC))] == [
        "The agency at harbour.localhost was deleted"
    ] * 2

    # and its address leads nowhere, and is nobody's for a while
    answer = Client(headers={"host": ADDRESS}).get("/")
    assert (answer.status_code, answer.content) == (404, b"Not found")
    with pytest.raises(agencies.AddressTaken):
        agencies.found_agency(name="X", slug="harbour", owner=factories.make_user(), at=NOW)
    assert sweeping.look(at=NOW) == sweeping.Found((), (), (), ())


@pytest.mark.parametrize("killed_after", ["begin", "files", "schema"])
def test_removal_killed_between_its_steps_is_gone_on_with(
    doomed: Agency, killed_after: str
) -> None:
    # given a run that ended after some of its steps
    deletion = AgencyDeletion.objects.get()
    assert removal._begin(doomed, deletion)
    if killed_after != "begin":
        removal._remove_files(default_storage, str(doomed.pk))
    if killed_after == "schema":
        schemas.drop(doomed.schema_name)

    # then it cannot be called off any more
    with pytest.raises(closing.DeletionGone):
        closing.call_off_deletion(deletion=deletion, by=None, at=NOW)

    # and the next run ends it
    _remove(doomed)
    doomed.refresh_from_db()
    assert (doomed.name, doomed.state) == ("", "deleted")
    assert AgencyDeletion.objects.get().outcome == "done"


def test_nothing_is_removed_before_its_day(committed: None) -> None:
    agency = Agency.objects.get(slug="harbour")
    with scope.agency(agency):
        first = Membership.objects.select_related("user", "agency").get(role__code="owner")
        second = factories.make_membership("owner")
        store = factories.make_store()
        _confirmed(first, second, at=NOW - GRACE + timedelta(hours=1))

    _remove(agency)

    with scope.agency(agency):
        assert list(Store.objects.values_list("pk", flat=True)) == [store.pk]
    assert _state() == "closing"
    row = DueWork.objects.get(kind=closing.REMOVE)
    assert (row.done_at, row.due_at) == (None, NOW + timedelta(hours=1))
