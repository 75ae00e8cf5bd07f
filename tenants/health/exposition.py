"""Writes what is counted and what the database knows, in the form that Prometheus reads."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from django.db import DatabaseError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from tenants.health import counters, folder
from tenants.health.figures import Figures, Waiting, figures

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_DATABASE_UP: Final = ("storewarden_database_up", "Whether the database told its figures: 0 or 1.")

logger = logging.getLogger(__name__)


def exposition(*, at: datetime) -> bytes:
    """Return all metrics as of ``at``; without the database those that need none."""
    try:
        known = list(gauges(figures(at=at)))
    except DatabaseError:
        logger.warning("figures_unknown")
        known = [GaugeMetricFamily(*_DATABASE_UP, value=0)]
    registry = CollectorRegistry()
    registry.register(_Known(known))
    place = folder.current()
    if place is None:
        return generate_latest(counters.REGISTRY) + generate_latest(registry)
    MultiProcessCollector(registry, str(place))
    with folder.settled(place):
        return generate_latest(registry)


class _Known(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def gauges(found: Figures) -> Iterator[Metric]:
    """Yield what the database knows as metrics; ages are in seconds."""
    yield GaugeMetricFamily(*_DATABASE_UP, value=1)
    yield from _waiting("due_work_waiting", "Work that is due and not claimed", found.waiting)
    yield from _waiting("outbox", "Work that is claimed, on the queue and not done", found.outbox)
    yield _labelled(
        "due_work_quarantined", "Work set aside after too many tries.", "kind", found.quarantined
    )
    yield _labelled("agencies", "Agencies.", "state", found.agencies)
    yield from _waiting(
        "inbound_waiting", "What came in and is not worked on", found.events, "channel"
    )
    for name, told, value in (
        ("stores_connected", "Stores with a live connection.", found.syncs.live),
        ("stores_never_synced", "Those that have not been synced yet.", found.syncs.never),
        ("stores_sync_late", "Those last synced more than two hours ago.", found.syncs.late),
        ("sync_age_seconds", "Age of the oldest last sync that succeeded.", found.syncs.oldest),
    ):
        yield GaugeMetricFamily(f"storewarden_{name}", told, value=value)


def _waiting(
    name: str, told: str, found: dict[str, Waiting], label: str = "queue"
) -> Iterator[Metric]:
    counts = {key: each.count for key, each in found.items()}
    ages = {key: each.oldest for key, each in found.items()}
    yield _labelled(name, f"{told}.", label, counts)
    yield _labelled(f"{name}_age_seconds", f"{told}: age of the oldest.", label, ages)


def _labelled(
    name: str, told: str, label: str, values: dict[str, int] | dict[str, float]
) -> Metric:
    family = GaugeMetricFamily(f"storewarden_{name}", told, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
