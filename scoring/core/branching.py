"""One sweep of the past, and many ways on from there.

A sweep of what has been takes most of the time of a what-if, and is the same for each. So it is
made once, and each course is a branch of it: what can still change is copied, the rest shared.
"""

from bisect import bisect_right
from collections.abc import Iterable
from copy import copy
from datetime import datetime

from scoring.core.sweep import OPENING, Live, Sweep, _Instant
from scoring.core.values import Entry


class Trunk(Sweep):
    """A sweep that others branch off; run it first to where they part."""

    def branch(self, entries: Iterable[Entry], until: datetime) -> "Trunk":
        """Return a sweep that goes on to ``until`` with more entries, all dated after here.

        It tells of the states from here on alone, and no more of which entries weigh.
        """
        other = copy(self)
        other.part(list(entries), until)
        return other

    def part(self, entries: list[Entry], until: datetime) -> None:
        """Make all that is to come this sweep's own, and lay out ``entries``."""
        end = bisect_right(self._instants, until)
        ahead = [(each, self._agenda[each]) for each in self._instants[self._next : end]]
        own = _Own()
        self._agenda = {instant: own.instant(due) for instant, due in ahead}
        self._held = [own(live) for live in self._held]
        if self.opening is not None:
            self.opening = own(self.opening)
        reversals = [each for each in entries if each.reverses is not None]
        reversals += [each for _, due in ahead for each in due.reversals]
        for each in reversals:
            if each.reverses in self.lives:
                own(self.lives[each.reverses])
        self.lives = self.lives | own.by_name()
        self._given_back = []
        self._total, self._deducted = list(self._total), list(self._deducted)
        self._overruled = set(self._overruled)
        self.tracker = self.tracker.branched()
        self.states = self.states[-1:]
        self._estimates = self._estimates or any(entry.estimate for entry in entries)
        self._lay_out_entries(entries)
        self._instants = sorted(self._agenda)
        self._next = 0


class _Own:
    """Copies each entry on its way once."""

    def __init__(self) -> None:
        self._copies: dict[int, Live] = {}

    def __call__(self, live: Live) -> Live:
        found = self._copies.get(id(live))
        if found is None:
            found = self._copies[id(live)] = Live(
                live.id,
                live.kind,
                live.counts_as,
                live.points,
                live.occurred_at,
                live.expires,
                live.estimate,
                live.active,
                live.taken_back,
                live.reversed_by.copy(),
                live.net,
            )
        return found

    def by_name(self) -> dict[str, Live]:
        return {live.id: live for live in self._copies.values() if live.id != OPENING}

    def instant(self, due: _Instant) -> _Instant:
        return _Instant(
            ends=[self(live) for live in due.ends],
            starts=[self(live) for live in due.starts],
            reversals=list(due.reversals),
            own_closings=due.own_closings,
            book=due.book,
            order_bonus=due.order_bonus,
            observed=due.observed,
            opening=due.opening,
        )
