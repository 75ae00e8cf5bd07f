"""An agency suspended by the operator, and resumed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from stores.mailin import deliver
from stores.mailin.server import Verdict
from stores.models import Notice
from stores.services import mail_routes
from tenants import scope
from tenants.models import AccountEvent, Agency, DueWork, InboundEvent, Membership
from tenants.services import closing
from tenants.services.agencies import agency_host
from tenants.trail.models import AuditEvent
from tests import factories
from tests.api.calls import make_api_key
from tests.stores import posts
from tests.work import run_due

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Membership], Client]
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def _suspend(agency: Agency) -> None:
    closing.suspend(agency=agency, reason="unpaid", at=NOW)


def test_suspension_shows_at_once_though_the_host_is_known_by_heart(
    agency: Agency, client_for: ClientFor
) -> None:
    # given a process that has just served the agency, and keeps what it knows of the host
    client = client_for(factories.make_membership("lead"))
    assert client.get("/settings/").status_code == 200

    # when another process suspends it
    _suspend(agency)

    # then its members are told so, and whom to write to
    answer = client.get("/settings/")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Harbour is suspended" in page
    assert "support@localhost" in page
    assert client.post("/settings/me/", {}).status_code == 403
    fragment = client.get("/settings/", headers={"hx-request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Refresh"]) == (200, "true")

    # and all is as before when it is resumed
    closing.resume(agency=agency, at=NOW)
    assert client.get("/settings/").status_code == 200


def test_stranger_gets_a_plain_404_of_a_suspended_agency(
    agency: Agency, other_agency: Agency, client_for: ClientFor
) -> None:
    from tenants.middleware import forget_agency

    _suspend(agency)
    forget_agency("harbour")
    stranger = Client(headers={"host": agency_host("harbour")})
    elsewhere = client_for(Membership(agency=agency, user=factories.make_user()))

    for client, path in ((stranger, "/"), (stranger, "/settings/"), (elsewhere, "/")):
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (404, b"Not found")


def test_key_of_a_suspended_agency_is_told_so(agency: Agency) -> None:
    key = make_api_key(agency)
    call = Client(headers={"host": factories.PUBLIC_HOST, "authorization": f"Bearer {key}"})
    assert call.get("/api/v1/stores/").status_code == 200

    _suspend(agency)

    answer = call.get("/api/v1/stores/")
    assert answer.status_code == 403
    assert answer.json() == {
        "type": "client_error",
        "errors": [
            {
                "code": "agency_suspended",
                "detail": "This agency is suspended. Write to support@localhost.",
                "attr": None,
            }
        ],
    }
    forged = Client(headers={"host": factories.PUBLIC_HOST, "authorization": f"Bearer {key[:-1]}x"})
    assert forged.get("/api/v1/stores/").status_code == 401


def test_member_finds_the_suspended_agency_among_hers_and_why_it_does_not_open(
    agency: Agency,
) -> None:
    member = factories.make_membership("lead")
    client = factories.signed_in_on_public(member.user)
    _suspend(agency)

    assert "suspended" in client.get("/agencies/").content.decode()
    for path in ("/agencies/harbour/preparing/", "/enter/harbour/"):
        answer = client.get(path)
        assert (answer.status_code, "Harbour is suspended" in answer.content.decode()) == (
            403,
            True,
        )


def test_mail_that_comes_in_meanwhile_is_kept_and_read_afterwards(
    agency: Agency, settings: Settings, tmp_path: Path
) -> None:
    # given
    posts.publish_keys(settings, tmp_path)
    store = factories.make_store(external_id="7495001234567890123")
    address = mail_routes.address_of(posts.route_to(store))
    with scope.public():
        DueWork.objects.all().delete()
    _suspend(agency)

    # when
    with scope.public():
        assert deliver.deliver(address, posts.notice(), "127.0.0.1") is Verdict.STORED

    # then it waits
    assert (InboundEvent.objects.get().handled_at, Notice.objects.count()) == (None, 0)

    # and is read when the agency is open again
    closing.resume(agency=agency, at=NOW)
    assert "stores.read_notice" in run_due()
    assert [notice.state for notice in Notice.objects.all()] == ["acted"]


def test_suspending_is_written_down_and_refused_where_it_makes_no_sense(agency: Agency) -> None:
    owner = Membership.objects.get(agency=agency, role__code="owner")
    _suspend(agency)

    with pytest.raises(closing.NotOpen):
        _suspend(agency)
    closing.resume(agency=agency, reason="paid", at=NOW + timedelta(hours=1))
    with pytest.raises(closing.NotSuspended):
        closing.resume(agency=agency, at=NOW)

    events = AuditEvent.objects.order_by("at").values_list("action", "via", "changes")
    assert list(events) == [
        ("agency.suspended", "command", {"reason": "unpaid"}),
        ("agency.resumed", "command", {"reason": "paid"}),
    ]
    with scope.public():
        noted = AccountEvent.objects.filter(user_id=owner.user_id, kind__startswith="agency.s")
        assert [event.kind for event in noted] == ["agency.suspended"]


def test_commands_suspend_and_resume(agency: Agency) -> None:
    with scope.public():
        for command, state in (
            (["suspend_agency", "--reason", "abuse"], "suspended"),
            (["resume_agency"], "ready"),
        ):
            out = StringIO()
            call_command(command[0], "--agency", "harbour", *command[1:], stdout=out)
            assert json.loads(out.getvalue()) == {
                "agency": "harbour",
                "host": "harbour.localhost:8000",
                "state": state,
            }
        with pytest.raises(CommandError, match="The agency is not suspended"):
            call_command("resume_agency", "--agency", "harbour")
        with pytest.raises(CommandError, match="--reason is empty"):
            call_command("suspend_agency", "--agency", "harbour", "--reason", " ")
        with pytest.raises(CommandError, match="There is no agency nobody"):
            call_command("suspend_agency", "--agency", "nobody", "--reason", "x")


def test_state_is_read_with_the_seat_and_costs_no_query(
    agency: Agency, client_for: ClientFor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_for(factories.make_membership("lead"))
    client.get("/settings/")
    _suspend(agency)

    with django_assert_num_queries(4):  # the scope left, session, person, seat
        assert client.get("/").status_code == 403
