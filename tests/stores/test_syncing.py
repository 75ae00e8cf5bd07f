import logging
from datetime import timedelta
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from scoring.models import StoreRating
from stores import problems
from stores.marketplaces.tiktok_shop.payloads import OrderPayload
from stores.models import Alert, Connection, Order, Reading, Store, SyncCursor, SyncRun
from stores.sandbox.app import Sandbox
from stores.selectors import syncs
from stores.selectors.orders import OrderHealth, order_health
from stores.services import syncing, tokens
from stores.services.syncing import tables
from stores.services.syncing.kinds import KINDS, ORDERS
from tenants import scope
from tenants.models import Agency, DueWork, StoreRoute
from tests import factories
from tests.stores import marketplace
from tests.stores.marketplace import NOW, QUIET_TH, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Sandbox:
    settings.TIKTOK_SHOP = marketplace.APP
    return marketplace.sandbox(clock)


@pytest.fixture
def store(agency: Agency, app: Sandbox, clock: Clock) -> Store:
    """A connected store with four orders a day, not synced yet."""
    store = factories.make_store(market="TH")
    lead = factories.make_membership("lead")
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)
    return store


def sync(
    agency: Agency, store: Store, app: Sandbox, clock: Clock, *, hold_for: float = 20.0
) -> DueWork:
    work = marketplace.work_of("stores.sync", store.pk, clock())
    with scope.public():
        syncing.sync_store(
            agency=agency,
            work=work,
            client=marketplace.client(app, clock),
            hold_for=hold_for,
            only=(ORDERS,),
        )
    return DueWork.objects.get(pk=work.id)


