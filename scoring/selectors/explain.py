"""Explains a rating: the equation, each change with its rule and source, what comes next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from django.utils.translation import gettext

from scoring.charts import Chart
from scoring.core import rating as core
from scoring.core.foresight import is_closed_for_good
from scoring.core.rulebook import Rulebook
from scoring.core.values import Answer, Standing, Step
from scoring.selectors.breakdown import (
    Item,
    Term,
    counted,
    equation,
    items_of,
    range_words,
    terms_of,
)
from scoring.selectors.drawing import ahead_of, history_chart, value_of
from scoring.selectors.falls import Fall, fall_of
from scoring.selectors.foresee import Foreseen
from scoring.selectors.lines import Line, lines_of
from scoring.selectors.rows import MOMENT, Rows, action_words, rows_of
from stores.models import Store
from tenants.templatetags import ui

LEAST_DAYS: Final = 30  # of history, also where the store is younger
FORECAST_DAYS: Final = 60
MOST_DAYS: Final = 1000  # how far ahead a return to the start is looked for
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RollOff:
    """Points that leave by time alone, and the rating that is left then."""

    at: datetime
    label: str
    points: int
    rating: int | None


@dataclass(frozen=True, slots=True)
class Expected:
    """An enforcement that a milestone lets us expect at the moment spoken of."""

    label: str
    since: datetime
    until: datetime | None
    is_for_good: bool
    milestone: int | None


@dataclass(frozen=True)
class Explained:
    store: Store
    answer: Answer
    book: Rulebook | None
    terms: tuple[Term, ...]
    clamped: int  # what the scale's end cut off
    items: tuple[Item, ...]
    lines: tuple[Line, ...]
    roll_offs: tuple[RollOff, ...]
    expected: tuple[Expected, ...]
    day: Fall  # what happened since yesterday
    week: Fall
    rows: Rows = field(repr=False)
    steps: Sequence[Step] = field(repr=False)
    forecast: Sequence[core.ForecastPoint] = field(repr=False)
    back_at: datetime | None = None  # when time alone brings the start value back
    heard_at: datetime | None = None  # of a stale one: when a channel was last alive

    @cached_property
    def foreseen(self) -> Foreseen | None:
        """Return the weeks to come, read when they are asked for; None at a past moment."""
        rows = self.rows
        if not rows.is_now:
            return None
        return Foreseen(self.store, at=self.answer.at, ledger=rows.ledger, options=rows.options)

    @property
    def is_closed_for_good(self) -> bool:
        """Tell whether no waiting brings the store back, but an appeal alone."""
        answer, told = self.answer, self.rows.ledger.enforcements
        periods = answer.running_periods
        return is_closed_for_good(periods, told, answer.at, known_at=answer.known_at)

    @property
    def chart(self) -> Chart:
        """Return the history with the weeks to come: their range, of a past moment what is sure."""
        ahead = self.foreseen.series() if self.foreseen else ahead_of(self.forecast)
        return history_chart(self.rows, self.answer, self.steps, ahead, self.lines)

    @property
    def start_value(self) -> int | None:
        """Return what a store without any entry has."""
        if self.answer.rating is None:
            return None if self.answer.points_deducted is None else 0
        return self.book.start.value if self.book and self.book.start else None

    @property
    def is_below_start(self) -> bool:
        start, value = self.start_value, self.value
        if start is None or value is None:
            return False
        return value < start if self.answer.rating is not None else value > start

    @property
    def back(self) -> str:
        """Say when the start value comes back by time alone; "" where nothing is missing."""
        if not self.is_below_start:
            return ""
        if self.is_closed_for_good:
            return gettext("Only an appeal brings the account back.")
        start = ui.number(self.start_value)
        if self.back_at is None:
            return gettext("Time alone does not bring %(start)s back.") % {"start": start}
        day = ui.day_in(self.back_at, self.store.time_zone)
        return gettext("%(start)s again on %(day)s, if nothing new happens.") % {
            "start": start,
            "day": day,
        }

    @property
    def equation(self) -> str:
        return equation(self.terms, self.clamped)

    @property
    def range_words(self) -> str:
        return range_words(self.answer)

    @property
    def shown_terms(self) -> list[dict[str, Any]]:
        """Return the equation's terms as shown, what the scale's end cuts off among them."""
        terms = [
            {"value": term.points, "label": counted(term), "signed": place > 0}
            for place, term in enumerate(self.terms)
        ]
        if self.clamped:
            cut = {"value": self.clamped, "label": gettext("the scale ends"), "signed": True}
            terms.append(cut)
        return terms

    @property
    def value(self) -> int | None:
        rating = self.answer.rating
        return self.answer.points_deducted if rating is None else rating

    @property
    def cause(self) -> str:
        """Say why it changed: since yesterday, or in the last week where that was quiet."""
        if self.day.fall.change or self.day.fall.bars:
            return self.day.why
        return self.week.why

    @property
    def summary(self) -> str:
        """Say in words what the chart shows."""
        value = self.value
        if value is None:
            return self.cause
        if not self.rows.is_now:
            day = ui.moment_in(self.answer.at, self.store.time_zone)
            now = gettext("%(value)d on %(day)s.") % {"value": value, "day": day}
            return f"{now} {self.cause}"
        now = gettext("%(value)d now.") % {"value": value}
        if self.is_blind and self.heard_at is not None:
            day = ui.short_day_in(self.heard_at, self.store.time_zone)
            now = gettext("Unknown now, last known %(value)d on %(day)s.")
            now %= {"value": value, "day": day}
        elif self.is_blind:
            now = gettext("Unknown; %(value)d by our ledger alone.") % {"value": value}
        return f"{now} {self.cause}"

    @property
    def is_blind(self) -> bool:
        """Tell whether the figure is none to rely on: never confirmed, or too long ago."""
        is_open = self.answer.closed_since is None
        return is_open and self.answer.standing in {Standing.UNKNOWN, Standing.STALE}

    @property
    def total_label(self) -> str:
        """Return what the equation's sum is; "" where it is the rating now."""
        if not self.rows.is_now:
            return gettext("rating then")
        if not self.is_blind:
            return ""
        if self.heard_at is None:
            return gettext("by our ledger alone")
        day = ui.short_day_in(self.heard_at, self.store.time_zone)
        return gettext("last known on %(day)s") % {"day": day}


