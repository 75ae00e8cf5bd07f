"""Rating a fleet: from the ledger's rows to saved ratings, beside a plain sum of the same rows.

All run in one backend without parallel workers, which PostgreSQL gives to no statement that
writes. What is compared is the backend's own CPU time, so that a busy machine does not matter.
"""

import math
import os
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import connection, connections, transaction

from scoring.models import StoreRating
from scoring.services import fleet, rating
from stores.models import Store
from tenants import scope
from tenants.models import Agency

STORES: Final = 10_000
ENTRIES_A_STORE: Final = 100
SIZES: Final = (STORES // 16, STORES // 4, STORES)  # 1x, 4x, 16x
ROUNDS: Final = 7
SLICE: Final = 1_250  # stores made at once, well within a statement's time limit
LOOPED: Final = 40  # stores rated one by one, to tell what all would take
MOST_CURRENT, MOST_SWEEP, LEAST_FASTER = 5.0, 25.0, 100.0
MOST_MEMORY: Final = 300  # MiB
NOW: Final = datetime.now(UTC).replace(microsecond=0)
_TICKS: Final = os.sysconf("SC_CLK_TCK")

# A store in five markets, each six days another entry for a year and a half: weekly bonuses for
# orders, and every sixth a deduction of one to three points, of which the newest ten are given
# back. One store in a hundred has lost 48 points at once.
_STORES = """
INSERT INTO stores_store
  (id, agency_id, name, marketplace, market, seller_type, time_zone, external_id, state, created_at)
SELECT gen_random_uuid(), %(agency)s, 'Store ' || n, 'tiktok_shop',
  (ARRAY['US', 'US', 'VN', 'TH', 'ID'])[1 + n %% 5], 'local', 'UTC', '', 'active', %(now)s
FROM generate_series(%(first)s + 1, %(last)s) AS n
"""
_ENTRIES = """
INSERT INTO scoring_ledgerentry
  (id, agency_id, store_id, kind, points, counts_as, reason, occurred_at, is_expiry_stated,
   expires_at, estimate_low, estimate_high, rule, source, source_ref, note, recorded_at)
SELECT gen_random_uuid(), %(agency)s, store.id,
  CASE WHEN n %% 6 = 0 THEN 'deduction' ELSE 'bonus' END,
  CASE WHEN n = 30 AND store.place %% 100 = 7 THEN -48
    WHEN n %% 6 = 0 THEN -1 - (n + store.place) %% 3 ELSE 4 * (1 + (n + store.place) %% 3) END,
  '', '', occurred.at, stated.is, CASE WHEN stated.is THEN occurred.at + interval '365 days' END,
  CASE WHEN guessed.is THEN 1 END, CASE WHEN guessed.is THEN 3 END,
  '', 'api', 'bench:' || n, '', occurred.at + interval '1 hour'
FROM generate_series(1, 90) AS n
CROSS JOIN (
  SELECT id, substr(name, 7)::int AS place FROM stores_store
  WHERE substr(name, 7)::int BETWEEN %(first)s + 1 AND %(last)s
) store
CROSS JOIN LATERAL (
  SELECT %(now)s::timestamptz - n * interval '6 days' - store.place %% 97 * interval '1 hour' AS at
) occurred
CROSS JOIN LATERAL (SELECT n = 12 AND store.place %% 10 = 3 AS is) stated
CROSS JOIN LATERAL (SELECT n = 18 AND store.place %% 10 = 4 AS is) guessed
ORDER BY occurred.at
"""
_REVERSALS = """
INSERT INTO scoring_ledgerentry
  (id, agency_id, store_id, kind, points, counts_as, reverses_id, reason, occurred_at,
   is_expiry_stated, expires_at, rule, source, source_ref, note, recorded_at)
SELECT gen_random_uuid(), agency_id, store_id, 'reversal', -points, '', id, 'granted',
  occurred_at + interval '5 days', false, NULL, '', 'api', NULL, '', occurred_at + interval '5 days'
FROM (
  SELECT *, row_number() OVER (PARTITION BY store_id ORDER BY occurred_at DESC) AS place
  FROM scoring_ledgerentry
  WHERE kind = 'deduction' AND points > -48
) lost
WHERE place <= 10
  AND NOT EXISTS (SELECT FROM scoring_ledgerentry back WHERE back.reverses_id = lost.id)
"""
_SEEN = """
INSERT INTO scoring_platformrating
  (id, agency_id, store_id, value, measure, observed_at, source, recorded_at)
SELECT gen_random_uuid(), %(agency)s, store.id, 200, 'rating', seen.at, 'api', seen.at
FROM stores_store store
CROSS JOIN generate_series(0, 9) AS week
CROSS JOIN LATERAL (
  SELECT %(now)s::timestamptz - week * interval '7 days' - interval '1 hour' AS at
) seen
WHERE substr(store.name, 7)::int BETWEEN %(first)s + 1 AND %(last)s
"""
_FLOOR = "SELECT store_id, sum(points) FROM scoring_ledgerentry GROUP BY store_id"


def add_stores(agency: Agency, first: int, last: int) -> None:
    for start in range(first, last, SLICE):
        values = {"agency": agency.pk, "now": NOW, "first": start, "last": min(last, start + SLICE)}
        with scope.agency(agency), connection.cursor() as cursor:
            for statement in (_STORES, _ENTRIES, _REVERSALS, _SEEN):
                cursor.execute(statement, values)
    with connections["owner"].cursor() as cursor:
        for table in ("scoring_ledgerentry", "scoring_platformrating", "stores_store"):
            cursor.execute(f'VACUUM ANALYZE "{agency.schema_name}".{table}')


def backend() -> Path:
    """Return where the kernel tells about the backend of our connection."""
    wrapper: Any = connection
    return Path("/proc") / str(wrapper.connection.info.backend_pid)


def cpu_seconds() -> float:
    fields = (backend() / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS + time.process_time()


def peak(agency: Agency, run: Callable[[], Any]) -> float:
    """Return the most MiB that the backend holds while it runs, looked at 100 times a second."""
    seen = []
    ended = threading.Event()

    def watch(status: Path) -> None:
        while not ended.wait(0.01):
            line = next(x for x in status.read_text().splitlines() if x.startswith("RssAnon"))
            seen.append(int(line.split()[1]) / 1024)

    with scope.agency(agency):
        watcher = threading.Thread(target=watch, args=[backend() / "status"])
        watcher.start()
        run()
        ended.set()
        watcher.join()
        transaction.set_rollback(True)
    return max(seen)


def spent(
    agency: Agency, run: Callable[[], Any], *, prepare: Callable[[], Any] = lambda: None
) -> float:
    """Return the CPU seconds that a run takes; what it writes is rolled back."""
    with scope.agency(agency):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        prepare()
        began = cpu_seconds()
        run()
        seconds = cpu_seconds() - began
        transaction.set_rollback(True)
    return seconds


def medians(agency: Agency) -> dict[str, float]:
    """Return the median of each, taken in turns: the machine may change its speed meanwhile."""
    rounds = [
        {
            "floor": spent(agency, floor),
            "current": spent(agency, save, prepare=_age),
            "rated": spent(agency, current, prepare=_age),
            "sweep": spent(agency, sweep),
        }
        for _ in range(ROUNDS)
    ]
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def floor() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR)
        cursor.fetchall()


def save() -> None:
    fleet.save_current(at=NOW)


def current() -> None:
    fleet.rate_fleet(at=NOW)


def sweep() -> None:
    fleet.verify(at=NOW, via="task", most=STORES)


def exponent(sizes: tuple[int, ...], seconds: list[float]) -> float:
    logs = [math.log(size) for size in sizes]
    return statistics.linear_regression(logs, [math.log(each) for each in seconds]).slope


@pytest.mark.usefixtures("committed")
def test_a_fleet_against_a_plain_sum() -> None:
    agency, had = Agency.objects.get(slug="harbour"), 0
    taken: dict[str, list[float]] = defaultdict(list)
    for size in SIZES:
        add_stores(agency, had, size)
        had = size
        with scope.agency(agency):
            fleet.rate_fleet(at=NOW)  # else the sweep would have all to mend
            StoreRating.objects.update(next_change_at=NOW + timedelta(days=1))
        for name, seconds in medians(agency).items():
            taken[name].append(seconds)
        ratios = {name: seconds[-1] / taken["floor"][-1] for name, seconds in taken.items()}
        print(
            f"\nfleet of {size} stores, {size * ENTRIES_A_STORE} entries: plain sum"
            f" {taken['floor'][-1]:.2f} s, current answers saved {ratios['current']:.1f} x (with"
            f" each store asked to be rated by itself {ratios['rated']:.1f} x), verifying sweep"
            f" {ratios['sweep']:.1f} x"
        )
    with scope.agency(agency):
        some = list(Store.objects.all()[:LOOPED])
    looped = statistics.median(
        spent(agency, lambda: [rating.rate(store=store, at=NOW) for store in some])
        for _ in range(ROUNDS)
    )
    faster = looped / LOOPED * STORES / taken["current"][-1]
    slopes = {name: exponent(SIZES, seconds) for name, seconds in taken.items()}
    print(f"\nfleet: {faster:.0f} x faster than store by store")
    print("\nfleet: time over stores, exponents", {n: round(s, 2) for n, s in slopes.items()})
    most = {run.__name__: peak(agency, run) for run in (current, sweep)}
    print("\nfleet: MiB that the backend holds at most", {n: round(m) for n, m in most.items()})
    assert taken["current"][-1] <= MOST_CURRENT * taken["floor"][-1]
    assert taken["sweep"][-1] <= MOST_SWEEP * taken["floor"][-1]
    assert faster >= LEAST_FASTER
    assert max(most.values()) < MOST_MEMORY


def _age() -> None:
    """Let every stored answer be out of date."""
    StoreRating.objects.update(rating=-1)
