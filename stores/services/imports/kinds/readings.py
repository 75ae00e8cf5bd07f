"""Lists of readings: one measured value a row."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import ClassVar, Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores.metrics import METRICS, Unit
from stores.models import Reading
from stores.services import readings
from stores.services.imports import base, headers
from stores.services.imports.base import Cell, Course, Field, Kind, Mark, Parsed
from tenants.errors import DomainError

_NOUN: Final = "reading"
_YES: Final = frozenset({"yes", "y", "true", "on", "是", "有", "có", "ใช่", "ya"})
_NO: Final = frozenset({"no", "n", "false", "off", "否", "无", "không", "ไม่", "tidak"})


@cache
def _codes() -> Mapping[str, str]:
    """Return each metric's code by itself, by its label, and as lists call it."""
    found = {headers.plain(code): code for code in METRICS}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {headers.plain(str(each.label)): each.code for each in METRICS.values()}
    return {**headers.meanings("readings", "metric"), **found}


def _metric(cell: Cell) -> str:
    code = _codes().get(headers.plain(cell.text))
    if code is None:
        raise cell.wrong(_("is no reading that we keep."))
    return code


def _value(cell: Cell) -> Decimal:
    word = cell.text.strip().casefold()
    if word in _YES | _NO:
        return Decimal(word in _YES)
    if word.endswith("%"):
        word = word[:-1].strip()
    return base.amount(base.with_text(cell, word)).value


class Readings(Kind):
    code = "readings"
    label = gettext_lazy("Readings")
    capability = "readings.record"
    most_rows = 5_000
    one_of = (("metric",), ("value",))
    shown = ("metric", "value", "measured_at", "note")
    fields: ClassVar[Mapping[str, Field]] = MappingProxyType(
        {
            "store": base.STORE,
            "metric": Field(gettext_lazy("Reading"), _metric),
            "value": Field(gettext_lazy("Value"), _value, is_number=True),
            "measured_at": Field(gettext_lazy("Measured"), base.moment),
            "note": Field(gettext_lazy("Note"), base.text(200)),
        }
    )

    def complete(self, row: Parsed, told: Mapping[str, str], course: Course) -> None:
        values = row.values
        values.pop("store", None)
        for name in ("metric", "value"):
            if name not in values:
                course.wrong(row, name, "", _("is missing."), self)
        if row.troubles:
            return
        values.setdefault("measured_at", course.kept.made_at)
        if METRICS[values["metric"]].unit is Unit.YES_NO and values["value"] not in {0, 1}:
            course.wrong(row, "value", told["value"], _("is neither yes nor no."), self)
        try:
            readings.check(values["metric"], values["value"], values["measured_at"], course.at)
        except DomainError as refusal:
            course.wrong(row, "value", told["value"], str(refusal), self)
        row.key = base.key_of(row.the_store.pk, values["metric"], values["measured_at"])

    def compare(self, rows: Sequence[Parsed], course: Course) -> None:
        stores = {row.the_store.pk for row in rows}
        moments = {row.values["measured_at"] for row in rows}
        found = Reading.objects.filter(store__in=stores, measured_at__in=moments)
        known = set(found.values_list("store", "metric", "measured_at", "value"))
        for row in rows:
            values = row.values
            key = (row.the_store.pk, values["metric"], values["measured_at"], values["value"])
            row.what = base.SAME if key in known else base.NEW

    def write(self, rows: Sequence[Parsed], course: Course) -> list[Mark]:
        marks = []
        for row in rows:
            try:
                kept = readings.record_reading(
                    store=row.the_store,
                    metric=row.values["metric"],
                    value=row.values["value"],
                    measured_at=row.values["measured_at"],
                    source=Reading.Source.FILE,
                    by=course.by,
                    at=course.at,
                    note=row.values.get("note", ""),
                    via=course.via,
                )
            except DomainError as refusal:
                raise base.refusal(row, refusal) from refusal
            marks.append(Mark(_NOUN, kept.pk))
        return marks

    def built_upon(self, marks: Sequence[Mark], course: Course) -> list[str]:
        return []  # what a reading opened or ticked is judged anew by the one before it

    def undo(self, marks: Sequence[Mark], course: Course) -> None:
        readings.withdraw(ids=[mark.object_id for mark in marks], at=course.at)
