"""Orders and their deadlines, as an integration reads them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stores.selectors.orders import order_health
from tenants.models import Agency
from tests.api.calls import Api, make_api_key
from tests.factories import NOW, make_order, make_store


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def test_an_order_is_listed_with_its_deadlines_and_nothing_of_its_buyer(
    agency: Agency, api: Api
) -> None:
    store = make_store()
    order = make_order(
        store, at=NOW, external_id="576", status="COMPLETED", amount="12.50", currency="USD"
    )

    assert api.get("orders/")[1]["results"] == [
        {
            "id": str(order.pk),
            "store": str(store.pk),
            "external_id": "576",
            "status": "COMPLETED",
            "is_overdue": False,
            "is_on_hold": False,
            "is_cancel_asked": False,
            "placed_at": "2026-11-19T09:00:00Z",
            "changed_at": "2026-11-19T09:00:00Z",
            "rts_due_at": "2026-11-21T09:00:00Z",
            "rts_at": None,
            "tts_due_at": None,
            "shipping_due_at": None,
            "collection_due_at": None,
            "collected_at": None,
            "delivery_due_at": None,
            "delivered_at": None,
            "completed_at": None,
            "cancel_due_at": None,
            "amount": "12.5",
            "currency": "USD",
        }
    ]


def test_orders_that_changed_since_a_moment_are_found_that_moment_included(
    agency: Agency, api: Api
) -> None:
    store = make_store()
    changed = {
        minutes: make_order(store, changed_at=NOW + timedelta(minutes=minutes))
        for minutes in (-1, 0, 1)
    }

    found = api.get("orders/", changed_since=f"{NOW:%Y-%m-%dT%H:%M:%SZ}")[1]["results"]

    assert {row["id"] for row in found} == {str(changed[0].pk), str(changed[1].pk)}
    for bad in ("yesterday", "2026-11-20T09:00:00", "0001-01-01T00:00:00Z", ""):
        status, body = api.get("orders/", changed_since=bad)
        assert (status, body["errors"][0]["attr"]) == (400, "changed_since"), bad


def test_orders_are_filtered_by_store_status_and_being_overdue(agency: Agency, api: Api) -> None:
    # given
    at = datetime.now(UTC)
    past: dict[str, Any] = {"rts_due_at": at - timedelta(minutes=1)}
    store = make_store()
    late = make_order(store, **past)
    in_time = make_order(store)
    undated = make_order(store, rts_due_at=None)
    ready = make_order(store, rts_at=at, **past)
    held = make_order(store, is_on_hold=True, **past)
    cancelled = make_order(store, status="CANCELLED", **past)
    make_order(make_store(), **past)

    # when
    def found(**query: str) -> set[str]:
        results = api.get("orders/", store=str(store.pk), **query)[1]["results"]
        return {row["id"] for row in results}

    # then
    assert found(is_overdue="true") == {str(late.pk)}
    others = (in_time, undated, ready, held, cancelled)
    assert found(is_overdue="false") == {str(order.pk) for order in others}
    assert found(status="CANCELLED") == {str(cancelled.pk)}
    assert order_health(store.pk, at=at).overdue == 1
