"""The list of work, one piece of it, and what lower rooms' pages show of this room."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from appeals import panels
from appeals.models import Remediation
from appeals.selectors.deadlines import next_deadlines
from stores.models import Enforcement, Store
from tenants import scope
from tenants.models import Agency, Membership
from tests import factories
from tests.factories import NOW

Browsers = Callable[[Membership], Client]


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(name="Fernwood Kitchen")


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership("lead")


@pytest.fixture
def browser(lead: Membership, client_for: Browsers) -> Client:
    return client_for(lead)


def _post(client: Client, name: str, pk: object, **data: object) -> str:
    answer = client.post(reverse(f"appeals:{name}", args=[pk]), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_work_on_a_violation_starts_with_its_plays_steps(
    store: Store, browser: Client, lead: Membership
) -> None:
    # given
    violation = factories.make_violation(store=store)
    path = reverse("appeals:remedy_violation", args=[violation.pk])

    # when the form is opened, sent, and asked for again
    form = browser.get(path)
    sent = {**form.context["form"].initial, "due_at": "2099-05-01T12:00", "owner": lead.pk}
    shown = browser.post(path, sent, follow=True)
    again = browser.get(path)

    # then
    work = Remediation.objects.get()
    assert (work.origin_kind, work.origin_id, work.owner) == ("violation", violation.pk, lead)
    assert work.steps.count() == 4
    assert "Ship every order past its dispatch time today" in shown.content.decode()
    assert again["Location"] == work.get_absolute_url()


def test_work_is_carried_to_its_end_on_its_page(store: Store, browser: Client) -> None:
    work = factories.make_remediation(store=store, steps=["Look"])
    step = work.steps.get()
    early = _post(browser, "complete", work.pk, words="")
    _post(browser, "add_step", work.pk, text="Look twice")
    for each in work.steps.all():
        _post(browser, "tick_step", each.pk, done="1")
    _post(browser, "tick_step", step.pk, done="0")
    _post(browser, "tick_step", step.pk, done="1")
    done = _post(browser, "complete", work.pk, words="Mended the listing")
    work.refresh_from_db()
    assert "Tick its open steps first" in early
    assert "Mended the listing" in done
    assert work.state == "done"
    _post(browser, "reopen", work.pk)
    dropped = _post(browser, "drop", work.pk, words="Store sold")
    work.refresh_from_db()
    assert (work.state, "Store sold" in dropped) == ("dropped", True)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"title": ""}, id="no_title"),
        pytest.param({"title": "a\x00"}, id="nul"),
        pytest.param({"title": "x" * 161}, id="long"),
        pytest.param({"title": "a", "steps": "b\n" * 31}, id="many_steps"),
        pytest.param({"title": "a", "steps": "b" * 301}, id="long_step"),
        pytest.param({"title": "a", "due_at": "2001-01-01T00:00"}, id="due_in_the_past"),
        pytest.param({"title": "a", "due_at": "0001-01-01T00:00"}, id="due_before_all_time"),
        pytest.param({"title": "a", "due_at": "soon"}, id="no_moment"),
        pytest.param({"title": "a", "owner": "x"}, id="no_member"),
    ],
)
def test_bad_work_is_not_opened(store: Store, browser: Client, sent: dict[str, str]) -> None:
    path = reverse("appeals:remedy_store", args=[store.pk])
    answer = browser.post(path, sent)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not Remediation.objects.exists()


def test_who_may_not_assign_opens_work_for_herself(
    store: Store, client_for: Browsers, lead: Membership
) -> None:
    # given
    specialist = factories.make_membership("specialist")
    factories.make_access(specialist, store)
    client = client_for(specialist)

    # when
    path = reverse("appeals:remedy_store", args=[store.pk])
    client.post(path, {"title": "Mend it", "owner": lead.pk})
    work = Remediation.objects.get()
    assigned = client.post(reverse("appeals:assign_remediation", args=[work.pk]), {})

    # then
    assert (work.owner, assigned.status_code) == (specialist, 403)


def test_a_lead_assigns_work_by_the_stores_clock(store: Store, browser: Client) -> None:
    work = factories.make_remediation(store=store)
    specialist = factories.make_membership("specialist")
    sent = {"owner": specialist.pk, "due_at": "2099-06-01T12:00"}
    _post(browser, "assign_remediation", work.pk, **sent)
    work.refresh_from_db()
    assert (work.owner, work.due_at) == (specialist, datetime(2099, 6, 1, 19, tzinfo=UTC))
    _post(browser, "assign_remediation", work.pk, owner=factories.make_membership("client").pk)
    work.refresh_from_db()
    assert work.owner == specialist


def test_a_client_sees_work_without_notes_and_touches_none(
    store: Store, client_for: Browsers
) -> None:
    # given
    member = factories.make_membership("client")
    factories.make_access(member, store)
    work = factories.make_remediation(
        store=store, steps=["Look"], detail="Blame the forger", origin_text="Seen by the forger"
    )
    client = client_for(member)

    # when
    page = client.get(work.get_absolute_url()).content.decode()
    posts = {
        name: client.post(reverse(f"appeals:{name}", args=[pk])).status_code
        for name, pk in {
            "complete": work.pk,
            "drop": work.pk,
            "reopen": work.pk,
            "add_step": work.pk,
            "assign_remediation": work.pk,
            "tick_step": work.steps.get().pk,
            "remedy_store": store.pk,
        }.items()
    }

    # then
    assert work.title in page
    assert "forger" not in page
    assert set(posts.values()) == {403}


def test_work_out_of_reach_is_not_found(
    store: Store, browser: Client, client_for: Browsers, other_agency: Agency
) -> None:
    work = factories.make_remediation(store=store)
    with scope.agency(other_agency):
        theirs = factories.make_remediation(title="Theirs")
    outsider = client_for(factories.make_membership("specialist"))
    assert outsider.get(work.get_absolute_url()).status_code == 404
    assert browser.get(theirs.get_absolute_url()).status_code == 404
    page = browser.get(reverse("appeals:remediations")).content.decode()
    assert (work.title in page, "Theirs" in page) == (True, False)


def test_the_list_shows_mine_by_state_and_store(
    store: Store, browser: Client, lead: Membership
) -> None:
    mine = factories.make_remediation(store=store, owner=lead, title="Mine to mend")
    theirs = factories.make_remediation(title="Theirs to mend")
    done = factories.make_remediation(title="Mended", state="done", done_at=NOW)
    path = reverse("appeals:remediations")

    def named(query: str) -> list[bool]:
        page = browser.get(path + query).content.decode()
        return [each.title in page for each in (mine, theirs, done)]

    assert named("") == [True, True, False]
    assert named("?who=mine") == [True, False, False]
    assert named("?state=done") == [False, False, True]
    assert named("?state=nonsense") == [True, True, False]
    assert named(f"?store={store.pk}") == [True, False, False]
    assert browser.get(f"{path}?store=x").status_code == 404


def test_the_list_asks_the_same_number_of_queries_for_one_and_for_three(
    browser: Client, lead: Membership
) -> None:
    path = reverse("appeals:remediations")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(path).status_code == 200
        return len(queries)

    factories.make_remediation(steps=["a", "b"], owner=lead)
    browser.get(path)
    for_one = asked()
    for _ in range(2):
        owner = factories.make_membership("specialist")
        factories.make_remediation(steps=["a"], owner=owner, due_at=NOW)
    assert asked() == for_one


# --- on lower rooms' pages -----------------------------------------------------------------------


def test_the_fleet_shows_each_stores_next_deadline(lead: Membership) -> None:
    # given stores whose next deadline is each of another kind
    correct, appeal, by_book, file, restricted, filed, past = (
        factories.make_store() for _ in range(7)
    )
    hour, long_ago = timedelta(hours=1), NOW - timedelta(days=200)

    def violation(store: Store, **changes: object) -> None:
        factories.make_violation(
            store=store, **({"reported_at": long_ago, "reference": "V"} | changes)
        )

    violation(correct, state="pending", correct_by=NOW + hour, appeal_by=NOW + 9 * hour)
    violation(appeal, correct_by=NOW + hour, appeal_by=NOW + 2 * hour)
    violation(by_book, reported_at=NOW - timedelta(days=29))
    drafting = factories.make_attempt(
        violation=factories.make_violation(store=file, reference="V"), file_by=NOW + 3 * hour
    )
    enforcement = Enforcement.objects.create(
        store=restricted, kind="visibility", starts_at=NOW, source="mail", recorded_at=NOW
    )
    limited = drafting.appeal.__class__.objects.create(
        store=restricted,
        enforcement=enforcement,
        attempts_allowed=2,
        opened_at=NOW,
        changed_at=NOW,
    )
    factories.make_attempt(appeal=limited, file_by=NOW + 4 * hour)
    factories.make_attempt("filed", violation=factories.make_violation(store=filed))
    violation(past, appeal_by=NOW)

    # when
    ids = [each.pk for each in (correct, appeal, by_book, file, restricted, filed, past)]
    with CaptureQueriesContext(connection) as queries:
        found = next_deadlines(ids, at=NOW)

    # then
    shown = {pk: (each["label"], each["due_at"] - NOW) for pk, each in found.items()}
    assert shown == {
        correct.pk: ("Correct V", hour),
        appeal.pk: ("Appeal V", 2 * hour),
        by_book.pk: ("Appeal V", timedelta(days=1)),
        file.pk: ("File the appeal of V", 3 * hour),
        restricted.pk: ("File the appeal of visibility", 4 * hour),
    }
    assert len([each for each in queries if "tenants_" not in each["sql"][:40]]) <= 2


def test_the_stores_page_shows_its_cases_and_work(
    store: Store, browser: Client, client_for: Browsers
) -> None:
    attempt = factories.make_attempt(violation=factories.make_violation(store=store))
    work = factories.make_remediation(store=store)
    page = browser.get(reverse("stores:store", args=[store.pk])).content.decode()
    assert attempt.appeal.get_absolute_url() in page
    assert work.get_absolute_url() in page


def test_a_pending_violation_is_corrected_or_appealed_on_its_page(
    store: Store, browser: Client
) -> None:
    # given
    reported_at = datetime.now(UTC) - timedelta(days=1)
    violation = factories.make_violation(store=store, state="pending", reported_at=reported_at)

    # when
    page = browser.get(reverse("stores:violation", args=[violation.pk])).content.decode()
    corrected = _post(browser, "correct", violation.pk)

    # then
    violation.refresh_from_db()
    assert reverse("appeals:open", args=[violation.pk]) in page
    assert "The marketplace takes 2 attempts." in page
    assert "Corrected: no points will be taken for it." in corrected
    assert violation.state == "lapsed"


@pytest.mark.parametrize(
    ("changes", "role", "expected"),
    [
        pytest.param({}, "lead", (True, False, True), id="enforced"),
        pytest.param({"state": "pending"}, "lead", (True, True, True), id="pending"),
        pytest.param({"state": "reversed"}, "lead", (False, False, True), id="reversed"),
        pytest.param({}, "client", (False, False, False), id="reader"),
    ],
)
def test_a_violations_page_offers_what_can_be_done(
    store: Store,
    rf: object,
    changes: dict[str, object],
    role: str,
    expected: tuple[bool, bool, bool],
) -> None:
    # given
    reported_at = datetime.now(UTC) - timedelta(days=1)
    violation = factories.make_violation(store=store, reported_at=reported_at, **changes)
    request = rf.get("/")  # type: ignore[attr-defined]
    request.member = factories.make_membership(role)

    # when
    acts = panels.violation_acts(request, violation)
    panel = panels.violation_panel(request, violation)

    # then
    assert acts is not None
    assert panel is not None
    assert (acts["may_open"], acts["may_correct"], acts["may_work"]) == expected
    assert panel["is_standing"] == (changes.get("state") != "reversed")
