"""Explains a rating: the equation, each change with its rule and source, what comes next."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import get_language, gettext

from scoring import books
from scoring.core import rating as core
from scoring.core.rulebook import Rulebook
from scoring.core.values import (
    Answer,
    BandCode,
    Cause,
    CountsAs,
    Ledger,
    Options,
    Standing,
    Step,
)
from scoring.models import LedgerEntry, PlatformRating
from scoring.selectors.ledgers import entries_of, ledger_of, options_of
from stores.models import Store, Violation
from tenants.templatetags import ui

HISTORY_DAYS: Final = 180
FORECAST_DAYS: Final = 60


@dataclass(frozen=True, slots=True)
class Term:
    """One addend of the rating: what it is, its points, and how many entries make it up."""

    label: str
    points: int
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One change of the rating: when, why, how many points, and what stood after it."""

    at: datetime
    label: str
    note: str
    points: int
    rating: int | None
    leaves_at: datetime | None
    violation: Violation | None
    kind: str  # "started", "ceased", "reversed", …
    milestones: tuple[int, ...]
    is_taken_back: bool = False  # all of its points were given back since


@dataclass(frozen=True, slots=True)
class RollOff:
    """Points that leave by time alone, and the rating that is left then."""

    at: datetime
    label: str
    points: int
    rating: int | None


@dataclass(frozen=True)
class Explained:
    store: Store
    answer: Answer
    book: Rulebook | None
    terms: tuple[Term, ...]
    clamped: int  # what the scale's end cut off
    lines: tuple[Line, ...]
    roll_offs: tuple[RollOff, ...]
    since_yesterday: int | None
    since_week: int | None
    cause: str  # why it changed in the last seven days, in one sentence
    chart: Mapping[str, Any]
    heard_at: datetime | None = None  # of a stale one: when a channel was last alive

    @property
    def shown_terms(self) -> list[dict[str, Any]]:
        """Return the equation's terms as shown, what the scale's end cuts off among them."""
        terms = [
            {"value": term.points, "label": _counted(term), "signed": place > 0}
            for place, term in enumerate(self.terms)
        ]
        if self.clamped:
            cut = {"value": self.clamped, "label": gettext("the scale ends"), "signed": True}
            terms.append(cut)
        return terms

    @property
    def summary(self) -> str:
        """Say in words what the chart shows."""
        value = self.answer.rating
        if value is None:
            value = self.answer.points_deducted
        if value is None:
            return self.cause
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
        if not self.is_blind:
            return ""
        if self.heard_at is None:
            return gettext("by our ledger alone")
        day = ui.short_day_in(self.heard_at, self.store.time_zone)
        return gettext("last known on %(day)s") % {"day": day}


def _counted(term: Term) -> str:
    if term.count is None:
        return term.label
    return f"{term.label} · {term.count}"


class _Reader:
    """A store's rows, read once, by the ids that the core's answers name."""

    def __init__(self, store: Store, at: datetime) -> None:
        self.store = store
        self.at = at
        self.entries = {str(row.pk): row for row in entries_of(store)}
        self.taken_back = _taken_back(self.entries.values())
        self.ledger: Ledger = ledger_of(store)
        self.options: Options = options_of(store)
        self.library = books.library_for(store)
        self.book = self.library.in_force(at, at)

    def rule(self, code: str) -> str:
        """Return a rule's name in the reader's language, or the words we were given."""
        rule = self.book.violation(code) if self.book else None
        if rule is None:
            return code
        return rule.label_zh if (get_language() or "").startswith("zh") else rule.label

    def label(self, entry: LedgerEntry) -> str:
        if entry.kind == LedgerEntry.Kind.BONUS:
            return entry.note or gettext("Bonus")
        if entry.kind == LedgerEntry.Kind.ADJUSTMENT:
            return entry.note or gettext("Adjustment")
        return self.rule(entry.rule) if entry.rule else gettext("Deduction")


def _taken_back(entries: Collection[LedgerEntry]) -> frozenset[str]:
    """Return the ids of entries of which reversals leave nothing."""
    left: dict[UUID, int] = {}
    for entry in entries:
        pk = entry.reverses_id or entry.pk
        left[pk] = left.get(pk, 0) + entry.points
    reversed_ones = {entry.reverses_id for entry in entries}
    return frozenset(str(pk) for pk in reversed_ones if pk is not None and not left[pk])


