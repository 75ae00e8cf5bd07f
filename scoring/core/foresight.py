"""Where a store's rating goes from now on: for sure, at worst, at best, and when it is back.

A *course* is one way in which the next weeks may go: the ledger with hypothetical rows, swept once.
The base course has none: only what is certain, as ``rating.forecast``. What else the range of a
forecast rests on, and no more:

- a **pending** violation comes into force at the nearest of its deadlines that is still ahead (one
  whose deadlines are over or unknown: a day from now), with the points that its notice states, else
  those that the rulebook gives: at worst their most, likely their middle, at best not at all. One
  of which nobody tells the points moves nothing; whoever shows the range is to say so.
- the **order bonus** goes on as in the store's own recent weeks: at worst as in the weakest, likely
  as in the middle one, at best as in the strongest. Only where the book in force then has a bonus.
- nothing else: no new violation and no appeal granted. Those are for a what-if.

The range always holds the base course, because orders may stop and because a closing can turn more
points into an earlier return.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from statistics import median_low
from typing import Literal, NamedTuple

from scoring.core.branching import Trunk
from scoring.core.milestones import Levels
from scoring.core.rulebook import Library, OrderBonus, Rulebook, book_at
from scoring.core.sweep import CLOSED, State, Sweep
from scoring.core.values import (
    DAY,
    BandCode,
    Completion,
    Enforced,
    Entry,
    Kind,
    Ledger,
    Measure,
    MilestoneEvent,
    Options,
    Period,
    PointsRange,
    Reason,
    is_known,
)

SOON = DAY  # the earliest at which what is done or feared now can count
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Pending:
    """A violation not yet in force; ``points`` None: neither its notice nor the book tells any.

    ``due_at``: the nearest of its deadlines ahead, after which it comes into force; None: unknown.
    """

    id: str
    points: PointsRange | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pace:
    """Orders completed in each of a store's recent whole weeks: at least one week, in any order."""

    weeks: tuple[int, ...]

    @property
    def low(self) -> int:
        return min(self.weeks)

    @property
    def likely(self) -> int:
        return median_low(self.weeks)

    @property
    def high(self) -> int:
        return max(self.weeks)


class Moment(NamedTuple):
    """The sums from ``instant`` on, until the next moment.

    ``ends``: the mildest and the harshest levels, where points are estimated.
    """

    instant: datetime
    rating: int | None
    points_deducted: int | None
    raw: int | None  # unclamped
    band: BandCode
    ends: tuple[Levels, Levels] | None = None

    @property
    def value(self) -> int | None:
        """Return the rating; where the book has none, the points deducted."""
        return self.points_deducted if self.rating is None else self.rating


@dataclass(frozen=True)
class Course:
    """One way in which a store may go in ``[at, until)``; ``moments`` begins at ``at``.

    ``events`` are those after ``at``; ``periods`` the enforcements expected at ``at`` or later.
    """

    at: datetime
    until: datetime
    moments: tuple[Moment, ...]
    events: tuple[MilestoneEvent, ...]
    periods: tuple[Period, ...]

    @property
    def last(self) -> Moment:
        return self.moments[-1]

    @property
    def fired(self) -> tuple[MilestoneEvent, ...]:
        return tuple(event for event in self.events if event.kind == "fired")

    @property
    def worst(self) -> Moment:
        """Return the first moment at the worst value: lowest rating, or most points deducted."""

        def badness(moment: Moment) -> int:
            if moment.rating is not None:
                return -moment.rating
            return moment.points_deducted or 0

        return max(self.moments, key=badness)

    def is_ever_closed(self) -> bool:
        return any(moment.band is BandCode.CLOSED for moment in self.moments)


