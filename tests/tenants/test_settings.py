"""Settings and API keys."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from tenants import scope
from tenants.models import Agency, ApiKey, Membership, User
from tenants.selectors import keys as key_selectors
from tenants.services import keys
from tenants.trail.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Membership], Client]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_member_changes_how_they_are_called_and_read(agency: Agency, client_for: ClientFor) -> None:
    member = factories.make_membership("client")

    answer = client_for(member).post(
        "/settings/me/",
        {"name": " Tess \n Moor ", "language": "zh-hans", "time_zone": "Asia/Singapore"},
    )

    assert answer.status_code == 302
    user = User.objects.get(pk=member.user_id)
    assert (user.name, user.language, user.time_zone) == ("Tess Moor", "zh-hans", "Asia/Singapore")


@pytest.mark.parametrize(
    "odd",
    [
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": "UTC", "language": "xx"},
        {"time_zone": "UTC", "name": "x" * 5000},
        {"time_zone": "UTC", "name": "a\x00b"},
    ],
)
def test_odd_person_is_refused(agency: Agency, client_for: ClientFor, odd: dict[str, str]) -> None:
    answer = client_for(factories.make_membership("client")).post("/settings/me/", odd)

    assert answer.status_code == 422
    assert "field__errors" in answer.content.decode()


def test_unreadable_time_zone_reads_as_utc(agency: Agency, client_for: ClientFor) -> None:
    member = factories.make_membership("client")
    with scope.public():
        User.objects.filter(pk=member.user_id).update(time_zone="../Mars")

    assert client_for(member).get("/settings/").status_code == 200


def test_owner_renames_the_agency_and_drops_the_review(
    agency: Agency, client_for: ClientFor
) -> None:
    client = client_for(factories.make_membership("owner"))

    client.post("/settings/agency/", {"name": "Harbour & Sons"})
    client.post("/settings/review/", {})

    found = Agency.objects.get(pk=agency.pk)
    assert (found.name, found.review_required) == ("Harbour & Sons", False)
    assert [event.changes for event in AuditEvent.objects.order_by("at")] == [
        {"name": ["Harbour", "Harbour & Sons"]},
        {"review_required": [True, False]},
    ]
    assert "Harbour &amp; Sons" in client.get("/settings/").content.decode()


@pytest.mark.parametrize("role", ["lead", "specialist", "auditor", "client"])
def test_settings_of_the_agency_are_the_owners(
    agency: Agency, client_for: ClientFor, role: str
) -> None:
    client = factories.prove(client_for(factories.make_membership(role)))

    page = client.get("/settings/").content.decode()

    assert "/settings/agency/" not in page
    assert client.post("/settings/agency/", {"name": "Mine"}).status_code == 403
    assert client.post("/settings/review/", {}).status_code == 403
    assert client.get("/settings/keys/new/").status_code == 403
    assert Agency.objects.get(pk=agency.pk).name == "Harbour"


def test_key_is_shown_once_and_kept_as_a_digest(agency: Agency, client_for: ClientFor) -> None:
    client = factories.prove(client_for(factories.make_membership("owner")))

    page = client.post(
        "/settings/keys/new/", {"name": "ERP", "scopes": ["read", "write"], "days": "90"}
    ).content.decode()

    shown = re.search(r"ahr_live_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}", page)
    assert shown
    key = ApiKey.objects.get()
    assert (key.name, key.scopes, key.store_ids) == ("ERP", ["read", "write"], None)
    assert shown[0] not in (key.prefix, key.secret_hash)
    assert shown[0] not in client.get("/settings/").content.decode()
    assert key_selectors.live_key(shown[0], at=datetime.now(UTC)) == key
    assert AuditEvent.objects.get().action == "apikey.made"


def test_making_a_key_asks_for_fresh_proof(agency: Agency, client_for: ClientFor) -> None:
    client = client_for(factories.make_membership("owner"))
    factories.prove(client, seconds_ago=301)

    answer = client.post("/settings/keys/new/", {"name": "ERP", "scopes": ["read"], "days": "0"})

    assert "kind=reauth" in answer.headers["Location"]
    assert not ApiKey.objects.exists()


def test_key_ends_when_revoked_expired_or_changed(agency: Agency) -> None:
    owner = factories.make_membership("owner")
    key, text = keys.make_key(
        agency=agency,
        name="ERP",
        scopes=["read"],
        by=owner,
        at=AT,
        expires_at=AT + timedelta(days=1),
    )

    assert key_selectors.live_key(text, at=AT) == key
    assert key_selectors.live_key(text, at=AT + timedelta(days=1)) is None
    assert key_selectors.live_key(text[:-1] + ("a" if text[-1] != "a" else "b"), at=AT) is None
    for odd in ("", "ahr_live_", "x" * 10_000, text + " ", "é" * 50):
        assert key_selectors.live_key(odd, at=AT) is None
    keys.revoke_key(key=key, by=owner, at=AT)
    assert key_selectors.live_key(text, at=AT) is None
    with pytest.raises(keys.KeyGone):
        keys.revoke_key(key=key, by=owner, at=AT)


def test_key_reaches_no_more_than_who_makes_it(agency: Agency) -> None:
    owner = factories.make_membership("owner", all_stores=False)

    with pytest.raises(keys.StoresBeyondReach):
        keys.make_key(agency=agency, name="ERP", scopes=["read"], by=owner, at=AT)
    with pytest.raises(keys.KeyScopeUnknown):
        keys.make_key(agency=agency, name="ERP", scopes=["all"], by=None, at=AT)


def test_key_of_another_agency_is_not_found(
    agency: Agency, other_agency: Agency, client_for: ClientFor
) -> None:
    with scope.agency(other_agency):
        key, _text = keys.make_key(
            agency=other_agency, name="Foreign", scopes=["read"], by=None, at=AT
        )
    client = client_for(factories.make_membership("owner"))

    assert client.post(f"/settings/keys/{key.pk}/revoke/").status_code == 404
    assert "Foreign" not in client.get("/settings/").content.decode()


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"name": "x" * 5000, "scopes": ["read"], "days": "90"},
        {"name": "ERP", "scopes": ["everything"], "days": "90"},
        {"name": "ERP", "scopes": ["read"], "days": "9" * 400},
    ],
)
def test_odd_key_is_refused(agency: Agency, client_for: ClientFor, odd: dict[str, str]) -> None:
    client = factories.prove(client_for(factories.make_membership("owner")))

    assert client.post("/settings/keys/new/", odd).status_code == 422
    assert not ApiKey.objects.exists()
