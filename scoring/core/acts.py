"""The shortest list of acts that brings a store back over a line.

The search is exact as long as it may go on: fewest acts first, then the earliest day. An act is
worth what the sweep says that it moves, instant by instant, so expiries, books and reversals count
as ever. Where the store is closed in between, acts do not simply add up, and each list is swept.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Final, Literal, NamedTuple

from scoring.core.foresight import Course, Futures, Line, Moment, Pending, crossing
from scoring.core.values import Completion, Entry, Measure

MOST_ACTS: Final = 20
MOST_ADDED: Final = 5_000  # lists whose acts are added up
MOST_SWEPT: Final = 64  # lists that are swept one by one
FAR: Final = 1_000_000

ActKind = Literal["appeal", "prevent", "quiz", "orders"]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that people can do; it counts from ``counts_at``, if it succeeds.

    ``entries`` and ``orders`` are what it would write, ``prevents`` the id of a pending violation
    that it keeps out of force. ``points`` > 0: what it is worth. ``do_by``: its deadline; None:
    none is known.
    """

    id: str
    kind: ActKind
    points: int
    counts_at: datetime
    do_by: datetime | None = None
    entries: tuple[Entry, ...] = ()
    orders: tuple[Completion, ...] = ()
    prevents: str | None = None


class Plan(NamedTuple):
    """Acts that together bring the store over the line, from ``holds_from`` to the end."""

    acts: tuple[Act, ...]
    holds_from: datetime


@dataclass(frozen=True)
class WayBack:
    """What brings a store over ``line``: each plan has more acts than the last, and is earlier.

    The first may have no acts: waiting is enough. No plan: out of reach within the time by what is
    known. ``is_exact`` is False where not every list could be tried, so that a shorter or earlier
    one may exist.
    """

    line: Line
    plans: tuple[Plan, ...]
    is_exact: bool

    @property
    def waiting(self) -> Plan | None:
        return next((plan for plan in self.plans if not plan.acts), None)

    @property
    def shortest(self) -> Plan | None:
        """The fewest acts, where waiting is not enough."""
        return next((plan for plan in self.plans if plan.acts), None)


def way_back(
    futures: Futures, line: Line, acts: Sequence[Act], pendings: Iterable[Pending] = ()
) -> WayBack:
    """Return the plans that bring the store over ``line``.

    What is pending is reckoned with at its harshest unless an act prevents it; the order bonus only
    where it is an act. At most ``MOST_ACTS`` acts are looked at, those that move most.
    """
    field = _Field(futures, line, tuple(acts), tuple(pendings))
    if not any(course.is_ever_closed() for course in field.courses):
        found = _search(len(field.acts), field.added, field.bound, MOST_ADDED)
        if all(field.swept(places) == at for places, at in found.lists):
            return field.told(found)
    # Acts at the earliest moment are the best that a list can do, so that nothing is cut off.
    return field.told(_search(len(field.acts), field.swept, lambda _: futures.at, MOST_SWEPT))


class _Found(NamedTuple):
    lists: list[tuple[tuple[int, ...], datetime]]
    is_whole: bool


def _search(
    count: int,
    dated: Callable[[tuple[int, ...]], datetime | None],
    bound: Callable[[int], datetime | None],
    most: int,
) -> _Found:
    """Return, by rising size, the lists of places that are dated earlier than all shorter ones.

    ``bound``: no list of that size can be earlier; ``most``: how many lists are tried.
    """
    lists: list[tuple[tuple[int, ...], datetime]] = []
    best: datetime | None = None
    tried = 0
    for size in range(count + 1):
        earliest = bound(size)
        found: tuple[int, ...] | None = None
        if earliest is None or (best is not None and earliest >= best):
            continue
        for places in combinations(range(count), size):
            if tried == most:
                return _Found(lists + ([(found, best)] if found and best else []), is_whole=False)
            tried += 1
            at = dated(places)
            if at is not None and (best is None or at < best):
                found, best = places, at
                if best == earliest:
                    break
        if found is not None and best is not None:
            lists.append((found, best))
    return _Found(lists, is_whole=True)


