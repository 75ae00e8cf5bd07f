"""What the areas of the sandbox tell, and that they agree with each other."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from stores.sandbox import lives, returns, shops
from tests.stores.sandbox.bench import SEN_VANG, Bench, make_bench

TROUBLED = shops.BY_ID["7495000000000000202"]
BUSY = shops.BY_ID["7495000000000000101"]
DAY = 24 * 3600

# name: (path, body or None for a GET, query, list in the answer, id in a row, sorted by)
SEARCHES: dict[str, tuple[str, object, dict[str, str], str, str, str]] = {
    "orders": (
        "/order/202309/orders/search",
        {},
        {"page_size": "100", "sort_field": "update_time", "sort_order": "ASC"},
        "orders",
        "id",
        "update_time",
    ),
    "packages": (
        "/fulfillment/202309/packages/search",
        {},
        {"page_size": "50", "sort_field": "update_time", "sort_order": "ASC"},
        "packages",
        "id",
        "update_time",
    ),
    "cancellations": (
        "/return_refund/202309/cancellations/search",
        {},
        {"page_size": "50", "sort_field": "update_time"},
        "cancellations",
        "cancel_id",
        "update_time",
    ),
    "returns": (
        "/return_refund/202309/returns/search",
        {},
        {"page_size": "10", "sort_field": "update_time"},
        "return_orders",
        "return_id",
        "update_time",
    ),
    "products": (
        "/product/202502/products/search",
        {},
        {"page_size": "5", "sort_order": "ASC"},
        "products",
        "id",
        "create_time",
    ),
    "statements": (
        "/finance/202309/statements",
        None,
        {"sort_field": "statement_time", "page_size": "50"},
        "statements",
        "id",
        "statement_time",
    ),
    "payments": (
        "/finance/202309/payments",
        None,
        {"sort_field": "create_time", "page_size": "50"},
        "payments",
        "id",
        "create_time",
    ),
    "withdrawals": (
        "/finance/202309/withdrawals",
        None,
        {"types": "WITHDRAW,SETTLE,TRANSFER,REVERSE", "page_size": "50"},
        "withdrawals",
        "id",
        "create_time",
    ),
    "unsettled": (
        "/finance/202507/orders/unsettled",
        None,
        {"sort_field": "order_create_time", "page_size": "10"},
        "transactions",
        "id",
        "order_create_time",
    ),
}


def pages(
    bench: Bench, token: str, shop: shops.Shop, path: str, body: object, query: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the data of one page after the other."""
    page_token = ""
    while True:
        status, envelope = bench.call(
            path, token, body, shop_cipher=shop.cipher, page_token=page_token, **query
        )
        assert status == 200, envelope
        yield envelope["data"]
        page_token = envelope["data"]["next_page_token"]
        if not page_token:
            return


def listed(bench: Bench, shop: shops.Shop, name: str, **body: object) -> list[dict[str, Any]]:
    path, _, query, rows, *_ = SEARCHES[name]
    content = body if SEARCHES[name][1] is not None else None
    token = bench.access(shop.id)
    return [row for page in pages(bench, token, shop, path, content, query) for row in page[rows]]


@pytest.mark.parametrize("name", SEARCHES)
def test_pages_hold_each_row_once_in_order(name: str) -> None:
    bench = make_bench()
    path, body, query, rows, row_id, moment = SEARCHES[name]

    found = list(pages(bench, bench.access(TROUBLED.id), TROUBLED, path, body, query))

    all_rows = [row for page in found for row in page[rows]]
    assert len(found) > 1
    assert len({row[row_id] for row in all_rows}) == len(all_rows)
    assert [row[moment] for row in all_rows] == sorted(row[moment] for row in all_rows)
    assert {page.get("total_count", len(all_rows)) for page in found} == {len(all_rows)}


@pytest.mark.parametrize("name", ["orders", "packages", "cancellations", "returns"])
def test_window_of_updates_holds_what_all_rows_say(name: str) -> None:
    """A search draws only the days that a window may concern, and misses none for it."""
    bench = make_bench()
    now = int(bench.now.timestamp())
    since, until = now - 5 * DAY, now - 2 * DAY

    every = listed(bench, TROUBLED, name)
    windowed = listed(bench, TROUBLED, name, update_time_ge=since, update_time_lt=until)

    assert windowed == [row for row in every if since <= row["update_time"] < until]
    assert windowed


