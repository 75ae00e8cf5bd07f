"""Cancellations, returns and disputes: the page of a store's, and the API's list."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as HttpClient
from django.utils.html import strip_tags

from stores.models import Store
from tenants.models import Agency, Membership
from tests import factories
from tests.api.calls import Api, make_api_key
from tests.factories import NOW, make_after_sale

ClientFor = Callable[[Membership], HttpClient]


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_connection(store=factories.make_store(market="US")).store


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(factories.make_membership("lead"))


def address(store: Store) -> str:
    return f"/stores/{store.pk}/after-sales/"


def words(browser: HttpClient, store: Store, **query: str) -> str:
    answer = browser.get(address(store), query)
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode()).split())


def orders(browser: HttpClient, store: Store, **query: str) -> list[str]:
    return [shown.case.order_id for shown in browser.get(address(store), query).context["rows"]]


def test_what_waits_comes_by_its_deadline_and_all_comes_newest_first(
    browser: HttpClient, store: Store
) -> None:
    # given
    at = datetime.now(UTC)
    act: dict[str, Any] = {"next_act": "SELLER_RESPOND_REFUND"}
    make_after_sale(store, order_id="late", at=at, answer_by=at - timedelta(hours=1), **act)
    make_after_sale(
        store, order_id="undated", made_at=at - timedelta(days=4), dispute="IN_PROGRESS"
    )
    make_after_sale(
        store,
        order_id="soon",
        kind="cancellation",
        made_at=at - timedelta(days=3),
        answer_by=at + timedelta(hours=5, minutes=30),
        **act,
    )
    make_after_sale(store, order_id="settled", made_at=at - timedelta(days=2))
    make_after_sale(factories.make_store(), order_id="elsewhere", answer_by=at, **act)

    # when
    shown = words(browser, store)

    # then
    assert orders(browser, store) == ["late", "soon", "undated"]
    assert orders(browser, store, show="all") == ["late", "settled", "soon", "undated"]
    assert orders(browser, store, show="nonsense") == ["late", "soon", "undated"]
    assert "Cancellation Return and refund Waits for the seller answer the refund" in shown
    assert "In dispute Waits for the buyer to send it back 12.50 USD" in shown
    assert "1 h late" in shown


# --- the API -------------------------------------------------------------------------------------


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def test_the_api_lists_a_case_with_whose_turn_it_is(store: Store, api: Api) -> None:
    case = make_after_sale(
        store, at=NOW, external_id="4035", next_act="SELLER_RESPOND_REFUND", answer_by=NOW
    )

    assert api.get("after-sales/")[1]["results"] == [
        {
            "id": str(case.pk),
            "store": str(store.pk),
            "external_id": "4035",
            "kind": "return",
            "state": "waiting",
            "order_id": "576",
            "type": "RETURN_AND_REFUND",
            "status": "AWAITING_BUYER_SHIP",
            "dispute": "",
            "asked_by": "",
            "next_act": "SELLER_RESPOND_REFUND",
            "answer_by": "2026-11-20T09:00:00Z",
            "amount": "12.5",
            "currency": "USD",
            "made_at": "2026-11-20T08:00:00Z",
            "changed_at": "2026-11-20T09:00:00Z",
        }
    ]


def test_the_api_filters_cases_by_store_kind_and_state(store: Store, api: Api) -> None:
    wanted = make_after_sale(store, dispute="IN_PROGRESS")
    make_after_sale(store)
    make_after_sale(store, dispute="IN_PROGRESS", kind="cancellation")
    make_after_sale(factories.make_store(), dispute="IN_PROGRESS")

    found = api.get("after-sales/", store=str(store.pk), kind="return", state="disputed")[1]

    assert [row["id"] for row in found["results"]] == [str(wanted.pk)]