def explain(store: Store, *, at: datetime) -> Explained:
    """Return all that the store's page says about its rating at ``at``.

    A fixed number of queries and three sweeps.
    """
    reader = _Reader(store, at)
    answer = core.evaluate(
        reader.ledger, reader.library, at=at, known_at=at, options=reader.options
    )
    start = at - timedelta(days=HISTORY_DAYS)
    steps = core.history(
        reader.ledger, reader.library, start=start, end=at, known_at=at, options=reader.options
    )
    forecast = core.forecast(
        reader.ledger, reader.library, at=at, days=FORECAST_DAYS, options=reader.options
    )
    lines = tuple(_lines(reader, answer, steps))
    terms = _terms(reader, answer)
    total = sum(term.points for term in terms)
    rating = answer.rating if answer.rating is not None else answer.points_deducted
    return Explained(
        store=store,
        answer=answer,
        book=reader.book,
        terms=terms,
        clamped=(rating or 0) - total if answer.rating is not None else 0,
        lines=lines,
        roll_offs=tuple(_roll_offs(reader, answer, forecast)),
        since_yesterday=_change(steps, at, timedelta(days=1)),
        since_week=_change(steps, at, timedelta(days=7)),
        cause=_cause(lines, at - timedelta(days=7)),
        chart=_chart(reader, answer, steps, forecast, lines),
        heard_at=reader.options.channels_alive_at if answer.standing is Standing.STALE else None,
    )


def _value(step: Step | core.ForecastPoint) -> int | None:
    return step.rating if step.rating is not None else step.points_deducted


def _change(steps: Sequence[Step], at: datetime, ago: timedelta) -> int | None:
    before = [step for step in steps if step.instant <= at - ago]
    now = _value(steps[-1])
    then = _value(before[-1]) if before else None
    return None if now is None or then is None else now - then


def _terms(reader: _Reader, answer: Answer) -> tuple[Term, ...]:
    """Return the addends of the sum: start, deductions, what was given back, bonuses."""
    if answer.raw is None or reader.book is None or reader.book.start is None:
        return ()
    deductions = [each for each in answer.active if each.counts_as is CountsAs.DEDUCTION]
    bonuses = [each for each in answer.active if each.counts_as is CountsAs.BONUS]
    others = [each for each in answer.active if each.counts_as is CountsAs.NONE]
    back = [each for each in deductions if each.net != each.points]
    terms = [Term(gettext("Start"), reader.book.start.value)]
    if answer.opening and answer.opening.active and answer.opening.points:
        terms.append(Term(gettext("Before we knew the store"), answer.opening.points))
    if deductions:
        points = sum(each.points for each in deductions)
        terms.append(Term(gettext("Deductions"), points, len(deductions)))
    if back:
        points = sum(each.net - each.points for each in back)
        terms.append(Term(gettext("Given back"), points, len(back)))
    gained = sum(each.net for each in bonuses) + answer.order_bonus
    if bonuses or answer.order_bonus:
        terms.append(Term(gettext("Bonuses"), gained, len(bonuses) or None))
    if others:
        terms.append(Term(gettext("Adjustments"), sum(each.net for each in others), len(others)))
    return tuple(terms)


def _lines(reader: _Reader, answer: Answer, steps: Sequence[Step]) -> list[Line]:
    """Return every change of the history, newest first."""
    leaves = {each.id: each.expires_at for each in answer.active}
    lines = []
    for step in steps:
        reached = tuple(event.at for event in step.events if event.kind == "fired")
        told = [cause for cause in step.causes if cause.kind not in {"observed", "book"}]
        for place, cause in enumerate(told):
            is_last = place == len(told) - 1
            lines.append(_line(reader, step, cause, leaves, reached if is_last else ()))
    return lines[::-1]


def _line(
    reader: _Reader,
    step: Step,
    cause: Cause,
    leaves: Mapping[str, datetime | None],
    milestones: tuple[int, ...],
) -> Line:
    entry = reader.entries.get(cause.subject)
    told = entry.reverses if entry is not None and entry.reverses is not None else entry
    is_start = cause.kind == "started"
    is_taken_back = is_start and cause.subject in reader.taken_back
    return Line(
        at=step.instant,
        label=_words(reader, cause, told),
        note=_note(cause, entry),
        points=cause.points,
        rating=cause.value,
        leaves_at=leaves.get(cause.subject) if is_start and not is_taken_back else None,
        violation=entry.violation if entry is not None else None,
        kind=cause.kind,
        milestones=milestones,
        is_taken_back=is_taken_back,
    )


def _words(reader: _Reader, cause: Cause, entry: LedgerEntry | None) -> str:
    if entry is not None:
        name = reader.label(entry)
        if cause.kind == "ceased":
            return gettext("%(what)s left the window") % {"what": name}
        if cause.kind == "reversed":
            return gettext("%(what)s given back") % {"what": name}
        return name
    return {
        "opening": gettext("Before we knew the store"),
        "order_bonus": gettext("Order bonus"),
        "closed": gettext("Store closed"),
        "reopened": gettext("Store open again"),
        "ceased": gettext("What stood before we knew the store left the window"),
    }.get(cause.kind, cause.kind)


