"""A store's rating between two moments, cause by cause, named and drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from scoring.charts import Cell, Chart, Column, Mark, Table
from scoring.core.values import Options
from scoring.core.waterfall import Bar, Waterfall, grouped, waterfall
from scoring.selectors import sentences
from scoring.selectors.figures import switched_on
from scoring.selectors.lines import words_of
from scoring.selectors.rows import Rows, told_of
from stores.models import Violation
from tenants.templatetags import ui

MOST_BARS: Final = 15


@dataclass(frozen=True, slots=True)
class Named:
    """A bar with what it is called, the values before and after it, and where to read on."""

    bar: Bar
    label: str
    start: int
    end: int
    violation: Violation | None

    @property
    def points(self) -> int:
        return self.bar.points


@dataclass(frozen=True)
class Fall:
    """The way from one value to another."""

    rows: Rows
    fall: Waterfall
    since: str  # "Since yesterday", as the sentence begins
    known_before: datetime | None  # by what was known when its start is told, if not as its end

    @property
    def why(self) -> str:
        return sentences.why(self.fall, self.since, self.name)

    @property
    def known_words(self) -> str:
        """Say by what was known when the two values are told."""
        if self.known_before is not None:
            return gettext(
                "It begins at what was known then: what was recorded since of earlier days is a "
                "cause of its own."
            )
        return gettext("Both values are by what was known on %(moment)s.") % {
            "moment": self._moment(self.rows.known_at)
        }

    def name(self, bar: Bar) -> str:
        return bar_words(self.rows, bar)

    @property
    def bars(self) -> list[Named]:
        """Return the causes, the small ones of many as one; () where there is no value."""
        value = self.fall.start
        if value is None:
            return []
        named = []
        for bar in grouped(self.fall.bars, MOST_BARS):
            entry = self.rows.entries.get(bar.subject)
            violation = told_of(entry).violation if entry else None
            named.append(Named(bar, self.name(bar), value, value + bar.points, violation))
            value += bar.points
        return named

    @property
    def chart(self) -> Chart | None:
        """Return the waterfall as drawn; None where the two moments have no common measure."""
        if self.fall.start is None or self.fall.end is None:
            return None
        is_rating = self.fall.after.rating is not None
        return Chart(
            kind="waterfall",
            data={"bars": self._bars(), "labels": {}},
            table=self._table(),
            legend=(
                Mark("loss" if is_rating else "gain", gettext("takes points")),
                Mark("gain" if is_rating else "loss", gettext("gives points")),
            ),
        )

    def _bars(self) -> list[Mapping[str, Any]]:
        first = _total(self._moment(self.fall.before.at), self.fall.start)
        last = _total(self._moment(self.fall.after.at), self.fall.end)
        between = [
            {
                "kind": "change",
                "label": bar.label,
                "points": bar.points,
                "from": bar.start,
                "to": bar.end,
            }
            for bar in self.bars
        ]
        return [first, *between, last]

    def _table(self) -> Table:
        def row(label: str, day: str, points: str, value: int | None, **more: str) -> list[Cell]:
            return [
                Cell(day),
                Cell(label, href=more.get("href", "")),
                Cell(points, tone=more.get("tone", ""), is_number=True),
                Cell(ui.number(value), is_number=True),
            ]

        first = row(gettext("At first"), self._moment(self.fall.before.at), "", self.fall.start)
        last = row(gettext("In the end"), self._moment(self.fall.after.at), "", self.fall.end)
        between = [
            row(
                bar.label,
                self.rows.day(bar.bar.instant) if bar.bar.instant else "",
                ui.signed(bar.points),
                bar.end,
                href=reverse("stores:violation", args=[bar.violation.pk]) if bar.violation else "",
                tone=ui.change_tone(bar.points),
            )
            for bar in self.bars
        ]
        return Table(
            head=(
                Column(gettext("Day")),
                Column(gettext("Cause")),
                Column(gettext("Points"), is_number=True),
                Column(gettext("Value"), is_number=True),
            ),
            rows=[first, *between, last],
        )

    def _moment(self, at: datetime) -> str:
        return ui.moment_in(at, self.rows.store.time_zone)


def _total(label: str, value: int | None) -> Mapping[str, Any]:
    return {"kind": "total", "label": label, "points": 0, "from": value, "to": value}


def fall_of(
    rows: Rows, *, start: datetime, end: datetime, options_before: Options | None = None
) -> Fall:
    """Return the way from ``start`` to ``end``.

    It begins at what was known at ``start``, so that what was recorded since of earlier days is
    told too; where a past moment is looked at as known now, or the store was not ours yet, all of
    it is by what is known. One query for the figures switched on at ``start``, unless told by
    ``options_before``.
    """
    is_then = rows.known_at == rows.at and rows.store.created_at <= start
    if is_then and options_before is None:
        options_before = Options(switched_on=switched_on(rows.library, start))
    known_before = start if is_then else None
    fall = waterfall(
        rows.ledger,
        rows.library,
        start,
        end,
        rows.known_at,
        known_before=known_before,
        options=rows.options,
        options_before=options_before,
    )
    is_now = rows.is_now and end == rows.at
    since = sentences.since_words(start, end, rows.day, is_now=is_now)
    return Fall(rows, fall, since, known_before)


def bar_words(rows: Rows, bar: Bar) -> str:
    """Say what a bar is, with the reference of the violation behind it."""
    if bar.kind == "learnt":
        return gettext("Recorded later, of days before")
    if bar.kind == "clamp":
        return gettext("The end of the scale")
    if bar.kind == "others":
        return ngettext("%(count)d smaller one", "%(count)d smaller ones", bar.count) % {
            "count": bar.count
        }
    if bar.kind == "book":
        return gettext("Rulebook %(title)s") % {"title": rows.book_title(bar.subject)}
    words = words_of(rows, bar.kind, bar.subject)
    entry = rows.entries.get(bar.subject)
    violation = told_of(entry).violation if entry else None
    return f"{words} {violation.reference}" if violation and violation.reference else words
