"""The dispatcher's claims: how many a second, and whether idle agencies cost anything."""

import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections

from tenants import due, scope
from tenants.dispatcher import claims
from tenants.dispatcher.claims import Turns

AGENCIES = 10_000
ROWS = 500_000
CLAIMED = 50_000  # of them, timed
FLOOR = 2_000  # claims/s
BUSY = 1_000  # agencies with due rows, when the number of idle ones grows
STEPS = (1, 4, 16)  # times BUSY idle agencies, each with rows that are due later
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
KIND = "stores.sync"

_AGENCIES = """
INSERT INTO tenants_agency (id, name, slug, schema_name, state, review_required, created_at)
SELECT gen_random_uuid(), %(slug)s || n, %(slug)s || n, %(slug)s || n, 'ready', true, %(now)s
FROM generate_series(1, %(agencies)s) AS n
"""
_ROWS = """
INSERT INTO tenants_duework (agency_id, kind, subject, period, due_at, attempts, asked, last_error)
SELECT agency.id, %(kind)s, %(subject)s || n, '', %(at)s - n * interval '1 second', 0, 1, ''
FROM tenants_agency agency CROSS JOIN generate_series(1, %(rows)s) AS n
WHERE agency.slug LIKE %(slug)s || '%%'
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a run of claims took, in seconds."""

    promoting: float
    claiming: float
    claimed: int

    @property
    def per_second(self) -> float:
        return self.claimed / (self.promoting + self.claiming)


def add_agencies(count: int, *, slug: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_AGENCIES, {"slug": slug, "agencies": count, "now": NOW})


def add_rows(count: int, *, slug: str, at: datetime, subject: str = "") -> None:
    """Give each agency of a ``slug`` so many rows, due from ``at`` back, a second apart."""
    values: dict[str, Any] = {
        "slug": slug,
        "rows": count,
        "at": at,
        "kind": KIND,
        "subject": subject,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, values)
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE tenants_duework, tenants_agency")


def claim_all(*, most: int, rows: int) -> Pace:
    """Mark ``rows`` rows ready and claim up to ``most`` of them, as the dispatcher does.

    The time to make all of them ready is counted by the share that is claimed.
    """
    turns, kind = Turns(), due.kind(KIND)
    began = time.perf_counter()
    while _is_coming():
        claims.promote(at=NOW)
    promoting = (time.perf_counter() - began) * most / rows
    began, claimed = time.perf_counter(), 0
    while claimed < most:
        some = claims.claim_kind(kind, at=NOW, most=claims.BATCH, turns=turns)
        assert some
        claimed += len(some)
    return Pace(promoting, time.perf_counter() - began, claimed)


def _is_coming() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM tenants_duework WHERE due_at <= %s AND NOT ready"
            " AND claimed_until IS NULL AND done_at IS NULL AND quarantined_at IS NULL)",
            [NOW],
        )
        (is_coming,) = cursor.fetchone()
    return bool(is_coming)


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Return the slope of time over size, both as logarithms: 0 is independent, 1 is linear."""
    logs = [math.log(size) for size in sizes]
    return statistics.linear_regression(logs, [math.log(each) for each in seconds]).slope


@pytest.fixture
def empty(committed: None) -> Iterator[None]:
    with scope.public(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM tenants_duework")
        yield


@pytest.mark.usefixtures("empty")
def test_claims_a_second() -> None:
    add_agencies(AGENCIES, slug="busy")
    add_rows(ROWS // AGENCIES, slug="busy", at=NOW)
    pace = claim_all(most=CLAIMED, rows=ROWS)
    print(
        f"\ndispatcher: {AGENCIES} agencies, {ROWS} due rows: {pace.per_second:.0f} claims/s"
        f" ({pace.claimed} claimed in {pace.claiming:.1f} s, made ready in {pace.promoting:.1f} s)"
    )
    assert pace.per_second >= FLOOR


@pytest.mark.usefixtures("empty")
def test_idle_agencies_cost_nothing() -> None:
    add_agencies(BUSY, slug="busy")
    add_rows(1, slug="busy", subject="warm", at=NOW)
    claim_all(most=BUSY, rows=BUSY)
    idle, seconds = 0, []
    for step in STEPS:
        add_agencies(step * BUSY - idle, slug=f"idle{step}x")
        idle = step * BUSY
        add_rows(3, slug=f"idle{step}x", at=NOW + timedelta(days=1))
        add_rows(5, slug="busy", subject=f"at{step}x", at=NOW)
        pace = claim_all(most=5 * BUSY, rows=5 * BUSY)
        seconds.append(pace.promoting + pace.claiming)
        print(f"\ndispatcher: {BUSY} busy, {idle} idle agencies: {pace.per_second:.0f} claims/s")
    slope = exponent(list(STEPS), seconds)
    print(f"\ndispatcher: time over idle agencies, exponent {slope:.2f}")
    assert slope < 0.25
