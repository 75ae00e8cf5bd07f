"""The ledger: what violations take, what is given back, and that nothing is ever edited."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connections, transaction

from scoring.models import LedgerEntry, StoreRating
from scoring.services import ledger, observations, rating
from stores import signals
from stores.models import Alert, Notice, Store, Violation
from tenants import scope
from tenants.models import Agency, DueWork
from tests.factories import make_membership, make_store, make_violation

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def _tell(violation: Violation, *, at: datetime = NOW) -> None:
    signals.violation_changed.send(
        sender=Violation, violation=violation, created=True, at=at, by=None
    )


def _points(violation: Violation) -> list[int]:
    rows = LedgerEntry.objects.filter(violation=violation).order_by("recorded_at", "id")
    return [row.points for row in rows]


def _rating(store: Store) -> int | None:
    return StoreRating.objects.get(store=store).rating


def test_an_enforced_violation_takes_its_points(agency: Agency) -> None:
    violation = make_violation(points=-24, reported_at=NOW - DAY)
    _tell(violation)
    assert (_points(violation), _rating(violation.store)) == ([-24], 176)


def test_the_same_violation_told_twice_takes_its_points_once(agency: Agency) -> None:
    violation = make_violation(points=-24, reported_at=NOW - DAY)
    for _ in range(3):
        _tell(violation)
    assert _points(violation) == [-24]


def test_a_pending_violation_takes_nothing(agency: Agency) -> None:
    violation = make_violation(points=-24, state="pending", reported_at=NOW - DAY)
    _tell(violation)
    assert (_points(violation), _rating(violation.store)) == ([], 200)


def test_a_pending_violation_that_lapses_never_takes_points(agency: Agency) -> None:
    violation = make_violation(points=-24, state="pending", reported_at=NOW - DAY)
    _tell(violation)
    Violation.objects.filter(pk=violation.pk).update(state="lapsed")
    violation.refresh_from_db()
    _tell(violation)
    assert _points(violation) == []


@pytest.mark.parametrize(
    ("told_later", "entries", "left"),
    [(-10, [-24, 14], 190), (-30, [-24, -6], 170), (0, [-24, 24], 200)],
    ids=["lowered", "raised", "lifted"],
)
def test_points_changed_by_the_marketplace_are_mended_by_new_entries(
    agency: Agency, told_later: int, entries: list[int], left: int
) -> None:
    violation = make_violation(points=-24, reported_at=NOW - DAY)
    _tell(violation)
    violation.points = told_later
    violation.save()
    _tell(violation, at=NOW + DAY)
    assert (_points(violation), _rating(violation.store)) == (entries, left)


def test_a_raised_deduction_keeps_the_first_ones_expiry(agency: Agency) -> None:
    violation = make_violation(points=-24, reported_at=NOW - 100 * DAY)
    _tell(violation)
    violation.points = -30
    violation.save()
    _tell(violation, at=NOW)
    second = LedgerEntry.objects.get(violation=violation, points=-6)
    assert second.expires_at == NOW - 100 * DAY + 180 * DAY


def test_a_violation_without_points_is_estimated_from_the_rulebook(agency: Agency) -> None:
    store = make_store(market="VN")
    violation = make_violation(store=store, rule="counterfeit", points=None, reported_at=NOW - DAY)
    _tell(violation)
    entry = LedgerEntry.objects.get(violation=violation)
    assert (entry.estimate_low, entry.estimate_high, entry.points) == (4, 48, -26)


def test_points_stated_later_replace_the_estimate(agency: Agency) -> None:
    store = make_store(market="VN")
    violation = make_violation(store=store, rule="counterfeit", points=None, reported_at=NOW - DAY)
    _tell(violation)
    violation.points = -12
    violation.save()
    _tell(violation, at=NOW + DAY)
    assert (_points(violation), _rating(store)) == ([-26, 26, -12], 188)


def test_a_violation_without_points_and_range_leaves_the_rating_incomplete(
    agency: Agency,
) -> None:
    # given a store whose own number we know
    violation = make_violation(rule="other", points=None, reported_at=NOW - DAY)
    observations.record_platform_rating(
        store=violation.store,
        value=200,
        measure="rating",
        observed_at=NOW,
        source="person",
        at=NOW,
        by=None,
    )
    _tell(violation)
    row = StoreRating.objects.get(store=violation.store)
    assert (_points(violation), row.standing) == ([], "incomplete")


def test_a_granted_reversal_restores_the_rating_from_then_on(agency: Agency) -> None:
    violation = make_violation(points=-24, reported_at=NOW - DAY)
    _tell(violation)
    given = ledger.give_back(violation=violation, reason="granted", at=NOW, by=None)
    rating.rate(store=violation.store, at=NOW)
    assert (given, _rating(violation.store)) == (24, 200)


@pytest.mark.parametrize("points", [0, -1, 25], ids=["nothing", "wrong sign", "too many"])
def test_reverse_entry_refuses_more_than_is_left(agency: Agency, points: int) -> None:
    violation = make_violation(points=-24, reported_at=NOW - DAY)
    _tell(violation)
    entry = LedgerEntry.objects.get(violation=violation)
    with pytest.raises(ledger.ReversalExceeds):
        ledger.reverse_entry(entry=entry, reason="granted", points=points, at=NOW, by=None)


def test_reverse_entry_refuses_a_second_whole_reversal(agency: Agency) -> None:
    violation = make_violation(points=-24, reported_at=NOW - DAY)
    _tell(violation)
    entry = LedgerEntry.objects.get(violation=violation)
    ledger.reverse_entry(entry=entry, reason="granted", at=NOW, by=None)
    with pytest.raises(ledger.NotReversible):
        ledger.reverse_entry(entry=entry, reason="granted", at=NOW, by=None)


@pytest.mark.parametrize("statement", ["UPDATE", "DELETE"])
def test_the_database_refuses_to_edit_or_delete_an_entry(agency: Agency, statement: str) -> None:
    violation = make_violation(points=-24, reported_at=NOW - DAY)
    _tell(violation)
    rows = LedgerEntry.objects.filter(violation=violation)
    change = {"UPDATE": lambda: rows.update(points=0), "DELETE": lambda: rows._raw_delete(rows.db)}
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        change[statement]()
    assert _points(violation) == [-24]


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("statement", ["UPDATE {} SET points = 0", "DELETE FROM {}"])
def test_not_even_the_owner_of_the_tables_edits_or_deletes_an_entry(statement: str) -> None:
    agency = Agency.objects.get(slug="harbour")
    with scope.agency(agency), transaction.atomic():
        violation = make_violation(points=-24, reported_at=NOW - DAY)
        _tell(violation)
    with (
        pytest.raises(DatabaseError, match="ledger_is_append_only"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(statement.format(f'"{agency.schema_name}".scoring_ledgerentry'))
    with scope.agency(agency), transaction.atomic():
        assert _points(violation) == [-24]


def test_points_that_were_taken_on_another_day_are_written_anew(agency: Agency) -> None:
    # given points taken on one day, then lowered
    violation = make_violation(points=-24, reported_at=NOW - 9 * DAY, enforced_at=NOW - 9 * DAY)
    _tell(violation, at=NOW - 8 * DAY)
    Violation.objects.filter(pk=violation.pk).update(points=-16)
    violation.refresh_from_db()
    _tell(violation, at=NOW - 4 * DAY)

    # when it turns out that they were taken sooner
    Violation.objects.filter(pk=violation.pk).update(enforced_at=NOW - 20 * DAY)
    violation.refresh_from_db()
    for _ in range(2):
        _tell(violation)

    # then what is left of them stands on that day, once
    rows = LedgerEntry.objects.filter(violation=violation).order_by("recorded_at", "kind", "id")
    assert [(row.kind, row.points, row.occurred_at) for row in rows] == [
        ("deduction", -24, NOW - 9 * DAY),
        ("reversal", 8, NOW - 4 * DAY),
        ("deduction", -16, NOW - 20 * DAY),
        ("reversal", 16, NOW - 9 * DAY),
    ]


def test_a_reached_milestone_raises_one_alert(agency: Agency) -> None:
    store = make_store(market="US")
    _tell(make_violation(store=store, points=-20, reported_at=NOW - 3 * DAY), at=NOW - 2 * DAY)
    _tell(make_violation(store=store, points=-32, reported_at=NOW - DAY), at=NOW)
    codes = list(Alert.objects.filter(store=store, state="open").values_list("code", "detail"))
    assert ("milestone_reached", {"milestone": 150, "measure": "rating", "value": 148}) in codes


def test_the_rating_asks_to_be_looked_at_when_an_entry_leaves(agency: Agency) -> None:
    store = make_store(market="US")
    _tell(make_violation(store=store, points=-20, reported_at=NOW - 179 * DAY))
    (row,) = DueWork.objects.filter(kind="scoring.next", subject=str(store.pk))
    assert row.due_at == NOW + DAY


def test_a_platform_rating_seen_first_opens_what_we_did_not_know(agency: Agency) -> None:
    store = make_store(market="US")
    observations.record_platform_rating(
        store=store, value=90, measure="rating", observed_at=NOW, source="person", at=NOW, by=None
    )
    row = StoreRating.objects.get(store=store)
    assert (row.rating, row.band, row.drift) == (90, "watch", 0)


def test_platform_ratings_of_an_undone_notice_are_withdrawn(agency: Agency) -> None:
    store = make_store(market="US")
    notice = Notice.objects.create(
        store=store, channel="mail", trust="unverified", state="acted", digest="d", received_at=NOW
    )
    signals.platform_rating_seen.send(
        sender=Notice,
        store=store,
        value=90,
        measure="rating",
        observed_at=NOW,
        source="mail",
        at=NOW,
        by=None,
        notice=notice,
    )
    signals.notice_undone.send(sender=Notice, notice=notice, at=NOW, by=make_membership())
    row = StoreRating.objects.get(store=store)
    assert (row.rating, row.standing) == (200, "unknown")


@pytest.mark.parametrize("value", [-1, 1001])
def test_a_platform_rating_off_the_scale_is_refused(agency: Agency, value: int) -> None:
    with pytest.raises(observations.NotAPlatformRating):
        observations.record_platform_rating(
            store=make_store(),
            value=value,
            measure="rating",
            observed_at=NOW,
            source="person",
            at=NOW,
            by=None,
        )
