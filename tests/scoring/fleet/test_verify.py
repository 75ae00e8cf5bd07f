"""The nightly verification, and the fleet's answers at once."""

import json
import logging
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from scoring.models import LedgerEntry, StoreRating
from scoring.selectors.fleet_ratings import COLUMNS
from scoring.services import fleet, rating
from scoring.services.ledger import write_entry
from stores.models import Store
from tenants import scope
from tenants.models import Agency, DueWork
from tenants.trail.models import AuditEvent
from tests.factories import make_store

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def rated_store(points: int = -6, **facts: Any) -> Store:
    """Return a store with one deduction, rated at NOW."""
    store = make_store(**facts)
    write_entry(
        store=store,
        kind=LedgerEntry.Kind.DEDUCTION,
        points=points,
        occurred_at=NOW - 3 * DAY,
        at=NOW - 3 * DAY,
        by=None,
    )
    rating.rate(store=store, at=NOW)
    return store


def stored(store: Store) -> dict[str, Any]:
    row = StoreRating.objects.get(store=store)
    return {name: getattr(row, name) for name in (*COLUMNS, "day_ago", "week_ago")}


@pytest.mark.usefixtures("agency")
def test_verify_finds_nothing_where_the_core_has_just_rated() -> None:
    rated_store()
    rated_store(points=-60, market="VN")  # closed by its rulebook
    rated_store(marketplace="shopee", market="US")  # without any rulebook

    verified = fleet.verify(at=NOW, via="task")

    assert verified == fleet.Verified(stores=3)
    assert not AuditEvent.objects.filter(action="rating.mended").exists()


@pytest.mark.usefixtures("agency")
def test_verify_mends_what_differs_and_tells_of_it(caplog: pytest.LogCaptureFixture) -> None:
    # given
    sound, wrong = rated_store(), rated_store()
    right = stored(wrong)
    StoreRating.objects.filter(store=wrong).update(rating=150, raw=150, band="watch")

    # when
    with caplog.at_level(logging.ERROR, logger=fleet.logger.name):
        verified = fleet.verify(at=NOW, via="task")

    # then
    assert verified.mended == {wrong.pk: ["rating", "raw", "band"]}
    assert stored(wrong) == right
    event = AuditEvent.objects.get(action="rating.mended")
    assert (event.store_id, event.changes) == (
        wrong.pk,
        {"rating": [150, 194], "differed": ["rating", "band"]},
    )
    assert [record.message for record in caplog.records] == ["rating_mended"]
    assert sound.pk not in verified.mended


@pytest.mark.usefixtures("agency")
def test_verify_rates_a_store_that_never_was() -> None:
    store = make_store()

    verified = fleet.verify(at=NOW, via="task")

    assert verified.mended == {store.pk: ["never_rated"]}
    assert stored(store)["rating"] == 200


@pytest.mark.usefixtures("agency")
def test_verify_leaves_an_answer_whose_next_change_is_due_to_that() -> None:
    store = rated_store()
    StoreRating.objects.filter(store=store).update(rating=150, next_change_at=NOW)

    assert fleet.verify(at=NOW, via="task").mended == {}


@pytest.mark.usefixtures("agency")
def test_verify_brings_the_days_up_to_date_without_a_word() -> None:
    store = rated_store()
    before = StoreRating.objects.get(store=store)
    assert (before.day_ago, before.week_ago, before.spark[-5:]) == (
        194,
        200,
        [200, 194, 194, 194, 194],
    )

    verified = fleet.verify(at=NOW + 10 * DAY, via="task")

    after = StoreRating.objects.get(store=store)
    assert verified.mended == {}
    assert (after.day_ago, after.week_ago, set(after.spark[-13:])) == (194, 194, {194})


@pytest.mark.usefixtures("agency")
def test_verify_goes_on_from_slice_to_slice() -> None:
    stores = sorted([rated_store(), rated_store(), rated_store()], key=lambda store: store.pk)

    first = fleet.verify(at=NOW, via="task", most=2)
    rest = fleet.verify(at=NOW, via="task", most=2, since=first.next_store)

    assert (first.stores, first.next_store) == (2, stores[2].pk)
    assert (rest.stores, rest.next_store) == (1, None)


@pytest.mark.usefixtures("agency")
def test_rate_fleet_stores_what_the_core_would() -> None:
    # given
    stores = [
        rated_store(),
        rated_store(points=-60, market="VN"),
        make_store(marketplace="shopee", market="US"),
    ]
    right = [stored(store) for store in stores[:2]]
    StoreRating.objects.update(rating=1, band="critical")

    # when
    changed = fleet.rate_fleet(at=NOW)

    # then
    assert set(changed) == {store.pk for store in stores}
    assert [stored(store) for store in stores[:2]] == right
    waiting = DueWork.objects.filter(kind="scoring.next", due_at=NOW)
    assert set(waiting.values_list("subject", flat=True)) == {str(pk) for pk in changed}
    assert fleet.rate_fleet(at=NOW) == []


def test_verify_sees_no_other_agencys_stores(agency: Agency, other_agency: Agency) -> None:
    with scope.agency(other_agency):
        foreign = rated_store()
        StoreRating.objects.update(rating=1)

    assert fleet.verify(at=NOW, via="task") == fleet.Verified()
    assert fleet.rate_fleet(at=NOW) == []
    with scope.agency(other_agency):
        assert stored(foreign)["rating"] == 1


@pytest.mark.usefixtures("agency")
def test_next_night_is_each_agencys_own_moment() -> None:
    one, other = UUID(int=1), UUID(int=2)
    evening = datetime(2026, 11, 20, 16, 59, tzinfo=UTC)

    turn = fleet.next_night(one, evening)

    assert timedelta(0) < turn - evening < timedelta(hours=6, minutes=1)
    assert fleet.next_night(one, turn) == turn + DAY
    assert fleet.next_night(other, evening) != turn


def test_verify_ratings_prints_what_it_mended(agency: Agency) -> None:
    rated_store()
    wrong = rated_store()
    StoreRating.objects.filter(store=wrong).update(points_deducted=1, next_change_at=NOW + 90 * DAY)
    out = StringIO()

    call_command("verify_ratings", agency=agency.slug, stdout=out)

    assert json.loads(out.getvalue()) == {
        "agency": agency.slug,
        "stores": 2,
        "mended": {str(wrong.pk): ["points_deducted"]},
    }


@pytest.mark.usefixtures("agency")
def test_verify_ratings_refuses_an_agency_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="There is no agency nowhere"):
        call_command("verify_ratings", agency="nowhere")
