"""The Today page: whose checks it shows, in which group, and how they are answered from it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from appeals.models import Remediation
from checklist.models import ProcedureItem, Round, Schedule, Tick
from checklist.selectors import today
from stores.models import Store
from tenants import scope, slots
from tenants.models import Agency, Membership
from tests import factories

Clients = Callable[[Membership], HttpClient]
HTMX = {"hx-request": "true"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 24


@pytest.fixture(autouse=True)
def _no_default_schedules(agency: Agency) -> None:
    Schedule.objects.all().delete()


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership("lead")


def _shown(client: HttpClient, query: str = "") -> dict[str, list[str]]:
    """Return the titles that Today shows, by group."""
    page = client.get(f"/today/{query}")
    assert page.status_code == 200
    today = page.context["today"]
    shown = {
        group.value: [str(check.item) for cluster in clusters for check in cluster.checks]
        for group, clusters in today.clusters.items()
    }
    return shown | {"done": [str(check.item) for check in today.done]}


def _url(name: str, round_: Round, item: ProcedureItem) -> str:
    return reverse(f"checklist:{name}", args=[round_.pk, item.pk], urlconf="config.urls")


def test_today_groups_what_is_overdue_due_and_done(lead: Membership, client_for: Clients) -> None:
    # given one round that fell due an hour ago, and one that runs, half answered
    now = datetime.now(UTC)
    late, first, second = (factories.make_item(title=name) for name in ("Late", "First", "Second"))
    store = factories.make_store()
    factories.make_round(store, late, opens_at=now - timedelta(hours=9))
    running = factories.make_round(store, first, second)
    factories.make_tick(running, first, lead)

    # then
    client = client_for(lead)
    assert _shown(client) == {"overdue": ["Late"], "now": ["Second"], "done": ["First"]}
    assert _shown(client, "?by=item") == _shown(client)
    tally = client.get("/today/").context["today"].tally
    assert (tally.total, tally.done, tally.late, tally.now) == (3, 1, 1, 1)


def test_today_shows_mine_by_team_role_and_name(lead: Membership, client_for: Clients) -> None:
    # given a specialist in the team of one store, and rounds of every kind of assignment
    specialist = factories.make_membership("specialist")
    colleague = factories.make_membership("specialist")
    hers, shared = factories.make_store(name="Hers"), factories.make_store(name="Shared")
    factories.make_access(specialist, hers)
    factories.make_access(colleague, hers, shared)
    by_name: dict[str, Any] = {"assignee": "member", "member": colleague}
    rounds: list[tuple[str, Store, dict[str, Any]]] = [
        ("team", hers, {}),
        ("other team", shared, {}),
        ("colleague's", hers, by_name),
        ("role", hers, {"assignee": "role", "role": specialist.role}),
    ]
    for title, store, for_whom in rounds:
        factories.make_round(store, factories.make_item(title=title), **for_whom)

    # then
    assert _shown(client_for(specialist))["now"] == ["team", "role"]
    assert sorted(_shown(client_for(specialist), "?who=all")["now"]) == [
        "colleague's",
        "role",
        "team",
    ]
    assert _shown(client_for(lead), "?who=mine")["now"] == []
    assert len(_shown(client_for(lead), "?who=all")["now"]) == 4


def test_today_starts_on_all_for_whom_nothing_is_assigned(
    lead: Membership, client_for: Clients
) -> None:
    # given a store that is a specialist's alone
    specialist = factories.make_membership("specialist")
    store = factories.make_store()
    factories.make_access(specialist, store)
    factories.make_round(store, factories.make_item(title="Hers"))
    client = client_for(lead)

    def shown(query: str = "") -> tuple[bool, list[str]]:
        return client.get(f"/today/{query}").context["only_mine"], _shown(client, query)["now"]

    # when nothing is the lead's, then when she is given a round elsewhere
    without = shown()
    factories.make_round(
        factories.make_store(owner=specialist),
        factories.make_item(title="Given"),
        assignee="member",
        member=lead,
    )

    # then
    assert without == (False, ["Hers"])
    assert shown() == (True, ["Given"])
    assert shown("?who=mine") == (True, ["Given"])
    assert sorted(shown("?who=all")[1]) == ["Given", "Hers"]


def test_today_stays_on_mine_when_all_of_it_is_done(lead: Membership, client_for: Clients) -> None:
    # given an answered round of the lead's, and one that is somebody else's
    item = factories.make_item(title="Answered")
    factories.make_tick(factories.make_round(factories.make_store(owner=lead), item), item, lead)
    specialist = factories.make_membership("specialist")
    factories.make_round(factories.make_store(owner=specialist))

    # then
    shown = _shown(client_for(lead))
    assert shown == {"overdue": [], "now": [], "done": ["Answered"]}


@pytest.mark.parametrize(
    ("opened_hours_ago", "count", "tone"),
    [
        pytest.param([9, 9, 1], 2, "bad", id="late"),
        pytest.param([1], 1, "none", id="due"),
        pytest.param([], None, None, id="nothing"),
    ],
)
def test_the_rail_counts_my_late_checks_else_those_due(
    lead: Membership,
    client_for: Clients,
    opened_hours_ago: list[int],
    count: int | None,
    tone: str | None,
) -> None:
    # given rounds of the lead's with an answered and an open item each, and a colleague's
    now = datetime.now(UTC)
    for hours in opened_hours_ago:
        answered = factories.make_item()
        round_ = factories.make_round(
            factories.make_store(owner=lead),
            answered,
            factories.make_item(answered.procedure),
            opens_at=now - timedelta(hours=hours),
        )
        factories.make_tick(round_, answered, lead)
    colleague = factories.make_membership("specialist")
    factories.make_round(factories.make_store(owner=colleague), opens_at=now - timedelta(hours=9))

    # then
    rail = client_for(lead).get("/today/").context["navigation"]
    told = next(entry for entry in rail if entry.key == "today")
    assert (told.count or None, told.tone if told.count else None) == (count, tone)


def test_a_store_without_a_team_is_the_work_of_those_who_see_all(
    lead: Membership, client_for: Clients
) -> None:
    # given a store that only a client's contact is listed for, and one with an owner
    contact = factories.make_membership("client")
    alone = factories.make_store()
    factories.make_access(contact, alone)
    owner = factories.make_membership("admin")
    owned = factories.make_store(owner=owner)
    factories.make_round(alone, factories.make_item(title="alone"))
    factories.make_round(owned, factories.make_item(title="owned"))

    # then
    assert _shown(client_for(lead))["now"] == ["alone"]
    assert sorted(_shown(client_for(owner))["now"]) == ["alone", "owned"]


def test_a_reader_sees_her_stores_and_may_not_answer(agency: Agency, client_for: Clients) -> None:
    # given a client's contact with one store
    contact = factories.make_membership("client")
    store, other = factories.make_store(), factories.make_store()
    factories.make_access(contact, store)
    item = factories.make_item(title="Seen")
    round_ = factories.make_round(store, item)
    factories.make_round(other, factories.make_item(title="Not hers"))
    client = client_for(contact)

    # then
    assert _shown(client)["now"] == ["Seen"]
    assert client.post(_url("tick", round_, item), {"tick": "pass"}).status_code == 403
    assert b'name="tick"' not in client.get(_url("check", round_, item)).content
    assert Tick.objects.count() == 0


def test_a_reader_without_internal_notes_does_not_get_them(
    lead: Membership, client_for: Clients
) -> None:
    contact = factories.make_membership("client")
    item = factories.make_item()
    round_ = factories.make_round(factories.make_store(), item)
    factories.make_access(contact, round_.store)
    factories.make_tick(round_, item, lead, note="Between us only")
    pages = [_url("check", round_, item), f"/rounds/{round_.pk}/"]
    held = [
        [b"Between us only" in client_for(member).get(page).content for page in pages]
        for member in (lead, contact)
    ]
    assert held == [[True, True], [False, False]]


def test_a_round_out_of_scope_or_of_another_agency_is_not_found(
    agency: Agency, other_agency: Agency, client_for: Clients
) -> None:
    # given a round of a store that is not listed, and one of the other agency
    specialist = factories.make_membership("specialist")
    unlisted = factories.make_round(factories.make_store())
    with scope.agency(other_agency):
        foreign = factories.make_round(factories.make_store())
    client = client_for(specialist)

    # then
    found = set()
    for round_ in (unlisted, foreign):
        item_pk = round_.item_ids[0]
        found |= {
            client.get(f"/rounds/{round_.pk}/").status_code,
            client.get(f"/rounds/{round_.pk}/{item_pk}/").status_code,
            client.post(f"/rounds/{round_.pk}/{item_pk}/tick/", {"tick": "pass"}).status_code,
            client.get(f"/stores/{round_.store_id}/rounds/").status_code,
        }
    assert found == {404}
    assert (
        client_for(factories.make_membership("lead")).get(f"/rounds/{foreign.pk}/").status_code
        == 404
    )


def test_a_press_in_the_list_swaps_the_row_and_the_numbers(
    lead: Membership, client_for: Clients
) -> None:
    item = factories.make_item(title="Inventory")
    round_ = factories.make_round(factories.make_store(), item)
    answer = client_for(lead).post(_url("tick", round_, item), {"tick": "pass"}, headers=HTMX)
    content = answer.content.decode()
    assert (round_.ticks.get().result, round_.ticks.get().member) == ("pass", lead)
    assert f'id="check-{round_.pk}-{item.pk}"' in content
    assert "tick--done" in content
    assert re.findall(r'id="(quarter-\w+)"\s+hx-swap-oob', content) == [
        "quarter-overdue",
        "quarter-now",
        "quarter-done",
    ]


def test_without_javascript_an_answer_leads_back_to_the_list(
    lead: Membership, client_for: Clients
) -> None:
    item = factories.make_item()
    round_ = factories.make_round(factories.make_store(), item)
    client = client_for(lead)
    answer = client.post(_url("tick", round_, item), {"tick": "fail", "who": "all", "note": "Off"})
    assert (answer.status_code, answer["Location"]) == (302, "/today/?who=all")
    tick = round_.ticks.get()
    undone = client.post(f"/ticks/{tick.pk}/undo/")
    assert (undone.status_code, undone["Location"]) == (302, "/today/")
    tick.refresh_from_db()
    assert tick.superseded_because == "undone"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        pytest.param({"tick": "pass", "value": "many"}, "Give the value as a number.", id="word"),
        pytest.param({"tick": "pass", "value": "NaN"}, "Give the value as a number.", id="nan"),
        pytest.param({"tick": "pass", "value": "9" * 40}, "no more than 16 digits", id="huge"),
        pytest.param(
            {"tick": "pass", "value": "1", "note": "x" * 10_000}, "at most 2000", id="note"
        ),
        pytest.param({"tick": "pass", "value": "1", "note": "a\x00b"}, "Null characters", id="nul"),
        pytest.param(
            {"tick": "maybe", "value": "1"}, "Choose one of the list", id="unknown_answer"
        ),
        pytest.param({"value": "1"}, "This field is required", id="no_answer"),
        pytest.param({"tick": "pass"}, "asks for a value", id="no_value"),
        pytest.param({"tick": "pass", "value": "1", "replaces": "x"}, "valid UUID", id="bad_id"),
    ],
)
def test_bad_input_is_refused_in_words_and_writes_nothing(
    lead: Membership, client_for: Clients, sent: dict[str, str], said: str
) -> None:
    item = factories.make_item(needs_value=True)
    round_ = factories.make_round(factories.make_store(), item)
    client = client_for(lead)
    row = client.post(_url("tick", round_, item), sent, headers=HTMX)
    page = client.post(_url("tick", round_, item), sent)
    assert (row.status_code, page.status_code) == (200, 200)
    assert (said in row.content.decode(), said in page.content.decode()) == (
        True,
        "replaces" not in sent,
    )
    assert Tick.objects.count() == 0


def test_an_unknown_id_or_item_is_not_found(lead: Membership, client_for: Clients) -> None:
    round_ = factories.make_round(factories.make_store())
    stray = factories.make_item()
    client = client_for(lead)
    paths = [
        _url("check", round_, stray),
        "/rounds/not-a-uuid/",
        f"/ticks/{round_.pk}/photo/",
        f"/rounds/{stray.pk}/",
    ]
    assert [client.get(path).status_code for path in paths] == [404] * 4


def test_a_photo_is_kept_under_its_agency_and_handed_out_as_a_file(
    lead: Membership, client_for: Clients, agency: Agency
) -> None:
    # given
    item = factories.make_item()
    round_ = factories.make_round(factories.make_store(), item)
    photo = SimpleUploadedFile("../../evil.html", PNG, content_type="text/html")
    client = client_for(lead)

    # when
    client.post(_url("tick", round_, item), {"tick": "pass", "photo": photo})
    tick = round_.ticks.get()
    answer = client.get(f"/ticks/{tick.pk}/photo/")

    # then
    assert tick.photo.name == f"{agency.pk}/ticks/{tick.pk}.png"
    assert answer.content == PNG
    assert {name: answer[name] for name in ("Content-Type", "Content-Disposition")} == {
        "Content-Type": "image/png",
        "Content-Disposition": f'attachment; filename="check-{tick.pk}.png"',
    }
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    unlisted = client_for(factories.make_membership("specialist"))
    assert unlisted.get(f"/ticks/{tick.pk}/photo/").status_code == 404


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"<script>alert(1)</script>", "Only JPEG, PNG and WebP", id="fake"),
        pytest.param(PNG + b"\x00" * (10 * 1024 * 1024), "at most 10 MB", id="huge"),
        pytest.param(b"", "empty", id="empty"),
    ],
)
def test_a_photo_that_is_none_or_too_large_is_refused(
    lead: Membership, client_for: Clients, content: bytes, said: str
) -> None:
    item = factories.make_item()
    round_ = factories.make_round(factories.make_store(), item)
    photo = SimpleUploadedFile("page.png", content, content_type="image/png")
    page = client_for(lead).post(_url("tick", round_, item), {"tick": "pass", "photo": photo})
    assert page.status_code == 200
    assert said in page.content.decode()
    assert Tick.objects.count() == 0


def test_a_contradiction_shows_both_answers(lead: Membership, client_for: Clients) -> None:
    now = datetime.now(UTC)
    item = factories.make_item(metric="overdue_orders")
    round_ = factories.make_round(factories.make_store(), item)
    factories.make_tick(
        round_,
        item,
        lead,
        superseded_at=now,
        superseded_because="contradicted",
        contradiction={
            "metric": "overdue_orders",
            "value": "6",
            "measured_at": now.isoformat(),
            "source": "api",
            "reading": str(round_.pk),
        },
    )
    for page in (
        client_for(lead).get("/today/"),
        client_for(lead).get(_url("check", round_, item)),
    ):
        content = page.content.decode()
        assert "Reopened by data" in content
        assert "Orders past dispatch: 6" in content
        assert str(lead) in content


def _queries(client: HttpClient, path: str) -> int:
    client.get(path)  # the host is looked up once and kept
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def _fill(lead: Membership, stores: int) -> Round:
    """Give each of some stores a late, a running and a half answered round, with readings."""
    now = datetime.now(UTC)
    for _ in range(stores):
        store = factories.make_store()
        item = factories.make_item(metric="overdue_orders", proof="mixed")
        answered = factories.make_item(item.procedure)
        factories.make_reading(store, value=1)
        factories.make_round(store, factories.make_item(), opens_at=now - timedelta(hours=9))
        round_ = factories.make_round(store, item, answered)
        factories.make_tick(round_, answered, lead)
        factories.make_schedule(item.procedure, reach="store", store=store)
    return round_


@pytest.mark.parametrize("path", ["/today/", "/today/?who=all", "/today/?by=item"])
def test_today_takes_the_same_number_of_queries_for_one_store_and_for_three(
    lead: Membership, client_for: Clients, path: str
) -> None:
    client = client_for(lead)
    _fill(lead, 1)
    for_one = _queries(client, path)
    _fill(lead, 2)
    assert _queries(client, path) == for_one


def test_the_pages_of_a_round_take_the_same_number_of_queries_for_more_rows(
    lead: Membership, client_for: Clients
) -> None:
    # given a store with one round of two items, then with three of them, answered
    client = client_for(lead)
    first = _fill(lead, 1)
    paths = [f"/rounds/{first.pk}/", f"/stores/{first.store_id}/rounds/", "/procedures/"]
    paths.append(f"/procedures/{first.procedure_id}/")
    before = [_queries(client, path) for path in paths]
    for day in (1, 2):
        item = factories.make_item(first.procedure, metric="balance")
        factories.make_round(first.store, item, opens_at=first.opens_at - timedelta(days=day))
        first.item_ids.append(item.pk)
        first.save(update_fields=["item_ids"])
        factories.make_tick(first, item, lead)
        factories.make_schedule(first.procedure)

    # then
    assert [_queries(client, path) for path in paths] == before


def test_the_fleets_column_counts_todays_checks_in_one_query(
    lead: Membership, agency: Agency
) -> None:
    # given
    now = datetime.now(UTC)
    store, idle = factories.make_store(), factories.make_store()
    late, answered, waiting = (factories.make_item() for _ in range(3))
    factories.make_round(store, late, opens_at=now - timedelta(hours=9))
    running = factories.make_round(store, answered, waiting)
    factories.make_tick(running, answered, lead)

    # when
    with CaptureQueriesContext(connection) as captured:
        columns = slots.columns("store.columns", lead, [store.pk, idle.pk])

    # then
    assert columns["checks"] == {store.pk: {"done": 1, "total": 3, "late": 1}}
    asked = [query for query in captured if "checklist_round" in query["sql"]]
    assert len(asked) == 1


def test_an_empty_today_says_what_comes_next(lead: Membership, client_for: Clients) -> None:
    client = client_for(lead)
    nothing = client.get("/today/").content.decode()
    store = factories.make_store()
    item = factories.make_item()
    factories.make_tick(factories.make_round(store, item), item, lead)
    factories.make_schedule(item.procedure)
    all_done = client.get("/today/").content.decode()
    assert "No checks here yet" in nothing
    assert "All 1 done for 1 stores" in all_done
    assert f"{item.procedure}" in all_done[all_done.index("Next:") :][:200]


def test_only_who_assigns_may_give_a_round_to_somebody(
    lead: Membership, client_for: Clients
) -> None:
    specialist = factories.make_membership("specialist")
    round_ = factories.make_round(factories.make_store())
    factories.make_access(specialist, round_.store)
    path, sent = f"/rounds/{round_.pk}/assign/", {"member": str(specialist.pk)}
    assert client_for(specialist).post(path, sent).status_code == 403
    assert client_for(lead).post(path, sent).status_code == 302
    round_.refresh_from_db()
    assert round_.member == specialist


@pytest.mark.parametrize("page", ["0", "-3", "x", "9" * 30, "2"])
def test_a_page_that_is_not_there_shows_one_that_is(
    lead: Membership, client_for: Clients, page: str
) -> None:
    factories.make_round(factories.make_store(), factories.make_item(title="Only"))
    assert _shown(client_for(lead), f"?page={page}")["now"] == ["Only"]


def test_the_stores_page_holds_its_last_rounds(lead: Membership, client_for: Clients) -> None:
    round_ = factories.make_round(factories.make_store())
    elsewhere = factories.make_round(factories.make_store())
    page = client_for(lead).get(f"/stores/{round_.store_id}/").content.decode()
    assert (f"/rounds/{round_.pk}/" in page, f"/rounds/{elsewhere.pk}/" in page) == (True, False)


@pytest.mark.parametrize(
    ("sent", "works"),
    [
        pytest.param({"tick": "fail", "note": "Two orders late", "remedy": "on"}, 1, id="fail"),
        pytest.param({"tick": "fail", "note": "Two orders late"}, 0, id="fail_alone"),
        pytest.param({"tick": "pass", "remedy": "on"}, 0, id="pass"),
    ],
)
def test_a_failed_check_leads_to_a_remediation_once(
    lead: Membership, client_for: Clients, sent: dict[str, str], works: int
) -> None:
    # given
    item = factories.make_item(title="Orders")
    round_ = factories.make_round(factories.make_store(name="Fernwood"), item)
    client = client_for(lead)

    # when answered, and asked for again where it failed
    client.post(_url("tick", round_, item), sent)
    opened = Remediation.objects.count()
    tick = round_.ticks.get()
    client.post(f"/ticks/{tick.pk}/remedy/")

    # then
    assert opened == works
    found = [
        (work.title, work.origin_kind, work.origin_id, work.origin_text, work.owner)
        for work in Remediation.objects.all()
    ]
    failed = ("Orders at Fernwood", "tick", tick.pk, "Two orders late", lead)
    assert found == ([failed] if sent["tick"] == "fail" else [])


def test_a_failed_check_shows_the_open_work_on_it_until_that_is_done(
    lead: Membership, client_for: Clients
) -> None:
    # given two failed checks, one with work
    first, second = factories.make_item(), factories.make_item()
    round_ = factories.make_round(factories.make_store(), first, second)
    client = client_for(lead)
    client.post(_url("tick", round_, first), {"tick": "fail", "note": "Late", "remedy": "on"})
    client.post(_url("tick", round_, second), {"tick": "fail", "note": "Late"})
    work = Remediation.objects.get()
    link = f"/remediations/{work.pk}/"
    pages = [f"/rounds/{round_.pk}/", *(_url("check", round_, one) for one in (first, second))]

    def linked() -> list[int]:
        return [client.get(page, headers=HTMX).content.decode().count(link) for page in pages]

    # when
    while_open = linked()
    Remediation.objects.update(state="done", done_at=datetime.now(UTC))

    # then
    assert (while_open, linked()) == ([1, 1, 0], [0, 0, 0])


def test_a_round_of_yesterday_that_is_done_today_counts_as_done_today(agency: Agency) -> None:
    # given a round that opened at 08:00 in Saigon and is answered at 01:00 of the next day
    opens_at = datetime(2026, 6, 1, 1, tzinfo=UTC)
    at = opens_at + timedelta(hours=17)
    member = factories.make_membership("lead")
    item = factories.make_item()
    round_ = factories.make_round(factories.make_store(market="VN"), item, opens_at=opens_at)
    rounds = Round.objects.all()

    # when
    before = today.tally_of(rounds=rounds, member=member, only_mine=False, at=at)
    factories.make_tick(round_, item, member, at=at)
    after = today.tally_of(rounds=rounds, member=member, only_mine=False, at=at)
    a_day_later = today.tally_of(
        rounds=rounds, member=member, only_mine=False, at=at + timedelta(days=1)
    )

    # then
    assert [(one.total, one.done, one.late) for one in (before, after, a_day_later)] == [
        (1, 0, 1),
        (1, 1, 0),
        (0, 0, 0),
    ]


def test_several_checks_are_passed_at_once_only_where_data_agrees(
    lead: Membership, client_for: Clients
) -> None:
    # given three stores that ask one mixed item: data agrees, is bad, and knows nothing
    item = factories.make_item(metric="low_reviews", proof="mixed")
    agreed, also_agreed, bad, unknown = rounds = [
        factories.make_round(factories.make_store(), item) for _ in range(4)
    ]
    for round_, value in ((agreed, 0), (also_agreed, 0), (bad, 2)):
        factories.make_reading(round_.store, "low_reviews", value)
    client = client_for(lead)

    # when
    offered = client.get("/today/?by=item").content.decode()
    sent = {"check": [f"{round_.pk} {item.pk}" for round_ in rounds], "by": "item"}
    answer = client.post("/today/agreed/", sent, follow=True)

    # then
    assert "Tick all 2" in offered
    assert [str(message) for message in answer.context["messages"]] == [
        "2 checks passed.",
        "2 were left: the data or their answers have changed.",
    ]
    answered = {tick.round: (tick.result, tick.proof) for tick in Tick.objects.all()}
    assert answered == {agreed: ("pass", "mixed"), also_agreed: ("pass", "mixed")}
    assert unknown not in answered
    assert client.post("/today/agreed/", {"check": ["x y"]}).status_code == 404


def test_a_rounds_history_tells_of_its_ticks_to_staff_only(
    lead: Membership, client_for: Clients
) -> None:
    # given a round at a store in Manila, ticked and assigned, and another one
    item = factories.make_item(title="Account security")
    store = factories.make_store(market="PH")
    round_, other = factories.make_round(store, item), factories.make_round(factories.make_store())
    contact = factories.make_membership("client")
    factories.make_access(contact, store)
    client = client_for(lead)
    client.post(_url("tick", round_, item), {"tick": "pass"})
    client.post(f"/rounds/{round_.pk}/assign/", {"member": str(lead.pk)})
    client.post(f"/rounds/{other.pk}/assign/", {"member": str(lead.pk)})

    # when
    shown = client.get(f"/rounds/{round_.pk}/").context["history"]
    outside = client_for(contact).get(f"/rounds/{round_.pk}/").context["history"]

    # then
    assert [(entry["text"], entry["note"]) for entry in shown] == [
        (f"Round assigned, by {lead}", f"member: {lead}"),
        (f"Check ticked: Account security, by {lead}", "Pass"),
    ]
    assert outside == []


@pytest.mark.parametrize(("value", "shown"), [("20.0000", "20"), ("0.5000", "0.5")])
def test_a_known_value_stands_in_the_form_in_plain_digits(
    lead: Membership, client_for: Clients, value: str, shown: str
) -> None:
    item = factories.make_item(metric="balance", needs_value=True)
    round_ = factories.make_round(factories.make_store(), item)
    factories.make_tick(round_, item, lead, value=value)
    form = client_for(lead).get(_url("check", round_, item)).context["form"]
    assert form["value"].value() == shown
