"""The trail in words: codes, ids and moments are kept in its rows, and none reaches a reader."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from tenants import scope
from tenants.models import Agency, Membership
from tenants.trail import reading, services
from tenants.trail.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Membership], Client]
AT = datetime(2026, 12, 16, 16, 49, 50, 281226, tzinfo=UTC)


def told(**row: Any) -> reading.Told:
    services.record(**{"by": None, "at": AT} | row)
    (one,) = reading.told([AuditEvent.objects.get()])
    return one


def test_told_of_a_violation_says_rule_state_points_and_moments_in_words(agency: Agency) -> None:
    store = factories.make_store(market="VN")
    violation = factories.make_violation(
        store=store, rule="prohibited_product", reference="74192280"
    )
    changes = {
        "rule": "prohibited_product",
        "state": "enforced",
        "points": -12,
        "appeal_by": "2026-12-16 16:49:50.281226+00:00",
        "correct_by": None,
        "note": "",
    }

    with timezone.override("America/Los_Angeles"):
        row = told(
            action="violation.recorded", subject=violation, store_id=store.pk, changes=changes
        )

    assert (row.what, row.who) == ("Violation recorded", "Storewarden")
    assert row.name == "Prohibited product listed or shipped, 74192280"
    assert row.changes == (
        "rule: Prohibited product listed or shipped · points: −12 · state: Enforced"
        " · appeal by: Wed 16 Dec, 08:49 PST"
    )


def test_told_of_a_tick_names_its_check_and_hides_ids_and_empty_values(agency: Agency) -> None:
    lead = factories.make_membership()
    item = factories.make_item(title="Account security")
    round_ = factories.make_round(factories.make_store(), item)
    tick = factories.make_tick(round_, item, lead)
    changes = {"item": item.key, "round": str(round_.pk), "value": None, "result": "pass"}

    row = told(action="tick.recorded", by=lead, subject=tick, changes=changes)

    assert (row.what, row.name, row.changes) == ("Check ticked", "Account security", "Pass")
    assert row.who == str(lead)


def test_told_names_members_roles_and_what_they_were_before(agency: Agency) -> None:
    lead, owner = factories.make_membership(), factories.make_membership("owner")
    changes = {
        "owner": [None, str(lead.pk)],
        "role": ["lead", "owner"],
        "store_scope": ["all", "all"],
        "groups": [["B", "A"]],
    }

    row = told(action="member.changed", by=owner, subject=lead, changes=changes)

    assert row.changes == f"role: Lead → Owner · owner: – → {lead} · groups: B, A"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("01a20f52-91c8-7aaa-8aaa-0123456789ab", ""),
        (["01a20f52-91c8-7aaa-8aaa-0123456789ab"], ""),
        ("", ""),
        ([], ""),
        ([None, ""], ""),
        (["same", "same"], ""),
        (False, "odd field: no"),
        (0, "odd field: 0"),
        ("2026-12-16T16:49:50+00:00", "odd field: Wed 16 Dec, 16:49 UTC"),
        ("2026-13-45 99:99", "odd field: 2026-13-45 99:99"),
        ("x" * 200, f"odd field: {'x' * 79}…"),
        ([["a", "b"], ["c"]], "odd field: a, b → c"),
        ({"deep": 1}, "odd field: {'deep': 1}"),
    ],
)
def test_told_of_a_field_that_nobody_has_said(agency: Agency, value: Any, shown: str) -> None:
    row = told(action="thing.made", subject=agency, changes={"odd_field": value})

    assert (row.what, row.changes) == ("Thing made", shown)


def test_told_speaks_the_readers_language_whatever_the_writers(agency: Agency) -> None:
    item = factories.make_item(title="Inventory", title_zh="库存")
    with translation.override("en"):
        services.record(action="item.added", by=None, subject=item, at=AT)

    with translation.override("zh-hans"):
        (row,) = reading.told([AuditEvent.objects.get()])

    assert (row.event.object_name, row.name) == ("Inventory", "库存")


def test_told_keeps_the_stored_name_of_what_is_gone_but_never_an_id(agency: Agency) -> None:
    violation = factories.make_violation(reference="Kept")
    services.record(action="violation.recorded", by=None, subject=violation, at=AT)
    services.record(action="violation.changed", by=None, subject=violation, at=AT)
    violation.delete()
    AuditEvent.objects.filter(action="violation.changed").update(
        object_name="01a20f52-91c8-7aaa-8aaa-0123456789ab"
    )

    named = {row.event.action: row.name for row in reading.told(AuditEvent.objects.all())}

    assert named == {"violation.recorded": "Kept", "violation.changed": ""}


def test_entries_name_other_objects_and_may_leave_the_changes_out(agency: Agency) -> None:
    lead = factories.make_membership()
    store, group = factories.make_store(name="Harbour"), factories.make_group(name="North")
    services.record(
        action="store.edited", by=lead, subject=store, at=AT, changes={"market": ["US", "VN"]}
    )
    services.record(action="group.created", by=lead, subject=group, at=AT - timedelta(hours=1))
    events = AuditEvent.objects.order_by("-at")

    assert reading.entries(events, of=store.pk) == [
        {
            "at": AT,
            "text": f"Store changed, by {lead}",
            "note": "market: United States → Vietnam",
        },
        {"at": AT - timedelta(hours=1), "text": f"Group added: North, by {lead}", "note": ""},
    ]
    without = reading.entries(events, of=store.pk, with_changes=False)
    assert [entry["note"] for entry in without] == ["", ""]


def test_audit_page_names_and_links_stores_within_reach(
    agency: Agency, client_for: ClientFor
) -> None:
    # given a tick at a store that is seen, and a row of one that is archived
    owner = factories.make_membership("owner")
    item = factories.make_item(title="Account security")
    store = factories.make_store(name="Manila Gadget Hub")
    archived = factories.make_store(name="Gone Shop", state="archived")
    tick = factories.make_tick(factories.make_round(store, item), item, owner)
    services.record(action="tick.recorded", by=owner, subject=tick, store_id=store.pk, at=AT)
    services.record(
        action="store.archived", by=owner, subject=archived, store_id=archived.pk, at=AT
    )
    services.record(action="agency.changed", by=owner, subject=agency, at=AT)

    # when
    rows = client_for(owner).get("/audit/").context["rows"]

    # then
    assert {row.what: (row.name, name, href) for row, name, href in rows} == {
        "Check ticked": ("Account security", "Manila Gadget Hub", f"/stores/{store.pk}/"),
        "Store archived": ("Gone Shop", "Gone Shop", ""),
        "Agency changed": (str(agency), "", ""),
    }


def test_audit_page_asks_the_same_queries_for_one_row_of_each_kind_and_for_three(
    agency: Agency, client_for: ClientFor
) -> None:
    owner = factories.make_membership("owner")
    client = client_for(owner)

    def add() -> None:
        store = factories.make_store()
        item = factories.make_item()
        tick = factories.make_tick(factories.make_round(store, item), item, owner)
        violation = factories.make_violation(store=store)
        attempt = factories.make_attempt()
        for action, subject, changes in (
            ("tick.recorded", tick, {"result": "pass"}),
            ("violation.recorded", violation, {"rule": violation.rule}),
            ("appeal.opened", attempt.appeal, {"attempt": 1}),
            ("store.owner_assigned", store, {"owner": [None, str(owner.pk)]}),
            ("alert.resolved", factories.make_alert(store), {"state": "resolved"}),
        ):
            services.record(
                action=action, by=owner, subject=subject, at=AT, store_id=store.pk, changes=changes
            )

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/audit/").status_code == 200
        return len(captured)

    add()
    queries()
    of_one = queries()
    add()
    add()
    assert queries() == of_one


def test_audit_page_is_for_who_may_and_of_one_agency(
    agency: Agency, other_agency: Agency, client_for: ClientFor
) -> None:
    owner, lead = factories.make_membership("owner"), factories.make_membership("lead")
    with scope.agency(other_agency):
        foreign = factories.make_store(name="Foreign Shop")
        services.record(
            action="store.created", by=None, subject=foreign, store_id=foreign.pk, at=AT
        )

    assert client_for(lead).get("/audit/").status_code == 403
    assert client_for(owner).get("/audit/").context["rows"] == []
