"""What each process counts: requests and tasks. Agencies are never told apart.

With PROMETHEUS_MULTIPROC_DIR set each process counts in files of its own there, and
``tenants.health.folder`` adds them up.
"""

import os
from pathlib import Path
from typing import Final

if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):  # read by the package when it is imported
    Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True, exist_ok=True)

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY: Final = CollectorRegistry()

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_requests = Counter(
    "storewarden_requests",
    "Requests answered.",
    ("method", "route", "status"),
    registry=REGISTRY,
)
_request_seconds = Histogram(
    "storewarden_request_seconds",
    "How long requests took to answer.",
    ("method", "route", "status"),
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_tasks = Counter(
    "storewarden_tasks",
    "Due work taken up, by what became of it: done, failed, refused, repeated or quarantined.",
    ("kind", "outcome"),
    registry=REGISTRY,
)
_task_seconds = Histogram(
    "storewarden_task_seconds",
    "How long due work took.",
    ("kind",),
    registry=REGISTRY,
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20, 30, 60, 90),
)
_pushes = Counter(
    "storewarden_pushes",
    "Pushes of marketplaces, by what became of them: kept, repeated, of_no_store, forged,"
    " out_of_time, bad or too_large.",
    ("marketplace", "outcome"),
    registry=REGISTRY,
)

_notices = Counter(
    "storewarden_notices",
    "Notices taken, by what became of them: read by itself, left to a person, or not believed.",
    ("channel", "outcome"),
    registry=REGISTRY,
)


def request_served(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count a request; ``route`` is the name or pattern of its view, never a path."""
    labels = (method if method in _METHODS else "other", route, f"{status // 100}xx")
    _requests.labels(*labels).inc()
    _request_seconds.labels(*labels).observe(seconds)


def push_answered(marketplace: str, outcome: str) -> None:
    """Count a push that was answered, whether it was believed or not."""
    _pushes.labels(marketplace, outcome).inc()


def notice_taken(channel: str, outcome: str) -> None:
    """Count a notice that was kept: ``read``, ``left`` to a person, or ``not_believed``."""
    _notices.labels(channel, outcome).inc()


def task_ended(kind: str, outcome: str, seconds: float | None = None) -> None:
    """Count a piece of due work that is done, failed, refused, repeated or quarantined."""
    _tasks.labels(kind, outcome).inc()
    if seconds is not None:
        _task_seconds.labels(kind).observe(seconds)
