"""Asking a marketplace to push what happens at a store."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from django.test import Client as HttpClient
from pytest_django import Settings

from stores.marketplaces.tiktok_shop.pushes import EVENT_TYPES
from stores.models import Connection, Store
from stores.sandbox.app import Sandbox
from stores.sandbox.webhooks import TYPES
from stores.services import connections, listening
from tenants import scope
from tenants.models import Agency, DueWork, Membership
from tests import factories
from tests.stores import marketplace
from tests.stores.marketplace import NOW, QUIET_TH, Clock

ADDRESS = "http://localhost:8000/hooks/tiktok_shop/"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Sandbox:
    settings.TIKTOK_SHOP = marketplace.APP
    return marketplace.sandbox(clock)


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership("lead")


@pytest.fixture
def store(agency: Agency, app: Sandbox, clock: Clock, lead: Membership) -> Store:
    store = factories.make_store(market="TH")
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)
    return store


class Line(httpx.BaseTransport):
    """The way to the sandbox, on which calls are counted and some types refused."""

    def __init__(self, app: Sandbox, refuses: tuple[str, ...] = ()) -> None:
        self.inner = httpx.WSGITransport(app=app)
        self.refuses = refuses
        self.told: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            self.told.append(request.read().decode())
            if any(each in self.told[-1] for each in self.refuses):
                said = {"code": 36009005, "message": "no such type", "request_id": "R"}
                return httpx.Response(400, json=said)
        return self.inner.handle_request(request)


def ask(
    agency: Agency, store: Store, app: Sandbox, clock: Clock, line: Line | None = None
) -> DueWork:
    work = marketplace.work_of("stores.ask_for_pushes", store.pk, clock())
    client = marketplace.client(app, clock, line)
    with scope.public():
        listening.ask_for_pushes(agency=agency, work=work, client=client, address=ADDRESS)
    return DueWork.objects.get(pk=work.id)


def test_all_types_that_lead_to_something_are_asked_for_once(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # when
    work = ask(agency, store, app, clock)

    # then
    hooks = app.state.webhooks[QUIET_TH]
    assert {kind: hook.address for kind, hook in hooks.items()} == dict.fromkeys(TYPES, ADDRESS)
    assert set(EVENT_TYPES) == set(TYPES)
    connection = Connection.objects.get()
    assert (connection.pushes_at, connection.pushes_problem) == (NOW, "")
    assert work.done_at == NOW

    # and what stands already is not asked for again
    line = Line(app)
    ask(agency, store, app, clock, line)
    assert line.told == []


def test_a_type_that_the_marketplace_does_not_know_leaves_the_others_alone(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    ask(agency, store, app, clock, Line(app, refuses=("NEW_MESSAGE",)))

    assert set(app.state.webhooks[QUIET_TH]) == set(TYPES) - {"NEW_MESSAGE"}
    assert Connection.objects.get().pushes_at == NOW


def test_a_marketplace_that_takes_none_is_asked_again_tomorrow_and_says_so(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    work = ask(agency, store, app, clock, Line(app, refuses=("event_type",)))

    connection = Connection.objects.get()
    assert (connection.pushes_at, connection.pushes_problem) == (None, "pushes_refused")
    assert (work.done_at, work.due_at) == (None, NOW + timedelta(days=1))


def test_an_outage_is_waited_for(agency: Agency, app: Sandbox, clock: Clock, store: Store) -> None:
    # given
    marketplace.act(app, "outage", kind="503")

    # when
    work = ask(agency, store, app, clock)

    # then
    assert Connection.objects.get().pushes_problem == "pushes_wait"
    assert (work.done_at, work.due_at) == (None, NOW + timedelta(minutes=5))

    # and when it is over
    marketplace.act(app, "outage", kind="")
    clock.at = work.due_at
    assert ask(agency, store, app, clock).done_at == clock()
    assert Connection.objects.get().pushes_problem == ""


def test_a_store_that_is_not_connected_any_more_is_not_asked_for(
    agency: Agency, app: Sandbox, clock: Clock, store: Store, lead: Membership
) -> None:
    ask(agency, store, app, clock)
    connections.disconnect(store=store, by=lead, at=NOW)
    line = Line(app)

    work = ask(agency, store, app, clock, line)

    connection = Connection.objects.get()
    assert (connection.pushes_at, line.told, work.done_at) == (None, [], NOW)


def test_a_store_connected_before_is_asked_for_with_its_next_renewal(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    asked = DueWork.objects.filter(kind=listening.ASK_FOR_PUSHES)
    for problem, at, is_asked in (
        ("pushes_refused", None, False),
        ("", NOW, False),
        ("", None, True),
    ):
        asked.update(done_at=NOW)
        Connection.objects.update(pushes_at=at, pushes_problem=problem)
        listening.ask_where_missing(store.pk, at=NOW)
        assert asked.filter(done_at=None).exists() is is_asked


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "being asked for"),
        ({"pushes_at": NOW}, "come since"),
        ({"pushes_problem": "pushes_refused"}, "refuses to push to us"),
    ],
)
def test_pages_say_whether_pushes_come(
    agency: Agency,
    client_for: Callable[[Membership], HttpClient],
    lead: Membership,
    facts: dict[str, object],
    words: str,
) -> None:
    store = factories.make_connection().store
    Connection.objects.update(**facts)
    browser = client_for(lead)

    pages = [browser.get(f"/stores/{store.pk}/{path}") for path in ("", "pushes/")]

    assert [words in page.content.decode() for page in pages] == [True, True]
