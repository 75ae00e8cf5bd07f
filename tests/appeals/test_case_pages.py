"""The board, the case and its acts: who sees what, who may do what, and bad input."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from appeals.models import Appeal, Attempt, Evidence
from scoring.models import StoreRating
from scoring.services import observations
from stores.models import Store, Violation
from stores.services.violations import record_violation
from tenants import scope
from tenants.models import Agency, Membership
from tests import factories

PDF = b"%PDF-1.7\n1 0 obj << >> endobj"
SECRET = "Our carrier contract says otherwise"
Browsers = Callable[[Membership], Client]


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Fernwood Kitchen")


@pytest.fixture
def lead(agency: Agency, settings: Settings, tmp_path: Path) -> Membership:
    settings.MEDIA_ROOT = tmp_path
    return factories.make_membership("lead")


@pytest.fixture
def browser(lead: Membership, client_for: Browsers) -> Client:
    return client_for(lead)


@pytest.fixture
def client_member(store: Store) -> Membership:
    """A member of the store's client, who reads and only reads."""
    member = factories.make_membership("client")
    factories.make_access(member, store)
    return member


def _attempt(store: Store, state: str = "drafting", **changes: Any) -> Attempt:
    now = datetime.now(UTC)
    violation = factories.make_violation(
        store=store, reported_at=now - timedelta(days=3), reference="74192280551"
    )
    values: dict[str, Any] = {
        "opened_at": now - timedelta(days=1),
        "file_by": now + timedelta(days=20),
        "grounds": SECRET,
    }
    return factories.make_attempt(state, violation=violation, **(values | changes))


def _page(client: Client, attempt: Attempt) -> str:
    answer = client.get(reverse("appeals:case", args=[attempt.appeal_id]))
    assert answer.status_code == 200
    return answer.content.decode()


