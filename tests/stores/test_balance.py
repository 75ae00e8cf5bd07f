"""Statements, payments, withdrawals and policy deductions: the page and the API's list."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as HttpClient
from django.utils.html import strip_tags

from stores.models import Store
from stores.selectors.fetched import measure_withdrawals
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
