"""Work that was set aside: its page, its API, its command."""

import base64
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from tenants import scope
from tenants.models import Agency, DueWork, Membership
from tenants.reasons import reason_words
from tenants.selectors import work
from tenants.trail.models import AuditEvent
from tests import factories
from tests.api.calls import Api, codes, make_api_key
from tests.work import run_due

ClientFor = Callable[[Membership], Client]
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def make_set_aside(agency: Agency, *, kind: str = "stores.sync", **values: Any) -> DueWork:
    """Return a row of ``agency`` that was set aside after eight tries."""
    usual: dict[str, Any] = {
        "due_at": AT,
        "quarantined_at": AT,
        "attempts": 8,
        "last_error": "MarketplaceDown",
        "subject": str(DueWork.objects.count()),
    }
    with scope.public():
        row: DueWork = DueWork.objects.create(agency=agency, kind=kind, **(usual | values))
    return row


def _waits(row: DueWork) -> bool:
    with scope.public():
        row.refresh_from_db()
    return row.quarantined_at is None and row.attempts == row.started == 0


@pytest.fixture
def owner(agency: Agency) -> Membership:
    return factories.make_membership("owner")


# --- the page ------------------------------------------------------------------------------------


def test_page_says_in_words_what_was_set_aside_since_when_and_why(
    agency: Agency, owner: Membership, client_for: ClientFor
) -> None:
    store = factories.make_store(name="Fernwood Kitchen")
    make_set_aside(agency, subject=str(store.pk))
    make_set_aside(agency, kind="stores.read_notice", last_error="KeyError", attempts=0, started=3)
    text = " ".join(client_for(owner).get("/settings/work/").content.decode().split())
    said = [
        words in text
        for words in (
            "Read what a store&#x27;s marketplace has to say",
            "Fernwood Kitchen",
            "The marketplace did not answer",
            "Read a mailed notice",
            "An error of ours: KeyError",
            'title="Fri 20 Nov, 09:00 UTC"',
            ">8</td>",
            ">3</td>",
        )
    ]
    assert said == [True] * 8


def test_page_says_so_when_nothing_is_set_aside(
    agency: Agency, owner: Membership, client_for: ClientFor
) -> None:
    text = client_for(owner).get("/settings/work/").content.decode()
    assert ("Nothing is set aside" in text, "Try all again" in text) == (True, False)


def test_one_row_is_tried_again_and_the_trail_tells(
    agency: Agency, owner: Membership, client_for: ClientFor
) -> None:
    wanted, other = make_set_aside(agency), make_set_aside(agency)
    answer = client_for(owner).post(f"/settings/work/{wanted.pk}/replay/")
    told = AuditEvent.objects.filter(action="work.replayed").values_list(
        "member_id", "changes", "via"
    )
    assert (answer.status_code, _waits(wanted), _waits(other), list(told)) == (
        302,
        True,
        False,
        [(owner.pk, {"work": ["stores.sync"], "count": 1}, "page")],
    )


def test_all_rows_are_tried_again_and_no_other_agencys(
    agency: Agency, other_agency: Agency, owner: Membership, client_for: ClientFor
) -> None:
    ours = [make_set_aside(agency), make_set_aside(agency, kind="scoring.next")]
    theirs = make_set_aside(other_agency)
    answer = client_for(owner).post("/settings/work/replay/")
    assert (answer.status_code, [_waits(row) for row in ours], _waits(theirs)) == (
        302,
        [True, True],
        False,
    )


def test_a_row_that_is_tried_again_runs(
    agency: Agency, owner: Membership, client_for: ClientFor
) -> None:
    store = factories.make_store()
    row = make_set_aside(agency, kind="scoring.next", subject=str(store.pk))
    held = run_due(at=datetime.now(UTC), kind="scoring.next")
    client_for(owner).post(f"/settings/work/{row.pk}/replay/")
    done = run_due(at=datetime.now(UTC), kind="scoring.next")
    assert (held, done) == ([], ["scoring.next"])


