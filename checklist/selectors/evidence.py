"""What data says about an item at a store: readings beside the item's limits."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from checklist.core import excess
from checklist.models import ItemLimit, ProcedureItem
from stores.metrics import METRICS, Unit
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

    @property
    def text(self) -> str:
        return reading_text(self.limit.metric, self.fact.value) if self.fact else ""

    @property
    def label(self) -> str:
        return metric_text(self.limit.metric)

    @property
    def value(self) -> str | None:
        return value_text(self.limit.metric, self.fact.value) if self.fact else None

    @property
    def source_words(self) -> str:
        return str(Reading.Source(self.fact.source).label) if self.fact else ""

    @property
    def limit_words(self) -> str:
        return limit_text(self.limit)


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


def value_text(metric: str, value: Decimal) -> str:
    """Return a value with its unit, as a person reads it."""
    known = METRICS.get(metric)
    written = number_format(value.normalize(), use_l10n=True, force_grouping=True)
    plain = written.replace("-", "−")
    match known.unit if known else None:
        case Unit.PERCENT:
            return _("%(value)s %%") % {"value": plain}
        case Unit.DAYS:
            return _("%(value)s d") % {"value": plain}
        case Unit.YES_NO:
            return _("on") if value else _("off")
        case _:
            return plain


def metric_text(metric: str) -> str:
    known = METRICS.get(metric)
    return str(known.label) if known else metric


def reading_text(metric: str, value: Decimal) -> str:
    """Return a reading in one line: "Orders past dispatch: 6"."""
    return _("%(label)s: %(value)s") % {
        "label": metric_text(metric),
        "value": value_text(metric, value),
    }


def limit_text(limit: ItemLimit) -> str:
    """Return a limit in words: "at most 0", or "on" where there is only on and off."""
    known = METRICS.get(limit.metric)
    if known is not None and known.unit is Unit.YES_NO:
        return value_text(limit.metric, limit.value)
    return _("%(comparator)s %(value)s") % {
        "comparator": limit.get_comparator_display(),
        "value": value_text(limit.metric, limit.value),
    }


def limit_line(limit: ItemLimit) -> str:
    """Return a limit with what it is about, in one line: "Orders past dispatch: at most 0"."""
    return _("%(label)s: %(value)s") % {
        "label": metric_text(limit.metric),
        "value": limit_text(limit),
    }
