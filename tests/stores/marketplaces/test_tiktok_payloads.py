import copy
import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from stores.marketplaces.core import BadPayload, Node, read_json
from stores.marketplaces.tiktok_shop import payloads
from stores.sandbox import orders, shops

SHOP = shops.BY_ID["7495000000000000202"]
NOW = int(datetime(2026, 9, 1, 12, tzinfo=UTC).timestamp())

MINIMAL: dict[str, Any] = {
    "id": "576461413038785752",
    "status": "AWAITING_SHIPMENT",
    "create_time": 1_619_611_561,
    "update_time": 1_619_621_355,
}


def _page(*documents: object, **data: object) -> payloads.OrderPage:
    content = {"orders": list(documents), "total_count": len(documents), **data}
    return payloads.order_page(Node(content, "data"))


def _documents() -> list[dict[str, Any]]:
    plans = orders.Book("payloads").placed(SHOP, NOW, [])
    return [orders.document(plan, SHOP, NOW) for plan in plans]


def test_order_with_the_least_the_contract_gives() -> None:
    (order,) = _page(MINIMAL).orders

    assert order.id == "576461413038785752"
    assert order.create_time == datetime(2021, 4, 28, 12, 6, 1, tzinfo=UTC)
    assert order.rts_sla_time is None
    assert order.is_buyer_request_cancel is False
    assert (order.amount, order.currency) == (None, None)
    assert (order.item_count, order.package_ids) == (0, ())


def test_order_keeps_deadlines_actual_times_and_money() -> None:
    document = {
        **MINIMAL,
        "rts_sla_time": 1_619_611_688,
        "tts_sla_time": 1_619_611_761,
        "shipping_due_time": 1_678_389_611,
        "collection_due_time": 1_678_389_612,
        "delivery_due_time": 1_678_389_613,
        "cancel_order_sla_time": 1_619_621_355,
        "request_cancel_time": 1_678_389_614,
        "rts_time": 0,
        "is_on_hold_order": True,
        "is_buyer_request_cancel": True,
        "cancellation_initiator": "BUYER",
        "payment": {"currency": "IDR", "total_amount": "5000"},
        "line_items": [{}, {}],
        "packages": [{"id": 1_152_321_127_278_713_123}],
    }

    (order,) = _page(document).orders

    assert order.rts_sla_time == datetime(2021, 4, 28, 12, 8, 8, tzinfo=UTC)
    assert order.rts_time is None
    assert (order.is_on_hold_order, order.is_buyer_request_cancel) == (True, True)
    assert order.cancellation_initiator == "BUYER"
    assert (order.amount, order.currency) == (Decimal(5000), "IDR")
    assert (order.item_count, order.package_ids) == (2, ("1152321127278713123",))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param({"id": None}, "data.orders[1].id", id="no id"),
        pytest.param({"status": "shipped!"}, "data.orders[1].status", id="a state in lower case"),
        pytest.param({"create_time": "x"}, "data.orders[1].create_time", id="a time of letters"),
        pytest.param({"update_time": 0}, "data.orders[1].update_time", id="never updated"),
        pytest.param({"payment": []}, "data.orders[1].payment.total_amount", id="payment a list"),
        pytest.param(
            {"payment": {"total_amount": "1", "currency": "dong"}},
            "data.orders[1].payment.currency",
            id="no currency",
        ),
        pytest.param({"packages": [{}]}, "data.orders[1].packages[0].id", id="package without id"),
        pytest.param({"line_items": 3}, "data.orders[1].line_items", id="items a number"),
    ],
)
def test_order_names_the_field_that_is_wrong(change: dict[str, object], path: str) -> None:
    with pytest.raises(BadPayload) as refusal:
        _page(MINIMAL, {**MINIMAL, **change})

    expected = path.removesuffix(".total_amount") if change == {"payment": []} else path
    assert refusal.value.path == expected


def test_page_refuses_a_total_without_a_list() -> None:
    with pytest.raises(BadPayload) as refusal:
        payloads.order_page(Node({"total_count": 3}, "data"))

    assert str(refusal.value) == "data.orders is missing"


def test_page_of_a_search_that_found_nothing_may_be_empty() -> None:
    nothing = payloads.OrderPage(orders=(), next_page_token=None, total=0)

    assert payloads.order_page(Node({}, "data")) == nothing
    assert payloads.order_page(Node({"total_count": 0, "orders": None}, "data")) == nothing


def test_buyers_data_ends_in_the_parser() -> None:
    # given 180 days of orders, each full of marks where a buyer's data stands
    documents = _documents()
    assert json.dumps(documents).count("CANARY") > 10 * len(documents)

    # when
    parsed = _page(*documents).orders

    # then
    assert len(parsed) == len(documents)
    assert "CANARY" not in repr(parsed)
    assert "Sandbox City" not in repr(parsed)


def _paths(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, child in value.items():
            found += _paths(child, (*path, key))
    elif isinstance(value, list):
        for place, child in enumerate(value):
            found += _paths(child, (*path, place))
    return found


BROKEN: tuple[object, ...] = (
    None,
    True,
    -1,
    2**70,
    "",
    "CANARY\x00",
    "CANARY text",
    [],
    {},
    ["CANARY"],
    {"a": 1},
    1.5,
)


def test_mutated_orders_are_parsed_or_refused_by_name_and_never_leak() -> None:
    """Put a wrong value at a random place of an order, 1,500 times."""
    draw = random.Random(20260901)  # noqa: S311 - repeatable on purpose
    documents = _documents()[:50]
    refused: list[str] = []
    for _ in range(1500):
        # given
        document = copy.deepcopy(draw.choice(documents))
        path = draw.choice(_paths(document))
        target: Any = document
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = draw.choice(BROKEN)

        # when, through JSON as it would come
        body = json.dumps({"orders": [document], "total_count": 1}).encode()
        try:
            seen = repr(payloads.order_page(Node(read_json(body), "data")))
        except BadPayload as bad:
            seen = str(bad)
            refused.append(bad.path)

        # then
        assert "CANARY" not in seen
    assert len(refused) > 100
    assert all(path.startswith("data.orders[0]") for path in refused)


def test_tokens_take_expiry_as_instants_and_hide_themselves() -> None:
    tokens = payloads.tokens(
        Node(
            {
                "access_token": "ROW_secret_one",
                "access_token_expire_in": 1_788_868_800,
                "refresh_token": "ROW_secret_two",
                "refresh_token_expire_in": 4_903_858_076,
                "open_id": "7010736057180325637",
                "seller_name": "Jjj test shop",
                "seller_base_region": "ID",
                "user_type": 0,
                "granted_scopes": ["seller.order.info"],
            },
            "data",
        )
    )

    assert tokens.access_token_expires_at == datetime(2026, 9, 8, 12, tzinfo=UTC)
    assert tokens.refresh_token_expires_at.year == 2125
    assert tokens.granted_scopes == ("seller.order.info",)
    assert "secret" not in repr(tokens)
