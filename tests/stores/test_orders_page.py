"""Orders and packages by what the seller has to do until when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as HttpClient
from django.utils.html import strip_tags

from stores.models import Store
from tenants import scope
from tenants.models import Agency, Membership, User
from tests import factories
from tests.api.calls import Api, make_api_key
from tests.factories import NOW, make_order, make_package

ClientFor = Callable[[Membership], HttpClient]
HOUR = timedelta(hours=1)


@pytest.fixture
def store(agency: Agency) -> Store:
    store = factories.make_store(market="US", time_zone="America/Los_Angeles")
    return factories.make_connection(store=store).store


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(factories.make_membership("lead"))


def words(browser: HttpClient, store: Store, page: str, **query: str) -> str:
    answer = browser.get(f"/stores/{store.pk}/{page}/", query)
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode()).split())


def orders(browser: HttpClient, store: Store, **query: str) -> list[tuple[str, str]]:
    rows = browser.get(f"/stores/{store.pk}/orders/", query).context["rows"]
    return [(row.order.external_id, row.task) for row in rows]


def packages(browser: HttpClient, store: Store, **query: str) -> list[str]:
    rows = browser.get(f"/stores/{store.pk}/packages/", query).context["rows"]
    return [row.package.external_id for row in rows]


def test_orders_come_by_what_is_due_first_whatever_it_is(browser: HttpClient, store: Store) -> None:
    # given
    at = datetime.now(UTC)
    ready: dict[str, Any] = {"status": "AWAITING_COLLECTION", "rts_at": at - HOUR}
    make_order(store, external_id="to ship", rts_due_at=at + 3 * HOUR)
    make_order(store, external_id="late", rts_due_at=at - 2 * HOUR)
    make_order(
        store, external_id="to collect", tts_due_at=at + 2 * HOUR, collection_due_at=None, **ready
    )
    make_order(
        store,
        external_id="to answer",
        rts_due_at=at + 9 * HOUR,
        is_cancel_asked=True,
        cancel_due_at=at + HOUR,
    )
    make_order(store, external_id="held", rts_due_at=at - HOUR, is_on_hold=True)
    make_order(store, external_id="collected", collected_at=at, tts_due_at=at - HOUR, **ready)
    make_order(store, external_id="gone", status="IN_TRANSIT", rts_due_at=at - HOUR)
    make_order(
        store,
        external_id="over",
        status="CANCELLED",
        rts_due_at=at - HOUR,
        is_cancel_asked=True,
        cancel_due_at=at - HOUR,
    )
    make_order(factories.make_store(), external_id="elsewhere", rts_due_at=at - HOUR)

    # then
    assert orders(browser, store) == [
        ("late", "Make ready to ship"),
        ("to answer", "Answer the wish to cancel"),
        ("to collect", "Hand to the carrier"),
        ("to ship", "Make ready to ship"),
    ]
    assert orders(browser, store, show="late") == [("late", "Make ready to ship")]
    assert len(orders(browser, store, show="all")) == 8
    assert orders(browser, store, show="nonsense") == orders(browser, store)
    assert "late Make ready to ship 2 h late" in words(browser, store, "orders")
    assert "The buyer wants to cancel" in words(browser, store, "orders")


def test_a_deadline_is_told_in_the_stores_zone_with_the_readers_beside(
    store: Store, client_for: ClientFor
) -> None:
    # given
    order = make_order(store, rts_due_at=datetime(2026, 11, 20, 9, tzinfo=UTC))
    make_order(store, external_id="576", tts_due_at=datetime(2026, 11, 20, 9, tzinfo=UTC))
    make_package(store, order_id="576")
    reader = factories.make_membership("lead")
    with scope.public():
        User.objects.filter(pk=reader.user_id).update(time_zone="Asia/Singapore")
    browser = client_for(reader)

    # then
    for page in ("orders", "packages"):
        shown = words(browser, store, page)
        assert "01:00" in shown
        assert "17:00" in shown
    assert order.external_id in words(browser, store, "orders")


def test_packages_wait_by_their_orders_deadline_until_the_carrier_has_them(
    browser: HttpClient, store: Store
) -> None:
    # given
    at = datetime.now(UTC)
    days = timedelta(days=1)
    make_order(store, external_id="1", tts_due_at=at + HOUR)
    make_order(store, external_id="2", tts_due_at=at + HOUR, collection_due_at=at - HOUR)
    make_package(store, external_id="soon", order_id="1", at=at - days)
    make_package(store, external_id="late", order_id="2", orders=3, at=at - 2 * days)
    make_package(store, external_id="undated", order_id="unknown", at=at - 3 * days)
    make_package(store, external_id="gone", order_id="2", status="FULFILLING", at=at - 4 * days)
    make_package(store, external_id="odd", status="NEW_WORD", at=at - 5 * days)
    foreign = factories.make_store()
    make_order(foreign, external_id="unknown", tts_due_at=at - HOUR)
    make_package(foreign, external_id="elsewhere", order_id="unknown")

    # then
    assert packages(browser, store) == ["late", "soon", "undated"]
    assert packages(browser, store, show="late") == ["late"]
    assert packages(browser, store, show="all") == ["soon", "late", "undated", "gone", "odd"]
    shown = words(browser, store, "packages", show="all")
    assert "Waits for the carrier 2 3 orders" in shown
    assert "undated No deadline told Waits for the carrier" in shown
    assert "gone Nothing to do With the carrier" in shown
    assert "odd Nothing to do New word" in shown


# --- the API -------------------------------------------------------------------------------------


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def test_the_api_lists_a_package_with_its_state_and_deadline(store: Store, api: Api) -> None:
    make_order(store, external_id="576", tts_due_at=NOW)
    package = make_package(store, at=NOW, external_id="1153", order_id="576", orders=2)

    assert api.get("packages/")[1]["results"] == [
        {
            "id": str(package.pk),
            "store": str(store.pk),
            "external_id": "1153",
            "state": "waiting",
            "status": "PROCESSING",
            "order_id": "576",
            "orders": 2,
            "due_at": "2026-11-20T09:00:00Z",
            "made_at": "2026-11-20T09:00:00Z",
            "changed_at": "2026-11-20T09:00:00Z",
        }
    ]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("waiting", "PROCESSING"),
        ("under_way", "FULFILLING"),
        ("delivered", "COMPLETED"),
        ("cancelled", "CANCELLED"),
        ("other", "NEW_WORD"),
    ],
)
def test_the_api_filters_packages_by_store_and_state(
    store: Store, api: Api, state: str, status: str
) -> None:
    for each in ("PROCESSING", "FULFILLING", "COMPLETED", "CANCELLED", "NEW_WORD"):
        make_package(store, status=each)
    make_package(factories.make_store(), status=status)

    found = api.get("packages/", store=str(store.pk), state=state)[1]["results"]

    assert [row["status"] for row in found] == [status]
