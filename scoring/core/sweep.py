"""The one pass over a store's ledger: every instant at which something changes, in order.

At one instant: (1) what has expired ceases, but no deduction while the store is closed; (2) what
starts there starts; (3) the store closes or reopens; then the opening, which never closes a store;
(4) milestones. Points that nobody stated are counted at their middle in the rating, at their
mildest by milestones and closings, at their harshest in the range; the sums are kept at the middle,
and beside them how far the two ends are from there.

What is laid out stays as it is while it is swept, so that branches can share it.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from scoring.core.milestones import Levels, Tracker
from scoring.core.rulebook import (
    ExpiresAt,
    Library,
    OrderBonus,
    Rulebook,
    book_at,
    expiry_by_book,
    with_successors,
)
from scoring.core.values import (
    BY_BOOK,
    BandCode,
    Cause,
    CauseKind,
    CountsAs,
    Entry,
    Expires,
    Kind,
    Ledger,
    Measure,
    MilestoneEvent,
    Observation,
    Options,
    PointsRange,
    is_known,
)

MIDDLE, MILD, HARSH = range(3)
Net = tuple[int, int, int]
NOTHING: Net = (0, 0, 0)
# A cause as it is swept: kind, subject, points, and the two sums once it was weighed.
Note = tuple[CauseKind, str, int, int, int]
COUNTS_AS = {Kind.DEDUCTION: CountsAs.DEDUCTION, Kind.BONUS: CountsAs.BONUS}
CLOSED = "closed"  # the kind of enforcement that closes a store
OPENING = "opening"  # what causes call the entry that is no row


@dataclass(slots=True, eq=False)
class Live:
    """An entry (or the opening) as it was laid out; what it weighs, the sweep knows."""

    id: str
    kind: Kind
    counts_as: CountsAs
    points: int
    occurred_at: datetime
    expires: ExpiresAt
    estimate: PointsRange | None = None

    @property
    def is_deduction(self) -> bool:
        return self.counts_as is CountsAs.DEDUCTION

    def net(self, taken_back: int = 0) -> Net:
        """Return what is left after reversals: at the middle, the mildest, the harshest.

        A reversal takes from each end of a range what it takes from the middle, at most what is
        there; one that takes back the whole estimate takes back the whole range.
        """
        left = self.points + taken_back
        if self.estimate is None or left == 0:
            return (left, left, left)
        low, high = self.estimate
        return (left, min(0, taken_back - low), min(0, taken_back - high))


@dataclass(slots=True)
class _Instant:
    """What is dated at one instant."""

    ends: list[Live] = field(default_factory=list)
    starts: list[Live] = field(default_factory=list)
    reversals: list[Entry] = field(default_factory=list)
    own_closings: int = 0  # begun less ended
    book: Rulebook | None = None
    order_bonus: int | None = None
    observed: bool = False  # the store's first platform value
    opening: Observation | None = None

    def copy(self) -> "_Instant":
        """Return one that can be added to while this one stays."""
        return replace(self, ends=[*self.ends], starts=[*self.starts], reversals=[*self.reversals])


class State(NamedTuple):
    """The sums from ``instant`` on."""

    instant: datetime
    book: Rulebook | None
    raw: int | None
    rating: int | None
    points_deducted: int | None
    closed: bool
    seen: bool
    notes: Sequence[Note]
    events: Sequence[MilestoneEvent]
    ends: tuple[Levels, Levels] | None  # mildest and harshest, where points are estimated

    @property
    def band(self) -> BandCode:
        """Return the band's code; closed is known to be closed even where nothing was ever seen."""
        if self.closed:
            return BandCode.CLOSED
        if self.book is None or not self.seen:
            return BandCode.UNKNOWN
        band = self.book.band_of(self.rating, self.points_deducted or 0)
        return band.code if band else BandCode.UNKNOWN

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Return what moved here, in order; made when asked for, since most states never are."""
        return tuple(
            Cause(kind, subject, points, self._value(total, deducted))
            for kind, subject, points, total, deducted in self.notes
        )

    def _value(self, total: int, deducted: int) -> int | None:
        if self.book is None:
            return None
        levels = levels_of(self.book, total, deducted)
        return levels.points_deducted if levels.rating is None else levels.rating


def _before_all(instant: datetime) -> State:
    """Return the state of a store of which nothing is known yet."""
    return State(
        instant,
        book=None,
        raw=None,
        rating=None,
        points_deducted=None,
        closed=False,
        seen=False,
        notes=(),
        events=(),
        ends=None,
    )


def levels_of(book: Rulebook | None, total: int, deducted: int) -> Levels:
    """Return what ``book`` makes of the sums of all points and of the deductions, both signed."""
    return Levels(book.clamp(total) if book else None, -deducted if deducted < 0 else 0)


def start_of(book: Rulebook | None) -> int:
    """Return what the sum begins with; 0 where no book gives a start."""
    return book.start.value if book is not None and book.start is not None else 0


class Sweep:
    """One store's ledger, swept as far as ``run`` was asked to; its attributes are the state."""

    def __init__(
        self, ledger: Ledger, library: Library, known_at: datetime, options: Options
    ) -> None:
        """Lay out every instant that is known by ``known_at``."""
        self.known_at = known_at
        self.books = library.known(known_at, options.switched_on)
        self._wiped_at = [book.effective_from for book in self.books[1:] if not book.carries_over]
        self._agenda: dict[datetime, _Instant] = {}
        self.lives: dict[str, Live] = {}
        self._estimates = any(entry.estimate for entry in ledger.entries)
        self._lay_out_books(ledger)
        self._lay_out_entries(ledger.entries)
        self.observations = sorted(
            (each for each in ledger.observations if is_known(each, known_at)),
            key=lambda each: (each.observed_at, each.id),
        )
        self._lay_out_observations()
        self.enforcements = [each for each in ledger.enforcements if is_known(each, known_at)]
        for enforced in self.enforcements:
            if enforced.kind == CLOSED:
                self._lay_out_closing(enforced.starts_at, enforced.ends_at)
        self._instants = sorted(self._agenda)
        self._next = 0

        self.book: Rulebook | None = None
        self.order_bonus = 0
        self.opening: Live | None = None
        self.opening_from: Observation | None = None
        self.seen = False
        self.closed_since: datetime | None = None
        self.tracker = Tracker()
        self.states: list[State] = []
        self.nets: dict[Live, Net] = {}  # what weighs now, and how much of it is left
        self.reversals: dict[Live, tuple[Entry, ...]] = {}  # those that took something back
        self._total = 0  # start, nets and order bonus, at the middle
        self._deducted = 0  # the nets of deductions, at the middle
        self._apart = [0, 0, 0]  # how far each view's sums are from the middle
        self._notes: list[Note] = []  # what has moved at this instant
        self._held: list[Live] = []  # deductions past their expiry, while the store is closed
        self._own_closings = 0
        self._overruled: set[Measure] = set()  # conditions that held as the marketplace reopened
        # What would be missing, had this instant's reversals not come: entry and points.
        self._given_back: list[tuple[Live, int]] = []

    # Laying out

    def _at(self, instant: datetime) -> _Instant:
        due = self._agenda.get(instant)
        if due is None:
            due = self._agenda[instant] = _Instant()
        return due

    def _lay_out_books(self, ledger: Ledger) -> None:
        """Note where books take effect, and where the rolling bonus of each changes."""
        completed = sorted(
            each.completed_at for each in ledger.completions if each.seen_at <= self.known_at
        )
        for book, successor in with_successors(self.books):
            here = self._at(book.effective_from)
            here.book = book
            here.order_bonus = 0
            bonus = book.order_bonus
            if bonus is not None and bonus.mode == "rolling_count" and book.window is not None:
                until = successor.effective_from if successor else None
                changes = _rolling(bonus, completed, book.window, book.effective_from, until)
                for instant, points in changes:
                    self._at(instant).order_bonus = points

    def _lay_out_entries(self, entries: Iterable[Entry]) -> None:
        for entry in sorted(entries, key=lambda each: each.id):
            if entry.recorded_at > self.known_at:
                continue
            if entry.kind is Kind.REVERSAL:
                self._at(entry.occurred_at).reversals.append(entry)
                continue
            live = Live(
                entry.id,
                entry.kind,
                entry.counts_as or COUNTS_AS[entry.kind],
                entry.points,
                entry.occurred_at,
                self.expiry(entry.occurred_at, entry.expires_at),
                entry.estimate,
            )
            self.lives[live.id] = live
            self._at(live.occurred_at).starts.append(live)
            if live.expires.instant is not None:
                self._at(live.expires.instant).ends.append(live)

    def _lay_out_observations(self) -> None:
        """Note the first platform value, and the first one that makes an opening."""
        if self.observations:
            self._at(self.observations[0].observed_at).observed = True
        for each in self.observations:
            book = book_at(self.books, each.observed_at)
            if book is not None and (each.measure is not Measure.RATING or book.start is not None):
                self._at(each.observed_at).opening = each
                break

    def _lay_out_closing(self, starts_at: datetime, ends_at: datetime | None) -> None:
        if ends_at is None:
            self._at(starts_at).own_closings += 1
        elif starts_at < ends_at:
            self._at(starts_at).own_closings += 1
            self._at(ends_at).own_closings -= 1

    def expiry(self, occurred_at: datetime, stated: Expires) -> ExpiresAt:
        """Return when an entry expires: by its notice, by the books, or wiped by a new one."""
        if stated is BY_BOOK:
            expires = expiry_by_book(self.books, occurred_at)
        else:
            expires = ExpiresAt(stated, "never" if stated is None else "stated")
        index = bisect_right(self._wiped_at, occurred_at)
        if index < len(self._wiped_at):
            wiped_at = self._wiped_at[index]
            if expires.instant is None or wiped_at < expires.instant:
                return ExpiresAt(wiped_at, "book_change")
        return expires

    # What stands now

    @property
    def closed(self) -> bool:
        return self.closed_since is not None

    def raw(self) -> int | None:
        """Return the unclamped sum; None where no book gives a start."""
        if self.book is None or self.book.start is None:
            return None
        return self._total + self._apart[MIDDLE]

    def levels(self, view: int = MIDDLE) -> Levels:
        """Return rating and points deducted as the milestones see them."""
        return self._levels_less(view, 0, 0)

    def _levels_less(self, view: int, points: int, deducted: int) -> Levels:
        """Return the levels without ``points`` of the sum and ``deducted`` of the deductions."""
        apart = self._apart[view]
        return levels_of(self.book, self._total + apart - points, self._deducted + apart - deducted)

    def conditions(self, view: int = MILD, points: int = 0, deducted: int = 0) -> set[Measure]:
        """Return the closing conditions that hold, without the opening and without ``points``."""
        if self.book is None or not self.book.closing:
            return set()
        if self.opening is not None:
            net = self.nets.get(self.opening, NOTHING)[view]
            points += net
            deducted += net if self.opening.is_deduction else 0
        levels = self._levels_less(view, points, deducted)
        held: set[Measure] = set()
        for condition in self.book.closing:
            value = levels.of(condition.measure)
            falls = condition.measure is Measure.RATING
            at = condition.at.value
            if value <= at if falls else value >= at:
                held.add(condition.measure)
        return held

    def active(self) -> list[Live]:
        """Return the entries that weigh now, the opening not among them."""
        return [live for live in self.lives.values() if live in self.nets]

    def next_instant(self) -> datetime | None:
        """Return the first instant that has not been swept."""
        return self._instants[self._next] if self._next < len(self._instants) else None

    def state_at(self, instant: datetime) -> State | None:
        """Return the swept state in force at ``instant``; None before the first."""
        index = bisect_right(self.states, instant, key=lambda state: state.instant)
        return self.states[index - 1] if index else None

    def changes(self, start: datetime, end: datetime) -> Iterator[State]:
        """Yield the state at ``start``, then each in ``(start, end)`` at which something happened.

        The first tells of nothing that happened before ``start``.
        """
        index = bisect_right(self.states, start, key=lambda state: state.instant)
        if index == 0:
            yield _before_all(start)
        elif self.states[index - 1].instant == start:
            yield self.states[index - 1]
        else:
            yield self.states[index - 1]._replace(instant=start, notes=(), events=())
        for state in self.states[index:]:
            if state.instant < end and (state.notes or state.events):
                yield state

    # Going through

    def run(self, until: datetime) -> None:
        """Go through all instants up to and with ``until``."""
        instants = self._instants
        while self._next < len(instants) and (instant := instants[self._next]) <= until:
            self._next += 1
            self._step(instant, self._agenda[instant])

    def _step(self, instant: datetime, due: _Instant) -> None:
        self._notes = []
        if due.book is not None:
            self._total += start_of(due.book) - start_of(self.book)
            self.book = due.book
            self._note("book", due.book.name)
        self._end(due.ends)
        self._start(instant, due)
        self._close_or_reopen(instant, due)
        if due.observed:
            self.seen = True
            self._note("observed", self.observations[0].id)
        if due.opening is not None:
            self._open(due.opening)
        self._keep(instant, due)

    def _keep(self, instant: datetime, due: _Instant) -> None:
        """Keep the state that this instant leaves."""
        levels = levels_of(self.book, self._total, self._deducted)
        ends = (self.levels(MILD), self.levels(HARSH)) if self._estimates else None
        sure = ends[0] if ends else levels
        events: Sequence[MilestoneEvent] = ()
        if self.book is not None and self.tracker.is_moved(self.book, sure, levels):
            events = self._reach(instant, due, self.book, sure, levels)
        self.states.append(
            State(
                instant,
                self.book,
                None if levels.rating is None else self._total,
                levels.rating,
                None if self.book is None else levels.points_deducted,
                self.closed,
                self.seen,
                self._notes,
                events,
                ends,
            )
        )

    def _note(self, kind: CauseKind, subject: str, points: int = 0) -> None:
        """Note what has just been weighed."""
        self._notes.append((kind, subject, points, self._total, self._deducted))

    def _weigh(self, live: Live, net: Net) -> int:
        """Let ``live`` weigh ``net`` from now on; return what that moves in the rating's sum."""
        before = self.nets.get(live, NOTHING)
        self.nets[live] = net
        moved = net[MIDDLE] - before[MIDDLE]
        self._total += moved
        if live.is_deduction:
            self._deducted += moved
        if live.estimate is not None:  # of deductions alone
            for view in (MILD, HARSH):
                self._apart[view] += net[view] - before[view] - moved
        return moved

    def _cease(self, live: Live) -> None:
        moved = self._weigh(live, NOTHING)
        del self.nets[live]
        self._note("ceased", live.id, moved)

    def _end(self, ends: Iterable[Live]) -> None:
        for live in ends:
            if live not in self.nets:
                continue
            if self.closed and live.is_deduction:
                self._held.append(live)
            else:
                self._cease(live)

    def _start(self, instant: datetime, due: _Instant) -> None:
        for live in due.starts:
            if live.expires.instant is not None and live.expires.instant <= instant:
                # Its time was over before it began (a reinstated violation keeps the old expiry):
                # it weighs only as long as a closed store keeps what has expired.
                if not (self.closed and live.is_deduction):
                    continue
                self._held.append(live)
            self._note("started", live.id, self._weigh(live, live.net()))
        self._given_back = []
        for reversal in due.reversals:
            target = self.lives.get(str(reversal.reverses))
            if target is not None and target in self.nets:
                self._take_back(target, reversal)
        if due.order_bonus is not None and due.order_bonus != self.order_bonus:
            moved = due.order_bonus - self.order_bonus
            self.order_bonus = due.order_bonus
            self._total += moved
            self._note("order_bonus", "", moved)

    def _take_back(self, target: Live, reversal: Entry) -> None:
        mild = self.nets[target][MILD]
        reversals = (*self.reversals.get(target, ()), reversal)
        self.reversals[target] = reversals
        net = target.net(sum(each.points for each in reversals))
        self._note("reversed", reversal.id, self._weigh(target, net))
        if target.occurred_at < reversal.occurred_at:  # else nothing was ever there to give back
            self._given_back.append((target, net[MILD] - mild))

    def _close_or_reopen(self, instant: datetime, due: _Instant) -> None:
        had_own = self._own_closings > 0
        self._own_closings += due.own_closings
        if self._own_closings > 0:
            if not self.closed:
                self._close(instant, "marketplace")
        elif had_own:
            self._reopen("marketplace")
            self._overruled = self.conditions()
        else:
            holding = self.conditions()
            if self.closed and not holding:
                self._reopen("rule")
                # Asked again, because ceasing may also take away what held a condition off.
                holding = self.conditions()
            if holding or self._overruled:
                self._overruled &= holding
                if not self.closed and holding - self._overruled:
                    self._close(instant, "rule")

    def _close(self, instant: datetime, by: str) -> None:
        self.closed_since = instant
        self._note("closed", by)

    def _reopen(self, by: str) -> None:
        # What this instant's reversals would leave closed, they give back with all that was held.
        by_reversal = by == "rule" and bool(self.conditions(MILD, *self._missing()))
        if not by_reversal:
            self._given_back = [each for each in self._given_back if each[0] not in self._held]
        self.closed_since = None
        self._note("reopened", by)
        for live in self._held:
            if by_reversal:
                self._given_back.append((live, -self.nets[live][MILD]))
            self._cease(live)
        self._held = []

    def _open(self, observation: Observation) -> None:
        """Let what stood there before we knew the store make up for the difference."""
        raw = self.raw()
        if observation.measure is Measure.RATING and raw is not None:
            points = observation.value - raw
        else:
            points = self.levels().points_deducted - observation.value
        kind = Kind.DEDUCTION if points < 0 else Kind.BONUS
        self.opening_from = observation
        self.opening = Live(
            id=OPENING,
            kind=kind,
            counts_as=COUNTS_AS[kind],
            points=points,
            occurred_at=observation.observed_at,
            expires=self.expiry(observation.observed_at, BY_BOOK),
        )
        ends_at = self.opening.expires.instant
        if ends_at is not None:
            if ends_at not in self._agenda:
                insort(self._instants, ends_at)
            self._at(ends_at).ends.append(self.opening)
        self._note("opening", observation.id, self._weigh(self.opening, self.opening.net()))

    def _missing(self) -> tuple[int, int]:
        """Return what this instant's reversals gave back: to the sum, and to the deductions."""
        return (
            sum(points for _, points in self._given_back),
            sum(points for live, points in self._given_back if live.is_deduction),
        )

    def _reach(
        self, instant: datetime, due: _Instant, book: Rulebook, sure: Levels, likely: Levels
    ) -> Sequence[MilestoneEvent]:
        # At the opening the marketplace's number decides, whatever was reversed just then.
        unreversed = sure if due.opening else self._levels_less(MILD, *self._missing())
        return self.tracker.step(
            instant,
            book,
            sure=sure,
            likely=likely,
            unreversed=unreversed,
            quiet=due.book is not None or due.opening is not None,
        )


def _rolling(
    bonus: OrderBonus,
    completed: Sequence[datetime],
    window: timedelta,
    since: datetime,
    until: datetime | None,
) -> Iterable[tuple[datetime, int]]:
    """Yield when the bonus for the orders of ``(at - window, at]`` changes in ``[since, until)``.

    The first is its value at ``since``.
    """
    first = bisect_right(completed, since - window)
    last = len(completed) if until is None else bisect_left(completed, until)
    changes = sorted(
        {since}
        | {at for at in completed[first:last] if at > since}
        | {
            at + window
            for at in completed[first:last]
            if at + window > since and (until is None or at + window < until)
        }
    )
    points: int | None = None
    for instant in changes:
        orders = bisect_right(completed, instant) - bisect_right(completed, instant - window)
        if bonus.points_for(orders) != points:
            points = bonus.points_for(orders)
            yield instant, points