class Futures:
    """The courses that one store may take from ``at`` for ``days``, by what is known at ``at``."""

    def __init__(
        self,
        ledger: Ledger,
        library: Library,
        at: datetime,
        days: int,
        options: Options = Options(),  # noqa: B008 - frozen
    ) -> None:
        """Keep what all courses start from; nothing is swept yet."""
        self.ledger = ledger
        self.library = library
        self.at = at
        self.until = at + days * DAY
        self.options = options
        self.books = library.known(at, options.switched_on)

    @cached_property
    def _trunk(self) -> Trunk:
        """What has been, swept once for all courses."""
        trunk = Trunk(self.ledger, self.library, self.at, self.options)
        trunk.run(self.at)
        return trunk

    @cached_property
    def base(self) -> Course:
        """What is certain."""
        return self.course(())

    @property
    def book(self) -> Rulebook | None:
        """The book in force at ``at``, settled."""
        return book_at(self.books, self.at)

    def course(self, entries: Iterable[Entry], orders: Sequence[Completion] = ()) -> Course:
        """Return the course with hypothetical ``entries`` and completed ``orders``.

        Raises:
            LedgerError: if the entries contradict the ledger.
        """
        sweep = self._sweep(tuple(entries), orders)
        sweep.run(self.until)
        now, *ahead = sweep.changes(self.at, self.until)
        moments = [_moment(now)]
        for state in ahead:
            moment = _moment(state)
            if moment[1:] != moments[-1][1:]:
                moments.append(moment)
        said = (end for end in self.ledger.period_ends if end.recorded_at <= self.at)
        periods = sweep.tracker.periods(sweep.enforcements, said, self.until)
        return Course(
            at=self.at,
            until=self.until,
            moments=tuple(moments),
            events=tuple(event for state in ahead for event in state.events),
            periods=tuple(
                period
                for period in periods
                if period.starts_at < self.until
                and (period.ends_at is None or period.ends_at > self.at)
            ),
        )

    def _sweep(self, more: tuple[Entry, ...], orders: Sequence[Completion]) -> Sweep:
        """Return a sweep with more rows, begun anew only where they may bear on what has been."""
        if orders or any(entry.occurred_at <= self.at for entry in more):
            ledger = replace(
                self.ledger,
                entries=(*self.ledger.entries, *more),
                completions=(*self.ledger.completions, *orders),
            )
            return Sweep(ledger, self.library, self.at, self.options)
        self._refuse_contradictions(more)
        return self._trunk.branch(more, self.until)

    def _refuse_contradictions(self, more: tuple[Entry, ...]) -> None:
        """Let a ledger of ``more`` and of what it names check them: no other row can contradict."""
        named = {name for entry in more for name in (entry.id, entry.reverses) if name is not None}
        concerned = (
            entry for entry in self.ledger.entries if entry.id in named or entry.reverses in named
        )
        Ledger(entries=(*more, *concerned))

    # Hypothetical rows. All are known at ``at``, else the sweep would not see them.

    def deduction(
        self, name: str, points: int, at: datetime, estimate: PointsRange | None = None
    ) -> Entry:
        return Entry(name, Kind.DEDUCTION, points, at, self.at, estimate=estimate)

    def bonus(self, name: str, points: int, at: datetime) -> Entry:
        return Entry(name, Kind.BONUS, points, at, self.at)

    def given_back(self, name: str, ids: Iterable[str], at: datetime) -> list[Entry]:
        """Return the reversals that give back all that is left of the deductions ``ids``."""
        left = dict.fromkeys(ids, 0)
        for entry in self.ledger.entries:
            target = entry.reverses or entry.id
            if target in left:
                left[target] += entry.points
        return [
            Entry(
                f"{name}:{target}",
                Kind.REVERSAL,
                -points,
                at,
                self.at,
                None,
                reverses=target,
                reason=Reason.GRANTED,
            )
            for target, points in left.items()
            if points
        ]

    def enforced(self, pending: Pending, points: int) -> Entry:
        """Return the deduction of a pending violation that takes ``points`` (signed)."""
        soonest = self.at + SOON
        occurred_at = max(pending.due_at or soonest, soonest)
        return self.deduction(f"pending:{pending.id}", points, occurred_at)

    def bonus_for_orders(self, at: datetime) -> tuple[OrderBonus, datetime] | None:
        """Return the bonus that counts orders completed at ``at``, and from when on it does.

        A weekly award is dated the Monday that ends their week, and is of the book in force then;
        a rolling count sees them at once. None: no such book has a bonus.
        """
        book = book_at(self.books, at)
        if book is None:
            return None
        if book.order_bonus is not None and book.order_bonus.mode == "rolling_count":
            return book.order_bonus, at
        monday = monday_after(book, at)
        then = book_at(self.books, monday)
        weekly = then.order_bonus if then else None
        if weekly is None or weekly.mode != "weekly_award":
            return None
        return weekly, monday

    def completed(self, count: int, at: datetime) -> list[Completion]:
        return [Completion(at, self.at)] * count

    def at_pace(self, per_week: int) -> tuple[list[Entry], list[Completion]]:
        """Return what ``per_week`` orders in this week and each to come bring until the end.

        For a rolling count a week's orders come at its end, the first at that of the next whole
        week, because those of this week are in the ledger for the most part.
        """
        entries: list[Entry] = []
        orders: list[Completion] = []
        at = self.at
        while at < self.until and per_week:
            book = book_at(self.books, at)
            monday = monday_after(book, at) if book else at + DAY
            counted = self.bonus_for_orders(at)
            if counted is not None and counted[0].mode == "rolling_count":
                orders.extend(self.completed(per_week, monday) if at > self.at else [])
            elif counted is not None and counted[0].points_for(per_week):
                points = counted[0].points_for(per_week)
                entries.append(self.bonus(f"orders:{monday.isoformat()}", points, monday))
            at = monday
        return entries, orders