def test_a_row_that_waits_already_and_one_of_another_agency_are_not_found(
    agency: Agency, other_agency: Agency, owner: Membership, client_for: ClientFor
) -> None:
    waiting = make_set_aside(agency, quarantined_at=None)
    theirs = make_set_aside(other_agency)
    client = client_for(owner)
    asked = [str(waiting.pk), str(theirs.pk), "x", "1e3", "-1", "٣", "9" * 30]
    statuses = [client.post(f"/settings/work/{pk}/replay/").status_code for pk in asked]
    assert (statuses, _waits(theirs)) == ([404] * 7, False)


def test_another_agencys_work_does_not_show(
    agency: Agency, other_agency: Agency, owner: Membership, client_for: ClientFor
) -> None:
    make_set_aside(other_agency, last_error="TheirError")
    text = client_for(owner).get("/settings/work/").content.decode()
    assert ("Nothing is set aside" in text, "TheirError" in text) == (True, False)


@pytest.mark.parametrize("role", ["lead", "specialist", "auditor", "client"])
def test_only_who_sets_the_agency_up_sees_and_tries_again(
    agency: Agency, client_for: ClientFor, role: str
) -> None:
    row = make_set_aside(agency)
    client = client_for(factories.make_membership(role))
    statuses = [
        client.get("/settings/work/").status_code,
        client.post(f"/settings/work/{row.pk}/replay/").status_code,
        client.post("/settings/work/replay/").status_code,
    ]
    mentions = "Work set aside" in client.get("/settings/").content.decode()
    assert (statuses, mentions, _waits(row)) == ([403] * 3, False, False)


def test_page_asks_as_much_for_one_row_as_for_three(
    agency: Agency, owner: Membership, client_for: ClientFor
) -> None:
    client, counts = client_for(owner), []
    for more in (1, 2):
        for _ in range(more):
            make_set_aside(agency, subject=str(factories.make_store().pk))
        client.get("/settings/work/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/settings/work/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_settings_and_rail_say_how_much_was_set_aside(
    agency: Agency, owner: Membership, client_for: ClientFor
) -> None:
    make_set_aside(agency)
    make_set_aside(agency)
    text = client_for(owner).get("/settings/").content.decode()
    assert (
        "2 pieces of work in the background failed again and again and wait for you." in text,
        text.count('title="2 pieces of work were set aside"'),
    ) == (True, 2)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("ProcessEnded", "It stopped the program that ran it, each time"),
        ("SoftTimeLimitExceeded", "It took too long"),
        ("ZeroDivisionError", "An error of ours: ZeroDivisionError"),
        ("", "An error of ours: ?"),
    ],
)
def test_a_class_of_error_reads_as_a_reason(error: str, words: str) -> None:
    with translation.override("en"):
        assert reason_words(error) == words


# --- the API -------------------------------------------------------------------------------------


@pytest.fixture
def api(agency: Agency) -> Api:
    return Api(make_api_key(agency), agency)


def test_api_lists_what_was_set_aside_the_latest_first(agency: Agency, api: Api) -> None:
    make_set_aside(agency, quarantined_at=AT - timedelta(days=1), subject="early")
    make_set_aside(agency, quarantined_at=None, subject="waiting")
    late = make_set_aside(agency, subject="late")
    status, body = api.get("due-work/")
    assert (status, [row["subject"] for row in body["results"]]) == (200, ["late", "early"])
    assert body["results"][0] == {
        "id": str(late.pk),
        "kind": "stores.sync",
        "words": "Read what a store's marketplace has to say",
        "subject": "late",
        "period": "",
        "due_at": "2026-11-20T09:00:00Z",
        "set_aside_at": "2026-11-20T09:00:00Z",
        "reason": "MarketplaceDown",
        "tries": 8,
    }


def test_api_walks_through_pages_of_work(agency: Agency, api: Api) -> None:
    for number in range(5):
        make_set_aside(agency, subject=str(number))  # all at the same moment: the id decides
    seen, answer = [], api.get("due-work/", limit=2)[1]
    while True:
        seen += [row["subject"] for row in answer["results"]]
        if not answer["next"]:
            break
        answer = json.loads(api.client.get(answer["next"]).content)
    assert seen == ["4", "3", "2", "1", "0"]


