"""What moved the ratings of many stores since a moment: each in a sentence, and all in one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F
from django.db.models.functions import Abs
from django.utils.translation import gettext, ngettext

from scoring.core.rulebook import Rulebook
from scoring.core.values import BandCode, Measure, Options
from scoring.core.waterfall import Bar, Waterfall
from scoring.models import StoreRating
from scoring.selectors import sentences
from scoring.selectors.bulk import rows_of
from scoring.selectors.falls import Fall, fall_of
from scoring.selectors.figures import switched_on
from scoring.selectors.lines import words_of
from scoring.selectors.movers import may_have_moved
from scoring.selectors.rows import Rows, is_chinese, starts_there, told_of
from stores.models import Store, Violation
from tenants.templatetags import ui

_MOST_TOLD: Final = 50  # stores whose change the fleet's page tells by itself


@dataclass(frozen=True, slots=True)
class Reached:
    """A milestone reached since, and what starts there."""

    at: int
    label: str


@dataclass(frozen=True)
class Change:
    """What happened to one store's rating: from the one known then to the one known now."""

    rows: Rows
    way: Fall

    @property
    def store(self) -> Store:
        return self.rows.store

    @property
    def fall(self) -> Waterfall:
        return self.way.fall

    @property
    def before(self) -> int | None:
        return self.fall.start

    @property
    def after(self) -> int | None:
        return self.fall.end

    @property
    def points(self) -> int:
        """Return the change as a gain or a loss for the store: points deducted are a loss."""
        change = self.fall.change or 0
        return change if self.fall.measure is Measure.RATING else -change

    @property
    def why(self) -> str:
        return self.way.why

    @property
    def query(self) -> str:
        """Return how the store's page is asked for the same stretch."""
        since = self.fall.before.at
        gone = self.rows.at - since
        if gone % timedelta(days=1) == timedelta():
            return urlencode({"days": gone.days})
        local = since.astimezone(ZoneInfo(self.store.time_zone))
        return urlencode({"from": f"{local:%Y-%m-%dT%H:%M}"})

    @cached_property
    def largest(self) -> Bar | None:
        return sentences.largest(self.fall)

    @property
    def cause(self) -> str:
        """Say what the largest cause is, without its reference, so that causes can be counted."""
        if self.largest is None:
            return gettext("Recorded later, of days before")
        if self.largest.kind in {"book", "others"}:
            return self.way.name(self.largest)
        return words_of(self.rows, self.largest.kind, self.largest.subject)

    @property
    def violation(self) -> Violation | None:
        """Return the violation behind the largest cause."""
        entry = self.rows.entries.get(self.largest.subject) if self.largest else None
        return told_of(entry).violation if entry else None

    @property
    def bands(self) -> tuple[dict[str, str], dict[str, str]] | None:
        """Return the bands before and after, code and word; None where it is the same."""
        before, after = self.fall.before, self.fall.after
        if before.band is after.band:
            return None
        return self._band(before.band), self._band(after.band)

    def _band(self, code: BandCode) -> dict[str, str]:
        band = self.rows.book.band(code) if self.rows.book else None
        label = (band.label_zh if is_chinese() else band.label) if band else ""
        return {"code": code.value, "word": label or ui.band_word(code.value)}

    @cached_property
    def reached(self) -> tuple[Reached, ...]:
        """Return the milestones reached since, furthest last, also those left again."""
        book = self.rows.book
        told = {
            (event.code, event.at)
            for event in self.fall.events
            if event.kind in {"fired", "passed", "recorded"}
        }
        told |= _learnt(book, self.rows.options.switched_on, self.fall)
        found = [Reached(at, starts_there(book, code)) for code, at in told]
        falls = self.fall.measure is Measure.RATING
        return tuple(sorted(found, key=lambda one: -one.at if falls else one.at))


def _learnt(book: Rulebook | None, on: frozenset[str], fall: Waterfall) -> set[tuple[str, int]]:
    """Return the milestones between the value known then and the one now, whatever reached them."""
    if book is None or fall.measure is None or fall.start is None or fall.end is None:
        return set()
    sign = 1 if fall.measure is Measure.RATING else -1
    return {
        (each.code, each.at.value)
        for each in book.settled(on).milestones
        if each.measure is fall.measure
        and sign * fall.end <= sign * each.at.value < sign * fall.start
    }


