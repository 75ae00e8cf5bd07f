"""The quiz desk: recorded, passed once, lapsed by time, withdrawn; unknown worth stays unknown."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from scoring import books
from scoring.core.rating import evaluate
from scoring.models import LedgerEntry, PeriodEnd, Quiz, StoreRating
from scoring.selectors import quizzes as selectors
from scoring.selectors.ledgers import ledger_of
from scoring.services import ledger, observations
from scoring.services import quizzes as services
from stores.models import Store
from stores.services import violations
from tenants import scope
from tenants.models import Agency, DueWork, Membership
from tenants.templatetags import ui
from tenants.trail.models import AuditEvent
from tests import factories

ClientFor = Callable[[Membership], HttpClient]
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def store(agency: Agency) -> Store:
    store = factories.make_store(name="Fernwood Kitchen", time_zone="UTC")
    observations.record_platform_rating(
        store=store, value=200, measure="rating", observed_at=NOW - 30 * DAY, source="person",
        at=NOW - 30 * DAY, by=None,
    )  # fmt: skip
    return store


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership()


def make_quiz(store: Store, **changes: Any) -> Quiz:
    values: dict[str, Any] = {
        "kind": "points",
        "title": "Listing rules",
        "worth": 6,
        "at": NOW - 2 * DAY,
        "by": None,
    }
    return services.record_quiz(store=store, **(values | changes))


def take(store: Store, points: int) -> None:
    violations.record_violation(
        store=store,
        facts={"rule": "counterfeit", "points": points, "reported_at": NOW - 5 * DAY},
        source="mail",
        at=NOW - 5 * DAY,
        by=None,
    )


def at_a_milestone(store: Store) -> Store:
    """Take the store down to 140: its first milestone fires, and its restriction runs 7 days."""
    take(store, -60)
    return store


# --- recording ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"worth": 0}, "worth"),
        ({"worth": 1001}, "worth"),
        ({"offered_at": NOW + DAY}, "offered_at"),
        ({"open_until": NOW - 5 * DAY}, "open_until"),
        ({"open_until": NOW + 400 * DAY}, "open_until"),
        ({"offered_at": NOW - 9 * DAY, "open_until": NOW - 3 * DAY}, "open_until"),
        ({"kind": "milestone", "milestone": "rating_7"}, "milestone"),
        ({"kind": "milestone", "milestone": ""}, "milestone"),
        ({"kind": "milestone", "milestone": "rating_150"}, "milestone"),  # at 200: not reached
    ],
)
def test_a_quiz_that_cannot_be_is_refused_by_the_fields_name(
    store: Store, facts: dict[str, Any], field: str
) -> None:
    with pytest.raises(services.QuizUnusable) as refusal:
        make_quiz(store, **facts)
    assert (refusal.value.field, Quiz.objects.exists()) == (field, False)


def test_a_quiz_of_a_milestone_further_down_is_refused_with_its_reason(store: Store) -> None:
    at_a_milestone(store)
    with pytest.raises(services.QuizUnusable, match="has not reached this milestone"):
        make_quiz(store, kind="milestone", milestone="rating_100")


def test_a_quiz_is_taken_while_the_restriction_runs_though_the_store_has_climbed_over(
    store: Store,
) -> None:
    at_a_milestone(store)
    ledger.write_entry(
        store=store, kind="bonus", points=30, occurred_at=NOW - 3 * DAY, at=NOW - 3 * DAY, by=None
    )
    assert make_quiz(store, kind="milestone", milestone="rating_150").state == "open"


def test_a_second_open_quiz_of_a_milestone_is_refused(store: Store) -> None:
    at_a_milestone(store)
    first = make_quiz(store, kind="milestone", milestone="rating_150")
    with pytest.raises(services.QuizUnusable):
        make_quiz(store, kind="milestone", milestone="rating_150")
    assert (first.worth, Quiz.objects.count()) == (None, 1)


# --- passing ----------------------------------------------------------------------------


def test_passing_writes_the_bonus_once(store: Store, lead: Membership) -> None:
    take(store, -20)
    quiz = make_quiz(store)

    services.pass_quiz(quiz=quiz, passed_at=NOW - DAY, at=NOW, by=lead)
    with pytest.raises(services.QuizNotOpen):
        services.pass_quiz(quiz=quiz, at=NOW, by=lead)

    entry = LedgerEntry.objects.get(kind="bonus")
    assert (entry.points, entry.occurred_at, entry.source_ref) == (6, NOW - DAY, f"quiz:{quiz.pk}")
    assert StoreRating.objects.get(store=store).rating == 186
    quiz.refresh_from_db()
    assert (quiz.state, quiz.passed_by, quiz.entry) == ("passed", lead, entry)
    assert AuditEvent.objects.filter(action="quiz.passed").count() == 1


def test_unknown_worth_asks_for_the_points_that_were_given(store: Store) -> None:
    quiz = make_quiz(store, worth=None)
    with pytest.raises(services.QuizUnusable) as refusal:
        services.pass_quiz(quiz=quiz, at=NOW, by=None)
    quiz.refresh_from_db()
    assert (refusal.value.field, quiz.state) == ("points", "open")
    services.pass_quiz(quiz=quiz, points=4, at=NOW, by=None)
    assert (LedgerEntry.objects.get().points, Quiz.objects.get().worth) == (4, None)


def test_a_milestone_quiz_shortens_what_the_milestone_started(
    store: Store, lead: Membership
) -> None:
    at_a_milestone(store)
    quiz = make_quiz(store, kind="milestone", milestone="rating_150")

    services.pass_quiz(quiz=quiz, ends_at=NOW + timedelta(hours=12), at=NOW, by=lead)

    end = PeriodEnd.objects.get()
    assert (end.milestone, end.ends_at, end.by) == ("rating_150", NOW + timedelta(hours=12), "quiz")
    answer = evaluate(ledger_of(store), books.library_for(store), NOW, NOW)
    assert {period.ends_at for period in answer.running_periods} == {NOW + timedelta(hours=12)}
    assert not LedgerEntry.objects.filter(kind="bonus").exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "ends_at"),
        ({"ends_at": NOW - 9 * DAY}, "ends_at"),
        ({"ends_at": NOW + 2 * DAY + timedelta(seconds=1)}, "ends_at"),  # it ends in two days
        ({"ends_at": NOW + 900 * DAY}, "ends_at"),
        ({"ends_at": NOW, "passed_at": NOW + DAY}, "passed_at"),
        ({"ends_at": NOW, "passed_at": NOW - 9 * DAY}, "passed_at"),
    ],
)
def test_a_pass_that_cannot_be_is_refused_by_the_fields_name(
    store: Store, values: dict[str, Any], field: str
) -> None:
    quiz = make_quiz(at_a_milestone(store), kind="milestone", milestone="rating_150")
    with pytest.raises(services.QuizUnusable) as refusal:
        services.pass_quiz(quiz=quiz, at=NOW, by=None, **values)
    quiz.refresh_from_db()
    assert (refusal.value.field, quiz.state) == (field, "open")


def test_a_later_end_than_the_restriction_has_is_refused_with_that_end(store: Store) -> None:
    quiz = make_quiz(at_a_milestone(store), kind="milestone", milestone="rating_150")
    services.pass_quiz(quiz=quiz, ends_at=NOW + DAY, at=NOW, by=None)
    again = make_quiz(store, kind="milestone", milestone="rating_150", at=NOW)
    with pytest.raises(services.QuizUnusable) as refusal:
        services.pass_quiz(quiz=again, ends_at=NOW + DAY + timedelta(hours=1), at=NOW, by=None)
    assert str(refusal.value) == (
        f"The restriction ends on {ui.moment_in(NOW + DAY, 'UTC')} already, and a quiz only "
        "shortens it."
    )
    assert PeriodEnd.objects.count() == 1


def test_a_quiz_lapses_when_it_closes_and_counts_if_it_was_passed_before(store: Store) -> None:
    quiz = make_quiz(store, open_until=NOW - DAY)
    due = DueWork.objects.get(kind="scoring.quiz_lapse")
    early = services.lapse_quiz(quiz=quiz, at=NOW - DAY - timedelta(seconds=1))
    late = services.lapse_quiz(quiz=quiz, at=NOW - DAY)
    assert (due.due_at, early, late) == (NOW - DAY, False, True)

    with pytest.raises(services.QuizNotOpen):
        services.pass_quiz(quiz=quiz, passed_at=NOW - DAY, at=NOW, by=None)
    quiz.refresh_from_db()
    assert quiz.state == "lapsed"
    services.pass_quiz(quiz=quiz, passed_at=NOW - DAY - timedelta(hours=1), at=NOW, by=None)
    assert LedgerEntry.objects.get().points == 6


def test_a_withdrawn_quiz_is_not_passed(store: Store) -> None:
    quiz = make_quiz(store)
    services.withdraw_quiz(quiz=quiz, at=NOW, by=None)
    with pytest.raises(services.QuizNotOpen):
        services.withdraw_quiz(quiz=quiz, at=NOW, by=None)
    with pytest.raises(services.QuizNotOpen):
        services.pass_quiz(quiz=quiz, at=NOW, by=None)
    assert not LedgerEntry.objects.exists()


# --- what is open ----------------------------------------------------------------------------


def test_open_quizzes_come_by_worth_and_then_by_their_end(store: Store) -> None:
    small = make_quiz(store, worth=2)
    unknown = make_quiz(store, worth=None)
    late = make_quiz(store, worth=6, open_until=NOW + 9 * DAY)
    soon = make_quiz(store, worth=6, open_until=NOW + DAY)
    services.withdraw_quiz(quiz=make_quiz(store, worth=9), at=NOW, by=None)
    assert selectors.open_quizzes([store.pk]) == {store.pk: [soon, late, small, unknown]}


def test_a_running_restriction_offers_a_quiz_until_one_is_recorded(store: Store) -> None:
    at_a_milestone(store)
    (offer,) = selectors.offers_of([store], at=NOW)
    assert (offer.store, offer.milestone, bool(offer.labels)) == (store, "rating_150", True)
    make_quiz(store, kind="milestone", milestone="rating_150", at=NOW)
    assert selectors.offers_of([store], at=NOW) == []


def test_a_restriction_that_is_over_offers_none(store: Store) -> None:
    at_a_milestone(store)
    assert selectors.offers_of([store], at=NOW + 30 * DAY) == []


# --- pages ----------------------------------------------------------------------------


def test_a_specialist_records_and_passes_a_quiz_of_her_store(
    store: Store, client_for: ClientFor
) -> None:
    specialist = factories.make_membership("specialist")
    factories.make_access(specialist, store)
    client = client_for(specialist)
    typed = {
        "kind": "points",
        "title": "Listing rules",
        "worth": "6",
        "offered_at": f"{NOW - DAY:%Y-%m-%dT%H:%M}",
        "open_until": f"{NOW + DAY:%Y-%m-%dT%H:%M}",
    }
    assert client.post(f"/stores/{store.pk}/quizzes/new/", typed).status_code == 302
    quiz = Quiz.objects.get()
    assert "Listing rules" in client.get("/quizzes/").content.decode()
    assert "Listing rules" in client.get(f"/stores/{store.pk}/").content.decode()

    client.post(
        f"/quizzes/{quiz.pk}/pass/",
        {"passed_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M}", "points": "6"},
    )

    assert LedgerEntry.objects.get().points == 6
    passed = client.get("/quizzes/?state=passed").content.decode()
    assert "Listing rules" in passed
    assert str(specialist.user) in passed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"worth": "0"}, "greater than or equal to 1"),
        ({"title": ""}, "This field is required"),
        ({"kind": "milestone"}, "Choose the milestone"),
        ({"milestone": "rating_0", "kind": "milestone"}, "Choose one of the list"),
        ({"open_until": "2020-01-01T00:00"}, "closes after it is offered"),
    ],
)
def test_the_form_names_what_it_cannot_take(
    store: Store, lead: Membership, client_for: ClientFor, changes: dict[str, str], words: str
) -> None:
    typed = {"kind": "points", "title": "Listing rules", "worth": ""} | changes
    answer = client_for(lead).post(f"/stores/{store.pk}/quizzes/new/", typed)
    assert (answer.status_code, words in answer.content.decode()) == (200, True)
    assert not Quiz.objects.exists()


def test_a_form_opened_from_an_offer_names_its_milestone(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    at_a_milestone(store)
    client = client_for(lead)
    assert "?milestone=rating_150" in client.get("/quizzes/").content.decode()
    form = client.get(f"/stores/{store.pk}/quizzes/new/?milestone=rating_150").context["form"]
    assert (form.initial["kind"], form.initial["milestone"]) == ("milestone", "rating_150")


def test_who_may_not_record_only_reads(
    store: Store, client_for: ClientFor, other_agency: Agency
) -> None:
    quiz = make_quiz(store)
    auditor = client_for(factories.make_membership("auditor"))
    page = auditor.get("/quizzes/").content.decode()
    assert ("Listing rules" in page, f"/quizzes/{quiz.pk}/pass/" in page) == (True, False)
    assert auditor.post(f"/quizzes/{quiz.pk}/pass/", {}).status_code == 403
    assert auditor.post(f"/quizzes/{quiz.pk}/withdraw/", {}).status_code == 403
    assert auditor.get(f"/stores/{store.pk}/quizzes/new/").status_code == 403

    stranger = client_for(factories.make_membership("specialist"))
    assert "Listing rules" not in stranger.get("/quizzes/").content.decode()
    assert stranger.get(f"/quizzes/{quiz.pk}/pass/").status_code == 404
    with scope.agency(other_agency):
        theirs = client_for(factories.make_membership())
    assert theirs.get(f"/quizzes/{quiz.pk}/pass/").status_code == 404
    assert theirs.post(f"/quizzes/{quiz.pk}/withdraw/").status_code == 404
    assert "Listing rules" not in theirs.get("/quizzes/").content.decode()


def test_the_desk_takes_as_many_queries_for_three_as_for_one(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    make_quiz(at_a_milestone(store))
    client.get("/quizzes/")

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/quizzes/").status_code == 200
        return len(queries)

    alone = count()
    for number in range(2):
        other = factories.make_store(name=f"Other {number}", client=factories.make_client())
        make_quiz(at_a_milestone(other), open_until=NOW + DAY)
    with_clients = count()
    assert (with_clients, len(client.get("/quizzes/").context["rows"])) == (alone, 3)
