"""What-ifs of a store as people and programs write them: one short text for each event.

``kind:what@day``, so that an address says what it asks: ``deduction:8@2026-12-01`` and
``deduction:counterfeit@2026-12-01`` (points, or a rule of the book), ``granted:V-2291@2026-12-04``
and ``enforced:V-2300@2026-12-02`` (a violation's reference or id), ``quiz:4@2026-12-01`` (points)
and ``orders:200@2026-11-30``. A ``~`` before it switches the event off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final, get_args
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, gettext_lazy, ngettext

from scoring.core.foresight import Course, Line
from scoring.core.resets import local_midnight
from scoring.core.what_if import (
    Event,
    EventKind,
    EventRefused,
    Summary,
    Told,
    WhatIf,
    summary,
    what_if,
)
from scoring.selectors.foresee import Foreseen, named
from stores import rules
from stores.models import Violation

MOST_EVENTS: Final = 20
MOST_POINTS: Final = 1000
MOST_ORDERS: Final = 1_000_000
KINDS: Final[tuple[EventKind, ...]] = get_args(EventKind)
OFF: Final = "~"
_A_DAY: Final = timedelta(days=1)

FAULTS: Final = {
    "unreadable": gettext_lazy("Write it as kind:what@2026-12-01."),
    "no_kind": gettext_lazy("There is no such kind of event."),
    "no_day": gettext_lazy("This is no day; write it as 2026-12-01."),
    "no_points": gettext_lazy("Points are a whole number from 0 to 1000."),
    "no_count": gettext_lazy("Orders are a whole number from 1 to 1000000."),
    "no_rule": gettext_lazy("The rulebook in force has no such rule."),
    "rule_without_points": gettext_lazy(
        "No source says how many points this rule takes; write the points."
    ),
    "no_violation": gettext_lazy("This store has no such violation."),
    "not_pending": gettext_lazy("Only a pending violation can come into force."),
    "points_unknown": gettext_lazy(
        "Nobody says how many points this violation takes; add a deduction of points."
    ),
    "not_ahead": gettext_lazy("This day is over."),
    "too_far": gettext_lazy("This day is too far ahead."),
    "nothing_left": gettext_lazy("Nothing is left of this violation's points to give back."),
    "no_bonus": gettext_lazy("Orders give no points by the rulebook in force and your settings."),
    "twice": gettext_lazy("The same violation is in the list already."),
    "too_many": gettext_lazy("A what-if takes at most 20 events."),
}


@dataclass(frozen=True, slots=True)
class Written:
    """One event as written; ``fault`` is a key of ``FAULTS``, "" where it is understood."""

    text: str  # without the mark of one that is switched off
    is_on: bool = True
    fault: str = ""
    fault_in: str = ""  # "kind", "what" or "day"
    kind: str = ""
    label: str = ""
    day: date | None = None
    event: Event | None = None
    told: Told | None = None

    @property
    def why(self) -> str:
        return str(FAULTS[self.fault]) if self.fault else ""

    @property
    def raw(self) -> str:
        """The event as the address has it."""
        return self.text if self.is_on else f"{OFF}{self.text}"


class Unusable(ValueError):
    """A part of an event that says nothing; ``fault`` is a key of ``FAULTS``."""

    def __init__(self, fault: str, part: str) -> None:
        super().__init__(fault)
        self.fault = fault
        self.part = part


class Reader:
    """Understands events of one store."""

    def __init__(self, foreseen: Foreseen) -> None:
        self.foreseen = foreseen
        self.zone = ZoneInfo(foreseen.store.time_zone)

    def read(self, raw: str) -> Written:
        """Return one event as an address has it; with its fault where it cannot be used."""
        is_on = not raw.startswith(OFF)
        text = raw.removeprefix(OFF)
        try:
            return self._understood(text, is_on=is_on)
        except Unusable as refusal:
            return Written(text, is_on, fault=refusal.fault, fault_in=refusal.part)

    def _understood(self, text: str, *, is_on: bool) -> Written:
        kind, colon, rest = text.partition(":")
        what, sign, day_text = rest.rpartition("@")
        if not (colon and sign):
            raise Unusable("unreadable", "kind")
        if kind not in KINDS:
            raise Unusable("no_kind", "kind")
        try:
            day = date.fromisoformat(day_text)
        except ValueError:
            raise Unusable("no_day", "day") from None
        event, label = self.event(kind, what.strip(), self.moment(day))
        return Written(text, is_on, kind=kind, label=label, day=day, event=event)

    def moment(self, day: date) -> datetime:
        """Return the start of a day by the store's clock; of today the next second."""
        at = self.foreseen.at
        try:
            begins, ends = (local_midnight(each, self.zone) for each in (day, day + _A_DAY))
        except OverflowError:
            raise Unusable("no_day", "day") from None
        return at + timedelta(seconds=1) if begins <= at < ends else begins

    def event(self, kind: str, what: str, at: datetime) -> tuple[Event, str]:
        """Return an event and what it is called.

        Raises:
            Unusable: if ``what`` is nothing that this kind can be of.
        """
        if kind == "orders":
            count = _number(what, 1, MOST_ORDERS, "no_count")
            label = ngettext("%(count)d order completed", "%(count)d orders completed", count)
            return Event("orders", at, count=count), label % {"count": count}
        if kind == "quiz":
            points = _number(what, 0, MOST_POINTS, "no_points")
            return Event("quiz", at, points=points), gettext("Quiz passed")
        if kind == "deduction":
            return self._deduction(what, at)
        violation = self._violation(what)
        if kind == "granted":
            ids = tuple(self.foreseen.deductions.get(violation.pk, ()))
            if not ids:
                raise Unusable("nothing_left", "what")
            label = gettext("%(what)s is granted") % {"what": named(violation)}
            return Event("granted", at, entries=ids), label
        return self._enforced(violation, at)

    def _deduction(self, what: str, at: datetime) -> tuple[Event, str]:
        if what.lstrip("-−").isdecimal():
            points = _number(what.lstrip("-−"), 0, MOST_POINTS, "no_points")
            return Event("deduction", at, points=points), gettext("Deduction")
        book = self.foreseen.book
        rule = book.violation(what) if book else None
        if rule is None:
            raise Unusable("no_rule", "what")
        if rule.points is None:
            raise Unusable("rule_without_points", "what")
        label = rules.rules_of(self.foreseen.store, at=self.foreseen.at).get(what, rule.label)
        points = -rule.points.estimate
        return Event("deduction", at, points=points, estimate=rule.estimate), label

    def _enforced(self, violation: Violation, at: datetime) -> tuple[Event, str]:
        if violation.state != Violation.State.PENDING:
            raise Unusable("not_pending", "what")
        taken = self.foreseen.points_of(violation)
        if taken is None:
            raise Unusable("points_unknown", "what")
        estimate = None if taken.low == taken.high else taken
        label = gettext("%(what)s comes into force") % {"what": named(violation)}
        event = Event(
            "enforced", at, points=-taken.estimate, estimate=estimate, pending=str(violation.pk)
        )
        return event, label

    def _violation(self, what: str) -> Violation:
        for violation in self.foreseen.violations:
            if what and what in {violation.reference, str(violation.pk)}:
                return violation
        raise Unusable("no_violation", "what")


