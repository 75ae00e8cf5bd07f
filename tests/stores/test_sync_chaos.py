"""What a marketplace that misbehaves does to a sync: nothing bad is kept, and nothing is lost."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from stores.marketplaces.gates import FAILURES_TO_OPEN, FAILURES_TO_REST, OwnShelf
from stores.marketplaces.tiktok_shop.client import Client
from stores.models import (
    AfterSale,
    BalanceEntry,
    Connection,
    Conversation,
    Order,
    Product,
    Reading,
    Store,
    SyncCursor,
    SyncRun,
)
from stores.sandbox.app import Sandbox
from stores.selectors.freshness import data_states
from stores.services import syncing
from stores.services.syncing.kinds import KINDS
from tenants import due, scope
from tenants.models import Agency, DueWork
from tests import factories
from tests.stores import marketplace
from tests.stores.marketplace import HARBOR_TH, NOW, OTHER_TH, QUIET_TH, Clock

FEW = ("orders", "returns", "conversations", "withdrawals")
TABLES = (Order, AfterSale, Conversation, BalanceEntry)
HALF_A_MINUTE = timedelta(seconds=30)
TOO_SLOW = 12_000  # milliseconds; nobody waits for an answer that long
ALMOST_TOO_SLOW = 9_000
SLOW = 4_000
# Seconds of a piece of work, less a last call that is as slow as one can be.
IN_TIME = due.kinds()["stores.sync"].seconds - 25
WHOLE = dict.fromkeys(FEW, "")


class Line(httpx.BaseTransport):
    """The way to the sandbox: counts the calls, and lets a test spoil the answers to some.

    As on a real line, who waits for an answer hangs up when it takes too long.
    """

    def __init__(self, app: Sandbox, clock: Clock) -> None:
        self._way = httpx.WSGITransport(app=app)
        self._clock = clock
        self.calls = 0
        self.spoil: Callable[[httpx.Request], httpx.Response | None] = lambda _: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        asked_at, patience = self._clock(), request.extensions["timeout"]["read"]
        answer = self.spoil(request) or self._way.handle_request(request)
        if self._clock() - asked_at > timedelta(seconds=patience):
            self._clock.at = asked_at + timedelta(seconds=patience)
            raise httpx.ReadTimeout("slow", request=request)
        return answer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Sandbox:
    settings.TIKTOK_SHOP = marketplace.APP
    return marketplace.sandbox(clock)


@pytest.fixture
def line(app: Sandbox, clock: Clock) -> Line:
    return Line(app, clock)


@pytest.fixture
def client(line: Line, app: Sandbox, clock: Clock) -> Client:
    """One whose breaker and paces outlive a sync, as the shared ones of a worker do."""
    return marketplace.client(
        app, clock, transport=line, shelf=OwnShelf(), sleep=clock.sleep, ticks=clock.ticks
    )


@pytest.fixture
def store(agency: Agency, app: Sandbox, clock: Clock) -> Store:
    return connected(agency, app, clock, QUIET_TH)


def connected(agency: Agency, app: Sandbox, clock: Clock, shop_id: str) -> Store:
    store = factories.make_store(market="TH")
    lead = factories.make_membership("lead")
    marketplace.connect(agency, store, lead, app, clock, shop_id=shop_id)
    return store


def sync(
    agency: Agency,
    store: Store,
    client: Client,
    clock: Clock,
    *,
    hold_for: float = 300,
    only: Collection[str] = FEW,
) -> DueWork:
    work = marketplace.work_of("stores.sync", store.pk, clock())
    kinds = tuple(KINDS[code] for code in only)
    with scope.public():
        syncing.sync_store(agency=agency, work=work, client=client, only=kinds, hold_for=hold_for)
    return DueWork.objects.get(pk=work.id)


def rows() -> list[int]:
    return [model._default_manager.count() for model in TABLES]


def problems(store: Store) -> dict[str, str]:
    return dict(SyncCursor.objects.filter(store=store).values_list("data", "problem"))


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("503", "down"),
        ("500", "down"),
        ("cut", "down"),
        ("bad_json", "ours"),
        ("nan", "ours"),
        ("html", "ours"),
        ("refused", "ours"),
        ("slow", "down"),
    ],
)
def test_an_outage_keeps_nothing_bad_and_opens_the_breaker(
    agency: Agency,
    app: Sandbox,
    clock: Clock,
    store: Store,
    client: Client,
    line: Line,
    kind: str,
    problem: str,
) -> None:
    # given a whole sync, and two hours later an outage
    sync(agency, store, client, clock)
    before = rows()
    assert all(before)
    clock.at += timedelta(hours=2)
    marketplace.act(app, "outage", kind=kind, milliseconds=TOO_SLOW)
    line.calls = 0

    # when the store is synced again and again
    for _ in range(4):
        work = sync(agency, store, client, clock)
        clock.at += timedelta(seconds=5)

    # then hardly anybody was bothered, and nothing was taken for data
    assert line.calls <= FAILURES_TO_REST
    assert rows() == before
    assert problems(store)["orders"] in {problem, "down"}
    assert (work.done_at, work.quarantined_at) == (None, None)
    assert work.due_at <= clock() + timedelta(hours=1)
    # and the page says how old what it shows is
    orders = data_states(store, at=clock())[0]
    assert (orders.freshness.state, orders.freshness.seen_at) == ("old", NOW)
    assert orders.blind_for is not None
    assert orders.blind_for >= timedelta(hours=2)

    # and when it is over all goes on by itself
    marketplace.act(app, "outage", kind="")
    clock.at += timedelta(hours=8)
    for _ in range(len(FEW)):
        sync(agency, store, client, clock)
    assert problems(store) == WHOLE
    assert Connection.objects.get().problem == ""


@pytest.mark.parametrize(
    "kind", ["503", "500", "cut", "bad_json", "nan", "html", "refused", "slow"]
)
def test_an_outage_of_all_opens_the_breaker_on_the_fifth_failure(
    agency: Agency,
    app: Sandbox,
    clock: Clock,
    store: Store,
    client: Client,
    line: Line,
    kind: str,
) -> None:
    # given
    stores = [store, *(connected(agency, app, clock, shop) for shop in (OTHER_TH, HARBOR_TH))]
    marketplace.act(app, "outage", kind=kind, milliseconds=TOO_SLOW)
    line.calls = 0

    # when
    for each in stores:
        sync(agency, each, client, clock)

    # then
    assert line.calls == FAILURES_TO_OPEN
    assert rows() == [0, 0, 0, 0]
    assert problems(stores[-1])["orders"] == "down"


def test_answers_that_are_only_slow_all_arrive_in_pieces_that_end_in_time(
    agency: Agency, app: Sandbox, clock: Clock, store: Store, client: Client
) -> None:
    # given
    marketplace.act(app, "outage", kind="slow", milliseconds=SLOW)

    # when
    took = []
    while set(problems(store)) < WHOLE.keys() or SyncCursor.objects.filter(fresh_at=None):
        began = clock()
        sync(agency, store, client, clock, hold_for=syncing.HOLD_FOR)
        took.append((clock() - began).total_seconds())

    # then
    assert problems(store) == WHOLE
    assert all(rows())
    assert not SyncRun.objects.exclude(state="done")
    assert len(took) > 1
    assert max(took) < IN_TIME


def test_a_page_that_would_take_too_long_is_given_up_in_time(
    agency: Agency, app: Sandbox, clock: Clock, store: Store, client: Client, line: Line
) -> None:
    """Each product that failed its audit costs one more call."""
    # given
    began = clock()
    marketplace.act(app, "outage", kind="slow", milliseconds=ALMOST_TOO_SLOW)
    line.calls = 0

    # when there is time for half of it
    work = sync(agency, store, client, clock, hold_for=5, only=("products",))

    # then
    assert line.calls == 2
    assert (problems(store), Product.objects.count()) == ({"products": "down"}, 0)
    assert work.due_at == began + timedelta(minutes=2)

    # and when answers come as they should it is read
    marketplace.act(app, "outage", kind="")
    clock.at = work.due_at
    sync(agency, store, client, clock, hold_for=5, only=("products",))
    assert problems(store) == {"products": ""}
    assert Product.objects.exclude(failures=[]).count() > 1


def test_a_shop_whose_answers_take_too_long_holds_no_other_up(
    agency: Agency, app: Sandbox, clock: Clock, store: Store, client: Client, line: Line
) -> None:
    # given
    healthy = connected(agency, app, clock, OTHER_TH)
    marketplace.act(app, "outage", shop=QUIET_TH, kind="slow", milliseconds=TOO_SLOW)
    line.calls = 0

    # when it is asked for again and again, and nobody else meanwhile
    for _ in range(3):
        sync(agency, store, client, clock)
        clock.at += timedelta(seconds=1)
    assert line.calls == FAILURES_TO_REST

    # then
    at = clock()
    sync(agency, healthy, client, clock)
    assert problems(store)["orders"] == "down"
    assert problems(healthy) == WHOLE
    assert {each.fresh_at for each in SyncCursor.objects.filter(store=healthy)} == {at}


def test_a_clock_that_is_wrong_is_our_fault_and_waits(
    agency: Agency, app: Sandbox, clock: Clock, store: Store, client: Client, line: Line
) -> None:
    marketplace.act(app, "clock-skew", seconds=3600)
    line.calls = 0

    work = sync(agency, store, client, clock)

    assert rows() == [0, 0, 0, 0]
    assert line.calls == 1  # the same for all data: none of the others is asked for
    assert Connection.objects.get().problem == "clock"
    assert work.due_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("incident", "form", "problem"),
    [
        ("revoke", {}, "revoked"),
        ("inactive", {}, "inactive"),
        ("rate-limit", {"calls": 50, "retry_after": 120}, "rate_limited"),
        ("clock-skew", {"seconds": 3600}, "clock"),
        ("clock-skew", {"seconds": -3600}, "clock"),
        ("outage", {"kind": "503"}, "down"),
        ("outage", {"kind": "nan"}, "ours"),
    ],
)
def test_what_befalls_one_store_leaves_the_others_alone(
    agency: Agency,
    app: Sandbox,
    clock: Clock,
    store: Store,
    client: Client,
    incident: str,
    form: dict[str, Any],
    problem: str,
) -> None:
    # given
    healthy = connected(agency, app, clock, OTHER_TH)
    marketplace.act(app, incident, shop=QUIET_TH, **form)

    # when
    sync(agency, store, client, clock)
    sync(agency, healthy, client, clock)

    # then
    assert Connection.objects.get(store=store).problem == problem
    assert problems(healthy) == WHOLE
    assert not Order.objects.filter(store=store).exists()
    assert Order.objects.filter(store=healthy).exists()


def test_a_kind_of_data_that_fails_leaves_the_others_alone(
    agency: Agency, clock: Clock, store: Store, client: Client, line: Line
) -> None:
    # given returns that cannot be read, and withdrawals that were not agreed to
    def spoil(request: httpx.Request) -> httpx.Response | None:
        if "/returns/" in request.url.path:
            told = {"return_orders": [{"return_id": "1", "order_id": {"CANARY": "a name"}}]}
            return httpx.Response(200, json={"code": 0, "request_id": "R1", "data": told})
        if "/withdrawals" in request.url.path:
            return httpx.Response(200, json={"code": 105005, "request_id": "W1", "data": None})
        return None

    line.spoil = spoil

    # when
    work = sync(agency, store, client, clock)

    # then
    assert problems(store) == {
        "orders": "",
        "returns": "ours",
        "conversations": "",
        "withdrawals": "not_authorized",
    }
    found = dict(zip(TABLES, rows(), strict=True))
    assert (found[AfterSale], found[BalanceEntry]) == (0, 0)
    assert found[Order]
    assert found[Conversation]
    runs = {run.data: (run.state, run.request_id) for run in SyncRun.objects.all()}
    assert runs["returns"] == ("failed", "R1")
    assert runs["withdrawals"] == ("failed", "W1")
    connection = Connection.objects.get()
    assert (connection.state, connection.problem) == ("connected", "")
    assert work.due_at == NOW + timedelta(minutes=1)
    measured = set(Reading.objects.values_list("metric", flat=True))
    assert "unread_messages" in measured
    assert not measured & {"open_disputes", "days_since_withdrawal"}  # unknown, not zero


def test_what_arrived_before_a_fault_stays_and_the_run_goes_on(
    agency: Agency, clock: Clock, store: Store, client: Client, line: Line
) -> None:
    # given the second page of orders fails
    pages = 0

    def spoil(request: httpx.Request) -> httpx.Response | None:
        nonlocal pages
        pages += request.url.path.endswith("/orders/search")
        return httpx.Response(503) if pages > 1 else None

    line.spoil = spoil
    sync(agency, store, client, clock)
    assert Order.objects.count() == 100

    # when it is over
    line.spoil = lambda _: None
    clock.at += HALF_A_MINUTE * 10
    sync(agency, store, client, clock)

    # then it is one run, whole
    run = SyncRun.objects.get(data="orders")
    assert (run.state, run.fetched, run.problem) == ("done", run.expected, "")
    assert Order.objects.count() > 400
