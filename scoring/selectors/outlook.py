"""The weeks to come in words, as the store's page and its what-if tell them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, ngettext

from scoring.charts import Cell, Chart, Column, Mark, Table
from scoring.core import rating as core
from scoring.core.acts import WayBack
from scoring.core.foresight import Course, Crossing, Line, Moment, together
from scoring.core.values import DAY, BandCode, Measure
from scoring.core.what_if import Summary
from scoring.selectors.calendar import Day
from scoring.selectors.drawing import bands_of
from scoring.selectors.foresee import ActShown, Foreseen, LineAhead, PlanShown, Waiting
from scoring.selectors.rows import MOMENT, is_chinese
from scoring.selectors.what_if import Scenario
from tenants.templatetags import ui

PAST_DAYS: Final = 30  # of the chart of a what-if


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of both courses; ``is_better`` None where it is the same."""

    label: str
    base: str
    changed: str
    is_better: bool | None = None
    base_band: str = ""
    base_word: str = ""
    changed_band: str = ""
    changed_word: str = ""


class Outlook:
    """Says in the reader's language what is foreseen of a store."""

    def __init__(self, foreseen: Foreseen, line: Line | None = None) -> None:
        self.foreseen = foreseen
        self.line = line or foreseen.target
        self.zone = foreseen.store.time_zone
        self.tz = ZoneInfo(self.zone)

    def day(self, moment: datetime | None) -> str:
        return ui.short_day_in(moment, self.zone)

    @property
    def line_words(self) -> str:
        """Return the line as a number that people look for: "200", "150"."""
        return "" if self.line is None else target_words(self.line)

    @property
    def is_over(self) -> bool:
        """Tell whether the store is over the line now."""
        return self.line is not None and self.line.is_over(self.foreseen.futures.base.moments[0])

    @property
    def is_closed(self) -> bool:
        return self.foreseen.futures.base.moments[0].band is BandCode.CLOSED

    # When it is back

    @property
    def way(self) -> WayBack | None:
        return None if self.line is None else self.foreseen.way_back(self.line)

    def told(self) -> "Told | None":
        """Return when the store is back over the line and by what; None without a line."""
        way = self.way
        if way is None:
            return None
        return Told(
            waiting=self.foreseen.waiting(way.line),
            plans=tuple(plan for plan in self.foreseen.plans(way) if plan.acts),
            is_exact=way.is_exact,
        )

    def crossing_words(self, crossing: Crossing | None, at: datetime) -> str:
        """Say when a course is over the line: since when for good, and where it falls again."""
        if crossing is None or crossing.over_at is None:
            days = self.foreseen.days
            return ngettext("not within %(days)d day", "not within %(days)d days", days) % {
                "days": days
            }
        is_now = crossing.over_at <= at
        if crossing.falls_at is None:
            return gettext("now, and stays") if is_now else self.day(crossing.over_at)
        words = {
            "over": self.day(crossing.over_at),
            "falls": self.day(crossing.falls_at),
            "again": self.day(crossing.holds_from),
        }
        if crossing.holds_from is None:
            form = gettext("until %(falls)s") if is_now else gettext("%(over)s to %(falls)s")
        elif is_now:
            form = gettext("until %(falls)s, again from %(again)s")
        else:
            form = gettext("%(over)s to %(falls)s, again from %(again)s")
        return form % words

    # The two courses of a what-if

    def compared(self, scenario: Scenario) -> list[Compared]:
        base, changed = scenario.as_it_stands, scenario.changed
        at = self.foreseen.at
        last_day = self.foreseen.futures.until - MOMENT
        rows = [
            Compared(
                label=gettext("On %(day)s") % {"day": self.day(last_day)},
                base=ui.number(base.last.value),
                changed=ui.number(changed.last.value),
                is_better=_better(base.last, changed.last),
                base_band=base.last.band.value,
                base_word=self._band_word(base.last),
                changed_band=changed.last.band.value,
                changed_word=self._band_word(changed.last),
            )
        ]
        if self.line is not None:
            rows.append(
                Compared(
                    over_words(self.line),
                    self.crossing_words(base.crossing, at),
                    self.crossing_words(changed.crossing, at),
                    is_better=_sooner(base.crossing, changed.crossing),
                )
            )
        rows.append(
            Compared(
                gettext("Lowest") if base.worst.rating is not None else gettext("Most points"),
                self._worst(base),
                self._worst(changed),
                is_better=_better(base.worst, changed.worst),
            )
        )
        rows.append(
            Compared(gettext("Nearest milestone"), self._nearest(base), self._nearest(changed))
        )
        rows.append(
            Compared(gettext("Restricted"), self._restricted(base), self._restricted(changed))
        )
        rows.append(
            Compared(
                gettext("Milestones reached"),
                self._fired(scenario.result.base),
                self._fired(scenario.result.changed),
            )
        )
        return rows

    def _band_word(self, moment: Moment) -> str:
        band = self.foreseen.book.band(moment.band) if self.foreseen.book else None
        if band is None:
            return ""
        return band.label_zh if is_chinese() else band.label

    def _worst(self, told: Summary) -> str:
        value = ui.number(told.worst.value)
        if told.worst.instant <= self.foreseen.at:
            return gettext("%(value)s, now") % {"value": value}
        day = self.day(told.worst.instant)
        return gettext("%(value)s, %(day)s") % {"value": value, "day": day}

    def _nearest(self, told: Summary) -> str:
        if told.nearest is None or told.distance is None:
            return gettext("none left")
        words = {"points": told.distance, "at": told.nearest.at}
        if told.nearest.measure is Measure.RATING:
            return gettext("%(points)d above %(at)d") % words
        return gettext("%(points)d short of %(at)d deducted") % words

    def _restricted(self, told: Summary) -> str:
        if not told.is_restricted:
            return gettext("no")
        if told.restricted_until is None:
            return gettext("without a known end")
        return gettext("to %(day)s") % {"day": self.day(told.restricted_until)}

    def _fired(self, course: Course) -> str:
        if not course.fired:
            return gettext("none")
        return ", ".join(
            gettext("%(at)d on %(day)s") % {"at": event.at, "day": self.day(event.instant)}
            for event in course.fired
        )

    # Charts

    def chart(self, scenario: Scenario) -> Chart:
        """Return the chart of a what-if: the past month, the course as it stands and the other."""
        foreseen = self.foreseen
        futures = foreseen.futures
        steps = core.history(
            futures.ledger,
            foreseen.library,
            start=foreseen.at - PAST_DAYS * DAY,
            end=foreseen.at + MOMENT,
            known_at=foreseen.at,
            options=futures.options,
        )
        is_rating = futures.base.moments[0].rating is not None
        measure = Measure.RATING if is_rating else Measure.POINTS_DEDUCTED
        marks = [
            Mark("ours", gettext("Ours")),
            Mark("next", gettext("As it stands")),
            Mark("cone", gettext("Range of the forecast")),
        ]
        other: list[dict[str, Any]] = []
        if scenario.is_changed:
            marks.append(Mark("other", gettext("What if")))
            other = _series(scenario.result.changed)
        lines = [each for each in foreseen.lines if each.line.kind == "milestone"]
        return Chart(
            kind="history",
            data={
                "now": foreseen.at.isoformat(),
                "zone": self.zone,
                "series": [
                    {
                        "at": step.instant.isoformat(),
                        "rating": step.points_deducted if step.rating is None else step.rating,
                        "band": step.band.value,
                    }
                    for step in steps
                ],
                "platform": [],
                "forecast": foreseen.series(),
                "other": other,
                "bands": bands_of(foreseen.book),
                "milestones": [
                    {"at": each.line.at, "label": each.label}
                    for each in lines
                    if each.line.measure is measure
                ],
                "events": [],
                "labels": {
                    "rating": gettext("Ours"),
                    "platform": gettext("The marketplace shows"),
                    "forecast": gettext("As it stands"),
                    "between": gettext("between"),
                    "other": gettext("What if"),
                    "now": gettext("Now"),
                },
            },
            table=self._table(scenario),
            legend=marks,
        )

    def _table(self, scenario: Scenario) -> Table:
        return Table(
            head=(
                Column(gettext("Day")),
                Column(gettext("As it stands"), is_number=True),
                Column(gettext("What if"), is_number=True),
            ),
            rows=[
                (
                    Cell(ui.day_in(instant, self.zone)),
                    Cell(ui.number(base.value), is_number=True),
                    Cell(ui.number(changed.value), is_number=True),
                )
                for instant, (base, changed) in together(
                    [scenario.result.base, scenario.result.changed]
                )
            ],
        )

    def summary(self, scenario: Scenario) -> str:
        """Say in a sentence what the chart of a what-if shows."""
        base, changed = scenario.as_it_stands, scenario.changed
        words = {
            "day": self.day(self.foreseen.futures.until - MOMENT),
            "base": ui.number(base.last.value),
            "changed": ui.number(changed.last.value),
        }
        if not scenario.is_changed:
            return gettext("%(base)s on %(day)s as it stands.") % words
        return gettext("%(changed)s on %(day)s, in place of %(base)s as it stands.") % words


