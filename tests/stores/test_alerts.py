from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from stores import alert_kinds
from stores.models import Alert
from stores.services import alerts
from tenants.models import Agency
from tests import factories

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
CODE = "reading.overdue_orders"


def test_open_alert_twice_keeps_one_and_brings_its_detail_up_to_date(agency: Agency) -> None:
    # given
    store = factories.make_store()
    first = alerts.open_alert(store=store, code=CODE, at=NOW, detail={"value": "3"})

    # when
    later = NOW + timedelta(minutes=15)
    second = alerts.open_alert(store=store, code=CODE, at=later, detail={"value": "5"})

    # then
    assert first.pk == second.pk
    alert = Alert.objects.get()
    assert (alert.detail, alert.opened_at, alert.severity) == ({"value": "5"}, NOW, "critical")
    assert alert_kinds.title(alert.code, alert.detail) == "Orders past dispatch: 5"


def test_a_resolved_alert_opens_anew(agency: Agency) -> None:
    # given
    store = factories.make_store()
    alerts.open_alert(store=store, code=CODE, at=NOW)

    # when
    was_open = alerts.resolve_alert(store=store, code=CODE, at=NOW)
    is_still_open = alerts.resolve_alert(store=store, code=CODE, at=NOW)
    alerts.open_alert(store=store, code=CODE, at=NOW)

    # then
    assert (was_open, is_still_open) == (True, False)
    assert sorted(Alert.objects.values_list("state", flat=True)) == ["open", "resolved"]


def test_acknowledging_takes_the_alert_over(agency: Agency) -> None:
    alert, member = factories.make_alert(factories.make_store()), factories.make_membership()

    alerts.acknowledge(alert=alert, by=member, at=NOW)

    assert (alert.state, alert.owner_id) == ("acknowledged", member.pk)


def test_a_resolved_alert_is_handled_no_more(agency: Agency) -> None:
    # given two members holding the same alert
    alert, member = factories.make_alert(factories.make_store()), factories.make_membership()
    stale = Alert.objects.get()
    alerts.resolve(alert=alert, by=member, at=NOW)

    # when, then
    with pytest.raises(alerts.AlertResolved):
        alerts.acknowledge(alert=stale, by=member, at=NOW)
    assert Alert.objects.get().state == "resolved"


@pytest.mark.parametrize("days", [0, -1, 31])
def test_snooze_is_for_a_month_at_most(agency: Agency, days: int) -> None:
    alert, member = factories.make_alert(factories.make_store()), factories.make_membership()

    with pytest.raises(alerts.SnoozeUnusable):
        alerts.snooze(alert=alert, until=NOW + timedelta(days=days), by=member, at=NOW)


def test_a_title_that_misses_a_value_shows_a_dash() -> None:
    assert alert_kinds.title(CODE, {}) == "Orders past dispatch: –"
    with translation.override("zh-hans"):
        assert alert_kinds.title("a.code.of.old", {"n": 1}, "Old: %(n)s") == "Old: 1"


@pytest.mark.parametrize(
    ("code", "measure", "title"),
    [
        ("milestone_reached", "rating", "Milestone 150 reached: rating 148"),
        ("milestone_reached", "points_deducted", "Milestone 150 reached: 148 points deducted"),
        ("milestone_near", "rating", "Close to milestone 150: rating 148"),
        ("milestone_near", "points_deducted", "Close to milestone 150: 148 points deducted"),
        ("drift", "rating", "The marketplace shows -4 points off our rating"),
        (
            "drift",
            "points_deducted",
            "The points deducted that the marketplace shows are -4 off ours",
        ),
    ],
)
def test_an_alert_of_a_rating_says_its_measure(code: str, measure: str, title: str) -> None:
    detail = {"milestone": 150, "value": 148, "drift": -4, "measure": measure}

    assert alert_kinds.title(code, detail) == title
    assert alert_kinds.instruction(code, detail) == alert_kinds.kind(code).instruction


def test_an_older_alert_without_a_measure_is_of_the_rating() -> None:
    assert alert_kinds.title("drift", {"drift": 4}).endswith("4 points off our rating")