def _post(client: Client, name: str, pk: object, **data: object) -> str:
    """Post, follow to the page shown next, and return it."""
    answer = client.post(reverse(f"appeals:{name}", args=[pk]), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


# --- the way of a case ---------------------------------------------------------------------------


def test_a_case_goes_from_its_violation_to_points_back(
    store: Store, browser: Client, client_for: Browsers, now: datetime
) -> None:
    # given a store at 200 that lost 24 points
    observations.record_platform_rating(
        store=store,
        value=200,
        measure="rating",
        observed_at=now - timedelta(days=9),
        source="person",
        at=now - timedelta(days=9),
        by=None,
    )
    violation = record_violation(
        store=store,
        facts={"rule": "high_late_dispatch_rate", "points": -24, "reference": "7419228055"},
        source="mail",
        at=now - timedelta(days=2),
        by=None,
    ).violation
    taken = StoreRating.objects.get(store=store).rating
    specialist = factories.make_membership("specialist")
    factories.make_access(specialist, store)
    at_work = client_for(specialist)

    # when a specialist drafts, a lead approves, files and enters the outcome
    opened = _post(at_work, "open", violation.pk)
    attempt = Attempt.objects.get()
    handed = _post(
        at_work,
        "save_draft",
        attempt.pk,
        grounds="The carrier scanned late.",
        channel="appeal_form",
        revision=0,
        ask="1",
    )
    _post(browser, "approve", attempt.pk)
    _post(browser, "file", attempt.pk, filing_reference="AP-1")
    waiting = _page(browser, attempt)
    granted = _post(browser, "outcome", attempt.pk, outcome="granted", note="By mail")

    # then
    attempt.refresh_from_db()
    violation.refresh_from_db()
    assert "High late dispatch rate" in opened
    assert "Handed to review." in handed
    assert "Waits for the marketplace" in waiting
    assert "24 points given back" in granted
    assert (attempt.state, attempt.filing_reference, violation.state) == (
        "granted",
        "AP-1",
        "reversed",
    )
    assert (taken, StoreRating.objects.get(store=store).rating) == (176, 200)


def test_the_case_page_says_what_is_at_stake(store: Store, browser: Client, now: datetime) -> None:
    violation = record_violation(
        store=store,
        facts={"rule": "counterfeit", "points": -48, "reference": "741922"},
        source="mail",
        at=now - timedelta(days=2),
        by=None,
    ).violation
    attempt = factories.make_attempt(
        violation=violation, opened_at=now, file_by=now + timedelta(days=5)
    )
    rows = [
        [cell.split("<")[0].strip() for cell in row.split('<td class="end">')[1:]]
        for row in _page(browser, attempt).split('id="stake"')[1].split("<tr>")[2:5]
    ]
    assert rows == [
        ["48", "152", "150, 2 above"],
        ["0", "200", "150, 50 above"],
        ["48", "152", "150, 2 above"],
    ]


@pytest.mark.parametrize(
    ("outcome", "row", "leaves"),
    [
        ("granted", ["0", "200", "150, 50 above"], False),
        ("refused", ["48", "152", "150, 2 above"], True),
    ],
)
def test_a_decided_case_shows_only_how_the_store_stands_now(
    store: Store,
    browser: Client,
    now: datetime,
    outcome: str,
    row: list[str],
    *,
    leaves: bool,
) -> None:
    violation = record_violation(
        store=store,
        facts={"rule": "counterfeit", "points": -48, "reference": "741922"},
        source="mail",
        at=now - timedelta(days=2),
        by=None,
    ).violation
    attempt = factories.make_attempt(
        violation=violation,
        opened_at=now,
        file_by=now + timedelta(days=5),
        state="filed",
        filed_at=now,
    )
    Appeal.objects.update(attempts_allowed=1)
    _post(browser, "outcome", attempt.pk, outcome=outcome, note="By mail")

    panel = _page(browser, attempt).split('id="stake"')[1].split("</section>")[0]
    rows = [
        [cell.split("<")[0].strip() for cell in line.split('<td class="end">')[1:]]
        for line in panel.split("<tr>")[2:]
    ]
    assert rows == [row]
    assert ("The points leave by themselves" in panel) == leaves
    assert "Refused, or not filed" not in panel


def test_the_text_that_was_refused_stays_with_the_one_that_stands(
    store: Store, browser: Client
) -> None:
    # given a draft that somebody saved meanwhile
    attempt = _attempt(store, revision=4)

    # when
    page = _post(
        browser,
        "save_draft",
        attempt.pk,
        grounds="Mine, typed for an hour",
        channel="appeal_form",
        revision=3,
    )

    # then both are shown, and the next press replaces what stands
    assert "Mine, typed for an hour" in page
    assert SECRET in page
    assert "Somebody saved another text meanwhile" in page
    assert 'name="revision" value="4"' in page
    attempt.refresh_from_db()
    assert (attempt.grounds, attempt.revision) == (SECRET, 4)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"grounds": "x" * 1801}, id="too_long"),
        pytest.param({"grounds": "x" * 200_000}, id="huge"),
        pytest.param({"grounds": "a\x00b"}, id="nul"),
        pytest.param({"channel": "pigeon"}, id="no_such_form"),
        pytest.param({"revision": "x"}, id="no_revision"),
        pytest.param({"revision": "9" * 40}, id="huge_revision"),
        pytest.param({"revision": "-1"}, id="negative_revision"),
    ],
)
def test_a_bad_draft_is_refused_where_it_was_typed(
    store: Store, browser: Client, sent: dict[str, str]
) -> None:
    attempt = _attempt(store)
    values = {"grounds": "Fine", "channel": "appeal_form", "revision": "1", "ask": "1"}
    answer = browser.post(reverse("appeals:save_draft", args=[attempt.pk]), values | sent)
    assert answer.status_code == 200
    attempt.refresh_from_db()
    assert (attempt.state, attempt.grounds, attempt.revision) == ("drafting", SECRET, 1)


def test_markup_in_a_text_is_shown_as_text(store: Store, browser: Client) -> None:
    attempt = _attempt(store, "filed", grounds="<script>alert(1)</script>")
    page = _page(browser, attempt)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


# --- acts that are not to be had -----------------------------------------------------------------

_POSTS = {
    "save_draft": "appeals.draft",
    "request_review": "appeals.draft",
    "withdraw": "appeals.draft",
    "add_evidence": "appeals.draft",
    "return": "appeals.review",
    "approve": "appeals.review",
    "file": "appeals.file",
    "outcome": "appeals.file",
}


