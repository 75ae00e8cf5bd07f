"""What a notice can say: one class a kind of finding, and why a notice waits for a person."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

MAX_READ = 20_000  # characters; no notice is as long
MAX_POINTS = 200  # a deduction beyond the whole starting rating is a misreading
MAX_RATING = 1000
MAX_DAYS = 180
FARTHEST_BACK = timedelta(days=730)
FARTHEST_AHEAD = timedelta(days=400)
CLOCK_SLACK = timedelta(days=1)
OTHER_RULE = "other"


class Why(StrEnum):
    """Why a notice waits for a person; words for them are in ``words.py``."""

    UNRECOGNISED = "unrecognised"
    OTHER_KIND = "other_kind"
    DAMAGED = "damaged"
    TOO_LONG = "too_long"
    CONTRADICTORY = "contradictory"
    PARTS_DIFFER = "parts_differ"
    NUMBER_DOUBTFUL = "number_doubtful"
    DATE_UNCLEAR = "date_unclear"
    DATE_IMPLAUSIBLE = "date_implausible"
    STATE_UNCLEAR = "state_unclear"
    REFERENCE_MISSING = "reference_missing"
    OUTCOME_UNCLEAR = "outcome_unclear"


@dataclass(frozen=True)
class StoreHint:
    """What the notice calls the store; empty where it does not say."""

    name: str = ""
    code: str = ""


@dataclass(frozen=True)
class ShopsNamed:
    """The shops that a notice names.

    ``names`` and ``codes`` are what it labels so. ``spoken_of`` are the words that begin with the
    name of the shop that is greeted or spoken of: where the name ends only who knows it can tell.
    """

    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    spoken_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class ViolationFinding:
    """A violation. Points are signed (<= 0); the range's ends are positive, low first.

    ``problems`` names what was assumed, as ``code`` or ``code:field``. ``rule`` is a rulebook's
    code or "other". Times are UTC; a deadline given as a day ends where that day ends.
    """

    reference: str | None
    rule_text: str
    rule: str
    subject: str
    points: int | None
    points_range: tuple[int, int] | None
    state: Literal["pending", "enforced"]
    reported_at: datetime
    enforced_at: datetime | None
    correct_by: datetime | None
    appeal_by: datetime | None
    expires_at: datetime | None
    store: StoreHint
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class RatingFinding:
    """The platform rating as the notice states it, in points."""

    value: int
    measure: Literal["rating", "points_deducted"]
    observed_at: datetime
    store: StoreHint
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class CountFinding:
    """How many of something the notice counts; it is shown, and nothing hangs on it."""

    what: Literal["open_violations"]
    value: int


@dataclass(frozen=True)
class AppealFinding:
    """The outcome of an appeal; ``reference`` is the violation's."""

    reference: str
    outcome: Literal["granted", "refused"]
    decided_at: datetime
    points_restored: int | None
    store: StoreHint
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class CorrectionFinding:
    """What became of a correction; ``reference`` is the violation's."""

    reference: str
    outcome: Literal["accepted", "rejected"]
    decided_at: datetime
    points_restored: int | None
    store: StoreHint
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """One enforcement: an ``Enforcement`` kind and its time; ``ends_at`` None: no end is told."""

    kind: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class MilestoneFinding:
    """A milestone that was reached, and what the marketplace does about it.

    One that only comes near has no enforcements.

    ``value`` is the rating or the points deducted at which it stands, None where that is not said.
    """

    enforcements: tuple[Told, ...]
    value: int | None
    reference: str
    store: StoreHint
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class InactivityFinding:
    """For how many days the marketplace saw no activity, as of ``measured_at``."""

    days: int
    measured_at: datetime
    store: StoreHint
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class BalanceFinding:
    """What stands on the store's account, below zero; ``currency`` is ISO 4217, "" if not told.

    "$" is "$": which dollar only the store's market tells.
    """

    amount: Decimal
    currency: str
    measured_at: datetime
    store: StoreHint
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewsFinding:
    """Word to everybody about policies; there is nothing to do by itself."""

    title: str


@dataclass(frozen=True)
class EnforcementHint:
    """What a person may start from who records an enforcement that a notice tells of."""

    kinds: tuple[str, ...]  # an enforcement's, in the order in which the notice tells of them
    starts_at: datetime | None
    ends_at: datetime | None
    reference: str


@dataclass(frozen=True)
class Triage:
    """Nothing to act on by itself: a person reads it.

    ``about`` names the field, or with ``Why.OTHER_KIND`` the kind; ``kind`` is the kind of notice
    where that much is sure.
    """

    reason: Why
    about: str = ""
    kind: str = field(default="", compare=False)


Finding = (
    ViolationFinding
    | RatingFinding
    | CountFinding
    | AppealFinding
    | CorrectionFinding
    | MilestoneFinding
    | InactivityFinding
    | BalanceFinding
    | NewsFinding
    | Triage
)


class Doubt(Exception):
    """What stops a reading: the notice goes to a person."""

    def __init__(self, reason: Why, about: str = "", kind: str = "") -> None:
        super().__init__(reason, about)
        self.reason, self.about, self.kind = reason, about, kind
