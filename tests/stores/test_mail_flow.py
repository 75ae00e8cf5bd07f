"""Whether mail reaches a store: one notion for fleet, store, standing and alert."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from scoring.core.standing import ALIVE_FOR
from scoring.models import StoreRating
from scoring.services import fleet, rating
from stores import signals
from stores.models import Alert, Forwarding, MailTest, Store
from stores.selectors import mail_flow as selectors
from stores.selectors.mail_flow import MailFlow
from stores.services import mail_flow
from tenants.models import Agency, DueWork, Membership
from tests import factories, work
from tests.stores import posts

ClientFor = Callable[[Membership], HttpClient]
NOW = datetime.now(UTC).replace(microsecond=0)
QUIET = selectors.QUIET_AFTER


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    posts.publish_keys(settings, tmp_path)


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Bamboo & Home", external_id="7495001234567890123")


def flow_of(store: Store, at: datetime = NOW) -> MailFlow:
    return selectors.flows_of([store.pk], at=at)[store.pk]


def show_rating(store: Store, at: datetime) -> None:
    signals.platform_rating_seen.send(
        sender=None, store=store, value=190, measure="rating", observed_at=at, source="person",
        at=at, by=None, notice=None,
    )  # fmt: skip


def test_standing_and_mail_go_by_the_same_silence() -> None:
    assert selectors.QUIET_AFTER == ALIVE_FOR


def test_store_is_quiet_only_when_it_relied_on_mail(store: Store) -> None:
    assert flow_of(store) == MailFlow("none", None)

    factories.make_notice(store=store, received_at=NOW - QUIET, trust="suspicious")
    assert flow_of(store) == MailFlow("none", None)

    asked = factories.make_forwarding(store, asked_at=NOW - timedelta(days=9))
    assert flow_of(store) == MailFlow("waiting", None)

    Forwarding.objects.filter(pk=asked.pk).update(confirmed_at=NOW - timedelta(days=8))
    assert flow_of(store) == MailFlow("quiet", NOW - timedelta(days=8))

    factories.make_notice(store=store, received_at=NOW - QUIET)
    assert flow_of(store) == MailFlow("quiet", NOW - QUIET)

    factories.make_notice(store=store, received_at=NOW - QUIET + timedelta(seconds=1))
    assert flow_of(store).state == "flows"


def test_test_mail_that_came_counts_and_one_under_way_does_not(store: Store) -> None:
    factories.make_mail_test(store, asked_at=NOW)
    assert flow_of(store).state == "none"

    factories.make_mail_test(store, asked_at=NOW, came_at=NOW - timedelta(hours=1))
    assert flow_of(store) == MailFlow("flows", NOW - timedelta(hours=1))
    assert flow_of(store, NOW - timedelta(hours=2)) == MailFlow("none", None)


def test_flows_of_many_stores_take_as_many_queries_as_of_one(store: Store) -> None:
    stores = [store, factories.make_store(), factories.make_store()]
    for each in stores:
        factories.make_notice(store=each, received_at=NOW)

    with CaptureQueriesContext(
        connection,
    ) as one:
        selectors.flows_of([store.pk], at=NOW)
    with CaptureQueriesContext(connection) as three:
        found = selectors.flows_of([each.pk for each in stores], at=NOW)

    assert len(one) == len(three)
    assert {flow.state for flow in found.values()} == {"flows"}


# -- the alert --------------------------------------------------------------------------------


def open_alerts(store: Store) -> list[str]:
    rows = Alert.objects.filter(store=store).exclude(state="resolved")
    return list(rows.values_list("code", flat=True))


def look_at_silence() -> None:
    # Its row was claimed together with the mail's, so it is there again when the claim is over.
    work.run_due(at=datetime.now(UTC) + timedelta(minutes=1), kind=mail_flow.WATCH)


def test_silence_opens_an_alert_by_due_work_and_mail_that_comes_again_resolves_it(
    store: Store,
) -> None:
    # given mail that came ten days ago, and nothing since
    posts.post(posts.notice(), store)
    waits = DueWork.objects.get(kind=mail_flow.WATCH)
    assert (waits.subject, waits.due_at) == (str(store.pk), posts.ARRIVED + QUIET)
    assert open_alerts(store) == []

    # when the silence is looked at
    look_at_silence()

    # then
    alert = Alert.objects.get(code=mail_flow.QUIET)
    assert (alert.store, alert.severity) == (store, "warning")
    assert alert.detail == {"since": posts.ARRIVED.date().isoformat()}
    assert DueWork.objects.get(kind=mail_flow.WATCH).done_at is not None

    # and when a mail comes
    at = datetime.now(UTC)
    posts.post(posts.notice(reference="7412345679"), store, at=at)

    assert open_alerts(store) == []
    again = DueWork.objects.get(kind=mail_flow.WATCH)
    assert (again.done_at, again.due_at) == (None, at + QUIET)


def test_silence_is_no_alert_while_something_came_meanwhile_or_the_store_is_gone(
    store: Store,
) -> None:
    factories.make_notice(store=store, received_at=NOW - timedelta(hours=1))
    assert mail_flow.watch(store_id=store.pk, at=NOW) == NOW - timedelta(hours=1) + QUIET

    Store.objects.filter(pk=store.pk).update(state=Store.State.ARCHIVED)
    assert mail_flow.watch(store_id=store.pk, at=NOW + QUIET) is None
    assert open_alerts(store) == []


def test_suspicious_mail_neither_resolves_nor_counts(store: Store) -> None:
    posts.post(posts.notice(), store)
    look_at_silence()

    posts.post(posts.notice(signature="wrong_key", number=2), store, at=datetime.now(UTC))

    assert open_alerts(store) == [mail_flow.QUIET]
    assert flow_of(store).state == "quiet"


def test_another_shops_mail_to_a_stores_address_is_no_mail_of_the_store(store: Store) -> None:
    # given an address that was told of; only another shop's mail comes
    factories.make_forwarding(store, mailbox="seller@gmail.com")
    show_rating(store, NOW - timedelta(days=3))
    factories.make_notice(store=store, reason="other_store", received_at=NOW)

    # when
    rating.rate(store=store, at=NOW)

    # then it says so in the flow, and in both implementations of the standing
    assert flow_of(store).state == "waiting"
    assert StoreRating.objects.get(store=store).standing == "stale"
    StoreRating.objects.update(standing="unknown")
    fleet.rate_fleet(at=NOW)
    assert StoreRating.objects.get(store=store).standing == "stale"


def test_late_reading_of_an_older_mail_does_not_move_the_watch_back(store: Store) -> None:
    at = datetime.now(UTC)
    posts.post(posts.notice(), store, at=at)
    posts.post(posts.notice(reference="7412345679"), store)

    assert DueWork.objects.get(kind=mail_flow.WATCH).due_at == at + QUIET


# -- the standing -----------------------------------------------------------------------------


def test_stale_rating_stands_again_when_a_test_mail_comes_back(store: Store) -> None:
    # given a rating that was shown three days ago
    show_rating(store, NOW - timedelta(days=3))
    rating.rate(store=store, at=NOW)
    assert StoreRating.objects.get(store=store).standing == "stale"

    # when
    factories.make_mail_test(store, came_at=NOW - timedelta(minutes=1))
    mail_flow.heard([store.pk], at=NOW)

    # then both implementations say so
    row = StoreRating.objects.get(store=store)
    assert row.standing in {"confirmed", "computed"}
    assert fleet.verify(at=NOW, via="task").mended == {}
    StoreRating.objects.update(standing="unknown")
    fleet.rate_fleet(at=NOW)
    assert StoreRating.objects.get(store=store).standing == row.standing


# -- pages ------------------------------------------------------------------------------------


def test_fleet_and_store_say_that_mail_has_stopped(store: Store, client_for: ClientFor) -> None:
    # given
    lead, owner = factories.make_membership(), factories.make_membership("owner")
    busy = factories.make_store(name="Busy Store")
    factories.make_notice(store=store, received_at=NOW - timedelta(days=3))
    factories.make_notice(store=busy, received_at=NOW - timedelta(hours=3))

    def page(member: Membership, path: str) -> str:
        return client_for(member).get(path).content.decode()

    # then
    fleet = page(lead, "/")
    assert (fleet.count("mail last came 3 d ago"), fleet.count("without mail for 48 hours")) == (
        1,
        1,
    )
    quiet = page(lead, "/?q=mail:quiet")
    assert ("Bamboo" in quiet, "Busy Store" in quiet) == (True, False)
    of_store = page(lead, f"/stores/{store.pk}/")
    assert ("No mail for 48 hours." in of_store, "Look after the forwarding" in of_store) == (
        True,
        False,
    )
    assert "Look after the forwarding" in page(owner, f"/stores/{store.pk}/")
    assert "No mail for 48 hours." not in page(lead, f"/stores/{busy.pk}/")


def test_tests_of_the_agencys_address_speak_for_no_store(store: Store) -> None:
    factories.make_mail_test(None, came_at=NOW)

    assert MailTest.objects.filter(store=None).count() == 1
    assert flow_of(store).state == "none"