def test_search_draws_only_the_days_that_its_window_may_concern() -> None:
    bench = make_bench()
    now = int(bench.now.timestamp())

    listed(bench, TROUBLED, "orders", update_time_ge=now - 3600)

    assert len(bench.app._api.marketplace.book._days) == lives.LONGEST_LIFE_DAYS + 1


def test_answers_repeat_and_differ_by_seed() -> None:
    first, second = (listed(make_bench(), TROUBLED, "returns") for _ in range(2))

    assert first == second
    assert listed(make_bench(seed="other"), TROUBLED, "returns") != first


def test_no_order_and_no_return_outlives_what_searches_look_back() -> None:
    book = lives.Book("a")
    far = 2**40
    plans = [plan for shop in shops.SHOPS for plan in book.placed(shop, 1_788_264_000)]

    oldest = max(plan.updated(far) - plan.created for plan in plans)
    slowest = max(
        each.stages[-1].at - (each.plan.delivered or 0)
        for shop in shops.SHOPS
        for each in returns.returns(book.placed(shop, 1_788_264_000), shop, far)
    )

    assert oldest < lives.LONGEST_LIFE_DAYS * DAY
    assert slowest < returns.LONGEST_DAYS * DAY


def test_packages_belong_to_the_orders_that_name_them() -> None:
    bench = make_bench()

    of_orders = {
        (package["id"], order["id"])
        for order in listed(bench, TROUBLED, "orders")
        for package in order["packages"]
    }
    of_packages = {
        (package["id"], order["id"])
        for package in listed(bench, TROUBLED, "packages")
        for order in package["orders"]
    }

    # A package of an order that is older than the history stays out on both sides.
    assert of_orders == of_packages


def test_cancellations_wait_with_a_deadline_and_end_as_the_order_does() -> None:
    bench = make_bench()
    now = int(bench.now.timestamp())

    orders = {order["id"]: order for order in listed(bench, TROUBLED, "orders")}
    found = listed(bench, TROUBLED, "cancellations")

    waiting = [each for each in found if each["cancel_status"].endswith("PENDING")]
    assert {each["order_id"] for each in waiting} == {
        order["id"] for order in orders.values() if order["is_buyer_request_cancel"]
    }
    assert all(each["seller_next_action_response"][0]["deadline"] > now for each in waiting)
    complete = [each for each in found if each["cancel_status"].endswith("COMPLETE")]
    assert complete
    assert {orders[each["order_id"]]["status"] for each in complete} == {"CANCELLED"}


def test_returns_are_in_dispute_and_wait_for_the_seller() -> None:
    bench = make_bench()
    found = listed(bench, TROUBLED, "returns")

    assert {each["return_type"] for each in found} == {
        "REFUND",
        "RETURN_AND_REFUND",
        "REPLACEMENT",
    }
    arbitration = {each.get("arbitration_status") for each in found}
    assert arbitration >= {None, "SUPPORT_BUYER", "SUPPORT_SELLER"}
    waiting = [each for each in found if each["seller_next_action_response"]]
    assert {each["return_status"] for each in waiting} <= {
        "RETURN_OR_REFUND_REQUEST_PENDING",
        "BUYER_SHIPPED_ITEM",
    }
    assert waiting


def test_products_fail_audits_and_say_why() -> None:
    bench = make_bench()
    token, cipher = bench.access(TROUBLED.id), TROUBLED.cipher

    failed = [
        row for row in listed(bench, TROUBLED, "products") if row["audit"]["status"] == "FAILED"
    ]

    assert failed
    for row in failed:
        _, envelope = bench.call(f"/product/202309/products/{row['id']}", token, shop_cipher=cipher)
        (reason,) = envelope["data"]["audit_failed_reasons"]
        assert reason["reasons"]
        assert reason["suggestions"]


def test_stock_is_low_or_gone_somewhere_and_sells_off() -> None:
    bench = make_bench()
    now = {sku: left for shop in shops.SHOPS for sku, left in _stock(bench, shop).items()}
    bench.move(hours=20)
    later = {sku: left for shop in shops.SHOPS for sku, left in _stock(bench, shop).items()}

    assert any(left == 0 for left in now.values())
    assert any(0 < left < 10 for left in now.values())
    assert sum(later[sku] < left for sku, left in now.items()) > len(now) / 2


