"""SKUs that are out or low, and products with problems: the page and the API's list."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client as HttpClient
from django.utils.html import strip_tags

from stores.models import Store
from stores.selectors.fetched import measure_products, measure_stock
from tenants.models import Agency, Membership
from tests import factories
from tests.api.calls import Api, make_api_key
from tests.factories import NOW, make_product, make_stock

ClientFor = Callable[[Membership], HttpClient]
BLURRED = [{"position": "Picture", "reasons": ["It is blurred", "It is too small"]}]


@pytest.fixture
def store(agency: Agency) -> Store:
    store = factories.make_connection(store=factories.make_store(market="US")).store
    store.safety_stock = 5
    store.save(update_fields=["safety_stock"])
    return store


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(factories.make_membership("lead"))


def address(store: Store) -> str:
    return f"/stores/{store.pk}/stock/"


def words(browser: HttpClient, store: Store, **query: str) -> str:
    answer = browser.get(address(store), query)
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode()).split())


def skus(browser: HttpClient, store: Store, **query: str) -> list[str]:
    return [sku.stock.seller_sku for sku in browser.get(address(store), query).context["rows"]]


def test_what_is_out_or_low_comes_first_with_its_products_state(
    browser: HttpClient, store: Store
) -> None:
    # given
    mug = make_product(store, title="Blue mug", audit_status="FAILED", failures=BLURRED)
    make_stock(mug, seller_sku="enough", available=6)
    make_stock(mug, seller_sku="low", available=5, committed=2)
    make_stock(mug, seller_sku="own-floor", available=30, safety=30)
    make_stock(mug, seller_sku="out", available=0)
    make_stock(make_product(factories.make_store()), seller_sku="elsewhere", available=0)

    # when
    shown = words(browser, store)

    # then
    assert skus(browser, store)[0] == "out"
    assert sorted(skus(browser, store)[1:]) == ["low", "own-floor"]
    assert skus(browser, store, show="all")[-1] == "enough"
    assert "low Blue mug Low on stock 5 5 2 On sale Audit failed" in shown
    assert "Picture: It is blurred; It is too small" in shown
    assert measure_stock(store, NOW) == {"out_of_stock": 1, "low_stock": 2}


def test_without_a_safety_stock_only_what_is_out_is_short(browser: HttpClient) -> None:
    bare = factories.make_connection(store=factories.make_store(market="US")).store
    mug = make_product(bare)
    make_stock(mug, seller_sku="one-left", available=1)
    make_stock(mug, seller_sku="out", available=0)

    assert skus(browser, bare) == ["out"]
    assert skus(browser, bare, show="all") == ["out", "one-left"]
    assert "No safety stock 1 –" in words(browser, bare, show="all")


def test_products_with_a_problem_are_listed_though_none_of_their_skus_is(
    browser: HttpClient, store: Store
) -> None:
    # given
    at = datetime.now(UTC)
    make_product(store, title="Frozen", status="FREEZE", at=at - timedelta(days=1))
    make_product(store, title="Unread", audit_status="FAILED", failures=BLURRED)
    make_product(store, title="Partly off", skus_taken_off=2, at=at - timedelta(days=2))
    make_product(store, title="Gone", status="DELETED", audit_status="FAILED")
    make_product(store, title="Fine")

    # when
    page = browser.get(address(store), {"show": "products"})

    # then
    titles = [listing.product.title for listing in page.context["rows"]]
    assert titles == ["Unread", "Frozen", "Partly off"]
    assert "2 variants taken off by the marketplace" in page.content.decode()
    assert measure_products(store, at) == {"listing_problems": 3}


def test_a_place_that_is_none_is_not_found(store: Store, browser: HttpClient) -> None:
    for after in ("9_x", f"9_{store.pk}", f"x_{store.pk}", f"0_{store.pk}x"):
        assert browser.get(address(store), {"after": after}).status_code == 404
    wrong = {"show": "products", "after": f"0_{store.pk}"}
    assert browser.get(address(store), wrong).status_code == 404


# --- the API -------------------------------------------------------------------------------------


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def test_the_api_lists_a_sku_with_its_product(store: Store, api: Api) -> None:
    product = make_product(store, external_id="1729", audit_status="FAILED", failures=BLURRED)
    known = make_stock(product, at=NOW, external_id="1", seller_sku="MUG", available=3)
    unknown = make_stock(product, external_id="2", product_id="gone")

    results = api.get("stock/")[1]["results"]

    assert [row["id"] for row in results] == [str(known.pk), str(unknown.pk)]
    assert results[0] == {
        "id": str(known.pk),
        "store": str(store.pk),
        "external_id": "1",
        "seller_sku": "MUG",
        "state": "low",
        "available": 3,
        "committed": 0,
        "safety_stock": 5,
        "confirmed_at": "2026-11-20T09:00:00Z",
        "product": {
            "external_id": "1729",
            "title": "Mug",
            "status": "ACTIVATE",
            "audit_status": "FAILED",
            "audit_failures": BLURRED,
        },
    }
    assert results[1]["product"] == {
        "external_id": "gone",
        "title": None,
        "status": None,
        "audit_status": None,
        "audit_failures": [],
    }


@pytest.mark.parametrize(
    ("state", "available"), [("out", 0), ("low", 5), ("enough", 6), ("unwatched", 7)]
)
def test_the_api_filters_skus_by_store_and_state(
    store: Store, api: Api, state: str, available: int
) -> None:
    bare = factories.make_store()
    for left in (0, 5, 6):
        make_stock(make_product(store), available=left)
    make_stock(make_product(bare), available=7)
    asked = bare if state == "unwatched" else store

    found = api.get("stock/", store=str(asked.pk), state=state)[1]["results"]

    assert [row["available"] for row in found] == [available]
