"""What fires, passes, warns and arms again, and the enforcement to expect."""

from dataclasses import replace
from datetime import datetime

import pytest

from scoring.core.rulebook import Rulebook
from scoring.core.values import (
    CountsAs,
    Enforced,
    Entry,
    Ledger,
    MilestoneEvent,
    MilestoneState,
    Observation,
    Period,
    PeriodEnd,
    PointsRange,
)
from tests.scoring.core.agreement import assert_agrees
from tests.scoring.core.making import (
    DEDUCTED,
    FALLING,
    RATING,
    RISING,
    adjustment,
    ask,
    bonus,
    day,
    deduction,
    make_book,
    milestone,
    observed,
    reversal,
    shut,
)

JUST = 1 / 86_400
BOOK = make_book(warning=10, milestones=FALLING)
POINTS = make_book(warning=5, milestones=RISING)


def of(*entries: Entry) -> Ledger:
    return Ledger(entries=entries)


def told(
    ledger: Ledger, book: Rulebook = BOOK, *more: Rulebook, at: float = 50
) -> list[tuple[datetime, str, str]]:
    answer = ask(ledger, at, book, *more)
    return [(each.instant, each.kind, each.code) for each in answer.milestone_events]


@pytest.mark.parametrize(
    ("book", "points", "events"),
    [
        pytest.param(BOOK, -39, [], id="above-the-warning-distance"),
        pytest.param(BOOK, -40, [("warned", "r150")], id="at-the-warning-distance"),
        pytest.param(BOOK, -49, [("warned", "r150")], id="one-above-the-milestone"),
        pytest.param(BOOK, -50, [("fired", "r150")], id="at-the-milestone"),
        pytest.param(BOOK, -51, [("fired", "r150")], id="one-below-the-milestone"),
        pytest.param(
            BOOK, -90, [("fired", "r150"), ("warned", "r100")], id="at-the-next-ones-warning"
        ),
        pytest.param(
            BOOK,
            -160,
            [("passed", "r150"), ("passed", "r100"), ("fired", "r50")],
            id="through-three-at-once",
        ),
        pytest.param(POINTS, -6, [], id="deducted-below-the-warning-distance"),
        pytest.param(POINTS, -7, [("warned", "d12")], id="deducted-at-the-warning-distance"),
        pytest.param(POINTS, -11, [("warned", "d12")], id="deducted-one-below"),
        pytest.param(POINTS, -12, [("fired", "d12")], id="deducted-at-the-milestone"),
        pytest.param(
            POINTS,
            -36,
            [("passed", "d12"), ("passed", "d24"), ("fired", "d36")],
            id="deducted-through-three-at-once",
        ),
    ],
)
def test_furthest_newly_reached_milestone_fires(
    book: Rulebook, points: int, events: list[tuple[str, str]]
) -> None:
    ledger = of(deduction("a", points, 1))

    assert told(ledger, book, at=2) == [(day(1), *event) for event in events]


def test_each_measure_fires_for_itself() -> None:
    book = make_book(milestones=[*FALLING, *RISING])

    assert told(of(deduction("a", -50, 1)), book, at=2) == [
        (day(1), "fired", "r150"),
        (day(1), "passed", "d12"),
        (day(1), "passed", "d24"),
        (day(1), "fired", "d36"),
    ]


def test_furthest_of_several_warnings_is_told() -> None:
    close = [milestone("r150", RATING, 150), milestone("r140", RATING, 140)]
    book = make_book(warning=15, milestones=close)

    assert told(of(deduction("a", -45, 1)), book, at=2) == [
        (day(1), "warning_passed", "r150"),
        (day(1), "warned", "r140"),
    ]


def test_milestone_left_is_armed_again_and_fires_again() -> None:
    ledger = of(deduction("a", -55, 1), deduction("b", -52, 20))

    assert told(ledger) == [
        (day(1), "fired", "r150"),
        (day(11), "rearmed", "r150"),
        (day(20), "fired", "r150"),
        (day(30), "rearmed", "r150"),
    ]


