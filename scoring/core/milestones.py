"""Which milestones a store has reached, which of them fired, and what to expect from that."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from scoring.core.rulebook import Action, Milestone, Rulebook
from scoring.core.values import (
    DAY,
    Enforced,
    EventKind,
    Measure,
    MilestoneEvent,
    MilestoneState,
    Period,
    PeriodEnd,
    PeriodEndedBy,
)

Key = tuple[str, Measure]
NOT_SOONER = DAY  # a marketplace's own start of what a milestone starts, before ours at most


class Levels(NamedTuple):
    """What milestones are measured against at one instant."""

    rating: int | None
    points_deducted: int

    def of(self, measure: Measure) -> int:
        if measure is Measure.POINTS_DEDUCTED:
            return self.points_deducted
        assert self.rating is not None, "only a book with a rating measures by it"
        return self.rating

    def distance(self, milestone: Milestone) -> int:
        """Return the points left to ``milestone``, <= 0 once it is reached."""
        left = self.of(milestone.measure) - milestone.at.value
        return left if milestone.measure is Measure.RATING else -left

    def within(self, milestone: Milestone, distance: int) -> bool:
        return self.distance(milestone) <= distance


class _Ladder(NamedTuple):
    """The milestones of one measure, nearest first, and the values that part their zones."""

    measure: Measure
    sign: int  # -1 where they are reached by falling
    milestones: tuple[Milestone, ...]
    edges: list[int]  # of reaching and of warning, times ``sign``; ascending

    def zone(self, levels: Levels) -> int:
        """Return how many edges are behind: in one zone the same is reached and warned of."""
        return bisect_right(self.edges, self.sign * levels.of(self.measure))


def _ladders(book: Rulebook) -> list[_Ladder]:
    ladders = []
    distance = book.warning_distance.value if book.warning_distance else 0
    for measure in Measure:
        sign = -1 if measure is Measure.RATING else 1
        nearest_first = sorted(
            (each for each in book.milestones if each.measure is measure),
            key=lambda each, sign=sign: sign * each.at.value,  # type: ignore[misc]
        )
        if nearest_first:
            reached = {sign * each.at.value for each in nearest_first}
            edges = sorted(reached | {value - distance for value in reached})
            ladders.append(_Ladder(measure, sign, tuple(nearest_first), edges))
    return ladders


@dataclass(slots=True)
class _Firing:
    milestone: Milestone
    instant: datetime
    undone_at: datetime | None = None


@dataclass(slots=True)
class Tracker:
    """Follows the milestones of one store through the instants of a sweep, in order."""

    events: list[MilestoneEvent] = field(default_factory=list)
    _reached: set[Key] = field(default_factory=set)
    _warned: set[Key] = field(default_factory=set)
    _possible: set[Key] = field(default_factory=set)
    _firings: list[_Firing] = field(default_factory=list)
    _book: Rulebook | None = None
    _ladders: list[_Ladder] = field(default_factory=list)
    _zones: list[int] = field(default_factory=list)

    def branched(self) -> "Tracker":
        """Return one that goes on from here by itself; it tells of what is to come alone."""
        return replace(
            self,
            events=[],
            _reached=set(self._reached),
            _warned=set(self._warned),
            _possible=set(self._possible),
            _firings=[replace(firing) for firing in self._firings],
        )

    def is_moved(self, book: Rulebook, sure: Levels, likely: Levels) -> bool:
        """Tell whether ``step`` has anything to do: most instants reach and leave nothing."""
        is_new = book is not self._book
        if is_new:
            self._book, self._ladders = book, _ladders(book)
        zones = []
        for ladder in self._ladders:
            zones.append(ladder.zone(sure))
            if likely is not sure:
                zones.append(ladder.zone(likely))
        is_moved = is_new or zones != self._zones
        self._zones = zones
        return is_moved

    def step(
        self,
        instant: datetime,
        book: Rulebook,
        *,
        sure: Levels,
        likely: Levels,
        unreversed: Levels,
        quiet: bool,
    ) -> list[MilestoneEvent]:
        """Record what the levels of one instant reach, and return what happened.

        To be asked where ``is_moved``. ``sure`` counts estimates at their mildest, ``likely`` at
        their middle; ``unreversed`` is ``sure`` without the reversals of this very instant.
        ``quiet``: what is newly reached is recorded and does not fire, because the store did
        nothing (opening, change of book).
        """
        told = len(self.events)
        keys = {milestone.key for milestone in book.milestones}
        self._reached &= keys
        self._warned &= keys
        self._possible &= keys
        for ladder in self._ladders:
            self._step_measure(instant, ladder.milestones, sure, unreversed, quiet=quiet)
            self._step_warnings(instant, ladder.milestones, book, sure, quiet=quiet)
            self._step_possible(instant, ladder.milestones, sure, likely, quiet=quiet)
        return self.events[told:]

    def _tell(
        self, instant: datetime, kind: EventKind, milestone: Milestone, levels: Levels
    ) -> None:
        value = levels.of(milestone.measure)
        self.events.append(
            MilestoneEvent(
                instant, kind, milestone.code, milestone.measure, milestone.at.value, value
            )
        )

    def _step_measure(
        self,
        instant: datetime,
        nearest_first: Sequence[Milestone],
        sure: Levels,
        unreversed: Levels,
        *,
        quiet: bool,
    ) -> None:
        """Record the newly reached of one measure; the furthest of them fires."""
        newly = [
            each for each in nearest_first if sure.within(each, 0) and each.key not in self._reached
        ]
        for milestone in nearest_first:
            if milestone.key in self._reached and not sure.within(milestone, 0):
                self._reached.discard(milestone.key)
                self._tell(instant, "rearmed", milestone, sure)
                if unreversed.within(milestone, 0):
                    self._undo(milestone.code, instant)
        for milestone in newly:
            self._reached.add(milestone.key)
            if quiet:
                self._tell(instant, "recorded", milestone, sure)
            elif milestone is newly[-1]:
                self._tell(instant, "fired", milestone, sure)
                self._firings.append(_Firing(milestone, instant))
            else:
                self._tell(instant, "passed", milestone, sure)

    def _undo(self, code: str, instant: datetime) -> None:
        """Remember that a reversal took the newest firing of ``code`` back."""
        newest = next(
            (each for each in reversed(self._firings) if each.milestone.code == code), None
        )
        if newest is not None:
            newest.undone_at = newest.undone_at or instant

    def _step_warnings(
        self,
        instant: datetime,
        nearest_first: Sequence[Milestone],
        book: Rulebook,
        sure: Levels,
        *,
        quiet: bool,
    ) -> None:
        """Warn of the furthest milestone newly within the warning distance and not yet reached."""
        if book.warning_distance is None:
            return
        distance = book.warning_distance.value
        near = {each.key for each in nearest_first if sure.within(each, distance)}
        # A zone entered by a fall through the milestone itself is used up: climbing back into it
        # from below is no bad news.
        newly = [
            each
            for each in nearest_first
            if each.key in near and each.key not in self._warned and not sure.within(each, 0)
        ]
        self._warned -= {each.key for each in nearest_first}
        self._warned |= near
        if not quiet:
            for milestone in newly:
                kind: EventKind = "warned" if milestone is newly[-1] else "warning_passed"
                self._tell(instant, kind, milestone, sure)

    def _step_possible(
        self,
        instant: datetime,
        nearest_first: Sequence[Milestone],
        sure: Levels,
        likely: Levels,
        *,
        quiet: bool,
    ) -> None:
        """Tell of milestones that only the middle of estimated points reaches."""
        for milestone in nearest_first:
            if likely.within(milestone, 0) and not sure.within(milestone, 0):
                if milestone.key not in self._possible and not quiet:
                    self._tell(instant, "possible", milestone, likely)
                self._possible.add(milestone.key)
            else:
                self._possible.discard(milestone.key)

    def periods(
        self, enforcements: Iterable[Enforced], ends: Iterable[PeriodEnd], at: datetime
    ) -> tuple[Period, ...]:
        """Return the enforcements expected of all firings, by what was said until ``at``."""
        told = sorted(
            (each for each in enforcements if each.starts_at <= at),
            key=lambda each: (each.starts_at, each.recorded_at),
        )
        said = sorted(
            (end for end in ends if end.said_at <= at),
            key=lambda end: (end.said_at, end.recorded_at, end.ends_at),
        )
        words: dict[int, list[PeriodEnd]] = {}
        for end in said:
            concerned = [
                index
                for index, firing in enumerate(self._firings)
                if firing.milestone.code == end.milestone and firing.instant <= end.said_at
            ]
            if concerned:
                words.setdefault(concerned[-1], []).append(end)
        return tuple(
            _period_of(firing, action, self._confirming(index, action, told), words.get(index, ()))
            for index, firing in enumerate(self._firings)
            for action in firing.milestone.actions
        )

    def _confirming(self, index: int, action: Action, told: Sequence[Enforced]) -> Enforced | None:
        """Return what the marketplace told of one action of a firing; None if nothing yet.

        That is the first enforcement of its kind that starts with it, at most a day sooner, and
        not only with a later firing that starts the same.
        """
        since = self._firings[index].instant - NOT_SOONER
        later = [
            firing.instant - NOT_SOONER
            for firing in self._firings[index + 1 :]
            if any(each.kind == action.kind for each in firing.milestone.actions)
        ]
        until = later[0] if later else None
        return next(
            (
                each
                for each in told
                if each.kind == action.kind
                and since <= each.starts_at
                and (until is None or each.starts_at < until)
            ),
            None,
        )


def _period_of(
    firing: _Firing, action: Action, enforced: Enforced | None, words: Sequence[PeriodEnd]
) -> Period:
    """Return the expected period of one action of the milestone that fired."""
    ends_at: datetime | None = None
    ended_by: PeriodEndedBy | None = None
    if action.days is not None:
        ends_at, ended_by = firing.instant + action.days.value * DAY, "length"
    undone_at = firing.undone_at
    if undone_at is not None and (ends_at is None or undone_at < ends_at):
        ends_at, ended_by = undone_at, "reversal"
    if enforced is not None and enforced.ends_at is not None:
        ends_at, ended_by = enforced.ends_at, "marketplace"
    for word in words:
        if word.by == "marketplace" or ends_at is None or word.ends_at < ends_at:
            ends_at, ended_by = word.ends_at, word.by
    return Period(
        milestone=firing.milestone.code,
        action=action.kind,
        starts_at=firing.instant,
        ends_at=ends_at,
        ended_by=ended_by,
        permanent=action.permanent and ends_at is None,
        confirmed=enforced is not None,
    )


def milestone_states(book: Rulebook, sure: Levels, likely: Levels) -> tuple[MilestoneState, ...]:
    """Return where every milestone of ``book`` stands, in the book's order."""
    return tuple(
        MilestoneState(
            code=milestone.code,
            measure=milestone.measure,
            at=milestone.at.value,
            distance=sure.distance(milestone),
            reached=sure.within(milestone, 0),
            possible=likely.within(milestone, 0) and not sure.within(milestone, 0),
        )
        for milestone in book.milestones
    )
