"""The set-up page and API: what each store still needs, and where to do it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scoring.models import PlatformRating
from scoring.services import rating
from stores.models import Notice, Store, StoreAccess
from stores.selectors import setup
from stores.selectors.mail_flow import heard_at
from stores.selectors.setup import Step
from tenants import scope
from tenants.models import Agency, Membership
from tests import factories
from tests.api.calls import Api, make_api_key


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership("lead")


@pytest.fixture
def browser(lead: Membership) -> HttpClient:
    return factories.signed_in_client(lead)


def row_of(store: Store, viewer: Membership) -> setup.Row:
    (row,) = setup.setup_rows(viewer, Store.objects.filter(pk=store.pk), at=timezone.now())
    return row


def a_round_done(store: Store) -> None:
    item = factories.make_item()
    at = timezone.now() - timedelta(hours=1)
    factories.make_round(store, item, opens_at=at, state="done", done_at=at)


def set_up(store: Store, lead: Membership) -> None:
    """Give a store all that it needs."""
    factories.make_connection(store=store)
    factories.make_notice(store=store)
    make_rating_known(store)
    Store.objects.filter(pk=store.pk).update(owner=lead)
    a_round_done(store)


def make_rating_known(store: Store) -> None:
    at = timezone.now()
    PlatformRating.objects.create(
        store=store, value=190, observed_at=at, source="person", recorded_at=at
    )
    rating.rate(store=store, at=at)


def test_a_new_store_needs_everything(lead: Membership) -> None:
    row = row_of(factories.make_store(), lead)
    assert (row.done, row.missing, row.is_set_up) == (frozenset(), frozenset(Step), False)


@pytest.mark.parametrize("step", [*Step], ids=str)
def test_each_step_is_done_by_what_it_is_named_for(lead: Membership, step: Step) -> None:
    # given
    store, other = factories.make_store(), factories.make_store()

    # when
    if step == Step.CONNECTED:
        factories.make_connection(store=store)
    elif step == Step.MAIL:
        factories.make_notice(store=store)
    elif step == Step.RATING:
        make_rating_known(store)
    elif step == Step.TEAM:
        Store.objects.filter(pk=store.pk).update(owner=lead)
    else:
        a_round_done(store)

    # then
    assert row_of(store, lead).done == {step}
    assert row_of(other, lead).done == frozenset()


def test_what_a_marketplace_has_no_way_for_is_not_needed(lead: Membership) -> None:
    row = row_of(factories.make_store(marketplace="shopee", market="PH"), lead)
    assert row.needs == frozenset(Step) - {Step.CONNECTED}


@pytest.mark.parametrize(
    ("role", "is_team"),
    [("specialist", True), ("lead", True), ("client", False), ("auditor", False)],
)
@pytest.mark.parametrize("by", ["store", "group", "client"])
def test_a_team_is_whom_the_store_is_shared_with_to_work_on_it(
    lead: Membership, by: str, role: str, *, is_team: bool
) -> None:
    # given
    client = factories.make_client()
    store = factories.make_store(client=client)
    group = factories.make_group(stores=[store])
    member = factories.make_membership(role, all_stores=False)
    named: dict[str, Any] = {"store": store, "group": group, "client": client}

    # when
    StoreAccess.objects.create(member=member, **{by: named[by]})

    # then
    assert row_of(store, lead).team == ((member,) if is_team else ())


def test_who_was_shut_out_is_no_team(lead: Membership) -> None:
    gone = factories.make_membership("specialist")
    store = factories.make_store(owner=gone)
    factories.make_access(gone, store)
    Membership.objects.filter(pk=gone.pk).update(is_active=False)

    assert row_of(store, lead).team == ()


def test_mail_flows_since_the_newest_mail_that_can_be_believed(agency: Agency) -> None:
    # given
    now = timezone.now()
    silent, spoofed, busy = (factories.make_store() for _ in range(3))
    factories.make_notice(store=spoofed, trust=Notice.Trust.SUSPICIOUS)
    factories.make_notice(store=spoofed, reason="other_store", received_at=now)
    factories.make_notice(store=busy, reason="other_store", received_at=now)
    factories.make_notice(store=busy, channel="paste", received_at=now)
    for hours in (5, 2):
        factories.make_notice(store=busy, received_at=now - timedelta(hours=hours))

    # when
    told = heard_at([silent.pk, spoofed.pk, busy.pk])

    # then
    assert told == {busy.pk: now - timedelta(hours=2)}


@pytest.mark.parametrize(
    ("notice", "state"),
    [
        ({}, "flows"),
        ({"reason": "other_store"}, "none"),
        ({"trust": Notice.Trust.SUSPICIOUS}, "none"),
        ({"received_at": timezone.now() - timedelta(hours=49)}, "quiet"),
    ],
    ids=["own", "another shop's", "spoofed", "quiet"],
)
def test_page_and_api_call_mail_done_only_while_the_stores_own_flows(
    browser: HttpClient, lead: Membership, agency: Agency, notice: dict[str, Any], state: str
) -> None:
    # given
    store = factories.make_store()
    factories.make_notice(store=store, **notice)

    # when
    page = browser.get("/setup/", {"show": "mail"}).content.decode()
    (told,) = Api(make_api_key(agency), agency).get("setup/")[1]["results"]

    # then
    assert (Step.MAIL in row_of(store, lead).done) == (state == "flows")
    assert (f"data-open>{store.name}</a>" in page) == (state != "flows")
    assert (told["mail"], "mail" in told["done"]) == (state, state == "flows")
    assert ("Look why none comes" in page) == (state == "quiet")
    assert ("No mail, last" in page) == (state == "quiet")


# --- the page ------------------------------------------------------------------------------------


def test_the_page_counts_and_filters_by_what_is_missing(
    browser: HttpClient, lead: Membership
) -> None:
    # given
    ready, bare = factories.make_store(name="Ready"), factories.make_store(name="Bare")
    set_up(ready, lead)
    connected = factories.make_store(name="Connected")
    factories.make_connection(store=connected)

    # when
    def names(**query: str) -> list[str]:
        page = browser.get("/setup/", query).content.decode()
        return re.findall(r"data-open>(\w+)</a>", page)

    page = browser.get("/setup/").content.decode()

    # then
    assert names() == ["Bare", "Connected", "Ready"]
    assert names(show="connected") == ["Bare"]
    assert names(show="mail") == ["Bare", "Connected"]
    assert names(show="done") == ["Ready"]
    assert names(q="read") == ["Ready"]
    assert names(show="rubbish") == ["Bare", "Connected", "Ready"]
    assert "1 store is set up" in page
    assert "6 of 15" in page
    assert f'href="/stores/{bare.pk}/connect/"' in page
    assert f'href="/stores/{bare.pk}/platform-ratings/new/"' in page
    assert f'href="/stores/assign/?pick={bare.pk}"' in page
    assert f'href="/stores/{bare.pk}/rounds/"' in page


def test_the_page_filters_by_client_and_group(browser: HttpClient) -> None:
    client = factories.make_client()
    theirs = factories.make_store(name="Theirs", client=client)
    group = factories.make_group(stores=[theirs])
    factories.make_store(name="Others")

    for query in ({"client": str(client.pk)}, {"group": str(group.pk)}):
        page = browser.get("/setup/", query).content.decode()
        assert re.findall(r"data-open>(\w+)</a>", page) == ["Theirs"]


def test_an_agency_without_stores_is_led_to_bring_them_in(browser: HttpClient) -> None:
    page = browser.get("/setup/").content.decode()
    assert 'href="/imports/?kind=stores"' in page
    assert 'href="/stores/new/"' in page


def test_fifty_stores_make_a_page(browser: HttpClient) -> None:
    for _ in range(51):
        factories.make_store()
    assert browser.get("/setup/").content.decode().count("data-row>") == 50
    assert browser.get("/setup/", {"page": "2"}).content.decode().count("data-row>") == 1


def test_the_page_takes_as_many_queries_for_one_store_as_for_three(
    browser: HttpClient, lead: Membership
) -> None:
    counts = []
    for number in (1, 2):
        for _ in range(number):
            client = factories.make_client()
            store = factories.make_store(client=client)
            factories.make_group(stores=[store])
            factories.make_access(factories.make_membership("specialist"), store)
            set_up(store, lead)
        browser.get("/setup/")
        with CaptureQueriesContext(database) as queries:
            browser.get("/setup/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_who_may_not_change_stores_sees_no_set_up(agency: Agency) -> None:
    for role in ("specialist", "client", "auditor"):
        browser = factories.signed_in_client(factories.make_membership(role))
        assert browser.get("/setup/").status_code == 403


def test_a_lead_of_listed_stores_sees_these_alone(other_agency: Agency, agency: Agency) -> None:
    # given
    lead = factories.make_membership("lead", all_stores=False)
    mine = factories.make_store(name="Mine")
    factories.make_store(name="Hidden")
    factories.make_access(lead, mine)
    with scope.agency(other_agency):
        factories.make_store(name="Foreign")

    # when
    page = factories.signed_in_client(lead).get("/setup/").content.decode()

    # then
    assert re.findall(r"data-open>(\w+)</a>", page) == ["Mine"]


@pytest.mark.parametrize(
    "query", [{"client": "x"}, {"group": "\x00"}, {"show": "\x00"}, {"page": "-9"}, {"q": "\x00"}]
)
def test_no_question_breaks_the_page(browser: HttpClient, query: dict[str, str]) -> None:
    assert browser.get("/setup/", query).status_code in {200, 404}


# --- the API -------------------------------------------------------------------------------------


def test_the_api_lists_what_each_store_has(agency: Agency, lead: Membership) -> None:
    # given
    bare, ready = factories.make_store(name="A"), factories.make_store(name="B")
    set_up(ready, lead)
    hidden = factories.make_store(name="C")
    key = make_api_key(agency, "read", store_ids=[bare.pk, ready.pk])

    # when
    status, body = Api(key, agency).get("setup/")
    with scope.public():
        on_public_host = Api(key, agency, public=True).get("setup/")

    # then
    assert on_public_host == (status, body)
    assert status == 200
    assert str(hidden.pk) not in str(body)
    first, second = body["results"]
    assert first == {
        "store": str(bare.pk),
        "name": "A",
        "done": [],
        "missing": [step.value for step in Step],
        "is_set_up": False,
        "connection": "",
        "link": None,
        "mail": "none",
        "last_mail_at": None,
    }
    assert (second["done"], second["is_set_up"]) == ([step.value for step in Step], True)


def test_the_api_takes_as_many_queries_for_one_store_as_for_three(
    agency: Agency, lead: Membership
) -> None:
    api = Api(make_api_key(agency), agency)
    api.get("setup/")
    counts = []
    for number in (1, 2):
        for _ in range(number):
            set_up(factories.make_store(), lead)
        with CaptureQueriesContext(database) as queries:
            api.get("setup/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Api(make_api_key(agency, "write"), agency).get("setup/")[0] == 403
