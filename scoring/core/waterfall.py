"""What moved a rating from one moment to another, cause by cause; the bars sum exactly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scoring.core.rulebook import Library
from scoring.core.sweep import OPENING, State, Sweep, start_of
from scoring.core.values import (
    BandCode,
    Cause,
    CauseKind,
    CountsAs,
    Enforced,
    Ledger,
    Measure,
    MilestoneEvent,
    Observation,
    Options,
    is_known,
)

BarKind = CauseKind | Literal["learnt", "clamp", "others"]


@dataclass(frozen=True, slots=True)
class Bar:
    """One cause: at ``instant`` it moved the value by so many ``points``, before the scale cuts.

    ``learnt`` is what was recorded later about the time before the first moment, ``clamp`` what
    the ends of the scale cut off or gave back, ``others`` several that are too small to name;
    these have no instant.
    """

    kind: BarKind
    points: int
    subject: str = ""
    instant: datetime | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Side:
    """The state at one end."""

    at: datetime
    rulebook: str | None
    rating: int | None
    points_deducted: int | None
    band: BandCode

    def value(self, measure: Measure) -> int | None:
        return self.rating if measure is Measure.RATING else self.points_deducted


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From ``before`` to ``after``: ``before + sum of bars == after``, in units of ``measure``.

    ``measure`` is the rating, or the points deducted where the later book has no rating. It and
    the bars are missing where one end has no such value: before the first book, or where one book
    has a rating and the other has not. ``events`` are what milestones did in between.
    """

    before: Side
    after: Side
    measure: Measure | None
    bars: tuple[Bar, ...]
    events: tuple[MilestoneEvent, ...]

    @property
    def start(self) -> int | None:
        return self.before.value(self.measure) if self.measure else None

    @property
    def end(self) -> int | None:
        return self.after.value(self.measure) if self.measure else None

    @property
    def change(self) -> int | None:
        if self.start is None or self.end is None:
            return None
        return self.end - self.start


def waterfall(
    ledger: Ledger,
    library: Library,
    start: datetime,
    end: datetime,
    known_at: datetime,
    *,
    known_before: datetime | None = None,
    options: Options = Options(),  # noqa: B008 - frozen
    options_before: Options | None = None,
) -> Waterfall:
    """Return what happened in ``(start, end]``, by what was known at ``known_at``.

    With ``known_before`` the value at ``start`` is the one known then, with the figures that were
    switched on in ``options_before``; what was learnt of earlier days since is a bar of its own.
    One sweep, and a second where they could differ.
    """
    sweep = Sweep(ledger, library, known_at, options)
    sweep.run(end)
    before, after = _side(sweep, start), _side(sweep, end)
    then = before
    if known_before is not None and (
        (options_before or options).switched_on != options.switched_on
        or _learnt(ledger, library, start, known_before, known_at)
    ):
        earlier = Sweep(ledger, library, known_before, options_before or options)
        earlier.run(start)
        then = _side(earlier, start)
    passed = [state for state in sweep.states if start < state.instant <= end]
    measure = _measure(then, before, after)
    bars: list[Bar] = []
    if measure is not None:
        bars = _bars(sweep, measure, sweep.state_at(start), passed, ledger)
        bars = _with_rest(bars, measure, then, before, after)
    events = tuple(event for state in passed for event in state.events)
    return Waterfall(then, after, measure, tuple(bars), events)


def grouped(bars: Sequence[Bar], most: int) -> tuple[Bar, ...]:
    """Return at most ``most`` bars: the largest as they are, in order, the rest as one."""
    if len(bars) <= most:
        return tuple(bars)
    by_size = sorted(range(len(bars)), key=lambda index: (-abs(bars[index].points), index))
    kept = set(by_size[: most - 1])
    rest = [bars[index] for index in by_size[most - 1 :]]
    others = Bar("others", sum(bar.points for bar in rest), count=len(rest))
    return (*(bar for index, bar in enumerate(bars) if index in kept), others)


def _learnt(
    ledger: Ledger, library: Library, start: datetime, known_before: datetime, known_at: datetime
) -> bool:
    """Tell whether anything that bears on the time until ``start`` was known at one moment only."""

    def differs(row: Observation | Enforced) -> bool:
        return is_known(row, known_before) != is_known(row, known_at)

    def between(moment: datetime) -> bool:
        return (moment <= known_before) != (moment <= known_at)

    return (
        any(between(each.recorded_at) and each.occurred_at <= start for each in ledger.entries)
        or any(differs(each) and each.observed_at <= start for each in ledger.observations)
        or any(differs(each) and each.starts_at <= start for each in ledger.enforcements)
        or any(between(each.seen_at) and each.completed_at <= start for each in ledger.completions)
        or any(between(book.known_from) for book in library.books)
    )


def _side(sweep: Sweep, at: datetime) -> Side:
    state = sweep.state_at(at)
    if state is None:
        return Side(at, None, None, None, BandCode.UNKNOWN)
    name = state.book.name if state.book else None
    return Side(at, name, state.rating, state.points_deducted, state.band)


def _measure(*sides: Side) -> Measure | None:
    """Return what all sides have a value of, as the last one is read."""
    measure = Measure.POINTS_DEDUCTED if sides[-1].rating is None else Measure.RATING
    return measure if all(side.value(measure) is not None for side in sides) else None


def _bars(
    sweep: Sweep,
    measure: Measure,
    before: State | None,
    passed: Iterable[State],
    ledger: Ledger,
) -> list[Bar]:
    """Return a bar for each cause that moved the sum behind ``measure``, in order."""
    targets = {entry.id: str(entry.reverses) for entry in ledger.entries if entry.reverses}
    book = before.book if before else None
    bars = []
    for state in passed:
        for cause in state.causes:
            points = _moved(sweep, cause, targets)
            if measure is Measure.RATING:
                points = cause.points
                if cause.kind == "book":
                    points, book = start_of(state.book) - start_of(book), state.book
            if points:
                bars.append(Bar(cause.kind, points, cause.subject, state.instant))
    return bars


def _moved(sweep: Sweep, cause: Cause, targets: Mapping[str, str]) -> int:
    """Return by how much ``cause`` moved the points deducted."""
    if cause.kind == "opening" or cause.subject == OPENING:
        live = sweep.opening
    else:
        live = sweep.lives.get(targets.get(cause.subject, cause.subject))
    return -cause.points if live is not None and live.counts_as is CountsAs.DEDUCTION else 0


def _with_rest(
    bars: Sequence[Bar], measure: Measure, then: Side, before: Side, after: Side
) -> list[Bar]:
    """Return the bars with what was learnt first, and last what the scale cut off."""
    values = [side.value(measure) for side in (then, before, after)]
    known, first, last = (value for value in values if value is not None)
    learnt = first - known
    cut = last - first - sum(bar.points for bar in bars)
    whole = [Bar("learnt", learnt), *bars, Bar("clamp", cut)]
    return [bar for bar in whole if bar.points or bar.kind not in {"learnt", "clamp"}]
