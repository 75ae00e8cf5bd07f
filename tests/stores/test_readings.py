from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from stores import signals
from stores.models import Alert, Reading
from stores.selectors import readings as selectors
from stores.services import readings
from tenants.models import Agency
from tenants.trail.models import AuditEvent
from tests import factories

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_record_reading_writes_it_tells_higher_rooms_and_leaves_a_trail(agency: Agency) -> None:
    # given
    store, member = factories.make_store(), factories.make_membership("specialist")
    heard: list[Reading] = []

    def hear(**news: Any) -> None:
        heard.append(news["reading"])

    signals.reading_recorded.connect(hear)

    # when
    reading = readings.record_reading(
        store=store,
        metric="balance",
        value=Decimal("-12.50"),
        measured_at=NOW - timedelta(hours=1),
        source="person",
        by=member,
        at=NOW,
    )

    # then
    signals.reading_recorded.disconnect(hear)
    assert Reading.objects.get() == reading
    assert heard == [reading]
    assert AuditEvent.objects.get().changes == {
        "metric": "balance",
        "value": "-12.50",
        "source": "person",
    }
    assert Alert.objects.get().detail == {"value": "-12.5", "limit": "0"}


@pytest.mark.parametrize(
    ("metric", "value", "measured_at", "refusal"),
    [
        ("sunshine", "1", NOW, readings.MetricUnknown),
        ("response_rate", "100.01", NOW, readings.ValueOutOfRange),
        ("response_rate", "-1", NOW, readings.ValueOutOfRange),
        ("response_rate", "NaN", NOW, readings.ValueOutOfRange),
        ("open_disputes", "1.5", NOW, readings.ValueOutOfRange),
        ("two_step", "2", NOW, readings.ValueOutOfRange),
        ("balance", "1e20", NOW, readings.ValueOutOfRange),
        ("balance", "1", NOW + timedelta(minutes=6), readings.MomentUnusable),
        ("balance", "1", NOW - timedelta(days=367), readings.MomentUnusable),
    ],
)
def test_record_reading_refuses_what_cannot_be(
    agency: Agency, metric: str, value: str, measured_at: datetime, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        readings.record_reading(
            store=factories.make_store(),
            metric=metric,
            value=Decimal(value),
            measured_at=measured_at,
            source="person",
            by=None,
            at=NOW,
        )
    assert not Reading.objects.exists()


def test_an_older_reading_does_not_speak_for_now(agency: Agency) -> None:
    # given a good balance today
    store = factories.make_store()
    factories.make_reading(store, "balance", 100, measured_at=NOW)

    # when yesterday's bad one is recorded late
    readings.record_reading(
        store=store,
        metric="balance",
        value=Decimal(-5),
        measured_at=NOW - timedelta(days=1),
        source="file",
        by=None,
        at=NOW,
    )

    # then
    assert not Alert.objects.exists()


def test_latest_readings_gives_the_newest_of_each_metric_and_store_in_one_query(
    agency: Agency, django_assert_num_queries: Any
) -> None:
    # given
    first, second, other = (factories.make_store() for _ in range(3))
    for hours, value in ((3, 1), (1, 2), (2, 3)):
        for store in (first, other):
            factories.make_reading(store, value=value, measured_at=NOW - timedelta(hours=hours))
    factories.make_reading(second, "balance", 7, measured_at=NOW)

    # when
    with django_assert_num_queries(1):
        latest = selectors.latest_readings([first.pk, second.pk])

    # then
    values = {
        store: {metric: reading.value for metric, reading in found.items()}
        for store, found in latest.items()
    }
    assert values == {
        first.pk: {"overdue_orders": Decimal(2)},
        second.pk: {"balance": Decimal(7)},
    }


def test_tiles_say_good_bad_and_unknown_and_never_take_an_old_value_for_now(
    agency: Agency,
) -> None:
    # given
    store = factories.make_store()
    factories.make_reading(store, "overdue_orders", 0, measured_at=NOW - timedelta(hours=2))
    factories.make_reading(store, "cancel_requests", 1, measured_at=NOW)
    factories.make_reading(store, "rts_failures", 0, measured_at=NOW - timedelta(hours=3))

    # when
    tiles = {tile.metric.code: tile for tile in selectors.tiles_of(store.pk, at=NOW)}

    # then
    states = {code: tiles[code].state for code in ("overdue_orders", "cancel_requests")}
    assert states == {"overdue_orders": "good", "cancel_requests": "bad"}
    old, never = tiles["rts_failures"], tiles["balance"]
    assert (old.state, old.is_old, old.value) == ("unknown", True, Decimal(0))
    assert (never.state, never.is_old, never.value) == ("unknown", False, None)


def test_a_deduction_for_policy_reasons_opens_an_alert_that_goes_with_it(agency: Agency) -> None:
    store = factories.make_store()

    for days, count in ((0, 2), (31, 0)):
        at = NOW + timedelta(days=days)
        readings.record_measured(store=store, values={"policy_deductions": Decimal(count)}, at=at)
        alert = Alert.objects.get(code="reading.policy_deductions")
        assert (alert.detail["value"], alert.state == "resolved") == ("2", not count)
