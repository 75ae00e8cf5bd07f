"""Random fleets, seeded, on a coarse grid so that ties are the rule: books, ledgers and their rows.

Ledgers are made for the core and for the plain model, and written as rows for the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from scoring.core.resets import ResetRule
from scoring.core.rulebook import Library, Rulebook, SellerType
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
    Unstated,
    is_known,
)
from scoring.models import LedgerEntry, PlatformRating, PointsUnknown, ToldEnforcement
from scoring.selectors.fleet_ratings import Kind as KindOfStore
from stores.models import Enforcement, Notice, Order, Store, Violation
from tests.scoring.core.making import (
    BANDS,
    DEDUCTED,
    EPOCH,
    FALLING,
    RATING,
    RISING,
    day,
    make_book,
    make_reset,
)

MARKETPLACE: Final = "tiktok_shop"
SELLER_TYPE: Final = SellerType.LOCAL


@dataclass
class Member:
    """One store of a random fleet: what the core is asked about, and the rows of it."""

    store: Store
    library: Library
    ledger: Ledger
    notices: list[datetime] = field(default_factory=list)

    def alive_at(self, at: datetime, known_at: datetime) -> datetime | None:
        """Return when news of the store last came, as ``selectors.ledgers`` tells it."""
        seen = [
            each.observed_at
            for each in self.ledger.observations
            if is_known(each, known_at) and each.observed_at <= at
        ]
        mail = [each for each in self.notices if each <= min(at, known_at)]
        return max([*seen, *mail], default=None)


@dataclass(frozen=True)
class Clock:
    """Where the grid lies: day numbers become moments ``step`` apart."""

    start: datetime = EPOCH
    step: timedelta = timedelta(days=1)

    def at(self, number: float) -> datetime:
        return self.start + number * self.step


def random_shelf(random: Random, *, rolling: bool = True) -> list[Rulebook]:
    """One to three books; each may close stores, wipe, award, reset, or have no rating at all."""
    starts = sorted(random.sample([-40, 0, 8, 15, 22], random.randint(1, 3)))
    books = []
    for number in starts:
        has_rating = random.randrange(5) > 0
        conditions: dict[Measure, int] = {}
        if random.random() < 0.6:
            conditions[DEDUCTED] = random.choice([30, 48])
        if has_rating and random.random() < 0.5:
            conditions[RATING] = random.choice([0, 120, 160])
        window = random.choice([10, 10, 7, None])
        bonuses = [None, None, (4, 2, None), (3, 1, 9)] if rolling else [None]
        books.append(
            make_book(
                200 if has_rating else None,
                since=day(number),
                known_from=day(number + random.choice([0, 0, 5])),
                window=window,
                resets=None
                if window or random.random() < 0.3
                else make_reset(random.choice(list(ResetRule))),
                zone=ZoneInfo("America/Los_Angeles"),
                carries_over=random.randrange(4) > 0,
                closing=conditions,
                bonus=random.choice(bonuses),
                warning=random.choice([None, 5]),
                tolerance_figure=None,
                bands=BANDS,
                milestones=[*(FALLING if has_rating else ()), *RISING],
            )
        )
    return books


def random_ledger(random: Random, clock: Clock, *, most: int = 9) -> Ledger:
    entries = _entries(random, clock, random.randint(0, most))
    return Ledger(
        entries=tuple(entries),
        observations=tuple(_observations(random, clock)),
        enforcements=tuple(
            _closing(random, clock) for _ in range(random.choice([0, 0, 0, 1, 2, 3]))
        ),
        completions=tuple(_completion(random, clock) for _ in range(random.randint(0, 6))),
        unstated=tuple(_unstated(random, clock) for _ in range(random.choice([0, 0, 0, 1]))),
    )


def _id(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128)))


def _entries(random: Random, clock: Clock, count: int) -> list[Entry]:
    rows: list[Entry] = []
    for _ in range(count):
        at = random.randint(0, 30)
        kind = random.choice([Kind.DEDUCTION] * 4 + [Kind.BONUS, Kind.ADJUSTMENT])
        estimate = None
        if kind is Kind.DEDUCTION:
            points = -random.choice([0, 2, 6, 12, 25, 48, 60, 90])
            if random.randrange(5) == 0:
                low = random.randint(0, 20)
                estimate = PointsRange(low, low + random.randint(1, 28))
                points = estimate.estimate
        elif kind is Kind.BONUS:
            points = random.randint(0, 30)
        else:
            points = random.randint(-30, 30)
        late = random.choice([0, 0, 0, 3, 12])
        expires: Any = random.choice([BY_BOOK, BY_BOOK, BY_BOOK, "stated", "past", None])
        if expires in {"stated", "past"}:
            days = random.randint(0, 12) * (1 if expires == "stated" else -1)
            expires = clock.at(at + days)
        entry = Entry(
            id=_id(random),
            kind=kind,
            points=points,
            occurred_at=clock.at(at),
            recorded_at=clock.at(at + late),
            expires_at=expires,
            counts_as=random.choice(list(CountsAs)) if kind is Kind.ADJUSTMENT else None,
            estimate=estimate,
        )
        rows.append(entry)
        if kind in {Kind.DEDUCTION, Kind.BONUS} and points and random.random() < 0.5:
            rows.extend(_reversals(random, clock, entry, at, late))
    return rows


def _reversals(random: Random, clock: Clock, entry: Entry, at: int, late: int) -> list[Entry]:
    whole = -entry.points
    first = random.choice([whole, whole // 2, whole // 3])
    parts = [first] if random.random() < 0.5 else [first, whole - first]
    rows = []
    for points in parts:
        reason = random.choice(list(Reason))
        when = at if reason is Reason.MISTAKE else at + random.randint(0, 14)
        rows.append(
            Entry(
                id=_id(random),
                kind=Kind.REVERSAL,
                points=points,
                occurred_at=clock.at(when),
                recorded_at=clock.at(max(when, at + late) + random.choice([0, 0, 2])),
                expires_at=None,
                reverses=entry.id,
                reason=reason,
            )
        )
    return rows


def _observations(random: Random, clock: Clock) -> list[Observation]:
    found: dict[tuple[Measure, int, int], Observation] = {}
    for _ in range(random.choice([0, 1, 1, 2, 3, 5])):
        at = random.randint(-1, 30)
        measure = random.choice(list(Measure))
        value = random.randint(0, 60) if measure is DEDUCTED else random.randint(90, 260)
        found[measure, at, value] = Observation(
            id=_id(random),
            value=value,
            measure=measure,
            observed_at=clock.at(at),
            recorded_at=clock.at(recorded := at + random.choice([0, 0, 4])),
            withdrawn_at=_sometimes(random, clock, recorded + 5),
        )
    return list(found.values())


def _sometimes(random: Random, clock: Clock, number: int) -> datetime | None:
    return clock.at(number) if random.randrange(5) == 0 else None


def _closing(random: Random, clock: Clock) -> Enforced:
    start = random.randint(0, 30)
    length = random.choice([None, *range(10)])
    return Enforced(
        "closed",
        clock.at(start),
        None if length is None else clock.at(start + length),
        clock.at(recorded := start + random.choice([0, 0, 5])),
        _sometimes(random, clock, recorded + 6),
    )


def _completion(random: Random, clock: Clock) -> Completion:
    at = random.randint(0, 30)
    return Completion(clock.at(at), clock.at(at + random.choice([0, 1, 6])))


def _unstated(random: Random, clock: Clock) -> Unstated:
    at = random.randint(0, 30)
    return Unstated(
        _id(random),
        clock.at(at),
        clock.at(at + random.choice([0, 3])),
        BY_BOOK if random.random() < 0.5 else clock.at(at + 6),
        _sometimes(random, clock, at + 8),
    )


# --- rows ---------------------------------------------------------------------------------------


def random_fleet(
    random: Random,
    libraries: Mapping[KindOfStore, Library],
    *,
    stores: int,
    clock: Clock,
    most: int = 9,
) -> list[Member]:
    """Return so many stores spread over ``libraries``, their rows not yet written."""
    members = []
    for number in range(stores):
        marketplace, market, seller_type = list(libraries)[number % len(libraries)]
        store = Store(
            id=UUID(_id(random)),
            name=f"Store {number}",
            marketplace=marketplace,
            market=market,
            seller_type=seller_type,
            time_zone="UTC",
            created_at=clock.start,
        )
        library = libraries[marketplace, market, seller_type]
        members.append(Member(store, library, random_ledger(random, clock, most=most)))
        if random.random() < 0.5:
            members[-1].notices.append(clock.at(random.randint(0, 40)))
    return members


def write(members: Sequence[Member]) -> None:
    """Write the stores and all of their rows."""
    Store.objects.bulk_create(member.store for member in members)
    rows = [(member, entry) for member in members for entry in member.ledger.entries]
    LedgerEntry.objects.bulk_create(_ledger_entry(member, entry) for member, entry in rows)
    PlatformRating.objects.bulk_create(
        PlatformRating(
            id=UUID(each.id),
            store=member.store,
            value=each.value,
            measure=each.measure.value,
            observed_at=each.observed_at,
            recorded_at=each.recorded_at,
            withdrawn_at=each.withdrawn_at,
            source="api",
        )
        for member in members
        for each in member.ledger.observations
    )
    _write_enforcements(members)
    Order.objects.bulk_create(
        Order(
            store=member.store,
            external_id=str(number),
            status="COMPLETED",
            placed_at=each.completed_at,
            changed_at=each.completed_at,
            completed_at=each.completed_at,
            seen_at=each.seen_at,
            completion_seen_at=each.seen_at,
        )
        for member in members
        for number, each in enumerate(member.ledger.completions)
    )
    _write_unstated(members)
    Notice.objects.bulk_create(
        Notice(
            store=member.store,
            channel="mail",
            trust=Notice.Trust.PROVEN,
            state=Notice.State.ACTED,
            digest=str(number),
            received_at=received_at,
        )
        for member in members
        for number, received_at in enumerate(member.notices)
    )


def _ledger_entry(member: Member, entry: Entry) -> LedgerEntry:
    stated = None if isinstance(entry.expires_at, ByBook) else entry.expires_at
    return LedgerEntry(
        id=UUID(entry.id),
        store=member.store,
        kind=entry.kind.value,
        points=entry.points,
        counts_as=entry.counts_as.value if entry.counts_as else "",
        reverses_id=UUID(entry.reverses) if entry.reverses else None,
        reason=entry.reason.value if entry.reason else "",
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        is_expiry_stated=entry.expires_at is not BY_BOOK,
        expires_at=stated,
        estimate_low=entry.estimate.low if entry.estimate else None,
        estimate_high=entry.estimate.high if entry.estimate else None,
        source="api",
    )


def _write_enforcements(members: Sequence[Member]) -> None:
    told = [
        (Enforcement(store=member.store, **_told(each), source="api"), each)
        for member in members
        for each in member.ledger.enforcements
    ]
    Enforcement.objects.bulk_create(enforcement for enforcement, _each in told)
    ToldEnforcement.objects.bulk_create(
        ToldEnforcement(
            store=enforcement.store,
            enforcement=enforcement,
            withdrawn_at=each.withdrawn_at,
            **_told(each),
        )
        for enforcement, each in told
    )


def _told(each: Enforced) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "starts_at": each.starts_at,
        "ends_at": each.ends_at,
        "recorded_at": each.recorded_at,
    }


def _write_unstated(members: Sequence[Member]) -> None:
    rows = [(member.store, each) for member in members for each in member.ledger.unstated]
    violations = [
        Violation(
            store=store,
            rule="other",
            reported_at=each.occurred_at,
            recorded_at=each.recorded_at,
            source="api",
        )
        for store, each in rows
    ]
    Violation.objects.bulk_create(violations)
    PointsUnknown.objects.bulk_create(
        PointsUnknown(
            id=UUID(each.id),
            store=store,
            violation=violation,
            occurred_at=each.occurred_at,
            recorded_at=each.recorded_at,
            expires_at=each.expires_at if isinstance(each.expires_at, datetime) else None,
            settled_at=each.settled_at,
        )
        for (store, each), violation in zip(rows, violations, strict=True)
    )
