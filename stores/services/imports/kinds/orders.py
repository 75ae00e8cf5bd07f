"""Order exports of TikTok Shop, Shopee and Lazada: numbers, states, deadlines, amounts.

What the marketplace itself told by its API stands, unless a file tells of a later change. Nothing
about a buyer comes this far: those columns are dropped at the door.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import signals
from stores.models import Import, Order, Store
from stores.services.imports import base
from stores.services.imports.base import Course, Field, Kind, Mark, Parsed
from stores.services.imports.kinds import synced
from stores.services.syncing.rows import SEEN, Column, Table

_COMPLETED: Final = "COMPLETED"
_OF_ITEM: Final = "is_of_item"  # of a row whose amount is that of one item of the order
_CANCELLED: Final = "CANCELLED"
_NOUN: Final = "order"
_MOMENTS: Final = (
    *("placed_at", "paid_at", "rts_due_at", "rts_at", "tts_due_at", "shipping_due_at"),
    *("collected_at", "delivered_at", "completed_at"),
)
_RESTORED: Final = (
    *("status", "changed_at", "completion_seen_at", "cancelled_by", "amount", "currency"),
    *("source", *_MOMENTS),
)
# What a file may tell of an order that we know already; the rest of its row stays.
_TOLD: Final = (
    *((name, "timestamptz") for name in _MOMENTS[1:-1]),
    ("cancelled_by", "text"),
    ("amount", "numeric"),
    ("currency", "text"),
)
_LATEST_FROM: Final = ("placed_at", "paid_at", "rts_at", "collected_at", "delivered_at")


def _fields(code: str, *more: tuple[str, Field]) -> Mapping[str, Field]:
    return MappingProxyType(
        {
            "store": base.STORE,
            "external_id": Field(gettext_lazy("Order ID"), base.identifier(40)),
            "status": Field(gettext_lazy("Status"), base.code_or_word(code, "status", 24)),
            "placed_at": Field(gettext_lazy("Placed"), base.moment),
            **dict(more),
            "amount": base.money(gettext_lazy("Amount")),
            "currency": Field(gettext_lazy("Currency"), base.currency),
        }
    )


_PAID = ("paid_at", Field(gettext_lazy("Paid"), base.moment))
_RTS_DUE = ("rts_due_at", Field(gettext_lazy("Ready to ship by"), base.moment))
_COLLECTED = ("collected_at", Field(gettext_lazy("Shipped"), base.moment))
_DELIVERED = ("delivered_at", Field(gettext_lazy("Delivered"), base.moment))


class _Orders(Kind):
    capability = "readings.record"
    id_field = "external_id"
    keeps_unknown = False
    one_of = (("external_id",), ("status", "substatus"), ("placed_at",))
    shown = ("external_id", "status", "placed_at", "amount")
    is_rated = True

    def complete(self, row: Parsed, told: Mapping[str, str], course: Course) -> None:
        values = row.values
        for name in ("external_id", "status", "placed_at"):
            if name not in values:
                course.wrong(row, name, told.get(name, ""), _("is missing."), self)
        if row.troubles:
            return
        self.settle(values)
        if values["placed_at"] > course.at + synced.CLOCKS_DIFFER:
            course.wrong(row, "placed_at", told["placed_at"], _("lies in the future."), self)
        moments = [values[name] for name in _LATEST_FROM if name in values]
        values.setdefault("changed_at", max(moments))
        values["changed_at"] = min(values["changed_at"], course.at)
        if values["status"] == _COMPLETED:
            values.setdefault("completed_at", values["changed_at"])
        values.pop("store", None)
        row.key = base.key_of(row.the_store.pk, values["external_id"])

    def settle(self, values: dict[str, Any]) -> None:
        """Bring an export's own way of telling an order into ours."""

    def are_same(self, one: Parsed, other: Parsed) -> bool:
        """Take all lines of an order as one: an export has a line for each SKU of it."""
        return one.store == other.store

    def compare(self, rows: Sequence[Parsed], course: Course) -> None:
        known = synced.known(Order, rows)
        for row in rows:
            before = known.get((row.the_store.pk, row.values["external_id"]))
            row.what = _what(before, row.values)

    def write(self, rows: Sequence[Parsed], course: Course) -> list[Mark]:
        return synced.write(_table(course), _NOUN, rows, _RESTORED, course)

    def after(self, stores: Sequence[Store], course: Course) -> None:
        signals.batch_ended.send(sender=Import, stores=list(stores), at=course.at)

    def built_upon(self, marks: Sequence[Mark], course: Course) -> list[str]:
        return synced.built_upon(Order, marks)

    def undo(self, marks: Sequence[Mark], course: Course) -> None:
        stores = synced.undo(Order, marks, _RESTORED)
        signals.batch_ended.send(sender=Import, stores=stores, at=course.at)


