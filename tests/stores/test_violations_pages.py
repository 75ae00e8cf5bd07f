"""Violations by hand: recorded once, asked about when they may repeat, shown with their history."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from scoring.models import LedgerEntry, StoreRating
from stores.models import Notice, Store, Violation
from tenants import scope
from tenants.models import Agency, Membership
from tests import factories

ClientFor = Callable[[Membership], HttpClient]


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Harbour Home", market="VN")


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership()


def typed(**changes: str) -> dict[str, str]:
    values = {
        "reference": "7412345678",
        "rule": "counterfeit",
        "subject": "Canvas bag",
        "state": "enforced",
        "points": "12",
        "reported_at": "2026-07-14T09:30",
        "appeal_by": "2026-08-13T09:30",
    }
    return values | changes


def url(store: Store, notice: Notice | None = None) -> str:
    return f"/violations/new/?store={store.pk}" + (f"&notice={notice.pk}" if notice else "")


def test_record_takes_times_in_the_stores_zone_and_rates_at_once(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    answer = client_for(lead).post(url(store), typed())

    violation = Violation.objects.get()
    assert answer.headers["location"] == f"/violations/{violation.pk}/"
    assert (violation.reported_at, violation.points, violation.source) == (
        datetime(2026, 7, 14, 2, 30, tzinfo=UTC),
        -12,
        "person",
    )
    assert violation.enforced_at == violation.reported_at
    assert LedgerEntry.objects.get().points == -12
    assert StoreRating.objects.get().rating is not None


def test_rules_are_those_of_the_stores_book(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    page = client_for(lead).get(url(store)).content.decode()

    assert '<option value="counterfeit">' in page
    assert '<option value="other">' in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rule": "no_such"}, "Choose one of the list"),
        ({"points": "1001"}, "less than or equal to 1000"),
        ({"points": "4.5"}, "Enter a whole number"),
        ({"points": "9" * 400}, "less than or equal to 1000"),
        ({"reported_at": "2099-01-01T00:00", "appeal_by": ""}, "in the future"),
        ({"reported_at": "1999-01-01T00:00"}, "too far off to be meant"),
        ({"reported_at": ""}, "This field is required"),
        ({"reported_at": "0001-01-01T00:00"}, "too far off to be meant"),
        ({"appeal_by": "2026-07-01T00:00"}, "before the report"),
        ({"reference": "x" * 65}, "at most 64"),
        ({"reference": "a\x00b"}, "Null characters are not allowed"),
        ({"state": "reversed"}, "Choose one of the list"),
    ],
)
def test_bad_input_is_refused_by_field_and_writes_nothing(
    store: Store, lead: Membership, client_for: ClientFor, changes: dict[str, str], words: str
) -> None:
    answer = client_for(lead).post(url(store), typed(**changes))

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Violation.objects.exists()


def test_html_is_shown_as_text(store: Store, lead: Membership, client_for: ClientFor) -> None:
    client = client_for(lead)
    answer = client.post(url(store), typed(subject="<script>alert(1)</script>"))

    page = client.get(answer.headers["location"]).content.decode()
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_known_reference_is_asked_about_and_then_brought_up_to_date(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    client = client_for(lead)
    client.post(url(store), typed(points="4"))
    known = Violation.objects.get()

    # when
    asked = client.post(url(store), typed(points="12"))
    points_when_asked = Violation.objects.get().points
    client.post(url(store), typed(points="12") | {"choice": f"same-{known.pk}"})

    # then
    assert "is recorded at this store already" in asked.content.decode()
    assert points_when_asked == -4
    assert Violation.objects.get().points == -12


@pytest.mark.parametrize(("choice", "count"), [("", 1), ("same", 1), ("other", 2)])
def test_without_a_reference_a_person_says_whether_it_is_the_same(
    store: Store, lead: Membership, client_for: ClientFor, choice: str, count: int
) -> None:
    client = client_for(lead)
    client.post(url(store), typed(reference=""))
    known = Violation.objects.get()

    client.post(
        url(store),
        typed(reference="", reported_at="2026-07-14T15:00") | {"choice": f"{choice}-{known.pk}"},
    )

    assert Violation.objects.count() == count


def test_notice_that_waits_is_recorded_by_hand_and_waits_no_more(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    notice = factories.make_notice(
        text="Your shop has a violation.\nViolation ID: 8837261940\nReason: Counterfeit\n"
        "Status: Enforcement action taken\nPoints deducted: 24\nNotified: 2026-07-14 09:30",
    )
    client = client_for(lead)
    choose = client.get(f"/violations/new/?notice={notice.pk}").content.decode()
    prefilled = client.get(url(store, notice)).content.decode()

    # when
    client.post(url(store, notice), typed(reference="8837261940", points="24"))

    # then
    notice.refresh_from_db()
    violation = Violation.objects.get()
    assert f'<option value="{store.pk}">' in choose
    assert 'value="8837261940"' in prefilled
    assert 'value="24"' in prefilled
    assert (notice.state, notice.store, notice.handled_by) == ("acted", store, lead)
    assert (violation.notice, violation.source) == (notice, "person")


def test_violation_page_shows_facts_notice_and_history_to_staff_only(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    notice = factories.make_notice(store=store, subject="Policy violation", state="acted")
    violation = factories.make_violation(store=store, notice=notice, note="Ask the warehouse")
    customer = factories.make_membership("client")
    factories.make_access(customer, store)

    # when
    inside = client_for(lead).get(f"/violations/{violation.pk}/").content.decode()
    outside = client_for(customer).get(f"/violations/{violation.pk}/").content.decode()

    # then
    told = ["Policy violation", "Ask the warehouse", "/edit/"]
    assert [words in inside for words in told] == [True, True, True]
    assert [words in outside for words in told] == [False, False, False]
    assert str(violation.reference) in outside


def test_change_follows_into_the_ledger_and_keeps_the_reference_unique(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    client.post(url(store), typed())
    violation = Violation.objects.get()
    other = factories.make_violation(store=store)

    refused = client.post(
        f"/violations/{violation.pk}/edit/", typed(reference=str(other.reference))
    )
    client.post(f"/violations/{violation.pk}/edit/", typed(state="reversed"))

    assert "has this reference" in refused.content.decode()
    violation.refresh_from_db()
    assert violation.state == "reversed"
    assert (
        sum(LedgerEntry.objects.filter(violation=violation).values_list("points", flat=True)) == 0
    )


def test_member_who_may_not_and_other_agencys_ids(
    store: Store, lead: Membership, other_agency: Agency, client_for: ClientFor
) -> None:
    # given
    violation = factories.make_violation(store=store)
    customer = factories.make_membership("client")
    factories.make_access(customer, store)
    stranger = factories.make_membership("specialist")
    with scope.agency(other_agency):
        foreign = factories.make_violation()
        foreign_store = foreign.store

    # then
    assert client_for(customer).get(url(store)).status_code == 403
    assert client_for(customer).get(f"/violations/{violation.pk}/edit/").status_code == 403
    for pk in (foreign.pk, uuid4(), "x"):
        assert client_for(lead).get(f"/violations/{pk}/").status_code == 404
        assert client_for(lead).post(f"/violations/{pk}/edit/", typed()).status_code == 404
    assert client_for(lead).post(url(foreign_store), typed()).status_code == 404
    assert client_for(stranger).get(f"/violations/{violation.pk}/").status_code == 404
    assert client_for(stranger).post(url(store), typed()).status_code == 404
    assert Violation.objects.get() == violation


def test_list_filters_pages_and_has_a_fixed_number_of_queries(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    client = client_for(lead)
    factories.make_violation(store=store)
    client.get("/violations/")

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get("/violations/").status_code == 200
        return len(captured)

    # when
    of_one = queries()
    for _ in range(60):
        factories.make_violation(store=factories.make_store(), state="pending")

    # then
    assert queries() == of_one
    pages: list[Any] = []
    path = "/violations/?state=pending"
    while path:
        page = client.get(path)
        pages.append([row["violation"].pk for row in page.context["rows"]])
        path = f"/violations/?{page.context['older']}" if page.context["older"] else ""
    assert [len(page) for page in pages] == [50, 10]
    assert len({pk for page in pages for pk in page}) == 60
    for after in ("x", "2026-01-01_x", f"2026-01-01T00:00:00_{uuid4()}"):
        assert client.get("/violations/", {"after": after}).status_code == 404


def test_lists_name_the_rule_with_reference_and_subject_beneath(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given
    factories.make_violation(
        store=store, rule="prohibited_product", reference="74192280", subject="Battery"
    )
    factories.make_violation(store=store, rule="unheard_of", reference=None)
    client = client_for(lead)

    # then
    for path, rows in (("/violations/", "rows"), (f"/stores/{store.pk}/", "violations")):
        page = client.get(path)
        assert sorted(row["rule"] for row in page.context[rows]) == [
            "Prohibited product listed or shipped",
            "Unheard of",
        ]
        assert "74192280 · Battery</span>" in page.content.decode()


def test_a_rule_that_no_rulebook_knows_is_flagged_and_found(
    store: Store, lead: Membership, other_agency: Agency, client_for: ClientFor
) -> None:
    # given
    strange = factories.make_violation(store=store, rule="conterfeit")
    factories.make_violation(store=store, rule="counterfeit")
    with scope.agency(other_agency):
        factories.make_violation(rule="conterfeit")
    client = client_for(lead)

    # when
    page = client.get(f"/violations/{strange.pk}/")
    found = client.get("/violations/?rule=unknown")

    # then
    assert "Spelled alike: counterfeit." in page.content.decode()
    assert page.context["unknown"].rulebook == "tiktok_shop/VN/local/2026-07-09"
    assert client.get(page.context["unknown"].href).status_code == 200
    assert [row["violation"].pk for row in found.context["rows"]] == [strange.pk]
    for path in ("/violations/", f"/stores/{store.pk}/"):
        assert client.get(path).content.decode().count("Rule not in the rulebook</span>") == 1


def test_violations_history_is_in_words_and_in_the_stores_zone(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    client.post(url(store), typed())
    violation = Violation.objects.get()

    (entry,) = client.get(f"/violations/{violation.pk}/").context["history"]

    assert entry["text"] == f"Violation recorded, by {lead}"
    assert entry["note"] == (
        "rule: Counterfeit product · what it is about: Canvas bag · points: −12 · state: Enforced"
        " · reported: Tue 14 Jul, 09:30 ICT · points taken: Tue 14 Jul, 09:30 ICT"
        " · appeal by: Thu 13 Aug, 09:30 ICT"
    )