def test_an_event_tells_the_milestone_and_the_value_then() -> None:
    book = make_book(milestones=[*FALLING[:1], *RISING[:1]])

    assert ask(of(deduction("a", -55, 1)), 2, book).milestone_events == (
        MilestoneEvent(day(1), "fired", "r150", RATING, at=150, value=145),
        MilestoneEvent(day(1), "fired", "d12", DEDUCTED, at=12, value=55),
    )


def test_a_warning_is_told_once_while_another_measure_warns_too() -> None:
    book = make_book(warning=10, milestones=[*FALLING[:1], milestone("d60", DEDUCTED, 60)])
    ledger = of(deduction("a", -45, 1), bonus("b", 5, 2), deduction("c", -6, 2))

    assert told(ledger, book, at=3) == [(day(1), "warned", "r150"), (day(2), "warned", "d60")]


def test_what_the_opening_brings_into_the_warning_zone_warns_of_nothing() -> None:
    ledger = Ledger(entries=(deduction("a", -1, 2),), observations=(observed(155, 1),))

    assert told(ledger, at=3) == []


def test_climbing_back_into_the_warning_zone_warns_of_nothing() -> None:
    ledger = of(deduction("a", -52, 1), bonus("b", 5, 2), bonus("c", 10, 3), deduction("d", -9, 4))

    assert told(ledger, at=5) == [
        (day(1), "fired", "r150"),
        (day(2), "rearmed", "r150"),
        (day(4), "warned", "r150"),
    ]


@pytest.mark.parametrize(
    "ledger",
    [
        pytest.param(
            Ledger(observations=(observed(90, 1),)),
            id="at-the-opening",
        ),
        pytest.param(
            Ledger(entries=(deduction("a", -110, 1),), observations=(observed(90, 1),)),
            id="at-the-opening-by-an-entry",
        ),
    ],
)
def test_what_the_opening_reaches_is_recorded_and_does_not_fire(ledger: Ledger) -> None:
    assert told(ledger, at=2) == [(day(1), "recorded", "r150"), (day(1), "recorded", "r100")]


def test_what_the_first_book_finds_reached_is_recorded_and_does_not_fire() -> None:
    book = make_book(since=day(5), milestones=FALLING)

    assert told(of(deduction("a", -60, 1)), book, at=6) == [(day(5), "recorded", "r150")]


@pytest.mark.parametrize(
    ("newer", "events"),
    [
        pytest.param(
            make_book(160, since=day(5), milestones=FALLING),
            [(day(1), "fired", "r150"), (day(5), "recorded", "r100")],
            id="of-a-lower-start",
        ),
        pytest.param(
            make_book(None, since=day(5), milestones=RISING),
            [
                (day(1), "fired", "r150"),
                (day(5), "recorded", "d12"),
                (day(5), "recorded", "d24"),
                (day(5), "recorded", "d36"),
            ],
            id="of-another-measure",
        ),
        pytest.param(
            make_book(None, since=day(5), milestones=[milestone("r150", DEDUCTED, 60)]),
            [(day(1), "fired", "r150"), (day(5), "recorded", "r150")],
            id="of-another-measure-by-the-same-name",
        ),
        pytest.param(
            make_book(since=day(5), milestones=[milestone("r150", RATING, 120)]),
            [(day(1), "fired", "r150"), (day(5), "rearmed", "r150")],
            id="of-a-lower-value",
        ),
    ],
)
def test_a_newer_book_records_and_does_not_fire(
    newer: Rulebook, events: list[tuple[datetime, str, str]]
) -> None:
    older = make_book(milestones=FALLING)

    assert told(of(deduction("a", -60, 1)), older, newer, at=6) == events


def test_what_a_store_reached_before_its_opening_is_told_at_its_time() -> None:
    ledger = Ledger(entries=(deduction("a", -60, 1),), observations=(observed(140, 3),))

    assert told(ledger, at=4) == [(day(1), "fired", "r150")]