def test_first_sync_fetches_180_days_and_measures(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # when
    work = sync(agency, store, app, clock)

    # then
    run = SyncRun.objects.get()
    cursor = SyncCursor.objects.get()
    count = Order.objects.count()
    assert count > 400
    assert (run.state, run.is_first, run.expected, run.fetched, run.changed) == (
        "done",
        True,
        count,
        count,
        count,
    )
    assert (cursor.fetched_to, cursor.fresh_at) == (NOW, NOW)
    assert StoreRoute.objects.get(store_id=store.pk).synced_at == NOW
    assert min(Order.objects.values_list("changed_at", flat=True)) >= NOW - timedelta(days=180)
    assert (work.done_at, work.due_at) == (None, NOW + timedelta(minutes=15))
    measured = set(Reading.objects.values_list("metric", "source", "measured_at"))
    assert measured == {
        (metric, "api", NOW)
        for metric in (
            "overdue_orders",
            "cancel_requests",
            "rts_failures",
            "late_dispatch_rate",
            "seller_cancel_rate",
            "days_inactive",
            "authorization_days",
        )
    }


def test_a_second_sync_fetches_what_changed_with_an_overlap_and_doubles_nothing(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given
    sync(agency, store, app, clock)
    before = Order.objects.count()
    clock.at = NOW + timedelta(hours=12)

    # when
    sync(agency, store, app, clock)

    # then
    run = SyncRun.objects.latest("started_at")
    assert (run.is_first, run.state) == (False, "done")
    assert 0 < run.fetched < 60
    assert before <= Order.objects.count() <= before + run.fetched
    assert Order.objects.count() == len(set(Order.objects.values_list("external_id", flat=True)))


def test_a_sync_out_of_time_goes_on_where_its_last_page_ended(
    agency: Agency,
    app: Sandbox,
    clock: Clock,
    store: Store,
) -> None:
    # when the worker has no time at all: one page a claim
    first = sync(agency, store, app, clock, hold_for=-1)
    after_one_page = Order.objects.count()
    rounds = 1
    while SyncRun.objects.get().state == "running":
        sync(agency, store, app, clock, hold_for=-1)
        rounds += 1

    # then
    assert (first.done_at, first.due_at) == (None, NOW)
    assert after_one_page == 100
    assert rounds >= 5
    run = SyncRun.objects.get()
    assert (run.state, run.is_first) == ("done", True)
    assert run.changed == Order.objects.count() > 400


@pytest.mark.parametrize(("is_near", "minutes"), [(True, 5), (False, 15)])
def test_a_store_near_a_milestone_is_looked_at_more_often(
    agency: Agency, app: Sandbox, clock: Clock, store: Store, *, is_near: bool, minutes: int
) -> None:
    StoreRating.objects.update_or_create(
        store=store, defaults={"is_near_milestone": is_near, "evaluated_at": NOW}
    )

    work = sync(agency, store, app, clock)

    assert work.due_at == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(("days", "is_warned"), [(30, False), (29, True)])
def test_the_end_of_an_authorization_is_warned_of_thirty_days_ahead(
    agency: Agency, app: Sandbox, clock: Clock, store: Store, *, days: int, is_warned: bool
) -> None:
    Connection.objects.update(refresh_expires_at=NOW + timedelta(days=days, hours=1))

    syncing.measure(store, at=NOW)

    alerts = Alert.objects.filter(code="reading.authorization_days")
    assert alerts.exists() is is_warned


def test_a_bare_hint_means_orders_and_a_named_one_what_it_names(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given nothing is due for hours
    later = NOW + timedelta(hours=3)
    for data in KINDS:
        SyncCursor.objects.create(store=store, data=data, due_at=later)
    kinds = (ORDERS, KINDS["returns"], KINDS["conversations"])

    # when a push says only that something has changed, and another what
    for named in ([], ["conversations"]):
        if named:
            syncing.hint(store_id=store.pk, data=named, at=NOW)
        work = marketplace.work_of("stores.sync", store.pk, clock())
        with scope.public():
            syncing.sync_store(
                agency=agency, work=work, client=marketplace.client(app, clock), only=kinds
            )

    # then
    assert [run.data for run in SyncRun.objects.order_by("pk")] == ["orders", "conversations"]


def test_what_is_hinted_at_while_it_is_fetched_comes_once_more(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given a run of several pages, of which the first was read before something changed
    sync(agency, store, app, clock, hold_for=-1)
    hinted_at = NOW + timedelta(minutes=1)

    # when
    syncing.hint(store_id=store.pk, data=["orders"], at=hinted_at)
    work = sync(agency, store, app, clock)

    # then
    assert SyncRun.objects.get().state == "done"
    cursor = SyncCursor.objects.get()
    assert (cursor.due_at, cursor.hinted_at, work.due_at) == (hinted_at, None, hinted_at)


def test_an_outage_keeps_what_arrived_shows_the_problem_and_comes_again(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given one page fetched, then an outage
    sync(agency, store, app, clock, hold_for=-1)
    marketplace.act(app, "outage", kind="503")

    # when
    work = sync(agency, store, app, clock)

    # then
    assert Order.objects.count() == 100
    assert Connection.objects.get().problem == "down"
    waiting = SyncRun.objects.get()
    assert (waiting.state, waiting.problem, waiting.finished_at) == ("waiting", "down", None)
    said = syncs.with_next_try(SyncRun.objects.all()).get()
    assert vars(said)["next_try_at"] == NOW + timedelta(minutes=2)
    assert StoreRoute.objects.get(store_id=store.pk).synced_at is None
    assert (work.done_at, work.due_at, work.attempts) == (None, NOW + timedelta(minutes=2), 0)

    # and when it is over
    marketplace.act(app, "outage", kind="")
    clock.at = work.due_at + timedelta(seconds=7)
    while SyncRun.objects.get().state in SyncRun.UNDER_WAY:
        sync(agency, store, app, clock)

    # then
    assert Connection.objects.get().problem == ""
    done = SyncRun.objects.get()
    assert (done.state, done.problem, done.started_at) == ("done", "", NOW)
    assert done.finished_at == clock()


def test_a_busy_marketplace_is_asked_again_when_it_says(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    marketplace.act(app, "rate-limit", calls=3, retry_after=300)

    work = sync(agency, store, app, clock)

    assert Connection.objects.get().problem == "rate_limited"
    assert work.due_at == NOW + timedelta(minutes=5)


def test_a_withdrawn_permission_ends_the_connection_and_raises_an_alert(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given
    marketplace.act(app, "revoke", shop=QUIET_TH)

    # when
    work = sync(agency, store, app, clock)

    # then
    connection = Connection.objects.get()
    assert (connection.state, connection.problem, connection.access_token) == (
        "revoked",
        "revoked",
        "",
    )
    assert work.done_at == NOW
    assert [run.state for run in SyncRun.objects.all()] == ["failed"]
    assert list(Alert.objects.values_list("code", "severity")) == [
        ("connection.revoked", "critical")
    ]


def test_an_expired_access_token_is_renewed_on_the_way(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given
    before = Connection.objects.get().access_token
    marketplace.act(app, "expire", shop=QUIET_TH)

    # when
    sync(agency, store, app, clock)

    # then
    assert SyncRun.objects.get().state == "done"
    assert Connection.objects.get().access_token != before


def test_an_inactive_store_is_marked_and_comes_back_by_itself(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given
    marketplace.act(app, "inactive", shop=QUIET_TH)

    # when
    work = sync(agency, store, app, clock)

    # then
    store.refresh_from_db()
    assert store.state == "inactive"
    assert work.due_at == NOW + timedelta(minutes=30)
    assert Alert.objects.get().code == "store.inactive"

    # and when it is active again
    marketplace.act(app, "inactive", shop=QUIET_TH, on=0)
    sync(agency, store, app, clock)

    # then
    store.refresh_from_db()
    assert store.state == "active"
    assert Alert.objects.get(code="store.inactive").state == "resolved"


def test_an_answer_that_is_none_is_our_fault_and_is_asked_for_again_soon_then_as_often_as_any(
    agency: Agency,
    app: Sandbox,
    clock: Clock,
    store: Store,
    caplog: pytest.LogCaptureFixture,
) -> None:
    marketplace.act(app, "outage", kind="html")
    waits = []

    with caplog.at_level(logging.ERROR, logger="stores.services.syncing.keeping"):
        for _ in range(6):
            work = sync(agency, store, app, clock)
            waits.append(work.due_at - clock())
            clock.at = work.due_at

    # then each is an error line of its own, and the store is not given up
    assert Connection.objects.get().problem == "ours"
    assert waits == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 15)]
    assert (work.done_at, work.attempts, work.quarantined_at) == (None, 0, None)
    assert {(each.state, each.problem) for each in SyncRun.objects.all()} == {("failed", "ours")}
    told = [each for each in caplog.records if each.getMessage() == "sync_not_understood"]
    assert [(each.levelname, vars(each)["data"], vars(each)["reason"]) for each in told] == [
        ("ERROR", "orders", "answer is not JSON")
    ] * 6
    assert not Order.objects.exists()


def test_a_sync_of_a_store_not_connected_does_nothing(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    Connection.objects.update(state=Connection.State.REVOKED)

    work = sync(agency, store, app, clock)

    assert work.done_at == NOW
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize("lacking", ["access_token", "refresh_token", "shop_cipher"])
def test_a_connection_without_tokens_is_lost_and_says_so(
    agency: Agency, app: Sandbox, clock: Clock, store: Store, lacking: str
) -> None:
    # given one that says it stands, and holds nothing to call with
    Connection.objects.update(**{lacking: ""})
    Connection.objects.update(access_expires_at=None)

    # when
    work = sync(agency, store, app, clock)

    # then nobody is kept waiting, and the way out is shown
    connection = Connection.objects.get()
    assert (connection.state, connection.problem) == ("revoked", "no_tokens")
    assert work.done_at == NOW
    assert Alert.objects.filter(code="connection.revoked", store=store).exists()
    assert "Connect the store again" in str(problems.text(connection.problem))


def test_overdue_orders_raise_an_alert_that_goes_when_they_are_shipped(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given
    marketplace.act(app, "late-orders", shop=QUIET_TH, count=7)
    clock.at = NOW + timedelta(minutes=5)
    sync(agency, store, app, clock)
    alert = Alert.objects.get(code="reading.overdue_orders")
    overdue = Reading.objects.get(metric="overdue_orders").value
    assert overdue >= 7
    assert alert.detail == {"value": f"{overdue:.0f}", "limit": "0"}

    # when
    Order.objects.update(rts_at=clock())
    syncing.measure(store, at=clock() + timedelta(minutes=1))

    # then
    alert.refresh_from_db()
    assert alert.state == "resolved"


def test_keep_takes_the_newest_of_a_page_and_ignores_what_comes_late(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given an order as it was and as it is
    sync(agency, store, app, clock)
    page = marketplace.client(app, clock).orders(
        *_access(store), NOW - timedelta(days=30), NOW, page_size=5
    )
    old = page.orders[0]
    new = _changed(old, status="CANCELLED", later=timedelta(hours=1))
    seen_at = Order.objects.get(external_id=old.id).seen_at

    # when
    changed = [
        tables.ORDERS.keep(store, batch, at=NOW + timedelta(hours=2))
        for batch in ([old, new, old], [old], [new])
    ]

    # then
    row = Order.objects.get(external_id=old.id)
    assert changed == [1, 0, 0]
    assert (row.status, row.changed_at, row.seen_at) == ("CANCELLED", new.update_time, seen_at)


def test_a_page_is_kept_in_one_statement(
    agency: Agency,
    app: Sandbox,
    clock: Clock,
    store: Store,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    way = (*_access(store), NOW - timedelta(days=30), NOW)
    pages = [marketplace.client(app, clock).orders(*way, page_size=size) for size in (1, 50)]

    for page in pages:
        with django_assert_num_queries(1):
            tables.ORDERS.keep(store, page.orders, at=NOW)


def test_completed_at_is_the_first_change_that_said_so(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given
    (order,) = (
        marketplace.client(app, clock)
        .orders(*_access(store), NOW - timedelta(days=30), NOW, page_size=1)
        .orders
    )
    done = _changed(order, status="COMPLETED", later=timedelta(hours=1))
    touched = _changed(done, status="COMPLETED", later=timedelta(hours=5))

    # when
    tables.ORDERS.keep(store, [done], at=NOW)
    tables.ORDERS.keep(store, [touched], at=NOW)

    # then
    assert Order.objects.get(external_id=order.id).completed_at == done.update_time


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"rts_due_at": NOW + HOUR}, (0, 0, 0, None)),
        ({"rts_due_at": NOW}, (1, 0, 1, Decimal(100))),
        ({"rts_due_at": NOW, "is_on_hold": True}, (0, 0, 0, None)),
        ({"rts_due_at": NOW - HOUR, "rts_at": NOW - HOUR}, (0, 0, 0, Decimal(0))),
        ({"rts_due_at": NOW - HOUR, "rts_at": NOW}, (0, 0, 0, Decimal(100))),
        (
            {"rts_due_at": NOW - HOUR, "status": "CANCELLED", "cancelled_by": "BUYER"},
            (0, 0, 0, None),
        ),
        (
            {"rts_due_at": NOW - HOUR, "status": "CANCELLED", "cancelled_by": "SYSTEM"},
            (0, 0, 1, Decimal(100)),
        ),
        ({"is_cancel_asked": True}, (0, 1, 0, None)),
        ({"is_cancel_asked": True, "status": "CANCELLED"}, (0, 0, 0, None)),
        ({"rts_due_at": NOW - timedelta(days=7)}, (1, 0, 0, None)),
    ],
    ids=[
        "not due",
        "due now",
        "on hold",
        "in time",
        "late",
        "cancelled by the buyer",
        "lapsed",
        "cancellation asked",
        "cancellation granted",
        "a week late",
    ],
)
def test_order_health(
    agency: Agency, changes: dict[str, object], expected: tuple[int, int, int, Decimal | None]
) -> None:
    # given
    store = factories.make_store()
    factories.make_order(store, at=NOW, **changes)
    factories.make_order(factories.make_store(), at=NOW, rts_due_at=NOW - HOUR)

    # when
    health = order_health(store.pk, at=NOW)

    # then
    told = (health.overdue, health.cancel_requests, health.rts_failures, health.late_rate)
    assert told == expected


def test_order_health_of_a_store_without_orders_is_unknown_not_zero(agency: Agency) -> None:
    store = factories.make_store()

    assert order_health(store.pk, at=NOW) == OrderHealth(
        overdue=0,
        cancel_requests=0,
        rts_failures=0,
        late_rate=None,
        seller_cancel_rate=None,
        days_inactive=None,
    )


def test_seller_cancellations_count_those_of_the_seller_and_those_she_let_lapse(
    agency: Agency,
) -> None:
    # given one of each, a good order, and one too old to count
    store = factories.make_store()
    cancelled = {"status": "CANCELLED", "rts_due_at": NOW - HOUR}
    for who in ("SELLER", "SYSTEM", "BUYER"):
        factories.make_order(store, at=NOW, **cancelled, cancelled_by=who)
    factories.make_order(store, at=NOW, rts_at=NOW - timedelta(days=3))
    factories.make_order(
        store, at=NOW, **cancelled, cancelled_by="SELLER", placed_at=NOW - timedelta(days=30)
    )

    # when
    health = order_health(store.pk, at=NOW)

    # then
    assert (health.seller_cancel_rate, health.days_inactive) == (Decimal(50), 3)


def _access(store: Store) -> tuple[str, str]:
    connection = Connection.objects.get(store=store)
    return tokens.unseal(connection, "access_token"), tokens.unseal(connection, "shop_cipher")


def _changed(order: OrderPayload, *, status: str, later: timedelta) -> OrderPayload:
    return order._replace(status=status, update_time=order.update_time + later)