def calendar_chart(days: Sequence[Day], *, at: datetime, days_ahead: int) -> Chart:
    """Return the chart of what returns and leaves, day by day."""
    return Chart(
        kind="roll_offs",
        data={
            "start": at.date().isoformat(),
            "days": [
                {
                    "on": day.on.isoformat(),
                    "returning": day.returning,
                    "leaving": day.leaving,
                    "stores": len({row.store.pk for row in day.rows}),
                }
                for day in days
            ],
            "span": days_ahead,
            "labels": {
                "returning": gettext("Points return"),
                "leaving": gettext("Points leave"),
                "stores": gettext("Stores"),
            },
        },
        table=Table(
            head=(
                Column(gettext("Day")),
                Column(gettext("Points return"), is_number=True),
                Column(gettext("Points leave"), is_number=True),
                Column(gettext("Stores"), is_number=True),
            ),
            rows=[
                (
                    Cell(ui.day_in(day.on)),
                    Cell(ui.signed(day.returning) if day.returning else "", is_number=True),
                    Cell(ui.signed(day.leaving) if day.leaving else "", is_number=True),
                    Cell(str(len({row.store.pk for row in day.rows})), is_number=True),
                )
                for day in days
            ],
        ),
        legend=(Mark("gain", gettext("Points return")), Mark("loss", gettext("Points leave"))),
    )


