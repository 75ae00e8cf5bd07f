"""Lists of what the marketplace showed as a store's rating: the first ones make openings stand."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import signals, tables
from stores.models import Import
from stores.services.imports import base
from stores.services.imports.base import Cell, Course, Field, Kind, Mark, Parsed
from tenants import slots
from tenants.errors import DomainError

# Column of the room that keeps ratings: by store its (measure, when seen, value).
KNOWN_SLOT: Final = "store.ratings"
_NOUN: Final = "platformrating"
_MOST: Final = 1000
_RATING, _DEDUCTED = "rating", "points_deducted"


def _value(cell: Cell) -> int:
    return tables.read_int(
        cell.text, line=cell.line, field=cell.header, low=0, high=_MOST, sheet=cell.sheet
    )


def _deducted(cell: Cell) -> int:
    return -tables.read_points(
        cell.text, line=cell.line, field=cell.header, most=_MOST, sheet=cell.sheet
    )


class Ratings(Kind):
    code = "ratings"
    label = gettext_lazy("Platform ratings")
    capability = "ratings.adjust"
    is_rated = True
    most_rows = 5_000
    one_of = (("value", "deducted"),)
    shown = ("value", "deducted", "observed_at")
    fields: ClassVar[Mapping[str, Field]] = MappingProxyType(
        {
            "store": base.STORE,
            "value": Field(gettext_lazy("Rating"), _value),
            "deducted": Field(gettext_lazy("Points deducted"), _deducted),
            "observed_at": Field(gettext_lazy("Seen"), base.moment),
        }
    )

    def complete(self, row: Parsed, told: Mapping[str, str], course: Course) -> None:
        values = row.values
        values.pop("store", None)
        if "value" not in values and "deducted" not in values:
            name = "value" if "value" in course.kept.mapping.get("columns", {}) else "deducted"
            course.wrong(row, name, "", _("is missing."), self)
            return
        values.setdefault("observed_at", course.kept.made_at)
        if values["observed_at"] > course.at:
            course.wrong(row, "observed_at", told["observed_at"], _("lies in the future."), self)
        row.key = base.key_of(row.the_store.pk, values["observed_at"])

    def compare(self, rows: Sequence[Parsed], course: Course) -> None:
        """Hold rows against the ratings known, which the room that keeps them tells by slot."""
        ids = list({row.the_store.pk for row in rows})
        known: set[tuple[object, ...]] = set()
        for column in slots.columns(KNOWN_SLOT, course.by, ids).values():
            for store_id, told in column.items():
                known.update((store_id, *each) for each in told)
        for row in rows:
            is_known = all(
                (row.the_store.pk, measure, row.values["observed_at"], value) in known
                for measure, value in _told(row)
            )
            row.what = base.SAME if is_known else base.NEW

    def write(self, rows: Sequence[Parsed], course: Course) -> list[Mark]:
        marks = []
        for row in rows:
            for measure, value in _told(row):
                try:
                    answers = signals.platform_rating_seen.send(
                        sender=Import,
                        store=row.the_store,
                        value=value,
                        measure=measure,
                        observed_at=row.values["observed_at"],
                        source=base.SOURCE,
                        at=course.at,
                        by=course.by,
                        notice=None,
                    )
                except DomainError as refusal:
                    raise base.refusal(row, refusal) from refusal
                kept: list[Any] = [answer for _receiver, answer in answers if answer is not None]
                marks += [Mark(_NOUN, one.pk) for one in kept if one.recorded_at == course.at]
        return marks

    def built_upon(self, marks: Sequence[Mark], course: Course) -> list[str]:
        return []  # one that is withdrawn stays in the history

    def undo(self, marks: Sequence[Mark], course: Course) -> None:
        signals.platform_ratings_withdrawn.send(
            sender=Import,
            ids=[mark.object_id for mark in marks],
            at=course.at,
            by=course.by,
        )


def _told(row: Parsed) -> list[tuple[str, int]]:
    measures = ((_RATING, "value"), (_DEDUCTED, "deducted"))
    return [(measure, row.values[name]) for measure, name in measures if name in row.values]
