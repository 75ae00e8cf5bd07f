"""Any past moment, by what was known at any moment: nothing recorded later changes it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scoring import books
from scoring.core import rating as core
from scoring.core.values import Answer, Standing
from scoring.models import PeriodEnd, PointsUnknown, ToldEnforcement
from scoring.selectors.ledgers import ledger_of, options_of
from scoring.services import observations, periods, rating
from stores.models import Enforcement, Notice, Store, Violation
from stores.services import violations
from tenants.models import Agency
from tenants.trail.models import AuditEvent
from tests.factories import make_membership, make_notice, make_store

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def _asked(store: Store, at: datetime, known_at: datetime) -> Answer:
    options = options_of(store, at=at, known_at=known_at)
    return core.evaluate(ledger_of(store), books.library_for(store), at, known_at, options)


def _saw(store: Store, value: int, at: datetime, *, notice: Notice | None = None) -> None:
    observations.record_platform_rating(
        store=store,
        value=value,
        measure="rating",
        observed_at=at,
        source="person",
        at=at,
        by=None,
        notice=notice,
    )


def _record(store: Store, at: datetime, **facts: Any) -> Violation:
    facts = {"rule": "other", "reported_at": at - DAY, **facts}
    return violations.record_violation(
        store=store, facts=facts, source="person", at=at, by=None
    ).violation


def _enforce(
    store: Store, kind: str, since: datetime, until: datetime | None, at: datetime
) -> Enforcement:
    return violations.record_enforcement(
        store=store, kind=kind, starts_at=since, ends_at=until, source="person", at=at, by=None
    )


def test_a_notice_that_comes_late_is_unknown_then_and_known_now(agency: Agency) -> None:
    store = make_store(market="US")
    _saw(store, 200, NOW - 30 * DAY)
    _record(store, NOW, points=-24, reported_at=NOW - 10 * DAY)

    then = NOW - 5 * DAY
    assert (_asked(store, then, then).rating, _asked(store, then, NOW).rating) == (200, 176)


def test_a_platform_rating_that_is_withdrawn_still_stood_there_before(agency: Agency) -> None:
    store = make_store(market="US")
    notice = make_notice(store=store, state="acted")
    _saw(store, 180, NOW - 10 * DAY, notice=notice)
    observations.withdraw_of_notice(notice=notice, at=NOW - 2 * DAY)

    before, now = _asked(store, NOW - 5 * DAY, NOW - 5 * DAY), _asked(store, NOW - 5 * DAY, NOW)
    assert (before.rating, before.platform and before.platform.value) == (180, 180)
    assert (now.rating, now.platform, now.standing) == (200, None, Standing.UNKNOWN)


def test_a_closing_that_is_mended_was_known_as_it_was_told(agency: Agency) -> None:
    # given a closing told without an end, which later turns out to have ended
    store = make_store(market="US")
    _saw(store, 200, NOW - 30 * DAY)
    closing = _enforce(store, "closed", NOW - 20 * DAY, None, NOW - 20 * DAY)
    violations.end_enforcement(enforcement=closing, ends_at=NOW - 12 * DAY, at=NOW, by=None)

    # then a week ago we took the store for closed, and now we know that it was open
    week = NOW - 7 * DAY
    assert _asked(store, week, week).closed_since == NOW - 20 * DAY
    assert _asked(store, week, NOW).closed_since is None
    assert ToldEnforcement.objects.filter(enforcement=closing).count() == 2


def test_a_closing_that_becomes_another_kind_closed_the_store_until_then(agency: Agency) -> None:
    store = make_store(market="US")
    _saw(store, 200, NOW - 30 * DAY)
    closing = _enforce(store, "closed", NOW - 20 * DAY, None, NOW - 20 * DAY)
    violations.change_enforcement(
        enforcement=closing,
        kind="suspended",
        starts_at=closing.starts_at,
        ends_at=None,
        violation=None,
        at=NOW,
        by=make_membership(),
    )

    assert _asked(store, NOW - DAY, NOW - DAY).closed_since is not None
    assert _asked(store, NOW - DAY, NOW).closed_since is None


def test_what_the_marketplace_tells_confirms_and_ends_what_was_expected(agency: Agency) -> None:
    store = make_store(market="US")
    _saw(store, 200, NOW - 30 * DAY)
    _record(store, NOW - 4 * DAY, points=-60)
    fired_at = NOW - 5 * DAY
    _enforce(store, "listing_limit", fired_at, fired_at + 3 * DAY, NOW - 3 * DAY)

    told = {each.action: each for each in _asked(store, NOW, NOW).periods}
    assert (told["listing_limit"].ends_at, told["listing_limit"].confirmed) == (
        fired_at + 3 * DAY,
        True,
    )
    assert (told["campaign_block"].ends_at, told["campaign_block"].confirmed) == (
        fired_at + 7 * DAY,
        False,
    )
    before = _asked(store, NOW - 4 * DAY, NOW - 4 * DAY).periods
    assert [each.confirmed for each in before] == [False, False]


def test_unknown_points_make_the_rating_incomplete_until_they_are_told(agency: Agency) -> None:
    # given a US violation: its rulebook states no points
    store = make_store(market="US")
    _saw(store, 200, NOW - 12 * DAY)
    violation = _record(store, NOW - 10 * DAY, rule="counterfeit")
    _saw(store, 200, NOW - 3 * DAY)
    violations.change_violation(
        violation=violation, facts={"points": -8}, at=NOW - 2 * DAY, by=None
    )

    then = NOW - 3 * DAY
    assert _asked(store, then, then).standing == Standing.INCOMPLETE
    assert _asked(store, then, NOW).standing != Standing.INCOMPLETE
    assert _asked(store, then, NOW).rating == 192
    assert PointsUnknown.objects.get(violation=violation).settled_at == NOW - 2 * DAY


def test_unknown_points_are_told_from_another_day_once_that_is_known(agency: Agency) -> None:
    store = make_store(market="US")
    violation = _record(store, NOW - 10 * DAY, rule="counterfeit")
    violations.change_violation(
        violation=violation, facts={"enforced_at": NOW - 30 * DAY}, at=NOW, by=None
    )

    rows = PointsUnknown.objects.filter(violation=violation).order_by("recorded_at")
    assert [(row.occurred_at, row.settled_at) for row in rows] == [
        (NOW - 11 * DAY, NOW),
        (NOW - 30 * DAY, None),
    ]


def test_standing_of_a_past_moment_goes_by_the_news_of_that_moment(agency: Agency) -> None:
    store = make_store(market="US")
    _saw(store, 200, NOW - 30 * DAY)
    _saw(store, 200, NOW)

    assert _asked(store, NOW - 20 * DAY, NOW).standing == Standing.STALE
    assert _asked(store, NOW, NOW).standing == Standing.CONFIRMED


def test_a_passed_milestone_quiz_brings_the_end_forward(agency: Agency) -> None:
    store, member = make_store(market="US"), make_membership()
    _saw(store, 200, NOW - 30 * DAY)
    _record(store, NOW - 4 * DAY, points=-60)
    row = periods.end_period(
        store=store,
        milestone="rating_150",
        ends_at=NOW - DAY,
        said_at=NOW - 2 * DAY,
        by=PeriodEnd.By.QUIZ,
        at=NOW - 2 * DAY,
        member=member,
    )

    assert {each.ends_at for each in _asked(store, NOW, NOW).periods} == {NOW - DAY}
    then = NOW - 3 * DAY
    assert {each.ends_at for each in _asked(store, then, then).periods} == {NOW + 2 * DAY}
    event = AuditEvent.objects.get(object_id=str(row.pk))
    assert (event.action, event.store_id) == ("period.ended", store.pk)


@pytest.mark.parametrize(
    ("milestone", "said_at"),
    [
        pytest.param("rating_151", NOW, id="no-such-milestone"),
        pytest.param("rating_150", NOW + DAY, id="said-in-the-future"),
    ],
)
def test_a_period_ends_by_nothing_that_cannot_be(
    agency: Agency, milestone: str, said_at: datetime
) -> None:
    store = make_store(market="US")
    with pytest.raises(periods.NotAPeriod):
        periods.end_period(
            store=store,
            milestone=milestone,
            ends_at=NOW + DAY,
            said_at=said_at,
            by="quiz",
            at=NOW,
            member=None,
        )
    assert not PeriodEnd.objects.exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_a_ledger_is_read_in_a_fixed_number_of_queries(
    agency: Agency, rows: int, django_assert_num_queries: Any
) -> None:
    store = make_store(market="US")
    for number in range(rows):
        _record(store, NOW - (number + 1) * DAY, points=-2)
        _enforce(store, "order_limit", NOW - (number + 2) * DAY, None, NOW - DAY)
        _saw(store, 200 - number, NOW - (number + 3) * DAY)
    rating.rate(store=store, at=NOW)

    with django_assert_num_queries(5):
        ledger_of(store)