@dataclass(frozen=True, slots=True)
class Told:
    """When a store is back over a line: by waiting, and by acts, fewest first."""

    waiting: Waiting
    plans: tuple[PlanShown, ...]
    is_exact: bool


def target_words(line: Line) -> str:
    """Return the number to be back at: a band's edge itself, over a milestone's value."""
    if line.kind == "band" and line.measure is Measure.RATING:
        return str(line.at)
    if line.measure is Measure.RATING:
        return str(line.at + 1)
    return str(line.at - 1)


def over_words(line: Line) -> str:
    if line.measure is Measure.RATING and line.kind == "band":
        return gettext("%(at)d or more") % {"at": line.at}
    if line.measure is Measure.RATING:
        return gettext("Over %(at)d") % {"at": line.at}
    return gettext("Under %(at)d points deducted") % {"at": line.at}


def distance_words(line: LineAhead) -> str:
    """Say that a line's distance is the most there can be, by an estimate; "" where it is known."""
    if line.estimate is None:
        return ""
    words = {"low": ui.number(line.estimate[0]), "high": ui.number(line.estimate[1])}
    if line.line.measure is Measure.RATING:
        return gettext("at most: by estimate the rating is %(low)s to %(high)s") % words
    return gettext("at most: by estimate %(low)s to %(high)s are deducted") % words


def act_words(shown: ActShown) -> str:
    """Say what an act is: "Win V-2291", "Correct or appeal V-2300"."""
    words = {"what": shown.label}
    if shown.is_filed:
        return gettext("The appeal of %(what)s is granted") % words
    if shown.act.kind == "appeal":
        return gettext("Win the appeal of %(what)s") % words
    if shown.act.kind == "prevent":
        return gettext("Correct or appeal %(what)s") % words
    if shown.act.kind == "quiz":
        return gettext("Pass %(what)s") % words
    return shown.label


def tried(plan: PlanShown, zone: tzinfo) -> str:
    """Return the query of a what-if that plays a plan; "" where it only prevents losses."""
    texts = [
        f"{shown.event}@{shown.act.counts_at.astimezone(zone):%Y-%m-%d}"
        for shown in plan.acts
        if shown.event
    ]
    return query_of(texts)


def query_of(texts: Sequence[str]) -> str:
    """Return events as an address has them, still to be read by people."""
    return "&".join(f"if={quote(text, safe=':@~')}" for text in texts)


def _series(course: Course) -> list[dict[str, Any]]:
    moments = [*course.moments, course.last._replace(instant=course.until)]
    return [{"at": moment.instant.isoformat(), "rating": moment.value} for moment in moments]


def _better(base: Moment, changed: Moment) -> bool | None:
    if base.value is None or changed.value is None or base.value == changed.value:
        return None
    return (changed.value > base.value) is (changed.rating is not None)


def _sooner(base: Crossing | None, changed: Crossing | None) -> bool | None:
    before, after = (each.holds_from if each else None for each in (base, changed))
    if before == after:
        return None
    return after is not None and (before is None or after < before)