def _stock(bench: Bench, shop: shops.Shop) -> dict[str, int]:
    ids = [row["id"] for row in listed(bench, shop, "products")]
    _, envelope = bench.call(
        "/product/202309/inventory/search",
        bench.access(shop.id),
        {"product_ids": ids},
        shop_cipher=shop.cipher,
    )
    skus = [sku for row in envelope["data"]["inventory"] for sku in row["skus"]]
    for sku in skus:
        parts = [each["available_quantity"] for each in sku["warehouse_inventory"]]
        assert sum(parts) == sku["total_available_quantity"]
    return {sku["id"]: sku["total_available_quantity"] for sku in skus}


def test_statement_is_the_sum_of_its_transactions() -> None:
    bench = make_bench()
    token = bench.access(TROUBLED.id)
    path = "/finance/202501/statements/{}/statement_transactions"
    query = {"sort_field": "order_create_time", "page_size": "100"}

    for statement in listed(bench, TROUBLED, "statements")[-20:]:
        of_statement = path.format(statement["id"])
        (data,) = pages(bench, token, TROUBLED, of_statement, None, query)
        total = sum(Decimal(each["settlement_amount"]) for each in data["transactions"])
        assert Decimal(statement["settlement_amount"]) == total
        assert data["total_settlement_amount"] == statement["settlement_amount"]


def test_withdrawals_tell_of_payouts_failures_and_deductions() -> None:
    bench = make_bench()
    found = [row for shop in shops.SHOPS for row in listed(bench, shop, "withdrawals")]

    assert {row["type"] for row in found} == {"WITHDRAW", "SETTLE", "TRANSFER", "REVERSE"}
    assert {row["status"] for row in found} == {"SUCCESS", "FAILED", "PROCESSING"}
    assert all(Decimal(row["amount"]) < 0 for row in found if row["type"] == "TRANSFER")


def test_conversations_wait_unread_and_are_answered() -> None:
    bench = make_bench()
    path = "/customer_service/202309/conversations"
    query = {"page_size": "20"}

    found = [
        row
        for page in pages(bench, bench.access(TROUBLED.id), TROUBLED, path, None, query)
        for row in page["conversations"]
    ]

    latest = [row["latest_message"]["create_time"] for row in found]
    assert latest == sorted(latest, reverse=True)
    assert {row["latest_message"]["sender"]["role"] for row in found} == {"BUYER", "SHOP"}
    for row in found:
        is_buyers = row["latest_message"]["sender"]["role"] == "BUYER"
        assert (row["unread_count"] > 0) == is_buyers


def test_service_is_worse_at_a_troubled_shop() -> None:
    bench = make_bench()

    def percentage(shop: shops.Shop) -> float:
        _, envelope = bench.call(
            "/customer_service/202407/performance",
            bench.access(shop.id),
            shop_cipher=shop.cipher,
            support_date_ge="2026-07-01",
            support_date_lt="2026-08-30",
        )
        return float(envelope["data"]["performance"]["response_percentage"])

    assert percentage(TROUBLED) < 80 < percentage(BUSY)


def test_shop_performance_adds_up_by_day() -> None:
    bench = make_bench()
    token, path = bench.access(BUSY.id), "/analytics/202405/shop/performance"
    period = {"start_date_ge": "2026-08-20", "end_date_lt": "2026-08-30"}

    _, whole = bench.call(path, token, shop_cipher=BUSY.cipher, **period)
    _, daily = bench.call(path, token, shop_cipher=BUSY.cipher, granularity="1D", **period)

    (interval,) = whole["data"]["performance"]["intervals"]
    days = daily["data"]["performance"]["intervals"]
    assert len(days) == 10
    assert sum(day["orders"] for day in days) == interval["orders"] > 0
    assert sum(Decimal(day["gmv"]["amount"]) for day in days) == Decimal(interval["gmv"]["amount"])
    assert whole["data"]["latest_available_date"] == "2026-08-31"


