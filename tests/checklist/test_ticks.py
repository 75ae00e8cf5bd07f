"""Answers by data, by people, and what happens when they disagree."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from checklist.models import ProcedureItem, Round, Tick
from checklist.services import ticks
from checklist.services.ticks import Answer
from stores import signals
from stores.models import Alert, Reading, Store
from tenants.models import Agency, Membership
from tenants.trail.models import AuditEvent
from tests import factories

OPENS = datetime(2026, 6, 1, 1, tzinfo=UTC)
NOON = OPENS + timedelta(hours=4)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(agency: Agency) -> Store:
    return factories.make_store(market="VN")


@pytest.fixture
def member(agency: Agency) -> Membership:
    return factories.make_membership("lead")


def _tell(store: Store, value: int | str, at: datetime, **changes: Any) -> Reading:
    reading = factories.make_reading(store, value=value, measured_at=at, **changes)
    signals.reading_recorded.send(sender=Reading, reading=reading, at=at)
    return reading


def _answers(round_: Round) -> list[tuple[str, str, str]]:
    found = round_.ticks.order_by("at", "pk")
    return [(tick.result, tick.proof, tick.superseded_because) for tick in found]


def _state(round_: Round) -> tuple[str, int]:
    round_.refresh_from_db()
    return round_.state, round_.answered


# --- by data -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "source", "expected"),
    [
        pytest.param(0, "api", [("pass", "data", "")], id="within_the_limit"),
        pytest.param(0, "integration", [("pass", "data", "")], id="pushed_by_an_erp"),
        pytest.param(1, "api", [], id="outside_leaves_it_open"),
        pytest.param(0, "person", [], id="typed_in_by_a_person_is_no_data"),
    ],
)
def test_a_reading_in_the_window_ticks_by_data(
    store: Store, value: int, source: str, expected: list[tuple[str, str, str]]
) -> None:
    round_ = factories.make_round(
        store, factories.make_item(metric="overdue_orders"), opens_at=OPENS
    )
    _tell(store, value, NOON, source=source)
    assert _answers(round_) == expected
    assert _state(round_) == (("done", 1) if expected else ("open", 0))


def test_all_limits_of_an_item_must_be_vouched_for(store: Store) -> None:
    # given an item over two metrics
    item = factories.make_item(metric="overdue_orders")
    item.limits.create(metric="open_disputes", value=0, max_age=timedelta(hours=2))
    round_ = factories.make_round(store, item, opens_at=OPENS)

    # when one of them is known, then the other
    _tell(store, 0, NOON)
    after_one = _answers(round_)
    _tell(store, 0, NOON + MINUTE, metric="open_disputes")

    # then
    assert (after_one, _answers(round_)) == ([], [("pass", "data", "")])


def test_an_item_of_a_person_or_mixed_proof_is_not_ticked_by_data(store: Store) -> None:
    rounds = [
        factories.make_round(
            store, factories.make_item(metric="overdue_orders", proof=proof), opens_at=OPENS
        )
        for proof in ("person", "mixed")
    ]
    _tell(store, 0, NOON)
    assert [_answers(round_) for round_ in rounds] == [[], []]


def test_a_reading_ticks_neither_a_closed_round_nor_another_stores(store: Store) -> None:
    item = factories.make_item(metric="overdue_orders")
    closed = factories.make_round(store, item, opens_at=NOON - timedelta(hours=24))
    other = factories.make_round(factories.make_store(), item, opens_at=OPENS)
    _tell(store, 0, NOON)
    assert (_answers(closed), _answers(other)) == ([], [])


# --- by a person ---------------------------------------------------------------------------------


def test_a_persons_answers_make_a_round_done(store: Store, member: Membership) -> None:
    # given
    items = [factories.make_item() for _ in range(3)]
    round_ = factories.make_round(store, *items, opens_at=OPENS)
    answers = [
        Answer("pass"),
        Answer("fail", note="Two-step is off"),
        Answer("na", note="No staff"),
    ]

    # when
    states = []
    for item, answer in zip(items, answers, strict=True):
        ticks.tick_item(round_=round_, item=item, answer=answer, by=member, at=NOON)
        states.append(_state(round_))

    # then
    assert states == [("open", 1), ("open", 2), ("done", 3)]
    assert (round_.failed, round_.done_at) == (1, NOON)
    assert _answers(round_) == [
        ("pass", "person", ""),
        ("fail", "person", ""),
        ("na", "person", ""),
    ]
    trail = AuditEvent.objects.filter(action="tick.recorded", store_id=store.pk)
    assert [event.member for event in trail] == [member] * 3


def test_a_persons_answer_that_data_agrees_with_is_mixed(store: Store, member: Membership) -> None:
    item = factories.make_item(metric="overdue_orders", proof="mixed")
    round_ = factories.make_round(store, item, opens_at=OPENS)
    reading = factories.make_reading(store, value=0, measured_at=NOON - MINUTE)
    tick = ticks.tick_item(round_=round_, item=item, answer=Answer("pass"), by=member, at=NOON)
    assert tick.proof == "mixed"
    assert tick.readings == {
        "overdue_orders": {
            "reading": str(reading.pk),
            "value": "0",
            "measured_at": (NOON - MINUTE).isoformat(),
            "source": "api",
        }
    }


def _refused(
    refusal: type[Exception], round_: Round, item: ProcedureItem, answer: Answer, **changes: Any
) -> None:
    values: dict[str, Any] = {"by": factories.make_membership("lead"), "at": NOON} | changes
    with pytest.raises(refusal):
        ticks.tick_item(round_=round_, item=item, answer=answer, **values)
    assert _answers(round_) == []


def test_a_closed_missed_or_unopened_round_takes_no_answer(store: Store) -> None:
    item = factories.make_item()
    round_ = factories.make_round(store, item, opens_at=OPENS)
    closing = round_.closes_at
    _refused(ticks.RoundClosed, round_, item, Answer("pass"), at=closing)
    _refused(ticks.RoundClosed, round_, item, Answer("pass"), at=OPENS - MINUTE)
    missed = factories.make_round(store, factories.make_item(), opens_at=OPENS, state="missed")
    _refused(ticks.RoundClosed, missed, item, Answer("pass"))


def test_an_item_of_another_procedure_is_refused(store: Store) -> None:
    round_ = factories.make_round(store, opens_at=OPENS)
    _refused(ticks.NotOfThisRound, round_, factories.make_item(), Answer("pass"))


def test_words_and_values_that_miss_or_overflow_are_refused(store: Store) -> None:
    item = factories.make_item(needs_value=True)
    round_ = factories.make_round(store, item, opens_at=OPENS)
    _refused(ticks.ValueMissing, round_, item, Answer("pass"))
    _refused(ticks.ValueUnusable, round_, item, Answer("pass", value=Decimal("NaN")))
    _refused(ticks.ValueUnusable, round_, item, Answer("pass", value=Decimal("1e12")))
    _refused(ticks.NoteTooLong, round_, item, Answer("fail", Decimal(1), note="x" * 2001))
    _refused(ticks.ReasonMissing, round_, item, Answer("na", note="  "))


def test_a_value_becomes_the_members_reading(store: Store, member: Membership) -> None:
    item = factories.make_item(
        metric="balance", comparator="at_least", proof="mixed", needs_value=True
    )
    round_ = factories.make_round(store, item, opens_at=OPENS)
    ticks.tick_item(
        round_=round_, item=item, answer=Answer("pass", Decimal("1204.5")), by=member, at=NOON
    )
    kept = Reading.objects.get(store=store)
    assert (kept.metric, kept.value, kept.source, kept.recorded_by, kept.measured_at) == (
        "balance",
        Decimal("1204.5"),
        "person",
        member,
        NOON,
    )


def test_a_second_answer_needs_the_first_ones_name(store: Store, member: Membership) -> None:
    # given two members who see the same open item
    item = factories.make_item()
    round_ = factories.make_round(store, item, opens_at=OPENS)
    first = ticks.tick_item(round_=round_, item=item, answer=Answer("pass"), by=member, at=NOON)

    # when
    colleague = factories.make_membership("lead")
    with pytest.raises(ticks.AnsweredMeanwhile):
        ticks.tick_item(round_=round_, item=item, answer=Answer("fail"), by=colleague, at=NOON)
    ticks.tick_item(
        round_=round_,
        item=item,
        answer=Answer("fail"),
        by=colleague,
        at=NOON + MINUTE,
        replaces=first.pk,
    )

    # then both stay, one in force
    assert _answers(round_) == [("pass", "person", "changed"), ("fail", "person", "")]


def test_an_undone_answer_opens_the_round_again_and_stays(store: Store, member: Membership) -> None:
    item = factories.make_item()
    round_ = factories.make_round(store, item, opens_at=OPENS)
    tick = ticks.tick_item(round_=round_, item=item, answer=Answer("pass"), by=member, at=NOON)
    ticks.undo_tick(tick=tick, by=member, at=NOON + MINUTE)
    with pytest.raises(ticks.AnsweredMeanwhile):
        ticks.undo_tick(tick=tick, by=member, at=NOON + MINUTE)
    assert _answers(round_) == [("pass", "person", "undone")]
    assert _state(round_) == ("open", 0)
    assert round_.done_at is None


# --- contradictions ------------------------------------------------------------------------------


def test_data_that_contradicts_a_pass_reopens_it_and_tells_the_lead(
    store: Store, member: Membership
) -> None:
    # given
    item = factories.make_item(metric="overdue_orders")
    round_ = factories.make_round(store, item, opens_at=OPENS)
    ticks.tick_item(round_=round_, item=item, answer=Answer("pass"), by=member, at=NOON)

    # when six orders past dispatch are seen 39 minutes later
    reading = _tell(store, 6, NOON + 39 * MINUTE)

    # then
    assert _answers(round_) == [("pass", "person", "contradicted")]
    assert _state(round_) == ("open", 0)
    tick = round_.ticks.get()
    assert tick.contradiction == {
        "metric": "overdue_orders",
        "reading": str(reading.pk),
        "value": "6",
        "measured_at": (NOON + 39 * MINUTE).isoformat(),
        "source": "api",
    }
    told = Alert.objects.get(store=store, code="check.contradicted")
    assert (told.state, told.detail["value"], told.detail["member"]) == ("open", "6", str(member))

    # and a later good reading passes the item, the person's answer staying beside it
    _tell(store, 0, NOON + 60 * MINUTE)
    assert _answers(round_) == [("pass", "person", "contradicted"), ("pass", "data", "")]


@pytest.mark.parametrize(
    ("value", "after", "reopened"),
    [
        pytest.param(1, timedelta(seconds=1), True, id="just_after"),
        pytest.param(1, timedelta(0), False, id="at_the_same_instant"),
        pytest.param(1, timedelta(hours=2), True, id="as_long_as_a_reading_counts"),
        pytest.param(1, timedelta(hours=2, seconds=1), False, id="of_a_later_time"),
        pytest.param(0, MINUTE, False, id="agreeing"),
    ],
)
def test_only_a_reading_of_the_same_time_contradicts(
    store: Store,
    member: Membership,
    value: int,
    after: timedelta,
    reopened: bool,  # noqa: FBT001
) -> None:
    item = factories.make_item(metric="overdue_orders", max_age=timedelta(hours=2))
    round_ = factories.make_round(store, item, opens_at=OPENS)
    ticks.tick_item(round_=round_, item=item, answer=Answer("pass"), by=member, at=NOON)
    _tell(store, value, NOON + after)
    assert round_.ticks.get().superseded_because == ("contradicted" if reopened else "")


def test_a_closed_round_is_not_reopened(store: Store, member: Membership) -> None:
    item = factories.make_item(metric="overdue_orders", max_age=timedelta(hours=24))
    round_ = factories.make_round(store, item, opens_at=OPENS)
    ticks.tick_item(round_=round_, item=item, answer=Answer("pass"), by=member, at=NOON)
    _tell(store, 6, round_.closes_at)
    assert _state(round_) == ("done", 1)


def test_a_pass_against_known_bad_data_needs_a_reason_and_falls_to_worse_only(
    store: Store, member: Membership
) -> None:
    # given a bad reading that is known
    item = factories.make_item(metric="overdue_orders")
    round_ = factories.make_round(store, item, opens_at=OPENS)
    _tell(store, 6, NOON - MINUTE)

    # when it is passed without and with a reason
    _refused(ticks.ReasonMissing, round_, item, Answer("pass"))
    ticks.tick_item(
        round_=round_,
        item=item,
        answer=Answer("pass", note="Handed over, the courier scans tonight"),
        by=member,
        at=NOON,
    )
    told = Alert.objects.filter(store=store, code="check.contradicted").count()
    _tell(store, 6, NOON + MINUTE)
    after_the_same = _answers(round_)
    _tell(store, 7, NOON + 2 * MINUTE)

    # then
    assert told == 1
    assert after_the_same == [("pass", "person", "")]
    assert _answers(round_) == [("pass", "person", "contradicted")]


def test_a_pass_by_data_that_turns_bad_reopens_without_a_contradiction_alert(
    store: Store,
) -> None:
    round_ = factories.make_round(
        store, factories.make_item(metric="overdue_orders"), opens_at=OPENS
    )
    _tell(store, 0, NOON)
    _tell(store, 3, NOON + MINUTE)
    assert _answers(round_) == [("pass", "data", "contradicted")]
    assert not Alert.objects.filter(code="check.contradicted").exists()


def test_a_persons_fail_stands_whatever_data_says(store: Store, member: Membership) -> None:
    item = factories.make_item(metric="overdue_orders")
    round_ = factories.make_round(store, item, opens_at=OPENS)
    ticks.tick_item(round_=round_, item=item, answer=Answer("fail"), by=member, at=NOON)
    _tell(store, 0, NOON + MINUTE)
    assert _answers(round_) == [("fail", "person", "")]
    assert Tick.objects.count() == 1
