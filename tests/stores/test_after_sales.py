"""Cancellations, returns and disputes: the page of a store's, and the API's list."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from stores.models import Store, SyncCursor
from tenants import scope
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


@pytest.mark.parametrize("show", ["open", "all"])
def test_the_list_goes_on_where_the_page_before_ended(
    browser: HttpClient, store: Store, show: str
) -> None:
    at = datetime.now(UTC)
    for number in range(53):
        due = at + timedelta(minutes=number) if number % 2 else None
        make_after_sale(store, at=at, order_id=str(number), next_act="ACT", answer_by=due)

    first = browser.get(address(store), {"show": show})
    second = browser.get(f"{address(store)}?{first.context['older']}")

    pages = [[shown.case.order_id for shown in page.context["rows"]] for page in (first, second)]
    assert [len(page) for page in pages] == [50, 3]
    assert sorted(pages[0] + pages[1], key=int) == [str(number) for number in range(53)]
    assert second.context["older"] == ""


def test_an_empty_list_says_why(browser: HttpClient, store: Store) -> None:
    by_hand = factories.make_store(marketplace="lazada", market="TH")
    unconnected = factories.make_store(market="US")

    assert "This marketplace tells none of it" in words(browser, by_hand)
    assert "The store is not connected" in words(browser, unconnected)
    assert "Nothing has been fetched yet" in words(browser, store)

    for data in ("cancellations", "returns"):
        SyncCursor.objects.create(store=store, data=data, fresh_at=datetime.now(UTC))
    assert "No cancellation, return or dispute waits for the seller." in words(browser, store)


def test_a_store_out_of_reach_or_a_place_that_is_none_is_not_found(
    store: Store, other_agency: Agency, client_for: ClientFor, browser: HttpClient
) -> None:
    with scope.agency(other_agency):
        theirs = factories.make_store()
    specialist = client_for(factories.make_membership("specialist"))

    assert specialist.get(address(store)).status_code == 404
    assert browser.get(address(theirs)).status_code == 404
    assert browser.get("/stores/x/after-sales/").status_code == 404
    assert browser.get(address(store), {"after": "nonsense"}).status_code == 404


def test_the_page_takes_as_many_queries_for_one_case_as_for_three(
    browser: HttpClient, store: Store
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            words(browser, store, show="all")
        return len(queries)

    make_after_sale(store)
    count()
    alone = count()
    for _ in range(2):
        make_after_sale(store)

    assert count() == alone


def test_the_stores_page_leads_to_them(browser: HttpClient, store: Store) -> None:
    assert f'href="{address(store)}"' in browser.get(f"/stores/{store.pk}/").content.decode()


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


def test_the_api_tells_no_other_agencys_cases(
    agency: Agency, other_agency: Agency, api: Api
) -> None:
    with scope.agency(other_agency):
        theirs = factories.make_store()
        make_after_sale(theirs)

    assert api.get("after-sales/")[1]["results"] == []
    assert api.get("after-sales/", store=str(theirs.pk))[0] == 404
    assert Api(make_api_key(agency, "write"), agency).get("after-sales/")[0] == 403


def test_the_apis_list_takes_as_many_queries_for_one_as_for_three(store: Store, api: Api) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            api.get("after-sales/")
        return len(queries)

    make_after_sale(store)
    count()
    alone = count()
    for _ in range(2):
        make_after_sale(store)

    assert count() == alone
