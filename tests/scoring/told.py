"""Short ways to tell a store's ledger something in the days before ``NOW``."""

from datetime import UTC, datetime, timedelta

from scoring.models import LedgerEntry
from scoring.services import ledger, observations
from stores.models import Store, Violation
from tests.factories import make_store, make_violation

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def old_store(name: str = "Lanna Living", *, market: str = "US", **values: object) -> Store:
    """Return a store that we have had for longer than any test looks back."""
    return make_store(name=name, market=market, created_at=NOW - 400 * DAY, **values)  # type: ignore[arg-type]


def take(
    store: Store,
    points: int | None,
    *,
    ago: timedelta = DAY,
    told: timedelta | None = None,
    **violation: object,
) -> Violation:
    """Take points of a violation ``ago``, recorded when it happened or so long ago as ``told``."""
    recorded = NOW - (ago if told is None else told)
    values = {"points": points, "reported_at": NOW - ago, "recorded_at": recorded} | violation
    row = make_violation(store=store, **values)
    ledger.keep_violation(violation=row, at=recorded, by=None)
    return row


def give(store: Store, points: int, *, ago: timedelta = DAY, note: str = "Quiz passed") -> None:
    at = NOW - ago
    ledger.write_entry(
        store=store, kind="bonus", points=points, occurred_at=at, note=note, at=at, by=None
    )


def give_back(points: int, *, ago: timedelta, reason: str = "granted") -> LedgerEntry:
    """Give points of the only deduction back."""
    entry = LedgerEntry.objects.get(kind="deduction")
    return ledger.reverse_entry(entry=entry, reason=reason, points=points, at=NOW - ago, by=None)


def see(store: Store, value: int, *, ago: timedelta, told: timedelta | None = None) -> None:
    observations.record_platform_rating(
        store=store,
        value=value,
        measure="rating",
        observed_at=NOW - ago,
        source="person",
        at=NOW - (ago if told is None else told),
        by=None,
    )


def by_clock(store: Store, at: datetime) -> str:
    """Write a moment as the page's fields do, by the store's clock."""
    from zoneinfo import ZoneInfo

    return f"{at.astimezone(ZoneInfo(store.time_zone)):%Y-%m-%dT%H:%M}"