def monday_after(book: Rulebook, at: datetime) -> datetime:
    """Return the first Monday 00:00 of the market's zone after ``at``."""
    _, monday = book.week_ended_by(at)
    # Half a day more than a week, because a week is an hour longer or shorter where clocks change.
    return book.week_ended_by(monday + WEEK + DAY / 2)[1]


class ConePoint(NamedTuple):
    """The range from ``instant`` on: ``low <= base <= high`` and ``low <= likely <= high``.

    Ratings; points deducted where the book has no rating. None: no book tells any.
    """

    instant: datetime
    base: int | None
    low: int | None
    likely: int | None
    high: int | None
    band: BandCode  # of the base course


@dataclass(frozen=True)
class Cone:
    """A forecast with its range; ``worst`` and ``best`` are the courses at its ends."""

    points: tuple[ConePoint, ...]
    base: Course
    worst: Course
    likely: Course
    best: Course


def cone(futures: Futures, pendings: Iterable[Pending] = (), pace: Pace | None = None) -> Cone:
    """Return the forecast from now on with the range that the head of this module states."""
    told = [(each, each.points) for each in pendings if each.points is not None]
    harshest = [futures.enforced(each, -points.high) for each, points in told]
    middle = [futures.enforced(each, points.estimate) for each, points in told]
    low, usual, high = (pace.low, pace.likely, pace.high) if pace else (0, 0, 0)
    worst = _course(futures, harshest, low)
    likely = _course(futures, middle, usual)
    best = _course(futures, [], high)
    courses = (futures.base, worst, likely, best)
    points: list[ConePoint] = []
    for instant, moments in together(courses):
        values = [moment.value for moment in moments]
        known = [value for value in values if value is not None]
        point = ConePoint(
            instant,
            values[0],
            min(known, default=None),
            values[2],
            max(known, default=None),
            moments[0].band,
        )
        if not points or points[-1][1:] != point[1:]:
            points.append(point)
    return Cone(tuple(points), futures.base, worst, likely, best)


def _course(futures: Futures, entries: list[Entry], per_week: int) -> Course:
    """Return the course with ``entries`` and an order bonus; the base where that adds nothing."""
    awards, orders = futures.at_pace(per_week)
    more = [*entries, *awards]
    return futures.course(more, orders) if more or orders else futures.base


def together(courses: Sequence[Course]) -> Iterable[tuple[datetime, list[Moment]]]:
    """Go through every instant at which one of the courses moves, with the moment of each."""
    moved: dict[datetime, list[tuple[int, Moment]]] = {}
    for number, course in enumerate(courses):
        for moment in course.moments:
            moved.setdefault(moment.instant, []).append((number, moment))
    moments = [course.moments[0] for course in courses]
    for instant in sorted(moved):
        for number, moment in moved[instant]:
            moments[number] = moment
        yield instant, moments.copy()


def _moment(state: State) -> Moment:
    return Moment(
        state.instant,
        state.rating,
        state.points_deducted,
        state.raw,
        state.band,
        state.ends if state.book else None,
    )


