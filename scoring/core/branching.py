"""One sweep of the past, and many ways on from there.

A sweep of what has been takes most of the time of a what-if, and is the same for each. So it is
made once, and each course is a branch of it. What was laid out is shared, instant by instant, until
a branch lays out something of its own there; what moves is the branch's own from the start.
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime

from scoring.core.sweep import Sweep, _Instant
from scoring.core.values import Entry


class Trunk(Sweep):
    """A sweep that others branch off; run it first to where they part."""

    def branch(self, entries: Iterable[Entry], until: datetime) -> Sweep:
        """Return a sweep that goes on to ``until`` with more entries, all dated after here.

        It tells of the states from here on alone, and no more of which entries weigh.
        """
        return _Branch(self, tuple(entries), until)


class _Branch(Sweep):
    """A sweep that begins where its trunk stands, and leaves the trunk as it is."""

    def __init__(self, trunk: Trunk, entries: tuple[Entry, ...], until: datetime) -> None:
        """Take all that stands, make what moves this sweep's own, and lay out ``entries``."""
        vars(self).update(vars(trunk))
        ahead = self._instants[self._next : bisect_right(self._instants, until)]
        self._agenda = {instant: self._agenda[instant] for instant in ahead}
        self.lives = self.lives.copy()
        self.nets = self.nets.copy()
        self.reversals = self.reversals.copy()
        self._apart = self._apart.copy()
        self._held = self._held.copy()
        self._overruled = self._overruled.copy()
        self.tracker = self.tracker.branched()
        self.states = self.states[-1:]
        self._estimates = self._estimates or any(entry.estimate for entry in entries)
        self._lay_out_entries(entries)
        self._instants = sorted(self._agenda)
        self._next = 0

    def _at(self, instant: datetime) -> _Instant:
        """Return what is dated at ``instant`` for writing, and so a copy of what is shared."""
        shared = self._agenda.get(instant)
        due = self._agenda[instant] = _Instant() if shared is None else shared.copy()
        return due