@dataclass(frozen=True)
class Changes:
    """The stores that changed, worst first, among all that were looked at."""

    since: datetime
    at: datetime
    total: int
    changed: tuple[Change, ...]

    @property
    def fallen(self) -> list[Change]:
        return [each for each in self.changed if each.points < 0]

    @property
    def risen(self) -> list[Change]:
        return [each for each in self.changed if each.points > 0]

    @property
    def summary(self) -> str:
        """Say in words how the fleet fared."""
        if not self.changed:
            return ngettext(
                "Nothing changed at %(total)d store.",
                "Nothing changed at %(total)d stores.",
                self.total,
            ) % {"total": self.total}
        head = ngettext(
            "%(count)d of %(total)d stores changed",
            "%(count)d of %(total)d stores changed",
            len(self.changed),
        ) % {"count": len(self.changed), "total": self.total}
        told = [words for words in (self._fallen(), self._risen()) if words]
        if not told:
            return gettext("%(changed)s, none in the end.") % {"changed": head}
        return f"{head}: {'; '.join(told)}."

    def _fallen(self) -> str:
        if not self.fallen:
            return ""
        parts = {
            "count": len(self.fallen),
            "points": -sum(each.points for each in self.fallen),
            "cause": worst_cause(self.fallen),
        }
        words = ngettext(
            "%(count)d fell by %(points)d points, most by %(cause)s",
            "%(count)d fell by %(points)d points in all, most by %(cause)s",
            len(self.fallen),
        )
        return words % parts

    def _risen(self) -> str:
        if not self.risen:
            return ""
        words = ngettext(
            "%(count)d rose by %(points)d points",
            "%(count)d rose by %(points)d points in all",
            len(self.risen),
        )
        return words % {
            "count": len(self.risen),
            "points": sum(each.points for each in self.risen),
        }


def worst_cause(changes: Sequence[Change]) -> str:
    """Return the cause to which most of the lost points go."""
    lost: Counter[str] = Counter()
    for each in changes:
        lost[each.cause] -= each.points
    return lost.most_common(1)[0][0]


def changes_of(stores: Sequence[Store], *, since: datetime, at: datetime) -> Changes:
    """Return what changed at ``stores`` in ``(since, at]``; a fixed number of queries.

    Before is what was known then, so that what was recorded since of earlier days is told too.
    Only stores of which something began, ended or was recorded are swept; one that we did not
    have yet is no change.
    """
    older = [store for store in stores if store.created_at <= since]
    moved = may_have_moved(older, since=since, at=at)
    if not moved:
        return Changes(since, at, len(stores), ())
    rows = rows_of(moved, at=at)
    before = _options(since)
    ways = (change_of(rows[store.pk], since=since, options_before=before) for store in moved)
    changed = [each for each in ways if each.fall.bars]
    changed.sort(key=lambda each: (each.points, each.store.name.lower()))
    return Changes(since, at, len(stores), tuple(changed))


def whys_of(store_ids: Sequence[UUID], *, at: datetime) -> dict[UUID, str]:
    """Return by store why it changed since yesterday, for those whose current answer says so.

    At most ``_MOST_TOLD`` of them, the largest changes first: a page of 500 stores asks for it.
    """
    rated = StoreRating.objects.filter(store__in=store_ids, rating__isnull=False)
    moved = rated.exclude(day_ago=None).exclude(day_ago=F("rating"))
    largest = moved.order_by(Abs(F("rating") - F("day_ago")).desc(), "store")[:_MOST_TOLD]
    stores = [row.store for row in largest.select_related("store")]
    if not stores:
        return {}
    since = at - timedelta(days=1)
    rows = rows_of(stores, at=at)
    before = _options(since)
    ways = (change_of(each, since=since, options_before=before) for each in rows.values())
    return {each.store.pk: each.why for each in ways}


def change_of(rows: Rows, *, since: datetime, options_before: Options) -> Change:
    way = fall_of(rows, start=since, end=rows.at, options_before=options_before)
    return Change(rows, way)


def _options(known_at: datetime) -> Options:
    return Options(switched_on=switched_on(known_at=known_at))