class TikTokOrders(_Orders):
    code = "tiktok_orders"
    label = gettext_lazy("TikTok Shop orders")
    marketplace = Store.Marketplace.TIKTOK_SHOP
    fields: ClassVar[Mapping[str, Field]] = _fields(
        "tiktok_orders",
        (
            "substatus",
            Field(gettext_lazy("Substatus"), base.code_or_word("tiktok_orders", "status", 24)),
        ),
        _PAID,
        _RTS_DUE,
        ("rts_at", Field(gettext_lazy("Ready to ship"), base.moment)),
        _COLLECTED,
        _DELIVERED,
        ("cancelled_at", Field(gettext_lazy("Cancelled"), base.moment)),
        (
            "cancelled_by",
            Field(
                gettext_lazy("Cancelled by"),
                base.code_or_word("tiktok_orders", "cancelled_by", 16),
            ),
        ),
    )

    def settle(self, values: dict[str, Any]) -> None:
        """Take the finer state where the export tells two, and the moment of a cancellation."""
        finer = values.pop("substatus", "")
        if finer and values["status"] != _CANCELLED:
            values["status"] = finer
        if cancelled_at := values.get("cancelled_at"):
            values["changed_at"] = cancelled_at


class ShopeeOrders(_Orders):
    code = "shopee_orders"
    label = gettext_lazy("Shopee orders")
    marketplace = Store.Marketplace.SHOPEE
    fields: ClassVar[Mapping[str, Field]] = _fields(
        "shopee_orders",
        _PAID,
        _RTS_DUE,
        _COLLECTED,
        ("completed_at", Field(gettext_lazy("Completed"), base.moment)),
        ("cancel_reason", Field(gettext_lazy("Reason of the cancellation"), base.text(300))),
    )

    def settle(self, values: dict[str, Any]) -> None:
        values.pop("cancel_reason", None)


class LazadaOrders(_Orders):
    """Lazada's export has a line for each item, with what was paid for that item alone."""

    code = "lazada_orders"
    label = gettext_lazy("Lazada orders")
    marketplace = Store.Marketplace.LAZADA
    fields: ClassVar[Mapping[str, Field]] = _fields(
        "lazada_orders",
        ("changed_at", Field(gettext_lazy("Changed"), base.moment)),
        _RTS_DUE,
        ("tts_due_at", Field(gettext_lazy("With the carrier by"), base.moment)),
        ("shipping_due_at", Field(gettext_lazy("Ship by"), base.moment)),
        _DELIVERED,
        ("item_id", Field(gettext_lazy("Item ID"), base.identifier(40))),
        ("item_price", base.money(gettext_lazy("Paid for the item"))),
    )

    def settle(self, values: dict[str, Any]) -> None:
        price = values.pop("item_price", None)
        if price is not None and "amount" not in values:
            values |= {"amount": price, _OF_ITEM: True}

    def write(self, rows: Sequence[Parsed], course: Course) -> list[Mark]:
        """Keep orders, the amount of each the sum of what was paid for its items."""
        paid: dict[str, dict[str, Decimal]] = {}
        others = course.kept.staged.filter(key__in=[row.key for row in rows], what=base.REPEATED)
        lines = [(row.key, row.line, row.values) for row in rows]
        lines += [(row.key, row.line, base.unpacked(row.values or {})) for row in others]
        for key, line, values in lines:
            if values.get(_OF_ITEM):
                item = values.get("item_id") or f"line {line}"
                paid.setdefault(key, {})[item] = values["amount"]
        for row in rows:
            if row.key in paid:
                row.values["amount"] = sum(paid[row.key].values(), Decimal(0))
        return super().write(rows, course)


def _what(before: Order | None, values: Mapping[str, Any]) -> str:
    if before is None:
        return base.NEW
    if values["changed_at"] < before.changed_at:
        return base.SAME
    if before.source != base.SOURCE and values["changed_at"] == before.changed_at:
        return base.SAME  # what the marketplace told itself stands
    told = {name for name, _type in _TOLD} & values.keys() | {"status"}
    if values.get(_OF_ITEM):
        told.discard("amount")  # known only with the order's other lines
    differs = any(getattr(before, name) != values[name] for name in told)
    return base.UPDATE if differs else base.SAME


def _table(course: Course) -> Table[Mapping[str, Any]]:
    """Return how the rows of this file are kept: only by the columns that it has."""
    has = set(course.kept.mapping.get("columns", {}))
    if "item_price" in has:
        has.add("amount")
    if "amount" in has:
        has.add("currency")  # which the amounts themselves may tell
    told = [
        Column(name, type_, synced.told(name, ""))
        if type_ == "text"
        else Column(name, type_, synced.told(name))
        for name, type_ in _TOLD
    ]
    text = Column("cancelled_by", "text", synced.told("cancelled_by", ""))
    currency = Column("currency", "text", synced.told("currency", ""))
    columns = [column for column in told if column.name in has]
    required = [column for column in (text, currency) if column.name not in has]
    return Table[Mapping[str, Any]](
        model=Order,
        id_of=lambda values: str(values["external_id"]),
        changed_at=lambda values: values["changed_at"],
        columns=(
            Column("status", "text", synced.told("status")),
            Column("placed_at", "timestamptz", synced.told("placed_at")),
            Column("completed_at", "timestamptz", synced.told("completed_at"), stays=True),
            Column("completion_seen_at", SEEN, _is_completed, stays=True),
            Column("is_cancel_asked", "boolean", lambda _values: False, stays=True),
            Column("is_on_hold", "boolean", lambda _values: False, stays=True),
            *columns,
            *(Column(c.name, c.type, c.of, stays=True) for c in required),
        ),
        source=base.SOURCE,
    )


def _is_completed(values: Mapping[str, Any]) -> bool:
    return bool(values["status"] == _COMPLETED)