class _Field:
    """What the acts move, instant by instant, in points of room over the line."""

    def __init__(
        self, futures: Futures, line: Line, acts: tuple[Act, ...], pendings: tuple[Pending, ...]
    ) -> None:
        """Sweep the course of no act and of each alone; keep the acts that move most."""
        self.futures, self.line = futures, line
        self.pendings = [
            (each.id, futures.enforced(each, -each.points.high)) for each in pendings if each.points
        ]
        nothing = self._course(())
        alone = [(act, self._course((act,))) for act in acts]
        instants = {moment.instant for _, course in alone for moment in course.moments}
        self.instants = sorted(instants | {moment.instant for moment in nothing.moments})
        self.rooms = self._rooms(nothing)
        moved = [
            (
                act,
                course,
                [
                    with_it - room
                    for with_it, room in zip(self._rooms(course), self.rooms, strict=True)
                ],
            )
            for act, course in alone
        ]
        useful = sorted(
            (each for each in moved if any(each[2])),
            key=lambda each: (-max(each[2]), each[0].do_by or futures.until, each[0].id),
        )
        self.is_cut = len(useful) > MOST_ACTS
        self.acts = [act for act, _, _ in useful[:MOST_ACTS]]
        self.courses = [nothing, *(course for _, course, _ in useful[:MOST_ACTS])]
        self.gains = [gains for _, _, gains in useful[:MOST_ACTS]]

    def _course(self, acts: tuple[Act, ...]) -> Course:
        prevented = {act.prevents for act in acts}
        entries = [entry for pending, entry in self.pendings if pending not in prevented]
        entries.extend(entry for act in acts for entry in act.entries)
        return self.futures.course(entries, [order for act in acts for order in act.orders])

    def _rooms(self, course: Course) -> list[int]:
        """Return the room over the line at each instant."""
        rooms, place = [], 0
        for instant in self.instants:
            following = place + 1
            if following < len(course.moments) and course.moments[following].instant <= instant:
                place = following
            rooms.append(_room(self.line, course.moments[place]))
        return rooms

    def added(self, places: tuple[int, ...]) -> datetime | None:
        """Return from when the acts of these places hold the line, by adding up what they move."""
        gains = [self.gains[place] for place in places]
        return self._held(
            [room + sum(more) for room, *more in zip(self.rooms, *gains, strict=True)]
        )

    def bound(self, size: int) -> datetime | None:
        """Return from when the line is held with the best ``size`` acts of each instant."""
        best = [
            room + sum(sorted(gains, reverse=True)[:size])
            for room, *gains in zip(self.rooms, *self.gains, strict=True)
        ]
        return self._held(best)

    def _held(self, rooms: list[int]) -> datetime | None:
        held: datetime | None = None
        for instant, room in zip(reversed(self.instants), reversed(rooms), strict=True):
            if room < 0:
                break
            held = instant
        return held

    def swept(self, places: tuple[int, ...]) -> datetime | None:
        """Return from when the acts of these places hold the line, by the sweep itself."""
        course = self._course(tuple(self.acts[place] for place in places))
        return crossing(self.line, course).holds_from

    def told(self, found: _Found) -> WayBack:
        return WayBack(
            line=self.line,
            plans=tuple(
                Plan(tuple(self.acts[place] for place in places), at) for places, at in found.lists
            ),
            is_exact=found.is_whole and not self.is_cut,
        )


def _room(line: Line, moment: Moment) -> int:
    """Return the room over the line, unclamped; far under it where nothing has a value."""
    room = line.room(moment)
    if room is None:
        return -FAR
    if line.measure is Measure.RATING and moment.rating is not None and moment.raw is not None:
        return room + moment.raw - moment.rating
    return room
