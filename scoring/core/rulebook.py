"""Rulebooks as values: what a policy says, where each figure comes from, and since when.

``loading`` reads them from YAML; the sweep asks a ``Library``, all books of one kind of store.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import zip_longest
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from scoring.core.resets import ResetRule, first_reset, local_midnight
from scoring.core.values import (
    DAY,
    BandCode,
    ExpiryRule,
    Measure,
    PointsRange,
)


class RulebookError(ValueError):
    """A rulebook that cannot be used; the text names file and line."""

    def __init__(self, why: str, file: str, line: int) -> None:
        """Keep the parts of the text too, for whoever lists many."""
        super().__init__(f"{file}:{line}: {why}")
        self.why = why
        self.file = file
        self.line = line


class Trust(StrEnum):
    """How sure a figure is, best first."""

    OFFICIAL = "O"  # an official page or document
    QUOTED = "O*"  # an official page as quoted by a third party
    STARTING = "S"  # one of the two articles that the project started from
    THIRD_PARTY = "T"  # a third party alone: shown, in the sum only when switched on


class SellerType(StrEnum):
    LOCAL = "local"
    CROSS_BORDER = "cross_border"


class Status(StrEnum):
    ACTIVE = "active"
    PREVIEW = "preview"  # announced or on trial: shown, never in force


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a book with where it comes from; several sources: the best one's trust.

    ``date`` is the source's own, to the day or the month; None where it bears none.
    """

    value: int
    source: str
    date: str | None
    trust: Trust


