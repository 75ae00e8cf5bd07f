"""The audit trail and the rail that leads to it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from tenants.models import Agency, Membership
from tenants.trail import services as trail
from tenants.trail.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Membership], Client]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _objects_shown(page: str) -> list[str]:
    return re.findall(r">(thing-\d+)<", page)


def _record(by: Membership, number: int, *, at: datetime, action: str = "thing.made") -> None:
    trail.record(action=action, by=by, subject=by, at=at)
    AuditEvent.objects.filter(object_name=str(by)).update(object_name=f"thing-{number}")


def test_trail_shows_every_row_once_over_its_pages(agency: Agency, client_for: ClientFor) -> None:
    # given 120 rows, many of them of one moment
    owner = factories.make_membership("owner")
    for number in range(120):
        _record(owner, number, at=AT + timedelta(seconds=number // 40))
    client = client_for(owner)

    # when all pages are read, and a row arrives meanwhile
    page = client.get("/audit/").content.decode()
    shown = _objects_shown(page)
    _record(owner, 999, at=AT + timedelta(days=1))
    while older := re.search(r'href="(/audit/\?[^"]*after=[^"]*)"', page):
        page = client.get(older[1].replace("&amp;", "&")).content.decode()
        shown += _objects_shown(page)

    # then
    assert shown == [f"thing-{number}" for number in reversed(range(120))]


def test_trail_keeps_to_member_and_action(agency: Agency, client_for: ClientFor) -> None:
    owner, lead = factories.make_membership("owner"), factories.make_membership("lead")
    _record(owner, 1, at=AT)
    _record(lead, 2, at=AT)
    _record(lead, 3, at=AT, action="thing.dropped")
    client = client_for(owner)

    def shown(query: str) -> list[str]:
        return _objects_shown(client.get(f"/audit/?{query}").content.decode())

    assert shown(f"member={lead.pk}") == ["thing-3", "thing-2"]
    assert shown("action=thing.dropped") == ["thing-3"]
    assert shown(f"member={owner.pk}&action=thing.dropped") == []
    assert shown("action=" + "x" * 5000) == []


def test_trail_hides_stores_out_of_reach(agency: Agency, client_for: ClientFor) -> None:
    owner = factories.make_membership("owner")
    auditor = factories.make_membership("auditor", all_stores=False)
    hidden = factories.make_store(name="Hidden")
    trail.record(action="store.edited", by=owner, subject=hidden, store_id=hidden.pk, at=AT)

    assert "Hidden" in client_for(owner).get("/audit/").content.decode()
    assert "Hidden" not in client_for(auditor).get("/audit/").content.decode()


@pytest.mark.parametrize(
    ("role", "keys"),
    [
        ("owner", ["/people/", "/audit/", "/settings/"]),
        ("lead", ["/people/", "/settings/"]),
        ("auditor", ["/people/", "/audit/", "/settings/"]),
        ("client", ["/settings/"]),
    ],
)
def test_rail_leads_where_a_member_may_go(
    agency: Agency, client_for: ClientFor, role: str, keys: list[str]
) -> None:
    client = client_for(factories.make_membership(role))

    for path in ("/settings/", f"/people/{uuid4()}/", "/no-such-page/"):
        answer = client.get(path)
        assert answer.status_code < 500
    navigation = client.get("/settings/").context["navigation"]

    here = [entry.url for entry in navigation if entry.key in {"people", "trail", "settings"}]
    assert here == keys
