"""The page of what is fetched: how fresh each kind of data is, every run, and syncing now."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from stores.models import Connection, Store, StoreAccess, SyncCursor, SyncRun
from stores.selectors.freshness import data_states
from tenants import scope
from tenants.models import Agency, DueWork, Membership
from tenants.templatetags.ui import time_in
from tests import factories

ClientFor = Callable[[Membership], HttpClient]


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(factories.make_membership("lead"))


def make_run(store: Store, **values: object) -> SyncRun:
    at = datetime.now(UTC) - timedelta(hours=1)
    return SyncRun.objects.create(
        **({"store": store, "data": "orders", "state": "done", "started_at": at} | values)
    )


def words(browser: HttpClient, store: Store, **headers: str) -> str:
    answer = browser.get(f"/stores/{store.pk}/syncs/", headers=headers)
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode()).split())


def test_the_page_shows_each_kind_of_data_and_each_run(browser: HttpClient) -> None:
    # given
    now = datetime.now(UTC)
    store = factories.make_connection(store=factories.make_store(market="US")).store
    SyncCursor.objects.create(store=store, data="orders", fresh_at=now, due_at=now)
    SyncCursor.objects.create(
        store=store,
        data="conversations",
        fresh_at=now - timedelta(hours=5),
        problem="not_authorized",
    )
    make_run(store, fetched=12, changed=3)
    make_run(store, data="returns", state="failed", problem="down", request_id="2026112409")

    # when
    shown = words(browser, store)

    # then
    assert "Conversations 5 h ago 5 h" in shown
    assert "The permission does not cover this. Connect the store again" in shown
    assert "The marketplace calls this request 2026112409; its support asks for it." in shown
    assert "Payments" in shown
    assert "Done 12 3" in shown


def test_a_store_without_payments_or_without_a_client_is_told_so(browser: HttpClient) -> None:
    thai = factories.make_connection(store=factories.make_store(market="TH")).store
    by_hand = factories.make_store(marketplace="lazada", market="TH")

    assert "Payments" not in words(browser, thai)
    assert "Kept by hand" in words(browser, by_hand)


def test_the_box_polls_while_a_run_is_on_its_way_and_no_longer(browser: HttpClient) -> None:
    store = factories.make_connection(store=factories.make_store(market="TH")).store
    now = datetime.now(UTC)
    for state in data_states(store, at=now):
        SyncCursor.objects.create(
            store=store, data=state.kind.code, fresh_at=now, due_at=now + timedelta(hours=1)
        )
    run = make_run(store, state="running", fetched=20, expected=80)

    moving = browser.get(f"/stores/{store.pk}/syncs/", headers={"hx-request": "true"})
    SyncRun.objects.filter(pk=run.pk).update(state="done")
    settled = browser.get(f"/stores/{store.pk}/syncs/", headers={"hx-request": "true"})

    assert ["hx-get" in each.content.decode() for each in (moving, settled)] == [True, False]
    assert "20 of 80" in strip_tags(moving.content.decode())
    assert "<html" not in moving.content.decode()


def test_the_page_follows_a_sync_from_the_press_on_until_nothing_is_due(
    browser: HttpClient,
) -> None:
    # given nothing on its way
    store = factories.make_connection(store=factories.make_store(market="TH")).store
    now = datetime.now(UTC)
    for state in data_states(store, at=now):
        SyncCursor.objects.create(
            store=store, data=state.kind.code, fresh_at=now, due_at=now + timedelta(hours=1)
        )
    paths = [f"/stores/{store.pk}/syncs/", f"/stores/{store.pk}/"]
    before = [browser.get(path).content.decode() for path in paths]

    # when
    browser.post(f"/stores/{store.pk}/sync/")
    pressed = [browser.get(path).content.decode() for path in paths]
    SyncCursor.objects.update(due_at=now + timedelta(hours=1))
    done = browser.get(f"/stores/{store.pk}/progress/?of=syncing")

    # then both pages poll, and the box ends in words, with no reload
    assert ['hx-trigger="every' in page for page in before] == [False, False]
    assert ['hx-trigger="every' in page for page in pressed] == [True, True]
    assert "HX-Refresh" not in done.headers
    assert "Show the new figures" in done.content.decode()
    assert "hx-get" not in done.content.decode()


def test_what_waits_says_so_and_until_when_and_seconds_are_told(browser: HttpClient) -> None:
    # given
    store = factories.make_connection(store=factories.make_store(market="TH")).store
    now = datetime.now(UTC)
    due_at = now + timedelta(minutes=4)
    SyncCursor.objects.create(
        store=store,
        data="orders",
        problem="down",
        due_at=due_at,
        fresh_at=now - timedelta(minutes=20),
    )
    make_run(store, state="waiting", problem="down", finished_at=None)
    make_run(store, data="stock", started_at=now - timedelta(seconds=12), finished_at=now)

    # when
    shown = words(browser, store)

    # then
    assert f"Waiting next try at {time_in(due_at, store.time_zone)}" in shown
    assert "12 s" in shown
    (orders, *_others) = data_states(store, at=now)
    assert (orders.freshness.state, orders.blind_for) == ("fresh", timedelta(minutes=20))


@pytest.mark.parametrize("problem", ["inactive", "clock", "app_refused"])
def test_what_concerns_all_of_a_store_is_said_of_each_kind_and_counted(
    agency: Agency, problem: str
) -> None:
    now = datetime.now(UTC)
    store = factories.make_connection(
        store=factories.make_store(market="TH"), problem=problem
    ).store
    for data in ("orders", "withdrawals"):
        SyncCursor.objects.create(store=store, data=data, fresh_at=now - timedelta(hours=2))

    told = {state.kind.code: state for state in data_states(store, at=now)}

    assert [told[data].blind_for for data in ("orders", "withdrawals", "stock")] == [
        timedelta(hours=2),
        timedelta(hours=2),
        None,
    ]
    assert {state.freshness.problem for state in told.values()} == {problem}


def test_asking_for_a_sync_lets_every_kind_come_but_what_is_to_be_left_alone(
    browser: HttpClient,
) -> None:
    # given
    store = factories.make_connection().store
    later = datetime.now(UTC) + timedelta(hours=3)
    for data, problem in (("orders", ""), ("stock", "down"), ("returns", "rate_limited")):
        SyncCursor.objects.create(store=store, data=data, problem=problem, due_at=later)

    # when
    answer = browser.post(f"/stores/{store.pk}/sync/", {"back": "syncs"})

    # then
    assert answer.headers["location"] == f"/stores/{store.pk}/syncs/"
    waits = set(SyncCursor.objects.filter(due_at=later).values_list("data", flat=True))
    assert waits == {"returns"}
    assert DueWork.objects.filter(kind="stores.sync", subject=str(store.pk)).exists()


@pytest.mark.parametrize("role", ["auditor", "specialist"])
def test_who_may_not_sync_reads_without_the_button(
    agency: Agency, client_for: ClientFor, role: str
) -> None:
    member = factories.make_membership(role)
    store = factories.make_connection().store
    StoreAccess.objects.create(member=member, store=store)

    shown = words(client_for(member), store)

    assert ("Sync now" in shown) is member.can("readings.record")


def test_a_store_out_of_reach_is_not_found(
    agency: Agency, other_agency: Agency, client_for: ClientFor
) -> None:
    store = factories.make_store()
    with scope.agency(other_agency):
        theirs = factories.make_store()
    specialist = client_for(factories.make_membership("specialist"))
    lead = client_for(factories.make_membership("lead"))

    assert specialist.get(f"/stores/{store.pk}/syncs/").status_code == 404
    assert lead.get(f"/stores/{theirs.pk}/syncs/").status_code == 404
    assert lead.get(f"/stores/{store.pk}/syncs/?after=nonsense").status_code == 404


def test_the_page_asks_the_same_number_of_queries_for_one_run_and_for_three(
    browser: HttpClient,
) -> None:
    store = factories.make_connection().store
    make_run(store)
    words(browser, store)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            words(browser, store)
        counts.append(len(queries))
        make_run(store, data="returns")
        make_run(store, data="stock")
    assert counts[0] == counts[1]


def test_a_connection_that_was_lost_says_so_for_all_of_its_data(agency: Agency) -> None:
    lost = factories.make_connection(state=Connection.State.REVOKED, problem="revoked")

    states = data_states(lost.store, at=datetime.now(UTC))

    told = {(each.freshness.state, each.freshness.problem, each.due_at) for each in states}
    assert told == {("not_connected", "revoked", None)}
