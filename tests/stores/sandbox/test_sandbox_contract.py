"""Every answer of the sandbox, held against the fields that TikTok Shop documents for it.

``contract.yaml`` names, for each call, the fields of ``data`` by type: ``text``, ``whole`` (a whole
number), ``flag``, ``texts`` and ``wholes`` (lists), ``one x`` (an object), ``each x`` (a list of
objects). An answer may leave fields out, as the marketplace's do, but holds none besides. ``never``
names what the sandbox sends at no time: it belongs to markets or features that it has none of.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from stores.sandbox import shops
from tests.stores.sandbox.bench import Bench, make_bench

CONTRACT: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "contract.yaml").read_text())
ASKED = ("7495000000000000202", "7495000000000000102", "7495000000000000302", "7495000000000000402")
ADDRESS = "http://localhost:8000/hooks/tiktok_shop"


def _is_list_of(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(each, kind) for each in value)


TYPES: dict[str, Callable[[object], bool]] = {
    "text": lambda value: isinstance(value, str),
    "whole": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "flag": lambda value: isinstance(value, bool),
    "texts": _is_list_of(str),
    "wholes": _is_list_of(int),
}


def fields_of(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield all fields that the contract knows, as (path, type)."""
    for name, inside in node.items():
        if name in TYPES:
            yield from ((f"{path}{each}", name) for each in inside)
        else:
            kind, _, key = name.partition(" ")
            yield f"{path}{key}", kind
            yield from fields_of(inside, f"{path}{key}.")


@dataclass
class Held:
    """Answers held against the contract of one call: what they showed, and what was wrong."""

    known: dict[str, str]
    seen: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)

    def hold(self, value: dict[str, object], path: str = "") -> None:
        for name, inside in value.items():
            where = path + name
            kind = self.known.get(where)
            if kind is None:
                self.wrong.add(f"{where} is not documented")
            elif kind in TYPES and not TYPES[kind](inside):
                self.wrong.add(f"{where} is no {kind}")
            elif kind in TYPES:
                self.seen.add(where)
            else:
                self._hold_inside(inside, where, kind)

    def _hold_inside(self, inside: object, where: str, kind: str) -> None:
        rows = inside if kind == "each" else [inside]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.wrong.add(f"{where} is not {kind}")
            return
        self.seen.add(where)
        for row in rows:
            self.hold(row, f"{where}.")