def explain(
    store: Store, *, at: datetime, known_at: datetime | None = None, is_now: bool = True
) -> Explained:
    """Return all that the store's page says about its rating at ``at``, as known at ``known_at``.

    ``known_at`` defaults to ``at``. A fixed number of queries, and of sweeps.
    """
    rows = rows_of(store, at=at, known_at=known_at, is_now=is_now)
    known: dict[str, Any] = {"known_at": rows.known_at, "options": rows.options}
    answer = core.evaluate(rows.ledger, rows.library, at=at, **known)
    start = min(rows.first_at - _DAY, at - LEAST_DAYS * _DAY)
    steps = core.history(rows.ledger, rows.library, start=start, end=at + MOMENT, **known)
    whole = core.forecast(rows.ledger, rows.library, at=at, days=MOST_DAYS, **known)
    forecast = [point for point in whole if point.instant < at + FORECAST_DAYS * _DAY]
    lines = tuple(lines_of(rows, answer, steps))
    terms = terms_of(rows, answer)
    total = sum(term.points for term in terms)
    return Explained(
        store=store,
        answer=answer,
        book=rows.book,
        terms=terms,
        clamped=(answer.rating or 0) - total if answer.rating is not None else 0,
        items=items_of(rows, answer),
        lines=lines,
        roll_offs=tuple(_roll_offs(rows, answer, whole)),
        expected=tuple(_expected(rows, answer)),
        day=fall_of(rows, start=at - _DAY, end=at),
        week=fall_of(rows, start=at - 7 * _DAY, end=at),
        rows=rows,
        steps=steps,
        forecast=forecast,
        back_at=_back_at(rows, whole),
        heard_at=rows.options.channels_alive_at if answer.standing is Standing.STALE else None,
    )


def _roll_offs(
    rows: Rows, answer: Answer, forecast: Sequence[core.ForecastPoint]
) -> Iterable[RollOff]:
    for expiry in answer.next_expiries:
        names = [
            rows.label(rows.entries[each])
            if each in rows.entries
            else gettext("Before we knew the store")
            for each in expiry.entries
        ]
        after = [point for point in forecast if point.instant <= expiry.instant]
        is_seen = expiry.instant < answer.at + MOST_DAYS * _DAY
        yield RollOff(
            at=expiry.instant,
            label=", ".join(names),
            points=expiry.points,
            rating=value_of(after[-1]) if after and is_seen else None,
        )


def _back_at(rows: Rows, forecast: Sequence[core.ForecastPoint]) -> datetime | None:
    """Return when a value no worse than the start is reached; None: not within sight."""
    for point in forecast:
        book = rows.library.in_force(point.instant, rows.known_at)
        start = book.start.value if book and book.start else None
        if point.rating is not None and start is not None:
            is_back = point.rating >= start
        else:
            is_back = point.points_deducted == 0
        if is_back:
            return point.instant
    return None


def _expected(rows: Rows, answer: Answer) -> Iterable[Expected]:
    for period in answer.running_periods:
        milestone = rows.book.milestone(period.milestone) if rows.book else None
        yield Expected(
            label=action_words(milestone, period.action) if milestone else period.action,
            since=period.starts_at,
            until=period.ends_at,
            is_for_good=period.permanent,
            milestone=milestone.at.value if milestone else None,
        )