@dataclass(frozen=True, slots=True)
class Band:
    """A band from ``at`` on upwards, until the next band's ``at``.

    It is of the rating, or of the points deducted in a book without ``start``.
    """

    code: BandCode
    at: Figure
    label: str
    label_zh: str


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the marketplace does at a milestone; ``kind`` is an enforcement's kind.

    ``days`` None and not ``permanent``: nobody states how long.
    """

    kind: str
    days: Figure | None
    permanent: bool
    label: str
    label_zh: str
    source: str
    date: str | None
    trust: Trust


@dataclass(frozen=True, slots=True)
class Milestone:
    code: str
    measure: Measure
    at: Figure
    actions: tuple[Action, ...]

    @property
    def key(self) -> tuple[str, Measure]:
        """What makes it the same milestone in another book."""
        return self.code, self.measure

    @property
    def duration(self) -> timedelta | None:
        """The longest stated length among its actions; None where one is for good or unstated."""
        days = [action.days.value for action in self.actions if action.days is not None]
        if not days or len(days) < len(self.actions):
            return None
        return max(days) * DAY


@dataclass(frozen=True, slots=True)
class ViolationRule:
    """A reason for which points are taken; ``points`` None where no source states any."""

    code: str
    label: str
    label_zh: str
    group: str
    points: PointsRange | None
    source: str
    date: str | None
    trust: Trust

    @property
    def exact(self) -> int | None:
        """The signed points, where the book leaves the marketplace no choice."""
        if self.points is None or self.points.low != self.points.high:
            return None
        return -self.points.low

    @property
    def estimate(self) -> PointsRange | None:
        """The range to estimate from, where the book gives one."""
        return None if self.exact is not None else self.points

    def fits(self, points: int) -> bool:
        """Tell whether signed ``points`` are what the book leads one to expect."""
        return self.points is None or self.points.low <= -points <= self.points.high


class Comparator(StrEnum):
    """How a measured value must stand to its target for the target to be met."""

    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="


class TargetUnit(StrEnum):
    PERCENT = "percent"  # 0 to 100
    COUNT = "count"
    DAYS = "days"
    HOURS = "hours"
    STARS = "stars"  # buyers' ratings, 1 to 5


@dataclass(frozen=True, slots=True)
class Target:
    """What the marketplace wants a performance metric to be; it moves no points by itself."""

    metric: str
    label: str
    label_zh: str
    comparator: Comparator
    value: Decimal
    unit: TargetUnit
    source: str
    date: str | None
    trust: Trust


@dataclass(frozen=True, slots=True)
class AppealClock:
    """How often one may appeal, and how many days one has: after the notice, after a refusal."""

    attempts: Figure
    first_days: Figure
    next_days: Figure


@dataclass(frozen=True, slots=True)
class OrderBonus:
    """Points for completed orders: ``points`` per ``per_orders``, at most ``cap`` (per award).

    ``weekly_award`` is written as an entry per week; ``rolling_count`` is a function of the
    orders completed within the window and has no entry.
    """

    mode: Literal["weekly_award", "rolling_count"]
    points: Figure
    per_orders: Figure
    cap: Figure | None

    def points_for(self, orders: int) -> int:
        earned = self.points.value * (orders // self.per_orders.value)
        return earned if self.cap is None else min(earned, self.cap.value)


@dataclass(frozen=True, slots=True)
class ClosingCondition:
    """The store is closed while the rating is ``at`` or less, or the points deducted or more."""

    measure: Measure
    at: Figure


@dataclass(frozen=True, slots=True)
class Reset:
    """A day on which all points go, where points have no window of their own."""

    rule: ResetRule
    source: str
    date: str | None
    trust: Trust


@dataclass(frozen=True)
class Rulebook:
    """The policy of one marketplace for one kind of seller in one market, from one day on.

    What is None or empty is not known, and is never guessed.
    """

    name: str  # "tiktok_shop/US/local/2025-10-14"
    file: str
    title: str
    marketplace: str
    market: str
    seller_type: SellerType
    zone: ZoneInfo
    effective_from: datetime
    known_from: datetime
    status: Status
    start: Figure | None
    floor: Figure | None
    ceiling: Figure | None
    window_days: Figure | None
    resets: Reset | None
    tolerance_figure: Figure | None
    warning_distance: Figure | None
    carries_over: bool
    bands: tuple[Band, ...]  # by ``at``, lowest first
    milestones: tuple[Milestone, ...]
    closing: tuple[ClosingCondition, ...]
    violations: tuple[ViolationRule, ...]
    appeals: AppealClock | None
    order_bonus: OrderBonus | None
    notes: tuple[str, ...]
    targets: tuple[Target, ...] = ()
    line: int = field(default=1, compare=False)  # of ``file``, where it names this kind of store

    @property
    def tolerance(self) -> int:
        """How far a platform rating may be from ours and still confirm it, in points."""
        return self.tolerance_figure.value if self.tolerance_figure else 0

    @cached_property
    def window(self) -> timedelta | None:
        return self.window_days.value * DAY if self.window_days else None

    def clamp(self, raw: int) -> int | None:
        """Return the rating that ``raw`` shows as; None where this book has no rating."""
        if self.start is None or self.floor is None or self.ceiling is None:
            return None
        if raw < self.floor.value:
            return self.floor.value
        return min(raw, self.ceiling.value)

    def band_of(self, rating: int | None, points_deducted: int) -> Band | None:
        """Return the band of an open store; None where the book has no bands."""
        value = points_deducted if self.start is None or rating is None else rating
        for band in reversed(self.bands):
            if band.at.value <= value:
                return band
        return None

    def band(self, code: BandCode) -> Band | None:
        return next((band for band in self.bands if band.code is code), None)

    def milestone(self, code: str) -> Milestone | None:
        return next((each for each in self.milestones if each.code == code), None)

    def violation(self, code: str) -> ViolationRule | None:
        return next((rule for rule in self.violations if rule.code == code), None)

    @property
    def third_party(self) -> frozenset[str]:
        """Names of what rests on third parties alone and would enter the sum if switched on."""
        return frozenset(name for name, trust in self._summed() if trust is Trust.THIRD_PARTY)

    def _summed(self) -> Iterable[tuple[str, Trust]]:
        """Name what enters the sum, or decides what fires and closes, with its trust."""
        named = {
            "start": self.start,
            "floor": self.floor,
            "ceiling": self.ceiling,
            "window_days": self.window_days,
            "resets": self.resets,
        }
        yield from ((name, each.trust) for name, each in named.items() if each is not None)
        if self.order_bonus is not None:
            bonus = self.order_bonus
            parts = [bonus.points, bonus.per_orders] + ([bonus.cap] if bonus.cap else [])
            third = any(part.trust is Trust.THIRD_PARTY for part in parts)
            yield "order_bonus", Trust.THIRD_PARTY if third else bonus.points.trust
        yield from ((f"milestone.{each.code}", each.at.trust) for each in self.milestones)
        yield from ((f"closing.{each.measure}", each.at.trust) for each in self.closing)
        yield from (
            (f"rule.{rule.code}", rule.trust) for rule in self.violations if rule.points is not None
        )

    def qualified(self, figure: str) -> str:
        """Return a figure's name among all books': the same figure of two books is two."""
        return f"{self.name}:{figure}"

    def settled(self, switched_on: frozenset[str] = frozenset()) -> "Rulebook":
        """Return this book without the third-party figures that are not switched on.

        A name in ``switched_on`` is that of a figure in every book, or, ``qualified``, in one.
        """
        off = {
            figure
            for figure in self.third_party - switched_on
            if self.qualified(figure) not in switched_on
        }
        if not off:
            return self
        has_rating = off.isdisjoint({"start", "floor", "ceiling"})
        return replace(
            self,
            start=self.start if has_rating else None,
            floor=self.floor if has_rating else None,
            ceiling=self.ceiling if has_rating else None,
            window_days=None if "window_days" in off else self.window_days,
            resets=None if "resets" in off else self.resets,
            order_bonus=None if "order_bonus" in off else self.order_bonus,
            # Without its scale a book has no rating, and nothing that is measured on it.
            bands=self.bands if has_rating else (),
            milestones=tuple(
                each
                for each in self.milestones
                if f"milestone.{each.code}" not in off
                and (has_rating or each.measure is not Measure.RATING)
            ),
            closing=tuple(
                each
                for each in self.closing
                if f"closing.{each.measure}" not in off
                and (has_rating or each.measure is not Measure.RATING)
            ),
            violations=tuple(
                replace(rule, points=None) if f"rule.{rule.code}" in off else rule
                for rule in self.violations
            ),
        )

    def week_ended_by(self, at: datetime) -> tuple[datetime, datetime]:
        """Return the newest whole week before or at ``at``: Monday 00:00 to Monday 00:00, local."""
        local = at.astimezone(self.zone)
        monday = local.date() - timedelta(days=local.weekday())
        return (
            local_midnight(monday - timedelta(days=7), self.zone),
            local_midnight(monday, self.zone),
        )


class ExpiresAt(NamedTuple):
    """When an entry expires (None: never), and what says so."""

    instant: datetime | None
    by: ExpiryRule


class Library:
    """All books of one marketplace, market and seller type, previews included.

    Raises:
        RulebookError: if two books start at the same instant, or are of different kinds of store.
    """

    def __init__(self, books: Iterable[Rulebook] = ()) -> None:
        """Sort the books by their start."""
        self.books = tuple(sorted(books, key=lambda book: book.effective_from))
        for older, newer in zip(self.books, self.books[1:], strict=False):
            if older.effective_from == newer.effective_from:
                why = f"{newer.name} starts at the same instant as {older.file}:{older.line}"
                raise RulebookError(why, newer.file, newer.line)
            if kind_of(older) != kind_of(newer):
                why = f"{newer.name} does not belong to {older.name}"
                raise RulebookError(why, newer.file, newer.line)

    def known(
        self, known_at: datetime, switched_on: frozenset[str] = frozenset()
    ) -> tuple[Rulebook, ...]:
        """Return the books that count, as known at ``known_at``, settled, oldest first."""
        return tuple(
            book.settled(switched_on)
            for book in self.books
            if book.known_from <= known_at and book.status is Status.ACTIVE
        )

    def in_force(self, at: datetime, known_at: datetime) -> Rulebook | None:
        """Return the book in force at ``at``, with all its figures; None before the first."""
        return book_at(
            [b for b in self.books if b.known_from <= known_at and b.status is Status.ACTIVE], at
        )

    def expiry(
        self, occurred_at: datetime, known_at: datetime, switched_on: frozenset[str] = frozenset()
    ) -> datetime | None:
        """Return when an entry of ``occurred_at`` expires that no notice dates; None: never."""
        return expiry_by_book(self.known(known_at, switched_on), occurred_at).instant


def kind_of(book: Rulebook) -> tuple[str, str, SellerType]:
    """Return the kind of store that ``book`` is for: marketplace, market, seller type."""
    return book.marketplace, book.market, book.seller_type


def book_at(books: Sequence[Rulebook], at: datetime) -> Rulebook | None:
    """Return the newest of ``books`` (oldest first) begun by ``at``."""
    index = bisect_right(books, at, key=lambda book: book.effective_from)
    return books[index - 1] if index else None


def with_successors(books: Sequence[Rulebook]) -> Iterable[tuple[Rulebook, Rulebook | None]]:
    """Go through ``books`` (oldest first), each with the one that ends it."""
    return zip_longest(books, books[1:])


def expiry_by_book(books: Sequence[Rulebook], occurred_at: datetime) -> ExpiresAt:
    """Return when an entry expires by ``books`` (oldest first) alone.

    An entry from before the first book has that book's window. Without a window it is the first
    reset after it, by the book in force on that reset's day.
    """
    if not books:
        return ExpiresAt(None, "never")
    own = book_at(books, occurred_at) or books[0]
    if own.window is not None:
        # In UTC, because n days are n x 24 h also where a zone changes its clocks.
        return ExpiresAt(occurred_at.astimezone(UTC) + own.window, "window")
    if own.resets is not None:
        for book, successor in with_successors(books):
            if book.resets is None or (successor and successor.effective_from <= occurred_at):
                continue
            reset = first_reset(
                book.resets.rule, book.zone, after=occurred_at, since=book.effective_from
            )
            if successor is None or reset < successor.effective_from:
                return ExpiresAt(reset, "reset")
    return ExpiresAt(None, "never")
