"""The jump: what it finds for whom, and how many queries that takes."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlencode

from appeals.models import Appeal
from stores.models import Enforcement
from tenants import scope
from tenants.models import Agency, Membership
from tenants.services.agencies import agency_host
from tests import factories

ClientFor = Callable[[Membership], Client]
Shown = dict[str, list[str]]
HTMX = {"hx-request": "true"}


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership("lead")


def _shown(client: Client, asked: str) -> Shown:
    """Return what stands below the box, as the titles under each heading."""
    answer = client.get(f"/jump/?{urlencode({'q': asked})}", headers=HTMX)
    assert answer.status_code == 200
    return {
        kind: re.findall(r'hits__title">([^<]*)<', part)
        for kind, part in re.findall(
            r'hits__head">([^<]*)<(.*?)</section>', answer.content.decode(), re.DOTALL
        )
    }


def _fill(name: str, reference: str) -> Any:
    """Make a store, a violation of it with a case and one without, and a member, all so named."""
    store = factories.make_store(name=f"{name} store")
    appealed = factories.make_violation(
        store=store, reference=f"{reference}-A", rule="other", subject=f"{name} appealed"
    )
    factories.make_violation(
        store=store, reference=f"{reference}-B", rule="other", subject=f"{name} alone"
    )
    factories.make_attempt(violation=appealed)
    factories.make_membership("specialist", user=factories.make_user(name=f"{name} person"))
    return store


def test_each_kind_is_found_under_its_heading(lead: Membership, client_for: ClientFor) -> None:
    _fill("Lotus", "V-1")
    _fill("Cedar", "V-2")

    assert _shown(client_for(lead), "lotus") == {
        "Stores": ["Lotus store"],
        "Cases": ["Lotus appealed"],
        "Violations without a case": ["Lotus alone"],
        "People": ["Lotus person"],
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("v-77-a", {"Cases": ["High late dispatch rate"]}, id="reference"),
        pytest.param("late disp", {"Cases": ["High late dispatch rate"]}, id="rule"),
        pytest.param("发货", {"Cases": ["High late dispatch rate"]}, id="rule_in_chinese"),
        pytest.param("TEAPOT", {"Cases": ["High late dispatch rate"]}, id="subject"),
        pytest.param("apl-9", {"Cases": ["High late dispatch rate"]}, id="reference_of_the_filing"),
        pytest.param("settlement", {"Cases": ["Settlement held"]}, id="enforcement"),
        pytest.param("7495-1", {"Stores": ["Plain"]}, id="shop_id"),
        pytest.param("quinn@", {"People": ["Quinn"]}, id="mail"),
        pytest.param("plain nothing", {}, id="each_word_must_stand"),
        pytest.param("", {}, id="nothing"),
        pytest.param("   ", {}, id="blanks"),
    ],
)
def test_things_are_found_by_what_they_are_known_by(
    lead: Membership, client_for: ClientFor, asked: str, found: Shown
) -> None:
    # given one of each
    store = factories.make_store(name="Plain", external_id="7495-1")
    violation = factories.make_violation(
        store=store, reference="V-77-A", rule="high_late_dispatch_rate", subject="Teapot, blue"
    )
    factories.make_attempt("filed", violation=violation, filing_reference="APL-9")
    held = Enforcement.objects.create(
        store=store,
        kind="settlement_hold",
        starts_at=factories.NOW,
        source="person",
        recorded_at=factories.NOW,
    )
    Appeal.objects.create(
        store=store,
        enforcement=held,
        attempts_allowed=2,
        opened_at=factories.NOW,
        changed_at=factories.NOW,
    )
    user = factories.make_user(name="Quinn", email="quinn@example.com")
    factories.make_membership("specialist", user=user)

    # then
    assert _shown(client_for(lead), asked) == found


def test_one_thing_alone_is_gone_to_and_several_are_listed_on_a_page(
    lead: Membership, client_for: ClientFor
) -> None:
    lotus = factories.make_store(name="Lotus")
    factories.make_store(name="Cedar one")
    factories.make_store(name="Cedar two")
    client = client_for(lead)

    alone, several = (client.get("/jump/", {"q": asked}) for asked in ("lotus", "cedar"))
    nothing, unasked = (client.get("/jump/", {"q": asked}).content for asked in ("zzz", ""))

    assert alone.headers["Location"] == f"/stores/{lotus.pk}/"
    assert re.findall(r'hits__title">([^<]*)<', several.content.decode()) == [
        "Cedar one",
        "Cedar two",
    ]
    assert 'value="cedar"' in several.content.decode()
    assert b"Nothing found for" in nothing
    assert b"What are you looking for?" in unasked


def test_conditions_of_a_search_lead_to_the_fleet(lead: Membership, client_for: ClientFor) -> None:
    answer = client_for(lead).get("/jump/", {"q": "rating:<160 market:us"})

    assert answer.headers["Location"] == "/?q=rating%3A%3C160+market%3Aus"


def test_a_store_that_begins_so_comes_first(lead: Membership, client_for: ClientFor) -> None:
    for name in ("Blue Lotus", "Lotus West", "A lotus"):
        factories.make_store(name=name)

    assert _shown(client_for(lead), "lotus") == {"Stores": ["Lotus West", "A lotus", "Blue Lotus"]}


def test_a_letter_finds_few_and_a_word_eight_of_a_kind(
    lead: Membership, client_for: ClientFor
) -> None:
    for number in range(9):
        factories.make_store(name=f"Quay {number}")
    client = client_for(lead)

    found = [_shown(client, asked)["Stores"] for asked in ("q", "quay", "quay 3")]

    assert [len(titles) for titles in found] == [3, 8, 1]
    told = [
        b"More match" in client.get("/jump/", {"q": asked}, headers=HTMX).content
        for asked in ("quay", "quay 3")
    ]
    assert told == [True, False]


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        pytest.param("lead", ["Stores", "Cases", "Violations without a case", "People"], id="lead"),
        pytest.param(
            "specialist", ["Stores", "Cases", "Violations without a case"], id="without_people"
        ),
        pytest.param("client", ["Stores", "Cases", "Violations without a case"], id="client"),
    ],
)
def test_only_what_a_member_may_view_is_found(
    agency: Agency, client_for: ClientFor, role: str, kinds: list[str]
) -> None:
    _fill("Lotus", "V-1")
    member = factories.make_membership(role, all_stores=True)

    assert list(_shown(client_for(member), "lotus")) == kinds


def test_a_member_without_any_right_finds_nothing(agency: Agency, client_for: ClientFor) -> None:
    _fill("Lotus", "V-1")
    member = factories.make_membership("lead")
    member.role.capabilities = []
    with scope.public():
        member.role.save(update_fields=["capabilities"])

    assert _shown(client_for(member), "lotus") == {}


def test_a_reader_without_drafts_is_not_told_how_far_one_is(
    lead: Membership, client_for: ClientFor
) -> None:
    factories.make_attempt("in_review", violation=factories.make_violation(reference="V-5"))
    contact = factories.make_membership("client", all_stores=True)

    told = [
        (b"In review" in page, b"Being prepared" in page)
        for page in (
            client_for(member).get("/jump/", {"q": "v-5"}, headers=HTMX).content
            for member in (lead, contact)
        )
    ]

    assert told == [(True, False), (False, True)]


def test_stores_out_of_scope_and_other_agencies_are_not_found(
    agency: Agency, other_agency: Agency, client_for: ClientFor
) -> None:
    # given a store in reach, one out of it, and one of another agency
    reached = _fill("Lotus near", "V-1")
    _fill("Lotus far", "V-2")
    with scope.agency(other_agency):
        _fill("Lotus foreign", "V-3")
    specialist = factories.make_membership("specialist")
    factories.make_access(specialist, reached)

    # then
    assert _shown(client_for(specialist), "lotus") == {
        "Stores": ["Lotus near store"],
        "Cases": ["Lotus near appealed"],
        "Violations without a case": ["Lotus near alone"],
    }
    assert sorted(_shown(client_for(factories.make_membership("owner")), "lotus")["People"]) == [
        "Lotus far person",
        "Lotus near person",
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("%", ["100% silk"], id="percent"),
        pytest.param("_", ["under_score"], id="underscore"),
        pytest.param("\\", ["back\\slash"], id="backslash"),
        pytest.param("silk\x00", ["100% silk"], id="nul"),
        pytest.param("\x00", [], id="nul_alone"),
        pytest.param("x" * 10_000, [], id="long"),
        pytest.param("a " * 5_000, ["back\\slash"], id="many_words"),
        pytest.param("' OR 1=1 --", [], id="quote"),
        pytest.param("<b>", [], id="markup"),
        pytest.param('rating:"', ["Fleet"], id="half_a_condition"),
    ],
)
def test_odd_input_finds_what_it_says_and_no_more(
    lead: Membership, client_for: ClientFor, asked: str, found: list[str]
) -> None:
    for name in ("100% silk", "under_score", "back\\slash"):
        factories.make_store(name=name)
    client = client_for(lead)

    assert client.get("/jump/", {"q": asked}).status_code in {200, 302}
    titles = [t for kind, t in _shown(client, asked).items() if kind == "Stores"]
    assert titles == ([found] if found else [])


def test_the_jump_asks_the_same_number_of_queries_for_one_and_for_three(
    lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)

    def queries(headers: dict[str, str] | None = None) -> int:
        # What is read once a process is read now, and the scope before the count is the same.
        client.get("/jump/", {"q": "lotus"}, headers=headers)
        with CaptureQueriesContext(connection) as asked:
            client.get("/jump/", {"q": "lotus"}, headers=headers)
        return len(asked)

    _fill("Lotus", "V-1")
    of_one = queries(), queries(HTMX)
    _fill("Lotus", "V-2")
    _fill("Lotus", "V-3")

    assert (queries(), queries(HTMX)) == of_one


def test_only_signed_in_members_may_ask(agency: Agency) -> None:
    stranger = Client(headers={"host": agency_host("harbour")})

    assert stranger.get("/jump/", {"q": "x"}).status_code == 302
    assert stranger.post("/jump/", {"q": "x"}).status_code == 403


# The rail


def _rail(client: Client, path: str = "/settings/") -> dict[str, tuple[int, str, str]]:
    return {
        entry.key: (entry.count, entry.tone, entry.words)
        for entry in client.get(path).context["navigation"]
        if entry.count
    }


def test_the_rail_says_what_waits_for_the_member(lead: Membership, client_for: ClientFor) -> None:
    # given alerts, a case for every state, a notice that waits and one that does not
    store = factories.make_store()
    factories.make_alert(store, severity="critical")
    factories.make_alert(store, code="reading.balance", severity="info")
    factories.make_alert(
        store, code="reading.days_inactive", state="resolved", resolved_at=factories.NOW
    )
    for state in ("drafting", "in_review", "ready", "filed"):
        factories.make_attempt(state)
    factories.make_attempt(by=lead, returned_reason="Say which orders.")
    factories.make_notice(store=store, state="triage")
    factories.make_notice(store=store, state="acted")

    # then
    assert _rail(client_for(lead)) == {
        "fleet": (1, "warn", "1 notice waits for a person"),
        "cases": (3, "warn", "3 cases wait for you"),
        "alerts": (2, "bad", "2 open alerts"),
    }


def test_the_rail_counts_within_rights_and_store_scope(
    agency: Agency, other_agency: Agency, client_for: ClientFor
) -> None:
    # given one store in reach of a specialist and a client, one out of it, one elsewhere
    reached, far = factories.make_store(), factories.make_store()
    with scope.agency(other_agency):
        foreign = factories.make_store()
        factories.make_alert(foreign)
        factories.make_notice(store=foreign, state="triage")
    for store in (reached, far):
        factories.make_alert(store, severity="info")
        factories.make_notice(store=store, state="triage")
        factories.make_attempt(violation=factories.make_violation(store=store), state="ready")
    members = [factories.make_membership(role) for role in ("specialist", "client", "auditor")]
    for member in members[:2]:
        factories.make_access(member, reached)

    # then
    one_alert = (1, "none", "1 open alert")
    assert [_rail(client_for(member)) for member in members] == [
        {"fleet": (1, "warn", "1 notice waits for a person"), "alerts": one_alert},
        {"alerts": one_alert},
        {"alerts": (2, "none", "2 open alerts")},
    ]


def test_the_rail_counts_on_pages_alone(lead: Membership, client_for: ClientFor) -> None:
    client = client_for(lead)
    client.get("/jump/")

    def counts(headers: dict[str, str] | None = None) -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get("/jump/", {"q": "none such"}, headers=headers)
        return sum("COUNT(" in query["sql"] or "SUM(" in query["sql"] for query in asked)

    assert (counts(), counts(HTMX)) == (5, 0)


def test_fleet_points_to_the_notices_that_wait(lead: Membership, client_for: ClientFor) -> None:
    store = factories.make_store()
    client = client_for(lead)
    without = client.get("/").content
    factories.make_notice(store=store, state="triage")
    factories.make_notice(store=store, state="triage")

    with CaptureQueriesContext(connection) as asked:
        page = client.get("/").content.decode()
    counted = [q["sql"] for q in asked if "COUNT(" in q["sql"] and "'triage'" in q["sql"]]

    assert b"?state=triage" not in without
    assert "2 notices wait for a person." in page
    assert 'href="/notices/?state=triage"' in page
    assert len(counted) == 1