@pytest.mark.parametrize("role", ["specialist", "auditor", "client"])
@pytest.mark.parametrize("name", _POSTS)
def test_acts_need_their_capability(
    store: Store, client_for: Browsers, name: str, role: str
) -> None:
    # given
    attempt = _attempt(store)
    member = factories.make_membership(role)
    factories.make_access(member, store)

    # when
    answer = client_for(member).post(reverse(f"appeals:{name}", args=[attempt.pk]), {})

    # then
    may = member.can(_POSTS[name])
    assert (answer.status_code == 403) == (not may)
    if not may:
        attempt.refresh_from_db()
        assert (attempt.state, attempt.evidence.count()) == ("drafting", 0)


def test_a_client_opens_no_case(
    store: Store, client_for: Browsers, client_member: Membership
) -> None:
    violation = factories.make_violation(store=store)
    path = reverse("appeals:open", args=[violation.pk])
    assert client_for(client_member).post(path).status_code == 403
    assert not Appeal.objects.exists()


def test_the_drafter_of_the_last_attempt_is_told_why_she_cannot_approve(
    store: Store, browser: Client, lead: Membership
) -> None:
    refused = _attempt(store, "refused")
    now = datetime.now(UTC)
    attempt = factories.make_attempt(
        "in_review", appeal=refused.appeal, by=lead, file_by=now + timedelta(days=3)
    )
    page = _page(browser, attempt)
    assert "You drafted the last attempt, so somebody else must approve it." in page
    refusal = _post(browser, "approve", attempt.pk)
    attempt.refresh_from_db()
    assert "somebody other than its drafter must approve it" in refusal
    assert attempt.state == "in_review"


def test_a_late_case_says_that_its_window_has_closed(store: Store, browser: Client) -> None:
    attempt = _attempt(store, "ready", file_by=datetime.now(UTC) - timedelta(minutes=1))
    assert "The window has closed" in _page(browser, attempt)
    assert "its window has closed" in _post(browser, "file", attempt.pk)
    attempt.refresh_from_db()
    assert attempt.state == "ready"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"outcome": "won"}, id="no_outcome"),
        pytest.param({"outcome": "granted", "decided_at": "yesterday"}, id="no_moment"),
        pytest.param({"outcome": "granted", "decided_at": "2999-01-01T00:00"}, id="future"),
        pytest.param({"outcome": "granted", "decided_at": "0001-01-01T00:00"}, id="past"),
        pytest.param({"outcome": "granted", "decided_at": "9999-12-31T23:59"}, id="end_of_time"),
        pytest.param({"outcome": "granted", "points_back": "-3"}, id="negative"),
        pytest.param({"outcome": "granted", "points_back": "1" * 30}, id="huge"),
        pytest.param({"outcome": "granted", "note": "x" * 2001}, id="long_note"),
        pytest.param({"outcome": "granted", "note": "\x00"}, id="nul"),
    ],
)
def test_a_bad_outcome_decides_nothing(store: Store, browser: Client, sent: dict[str, str]) -> None:
    attempt = _attempt(store, "filed")
    _post(browser, "outcome", attempt.pk, **sent)
    attempt.refresh_from_db()
    assert (attempt.state, Violation.objects.get().state) == ("filed", "enforced")


@pytest.mark.parametrize(
    ("sent", "marked", "words"),
    [
        ({"points_back": "999"}, "points_back", "Between 1 and"),
        ({"points_back": "five"}, "points_back", "Enter a whole number."),
        ({"decided_at": "2016-01-01T00:00"}, "decided_at", "cannot lie before the filing."),
        ({"decided_at": "2099-01-01T00:00"}, "decided_at", "cannot lie in the future."),
    ],
)
def test_a_bad_outcome_opens_its_dialog_again_with_what_was_typed(
    store: Store, browser: Client, sent: dict[str, str], marked: str, words: str
) -> None:
    # given
    attempt = _attempt(store, "filed")
    typed = {"outcome": "granted", "note": "Their words, at length"} | sent

    # when
    page = _post(browser, "outcome", attempt.pk, **typed)

    # then the dialog stands open, the field says what is wrong, and nothing typed is lost
    shown = page[page.index('<dialog class="ask"\n        id="granted"') :]
    dialog = shown[: shown.index("</dialog>")]
    assert "data-opened" in dialog[: dialog.index(">")]
    assert page.count("data-opened") == 1
    field = dialog[dialog.index(f'name="{marked}"') :]
    assert 'aria-invalid="true"' in field[: field.index(">")]
    assert words in dialog
    assert "Their words, at length" in dialog
    assert f'value="{sent[marked]}"' in dialog


