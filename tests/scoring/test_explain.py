"""What the store's page says about a rating: each row with a value of its own, none too sure."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scoring.models import LedgerEntry
from scoring.selectors.explain import Explained, explain
from scoring.services import ledger, observations
from stores.models import Store
from tenants.models import Agency
from tests.factories import make_store, make_violation

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def store(agency: Agency) -> Store:
    return make_store(market="US")


def take(store: Store, points: int, *, ago: timedelta = DAY) -> None:
    violation = make_violation(store=store, points=points, reported_at=NOW - ago)
    ledger.keep_violation(violation=violation, at=NOW - ago, by=None)


def see(store: Store, value: int, *, ago: timedelta) -> None:
    observations.record_platform_rating(
        store=store, value=value, measure="rating", observed_at=NOW - ago, source="person",
        at=NOW - ago, by=None,
    )  # fmt: skip


def rows(explained: Explained) -> list[tuple[int, int | None, bool]]:
    """Return points, rating after them and whether they were taken back; the newest first."""
    return [(line.points, line.rating, line.is_taken_back) for line in explained.lines]


def test_entries_of_one_minute_have_a_running_rating_each(store: Store) -> None:
    take(store, -30)
    take(store, -34)

    assert rows(explain(store, at=NOW)) == [(-34, 136, False), (-30, 170, False)]


def test_a_mistake_is_shown_as_taken_back_between_two_values(store: Store) -> None:
    take(store, -4)
    entry = LedgerEntry.objects.get()

    ledger.reverse_entry(entry=entry, reason="mistake", at=NOW, by=None)

    assert rows(explain(store, at=NOW)) == [(4, 200, False), (-4, 196, True)]


def test_running_ratings_end_at_the_scales_end(store: Store) -> None:
    take(store, -150)
    take(store, -90)
    take(store, -10)

    assert [line.rating for line in explain(store, at=NOW).lines] == [0, 0, 50]


def test_figure_that_nobody_confirmed_is_not_said_to_be_so_now(store: Store) -> None:
    explained = explain(store, at=NOW)

    assert explained.summary == "Unknown; 200 by our ledger alone. In the last 7 days: no change."
    assert explained.total_label == "by our ledger alone"


def test_figure_that_is_too_old_is_said_with_its_day(store: Store) -> None:
    see(store, 196, ago=3 * DAY)
    explained = explain(store, at=NOW)

    local = (NOW - 3 * DAY).astimezone(ZoneInfo(store.time_zone))
    day = f"{local.day} {local:%b}"
    assert explained.summary.startswith(f"Unknown now, last known 196 on {day}.")
    assert explained.total_label == f"last known on {day}"


def test_figure_that_is_known_is_said_to_be_so_now(store: Store) -> None:
    see(store, 196, ago=timedelta(hours=1))
    explained = explain(store, at=NOW)

    assert explained.summary.startswith("196 now.")
    assert explained.total_label == ""


def test_a_milestones_label_says_what_starts_there(store: Store) -> None:
    labels = {each["at"]: each["label"] for each in explain(store, at=NOW).chart.data["milestones"]}

    assert labels == {
        150: "No new listings",
        100: "No new listings",
        50: "No new listings",
        0: "Account deactivated",
    }
