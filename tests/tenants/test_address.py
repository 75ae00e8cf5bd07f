"""An agency moves to another address."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from tenants import scope
from tenants.models import Agency, Domain, Membership
from tenants.services import agencies
from tenants.services.agencies import agency_host
from tenants.trail.models import AuditEvent
from tests import factories
from tests.api.calls import make_api_key

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Membership], Client]
NOW = datetime.now(UTC)
KEPT = agencies.ADDRESS_KEPT


def _move(agency: Agency, slug: str, *, at: datetime = NOW) -> None:
    agencies.change_address(agency=agency, slug=slug, by=None, at=at, via="command")


def _at(slug: str) -> Client:
    return Client(headers={"host": agency_host(slug)})


def test_owner_moves_the_agency_and_the_old_address_leads_on(
    agency: Agency, client_for: ClientFor
) -> None:
    # given an owner whose session is known to be on the old host
    owner = factories.make_membership("owner")
    client = factories.prove(client_for(owner))
    with scope.public():
        UserSession.objects.create(
            user_id=owner.user_id, ip="127.0.0.1", session_key=client.session.session_key
        )
    assert "harbour.localhost:8000" in client.get("/settings/address/").content.decode()

    # when
    answer = client.post("/settings/address/", {"slug": " New-Harbour "})

    # then she is sent on, and so is whoever opens an old link
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        "http://new-harbour.localhost:8000/settings/",
    )
    old = _at("harbour").get("/people/?page=2")
    assert (old.status_code, old.headers["Location"]) == (
        308,
        "http://new-harbour.localhost:8000/people/?page=2",
    )
    assert old.headers["Cache-Control"] == "no-store"
    assert _at("harbour").post("/people/").status_code == 404

    # and the old session has ended, while the new host asks who she is
    assert factories.session_of(client) == {}
    asked = _at("new-harbour").get("/settings/")
    assert "/enter/new-harbour/" in asked.headers["Location"]
    assert [(e.action, e.changes) for e in AuditEvent.objects.all()] == [
        ("agency.moved", {"address": ["harbour", "new-harbour"]})
    ]


def test_process_that_knows_the_old_host_by_heart_leads_on_too(
    agency: Agency, client_for: ClientFor
) -> None:
    client = client_for(factories.make_membership("lead"))
    assert client.get("/settings/").status_code == 200

    _move(agency, "new-harbour")  # by another process: nothing is forgotten here

    answer = client.get("/settings/")
    assert (answer.status_code, answer.headers["Location"]) == (
        308,
        "http://new-harbour.localhost:8000/settings/",
    )


def test_key_works_on_the_new_host_at_once(agency: Agency) -> None:
    key = make_api_key(agency)
    _move(agency, "new-harbour")

    answer = Client(
        headers={"host": agency_host("new-harbour"), "authorization": f"Bearer {key}"}
    ).get("/api/v1/stores/")

    assert answer.status_code == 200


def test_old_address_is_kept_for_90_days_and_then_free(
    agency: Agency, other_agency: Agency
) -> None:
    # given
    with scope.public():
        _move(agency, "new-harbour")
        almost = NOW + KEPT - timedelta(seconds=1)

        # then nobody else takes it meanwhile, neither an agency that is nor one to be
        with pytest.raises(agencies.AddressTaken):
            _move(other_agency, "harbour", at=almost)
        with pytest.raises(agencies.AddressTaken):
            agencies.found_agency(name="X", slug="harbour", owner=factories.make_user(), at=almost)

        # and later somebody may
        founded = agencies.found_agency(
            name="X", slug="harbour", owner=factories.make_user(), at=NOW + KEPT
        )
        assert Domain.objects.get(domain="harbour.localhost").tenant == founded.agency


def test_old_address_leads_nowhere_after_90_days(agency: Agency) -> None:
    _move(agency, "new-harbour", at=NOW - KEPT)

    answer = _at("harbour").get("/settings/")

    assert (answer.status_code, answer.content) == (404, b"Not found")


def test_agency_takes_its_own_former_address_again(agency: Agency) -> None:
    _move(agency, "new-harbour")
    _move(agency, "harbour", at=NOW + timedelta(days=1))

    with scope.public():
        hosts = Domain.objects.filter(tenant=agency).order_by("domain")
        assert [(host.domain, host.is_primary) for host in hosts] == [
            ("harbour.localhost", True),
            ("new-harbour.localhost", False),
        ]


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("meridian", "Another agency has this address already."),
        ("admin", "“admin” is a reserved word."),
        ("harbour", "the agency&#x27;s address already."),
        ("a_b", "3 to 40"),
        ("", "field__errors"),
        ("x" * 41, "field__errors"),
        ("x\x00", "field__errors"),
    ],
)
def test_odd_address_is_refused_by_name(
    agency: Agency, client_for: ClientFor, slug: str, words: str
) -> None:
    client = factories.prove(client_for(factories.make_membership("admin")))

    answer = client.post("/settings/address/", {"slug": slug})

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Agency.objects.get(pk=agency.pk).slug == "harbour"


def test_agency_keeps_at_most_five_former_addresses(agency: Agency) -> None:
    for number in range(5):
        _move(agency, f"harbour-{number}")

    with pytest.raises(agencies.TooManyAddresses):
        _move(agency, "harbour-5")
    _move(agency, "harbour")  # one of its own is no further one


@pytest.mark.parametrize("role", ["lead", "specialist", "auditor", "client"])
def test_address_is_the_owners_to_change(agency: Agency, client_for: ClientFor, role: str) -> None:
    client = factories.prove(client_for(factories.make_membership(role)))

    assert client.get("/settings/address/").status_code == 403
    assert client.post("/settings/address/", {"slug": "mine"}).status_code == 403


def test_changing_the_address_asks_for_fresh_proof(agency: Agency, client_for: ClientFor) -> None:
    client = client_for(factories.make_membership("owner"))

    for answer in (
        client.get("/settings/address/"),
        client.post("/settings/address/", {"slug": "mine"}),
    ):
        assert "kind=reauth" in answer.headers["Location"]
    assert Agency.objects.get(pk=agency.pk).slug == "harbour"


def test_command_moves_an_agency(agency: Agency) -> None:
    with scope.public():
        out = StringIO()
        call_command("rename_agency", "--agency", "harbour", "--to", "new-harbour", stdout=out)
        assert '"host": "new-harbour.localhost:8000"' in out.getvalue()
        with pytest.raises(CommandError, match="reserved word"):
            call_command("rename_agency", "--agency", "new-harbour", "--to", "www")


def test_session_bound_to_the_old_host_opens_nothing_on_the_new(
    agency: Agency, client_for: ClientFor
) -> None:
    client = client_for(factories.make_membership("owner"))
    replayed = client.cookies[settings.SESSION_COOKIE_NAME].value
    _move(agency, "new-harbour")
    on_new = _at("new-harbour")
    on_new.cookies[settings.SESSION_COOKIE_NAME] = replayed

    assert "/enter/new-harbour/" in on_new.get("/settings/").headers["Location"]
