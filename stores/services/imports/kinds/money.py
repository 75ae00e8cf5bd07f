"""What moves a store's balance, from TikTok Shop's exports of income and withdrawals."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores.models import BalanceEntry, Store
from stores.services.imports import base
from stores.services.imports.base import Course, Field, Kind, Mark, Parsed
from stores.services.imports.kinds import synced
from stores.services.syncing.rows import Column, Table

_NOUN: Final = "balanceentry"
_TOLD: Final = ("type", "status", "amount", "currency", "made_at", "paid_at")
_RESTORED: Final = (*_TOLD, "changed_at", "confirmed_at", "source")
_PAID: Final = "PAID"
_UNSETTLED: Final = "UNSETTLED"
_PENALTY: Final = "PLATFORM_PENALTY"


def _field(label: Any, read: base.Reader) -> Field:
    return Field(label, read)


class _Money(Kind):
    capability = "readings.record"
    id_field = "external_id"
    keeps_unknown = False
    marketplace = Store.Marketplace.TIKTOK_SHOP
    shown = ("external_id", "type", "amount", "made_at", "paid_at")

    def kind_of(self, values: Mapping[str, Any], course: Course) -> str:
        raise NotImplementedError

    def settle(self, values: dict[str, Any], course: Course) -> None:
        """Bring an export's own way of telling money into ours."""

    def complete(self, row: Parsed, told: Mapping[str, str], course: Course) -> None:
        values = row.values
        for name in ("external_id", "amount"):
            if name not in values:
                course.wrong(row, name, told.get(name, ""), _("is missing."), self)
        if row.troubles:
            return
        self.settle(values, course)
        for name in ("made_at", "paid_at"):
            moment: datetime | None = values.get(name)
            is_ahead = moment is not None and moment > course.at + synced.CLOCKS_DIFFER
            if is_ahead and values["kind"] != BalanceEntry.Kind.UNSETTLED:
                course.wrong(row, name, told[name], _("lies in the future."), self)
        values.pop("store", None)
        # One order may have a line for what it brought, and others for what was adjusted.
        row.key = base.key_of(row.the_store.pk, values["kind"], values["external_id"])

    def compare(self, rows: Sequence[Parsed], course: Course) -> None:
        for code, of_kind in _by_kind(rows).items():
            known = synced.known(BalanceEntry, of_kind, kind=code)
            for row in of_kind:
                before = known.get((row.the_store.pk, row.values["external_id"]))
                row.what = _what(before, row.values)

    def write(self, rows: Sequence[Parsed], course: Course) -> list[Mark]:
        marks: list[Mark] = []
        for code, of_kind in _by_kind(rows).items():
            marks += synced.write(_table(code), _NOUN, of_kind, _RESTORED, course)
        return marks

    def built_upon(self, marks: Sequence[Mark], course: Course) -> list[str]:
        return synced.built_upon(BalanceEntry, marks)

    def undo(self, marks: Sequence[Mark], course: Course) -> None:
        synced.undo(BalanceEntry, marks, _RESTORED)


class TikTokIncome(_Money):
    """Settled orders and adjustments, or with an estimate those not settled yet."""

    code = "tiktok_income"
    label = gettext_lazy("TikTok Shop income")
    one_of = (("external_id",), ("amount",))
    fields: ClassVar[Mapping[str, Field]] = MappingProxyType(
        {
            "store": base.STORE,
            "external_id": _field(gettext_lazy("Order or adjustment ID"), base.identifier(128)),
            "type": _field(gettext_lazy("Type"), base.text(40)),
            "amount": base.money(gettext_lazy("Settlement amount")),
            "currency": _field(gettext_lazy("Currency"), base.currency),
            "made_at": _field(gettext_lazy("Order placed"), base.moment),
            "paid_at": _field(gettext_lazy("Settled"), base.moment),
            "penalty": base.money(gettext_lazy("Platform penalty")),
            "unsettled_reason": _field(gettext_lazy("Why it is not settled"), base.text(300)),
        }
    )

    def settle(self, values: dict[str, Any], course: Course) -> None:
        is_settled = not self._is_of_unsettled(course)
        kind = BalanceEntry.Kind.SETTLEMENT if is_settled else BalanceEntry.Kind.UNSETTLED
        values["kind"] = kind.value
        values["status"] = _PAID if is_settled else _UNSETTLED
        if not is_settled:
            values.pop("paid_at", None)  # an estimate
        if values.pop("penalty", None):
            values["type"] = _PENALTY
        values.pop("unsettled_reason", None)

    def _is_of_unsettled(self, course: Course) -> bool:
        return "unsettled_reason" in course.kept.mapping.get("columns", {}) or (
            "estimated" in course.header("amount", self).casefold()
        )

    def are_same(self, one: Parsed, other: Parsed) -> bool:
        return (one.store, one.values) == (other.store, other.values)


class TikTokWithdrawals(_Money):
    code = "tiktok_withdrawals"
    label = gettext_lazy("TikTok Shop withdrawals")
    one_of = (("external_id",), ("amount",), ("made_at",), ("type", "status", "paid_at"))
    fields: ClassVar[Mapping[str, Field]] = MappingProxyType(
        {
            "store": base.STORE,
            "external_id": _field(gettext_lazy("Reference"), base.identifier(128)),
            "type": _field(
                gettext_lazy("Type"), base.code_or_word("tiktok_withdrawals", "type", 40)
            ),
            "amount": base.money(gettext_lazy("Amount")),
            "currency": _field(gettext_lazy("Currency"), base.currency),
            "made_at": _field(gettext_lazy("Asked for"), base.moment),
            "status": _field(
                gettext_lazy("Status"), base.code_or_word("tiktok_withdrawals", "status", 40)
            ),
            "paid_at": _field(gettext_lazy("Paid out"), base.moment),
        }
    )

    def settle(self, values: dict[str, Any], course: Course) -> None:
        values["kind"] = BalanceEntry.Kind.WITHDRAWAL.value
        values.setdefault("type", "WITHDRAW")


def _by_kind(rows: Sequence[Parsed]) -> dict[str, list[Parsed]]:
    found: dict[str, list[Parsed]] = {}
    for row in rows:
        found.setdefault(row.values["kind"], []).append(row)
    return found


def _what(before: BalanceEntry | None, values: Mapping[str, Any]) -> str:
    if before is None:
        return base.NEW
    if before.source != base.SOURCE:
        return base.SAME  # what the marketplace told itself stands
    told = [name for name in _TOLD if name in values]
    differs = any(getattr(before, name) != values[name] for name in told)
    return base.UPDATE if differs else base.SAME


def _table(kind: str) -> Table[Mapping[str, Any]]:
    return Table[Mapping[str, Any]](
        model=BalanceEntry,
        id_of=lambda values: str(values["external_id"]),
        changed_at=None,
        only=MappingProxyType({"kind": kind}),
        columns=(
            Column("type", "text", synced.told("type", "")),
            Column("status", "text", synced.told("status", "")),
            Column("amount", "numeric", synced.told("amount")),
            Column("currency", "text", synced.told("currency", "")),
            Column("made_at", "timestamptz", synced.told("made_at")),
            Column("paid_at", "timestamptz", synced.told("paid_at")),
        ),
        source=base.SOURCE,
    )