def test_api_refuses_a_cursor_of_another_kind_of_id(agency: Agency, api: Api) -> None:
    make_set_aside(agency)
    make_set_aside(agency)
    link = api.get("due-work/", limit=1)[1]["next"]
    cursor = json.loads(base64.urlsafe_b64decode(parse_qs(urlsplit(link).query)["cursor"][0]))
    forged = base64.urlsafe_b64encode(json.dumps(cursor | {"i": "not-a-number"}).encode()).decode()
    status, body = api.get("due-work/", limit=1, cursor=forged)
    assert (status, codes(body)) == (400, [("invalid", "cursor")])


def test_api_tries_one_row_again(agency: Agency, api: Api) -> None:
    row = make_set_aside(agency)
    status, body = api.post(f"due-work/{row.pk}/replay/", {})
    assert (status, body["id"], _waits(row)) == (200, str(row.pk), True)
    told = AuditEvent.objects.filter(action="work.replayed").values_list("via", flat=True)
    assert list(told) == ["api"]
    assert api.post(f"due-work/{row.pk}/replay/", {})[0] == 404
    status, body = api.post(f"due-work/{row.pk}/replay/", {"at": "now"})
    assert (status, codes(body)) == (400, [("invalid", None)])


def test_api_keeps_work_from_keys_that_reach_less(agency: Agency, other_agency: Agency) -> None:
    row, theirs = make_set_aside(agency), make_set_aside(other_agency)
    reading = Api(make_api_key(agency, "read"), agency)
    listed = Api(make_api_key(agency, store_ids=[factories.make_store().pk]), agency)
    full = Api(make_api_key(agency), agency)
    statuses = [
        reading.post(f"due-work/{row.pk}/replay/", {})[0],
        listed.get("due-work/")[0],
        listed.post(f"due-work/{row.pk}/replay/", {})[0],
        full.post(f"due-work/{theirs.pk}/replay/", {})[0],
    ]
    assert (statuses, _waits(row), _waits(theirs)) == ([403, 403, 404, 404], False, False)


# --- the command ---------------------------------------------------------------------------------


def _command(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    with scope.public():
        call_command("replay_due_work", *arguments, stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def test_command_tries_again_what_it_is_told_and_says_how_much(
    agency: Agency, other_agency: Agency
) -> None:
    one = make_set_aside(agency)
    make_set_aside(agency)
    make_set_aside(agency, kind="scoring.next")
    make_set_aside(other_agency)
    told = [
        _command("--agency", "harbour", "--id", str(one.pk)),
        _command("--agency", "harbour", "--kind", "scoring.next"),
        _command("--all"),
        _command("--all"),
    ]
    assert told == [
        {"replayed": 1, "agencies": {"harbour": {"stores.sync": 1}}},
        {"replayed": 1, "agencies": {"harbour": {"scoring.next": 1}}},
        {
            "replayed": 2,
            "agencies": {"harbour": {"stores.sync": 1}, "meridian": {"stores.sync": 1}},
        },
        {"replayed": 0, "agencies": {}},
    ]
    assert AuditEvent.objects.filter(action="work.replayed", via="command").count() == 3
    assert work.quarantined() == {}


@pytest.mark.parametrize("which", [["--id", "1"], ["--kind", "nothing.of_the_kind"]])
def test_command_refuses_work_that_is_not_set_aside_there(
    agency: Agency, other_agency: Agency, which: list[str]
) -> None:
    theirs = make_set_aside(other_agency)
    named = [str(theirs.pk) if word == "1" else word for word in which]
    with pytest.raises(CommandError, match="No such work is set aside"):
        _command("--agency", "harbour", *named)


def test_command_refuses_an_agency_that_is_not_there(agency: Agency) -> None:
    with pytest.raises(CommandError, match="There is no agency nowhere"):
        _command("--agency", "nowhere")


def test_what_is_set_aside_is_counted_by_kind_over_all_agencies(
    agency: Agency, other_agency: Agency
) -> None:
    make_set_aside(agency)
    make_set_aside(other_agency)
    make_set_aside(agency, kind="scoring.next")
    with scope.public():
        assert work.quarantined() == {"scoring.next": 1, "stores.sync": 2}
