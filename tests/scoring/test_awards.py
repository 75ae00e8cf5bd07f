"""The weekly order bonus: written from synced orders, once a week, where its figure counts."""

from datetime import UTC, datetime, timedelta

import pytest

from scoring import books
from scoring.models import LedgerEntry, StoreRating
from scoring.selectors.explain import explain
from scoring.selectors.ledgers import options_of
from scoring.services import awards, figures, observations, rating
from stores.models import Order, Store
from tenants.models import Agency, DueWork
from tests.factories import make_order, make_store
from tests.work import run_due

DAY = timedelta(days=1)
# Monday, 00:00 in Los Angeles, which ends the week that begins seven days before it.
MONDAY = datetime(2026, 11, 16, 8, tzinfo=UTC)
BEGINS = MONDAY - 7 * DAY


def _store(*, seen_at: datetime = BEGINS + timedelta(hours=1)) -> Store:
    store = make_store(market="US")
    observations.record_platform_rating(
        store=store,
        value=200,
        measure="rating",
        observed_at=seen_at,
        source="person",
        at=seen_at,
        by=None,
    )
    return store


def _complete(store: Store, orders: int, at: datetime) -> None:
    for _ in range(orders):
        make_order(store, at=at, status="COMPLETED", completed_at=at)


def _switch(*, is_on: bool, at: datetime, market: str = "US") -> None:
    book = books.shelf().library("tiktok_shop", market, "local").books[-1]
    figures.switch(book=book, figures=["order_bonus"], is_on=is_on, at=at, by=None)


def _keep(store: Store, at: datetime) -> datetime | None:
    return awards.keep(store=store, options=options_of(store), at=at)


def _awards(store: Store) -> list[tuple[datetime, int, int | None]]:
    rows = LedgerEntry.objects.filter(store=store, source="orders").order_by("recorded_at", "id")
    return [(row.occurred_at, row.points, row.orders) for row in rows]


def test_nothing_is_awarded_while_the_figure_does_not_count(agency: Agency) -> None:
    store = _store()
    _complete(store, 230, MONDAY - DAY)

    assert _keep(store, MONDAY + DAY) is None
    assert _awards(store) == []


def test_a_week_is_awarded_a_day_after_its_end_and_not_sooner(agency: Agency) -> None:
    store = _store()
    _switch(is_on=True, at=BEGINS)
    _complete(store, 230, MONDAY - DAY)

    assert _keep(store, MONDAY + DAY - timedelta(seconds=1)) == MONDAY + DAY
    assert _awards(store) == []
    assert _keep(store, MONDAY + DAY) == MONDAY + 8 * DAY
    assert _awards(store) == [(MONDAY, 4, 230)]


def test_a_week_counts_its_own_orders_by_the_markets_clock(agency: Agency) -> None:
    store = _store()
    _switch(is_on=True, at=BEGINS)
    inside, outside = [BEGINS, MONDAY - timedelta(seconds=1)], [BEGINS - DAY, MONDAY]
    for moment in (*inside, *outside):
        _complete(store, 100, moment)

    _keep(store, MONDAY + DAY)

    assert _awards(store)[-1] == (MONDAY, 4, 200)


def test_a_week_is_never_reworked(agency: Agency) -> None:
    store = _store()
    _switch(is_on=True, at=BEGINS)
    _keep(store, MONDAY + DAY)
    _complete(store, 500, MONDAY - DAY)
    _keep(store, MONDAY + DAY)

    assert _awards(store) == [(MONDAY, 0, 0)]


def test_weeks_from_before_the_first_number_are_in_the_opening(agency: Agency) -> None:
    store = _store(seen_at=MONDAY + timedelta(hours=1))
    _switch(is_on=True, at=MONDAY)
    _complete(store, 230, MONDAY - DAY)
    _keep(store, MONDAY + DAY)

    assert _awards(store) == []


@pytest.mark.parametrize("again", [False, True])
def test_what_was_awarded_is_taken_back_where_the_figure_counts_no_more(
    agency: Agency, *, again: bool
) -> None:
    store = _store()
    _switch(is_on=True, at=BEGINS)
    _complete(store, 230, MONDAY - DAY)
    _keep(store, MONDAY + DAY)
    _switch(is_on=False, at=MONDAY + 2 * DAY)
    _keep(store, MONDAY + 2 * DAY)
    if again:
        _switch(is_on=True, at=MONDAY + 3 * DAY)
        _keep(store, MONDAY + 3 * DAY)

    expected = [(MONDAY, 4, 230), (MONDAY, -4, None)]
    assert _awards(store) == [*expected, (MONDAY, 4, 230)] if again else expected
    rating.rate(store=store, at=MONDAY + 3 * DAY)
    assert StoreRating.objects.get(store=store).rating == (204 if again else 200)


def test_switching_the_figure_on_and_time_do_the_rest(agency: Agency) -> None:
    # given a store whose last week brought 230 orders
    now = datetime.now(UTC)
    store = _store(seen_at=now - 20 * DAY)
    book = books.library_for(store).books[-1]
    begins, monday = book.week_ended_by(now - DAY)
    _complete(store, 230, begins + DAY)

    # when the figure is switched on
    _switch(is_on=True, at=now)
    run_due()

    # then the week is awarded, the rating says so, and the next one waits for its day
    assert (monday, 4, 230) in _awards(store)
    assert StoreRating.objects.get(store=store).rating == 204
    waiting = DueWork.objects.get(kind="scoring.award", subject=str(store.pk), done_at=None)
    assert waiting.due_at > now
    assert Order.objects.filter(store=store).count() == 230


def test_the_sum_names_a_bonus_by_its_orders_and_leaves_weeks_without_one_out(
    agency: Agency,
) -> None:
    # given a week of 230 orders after one of none
    store = _store(seen_at=BEGINS - DAY)
    _switch(is_on=True, at=BEGINS - 10 * DAY)
    _complete(store, 230, MONDAY - DAY)
    _keep(store, MONDAY + DAY)
    assert [points for _at, points, _orders in _awards(store)] == [4, 0]

    # then one line stands in the sum and in the history
    explained = explain(store, at=MONDAY + 2 * DAY)
    items = [(item.label, item.points, item.note) for item in explained.items]
    assert items[1:] == [("Order bonus", 4, "230 orders completed in the week before")]
    moves = [(line.label, line.points) for line in explained.lines if line.kind == "started"]
    assert moves == [("Order bonus", 4)]
    assert [(term.label, term.points, term.count) for term in explained.terms[1:]] == [
        ("Bonuses", 4, 1)
    ]
