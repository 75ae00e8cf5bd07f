"""What the pages and API lists of fetched rows have in common: whose they are, and how they end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
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
from tests.factories import NOW

ClientFor = Callable[[Membership], HttpClient]


@dataclass(frozen=True)
class Listed:
    """A page with its API list: how a row of it comes to be, and what it says without any."""

    path: str
    api: str
    make: Callable[..., Any]
    data: tuple[str, ...]
    shows: tuple[str, ...]
    none: str
    show_of_none: str = ""

    def address(self, store: Store) -> str:
        return f"/stores/{store.pk}/{self.path}/"

    def row(self, store: Store, **changes: Any) -> Any:
        return self.make(store, **changes)


def make_short(store: Store, **changes: Any) -> Any:
    """Return a SKU that is out of stock, of a product with a problem."""
    at = changes.get("at")
    return factories.make_stock(
        factories.make_product(store, status="FREEZE", at=at), at=at, available=0
    )


def make_unpaid(store: Store, **changes: Any) -> Any:
    """Return a statement that is not paid; of every second one nobody tells when it was made."""
    number = changes.pop("number", 0)
    undated = {"made_at": None} if number % 2 else {}
    return factories.make_balance_entry(store, status="FAILED", **(undated | changes))


def make_waiting(store: Store, **changes: Any) -> Any:
    """Return a case that waits for the seller; every second one has no deadline."""
    number = changes.pop("number", 0)
    due = {} if number % 2 else {"answer_by": NOW}
    return factories.make_after_sale(store, next_act="SELLER_RESPOND_REFUND", **(due | changes))


def make_late(store: Store, **changes: Any) -> Any:
    """Return a late order."""
    changes.pop("number", 0)
    return factories.make_order(store, rts_due_at=NOW, **changes)


def make_late_package(store: Store, **changes: Any) -> Any:
    """Return a package that the carrier should have long since."""
    changes.pop("number", 0)
    order = factories.make_order(store, tts_due_at=NOW)
    return factories.make_package(store, order_id=order.external_id, **changes)


LISTS = (
    Listed(
        path="orders",
        api="orders/",
        make=make_late,
        data=("orders",),
        shows=("open", "late", "all"),
        none="No order waits for the seller.",
    ),
    Listed(
        path="packages",
        api="packages/",
        make=make_late_package,
        data=("packages",),
        shows=("open", "late", "all"),
        none="No package waits for the carrier.",
    ),
    Listed(
        path="after-sales",
        api="after-sales/",
        make=make_waiting,
        data=("cancellations", "returns"),
        shows=("open", "all"),
        none="No cancellation, return or dispute waits for the seller.",
    ),
    Listed(
        path="stock",
        api="stock/",
        make=make_short,
        data=("products", "stock"),
        shows=("short", "all", "products"),
        none="No SKU on sale is out of stock",
    ),
    Listed(
        path="balance",
        api="balance-entries/",
        make=make_unpaid,
        data=("statements", "payments", "withdrawals", "unsettled"),
        shows=("all", "unpaid"),
        none="Everything is paid.",
        show_of_none="unpaid",
    ),
)
SHOWS = [(listed, show) for listed in LISTS for show in listed.shows]

every_list = pytest.mark.parametrize("listed", LISTS, ids=lambda listed: listed.path)
every_show = pytest.mark.parametrize(
    ("listed", "show"), SHOWS, ids=[f"{listed.path}-{show}" for listed, show in SHOWS]
)


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_connection(store=factories.make_store(market="US")).store


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(factories.make_membership("lead"))


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def words(browser: HttpClient, address: str, **query: str) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode()).split())


def queries(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as found:
        act()
    return len(found)


@every_show
def test_a_list_goes_on_where_the_page_before_ended(
    browser: HttpClient, store: Store, listed: Listed, show: str
) -> None:
    for number in range(53):
        listed.row(store, at=NOW, number=number)

    first = browser.get(listed.address(store), {"show": show})
    second = browser.get(f"{listed.address(store)}?{first.context['older']}")

    pages = [page.context["rows"] for page in (first, second)]
    assert [len(page) for page in pages] == [50, 3]
    assert len({str(row) for page in pages for row in page}) == 53
    assert [page.context["show"] for page in (first, second)] == [show, show]
    assert second.context["older"] == ""


@every_list
def test_an_empty_list_says_why(browser: HttpClient, store: Store, listed: Listed) -> None:
    by_hand = factories.make_store(marketplace="lazada", market="TH")
    unconnected = factories.make_store(market="US")

    assert "This marketplace tells none of it" in words(browser, listed.address(by_hand))
    assert "The store is not connected" in words(browser, listed.address(unconnected))
    assert "Nothing has been fetched yet" in words(browser, listed.address(store))

    for data in listed.data:
        SyncCursor.objects.create(store=store, data=data, fresh_at=datetime.now(UTC))
    assert listed.none in words(browser, listed.address(store), show=listed.show_of_none)


@every_list
def test_what_was_known_of_a_store_that_is_no_longer_connected_is_told_as_such(
    browser: HttpClient, listed: Listed
) -> None:
    lost = factories.make_store(market="US")
    listed.row(lost)

    assert "this is what was known when it was" in words(browser, listed.address(lost))
    assert len(browser.get(listed.address(lost)).context["rows"]) == 1


@every_list
def test_a_store_out_of_reach_or_a_place_that_is_none_is_not_found(
    store: Store,
    other_agency: Agency,
    client_for: ClientFor,
    browser: HttpClient,
    listed: Listed,
) -> None:
    with scope.agency(other_agency):
        theirs = factories.make_store()
    specialist = client_for(factories.make_membership("specialist"))

    assert specialist.get(listed.address(store)).status_code == 404
    assert browser.get(listed.address(theirs)).status_code == 404
    assert browser.get(f"/stores/x/{listed.path}/").status_code == 404
    assert browser.get(listed.address(store), {"after": "nonsense"}).status_code == 404


@every_show
def test_a_page_takes_as_many_queries_for_one_row_as_for_three(
    browser: HttpClient, store: Store, listed: Listed, show: str
) -> None:
    listed.row(store)
    words(browser, listed.address(store), show=show)
    alone = queries(lambda: words(browser, listed.address(store), show=show))
    for _ in range(2):
        listed.row(store)

    assert queries(lambda: words(browser, listed.address(store), show=show)) == alone


@every_list
def test_the_stores_page_leads_to_each(browser: HttpClient, store: Store, listed: Listed) -> None:
    page = browser.get(f"/stores/{store.pk}/").content.decode()

    assert f'href="{listed.address(store)}"' in page


@every_list
def test_the_api_tells_no_other_agencys_rows(
    agency: Agency, other_agency: Agency, api: Api, listed: Listed
) -> None:
    with scope.agency(other_agency):
        theirs = factories.make_store()
        listed.row(theirs)

    assert api.get(listed.api)[1]["results"] == []
    assert api.get(listed.api, store=str(theirs.pk))[0] == 404
    assert Api(make_api_key(agency, "write"), agency).get(listed.api)[0] == 403


@every_list
def test_an_api_list_takes_as_many_queries_for_one_row_as_for_three(
    store: Store, api: Api, listed: Listed
) -> None:
    listed.row(store)
    api.get(listed.api)
    alone = queries(lambda: api.get(listed.api))
    for _ in range(2):
        listed.row(store)

    assert queries(lambda: api.get(listed.api)) == alone
