"""When points return to, or leave, the stores by time alone: the roll-off calendar."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Min, Q, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from scoring import books
from scoring.core.sweep import Sweep
from scoring.core.values import DAY, Ledger, Options
from scoring.models import LedgerEntry, PlatformRating, StoreRating, ToldEnforcement
from scoring.selectors.figures import switched_on
from scoring.selectors.ledgers import enforced, entry, observation
from stores import rules
from stores.models import Store

LONGEST: Final = timedelta(days=400)  # no market keeps points longer without saying until when


@dataclass(frozen=True, slots=True)
class RollOff:
    """Points that come back (> 0) or go (a bonus, < 0) when one entry expires.

    ``entry`` is None for what stood before we knew the store.
    """

    id: str
    store: Store
    at: datetime
    points: int
    label: str
    reference: str
    entry: UUID | None
    violation: UUID | None

    @property
    def on(self) -> date:
        """The day by the store's own clock."""
        return self.at.astimezone(ZoneInfo(self.store.time_zone)).date()


def roll_offs(stores: Iterable[Store], *, at: datetime, days: int) -> list[RollOff]:
    """Return what expires in ``(at, at + days)`` at these stores, soonest first.

    A fixed number of queries. A closed store's deductions do not return, so they are left out; one
    that reopens before their day has them back.
    """
    by_id = {store.pk: store for store in stores}
    until = at + days * DAY
    options = Options(switched_on=switched_on())
    closed = set(
        StoreRating.objects.filter(store__in=by_id, closed_since__isnull=False).values_list(
            "store_id", flat=True
        )
    )
    found = [
        *_of_entries(by_id, closed, options, at, until),
        *_of_openings(by_id, closed, options, at, until),
    ]
    return sorted(found, key=lambda each: (each.at, each.id))


def _of_entries(
    by_id: Mapping[UUID, Store], closed: set[UUID], options: Options, at: datetime, until: datetime
) -> Iterator[RollOff]:
    rows = (
        LedgerEntry.objects.filter(store__in=by_id, occurred_at__lte=at)
        .exclude(kind=LedgerEntry.Kind.REVERSAL)
        .filter(_may_expire(at, until))
        .annotate(
            net=F("points") + Coalesce(Sum("reversals__points"), Value(0)),
            reference=F("violation__reference"),
        )
    )
    for row in rows:
        store = by_id[row.store_id]
        expires_at = _expiry(row, store, options, at)
        is_held = store.pk in closed and _is_deduction(row)
        if row.net and not is_held and expires_at is not None and at < expires_at < until:
            yield RollOff(
                id=str(row.pk),
                store=store,
                at=expires_at,
                points=-row.net,
                label=_label(row, store, at),
                reference=row.reference or "",
                entry=row.pk,
                violation=row.violation_id,
            )


def _may_expire(at: datetime, until: datetime) -> Q:
    """Return the entries that a notice, or any book of their marketplace, may let expire then."""
    may = Q(is_expiry_stated=True, expires_at__gt=at, expires_at__lt=until)
    windows = {
        (marketplace, book.window)
        for (marketplace, _, _), library in books.shelf().libraries.items()
        for book in library.books
    }
    for marketplace, window in windows:
        since = at - (window or LONGEST)
        here = Q(store__marketplace=marketplace, is_expiry_stated=False, occurred_at__gt=since)
        may |= here if window is None else here & Q(occurred_at__lt=until - window)
    return may


def _expiry(row: LedgerEntry, store: Store, options: Options, at: datetime) -> datetime | None:
    """Return when an entry expires: as stated, by the books, or wiped by one that starts anew."""
    library = books.library_for(store)
    expires_at = row.expires_at
    if not row.is_expiry_stated:
        expires_at = library.expiry(row.occurred_at, at, options.switched_on)
    wiped = (
        book.effective_from
        for book in library.known(at, options.switched_on)[1:]
        if not book.carries_over and book.effective_from > row.occurred_at
    )
    return min((each for each in (expires_at, *wiped) if each is not None), default=None)


def _is_deduction(row: LedgerEntry) -> bool:
    return LedgerEntry.Kind.DEDUCTION in {row.kind, row.counts_as}


def _label(row: LedgerEntry, store: Store, at: datetime) -> str:
    if row.rule:
        return rules.rules_of(store, at=at).get(row.rule, row.rule)
    return row.note or str(LedgerEntry.Kind(row.kind).label)


def _of_openings(
    by_id: Mapping[UUID, Store], closed: set[UUID], options: Options, at: datetime, until: datetime
) -> Iterator[RollOff]:
    """Yield what stood at a store before we knew it; only the sweep knows how many points."""
    first = (
        PlatformRating.objects.filter(store__in=by_id, withdrawn_at=None)
        .values_list("store_id")
        .annotate(Min("observed_at"))
    )
    young = [store_id for store_id, seen_at in first if seen_at > at - LONGEST]
    for store_id, ledger in _ledgers(young).items():
        store = by_id[store_id]
        sweep = Sweep(ledger, books.library_for(store), at, options)
        sweep.run(at)
        opening = sweep.opening
        if opening is None or opening not in sweep.nets or not opening.points:
            continue
        expires_at = opening.expires.instant
        is_held = store_id in closed and opening.is_deduction
        if expires_at is not None and at < expires_at < until and not is_held:
            yield RollOff(
                id=f"opening:{store_id}",
                store=store,
                at=expires_at,
                points=-opening.points,
                label=gettext("Before we knew the store"),
                reference="",
                entry=None,
                violation=None,
            )


def _ledgers(store_ids: Sequence[UUID]) -> dict[UUID, Ledger]:
    """Return what an opening depends on, by store, in three queries."""
    entries, seen, told = (defaultdict[UUID, list[Any]](list) for _ in range(3))
    for row in LedgerEntry.objects.filter(store__in=store_ids):
        entries[row.store_id].append(entry(row))
    for shown in PlatformRating.objects.filter(store__in=store_ids, withdrawn_at=None):
        seen[shown.store_id].append(observation(shown))
    for each in ToldEnforcement.objects.filter(store__in=store_ids):
        told[each.store_id].append(enforced(each))
    return {
        store_id: Ledger(
            entries=tuple(entries[store_id]),
            observations=tuple(seen[store_id]),
            enforcements=tuple(told[store_id]),
        )
        for store_id in store_ids
    }


@dataclass(frozen=True, slots=True)
class Day:
    """All roll-offs of one day, by the stores' own clocks."""

    on: date
    rows: tuple[RollOff, ...]

    @property
    def returning(self) -> int:
        return sum(each.points for each in self.rows if each.points > 0)

    @property
    def leaving(self) -> int:
        return sum(each.points for each in self.rows if each.points < 0)


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from Monday; only days on which something happens are in it."""

    starts_on: date
    days: tuple[Day, ...]

    @property
    def returning(self) -> int:
        return sum(day.returning for day in self.days)

    @property
    def leaving(self) -> int:
        return sum(day.leaving for day in self.days)


def days_of(rows: Iterable[RollOff]) -> list[Day]:
    by_day: dict[date, list[RollOff]] = defaultdict(list)
    for row in rows:
        by_day[row.on].append(row)
    return [Day(on, tuple(found)) for on, found in sorted(by_day.items())]


def weeks_of(days: Iterable[Day]) -> list[Week]:
    by_week: dict[date, list[Day]] = defaultdict(list)
    for day in days:
        by_week[day.on - timedelta(days=day.on.weekday())].append(day)
    return [Week(starts_on, tuple(found)) for starts_on, found in sorted(by_week.items())]