def test_a_refusal_given_too_early_opens_its_own_dialog_again(
    store: Store, browser: Client
) -> None:
    attempt = _attempt(store, "filed")

    page = _post(
        browser,
        "outcome",
        attempt.pk,
        outcome="refused",
        note="Their words",
        decided_at="2016-01-01T00:00",
    )

    dialog = page[page.index('id="refused"') :]
    assert "data-opened" in dialog[: dialog.index(">")]
    assert "cannot lie before the filing." in dialog[: dialog.index("</dialog>")]


def test_a_return_without_a_reason_opens_its_dialog_again(store: Store, browser: Client) -> None:
    attempt = _attempt(store, "in_review")

    page = _post(browser, "return", attempt.pk, reason="  ")

    dialog = page[page.index('id="return"') :]
    assert "data-opened" in dialog[: dialog.index(">")]
    assert "This field is required." in dialog[: dialog.index("</dialog>")]


# --- evidence ------------------------------------------------------------------------------------


def test_a_document_goes_in_and_comes_out_as_a_download(store: Store, browser: Client) -> None:
    # given
    attempt = _attempt(store)

    # when
    file = SimpleUploadedFile('scan"\r\nx.pdf', PDF, content_type="text/html")
    page = _post(browser, "add_evidence", attempt.pk, title="Scans <b>", file=file)
    document = Evidence.objects.get()
    answer = browser.get(reverse("appeals:evidence", args=[document.pk]))

    # then
    assert "Scans &lt;b&gt;" in page
    assert answer.content == PDF
    assert {name: answer[name] for name in ("Content-Type", "Content-Disposition")} == {
        "Content-Type": "application/pdf",
        "Content-Disposition": f'attachment; filename="evidence-{document.pk}.pdf"',
    }
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    _post(browser, "remove_evidence", document.pk)
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("photo.png", b"not a picture", id="fake_image"),
        pytest.param("invoice.pdf", b"MZ\x90\x00" + bytes(99), id="program_named_pdf"),
        pytest.param("empty.pdf", b"", id="empty"),
    ],
)
def test_a_bad_file_is_refused_and_what_was_typed_stays(
    store: Store, browser: Client, name: str, content: bytes
) -> None:
    attempt = _attempt(store)
    file = SimpleUploadedFile(name, content)
    page = _post(browser, "add_evidence", attempt.pk, title="Weight slips", file=file)
    assert 'value="Weight slips"' in page
    assert not Evidence.objects.exists()


def test_a_file_that_may_be_sent_but_is_not_kept_is_refused_at_its_field(
    store: Store, browser: Client
) -> None:
    attempt = _attempt(store)
    file = SimpleUploadedFile("big.pdf", PDF + bytes(22 * 1024 * 1024))
    answer = browser.post(
        reverse("appeals:add_evidence", args=[attempt.pk]), {"title": "Big", "file": file}
    )
    assert answer.context["document"].errors == {"file": ["A file has at most 20 MB."]}
    assert "A file has at most 20 MB." in answer.content.decode()


def test_thirty_megabytes_are_refused(store: Store, browser: Client) -> None:
    attempt = _attempt(store)
    file = SimpleUploadedFile("big.pdf", PDF + bytes(30 * 1024 * 1024))
    path = reverse("appeals:add_evidence", args=[attempt.pk])
    answer = browser.post(path, {"title": "Big", "file": file})
    assert answer.status_code == 413
    assert not Evidence.objects.exists()


# --- what a client sees --------------------------------------------------------------------------


def test_a_client_sees_her_cases_without_drafts_and_notes(
    store: Store, client_for: Browsers, client_member: Membership, lead: Membership
) -> None:
    # given a draft with documents, a note and a reviewer's word
    attempt = _attempt(store, by=lead, returned_reason="Ask the forger again")
    document = factories.make_evidence(attempt, title="Unfiled scan")
    client = client_for(client_member)

    # when
    page = _page(client, attempt)
    board = client.get(reverse("appeals:cases")).content.decode()

    # then
    assert "Being prepared" in page
    for hidden in (SECRET, "Unfiled scan", "forger", "ask for review"):
        assert hidden not in page + board
    assert client.get(reverse("appeals:evidence", args=[document.pk])).status_code == 404


