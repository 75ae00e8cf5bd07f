"""What data says about an item at a store: readings beside the item's limits."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from checklist.core import excess
from checklist.models import ItemLimit, ProcedureItem
from stores.models import Reading

# Older readings are not even shown beside an answer.
LONGEST_SHOWN: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Fact:
    """One reading, as it is kept with an answer."""

    reading: str
    value: Decimal
    measured_at: datetime
    source: str

    @classmethod
    def of(cls, reading: Reading) -> Self:
        return cls(str(reading.pk), reading.value, reading.measured_at, reading.source)

    def as_json(self) -> dict[str, Any]:
        return {
            "reading": self.reading,
            "value": f"{self.value.normalize():f}",
            "measured_at": self.measured_at.isoformat(),
            "source": self.source,
        }


class State(StrEnum):
    WITHIN = "within"
    OUTSIDE = "outside"
    STALE = "stale"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Part:
    """One limit of an item, with the newest reading that measures it."""

    limit: ItemLimit
    fact: Fact | None
    state: State


class Verdict(StrEnum):
    GOOD = "good"  # every limit has a fresh reading within it
    PART = "part"  # some have, the others are unknown
    BAD = "bad"  # at least one fresh reading is outside its limit
    NONE = "none"  # nothing fresh is known


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that data says about one item at one store."""

    parts: tuple[Part, ...]

    @property
    def verdict(self) -> Verdict:
        states = {part.state for part in self.parts}
        if State.OUTSIDE in states:
            return Verdict.BAD
        if State.WITHIN not in states:
            return Verdict.NONE
        return Verdict.GOOD if states == {State.WITHIN} else Verdict.PART

    @property
    def fresh(self) -> list[Part]:
        return [part for part in self.parts if part.state in {State.WITHIN, State.OUTSIDE}]

    def as_json(self) -> dict[str, Any]:
        """Return the fresh readings by metric, as a tick keeps them."""
        return {part.limit.metric: part.fact.as_json() for part in self.fresh if part.fact}


def evidence_for(
    items: Iterable[ProcedureItem], stores: Collection[UUID], *, at: datetime
) -> dict[tuple[UUID, UUID], Evidence]:
    """Return the evidence at ``at`` by (store, item); the items' limits are prefetched.

    A reading is fresh for its limit's ``max_age``, the end included; what a person typed in and
    what is dated after ``at`` is no evidence. One query.
    """
    items = list(items)
    metrics = {limit.metric for item in items for limit in item.limits.all()}
    facts = _newest(stores, metrics, at) if metrics else {}
    return {
        (store, item.pk): Evidence(
            tuple(_part(limit, facts.get((store, limit.metric)), at) for limit in item.limits.all())
        )
        for store in stores
        for item in items
    }


def _newest(
    stores: Collection[UUID], metrics: set[str], at: datetime
) -> dict[tuple[UUID, str], Fact]:
    readings = (
        Reading.objects.filter(
            store__in=stores,
            metric__in=metrics,
            measured_at__lte=at,
            measured_at__gte=at - LONGEST_SHOWN,
        )
        .exclude(source=Reading.Source.PERSON)
        .order_by("store", "metric", "-measured_at", "-id")
        .distinct("store", "metric")
    )
    return {(reading.store_id, reading.metric): Fact.of(reading) for reading in readings}


def _part(limit: ItemLimit, fact: Fact | None, at: datetime) -> Part:
    if fact is None:
        return Part(limit, None, State.MISSING)
    if fact.measured_at < at - limit.max_age:
        return Part(limit, fact, State.STALE)
    is_within = excess(limit.comparator, fact.value, limit.value) <= 0
    return Part(limit, fact, State.WITHIN if is_within else State.OUTSIDE)