CANARIES = {
    "orders": {"name", "phone_number", "full_address", "buyer_email", "buyer_message", "user_id"},
    "conversations": {"nickname", "content", "user_id"},
}


def _marked(value: object, key: str = "") -> Iterator[str]:
    """Yield the names of the fields in which a canary sits."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from _marked(inside, name)
    elif isinstance(value, list):
        for inside in value:
            yield from _marked(inside, key)
    elif isinstance(value, str) and "CANARY" in value:
        yield key


def test_buyers_are_canaries_wherever_they_are_told_of() -> None:
    bench = make_bench()
    (order, *_) = listed(bench, TROUBLED, "orders")
    path = "/customer_service/202309/conversations"
    found = next(pages(bench, bench.access(TROUBLED.id), TROUBLED, path, None, {"page_size": "20"}))

    assert set(_marked(order)) >= CANARIES["orders"]
    assert set(_marked(found)) >= CANARIES["conversations"]


WRONG: dict[str, tuple[str, object, dict[str, str], int]] = {
    "a page of packages too large": (
        "/fulfillment/202309/packages/search",
        {},
        {"page_size": "51"},
        36009004,
    ),
    "a page of returns too small": (
        "/return_refund/202309/returns/search",
        {},
        {"page_size": "9"},
        36009004,
    ),
    "an unknown state": (
        "/return_refund/202309/cancellations/search",
        {"cancel_status": ["DONE"]},
        {},
        36009004,
    ),
    "statements without a field to sort by": ("/finance/202309/statements", None, {}, 36009004),
    "withdrawals without types": ("/finance/202309/withdrawals", None, {}, 36009004),
    "a time as a word": (
        "/finance/202309/payments",
        None,
        {"sort_field": "create_time", "create_time_ge": "today"},
        36009004,
    ),
    "a period that ends before it begins": (
        "/analytics/202405/shop/performance",
        None,
        {"start_date_ge": "2026-08-02", "end_date_lt": "2026-08-01"},
        28001022,
    ),
    "no date": (
        "/customer_service/202407/performance",
        None,
        {"support_date_ge": "soon", "support_date_lt": "2026-08-01"},
        36009004,
    ),
    "stock of nothing": ("/product/202309/inventory/search", {}, {}, 36009004),
    "stock of a product that is not the shop's": (
        "/product/202309/inventory/search",
        {"product_ids": ["1730020100000000003"]},
        {},
        12052260,
    ),
    "a package that is not the shop's": (
        "/fulfillment/202309/packages/1120101",
        None,
        {},
        21008111,
    ),
    "records of no return": (
        "/return_refund/202309/returns/42/records",
        None,
        {},
        25020005,
    ),
    "messages of no conversation": (
        "/customer_service/202309/conversations/74/messages",
        None,
        {"page_size": "10"},
        45101003,
    ),
}


@pytest.mark.parametrize(("path", "body", "query", "code"), WRONG.values(), ids=WRONG.keys())
def test_call_refuses(path: str, body: object, query: dict[str, str], code: int) -> None:
    bench = make_bench()

    _, envelope = bench.call(
        path, bench.access(TROUBLED.id), body, shop_cipher=TROUBLED.cipher, **query
    )

    assert (envelope["code"], envelope["data"]) == (code, None)


def test_another_sellers_shop_is_refused() -> None:
    bench = make_bench()

    for path, body, query, *_ in SEARCHES.values():
        status, envelope = bench.call(
            path, bench.access(SEN_VANG), body, shop_cipher=TROUBLED.cipher, **query
        )
        assert (status, envelope["code"]) == (401, 101000)


def test_a_thousand_more_shops_have_ids_of_their_own() -> None:
    directory = shops.Directory(1000)

    assert len(directory.by_cipher) == len(directory.by_id) == len(shops.SHOPS) + 1000
    assert {shop.region for shop in directory.all} == set(shops.MARKETS)
    assert len({shop.mark for shop in directory.all}) == len(directory.all)
    with pytest.raises(ValueError, match="marks"):
        shops.Directory(10_000)


def test_each_call_takes_the_delay_of_the_settings() -> None:
    bench = make_bench(delay_ms=50)
    token = bench.access()

    bench.call("/seller/202309/shops", token)

    assert bench.waits == [0.05]
