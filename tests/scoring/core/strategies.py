"""Ledgers and shelves of books for property tests, on a coarse grid so that ties are the rule."""

from datetime import timedelta

from hypothesis import strategies as st

from scoring.core.rulebook import Rulebook
from scoring.core.values import (
    BY_BOOK,
    ByBook,
    Completion,
    CountsAs,
    Enforced,
    Entry,
    Kind,
    Ledger,
    Measure,
    Observation,
    PointsRange,
    Reason,
)
from tests.scoring.core.making import DEDUCTED, FALLING, RATING, RISING, day, make_book

DAYS = st.integers(0, 30)
LAST = 60  # a day after which nothing happens any more


@st.composite
def shelves(draw: st.DrawFn, *, closing: bool = True) -> list[Rulebook]:
    """One to three books; each may close stores, wipe, award, or have no rating at all."""
    starts = sorted(draw(st.sets(st.sampled_from([-40, 0, 8, 15, 22]), min_size=1, max_size=3)))
    books = []
    for number in starts:
        has_rating = draw(st.integers(0, 4)) > 0
        conditions: dict[Measure, int] = {}
        if closing and draw(st.booleans()):
            conditions[DEDUCTED] = 48
        if closing and has_rating and draw(st.booleans()):
            conditions[RATING] = 160
        books.append(
            make_book(
                200 if has_rating else None,
                since=day(number),
                known_from=day(number + draw(st.sampled_from([0, 0, 5]))),
                window=draw(st.sampled_from([10, 10, 7, None])),
                carries_over=draw(st.integers(0, 3)) > 0,
                closing=conditions,
                bonus=draw(st.sampled_from([None, None, (4, 2, None), (3, 1, 9)])),
                warning=draw(st.sampled_from([None, 5])),
                milestones=[*(FALLING if has_rating else ()), *RISING],
            )
        )
    return books


@st.composite
def entries(draw: st.DrawFn, *, known_late: bool = True) -> list[Entry]:
    """Some entries of every kind, with reversals that fit them."""
    rows: list[Entry] = []
    for number in range(draw(st.integers(0, 7))):
        name, at = f"e{number}", draw(DAYS)
        kind = draw(st.sampled_from([Kind.DEDUCTION] * 4 + [Kind.BONUS, Kind.ADJUSTMENT]))
        estimate = None
        if kind is Kind.DEDUCTION:
            points = -draw(st.sampled_from([0, 2, 6, 12, 25, 48, 60]))
            if draw(st.integers(0, 4)) == 0:
                low = draw(st.integers(0, 20))
                estimate = PointsRange(low, low + draw(st.integers(1, 28)))
                points = estimate.estimate
        elif kind is Kind.BONUS:
            points = draw(st.integers(0, 30))
        else:
            points = draw(st.integers(-30, 30))
        late = draw(st.sampled_from([0, 0, 3, 12])) if known_late else 0
        expires = draw(st.sampled_from([BY_BOOK, BY_BOOK, BY_BOOK, "stated", "past", None]))
        expires_at = (
            expires
            if expires is None or isinstance(expires, ByBook)
            else day(at + draw(st.integers(1, 12)) * (1 if expires == "stated" else -1))
        )
        rows.append(
            Entry(
                id=name,
                kind=kind,
                points=points,
                occurred_at=day(at),
                recorded_at=day(at + late),
                expires_at=expires_at,
                counts_as=draw(st.sampled_from(CountsAs)) if kind is Kind.ADJUSTMENT else None,
                estimate=estimate,
            )
        )
        if kind in {Kind.DEDUCTION, Kind.BONUS} and points and draw(st.booleans()):
            rows.extend(draw(reversals_of(rows[-1], at, late)))
    return rows


@st.composite
def reversals_of(draw: st.DrawFn, entry: Entry, at: int, late: int) -> list[Entry]:
    """One or two reversals that together take back no more than is there."""
    whole = -entry.points
    first = whole if draw(st.booleans()) else whole // 2
    parts = [first] if draw(st.booleans()) else [first, whole - first]
    rows = []
    for number, points in enumerate(parts):
        reason = draw(st.sampled_from(Reason))
        when = at if reason is Reason.MISTAKE else at + draw(st.integers(0, 14))
        rows.append(
            Entry(
                id=f"{entry.id}r{number}",
                kind=Kind.REVERSAL,
                points=points,
                occurred_at=day(when),
                recorded_at=day(max(when, at + late) + draw(st.sampled_from([0, 2]))),
                expires_at=None,
                reverses=entry.id,
                reason=reason,
            )
        )
    return rows


@st.composite
def closings_(draw: st.DrawFn) -> Enforced:
    start = draw(DAYS)
    length = draw(st.one_of(st.none(), st.integers(0, 9)))
    ends_at = None if length is None else day(start + length)
    recorded = start + draw(st.sampled_from([0, 5]))
    withdrawn = draw(st.sampled_from([None, None, recorded + 3]))
    return Enforced(
        "closed",
        day(start),
        ends_at,
        day(recorded),
        withdrawn_at=None if withdrawn is None else day(withdrawn),
    )


@st.composite
def completions_(draw: st.DrawFn) -> Completion:
    number = draw(DAYS)
    return Completion(day(number), day(number + draw(st.sampled_from([0, 1, 6]))))


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    observations = [
        Observation(
            id=f"o{number}",
            value=draw(st.integers(0, 60)),
            measure=DEDUCTED,
            observed_at=(at := day(draw(DAYS))),
            recorded_at=at + timedelta(days=draw(st.sampled_from([0, 4]))),
        )
        if draw(st.booleans())
        else Observation(
            id=f"o{number}",
            value=draw(st.integers(90, 260)),
            measure=RATING,
            observed_at=(at := day(draw(DAYS))),
            recorded_at=at,
        )
        for number in range(draw(st.integers(0, 2)))
    ]
    closings = [draw(closings_()) for _ in range(draw(st.integers(0, 2)))]
    completions = [draw(completions_()) for _ in range(draw(st.integers(0, 6)))]
    return Ledger(
        entries=tuple(draw(entries())),
        observations=tuple(observations),
        enforcements=tuple(closings),
        completions=tuple(completions),
    )
