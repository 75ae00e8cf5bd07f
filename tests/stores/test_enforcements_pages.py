"""Enforcements by hand: recorded, mended, ended, listed at their store, and appealed from there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from appeals.models import Appeal
from scoring.models import StoreRating
from scoring.services import rating
from stores.models import Enforcement, Store
from tenants import scope
from tenants.models import Agency, Membership
from tenants.trail.models import AuditEvent
from tests import factories

ClientFor = Callable[[Membership], HttpClient]
NOW = datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Harbour Home", market="VN")


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership()


def typed(**changes: str) -> dict[str, str]:
    values = {
        "kind": "settlement_hold",
        "starts_at": "2026-07-14T09:30",
        "ends_at": "2026-08-13T09:30",
        "violation": "",
    }
    return values | changes


def make(store: Store, **changes: Any) -> Enforcement:
    values: dict[str, Any] = {
        "kind": "settlement_hold",
        "starts_at": NOW - timedelta(days=1),
        "source": "person",
        "recorded_at": NOW,
    }
    return Enforcement.objects.create(store=store, **(values | changes))


def new(store: Store) -> str:
    return f"/stores/{store.pk}/enforcements/new/"


def shown(page: Any) -> list[tuple[str, str, list[str]]]:
    return [
        (row.enforcement.kind, row.word, [act["label"] for act in row.acts])
        for row in page.context["enforcements"]
    ]


def test_record_takes_times_in_the_stores_zone_and_leaves_a_trail(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    violation = factories.make_violation(store=store, reference="74192280")
    client = client_for(lead)

    # when
    offered = client.get(f"{new(store)}?violation={violation.pk}").content.decode()
    answer = client.post(new(store), typed(violation=str(violation.pk)))

    # then
    enforcement = Enforcement.objects.get()
    assert f'<option value="{violation.pk}" selected>' in offered
    assert answer.headers["location"] == f"/stores/{store.pk}/"
    assert (enforcement.starts_at, enforcement.ends_at, enforcement.violation) == (
        datetime(2026, 7, 14, 2, 30, tzinfo=UTC),
        datetime(2026, 8, 13, 2, 30, tzinfo=UTC),
        violation,
    )
    assert (enforcement.source, enforcement.recorded_by) == ("person", lead)
    page = client.get(f"/enforcements/{enforcement.pk}/")
    assert [entry["note"] for entry in page.context["history"]] == [
        "from: Tue 14 Jul, 09:30 ICT · until: Thu 13 Aug, 09:30 ICT · violation: 74192280"
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "no_such"}, "Choose one of the list"),
        ({"kind": ""}, "This field is required"),
        ({"starts_at": ""}, "This field is required"),
        ({"starts_at": "0001-01-01T00:00", "ends_at": ""}, "too far off to be meant"),
        ({"starts_at": "1999-01-01T00:00"}, "too far off to be meant"),
        ({"starts_at": "2099-01-01T00:00", "ends_at": ""}, "too far in the future"),
        ({"ends_at": "9999-12-31T23:59"}, "too far off to be meant"),
        ({"ends_at": "2026-07-14T09:30"}, "ends after it starts"),
        ({"ends_at": "<b>"}, "Enter a valid date/time"),
        ({"violation": str(uuid4())}, "Choose one of the list"),
        ({"violation": "x"}, "Choose one of the list"),
    ],
)
def test_bad_input_is_refused_by_field_and_writes_nothing(
    store: Store, lead: Membership, client_for: ClientFor, changes: dict[str, str], words: str
) -> None:
    answer = client_for(lead).post(new(store), typed(**changes))

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Enforcement.objects.exists()


def test_the_same_is_recorded_once_and_another_stores_violation_is_none_of_it(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    elsewhere = factories.make_violation()

    client.post(new(store), typed())
    again = client.post(new(store), typed())
    strange = client.post(new(store), typed(kind="closed", violation=str(elsewhere.pk)))

    assert "is recorded already" in again.content.decode()
    assert "Choose one of the list" in strange.content.decode()
    assert Enforcement.objects.count() == 1


def test_change_mends_it_audited_and_a_closing_less_rates_anew(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given a store that was recorded as closed, by mistake
    client = client_for(lead)
    client.post(new(store), typed(kind="closed", ends_at=""))
    closed = Enforcement.objects.get()
    band = StoreRating.objects.get(store=store).band
    headline = client.get(f"/stores/{store.pk}/").context["facts"][2]

    # when
    client.post(f"/enforcements/{closed.pk}/", typed(kind="suspended", ends_at=""))
    client.post(f"/enforcements/{closed.pk}/", typed(kind="suspended", ends_at=""))

    # then
    assert (band, headline["value"]) == ("closed", "Closed since 14 Jul 2026")
    assert StoreRating.objects.get(store=store).band != "closed"
    changed = AuditEvent.objects.get(action="enforcement.changed")
    assert (changed.member, changed.changes) == (lead, {"kind": ["closed", "suspended"]})
    facts = client.get(f"/stores/{store.pk}/").context["facts"][2]
    assert (facts["value"], facts["note"]) == ("Suspended", "until lifted")


def test_change_into_another_that_is_recorded_is_refused(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    client.post(new(store), typed())
    client.post(new(store), typed(kind="suspended"))
    suspended = Enforcement.objects.get(kind="suspended")

    refused = client.post(f"/enforcements/{suspended.pk}/", typed())

    assert "is recorded already" in refused.content.decode()
    suspended.refresh_from_db()
    assert suspended.kind == "suspended"


def test_a_store_closed_by_its_points_says_since_when(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    reported_at = NOW - timedelta(days=3)
    factories.make_violation(store=store, points=-60, reported_at=reported_at)
    rating.rate(store=store, at=NOW)
    StoreRating.objects.filter(store=store).update(band="closed", closed_since=reported_at)

    fact = client_for(lead).get(f"/stores/{store.pk}/").context["facts"][2]

    assert fact["label"] == "In force"
    assert fact["value"].startswith("Closed since ")


def test_ending_it_counts_once(store: Store, lead: Membership, client_for: ClientFor) -> None:
    running, coming = make(store), make(store, starts_at=NOW + timedelta(days=2))
    client = client_for(lead)

    for enforcement in (running, running, coming):
        answer = client.post(f"/enforcements/{enforcement.pk}/end/")
        assert answer.headers["location"] == f"/stores/{store.pk}/"

    running.refresh_from_db()
    coming.refresh_from_db()
    assert running.ends_at is not None
    assert coming.ends_at is None
    assert AuditEvent.objects.filter(action="enforcement.ended").count() == 1
    assert client.get(f"/enforcements/{running.pk}/end/").status_code == 405


def test_store_page_lists_how_each_stands_and_leads_to_its_appeal(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    running = make(store)
    make(store, kind="suspended", starts_at=NOW - timedelta(days=9), ends_at=NOW)
    make(store, kind="closed", starts_at=NOW + timedelta(days=1))
    make(store, kind="warning", starts_at=NOW - timedelta(days=400))
    client = client_for(lead)

    # when
    before = shown(client.get(f"/stores/{store.pk}/"))
    opened = client.post(f"/enforcements/{running.pk}/appeal/")
    after = shown(client.get(f"/stores/{store.pk}/"))

    # then
    assert before == [
        ("closed", "To come", ["Appeal"]),
        ("settlement_hold", "In force", ["Appeal"]),
        ("suspended", "Ended", []),
        ("warning", "", []),
    ]
    case = Appeal.objects.get()
    assert (case.enforcement, opened.headers["location"]) == (running, f"/cases/{case.pk}/")
    assert after[1] == ("settlement_hold", "In force", ["Open the case"])


def test_who_may_not_reads_them_and_is_offered_nothing(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    enforcement = make(store)
    customer = factories.make_membership("client")
    factories.make_access(customer, store)
    client = client_for(customer)

    page = client.get(f"/stores/{store.pk}/")

    assert shown(page) == [("settlement_hold", "In force", [])]
    assert "/enforcements/" not in page.content.decode()
    for path in (new(store), f"/enforcements/{enforcement.pk}/"):
        assert client.get(path).status_code == 403
        assert client.post(path, typed()).status_code == 403
    assert client.post(f"/enforcements/{enforcement.pk}/end/").status_code == 403
    enforcement.refresh_from_db()
    assert (Enforcement.objects.get(), enforcement.ends_at) == (enforcement, None)


def test_out_of_reach_and_other_agencys_are_not_found(
    store: Store, lead: Membership, other_agency: Agency, client_for: ClientFor
) -> None:
    own = make(store)
    stranger = factories.make_membership("specialist")
    with scope.agency(other_agency):
        foreign = make(factories.make_store())

    for client, pk, of in (
        (client_for(lead), foreign.pk, foreign.store_id),
        (client_for(lead), uuid4(), uuid4()),
        (client_for(lead), "x", "x"),
        (client_for(stranger), own.pk, store.pk),
    ):
        assert client.get(f"/enforcements/{pk}/").status_code == 404
        assert client.post(f"/enforcements/{pk}/", typed()).status_code == 404
        assert client.post(f"/enforcements/{pk}/end/").status_code == 404
        assert client.post(f"/stores/{of}/enforcements/new/", typed()).status_code == 404
    assert Enforcement.objects.get() == own


def test_pages_ask_the_same_queries_for_one_enforcement_and_for_three(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    violation = factories.make_violation(store=store)
    client = client_for(lead)
    paths = (f"/stores/{store.pk}/", f"/violations/{violation.pk}/")

    def queries() -> list[int]:
        counts = []
        for path in paths:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(path).status_code == 200
            counts.append(len(captured))
        return counts

    make(store, violation=violation)
    queries()
    of_one = queries()
    make(store, violation=violation, kind="suspended")
    make(store, violation=violation, kind="visibility")

    assert queries() == of_one


TEXTS = {
    "en": (
        "Your Account Health Rating has dropped to 139 points. As a result the following "
        "restrictions apply to your shop:\n\n- no new product listings\n"
        "- no enrolment in mega campaigns\n\nStart: 2026-07-14 09:30:00 (UTC+07:00)\n"
        "Milestone record: 7417843200\n\nExisting listings and orders are not affected."
    ),
    "zh": (
        "您的账户健康评分已降至 139 分，店铺将受到以下限制：暂停发布新商品、暂停报名大型活动。\n\n"
        "生效时间：2026年7月14日 09:30（UTC+07:00）\n处罚编号：7417843200"
    ),
}


@pytest.mark.parametrize("language", TEXTS)
def test_notice_of_a_milestone_is_recorded_from_its_own_words(
    store: Store, lead: Membership, client_for: ClientFor, language: str
) -> None:
    # given
    notice = factories.make_notice(
        store=store, kind="milestone", reason="other_kind:milestone", text=TEXTS[language]
    )
    client = client_for(lead)
    address = f"{new(store)}?notice={notice.pk}"
    page = client.get(f"/notices/{notice.pk}/").content.decode()
    offered = client.get(address).context["form"]

    # when
    started_at = datetime(2026, 7, 14, 2, 30, tzinfo=UTC)
    told = typed(kind="listing_limit", ends_at="") | {"also": "campaign_block"}
    answer = client.post(address, told)
    again = client.post(address, told).content.decode()

    # then
    assert f'href="{address}"' in page
    assert offered.initial == {
        "kind": "listing_limit",
        "also": ["campaign_block"],
        "starts_at": started_at,
        "violation": None,
    }
    assert answer.headers["location"] == f"/stores/{store.pk}/"
    kept = list(Enforcement.objects.order_by("id"))
    assert [(one.kind, one.starts_at, one.source) for one in kept] == [
        ("listing_limit", started_at, "mail"),
        ("campaign_block", started_at, "mail"),
    ]
    notice.refresh_from_db()
    assert (notice.state, notice.handled_by) == ("acted", lead)
    assert [done["reference"] for done in notice.did] == ["7417843200", "7417843200"]
    assert "recorded already" in again or "does not wait any more" in again
    settled = client.get(f"/notices/{notice.pk}/").content.decode()
    assert "Recorded an enforcement" in settled
    assert "7417843200" in settled
    assert "ask-undo" not in settled
    assert client.post(f"/notices/{notice.pk}/undo/").status_code == 302
    assert Enforcement.objects.count() == 2


def test_notice_of_another_store_fills_no_form(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    elsewhere = factories.make_notice(store=factories.make_store(), kind="milestone")

    assert client_for(lead).get(f"{new(store)}?notice={elsewhere.pk}").status_code == 404


def test_only_notices_of_enforcements_offer_to_record_one(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    other = factories.make_notice(store=store, kind="news")

    assert "Record as an enforcement" not in (
        client_for(lead).get(f"/notices/{other.pk}/").content.decode()
    )