class Caller:
    """Calls the sandbox for one shop, and keeps each answer by the call's name."""

    def __init__(self, bench: Bench, shop: shops.Shop) -> None:
        self.bench = bench
        self.shop = shop
        self.token = bench.access(shop.id)
        self.answers: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTRACT}

    def ask(self, name: str, body: object = None, thing: str = "", **query: str) -> dict[str, Any]:
        """Return the data of the answer; the whole envelope must be as documented."""
        method, path = CONTRACT[name]["call"].split()
        of_shop = {} if name in {"authorized_shops", "active_shops"} else self.cipher
        status, envelope = self.bench.call(
            path.replace("{id}", thing), self.token, body, method=method, **of_shop, **query
        )
        assert (status, set(envelope)) == (200, {"code", "message", "request_id", "data"}), name
        assert (envelope["code"], envelope["message"]) == (0, "Success"), (name, envelope)
        data: dict[str, Any] = envelope["data"]
        self.answers[name].append(data)
        return data

    @property
    def cipher(self) -> dict[str, str]:
        return {"shop_cipher": self.shop.cipher}

    def ask_all(self) -> None:
        self.ask("authorized_shops")
        self.ask("active_shops")
        self._orders()
        self._aftersale()
        self._products()
        self._money()
        self._chats()
        self._webhooks()

    def _orders(self) -> None:
        for state in ("CANCELLED", "COMPLETED", "DELIVERED", "PARTIALLY_SHIPPING"):
            found = self.ask("search_orders", {"order_status": state}, page_size="50")
            ids = [order["id"] for order in found["orders"]]
            if ids:
                self.ask("order_details", ids=",".join(ids))
        self.ask("search_orders", {"is_buyer_request_cancel": True}, page_size="50")
        parcels = self.ask("search_packages", {}, page_size="50")["packages"]
        for parcel in parcels[:20]:
            self.ask("package_detail", thing=parcel["id"])

    def _aftersale(self) -> None:
        self.ask("search_cancellations", {"cancel_status": ["CANCELLATION_REQUEST_PENDING"]})
        self.ask("search_cancellations", {}, page_size="50", sort_order="DESC")
        for state in ("BUYER_SHIPPED_ITEM", "REFUND_OR_RETURN_REQUEST_REJECT"):
            self.ask("search_returns", {"return_status": [state]})
        found = self.ask("search_returns", {}, page_size="50", sort_order="DESC")
        for each in found["return_orders"]:
            self.ask("return_records", thing=each["return_id"])

    def _products(self) -> None:
        ids = [each["id"] for each in self.ask("search_products", {}, page_size="100")["products"]]
        for each in ids:
            self.ask("product", thing=each)
        self.ask("diagnoses", product_ids=",".join(ids))
        self.ask("inventory", {"product_ids": ids})

    def _money(self) -> None:
        by_day = {"sort_field": "statement_time", "sort_order": "DESC", "page_size": "100"}
        found = self.ask("statements", **by_day)["statements"]
        by_order = {"sort_field": "order_create_time", "page_size": "100"}
        for each in [*found[:10], *(each for each in found if each["adjustment_amount"] != "0")][
            :30
        ]:
            self.ask("statement_transactions", thing=each["id"], **by_order)
        self.ask("unsettled", **by_order)
        self.ask("payments", sort_field="create_time", page_size="100")
        self.ask("withdrawals", types="WITHDRAW,SETTLE,TRANSFER,REVERSE", page_size="100")

    def _chats(self) -> None:
        found = self.ask("conversations", page_size="20")["conversations"]
        for each in found:
            self.ask("messages", thing=each["id"], page_size="10")
        self.ask("service_performance", support_date_ge="2026-08-01", support_date_lt="2026-09-01")
        period = {"start_date_ge": "2026-08-25", "end_date_lt": "2026-09-01"}
        self.ask("shop_performance", **period, with_comparison="true")
        self.ask("shop_performance", **period, granularity="1D", currency="USD")

    def _webhooks(self) -> None:
        hook = {"event_type": "ORDER_STATUS_CHANGE", "address": ADDRESS}
        self.ask("set_webhook", hook)
        self.ask("webhooks")
        self.ask("delete_webhook", {"event_type": "ORDER_STATUS_CHANGE"})


@pytest.fixture(scope="module")
def answers() -> dict[str, list[dict[str, Any]]]:
    """Return what every call answered for shops of every market, by the call's name."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTRACT}
    for shop in ASKED:
        caller = Caller(make_bench(), shops.BY_ID[shop])
        caller.ask_all()
        for name, given in caller.answers.items():
            found[name] += given
    return found


@pytest.mark.parametrize("name", CONTRACT)
def test_answer_holds_documented_fields_and_no_other(
    name: str, answers: dict[str, list[dict[str, Any]]]
) -> None:
    contract = CONTRACT[name]
    held = Held(dict(fields_of(contract["data"])))

    for answer in answers[name]:
        held.hold(answer)

    missing = {path for path in held.known if path not in held.seen}
    left_out = set(contract.get("never", ()))
    unexplained = {path for path in missing if not any(_is_under(path, each) for each in left_out)}
    assert answers[name]
    assert held.wrong == set()
    assert unexplained == set()
    assert {each for each in left_out if each in held.seen} == set()


def _is_under(path: str, parent: str) -> bool:
    return path == parent or path.startswith(f"{parent}.")
