"""What goes into the scoring core and what comes out: plain, frozen values.

All instants are aware datetimes, all periods half-open, *n days* are n x 24 h. Points are signed
whole units. Ids are text and compare as text (UUIDv7 sorts by time).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Literal, NamedTuple

DAY = timedelta(days=1)


class LedgerError(ValueError):
    """Rows that contradict each other, which the database should never have let in."""


class Kind(StrEnum):
    DEDUCTION = "deduction"
    BONUS = "bonus"
    REVERSAL = "reversal"
    ADJUSTMENT = "adjustment"


class CountsAs(StrEnum):
    DEDUCTION = "deduction"
    BONUS = "bonus"
    NONE = "none"


class Reason(StrEnum):
    """Why an entry was reversed; a ``MISTAKE`` is ours and is dated at the entry's own time."""

    GRANTED = "granted"
    CORRECTED = "corrected"
    MARKETPLACE = "marketplace"
    MISTAKE = "mistake"


class Measure(StrEnum):
    RATING = "rating"
    POINTS_DEDUCTED = "points_deducted"


class BandCode(StrEnum):
    HEALTHY = "healthy"
    WATCH = "watch"
    CRITICAL = "critical"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Standing(StrEnum):
    """How far a rating can be trusted; only ``COMPUTED`` and ``CONFIRMED`` may be green."""

    UNKNOWN = "unknown"
    STALE = "stale"
    INCOMPLETE = "incomplete"
    CONFIRMED = "confirmed"
    COMPUTED = "computed"


class ByBook(Enum):
    """An expiry that no notice states, so that the rulebooks known at the time decide it."""

    BY_BOOK = "by_book"


BY_BOOK = ByBook.BY_BOOK
Expires = datetime | None | ByBook  # None: never