def test_a_client_sees_what_was_filed_but_no_internal_note(
    store: Store, client_for: Browsers, client_member: Membership
) -> None:
    attempt = _attempt(store, "refused", outcome_note="They guess, we think")
    factories.make_evidence(attempt, title="Filed scan")
    factories.make_evidence(attempt, title="Why", kind="note", url="", text="Blame the forger")
    page = _page(client_for(client_member), attempt)
    assert SECRET in page
    assert "Filed scan" in page
    for hidden in ("forger", "They guess"):
        assert hidden not in page


# --- reach ---------------------------------------------------------------------------------------


def test_a_case_of_a_store_out_of_scope_is_not_found(store: Store, client_for: Browsers) -> None:
    attempt = _attempt(store, "filed")
    document = factories.make_evidence(attempt)
    client = client_for(factories.make_membership("specialist"))
    paths = {
        "appeals:case": attempt.appeal_id,
        "appeals:evidence": document.pk,
    }
    found = {name: client.get(reverse(name, args=[pk])).status_code for name, pk in paths.items()}
    posted = client.post(reverse("appeals:withdraw", args=[attempt.pk])).status_code
    board = client.get(reverse("appeals:cases")).content.decode()
    assert (found, posted) == (dict.fromkeys(paths, 404), 404)
    assert "74192280551" not in board


def test_another_agencys_case_is_not_found(
    browser: Client, other_agency: Agency, agency: Agency
) -> None:
    with scope.agency(other_agency):
        attempt = _attempt(factories.make_store(name="Theirs"))
    path = reverse("appeals:case", args=[attempt.appeal_id])
    assert browser.get(path).status_code == 404
    assert browser.get(reverse("appeals:case", args=[uuid4()])).status_code == 404
    assert "Theirs" not in browser.get(reverse("appeals:cases")).content.decode()


# --- the board -----------------------------------------------------------------------------------


def test_an_empty_board_says_which_windows_close_this_week(
    store: Store, browser: Client, now: datetime
) -> None:
    # given three windows: this week, later, and closed
    for number, days in enumerate((25, 5, 31)):
        factories.make_violation(
            store=store, reference=f"CLOSING{number}", reported_at=now - timedelta(days=days)
        )

    # when
    page = browser.get(reverse("appeals:cases")).content.decode()

    # then
    assert "No case yet" in page
    assert [f"CLOSING{number}" in page for number in range(3)] == [True, False, False]


def test_the_board_is_filtered_by_state_and_store(store: Store, browser: Client) -> None:
    # given
    filed = _attempt(store, "filed")
    other = factories.make_attempt(
        violation=factories.make_violation(reference="OTHER-1", store=factories.make_store())
    )
    path = reverse("appeals:cases")

    def named(query: str) -> list[bool]:
        page = browser.get(path + query).content.decode()
        return [str(each.appeal) in page for each in (filed, other)]

    # then
    assert named("") == [True, True]
    assert named("?state=filed") == [True, False]
    assert named("?state=decided") == [False, False]
    assert named("?state=nonsense") == [True, True]
    assert named(f"?store={store.pk}") == [True, False]
    assert browser.get(f"{path}?store=x").status_code == 404
    assert browser.get(f"{path}?state=filed&page=99999").status_code == 200


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


@pytest.mark.parametrize("query", ["", "?state=open"])
def test_the_board_asks_the_same_number_of_queries_for_one_and_for_three(
    store: Store, browser: Client, now: datetime, query: str
) -> None:
    def add() -> None:
        own = factories.make_store()
        for state in ("drafting", "filed", "granted"):
            factories.make_attempt(
                state,
                violation=factories.make_violation(store=own),
                by=factories.make_membership("specialist"),
            )
        factories.make_violation(store=own, reported_at=now - timedelta(days=26))

    path = reverse("appeals:cases") + query
    add()
    browser.get(path)  # what is read once a process is read now
    for_one = _queries(browser, path)
    add()
    add()
    assert _queries(browser, path) == for_one


def test_the_case_asks_the_same_number_of_queries_for_one_document_and_for_three(
    store: Store, browser: Client, lead: Membership
) -> None:
    attempt = _attempt(store, by=lead)
    path = reverse("appeals:case", args=[attempt.appeal_id])
    factories.make_evidence(attempt, added_by=lead)
    browser.get(path)
    for_one = _queries(browser, path)
    for _ in range(2):
        factories.make_evidence(attempt, added_by=factories.make_membership("specialist"))
    assert _queries(browser, path) == for_one
