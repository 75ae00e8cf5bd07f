"""What if: a stack of events on top of a store's ledger, beside the course without them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from scoring.core.foresight import (
    Course,
    Crossing,
    Futures,
    Line,
    Moment,
    crossing,
    lines_of,
)
from scoring.core.rulebook import Rulebook
from scoring.core.values import Completion, Entry, PointsRange

EventKind = Literal["deduction", "granted", "quiz", "orders", "enforced"]
EventFault = Literal["not_ahead", "too_far", "nothing_left", "no_bonus", "twice"]


class EventRefused(ValueError):
    """An event that cannot be: ``index`` is its place in the stack, ``fault`` says why."""

    def __init__(self, index: int, fault: EventFault) -> None:
        """Name the event and the fault."""
        super().__init__(f"Event {index}: {fault}.")
        self.index = index
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that may happen at ``at``, after now and before the course ends.

    ``points`` are >= 0: what a deduction or an enforced violation takes, what a quiz gives.
    ``estimate`` is the rulebook's range where nothing states the points; they are its middle then.
    ``count`` is of orders, ``entries`` the deductions that a granted appeal gives back, ``pending``
    the id of the violation that comes into force.
    """

    kind: EventKind
    at: datetime
    points: int = 0
    estimate: PointsRange | None = None
    count: int = 0
    entries: tuple[str, ...] = ()
    pending: str = ""


class Told(NamedTuple):
    """What one event moves by itself, in points of the sum, and when."""

    points: int
    at: datetime


@dataclass(frozen=True)
class WhatIf:
    """The course as it stands and the one with the events; ``told`` is in their order."""

    base: Course
    changed: Course
    told: tuple[Told, ...]


def what_if(futures: Futures, events: Sequence[Event]) -> WhatIf:
    """Return what the events change together.

    Raises:
        EventRefused: for the first event that cannot be.
    """
    stack = _Stack(futures)
    for index, event in enumerate(events):
        fault = stack.add(event)
        if fault is not None:
            raise EventRefused(index, fault)
    is_empty = not stack.entries and not stack.orders
    changed = futures.base if is_empty else futures.course(stack.entries, stack.orders)
    return WhatIf(futures.base, changed, tuple(stack.told))


class _Stack:
    """Turns events into hypothetical rows, one after the other."""

    def __init__(self, futures: Futures) -> None:
        self.futures = futures
        self.entries: list[Entry] = []
        self.orders: list[Completion] = []
        self.told: list[Told] = []
        self._taken: set[str] = set()  # entries given back and violations enforced
        self._in_week: dict[datetime, int] = {}  # orders, by the Monday that ends their week

    def add(self, event: Event) -> EventFault | None:
        """Add one event; return why it cannot be, None where it can."""
        if event.at <= self.futures.at:
            return "not_ahead"
        if event.at >= self.futures.until:
            return "too_far"
        if event.kind == "orders":
            return self._add_orders(event)
        name = f"if:{len(self.told)}"
        if event.kind == "granted":
            return self._add_granted(event, name)
        if event.kind == "enforced":
            if not self._is_first([event.pending]):
                return "twice"
            name = f"pending:{event.pending}"
        if event.kind == "quiz":
            entry = self.futures.bonus(name, event.points, event.at)
        else:
            entry = self.futures.deduction(name, -event.points, event.at, event.estimate)
        self._keep([entry], event.at)
        return None

    def _add_granted(self, event: Event, name: str) -> EventFault | None:
        reversals = self.futures.given_back(name, event.entries, event.at)
        if not reversals:
            return "nothing_left"
        if not self._is_first(event.entries):
            return "twice"
        self._keep(reversals, event.at)
        return None

    def _add_orders(self, event: Event) -> EventFault | None:
        counted = self.futures.bonus_for_orders(event.at)
        if counted is None:
            return "no_bonus"
        bonus, at = counted
        if bonus.mode == "rolling_count":
            self.orders.extend(self.futures.completed(event.count, at))
            self.told.append(Told(bonus.points_for(event.count), at))
            return None
        # What is stacked in one week is counted together, as the marketplace does.
        before = self._in_week.get(at, 0)
        self._in_week[at] = before + event.count
        points = bonus.points_for(before + event.count) - bonus.points_for(before)
        self._keep([self.futures.bonus(f"if:{len(self.told)}", points, at)], at)
        return None

    def _is_first(self, names: Sequence[str]) -> bool:
        """Tell whether none of ``names`` was taken by an earlier event; take them."""
        is_first = self._taken.isdisjoint(names)
        self._taken.update(names)
        return is_first

    def _keep(self, entries: Sequence[Entry], at: datetime) -> None:
        self.entries.extend(entries)
        self.told.append(Told(sum(entry.points for entry in entries), at))


# --- the two courses held against each other ----------------------------------------------------


class Summary(NamedTuple):
    """What matters of one course; ``crossing`` is of the line that the question is about."""

    last: Moment
    worst: Moment
    crossing: Crossing | None
    nearest: Line | None  # the nearest milestone that it never reaches
    distance: int | None  # points left to that at worst
    restricted_until: datetime | None
    is_restricted: bool  # with no end known where ``restricted_until`` is None


def summary(course: Course, book: Rulebook | None, line: Line | None) -> Summary:
    """Return what is told of a course; ``book`` is the one whose milestones count."""
    milestones = [each for each in (lines_of(book) if book else ()) if each.kind == "milestone"]
    ahead = min(
        (each for each in _closest(milestones, course) if each[0] > 0),
        key=lambda each: each[0],
        default=None,
    )
    ends = [period.ends_at for period in course.periods]
    return Summary(
        last=course.last,
        worst=course.worst,
        crossing=crossing(line, course) if line else None,
        nearest=ahead[1] if ahead else None,
        distance=ahead[0] if ahead else None,
        restricted_until=None if None in ends else max((e for e in ends if e), default=None),
        is_restricted=bool(ends),
    )


def _closest(lines: Iterable[Line], course: Course) -> Iterable[tuple[int, Line]]:
    """Yield the points that are left to each line where the course comes closest to it."""
    for line in lines:
        distances = [line.distance(moment) for moment in course.moments]
        known = [distance for distance in distances if distance is not None]
        if known:
            yield min(known), line
