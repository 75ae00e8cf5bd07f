"""Statements, payments, withdrawals and policy deductions: the page and the API's list."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from stores.models import Store, SyncCursor
from stores.selectors.fetched import measure_withdrawals
from tenants import scope
from tenants.models import Agency, Membership
from tests import factories
from tests.api.calls import Api, make_api_key
from tests.factories import NOW, make_balance_entry

ClientFor = Callable[[Membership], HttpClient]


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_connection(store=factories.make_store(market="US")).store


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(factories.make_membership("lead"))


def address(store: Store) -> str:
    return f"/stores/{store.pk}/balance/"


def words(browser: HttpClient, store: Store, **query: str) -> str:
    answer = browser.get(address(store), query)
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode()).split())


def numbers(browser: HttpClient, store: Store, show: str) -> list[str]:
    page = browser.get(address(store), {"show": show})
    return [line.entry.external_id for line in page.context["rows"]]


def test_entries_come_newest_first_with_what_is_unpaid_and_what_was_deducted(
    browser: HttpClient, store: Store
) -> None:
    # given
    at = datetime.now(UTC)
    days = timedelta(days=1)
    move: dict[str, Any] = {"kind": "withdrawal", "status": "SUCCESS"}
    make_balance_entry(store, external_id="paid", at=at - 5 * days)
    make_balance_entry(store, external_id="owed", at=at - 4 * days, status="FAILED", amount="-7.5")
    make_balance_entry(store, external_id="payment", at=at - 3 * days, kind="payment")
    make_balance_entry(
        store, external_id="fine", at=at - 2 * days, type="TRANSFER", amount="-20", **move
    )
    make_balance_entry(
        store, external_id="subsidy", at=at - days, type="TRANSFER", amount="20", **move
    )
    make_balance_entry(
        store, external_id="due", at=at, kind="unsettled", status="UNSETTLED", made_at=None
    )
    make_balance_entry(
        store, external_id="no-amount", at=at - 9 * days, type="TRANSFER", amount=None, **move
    )
    make_balance_entry(factories.make_store(), external_id="elsewhere")

    # when
    shown = words(browser, store)

    # then
    assert {show: numbers(browser, store, show) for show in ("all", "unpaid", "deductions")} == {
        "all": ["subsidy", "fine", "payment", "owed", "paid", "no-amount"],
        "unpaid": ["owed"],
        "deductions": ["fine"],
    }
    assert numbers(browser, store, "unsettled") == ["due"]
    assert "Policy deduction Moved by the marketplace Paid Success −20 USD" in shown
    assert "Statement Unpaid Failed −7.50 USD" in shown
    assert measure_withdrawals(store, at)["policy_deductions"] == 1


def test_the_list_goes_on_where_the_page_before_ended(browser: HttpClient, store: Store) -> None:
    for number in range(53):
        make_balance_entry(store, at=NOW, made_at=None if number % 2 else NOW)

    first = browser.get(address(store))
    second = browser.get(f"{address(store)}?{first.context['older']}")

    pages = [page.context["rows"] for page in (first, second)]
    assert [len(page) for page in pages] == [50, 3]
    assert len({line.entry.pk for page in pages for line in page}) == 53
    assert second.context["older"] == ""


def test_an_empty_list_says_why(browser: HttpClient, store: Store) -> None:
    by_hand = factories.make_store(marketplace="lazada", market="TH")

    assert "This marketplace tells none of it" in words(browser, by_hand)
    assert "The store is not connected" in words(browser, factories.make_store(market="US"))
    assert "Nothing has been fetched yet" in words(browser, store)

    for data in ("statements", "payments", "withdrawals", "unsettled"):
        SyncCursor.objects.create(store=store, data=data, fresh_at=datetime.now(UTC))
    assert "Everything is paid." in words(browser, store, show="unpaid")


def test_what_was_known_of_a_store_that_is_no_longer_connected_is_told_as_such(
    browser: HttpClient,
) -> None:
    lost = factories.make_store(market="US")
    make_balance_entry(lost, external_id="kept")

    assert "this is what was known when it was" in words(browser, lost)
    assert numbers(browser, lost, "all") == ["kept"]


def test_a_store_out_of_reach_or_a_place_that_is_none_is_not_found(
    store: Store, other_agency: Agency, client_for: ClientFor, browser: HttpClient
) -> None:
    with scope.agency(other_agency):
        theirs = factories.make_store()
    specialist = client_for(factories.make_membership("specialist"))

    assert specialist.get(address(store)).status_code == 404
    assert browser.get(address(theirs)).status_code == 404
    assert browser.get(address(store), {"after": "nonsense"}).status_code == 404


def test_the_page_takes_as_many_queries_for_one_entry_as_for_three(
    browser: HttpClient, store: Store
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            words(browser, store)
        return len(queries)

    make_balance_entry(store)
    count()
    alone = count()
    for _ in range(2):
        make_balance_entry(store)

    assert count() == alone


def test_the_stores_page_leads_to_it(browser: HttpClient, store: Store) -> None:
    assert f'href="{address(store)}"' in browser.get(f"/stores/{store.pk}/").content.decode()


# --- the API -------------------------------------------------------------------------------------


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def test_the_api_lists_an_entry_with_its_state(store: Store, api: Api) -> None:
    entry = make_balance_entry(
        store, at=NOW, external_id="34", kind="withdrawal", type="TRANSFER", amount="-20.25"
    )

    assert api.get("balance-entries/")[1]["results"] == [
        {
            "id": str(entry.pk),
            "store": str(store.pk),
            "external_id": "34",
            "kind": "withdrawal",
            "state": "paid",
            "is_policy_deduction": True,
            "type": "TRANSFER",
            "status": "PAID",
            "amount": "-20.25",
            "currency": "USD",
            "made_at": "2026-11-20T09:00:00Z",
            "paid_at": None,
            "seen_at": "2026-11-20T09:00:00Z",
        }
    ]


def test_the_api_filters_entries_by_store_kind_state_and_deduction(store: Store, api: Api) -> None:
    unpaid = make_balance_entry(store, status="PROCESSING")
    fine = make_balance_entry(store, kind="withdrawal", type="POLICY_DEDUCTION")
    make_balance_entry(store, kind="payment", status="PROCESSING")
    make_balance_entry(factories.make_store(), status="PROCESSING")

    of_state = api.get("balance-entries/", store=str(store.pk), kind="statement", state="unpaid")
    others = api.get("balance-entries/", is_policy_deduction="false")[1]["results"]
    assert others
    assert {entry["is_policy_deduction"] for entry in others} == {False}
    deducted = api.get("balance-entries/", is_policy_deduction="true")

    found = [[row["id"] for row in body["results"]] for _status, body in (of_state, deducted)]
    assert found == [[str(unpaid.pk)], [str(fine.pk)]]


def test_the_api_tells_no_other_agencys_entries(
    agency: Agency, other_agency: Agency, api: Api
) -> None:
    with scope.agency(other_agency):
        theirs = factories.make_store()
        make_balance_entry(theirs)

    assert api.get("balance-entries/")[1]["results"] == []
    assert api.get("balance-entries/", store=str(theirs.pk))[0] == 404
    assert Api(make_api_key(agency, "write"), agency).get("balance-entries/")[0] == 403


def test_the_apis_list_takes_as_many_queries_for_one_as_for_three(store: Store, api: Api) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            api.get("balance-entries/")
        return len(queries)

    make_balance_entry(store)
    count()
    alone = count()
    for _ in range(2):
        make_balance_entry(store)

    assert count() == alone
