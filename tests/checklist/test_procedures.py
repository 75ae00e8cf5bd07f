"""Procedures, their items and schedules, edited by who may."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as HttpClient

from checklist.models import Procedure, ProcedureItem, Round, Schedule
from tenants import scope
from tenants.models import Agency, DueWork, Membership
from tenants.trail.models import AuditEvent
from tests import factories

Clients = Callable[[Membership], HttpClient]
ITEM = {"title": "Inventory", "proof": "data", "metric_0": "low_stock", "limit_0": "3"}
SCHEDULE: dict[str, Any] = {
    "reach": "all",
    "times": "00:00",
    "hours": "24",
    "weekdays": ["0", "1", "2", "3", "4", "5", "6"],
    "assignee": "team",
    "is_active": "on",
}


@pytest.fixture
def client(agency: Agency, client_for: Clients) -> HttpClient:
    Schedule.objects.all().delete()
    return client_for(factories.make_membership("lead"))


@pytest.fixture
def procedure(agency: Agency) -> Procedure:
    return factories.make_item(title="Old words").procedure


def test_the_default_procedures_are_listed_with_their_items(client: HttpClient) -> None:
    page = client.get("/procedures/").content.decode()
    assert ("Daily risk check" in page, "Orders" in page) == (True, True)
    daily = Procedure.objects.get(key="daily")
    shown = client.get(f"/procedures/{daily.pk}/")
    assert [str(item) for item, _ in shown.context["items"]] == [
        "Store status and activity",
        "Account security",
        "Balance",
        "Reviews and violations",
        "Inventory",
        "Response rate, 24 h",
    ]


def test_a_new_procedure_gets_items_and_a_schedule_and_opens_at_once(client: HttpClient) -> None:
    # given
    store = factories.make_store(market="VN")

    # when
    made = client.post("/procedures/new/", {"name": "Weekly look"})
    procedure = Procedure.objects.get(name="Weekly look")
    client.post(f"/procedures/{procedure.pk}/items/new/", ITEM)
    client.post(f"/procedures/{procedure.pk}/schedules/new/", SCHEDULE)

    # then
    assert made["Location"] == f"/procedures/{procedure.pk}/"
    limit = procedure.items.get().limits.get()
    assert (limit.metric, limit.comparator, limit.value, limit.max_age) == (
        "low_stock",
        "at_most",
        Decimal(3),
        timedelta(hours=24),
    )
    round_ = Round.objects.get(procedure=procedure)
    assert (round_.store, round_.item_ids) == (store, [procedure.items.get().pk])
    schedule = procedure.schedules.get()
    assert (schedule.times, schedule.length) == ([time(0)], timedelta(hours=24))
    assert DueWork.objects.filter(subject=str(schedule.pk)).exists()
    actions = AuditEvent.objects.order_by("at").values_list("action", flat=True)
    assert list(actions) == ["procedure.created", "item.added", "schedule.created"]


def test_a_changed_item_leaves_open_rounds_as_they_are(
    client: HttpClient, procedure: Procedure
) -> None:
    # given a round that asks the old words
    item = procedure.items.get()
    round_ = factories.make_round(factories.make_store(), item)

    # when
    client.post(f"/procedures/{procedure.pk}/items/{item.pk}/", ITEM | {"title": "New words"})

    # then
    page = client.get(f"/rounds/{round_.pk}/").content.decode()
    assert ("Old words" in page, "New words" in page) == (True, False)
    in_force = procedure.items.get(is_active=True)
    assert (in_force.title, in_force.key, in_force.order) == ("New words", item.key, item.order)


def test_items_are_moved_and_left_out(client: HttpClient, procedure: Procedure) -> None:
    first = procedure.items.get()
    second = factories.make_item(procedure, title="Second")
    base = f"/procedures/{procedure.pk}/items"
    client.post(f"{base}/{second.pk}/move/", {"to": "up"})
    moved = [item.title for item in procedure.items.filter(is_active=True)]
    client.post(f"{base}/{first.pk}/retire/")
    left = [item.title for item in procedure.items.filter(is_active=True)]
    assert (moved, left) == (["Second", "Old words"], ["Second"])


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        pytest.param({"title": ""}, "title", "This field is required.", id="no_title"),
        pytest.param({"title": "x" * 121}, "title", "at most 120", id="long_title"),
        pytest.param(
            {"metric_0": "nonsense"}, "metric_0", "Choose one of the list", id="unknown_reading"
        ),
        pytest.param({"limit_0": ""}, "limit_0", "Give the limit.", id="no_limit"),
        pytest.param({"limit_0": "few"}, "limit_0", "Enter a number.", id="limit_is_a_word"),
        pytest.param({"metric_0": ""}, "proof", "Data can only prove", id="data_without_reading"),
        pytest.param({"hours_0": "0"}, "hours_0", "greater than or equal to 1", id="no_age"),
        pytest.param(
            {"metric_1": "low_stock", "limit_1": "1"}, "__all__", "one limit only", id="twice"
        ),
    ],
)
def test_an_item_typed_badly_is_refused_at_its_field(
    client: HttpClient, procedure: Procedure, changes: dict[str, str], field: str, said: str
) -> None:
    page = client.post(f"/procedures/{procedure.pk}/items/new/", ITEM | changes)
    assert page.status_code == 200
    assert said in " ".join(page.context["form"].errors[field])
    assert procedure.items.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        pytest.param({"times": "25:00"}, "times", "no time of day", id="no_such_time"),
        pytest.param({"times": "08:00+07:00"}, "times", "Leave the zone out", id="with_a_zone"),
        pytest.param({"times": " , "}, "times", "at least one time", id="no_times"),
        pytest.param({"hours": "0.1"}, "hours", "quarter of an hour", id="too_short"),
        pytest.param({"hours": "24.5"}, "hours", "24 hours", id="too_long"),
        pytest.param({"hours": "inf"}, "hours", "Enter a number.", id="endless"),
        pytest.param({"weekdays": ["7"]}, "weekdays", "Choose one of the list", id="no_such_day"),
        pytest.param({"reach": "group"}, "group", "Choose which one.", id="which_group"),
        pytest.param({"assignee": "member"}, "member", "Choose who.", id="which_member"),
        pytest.param(
            {"reach": "store", "store": "x"}, "store", "Choose one of the list", id="bad_id"
        ),
    ],
)
def test_a_schedule_typed_badly_is_refused_at_its_field(
    client: HttpClient, procedure: Procedure, changes: dict[str, Any], field: str, said: str
) -> None:
    page = client.post(f"/procedures/{procedure.pk}/schedules/new/", SCHEDULE | changes)
    assert page.status_code == 200
    assert said in " ".join(page.context["form"].errors[field])
    assert not procedure.schedules.exists()


def test_a_schedule_is_given_only_to_who_may_tick_here(
    client: HttpClient, procedure: Procedure, other_agency: Agency
) -> None:
    # given an auditor, and a lead of the other agency
    auditor = factories.make_membership("auditor")
    with scope.public():
        stranger = factories.make_membership("lead", agency=other_agency)

    # then
    for member in (auditor, stranger):
        sent = SCHEDULE | {"assignee": "member", "member": str(member.pk)}
        page = client.post(f"/procedures/{procedure.pk}/schedules/new/", sent)
        assert list(page.context["form"].errors) == ["member"]


def test_a_procedure_out_of_use_opens_nothing_until_it_is_used_again(
    client: HttpClient, procedure: Procedure
) -> None:
    # given
    factories.make_store(market="VN")
    schedule = factories.make_schedule(procedure, times=[time(0)], length=timedelta(hours=24))
    path, sent = f"/procedures/{procedure.pk}/edit/", {"name": "Renamed"}

    # when
    client.post(path, sent)
    client.post(f"/procedures/{procedure.pk}/schedules/{schedule.pk}/", SCHEDULE)
    unused = Round.objects.count()
    client.post(path, sent | {"is_active": "on"})

    # then
    assert (unused, Round.objects.count()) == (0, 1)
    schedule.refresh_from_db()
    assert schedule.opened_until > datetime.now(UTC) - timedelta(minutes=1)


@pytest.mark.parametrize("role", ["specialist", "auditor", "client"])
def test_who_may_not_edit_reads_and_is_refused(
    client_for: Clients, procedure: Procedure, role: str
) -> None:
    item = procedure.items.get()
    client = client_for(factories.make_membership(role))
    base = f"/procedures/{procedure.pk}"
    writes = [
        "/procedures/new/",
        f"{base}/edit/",
        f"{base}/items/new/",
        f"{base}/items/{item.pk}/",
        f"{base}/items/{item.pk}/move/",
        f"{base}/items/{item.pk}/retire/",
        f"{base}/schedules/new/",
    ]
    assert client.get(f"{base}/").status_code == 200
    assert {client.post(path, ITEM | SCHEDULE).status_code for path in writes} == {403}
    assert ProcedureItem.objects.filter(procedure=procedure).count() == 1


def test_a_procedure_of_another_agency_is_not_found(
    client: HttpClient, other_agency: Agency
) -> None:
    with scope.agency(other_agency):
        item = factories.make_item()
        schedule = factories.make_schedule(item.procedure)
    base = f"/procedures/{item.procedure_id}"
    paths = [
        f"{base}/",
        f"{base}/edit/",
        f"{base}/items/{item.pk}/",
        f"{base}/schedules/{schedule.pk}/",
    ]
    assert {client.get(path).status_code for path in paths} == {404}


def test_a_limit_stands_in_the_form_in_plain_digits(
    client: HttpClient, procedure: Procedure
) -> None:
    item = factories.make_item(procedure, metric="days_inactive", limit="20.0000")
    page = client.get(f"/procedures/{procedure.pk}/items/{item.pk}/")
    assert page.context["form"]["limit_0"].value() == "20"


def test_a_procedures_history_tells_of_its_items_and_schedules_to_staff_only(
    client: HttpClient, client_for: Clients, procedure: Procedure
) -> None:
    # given
    lead = Membership.objects.get(role__code="lead", agency_id=procedure.agency_id)
    base = f"/procedures/{procedure.pk}"
    client.post(f"{base}/items/new/", ITEM | {"title": "Stock", "limit_0": "20"})
    client.post(f"{base}/schedules/new/", SCHEDULE | {"weekdays": ["0", "2"]})
    client.post(f"{base}/edit/", {"name": "Shelf", "is_active": "on"})
    other = factories.make_item().procedure
    client.post(f"/procedures/{other.pk}/edit/", {"name": "Elsewhere", "is_active": "on"})

    # when
    shown = client.get(f"{base}/").context["history"]
    outside = client_for(factories.make_membership("client")).get(f"{base}/")

    # then
    assert [(entry["text"], entry["note"]) for entry in shown] == [
        (f"Procedure changed, by {lead}", "in use: yes"),
        (
            f"Schedule made: Shelf, by {lead}",
            (
                "in use: yes · stores: All stores · at: 00:00 · on: Mon, Wed"
                " · minutes to do it: 1440 · whose work: The store's team"
            ),
        ),
        (
            f"Check added: Stock, by {lead}",
            "proof: Data · asks for a value: no · limits: SKUs low on stock: at most 20",
        ),
    ]
    assert (outside.status_code, outside.context["history"]) == (200, [])
