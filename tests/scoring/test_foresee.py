"""What is read of a store to foresee its weeks to come."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scoring.core.foresight import Pace
from scoring.core.values import Options, PointsRange
from scoring.selectors.foresee import Foreseen
from scoring.services import ledger, observations
from stores.models import Store, Violation
from tenants.models import Agency
from tests.factories import make_order, make_store, make_violation

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def store(agency: Agency) -> Store:
    return seen(make_store(market="US"))


def seen(store: Store, value: int = 200) -> Store:
    observations.record_platform_rating(
        store=store, value=value, measure="rating", observed_at=NOW - 300 * DAY, source="person",
        at=NOW - 300 * DAY, by=None,
    )  # fmt: skip
    return store


def take(store: Store, points: int, *, ago: timedelta = DAY, **changes: Any) -> Violation:
    violation = make_violation(store=store, points=points, reported_at=NOW - ago, **changes)
    ledger.keep_violation(violation=violation, at=NOW - ago, by=None)
    return violation


def pend(store: Store, **changes: Any) -> Violation:
    values: dict[str, Any] = {"points": -8, "reported_at": NOW - DAY, "correct_by": NOW + 3 * DAY}
    return make_violation(store=store, state=Violation.State.PENDING, **values | changes)


def points(foreseen: Foreseen) -> list[tuple[float, int | None, int | None, int | None]]:
    return [
        ((point.instant - NOW) / DAY, point.base, point.low, point.high)
        for point in foreseen.cone.points
    ]


def test_the_range_is_read_from_ledger_and_pending_violations(store: Store) -> None:
    take(store, -12, ago=175 * DAY)
    pend(store)

    foreseen = Foreseen(store, at=NOW)

    assert points(foreseen) == [(0, 188, 188, 188), (3, 188, 180, 188), (5, 200, 192, 200)]
    assert foreseen.series()[1] == {
        "at": (NOW + 3 * DAY).isoformat(),
        "rating": 188,
        "low": 180,
        "high": 188,
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"points": -8}, PointsRange(8, 8), id="stated"),
        pytest.param(
            {"points": None, "points_low": 2, "points_high": 6}, PointsRange(2, 6), id="notice"
        ),
        pytest.param({"points": None}, PointsRange(2, 4), id="rulebook"),
        pytest.param({"points": None, "rule": "other"}, None, id="nobody"),
    ],
)
def test_what_a_pending_violation_would_take(
    agency: Agency, changes: dict[str, Any], told: PointsRange | None
) -> None:
    store = make_store(market="VN")
    pend(store, **changes)

    foreseen = Foreseen(store, at=NOW)

    assert [row.pending.points for row in foreseen.pendings] == [told]
    assert len(foreseen.untold) == (told is None)


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        pytest.param({"appeal_by": NOW + 2 * DAY}, 2, id="the nearer of two"),
        pytest.param({"correct_by": NOW - DAY, "appeal_by": NOW + 9 * DAY}, 9, id="one is over"),
        pytest.param({"correct_by": NOW - DAY}, None, id="over"),
        pytest.param({"correct_by": None}, 29, id="by the rulebook's clock"),
    ],
)
def test_when_a_pending_violation_would_come_into_force(
    store: Store, changes: dict[str, Any], due: int | None
) -> None:
    pend(store, **changes)

    [row] = Foreseen(store, at=NOW).pendings

    assert row.pending.due_at == (None if due is None else NOW + due * DAY)


def test_without_a_bonus_in_force_orders_are_not_counted(store: Store) -> None:
    make_order(store, completed_at=NOW - 9 * DAY)

    assert Foreseen(store, at=NOW).pace is None


BONUS_ON = Options(switched_on=frozenset({"order_bonus"}))


def test_the_pace_is_the_orders_of_whole_weeks_since_the_first_that_had_any(store: Store) -> None:
    # given the agency counts the bonus that third parties tell of
    monday = Foreseen(store, at=NOW).book.week_ended_by(NOW)[1]  # type: ignore[union-attr]
    for ago in (20, 19, 6):
        make_order(store, completed_at=monday - ago * DAY)
    make_order(store, completed_at=monday + timedelta(minutes=1))  # of the week that runs

    # then the newest week comes first
    assert Foreseen(store, at=NOW, options=BONUS_ON).pace == Pace((1, 0, 2))
    assert Foreseen(make_store(market="US"), at=NOW, options=BONUS_ON).pace is None