class Scenario:
    """A stack of events, and what it changes."""

    def __init__(
        self, foreseen: Foreseen, written: Sequence[Written], line: Line | None = None
    ) -> None:
        """Play the events; those that cannot be used say why and change nothing."""
        self.foreseen = foreseen
        self.line = line or foreseen.target
        self.written = list(written)
        self.result = self._play()

    def _play(self) -> WhatIf:
        """Play the events that are on; one that the stack refuses says why, and is left out."""
        while True:
            on = [
                place
                for place, each in enumerate(self.written)
                if each.event is not None and each.is_on and not each.fault
            ]
            events = [each for place in on if (each := self.written[place].event) is not None]
            try:
                result = what_if(self.foreseen.futures, events)
            except EventRefused as refusal:
                place = on[refusal.index]
                part = "day" if refusal.fault in {"not_ahead", "too_far"} else "what"
                self._change(place, fault=refusal.fault, fault_in=part)
            else:
                for place, told in zip(on, result.told, strict=True):
                    self._change(place, told=told)
                return result

    def _change(self, place: int, **values: object) -> None:
        self.written[place] = replace(self.written[place], **values)  # type: ignore[arg-type]

    # What is told of it

    @property
    def is_changed(self) -> bool:
        return any(each.told for each in self.written)

    @cached_property
    def as_it_stands(self) -> Summary:
        return self._summary(self.result.base)

    @cached_property
    def changed(self) -> Summary:
        return self._summary(self.result.changed)

    def _summary(self, course: Course) -> Summary:
        told = summary(course, self.foreseen.book, self.line)
        if self.line is None:
            return told
        return told._replace(crossing=self.foreseen.crossing(self.line, course))


def _number(text: str, low: int, high: int, fault: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise Unusable(fault, "what") from None
    if not low <= number <= high:
        raise Unusable(fault, "what")
    return number
