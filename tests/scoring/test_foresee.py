"""What is read of a store to foresee its weeks to come."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from scoring.core.foresight import Pace
from scoring.core.values import Options, PointsRange
from scoring.models import Quiz
from scoring.selectors.foresee import DECIDED_AFTER, Foreseen
from scoring.services import ledger, observations
from stores.models import Store, Violation
from tenants.models import Agency
from tests.factories import make_attempt, make_order, make_store, make_violation

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def store(agency: Agency) -> Store:
    return seen(make_store(market="US"))


def seen(store: Store, value: int = 200, *, ago: timedelta = 300 * DAY) -> Store:
    observations.record_platform_rating(
        store=store, value=value, measure="rating", observed_at=NOW - ago, source="person",
        at=NOW - ago, by=None,
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


def plans(store: Store) -> list[tuple[list[str], float]]:
    foreseen = Foreseen(store, at=NOW)
    assert foreseen.target is not None
    return [
        ([each.act.id.partition(":")[0] for each in plan.acts], (plan.holds_from - NOW) / DAY)
        for plan in foreseen.plans(foreseen.way_back(foreseen.target))
    ]


def test_an_appeal_still_open_is_an_act_and_one_too_late_is_none(store: Store) -> None:
    # given a violation of yesterday, and one whose 30 days are over
    take(store, -24)
    take(store, -4, ago=31 * DAY)

    # then only both together would do, so that nothing is known to do
    assert plans(store) == []
    assert [each.act.kind for each in Foreseen(store, at=NOW).acts] == ["appeal"]


def test_an_appeal_counts_when_it_may_be_decided(store: Store) -> None:
    take(store, -24)

    assert plans(store) == [(["appeal"], DECIDED_AFTER / DAY)]


@pytest.mark.parametrize(
    ("state", "changes", "places"),
    [
        pytest.param("filed", {"filed_at": NOW - 3 * DAY}, ["cases"], id="waits for its outcome"),
        pytest.param("drafting", {"file_by": NOW + DAY}, ["cases"], id="being drafted"),
        pytest.param("drafting", {"file_by": NOW - DAY}, [], id="window over"),
        pytest.param("lapsed", {"file_by": NOW - DAY}, [], id="lapsed"),
    ],
)
def test_an_appeal_begun_is_told_by_its_own_room(
    store: Store, state: str, changes: dict[str, Any], places: list[str]
) -> None:
    violation = take(store, -24)
    make_attempt(violation=violation, state=state, **changes)

    acts = Foreseen(store, at=NOW).acts

    assert [each.href.split("/")[1] for each in acts] == places
    if state == "filed":
        assert (acts[0].is_filed, acts[0].act.counts_at) == (True, NOW + 4 * DAY)


def test_a_pending_violation_can_be_kept_out_of_force(store: Store) -> None:
    pend(store)
    pend(store, points=None, rule="other")

    assert plans(store) == [(["prevent"], 0)]


@pytest.mark.parametrize(
    ("quiz", "is_act"),
    [
        pytest.param({}, True, id="open"),
        pytest.param({"open_until": NOW}, False, id="over"),
        pytest.param({"worth": None}, False, id="of-unknown-worth"),
        pytest.param({"state": "lapsed"}, False, id="passed"),
        pytest.param(
            {"kind": "milestone", "milestone": "rating_150", "worth": None},
            False,
            id="of-a-milestone",
        ),
    ],
)
def test_an_open_quiz_of_known_worth_is_an_act(
    store: Store, quiz: dict[str, Any], *, is_act: bool
) -> None:
    take(store, -4, ago=40 * DAY)
    facts = {"kind": "points", "title": "Policy quiz", "worth": 4, "open_until": NOW + 2 * DAY}
    Quiz.objects.create(
        store=store, source="person", recorded_at=NOW - DAY, offered_at=NOW - DAY, **facts | quiz
    )

    assert plans(store) == ([(["quiz"], 1)] if is_act else [])


def test_as_many_orders_as_in_the_best_week_are_an_act(store: Store) -> None:
    # given 4 points missing for long, and a best week that earns them
    take(store, -4, ago=40 * DAY)
    foreseen = Foreseen(store, at=NOW, options=BONUS_ON)
    assert foreseen.book is not None
    monday = foreseen.book.week_ended_by(NOW)[1]
    for number in range(210):
        make_order(store, completed_at=monday - DAY - timedelta(minutes=number))

    foreseen = Foreseen(store, at=NOW, options=BONUS_ON)

    orders = [each for each in foreseen.acts if each.act.kind == "orders"]
    assert [(each.label, each.points) for each in orders] == [("200 orders completed", 4)] * 4


def test_when_waiting_is_enough_is_told_however_far_off_it_is(store: Store) -> None:
    take(store, -4, ago=40 * DAY)
    pend(store, correct_by=NOW + 20 * DAY)
    foreseen = Foreseen(store, at=NOW)
    assert foreseen.target is not None

    assert foreseen.waiting(foreseen.target) == (NOW + 140 * DAY, NOW + 200 * DAY)


def test_lines_are_told_with_their_distance_and_when_they_are_crossed(store: Store) -> None:
    # given 48 above 150, of which what is pending would take all
    take(store, -2)
    pend(store, points=-60)

    foreseen = Foreseen(store, at=NOW)
    milestone = foreseen.next_milestone

    assert milestone is not None
    assert (milestone.label, milestone.line.at, milestone.distance, milestone.is_over) == (
        "No new listings",
        150,
        48,
        True,
    )
    assert (milestone.base.falls_at, milestone.worst.falls_at) == (None, NOW + 3 * DAY)
    assert foreseen.line("rating_150") == milestone.line
    assert foreseen.line("nothing") is None


def test_a_store_without_a_rulebook_foresees_nothing(agency: Agency) -> None:
    foreseen = Foreseen(make_store(market="MX"), at=NOW)

    assert points(foreseen) == [(0, None, None, None)]
    assert (foreseen.target, foreseen.lines, foreseen.acts, foreseen.pace) == (None, (), [], None)


def test_all_is_read_in_a_fixed_number_of_queries(
    store: Store, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def read() -> None:
        foreseen = Foreseen(store, at=NOW)
        _ = foreseen.cone, foreseen.lines, foreseen.acts

    make_attempt(violation=take(store, -4))
    pend(store)
    with CaptureQueriesContext(connection) as for_one:
        read()
    for _ in range(2):
        take(store, -4)
        pend(store)
        make_attempt(violation=take(store, -6))

    with django_assert_num_queries(len(for_one)):
        read()