@pytest.mark.parametrize(
    ("estimate", "events", "reached", "possible"),
    [
        pytest.param((10, 40), [], False, False, id="middle-short-of-it"),
        pytest.param((10, 88), [], False, False, id="middle-one-short-of-it"),
        pytest.param((10, 90), [("possible", "r150")], False, True, id="middle-reaches-it"),
        pytest.param((49, 51), [("possible", "r150")], False, True, id="mildest-one-short"),
        pytest.param((50, 51), [("fired", "r150")], True, False, id="mildest-reaches-it"),
    ],
)
def test_estimates_count_at_their_mildest_and_are_possible_at_their_middle(
    estimate: tuple[int, int], events: list[tuple[str, str]], *, reached: bool, possible: bool
) -> None:
    # given
    low, high = estimate
    book = make_book(milestones=FALLING[:1])
    ledger = of(deduction("a", -((low + high + 1) // 2), 1, estimate=estimate))

    # then
    assert told(ledger, book, at=2) == [(day(1), *event) for event in events]
    (state,) = ask(ledger, 2, book).milestones
    assert (state.distance, state.reached, state.possible) == (50 - low, reached, possible)


def test_possible_is_told_once_and_again_after_it_was_gone() -> None:
    book = make_book(milestones=FALLING[:1])
    estimated = deduction("a", -50, 1, until=None, estimate=(10, 90))
    ledger = of(estimated, deduction("b", -1, 2), bonus("c", 9, 3), deduction("d", -9, 4))

    assert [event[:2] for event in told(ledger, book, at=5)] == [
        (day(1), "possible"),
        (day(4), "possible"),
    ]


def test_possible_is_told_once_while_another_becomes_so_too() -> None:
    book = make_book(milestones=[milestone("r150", RATING, 150), milestone("r140", RATING, 140)])
    ledger = of(deduction("a", -50, 1, estimate=(10, 90)), deduction("b", -10, 2))

    assert told(ledger, book, at=3) == [(day(1), "possible", "r150"), (day(2), "possible", "r140")]


@pytest.mark.parametrize(
    ("estimate", "event"),
    [
        pytest.param((49, 61), (day(2), "fired", "r150"), id="its-mildest"),
        pytest.param((10, 88), (day(2), "possible", "r150"), id="its-middle"),
    ],
)
def test_the_last_point_of_an_estimate_is_noticed(
    estimate: tuple[int, int], event: tuple[datetime, str, str]
) -> None:
    # given an estimate of which one end is a point short of the milestone, and that point
    ledger = of(
        deduction("a", PointsRange(*estimate).estimate, 1, estimate=estimate),
        deduction("b", -1, 2),
    )

    assert told(ledger, make_book(milestones=FALLING[:1]), at=3)[-1] == event


def test_possible_at_the_opening_is_not_told() -> None:
    book = make_book(milestones=FALLING[:1])
    ledger = Ledger(
        entries=(deduction("a", -50, 1, estimate=(10, 90)),), observations=(observed(150, 1),)
    )

    assert told(ledger, book, at=2) == []


def test_milestones_stand_with_their_distance() -> None:
    book = make_book(milestones=[*FALLING[:2], *RISING[:1]])

    states = ask(of(deduction("a", -60, 1)), 2, book).milestones

    assert states == (
        MilestoneState("r150", RATING, 150, distance=-10, reached=True, possible=False),
        MilestoneState("r100", RATING, 100, distance=40, reached=False, possible=False),
        MilestoneState("d12", DEDUCTED, 12, distance=-48, reached=True, possible=False),
    )


def test_firings_and_running_periods_are_picked_from_all() -> None:
    ledger = of(deduction("a", -110, 1))

    answer = ask(ledger, 14)

    assert answer.firings == ()
    answer = ask(ledger, 14, BOOK)
    assert [each.code for each in answer.firings] == ["r100"]
    assert [each.milestone for each in answer.running_periods] == ["r100"]
    assert ask(ledger, 15, BOOK).running_periods == ()


# --- expected enforcement ------------------------------------------------------------------------


def period(ends: float | None, by: str | None, *, permanent: bool = False) -> list[Period]:
    ends_at = None if ends is None else day(ends)
    return [Period("r150", "listing_limit", day(1), ends_at, by, permanent)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "ends", "by"),
    [
        pytest.param([], 8, "length", id="its-length"),
        pytest.param([reversal("r", "a", 11, 4)], 4, "reversal", id="a-reversal"),
        pytest.param([reversal("r", "a", 10, 4)], 8, "length", id="not-a-reversal-too-small"),
        pytest.param([reversal("r", "a", 11, 8)], 8, "length", id="not-a-reversal-as-it-ends"),
        pytest.param([reversal("r", "a", 11, 9)], 8, "length", id="not-a-reversal-too-late"),
        pytest.param([bonus("b", 20, 4)], 8, "length", id="not-a-bonus"),
        pytest.param(
            [adjustment("b", 20, 4, CountsAs.DEDUCTION)], 8, "length", id="not-an-adjustment"
        ),
        pytest.param(
            [bonus("b", 20, 4), reversal("r", "a", 10, 4)],
            8,
            "length",
            id="not-a-reversal-that-was-not-needed",
        ),
        pytest.param(
            [bonus("b", 5, 4), reversal("r", "a", 6, 4)],
            4,
            "reversal",
            id="a-reversal-that-was-needed-with-a-bonus",
        ),
        pytest.param(
            [deduction("m", -9, 4), reversal("r", "m", 9, 4), bonus("b", 11, 4)],
            8,
            "length",
            id="not-a-reversal-of-what-was-never-there",
        ),
        pytest.param(
            [reversal("r", "a", 11, 4), deduction("c", -2, 5), reversal("s", "a", 49, 6)],
            4,
            "reversal",
            id="the-first-reversal-that-left-it",
        ),
    ],
)
def test_expected_enforcement_ends_by_its_length_or_by_a_reversal(
    more: list[Entry], ends: float, by: str
) -> None:
    book = make_book(milestones=FALLING[:1])
    ledger = of(deduction("a", -60, 1, until=None), *more)

    assert list(ask(ledger, 20, book).periods[:1]) == period(ends, by)


def test_expected_enforcement_outlasts_an_expiry() -> None:
    book = make_book(milestones=FALLING[:1])

    assert list(ask(of(deduction("a", -60, 1, until=3)), 20, book).periods) == period(8, "length")


def test_reversal_of_what_was_only_recorded_ends_no_period() -> None:
    ledger = Ledger(
        entries=(deduction("a", -60, 1), reversal("r", "a", 60, 3)),
        observations=(observed(140, 1),),
    )

    assert ask(ledger, 5, BOOK).periods == ()


def test_reversal_at_the_opening_ends_no_period() -> None:
    # given a reversal at the very instant at which the marketplace's number speaks
    ledger = Ledger(
        entries=(deduction("a", -60, 1), reversal("r", "a", 60, 3)),
        observations=(observed(200, 3),),
    )

    assert list(ask(ledger, 5, BOOK).periods) == period(8, "length")


@pytest.mark.parametrize(
    ("closing", "ends"),
    [
        pytest.param(None, 41, id="by-expiry-of-what-a-closed-store-held"),
        pytest.param({DEDUCTED: 48}, 15, id="by-the-reversal-that-reopens"),
        pytest.param({RATING: 152}, 15, id="by-the-reversal-that-lifts-the-rating"),
    ],
)
@pytest.mark.parametrize("seen", [(), (observed(200, 0),)], ids=["unseen", "seen"])
def test_reversal_that_reopens_gives_back_what_was_held(
    closing: dict[object, int] | None, ends: float, seen: tuple[Observation, ...]
) -> None:
    # given 50 points, of which 45 have expired and are held, because the store is closed; taking
    # back the last 5 is what reopens it only where the rule had closed it
    lasting = milestone("d10", DEDUCTED, 10, days=40)
    book = make_book(closing=closing, milestones=[lasting])  # type: ignore[arg-type]
    ledger = Ledger(
        entries=(
            deduction("old", -45, 1),
            deduction("new", -5, 8, until=None),
            reversal("won", "new", 5, 15),
        ),
        observations=seen,
        enforcements=() if closing else (shut(2, 15),),
    )

    assert [(each.starts_at, each.ends_at) for each in ask(ledger, 16, book).periods] == [
        (day(1), day(ends))
    ]


@pytest.mark.parametrize(
    ("closing", "entries"),
    [
        pytest.param(
            {DEDUCTED: 48},
            [
                deduction("old", -45, 1),
                deduction("new", -5, 8, until=None),
                reversal("won", "new", 5, 15),
            ],
            id="though-the-rule-would-have-ended-with-the-reversal",
        ),
        pytest.param(
            None,
            [deduction("old", -45, 1), reversal("won", "old", 45, 15)],
            id="though-a-reversal-came-for-what-was-held",
        ),
    ],
)
def test_what_a_closing_of_the_marketplace_held_leaves_by_expiry(
    closing: dict[object, int] | None, entries: list[Entry]
) -> None:
    # given a closing that ends as the reversal is granted
    lasting = milestone("d10", DEDUCTED, 10, days=40)
    book = make_book(closing=closing, milestones=[lasting])  # type: ignore[arg-type]
    ledger = Ledger(entries=tuple(entries), enforcements=(shut(2, 15),))

    (expected,) = ask(ledger, 16, book).periods

    assert (expected.starts_at, expected.ends_at, expected.ended_by) == (day(1), day(41), "length")
    assert_agrees(ledger, [book], 16, 50)


@pytest.mark.parametrize(
    ("words", "at", "ends", "by"),
    [
        pytest.param([(2, 5, "marketplace")], 3, 5, "marketplace", id="marketplace-shortens"),
        pytest.param([(2, 30, "marketplace")], 3, 30, "marketplace", id="marketplace-prolongs"),
        pytest.param([(2, 5, "quiz")], 3, 5, "quiz", id="quiz-shortens"),
        pytest.param([(2, 30, "quiz")], 3, 8, "length", id="quiz-never-prolongs"),
        pytest.param([(2, 8, "quiz")], 3, 8, "length", id="quiz-of-the-same-end-ends-nothing"),
        pytest.param([(2, 5, "quiz")], 1.5, 8, "length", id="not-before-it-is-said"),
        pytest.param([(3, 5, "quiz")], 3, 5, "quiz", id="from-the-moment-it-is-said"),
        pytest.param([(1, 5, "quiz")], 3, 5, "quiz", id="said-as-the-period-begins"),
        pytest.param([(0.5, 5, "marketplace")], 3, 8, "length", id="not-of-an-earlier-period"),
        pytest.param(
            [(2, 5, "quiz"), (2.5, 6, "marketplace")], 3, 6, "marketplace", id="last-word-wins"
        ),
    ],
)
def test_expected_enforcement_ends_when_the_marketplace_or_a_quiz_says(
    words: list[tuple[float, float, str]], at: float, ends: float, by: str
) -> None:
    book = make_book(milestones=FALLING[:1])
    ledger = Ledger(
        entries=(deduction("a", -60, 1),),
        period_ends=tuple(
            PeriodEnd("r150", day(said), day(end), day(said), who)  # type: ignore[arg-type]
            for said, end, who in words
        ),
    )

    assert list(ask(ledger, at, book).periods) == period(ends, by)


def enforced(
    since: float, until: float | None, *, kind: str = "listing_limit", known: float | None = None
) -> Enforced:
    ends_at = None if until is None else day(until)
    return Enforced(kind, day(since), ends_at, day(since if known is None else known))


@pytest.mark.parametrize(
    ("told", "at", "ends", "by", "confirmed"),
    [
        pytest.param(enforced(1, 5), 3, 5, "marketplace", True, id="its-end-counts"),
        pytest.param(enforced(1, None), 3, 8, "length", True, id="without-an-end-ours"),
        pytest.param(enforced(0, 6), 3, 6, "marketplace", True, id="a-day-sooner"),
        pytest.param(enforced(0 - JUST, 6), 3, 8, "length", False, id="more-than-a-day-sooner"),
        pytest.param(enforced(1, 5, kind="suspended"), 3, 8, "length", False, id="another-kind"),
        pytest.param(enforced(2, 5), 1.5, 8, "length", False, id="not-yet-begun"),
        pytest.param(enforced(3, 5), 3, 5, "marketplace", True, id="just-begun"),
    ],
)
def test_expected_enforcement_is_confirmed_by_what_the_marketplace_tells(
    told: Enforced, at: float, ends: float, by: str, *, confirmed: bool
) -> None:
    book = make_book(milestones=FALLING[:1])
    ledger = Ledger(entries=(deduction("a", -60, 1),), enforcements=(told,))

    expected = [replace(each, confirmed=confirmed) for each in period(ends, by)]
    assert list(ask(ledger, at, book).periods) == expected


def test_a_quiz_shortens_what_the_marketplace_confirmed() -> None:
    book = make_book(milestones=FALLING[:1])
    ledger = Ledger(
        entries=(deduction("a", -60, 1),),
        enforcements=(enforced(1, 7),),
        period_ends=(PeriodEnd("r150", day(2), day(4), day(2), "quiz"),),
    )

    assert [(each.ends_at, each.ended_by) for each in ask(ledger, 3, book).periods] == [
        (day(4), "quiz")
    ]


@pytest.mark.parametrize("since", [20, 19], ids=["with-it", "a-day-sooner"])
def test_what_is_told_confirms_the_firing_it_starts_with(since: int) -> None:
    # given two firings of the milestone, the store above it between them
    book = make_book(milestones=FALLING[:1])
    ledger = Ledger(
        entries=(deduction("a", -60, 1, until=10), deduction("b", -60, 20)),
        enforcements=(enforced(since, 33),),
    )

    # then the later one is confirmed
    periods = ask(ledger, 25, book).periods
    assert [(each.ends_at, each.confirmed) for each in periods] == [
        (day(8), False),
        (day(33), True),
    ]


def test_withdrawn_word_confirms_nothing_any_more() -> None:
    book = make_book(milestones=FALLING[:1])
    told = replace(enforced(1, 5), withdrawn_at=day(4))
    ledger = Ledger(entries=(deduction("a", -60, 1),), enforcements=(told,))

    assert ask(ledger, 3, book, known=4 - JUST).periods[0].confirmed
    assert not ask(ledger, 3, book, known=4).periods[0].confirmed


def test_word_about_a_period_counts_once_it_is_known() -> None:
    book = make_book(milestones=FALLING[:1])
    end = PeriodEnd("r150", day(2), day(5), recorded_at=day(4))
    ledger = Ledger(entries=(deduction("a", -60, 1),), period_ends=(end,))

    assert list(ask(ledger, 3, book, known=4 - JUST).periods) == period(8, "length")
    assert list(ask(ledger, 3, book, known=4).periods) == period(5, "marketplace")


@pytest.mark.parametrize(
    ("permanent", "said", "expected"),
    [
        pytest.param(True, False, period(None, None, permanent=True), id="for-good"),
        pytest.param(False, False, period(None, None), id="nobody-states-how-long"),
        pytest.param(True, True, period(5, "quiz"), id="for-good-until-a-quiz"),
    ],
)
def test_expected_enforcement_without_a_length(
    expected: list[Period], *, permanent: bool, said: bool
) -> None:
    book = make_book(milestones=[milestone("r150", RATING, 150, days=None, permanent=permanent)])
    ends = (PeriodEnd("r150", day(2), day(5), day(2), "quiz"),) if said else ()
    ledger = Ledger(entries=(deduction("a", -60, 1),), period_ends=ends)

    answer = ask(ledger, 3, book)

    assert list(answer.periods) == expected
    assert answer.running_periods == answer.periods


def test_expected_enforcement_for_good_ends_by_a_reversal() -> None:
    book = make_book(milestones=[milestone("r150", RATING, 150, days=None, permanent=True)])
    ledger = of(deduction("a", -60, 1), reversal("r", "a", 60, 4))

    assert list(ask(ledger, 5, book).periods) == period(4, "reversal")
