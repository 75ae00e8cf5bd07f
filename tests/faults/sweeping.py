"""A sweep over many agencies' stores, each call of the sandbox taking its time."""

import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.faults import connecting
from tests.faults.stage import Stage

_CONNECTS_WITHIN: Final = 900.0  # seconds
_SWEEPS_WITHIN: Final = 900.0

# A sweep leaves each store's work waiting for its next turn, which is minutes away.
_LET_COME = """
UPDATE tenants_duework SET due_at = now(), done_at = NULL, attempts = 0
WHERE kind = 'stores.sync'
"""
_ALL_DUE = 'UPDATE "{schema}".stores_synccursor SET due_at = NULL'
_RUNS = """
SELECT count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state <> 'done'),
  extract(epoch FROM max(finished_at)), count(DISTINCT store_id)
FROM "{schema}".stores_syncrun WHERE finished_at >= to_timestamp({since})
  OR state = 'running' AND started_at >= to_timestamp({since})
"""


@dataclass(frozen=True)
class Connected:
    """A store of the stage that is connected to the sandbox."""

    store: str
    schema: str


@dataclass(frozen=True)
class Sweep:
    """How long a sweep of ``stores`` took, as a whole and for each agency, in seconds."""

    stores: int
    seconds: float
    agencies: Mapping[str, float]
    runs: int
    failed: int
    skipped: int

    @property
    def unfairness(self) -> float:
        """Return the slowest agency's time over the median's."""
        return max(self.agencies.values()) / statistics.median(self.agencies.values())

    def __str__(self) -> str:
        return (
            f"{self.stores} stores in {self.seconds:.0f} s, {self.stores / self.seconds:.1f}"
            f" stores/s, {self.runs} runs, {self.failed} failed, {self.skipped} stores skipped,"
            f" slowest agency {self.unfairness:.2f} x the median"
        )


def connect(stage: Stage, *, stores_each: int) -> list[Connected]:
    """Connect so many stores to each agency, and wait until their first sweep is over."""
    told = stage.run(
        "connecting", connecting.BY_CONSENT, str(stores_each), timeout=_CONNECTS_WITHIN
    )
    _wait(stage, "kind = 'stores.exchange_code' AND done_at IS NULL", _CONNECTS_WITHIN)
    _wait(stage, "kind = 'stores.sync' AND due_at <= now() AND done_at IS NULL", _SWEEPS_WITHIN)
    return [Connected(**each) for each in json.loads(told)]


def sweep(stage: Stage, *, stores: int) -> Sweep:
    """Let every kind of data of every store be due at once, and wait until all were fetched."""
    for place in stage.agencies:
        stage.execute(_ALL_DUE.format(schema=place.schema))
    since = time.time()
    stage.execute(_LET_COME)
    _wait(stage, "kind = 'stores.sync' AND due_at <= now() AND done_at IS NULL", _SWEEPS_WITHIN)
    runs = failed = seen = 0
    ends: dict[str, float] = {}
    for place in stage.agencies:
        ((done, other, ended_at, count),) = stage.query(
            _RUNS.format(schema=place.schema, since=since)
        )
        runs, failed, seen = runs + done, failed + other, seen + count
        ends[place.slug] = float(ended_at or since) - since
    return Sweep(stores, max(ends.values()), ends, runs, failed, stores - seen)


def _wait(stage: Stage, waiting: str, seconds: float) -> None:
    give_up_at = time.monotonic() + seconds
    statement = f"SELECT count(*) FROM tenants_duework WHERE {waiting}"  # noqa: S608 - ours
    while (left := stage.query(statement)[0][0]) > 0:
        assert time.monotonic() < give_up_at, f"{left} still wait"
        time.sleep(0.5)