class PointsRange(NamedTuple):
    """The least and the most points that a rule takes, as positive numbers."""

    low: int
    high: int

    @property
    def estimate(self) -> int:
        """The signed points of an entry whose notice states none: the middle, rounded up."""
        return -((self.low + self.high + 1) // 2)


# --- what goes in -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One immutable row of a store's ledger.

    ``points`` are <= 0 for a deduction (0 is a warning), >= 0 for a bonus, of the opposite sign of
    its target for a reversal, of any sign for an adjustment. ``expires_at`` means nothing on a
    reversal, which ends with its target. ``estimate`` is the book's range where the notice stated
    no points; then ``points == estimate.estimate``.
    """

    id: str
    kind: Kind
    points: int
    occurred_at: datetime
    recorded_at: datetime
    expires_at: Expires = BY_BOOK
    counts_as: CountsAs | None = None  # adjustments only
    reverses: str | None = None  # reversals only: the id of a deduction or bonus
    reason: Reason | None = None  # reversals only
    estimate: PointsRange | None = None  # deductions only


@dataclass(frozen=True, slots=True)
class Observation:
    """One platform rating: what the marketplace itself showed at ``observed_at``."""

    id: str
    value: int
    measure: Measure
    observed_at: datetime
    recorded_at: datetime
    # Not compared, so that an answer of the past does not change by what is withdrawn later.
    withdrawn_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Enforced:
    """An enforcement as the marketplace told it; one of kind ``closed`` is its own closing.

    What is told anew later withdraws this one at that moment.
    """

    kind: str
    starts_at: datetime
    ends_at: datetime | None
    recorded_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PeriodEnd:
    """Word about all that a milestone started.

    From the marketplace it replaces the end that we expect; from a milestone quiz it can only
    bring the end forward. It concerns the milestone's newest period begun by ``said_at``.
    """

    milestone: str
    said_at: datetime
    ends_at: datetime
    recorded_at: datetime
    by: Literal["marketplace", "quiz"] = "marketplace"


@dataclass(frozen=True, slots=True)
class Completion:
    """One order completed, for books whose bonus is a rolling count."""

    completed_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Unstated:
    """A violation in force whose points neither notice nor book tells: ``points unknown``.

    The rating is ``incomplete`` from ``occurred_at`` until it expires, or until its points became
    known to us at ``settled_at``.
    """

    id: str
    occurred_at: datetime
    recorded_at: datetime
    expires_at: Expires = BY_BOOK
    settled_at: datetime | None = None


def is_known(row: Observation | Enforced, known_at: datetime) -> bool:
    """Tell whether ``row`` was recorded, and not yet withdrawn, at ``known_at``."""
    is_withdrawn = row.withdrawn_at is not None and row.withdrawn_at <= known_at
    return row.recorded_at <= known_at and not is_withdrawn


@dataclass(frozen=True)
class Ledger:
    """All that is recorded about one store that bears on its rating, in any order.

    Raises:
        LedgerError: if rows contradict each other (signs, reversals, repeated ids).
    """

    entries: tuple[Entry, ...] = ()
    observations: tuple[Observation, ...] = ()
    enforcements: tuple[Enforced, ...] = ()
    completions: tuple[Completion, ...] = ()
    unstated: tuple[Unstated, ...] = ()
    period_ends: tuple[PeriodEnd, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what the database's constraints refuse, so that no sweep guesses."""
        by_id: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.id in by_id:
                raise LedgerError(f"Entry {entry.id} is there twice.")
            by_id[entry.id] = entry
            _check_entry(entry)
        taken_back: dict[str, int] = {}
        for entry in self.entries:
            if entry.reverses is not None:
                target = by_id.get(entry.reverses)
                _check_reversal(entry, target)
                taken_back[entry.reverses] = taken_back.get(entry.reverses, 0) + entry.points
        for target_id, points in taken_back.items():
            if abs(points) > abs(by_id[target_id].points):
                raise LedgerError(f"Reversals of {target_id} exceed its points.")

    def plus(self, *entries: Entry) -> "Ledger":
        """Return this ledger with more entries, for a what-if."""
        return replace(self, entries=(*self.entries, *entries))


def _check_entry(entry: Entry) -> None:
    """Refuse an entry that is wrong by itself."""
    wrong_sign = (entry.kind is Kind.DEDUCTION and entry.points > 0) or (
        entry.kind is Kind.BONUS and entry.points < 0
    )
    if wrong_sign:
        raise LedgerError(f"Entry {entry.id}: a {entry.kind} of {entry.points} points.")
    if (entry.kind is Kind.ADJUSTMENT) != (entry.counts_as is not None):
        raise LedgerError(f"Entry {entry.id}: an adjustment, and only it, says what it counts as.")
    if (entry.kind is Kind.REVERSAL) != (entry.reverses is not None):
        raise LedgerError(f"Entry {entry.id}: a reversal, and only it, names what it reverses.")
    if entry.estimate is not None and (
        entry.kind is not Kind.DEDUCTION
        or not 0 <= entry.estimate.low <= -entry.points <= entry.estimate.high
    ):
        raise LedgerError(f"Entry {entry.id}: {entry.points} points do not fit its range.")


def _check_reversal(reversal: Entry, target: Entry | None) -> None:
    """Refuse a reversal that does not fit the entry it names."""
    if target is None or target.kind not in {Kind.DEDUCTION, Kind.BONUS}:
        raise LedgerError(f"Reversal {reversal.id} names no deduction or bonus of this store.")
    if reversal.points * target.points > 0 or (reversal.points and not target.points):
        raise LedgerError(f"Reversal {reversal.id} has not the opposite sign of its entry.")
    if reversal.occurred_at < target.occurred_at:
        raise LedgerError(f"Reversal {reversal.id} is dated before its entry.")
    if reversal.reason is Reason.MISTAKE and reversal.occurred_at != target.occurred_at:
        raise LedgerError(f"Reversal {reversal.id}: a mistake is dated at its entry's own time.")


@dataclass(frozen=True, slots=True)
class Options:
    """What an agency chose and what the caller knows about the store's channels.

    ``switched_on`` names figures of trust T that shall enter the sum (``Rulebook.third_party``).
    ``channels_alive_at`` is when a channel that could bring bad news was last alive.
    """

    switched_on: frozenset[str] = frozenset()
    channels_alive_at: datetime | None = None


# --- what comes out -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opening:
    """What stood there before we knew the store; computed, never a row."""

    observation: str
    points: int
    counts_as: CountsAs
    starts_at: datetime
    expires_at: datetime | None
    active: bool


ExpiryRule = Literal["stated", "window", "reset", "book_change", "never"]


@dataclass(frozen=True, slots=True)
class ActiveEntry:
    """An entry that weighs at the moment asked about.

    ``net`` is what is left after its reversals. ``held``: its expiry has come, but it stays
    because the store is closed.
    """

    id: str
    kind: Kind
    counts_as: CountsAs
    points: int
    net: int
    occurred_at: datetime
    expires_at: datetime | None
    expires_by: ExpiryRule
    held: bool
    reversed_by: tuple[str, ...]
    estimate: PointsRange | None


@dataclass(frozen=True, slots=True)
class MilestoneState:
    """Where a milestone stands; ``distance`` is in points, <= 0 once it is reached.

    ``possible``: reached if estimated points are as many as their middle, not if at their fewest.
    """

    code: str
    measure: Measure
    at: int
    distance: int
    reached: bool
    possible: bool


EventKind = Literal[
    "fired", "passed", "recorded", "rearmed", "warned", "warning_passed", "possible"
]


@dataclass(frozen=True, slots=True)
class MilestoneEvent:
    """What happened to a milestone at one instant; ``value`` is the measure's value then."""

    instant: datetime
    kind: EventKind
    code: str
    measure: Measure
    at: int
    value: int


PeriodEndedBy = Literal["length", "marketplace", "quiz", "reversal"]


@dataclass(frozen=True, slots=True)
class Period:
    """One enforcement that we expect since a milestone fired, ``[starts_at, ends_at)``.

    ``ends_at`` None: for good, or of a length nobody states (``permanent`` tells which).
    ``confirmed``: the marketplace has told of it.
    """

    milestone: str
    action: str
    starts_at: datetime
    ends_at: datetime | None
    ended_by: PeriodEndedBy | None
    permanent: bool
    confirmed: bool = False


CauseKind = Literal[
    "book",
    "ceased",
    "started",
    "reversed",
    "order_bonus",
    "opening",
    "closed",
    "reopened",
    "observed",
]


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for a step: the row or book concerned and the points it moved in the sum.

    ``value`` is the rating with it and those before it, points deducted where there is no rating.
    """

    kind: CauseKind
    subject: str = ""
    points: int = 0
    value: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Step:
    """The state from ``instant`` on, until the next step."""

    instant: datetime
    rating: int | None
    points_deducted: int | None
    band: BandCode
    causes: tuple[Cause, ...]
    events: tuple[MilestoneEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Expiry:
    """Points that will come back (or go, for a bonus) at ``instant`` by expiry alone."""

    instant: datetime
    points: int
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """The newest platform value less ours at its moment.

    ``beyond_since``: the first of the unbroken run of observations beyond tolerance. ``alert``:
    two of them, or one for 24 h.
    """

    observation: str
    measure: Measure
    value: int
    tolerance: int
    beyond_since: datetime | None
    alert: bool


@dataclass(frozen=True)
class Answer:
    """A store's rating at ``at`` by what was known at ``known_at``, and all that explains it.

    ``rating`` and ``raw`` are None without a book, or where the book counts points alone;
    ``points_deducted`` is None without a book. ``estimate_range`` is lowest and highest rating
    (or points deducted, where there is no rating), None without estimates. ``milestone_events``
    and ``periods`` cover the whole time until ``at``. ``next_change_at`` is when this answer
    changes next by what is known, time alone included.
    """

    at: datetime
    known_at: datetime
    rulebook: str | None
    rating: int | None
    raw: int | None
    points_deducted: int | None
    band: BandCode
    label: str
    label_zh: str
    standing: Standing
    closed_since: datetime | None
    closing_possible: bool
    order_bonus: int
    opening: Opening | None
    active: tuple[ActiveEntry, ...]
    milestones: tuple[MilestoneState, ...]
    milestone_events: tuple[MilestoneEvent, ...]
    periods: tuple[Period, ...]
    estimate_range: tuple[int, int] | None
    platform: Observation | None
    drift: Drift | None
    next_expiries: tuple[Expiry, ...]
    next_change_at: datetime | None

    @property
    def firings(self) -> tuple[MilestoneEvent, ...]:
        return tuple(event for event in self.milestone_events if event.kind == "fired")

    @property
    def running_periods(self) -> tuple[Period, ...]:
        """Expected enforcements in force at ``at``."""
        return tuple(
            period for period in self.periods if period.ends_at is None or period.ends_at > self.at
        )
