"""The newest readings of stores, and what they say now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from stores.metrics import METRICS, Metric
from stores.models import Reading


@dataclass(frozen=True, slots=True)
class Tile:
    """One metric of a store as a page shows it; unknown is neither good nor bad."""

    metric: Metric
    value: Decimal | None
    state: str  # "good" | "bad" | "unknown"
    is_old: bool  # there is a value, but too old to count
    source: str
    measured_at: datetime | None
    note: str


def latest_readings(store_ids: Sequence[UUID]) -> dict[UUID, dict[str, Reading]]:
    """Return the newest reading of each metric of each store, in one query."""
    newest = (
        Reading.objects.filter(store__in=store_ids)
        .order_by("store", "metric", "-measured_at", "-id")
        .distinct("store", "metric")
    )
    found: dict[UUID, dict[str, Reading]] = {}
    for reading in newest:
        found.setdefault(reading.store_id, {})[reading.metric] = reading
    return found


def is_fresh(reading: Reading, *, at: datetime) -> bool:
    """Tell whether a reading is young enough to speak for ``at``."""
    metric = METRICS.get(reading.metric)
    return metric is not None and at - reading.measured_at <= metric.max_age


def tiles_of(store_id: UUID, *, at: datetime) -> list[Tile]:
    """Return a tile for every metric there is, in the registry's order."""
    latest = latest_readings([store_id]).get(store_id, {})
    return [_tile(metric, latest.get(code), at) for code, metric in METRICS.items()]


def history(store_id: UUID, metric: str) -> QuerySet[Reading]:
    """Return a metric's readings at a store, newest first."""
    return Reading.objects.filter(store=store_id, metric=metric).order_by("-measured_at", "-id")


def _tile(metric: Metric, reading: Reading | None, at: datetime) -> Tile:
    if reading is None:
        return Tile(metric, None, "unknown", is_old=False, source="", measured_at=None, note="")
    is_old = not is_fresh(reading, at=at)
    state = "unknown" if is_old else "bad" if metric.is_bad(reading.value) else "good"
    return Tile(
        metric,
        reading.value,
        state,
        is_old=is_old,
        source=reading.source,
        measured_at=reading.measured_at,
        note=reading.note,
    )