# --- lines, and when they are crossed -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A value that parts good from bad: a milestone, or a band's lower edge.

    Where points are estimated a milestone is measured at their mildest, as it fires, a band at
    their middle. A store is *over* a milestone while it is not reached; over a band's edge while
    it stands in that band or a better one and is not closed.
    """

    kind: Literal["milestone", "band"]
    code: str
    measure: Measure
    at: int

    def distance(self, moment: Moment) -> int | None:
        """Return the points between the store and ``at``, < 0 beyond it; None without a value."""
        rating, deducted = moment.rating, moment.points_deducted
        if self.kind == "milestone" and moment.ends is not None:
            rating, deducted = moment.ends[0]
        if self.measure is Measure.RATING:
            return None if rating is None else rating - self.at
        return None if deducted is None else self.at - deducted

    def estimate(self, moment: Moment) -> tuple[int, int] | None:
        """Return the lowest and the highest value that estimated points allow; None without any."""
        if moment.ends is None or (self.measure is Measure.RATING and moment.rating is None):
            return None
        low, high = sorted(levels.of(self.measure) for levels in moment.ends)
        return (low, high) if low < high else None

    def room(self, moment: Moment) -> int | None:
        """Return the points that the store can lose and still be over, < 0: those it lacks."""
        distance = self.distance(moment)
        is_edge = self.kind == "band" and self.measure is Measure.RATING
        return distance if distance is None or is_edge else distance - 1

    def is_over(self, moment: Moment) -> bool:
        room = self.room(moment)
        is_open = self.kind == "milestone" or moment.band is not BandCode.CLOSED
        return room is not None and room >= 0 and is_open


class Crossing(NamedTuple):
    """When a course is over a line: first, when it falls under it again, and for good.

    ``over_at`` is the course's start where it is over already; ``holds_from`` the instant from
    which it stays over to the end. None: not within the course.
    """

    over_at: datetime | None
    falls_at: datetime | None
    holds_from: datetime | None


def lines_of(book: Rulebook) -> tuple[Line, ...]:
    """Return all lines of a book, best first; of one value a band's edge before a milestone."""
    measure = Measure.POINTS_DEDUCTED if book.start is None else Measure.RATING
    if book.start is not None:
        edges = [Line("band", band.code, measure, band.at.value) for band in book.bands[1:]]
    else:  # points rise: the better band ends where the next begins
        edges = [
            Line("band", better.code, measure, worse.at.value)
            for better, worse in zip(book.bands, book.bands[1:], strict=False)
        ]
    milestones = [
        Line("milestone", each.code, each.measure, each.at.value) for each in book.milestones
    ]
    return tuple(
        sorted(
            [*edges, *milestones],
            key=lambda line: (
                line.measure,
                line.at if line.measure is Measure.POINTS_DEDUCTED else -line.at,
                line.kind,
                line.code,
            ),
        )
    )


def is_closed_for_good(
    periods: Iterable[Period], told: Iterable[Enforced], at: datetime, known_at: datetime
) -> bool:
    """Tell whether a closing without an end runs at ``at``, expected or ``told``."""
    return any(
        period.action == CLOSED
        and period.permanent
        and period.starts_at <= at
        and period.ends_at is None
        for period in periods
    ) or any(
        each.kind == CLOSED
        and is_known(each, known_at)
        and each.starts_at <= at
        and each.ends_at is None
        for each in told
    )


def healthy_edge(book: Rulebook) -> Line | None:
    """Return the line that a store is to be brought back over; None where a book has no bands."""
    edges = (line for line in lines_of(book) if line.kind == "band")
    return next((line for line in edges if line.code == BandCode.HEALTHY), None)


def crossing(line: Line, course: Course) -> Crossing:
    """Return when ``course`` is over ``line``."""
    over_at = falls_at = holds_from = None
    for moment in course.moments:
        if line.is_over(moment):
            over_at = over_at or moment.instant
            holds_from = holds_from or moment.instant
        else:
            if over_at is not None:
                falls_at = falls_at or moment.instant
            holds_from = None
    return Crossing(over_at, falls_at, holds_from)
