"""Short ways to write books and ledgers: time is in days since ``EPOCH``, points are signed."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scoring.core import rating
from scoring.core.rulebook import (
    Action,
    Band,
    ClosingCondition,
    Figure,
    Library,
    Milestone,
    OrderBonus,
    Reset,
    Rulebook,
    SellerType,
    Status,
    Trust,
)
from scoring.core.values import (
    BY_BOOK,
    Answer,
    BandCode,
    ByBook,
    CountsAs,
    Enforced,
    Entry,
    Kind,
    Ledger,
    Measure,
    Observation,
    Options,
    PointsRange,
    Reason,
)

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
RATING, DEDUCTED = Measure.RATING, Measure.POINTS_DEDUCTED


def day(number: float) -> datetime:
    return EPOCH + timedelta(days=number)


def figure(value: int, trust: Trust = Trust.OFFICIAL) -> Figure:
    return Figure(value, "a page", "2026-01-01", trust)


def milestone(
    code: str, measure: Measure, at: int, *, days: int | None = 7, permanent: bool = False
) -> Milestone:
    lasts = None if days is None else figure(days)
    said = ("a page", "2026-01-01", Trust.OFFICIAL)
    action = Action("listing_limit", lasts, permanent, "No new listings", "不得新增商品", *said)
    return Milestone(code, measure, figure(at), (action,))


BANDS = (
    Band(BandCode.CLOSED, figure(0), "Deactivated", "已停用"),
    Band(BandCode.CRITICAL, figure(1), "Poor", "较差"),
    Band(BandCode.WATCH, figure(100), "Fair", "一般"),
    Band(BandCode.HEALTHY, figure(200), "Excellent", "优秀"),
)
RISING_BANDS = (  # of a book without a rating, whose edges are points deducted
    Band(BandCode.HEALTHY, figure(0), "Good", "好"),
    Band(BandCode.WATCH, figure(1), "Tier 1", "一级"),
    Band(BandCode.CRITICAL, figure(6), "Tier 2", "二级"),
)
FALLING = (
    milestone("r150", RATING, 150, days=7),
    milestone("r100", RATING, 100, days=14),
    milestone("r50", RATING, 50, days=28),
)
RISING = (
    milestone("d12", DEDUCTED, 12, days=7),
    milestone("d24", DEDUCTED, 24, days=14),
    milestone("d36", DEDUCTED, 36, days=28),
)


def make_book(  # the defaults are a book without closing conditions, window 10 days, from long ago
    start: int | None = 200,
    *,
    since: datetime = EPOCH - timedelta(days=1000),
    window: int | None = 10,
    closing: Mapping[Measure, int] | None = None,
    bonus: tuple[int, int, int | None] | None = None,
    warning: int | None = None,
    milestones: Iterable[Milestone] = (),
    **changes: Any,
) -> Rulebook:
    values: dict[str, Any] = {
        "name": f"book of {since:%Y-%m-%d}",
        "file": f"{since:%Y-%m-%d}.yaml",
        "title": "A policy",
        "marketplace": "tiktok_shop",
        "market": "US",
        "seller_type": SellerType.LOCAL,
        "zone": ZoneInfo("America/Los_Angeles"),
        "effective_from": since,
        "known_from": since,
        "status": Status.ACTIVE,
        "start": None if start is None else figure(start),
        "floor": None if start is None else figure(0),
        "ceiling": None if start is None else figure(1000),
        "window_days": None if window is None else figure(window),
        "resets": None,
        "tolerance_figure": None,
        "warning_distance": None if warning is None else figure(warning),
        "carries_over": True,
        "bands": BANDS if start is not None else (),
        "milestones": tuple(milestones),
        "closing": tuple(
            ClosingCondition(measure, figure(at)) for measure, at in (closing or {}).items()
        ),
        "violations": (),
        "appeals": None,
        "order_bonus": None
        if bonus is None
        else OrderBonus(
            "rolling_count",
            figure(bonus[0]),
            figure(bonus[1]),
            None if bonus[2] is None else figure(bonus[2]),
        ),
        "notes": (),
    }
    return Rulebook(**(values | changes))


def make_reset(rule: Any, trust: Trust = Trust.OFFICIAL) -> Reset:
    return Reset(rule, "a page", "2026-01-01", trust)


def deduction(
    name: str,
    points: int,
    at: float,
    *,
    until: float | ByBook | None = BY_BOOK,
    known: float | None = None,
    estimate: tuple[int, int] | None = None,
) -> Entry:
    return _entry(
        name, Kind.DEDUCTION, points, at, until, known, estimate and PointsRange(*estimate)
    )


def bonus(
    name: str,
    points: int,
    at: float,
    *,
    until: float | ByBook | None = BY_BOOK,
    known: float | None = None,
) -> Entry:
    return _entry(name, Kind.BONUS, points, at, until, known, None)


def _entry(
    name: str,
    kind: Kind,
    points: int,
    at: float,
    until: float | ByBook | None,
    known: float | None,
    estimate: PointsRange | None,
) -> Entry:
    return Entry(
        id=name,
        kind=kind,
        points=points,
        occurred_at=day(at),
        recorded_at=day(at if known is None else known),
        expires_at=day(until) if isinstance(until, int | float) else until,
        estimate=estimate,
    )


def reversal(
    name: str,
    of: str,
    points: int,
    at: float,
    *,
    reason: Reason = Reason.GRANTED,
    known: float | None = None,
) -> Entry:
    recorded = day(at if known is None else known)
    return Entry(name, Kind.REVERSAL, points, day(at), recorded, None, reverses=of, reason=reason)


def adjustment(
    name: str,
    points: int,
    at: float,
    counts_as: CountsAs,
    *,
    until: float | ByBook | None = BY_BOOK,
) -> Entry:
    expires_at = day(until) if isinstance(until, int | float) else until
    return Entry(name, Kind.ADJUSTMENT, points, day(at), day(at), expires_at, counts_as=counts_as)


def observed(
    value: int, at: float, measure: Measure = RATING, *, name: str = "o", known: float | None = None
) -> Observation:
    return Observation(name, value, measure, day(at), day(at if known is None else known))


def shut(since: float, until: float | None, *, known: float | None = None) -> Enforced:
    ends_at = None if until is None else day(until)
    return Enforced("closed", day(since), ends_at, day(since if known is None else known))


def ask(
    ledger: Ledger,
    at: float,
    *books: Rulebook,
    known: float = 10_000,
    switched_on: Iterable[str] = (),
    alive: float | None = None,
) -> Answer:
    """Return the answer at day ``at``, known now unless ``known`` says otherwise."""
    options = Options(frozenset(switched_on), None if alive is None else day(alive))
    return rating.evaluate(ledger, Library(books or [make_book()]), day(at), day(known), options)
