"""The drift desk: what may explain a difference, what would be left, the act that mends it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext

from scoring.core.drifts import gap_of, observed_drifts
from scoring.core.rulebook import Library
from scoring.models import LedgerEntry, Quiz, StoreRating
from scoring.selectors.causes import MOST_POINTS, Cause, causes_of
from scoring.selectors.gaps import Reader
from scoring.services import drift, ledger, observations, quizzes
from stores.models import Notice, Store, Violation
from stores.services import violations
from tenants import scope
from tenants.models import Agency, Membership
from tenants.trail.models import AuditEvent
from tests import factories

ClientFor = Callable[[Membership], HttpClient]
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
RULE = "high_late_dispatch_rate"


@pytest.fixture
def store(agency: Agency) -> Store:
    """A store whose marketplace showed 200 twenty days ago, as we had it."""
    store = factories.make_store(name="Fernwood Kitchen", time_zone="UTC")
    see(store, 200, ago=20 * DAY)
    return store


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership()


def see(store: Store, value: int, *, ago: timedelta, measure: str = "rating") -> None:
    observations.record_platform_rating(
        store=store, value=value, measure=measure, observed_at=NOW - ago, source="person",
        at=NOW - ago, by=None,
    )  # fmt: skip


def take(store: Store, points: int | None, *, ago: timedelta, **facts: Any) -> Violation:
    values = {"rule": RULE, "points": points, "reported_at": NOW - ago, "reference": str(ago)}
    return violations.record_violation(
        store=store, facts=values | facts, source=facts.pop("source", "mail"), at=NOW - ago, by=None
    ).violation


def causes(store: Store) -> list[tuple[str, int | None]]:
    return [(each.kind.value, each.after) for each in causes_of(Reader(store, NOW), None)]


def cause(store: Store, kind: str) -> Cause:
    return next(each for each in causes_of(Reader(store, NOW), None) if each.kind == kind)


def do(store: Store, found: Cause, by: Membership | None = None, **values: Any) -> int | None:
    return drift.act_on_cause(
        store=store, cause=found, token=found.token, values=values, at=NOW, by=by, viewer=None
    )


# --- what is proposed ----------------------------------------------------------------------------


def test_a_store_that_agrees_has_no_causes(store: Store) -> None:
    take(store, -8, ago=4 * DAY)
    see(store, 192, ago=DAY)
    assert causes(store) == []


def test_points_that_nobody_told_of_are_a_missed_notice(store: Store) -> None:
    see(store, 188, ago=DAY)
    assert causes(store) == [("missed_notice", 0)]


def test_a_waiting_notice_of_that_time_is_named_and_leaves_what_it_does_not_explain(
    store: Store,
) -> None:
    notice = factories.make_notice(
        store=store,
        subject="Your shop has been issued a violation",
        text=MAIL % f"{NOW - 2 * DAY:%Y-%m-%d %H:%M}",
        received_at=NOW - 2 * DAY,
        sent_at=NOW - 2 * DAY,
    )
    see(store, 188, ago=DAY)

    found = cause(store, "missed_notice")

    assert (found.subject, found.notice, found.after) == (str(notice.pk), notice, -2)
    assert (found.first["points"], found.first["rule"]) == (10, "prohibited_product")
    assert found.links[0].href == f"/notices/{notice.pk}/"


MAIL = """
Violation ID: 8837261940
Violation type: Prohibited product listed
Status: Enforcement action taken
Points deducted: 10
Enforced on: %s (UTC+0)
"""


def test_a_pending_violation_whose_date_passed_was_enforced(store: Store) -> None:
    take(store, -8, ago=9 * DAY, state="pending", correct_by=NOW - 3 * DAY)
    see(store, 192, ago=DAY)
    assert ("enforced_since", 0) in causes(store)
    assert cause(store, "enforced_since").first["occurred_at"] == NOW - 3 * DAY


def test_a_violation_of_unknown_points_may_have_taken_them(store: Store) -> None:
    take(store, None, ago=4 * DAY, rule="other")
    see(store, 195, ago=DAY)
    assert ("unstated", 0) in causes(store)


def test_an_estimate_whose_range_holds_the_difference_is_off(agency: Agency) -> None:
    store = factories.make_store(market="VN")
    see(store, 200, ago=20 * DAY)
    take(store, None, ago=4 * DAY, rule="counterfeit")
    see(store, 188, ago=DAY)
    assert cause(store, "estimate").after == 0
    assert cause(store, "estimate").first == {"points": 12}


def test_points_that_came_back_at_the_marketplace_alone_are_a_reversal_of_ours(
    store: Store,
) -> None:
    take(store, -24, ago=15 * DAY)
    see(store, 176, ago=10 * DAY)
    see(store, 200, ago=DAY)
    assert ("given_back", 0) in causes(store)


def test_a_filed_appeal_points_to_its_case_and_a_granted_one_dates_the_reversal(
    store: Store, lead: Membership
) -> None:
    # given a violation under appeal, of which the marketplace has given back a part
    violation = take(store, -24, ago=15 * DAY)
    attempt = factories.make_attempt("filed", violation=violation, opened_at=NOW - 12 * DAY)
    see(store, 176, ago=10 * DAY)
    see(store, 190, ago=DAY)

    def found() -> Cause:
        return next(one for one in causes_of(Reader(store, NOW), lead) if one.kind == "given_back")

    filed = found()
    attempt.appeal.state = "granted"
    attempt.appeal.save()
    attempt.state, attempt.decided_at = "granted", NOW - 3 * DAY
    attempt.save()
    granted = found()

    assert (filed.verb, filed.links[0].href) == ("", f"/cases/{attempt.appeal_id}/")
    assert (granted.first["reason"], granted.first["decided_at"]) == ("granted", NOW - 3 * DAY)
    assert (granted.first["points"], granted.after, granted.is_backed) == (14, 0, True)


def test_points_that_only_we_gave_back_are_named_and_nothing_is_written(
    store: Store,
) -> None:
    violation = take(store, -24, ago=15 * DAY)
    see(store, 176, ago=10 * DAY)
    violations.change_violation(
        violation=violation, facts={"state": "reversed"}, at=NOW - 5 * DAY, by=None
    )
    see(store, 176, ago=DAY)
    found = cause(store, "not_restored")
    assert (found.after, found.verb) == (0, "")
    with pytest.raises(drift.ProposalStale):
        do(store, found)


def test_a_reversed_violation_whose_points_are_left_in_our_ledger_is_named(
    store: Store,
) -> None:
    violation = take(store, -24, ago=15 * DAY)
    see(store, 176, ago=10 * DAY)
    Violation.objects.filter(pk=violation.pk).update(state="lapsed")
    see(store, 200, ago=DAY)
    found = cause(store, "left_in_ours")
    assert (found.after, found.first["reason"]) == (0, "corrected")
    assert do(store, found) == 0


def test_a_rulebook_that_took_effect_since_is_named(store: Store) -> None:
    # given a book of five days ago that starts at ten points less
    see(store, 200, ago=DAY)
    reader = Reader(store, NOW)
    (book,) = reader.library.books
    assert book.start is not None, "A book of TikTok Shop gives a start."
    newer = replace(
        book,
        name="newer",
        effective_from=NOW - 5 * DAY,
        known_from=NOW - 5 * DAY,
        start=replace(book.start, value=190),
    )
    reader.library = Library((book, newer))
    reader.drifts = observed_drifts(reader.ledger, reader.library, NOW, NOW)
    reader.gap = gap_of(reader.drifts)

    found = next(each for each in causes_of(reader, None) if each.kind == "book")

    assert (found.subject, found.after, found.verb) == ("newer", 0, "")


def test_the_order_bonus_is_tried_with_the_orders_that_were_completed(store: Store) -> None:
    take(store, -20, ago=15 * DAY)
    see(store, 180, ago=14 * DAY)
    for number in range(200):
        factories.make_order(
            store, external_id=f"done-{number}", completed_at=NOW - 9 * DAY, status="COMPLETED"
        )
    see(store, 184, ago=timedelta(hours=1))
    assert ("figure", 0) in causes(store)


def test_an_entry_since_the_two_agreed_may_not_count(store: Store) -> None:
    take(store, -8, ago=4 * DAY)
    see(store, 200, ago=DAY)
    assert ("not_counted", 0) in causes(store)


def test_two_violations_of_one_rule_and_day_are_one_recorded_twice(store: Store) -> None:
    take(store, -8, ago=4 * DAY)
    take(store, -8, ago=4 * DAY + timedelta(hours=1))
    see(store, 192, ago=DAY)
    assert causes(store)[0] == ("doubled", 0)


def test_an_entry_that_left_here_may_still_count_there(store: Store) -> None:
    violation = take(store, -8, ago=15 * DAY, expires_at=NOW - 4 * DAY)
    see(store, 192, ago=10 * DAY)
    see(store, 192, ago=DAY)
    found = cause(store, "expiry")
    assert (found.after, found.violation) == (0, violation)


def test_what_a_person_wrote_with_other_points_may_be_mistyped(store: Store) -> None:
    ledger.write_entry(
        store=store, kind="deduction", points=-12, occurred_at=NOW - 4 * DAY, note="Late orders",
        at=NOW - 4 * DAY, by=None,
    )  # fmt: skip
    see(store, 179, ago=DAY)
    assert cause(store, "mistyped").first == {"points": 21}


def test_an_open_quiz_of_just_those_points_was_passed(store: Store) -> None:
    take(store, -20, ago=15 * DAY)
    quizzes.record_quiz(
        store=store, kind="points", title="Listing rules", worth=6, at=NOW - 9 * DAY, by=None
    )
    see(store, 180, ago=10 * DAY)
    see(store, 186, ago=DAY)
    assert causes(store)[0] == ("quiz", 0)


def test_nothing_is_proposed_that_would_leave_more(store: Store) -> None:
    take(store, -2, ago=4 * DAY, state="pending", correct_by=NOW - 3 * DAY)
    take(store, -90, ago=9 * DAY, state="pending", correct_by=NOW - 3 * DAY)
    see(store, 190, ago=DAY)
    assert [after for kind, after in causes(store) if kind == "enforced_since"] == [-8]


def write(store: Store, kind: str, points: int, *, ago: timedelta) -> LedgerEntry:
    return ledger.write_entry(
        store=store,
        kind=kind,
        points=points,
        occurred_at=NOW - ago,
        note="By hand",
        at=NOW,
        by=None,
    )


def test_points_given_back_since_the_marketplaces_number_are_not_given_back_again(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    # given twelve points that the appeal won back after the marketplace's number was seen
    violation = take(store, -12, ago=15 * DAY)
    see(store, 188, ago=6 * DAY)
    violations.change_violation(
        violation=violation, facts={"state": "reversed"}, at=NOW - 2 * DAY, by=None
    )

    # when a deduction is written that lies before that number
    late = write(store, "deduction", -10, ago=9 * DAY)

    found = causes_of(Reader(store, NOW), lead)
    assert client_for(lead).get(f"/stores/{store.pk}/drift/").status_code == 200
    assert [(one.kind, one.entry) for one in found if one.entry] == [
        ("given_back", late), ("not_counted", late),
    ]  # fmt: skip


def test_of_an_entry_partly_given_back_since_no_more_is_proposed_than_is_left(
    store: Store,
) -> None:
    see(store, 200, ago=4 * DAY)
    entry = write(store, "deduction", -10, ago=9 * DAY)
    ledger.reverse_entry(entry=entry, reason="granted", points=4, at=NOW, by=None)

    found = {one.kind.value: one for one in causes_of(Reader(store, NOW), None)}

    assert (found["given_back"].first["points"], found["given_back"].after) == (6, 4)
    assert "mistyped" not in found
    for kind in ("given_back", "not_counted"):
        assert found[kind].after == 4
    assert do(store, found["not_counted"]) == 4


def test_a_reversal_that_a_case_dates_before_its_entry_is_proposed_at_the_entrys_time(
    store: Store, lead: Membership
) -> None:
    violation = take(store, -24, ago=5 * DAY)
    attempt = factories.make_attempt(
        "granted", violation=violation, opened_at=NOW - 12 * DAY, decided_at=NOW - 8 * DAY
    )
    assert attempt.appeal.state == "granted"
    see(store, 200, ago=DAY)
    found = next(one for one in causes_of(Reader(store, NOW), lead) if one.kind == "given_back")
    assert found.first["decided_at"] == NOW - 5 * DAY


def test_what_is_above_the_most_is_reckoned_with(store: Store, lead: Membership) -> None:
    # given a bonus of which most lies above the highest rating
    write(store, "bonus", 1000, ago=4 * DAY)
    see(store, 220, ago=DAY)

    found = cause(store, "mistyped")

    assert (found.first, found.after) == ({"points": 20}, 0)
    assert "with 20 the two agree" in found.evidence[0]
    assert do(store, found, lead) == 0


def test_no_points_are_proposed_that_would_not_make_the_two_agree_but_say_so(
    store: Store,
) -> None:
    write(store, "bonus", 1000, ago=4 * DAY)
    see(store, 120, ago=DAY)
    found = causes_of(Reader(store, NOW), None)
    assert "mistyped" not in [one.kind for one in found]
    assert all(one.first["points"] <= MOST_POINTS for one in found if one.verb and one.first)
    assert not [one for one in found if one.after and "the two agree" in " ".join(one.evidence)]


def test_a_second_deduction_of_a_violation_is_not_written_anew_alone(store: Store) -> None:
    violation = take(store, -8, ago=6 * DAY, source="person")
    violations.change_violation(
        violation=violation, facts={"points": -12}, at=NOW - 4 * DAY, by=None
    )
    see(store, 186, ago=DAY)
    assert "mistyped" not in [kind for kind, _after in causes(store)]


def test_a_part_given_back_leaves_the_violation_what_the_ledger_has(store: Store) -> None:
    violation = take(store, -24, ago=15 * DAY)
    see(store, 176, ago=10 * DAY)
    ledger.reverse_entry(
        entry=LedgerEntry.objects.get(), reason="granted", points=4, at=NOW - 8 * DAY, by=None
    )
    see(store, 200, ago=DAY)
    assert do(store, cause(store, "given_back"), points=10) == 10
    violation.refresh_from_db()
    assert violation.points == -10


# --- what acting writes --------------------------------------------------------------------------


def test_recording_the_missed_violation_ends_the_drift(store: Store, lead: Membership) -> None:
    see(store, 188, ago=DAY)
    left = do(store, cause(store, "missed_notice"), lead, rule=RULE, reference="7412345678")
    violation = Violation.objects.get(reference="7412345678")
    assert (left, violation.points, violation.enforced_at) == (0, -12, NOW - DAY)
    event = AuditEvent.objects.get(action="drift.mended")
    assert event.changes == {"cause": "missed_notice", "drift": [-12, 0]}


def test_recording_from_a_waiting_notice_settles_it(store: Store, lead: Membership) -> None:
    notice = factories.make_notice(store=store, received_at=NOW - 2 * DAY)
    see(store, 188, ago=DAY)
    assert do(store, cause(store, "missed_notice"), lead, rule=RULE) == 0
    notice.refresh_from_db()
    assert (notice.state, Violation.objects.get().notice) == ("acted", notice)


def test_the_reversal_is_dated_by_the_decision_and_the_violation_follows(store: Store) -> None:
    violation = take(store, -24, ago=15 * DAY)
    see(store, 176, ago=10 * DAY)
    see(store, 200, ago=DAY)

    left = do(store, cause(store, "given_back"), reason="granted", decided_at=NOW - 2 * DAY)

    violation.refresh_from_db()
    reversal = LedgerEntry.objects.get(kind="reversal")
    assert (left, violation.state) == (0, "reversed")
    assert (reversal.points, reversal.reason, reversal.occurred_at) == (
        24,
        "granted",
        NOW - 2 * DAY,
    )


def test_a_part_that_came_back_lowers_the_violations_points(store: Store) -> None:
    violation = take(store, -24, ago=15 * DAY)
    see(store, 176, ago=10 * DAY)
    see(store, 200, ago=DAY)
    assert do(store, cause(store, "given_back"), points=20) == 4
    violation.refresh_from_db()
    assert (violation.state, violation.points) == ("enforced", -4)


def test_a_doubled_violation_is_taken_back_as_a_mistake(store: Store) -> None:
    take(store, -8, ago=4 * DAY)
    take(store, -8, ago=4 * DAY + timedelta(hours=1))
    see(store, 192, ago=DAY)
    assert do(store, cause(store, "doubled")) == 0
    assert LedgerEntry.objects.get(kind="reversal").reason == "mistake"
    assert sorted(Violation.objects.values_list("state", flat=True)) == ["enforced", "reversed"]


def test_mistyped_points_are_written_anew_at_their_own_time(store: Store) -> None:
    take(store, -12, ago=4 * DAY, source="person")
    see(store, 179, ago=DAY)
    assert do(store, cause(store, "mistyped")) == 0
    written = LedgerEntry.objects.order_by("recorded_at", "id").values_list("points", "occurred_at")
    assert list(written) == [(-12, NOW - 4 * DAY), (12, NOW - 4 * DAY), (-21, NOW - 4 * DAY)]


def test_a_mistyped_entry_without_a_violation_keeps_its_kind(store: Store) -> None:
    ledger.write_entry(
        store=store, kind="bonus", points=2, occurred_at=NOW - 4 * DAY, note="Quiz",
        at=NOW - 4 * DAY, by=None,
    )  # fmt: skip
    see(store, 206, ago=DAY)
    assert do(store, cause(store, "mistyped")) == 0
    assert [row.points for row in LedgerEntry.objects.filter(kind="bonus").order_by("id")] == [2, 6]


def test_stating_the_expiry_writes_the_entry_anew(store: Store) -> None:
    take(store, -8, ago=15 * DAY, expires_at=NOW - 4 * DAY)
    see(store, 192, ago=10 * DAY)
    see(store, 192, ago=DAY)
    assert do(store, cause(store, "expiry"), expires_at=NOW + 9 * DAY) == 0
    assert Violation.objects.get().expires_at == NOW + 9 * DAY


def test_stating_points_ends_an_estimate(agency: Agency) -> None:
    store = factories.make_store(market="VN")
    see(store, 200, ago=20 * DAY)
    take(store, None, ago=4 * DAY, rule="counterfeit")
    see(store, 188, ago=DAY)
    assert do(store, cause(store, "estimate")) == 0
    assert Violation.objects.get().points == -12


def test_a_pending_violation_is_enforced_at_its_date(store: Store) -> None:
    take(store, -8, ago=9 * DAY, state="pending", correct_by=NOW - 3 * DAY)
    see(store, 192, ago=DAY)
    assert do(store, cause(store, "enforced_since")) == 0
    assert Violation.objects.values_list("state", "enforced_at").get() == (
        "enforced",
        NOW - 3 * DAY,
    )


def test_an_open_quiz_is_passed(store: Store, lead: Membership) -> None:
    take(store, -20, ago=15 * DAY)
    quizzes.record_quiz(
        store=store, kind="points", title="Listing rules", worth=6, at=NOW - 9 * DAY, by=None
    )
    see(store, 180, ago=10 * DAY)
    see(store, 186, ago=DAY)
    assert do(store, cause(store, "quiz"), lead) == 0
    assert Quiz.objects.get().state == "passed"


def test_a_bonus_that_nobody_recorded_is_written(store: Store) -> None:
    take(store, -20, ago=15 * DAY)
    see(store, 180, ago=10 * DAY)
    see(store, 184, ago=DAY)
    assert do(store, cause(store, "unknown_gain"), note="Weekly bonus") == 0
    assert LedgerEntry.objects.get(kind="bonus").note == "Weekly bonus"


@pytest.mark.parametrize(
    "change",
    [
        lambda store: take(store, -3, ago=2 * DAY),
        lambda store: see(store, 187, ago=timedelta(hours=1)),
    ],
    ids=["an entry", "a platform rating"],
)
def test_a_proposal_is_refused_once_its_grounds_have_changed(
    store: Store, change: Callable[[Store], Any]
) -> None:
    see(store, 188, ago=DAY)
    stale = cause(store, "missed_notice")
    change(store)
    before = LedgerEntry.objects.count()
    with pytest.raises(drift.ProposalStale):
        do(store, stale, rule=RULE)
    assert LedgerEntry.objects.count() == before


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"rule": ""}, "rule"),
        ({"rule": RULE, "points": 0}, "points"),
        ({"rule": RULE, "points": 1001}, "points"),
        ({"rule": RULE, "occurred_at": NOW + DAY}, "occurred_at"),
    ],
)
def test_an_act_names_the_value_that_it_cannot_take(
    store: Store, values: dict[str, Any], field: str
) -> None:
    see(store, 188, ago=DAY)
    with pytest.raises(drift.ProposalUnusable) as refusal:
        do(store, cause(store, "missed_notice"), **values)
    assert (refusal.value.field, Violation.objects.exists()) == (field, False)


# --- the pages -----------------------------------------------------------------------------------


def test_the_fleets_desk_lists_the_furthest_off_first(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    other = factories.make_store(name="Glowry Skin")
    see(other, 200, ago=9 * DAY)
    see(other, 150, ago=2 * DAY)
    see(store, 188, ago=DAY)
    agreeing = factories.make_store(name="Quiet Corner")
    see(agreeing, 200, ago=DAY)

    answer = client_for(lead).get("/drift/")

    rows = [(row.store.name, row.rating.drift, row.seen) for row in answer.context["rows"]]
    assert rows == [("Glowry Skin", -50, 1), ("Fernwood Kitchen", -12, 1)]
    assert "Quiet Corner" not in answer.content.decode()


def test_points_deducted_are_called_so_and_counted_alone(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    see(store, 150, ago=4 * DAY)
    see(store, 140, ago=3 * DAY)
    see(store, 30, ago=2 * DAY, measure="points_deducted")

    browser = client_for(lead)
    desk = browser.get("/drift/")
    page = browser.get(f"/stores/{store.pk}/drift/")
    key_facts = browser.get(f"/stores/{store.pk}/").context["facts"]

    assert [row.seen for row in desk.context["rows"]] == [1]
    assert "points deducted" in desk.content.decode()
    facts = {fact["label"]: fact for fact in page.context["facts"]}
    assert facts["Seen since then"]["value"] == 1
    assert "points deducted" in facts["Marketplace shows"]["note"]
    shown = next(fact for fact in key_facts if fact["label"] == "Marketplace shows")
    assert shown["note"].startswith("points deducted, ")


def test_stores_without_a_recent_platform_rating_are_not_confirmed(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    factories.make_store(name="Never Seen")
    answer = client_for(lead).get("/drift/")
    rows = [(row.store.name, row.seen_at) for row in answer.context["unconfirmed"]]
    assert rows == [("Never Seen", None), ("Fernwood Kitchen", NOW - 20 * DAY)]


def test_the_fleets_desk_can_be_narrowed_to_a_client(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = factories.make_client()
    see(store, 188, ago=DAY)
    page = client_for(lead)
    assert page.get(f"/drift/?client={client.pk}").context["rows"] == []
    Store.objects.filter(pk=store.pk).update(client=client)
    assert len(page.get(f"/drift/?client={client.pk}").context["rows"]) == 1


def test_the_stores_page_acts_and_tells_the_new_drift(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    see(store, 188, ago=DAY)
    client = client_for(lead)
    shown = client.get(f"/stores/{store.pk}/drift/").context["causes"][0].cause
    sent = {
        "cause": shown.key,
        "token": shown.token,
        "rule": RULE,
        "reference": "",
        "points": "12",
        "occurred_at": f"{NOW - DAY:%Y-%m-%dT%H:%M}",
    }
    client.post(f"/stores/{store.pk}/drift/act/", sent | {"rule": "no_such"})
    assert not Violation.objects.exists()

    answer = client.post(f"/stores/{store.pk}/drift/act/", sent, follow=True)

    assert StoreRating.objects.get(store=store).drift == 0
    assert answer.redirect_chain == [(f"/stores/{store.pk}/drift/", 302)]
    assert "number and ours agree" in answer.content.decode()
    again = client.post(f"/stores/{store.pk}/drift/act/", sent, follow=True)
    assert "rows have changed since" in again.content.decode()
    assert Violation.objects.count() == 1


def test_a_refused_value_is_shown_in_its_dialog(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    see(store, 188, ago=DAY)
    client = client_for(lead)
    shown = client.get(f"/stores/{store.pk}/drift/").context["causes"][0].cause
    answer = client.post(
        f"/stores/{store.pk}/drift/act/",
        {"cause": shown.key, "token": shown.token, "points": "5000", "rule": RULE},
    )
    page = answer.content.decode()
    assert (answer.status_code, answer.context["opened"]) == (200, "cause-0")
    assert "less than or equal to 1000" in page


def test_who_may_not_write_sees_causes_without_buttons(store: Store, client_for: ClientFor) -> None:
    see(store, 188, ago=DAY)
    auditor = client_for(factories.make_membership("auditor"))
    page = auditor.get(f"/stores/{store.pk}/drift/")
    assert [each.dialog for each in page.context["causes"]] == [""]
    assert auditor.post(f"/stores/{store.pk}/drift/act/", {}).status_code == 403


def test_a_specialist_records_but_does_not_reverse(store: Store, client_for: ClientFor) -> None:
    take(store, -24, ago=15 * DAY)
    see(store, 176, ago=10 * DAY)
    see(store, 200, ago=DAY)
    specialist = factories.make_membership("specialist")
    factories.make_access(specialist, store)
    client = client_for(specialist)
    shown = client.get(f"/stores/{store.pk}/drift/").context["causes"]
    assert [each.dialog for each in shown] == [""] * len(shown)
    sent = {"cause": shown[0].cause.key, "token": shown[0].cause.token}
    assert client.post(f"/stores/{store.pk}/drift/act/", sent).status_code == 403


def test_stores_of_others_are_not_found(
    store: Store, client_for: ClientFor, other_agency: Agency
) -> None:
    see(store, 188, ago=DAY)
    stranger = client_for(factories.make_membership("specialist"))
    assert stranger.get(f"/stores/{store.pk}/drift/").status_code == 404
    assert stranger.get("/drift/").context["rows"] == []
    with scope.agency(other_agency):
        theirs = client_for(factories.make_membership())
    assert theirs.get(f"/stores/{store.pk}/drift/").status_code == 404
    assert theirs.post(f"/stores/{store.pk}/drift/act/", {}).status_code == 404


def test_the_fleets_desk_takes_as_many_queries_for_three_as_for_one(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client = client_for(lead)
    see(store, 188, ago=DAY)
    factories.make_notice(store=store, kind="violation", received_at=NOW - DAY)
    take(store, -3, ago=30 * DAY, source="person")
    client.get("/drift/")

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/drift/").status_code == 200
        return len(queries)

    alone = count()
    for number in range(2):
        other = factories.make_store(name=f"Other {number}")
        see(other, 200, ago=9 * DAY)
        see(other, 150 - number, ago=2 * DAY)
        factories.make_notice(store=other, kind="violation", received_at=NOW - DAY)
        take(other, -3, ago=30 * DAY, source="person")
        factories.make_store(name=f"Unseen {number}")
    assert count() == alone


def test_the_stores_desk_takes_as_many_queries_for_three_causes_as_for_one(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    client, page = client_for(lead), f"/stores/{store.pk}/drift/"
    see(store, 160, ago=DAY)

    def arrive() -> None:
        factories.make_notice(
            store=store,
            kind="violation",
            text=MAIL % f"{NOW - 2 * DAY:%Y-%m-%d %H:%M}",
            received_at=NOW - 2 * DAY,
        )
        take(store, -8, ago=9 * DAY, state="pending", correct_by=NOW - 3 * DAY, reference=None)
        take(store, -3, ago=15 * DAY, source="person", reference=None)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        return len(queries)

    arrive()
    client.get(page)
    alone = count()
    arrive()
    arrive()
    assert count() == alone
    assert len(client.get(page).context["causes"]) > 3


def test_the_alert_leads_to_the_stores_desk(
    store: Store, lead: Membership, client_for: ClientFor
) -> None:
    see(store, 188, ago=2 * DAY)
    see(store, 188, ago=DAY)
    page = client_for(lead).get("/alerts/").content.decode()
    assert f'href="/stores/{store.pk}/drift/"' in page


def test_a_notice_of_another_store_is_no_cause(store: Store) -> None:
    other = factories.make_store()
    factories.make_notice(store=other, received_at=NOW - 2 * DAY)
    see(store, 188, ago=DAY)
    assert cause(store, "missed_notice").notice is None
    assert Notice.objects.count() == 1