def _note(cause: Cause, entry: LedgerEntry | None) -> str:
    """Return where an entry comes from, and whether its points are an estimate."""
    if entry is None:
        return ""
    if cause.kind == "reversed" or entry.kind == LedgerEntry.Kind.REVERSAL:
        return str(entry.get_reason_display())
    if entry.estimate_high is not None:
        return gettext(
            "Estimate: the notice states no points, the rulebook %(low)d to %(high)d"
        ) % {
            "low": entry.estimate_low,
            "high": entry.estimate_high,
        }
    if entry.violation is not None and entry.violation.subject:
        return entry.violation.subject
    return ""


def _roll_offs(
    reader: _Reader, answer: Answer, forecast: Sequence[core.ForecastPoint]
) -> list[RollOff]:
    roll_offs = []
    for expiry in answer.next_expiries:
        names = [
            reader.label(reader.entries[each])
            if each in reader.entries
            else gettext("Before we knew the store")
            for each in expiry.entries
        ]
        after = [point for point in forecast if point.instant <= expiry.instant]
        is_seen = expiry.instant <= answer.at + timedelta(days=FORECAST_DAYS)
        roll_offs.append(
            RollOff(
                at=expiry.instant,
                label=", ".join(names),
                points=expiry.points,
                rating=_value(after[-1]) if after and is_seen else None,
            )
        )
    return roll_offs


def _cause(lines: Sequence[Line], since: datetime) -> str:
    """Say in one sentence what moved the rating since then."""
    moved = [line for line in lines if line.at >= since and line.points]
    if not moved:
        return gettext("No change in the last 7 days.")
    worst = min(moved, key=lambda line: line.points)
    total = sum(line.points for line in moved)
    if len(moved) == 1:
        return gettext("In the last 7 days %(points)+d by one change: %(what)s.") % {
            "points": total,
            "what": worst.label,
        }
    return gettext(
        "In the last 7 days %(points)+d by %(count)d changes, the largest loss %(what)s."
    ) % {"points": total, "count": len(moved), "what": worst.label}


def _starts_there(book: Rulebook | None, code: str) -> str:
    """Return what begins at a milestone: the first of its actions, in the reader's language."""
    found = [each for each in (book.milestones if book else ()) if each.code == code]
    actions = found[0].actions if found else ()
    if not actions:
        return gettext("Milestone")
    is_zh = (get_language() or "").startswith("zh")
    return actions[0].label_zh if is_zh else actions[0].label


def _chart(
    reader: _Reader,
    answer: Answer,
    steps: Sequence[Step],
    forecast: Sequence[core.ForecastPoint],
    lines: Sequence[Line],
) -> dict[str, Any]:
    """Return the chart's data as JSON values; its shape is told at the top of ``chart.js``."""
    book = reader.book
    is_rating = answer.rating is not None
    measure = "rating" if is_rating else "points_deducted"
    ceiling = book.ceiling.value if book and book.ceiling else None
    edges = [band.at.value for band in book.bands] if book else []
    is_zh = (get_language() or "").startswith("zh")
    shown = PlatformRating.objects.filter(
        store=reader.store, withdrawn_at=None, measure=measure
    ).order_by("observed_at")
    return {
        "now": answer.at.isoformat(),
        "zone": reader.store.time_zone,
        "series": [
            {"at": step.instant.isoformat(), "rating": _value(step), "band": step.band.value}
            for step in steps
        ],
        "platform": [{"at": row.observed_at.isoformat(), "value": row.value} for row in shown],
        "forecast": [
            {"at": point.instant.isoformat(), "rating": _value(point)} for point in forecast
        ],
        "bands": [
            {
                "code": band.code.value,
                "label": band.label_zh if is_zh else band.label,
                "low": band.at.value,
                "high": edge,
            }
            for band, edge in zip(book.bands if book else (), [*edges[1:], ceiling], strict=False)
            if band.code is not BandCode.CLOSED
        ],
        "milestones": [
            {"at": milestone.at, "label": _starts_there(book, milestone.code)}
            for milestone in answer.milestones
            if milestone.measure.value == measure
        ],
        "events": [
            {
                "at": line.at.isoformat(),
                "rating": line.rating,
                "label": line.label,
                "points": line.points,
                "kind": "milestone" if line.milestones else line.kind,
            }
            for line in lines
            if line.points or line.milestones
        ],
        "labels": {
            "rating": gettext("Ours"),
            "platform": gettext("The marketplace shows"),
            "forecast": gettext("Forecast"),
            "now": gettext("Now"),
            "day": gettext("Day"),
            "event": gettext("Event"),
            "points": gettext("Points"),
        },
    }
