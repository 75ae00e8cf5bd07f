"""Standing, drift, and when time alone changes an answer."""

from datetime import datetime

import pytest

from scoring.core.rulebook import Rulebook
from scoring.core.values import (
    BandCode,
    Drift,
    Ledger,
    Measure,
    Observation,
    Standing,
    Unstated,
)
from tests.scoring.core.making import (
    DEDUCTED,
    ask,
    day,
    deduction,
    figure,
    make_book,
    observed,
    shut,
)

JUST = 1 / 86_400
TOLERANT = make_book(tolerance_figure=figure(3))


@pytest.mark.parametrize(
    ("ledger", "at", "alive", "expected"),
    [
        pytest.param(Ledger(), 5, 5, Standing.UNKNOWN, id="no-platform-value"),
        pytest.param(
            Ledger(observations=(observed(200, 6),)), 5, 5, Standing.UNKNOWN, id="not-yet-seen"
        ),
        pytest.param(Ledger(), 5, None, Standing.UNKNOWN, id="unknown-before-stale"),
        pytest.param(
            Ledger(observations=(observed(200, 4),)), 5, None, Standing.STALE, id="no-channel"
        ),
        pytest.param(
            Ledger(observations=(observed(200, 4),)), 5, 3, Standing.STALE, id="silent-for-48-hours"
        ),
        pytest.param(
            Ledger(observations=(observed(200, 4),)),
            5,
            3 + JUST,
            Standing.CONFIRMED,
            id="silent-for-a-little-less",
        ),
        pytest.param(
            Ledger(observations=(observed(200, 1),)),
            8 - JUST,
            8,
            Standing.CONFIRMED,
            id="confirmed-for-7-days",
        ),
        pytest.param(
            Ledger(observations=(observed(200, 1),)), 8, 8, Standing.COMPUTED, id="not-longer"
        ),
        pytest.param(
            Ledger(observations=(observed(200, 1), observed(199, 2, name="p"))),
            3,
            3,
            Standing.COMPUTED,
            id="newest-value-differs",
        ),
        pytest.param(
            Ledger(observations=(observed(200, 1), observed(150, 9, name="p"))),
            3,
            3,
            Standing.CONFIRMED,
            id="value-of-later-is-not-there-yet",
        ),
        pytest.param(
            Ledger(observations=(observed(200, 1),), enforcements=(shut(2, None),)),
            3,
            3,
            Standing.COMPUTED,
            id="closed-is-not-judged",
        ),
    ],
)
def test_standing_is_the_first_that_applies(
    ledger: Ledger, at: float, alive: float | None, expected: Standing
) -> None:
    assert ask(ledger, at, alive=alive).standing is expected


@pytest.mark.parametrize(
    ("unstated", "at", "known", "expected"),
    [
        pytest.param(
            Unstated("v", day(3), day(3)), 3 - JUST, 50, Standing.CONFIRMED, id="not-before"
        ),
        pytest.param(Unstated("v", day(3), day(3)), 3, 50, Standing.INCOMPLETE, id="from-then"),
        pytest.param(
            Unstated("v", day(-6), day(3)), 4 - JUST, 50, Standing.INCOMPLETE, id="in-its-window"
        ),
        pytest.param(Unstated("v", day(-6), day(3)), 4, 50, Standing.CONFIRMED, id="not-after-it"),
        pytest.param(
            Unstated("v", day(-99), day(3), None), 4, 50, Standing.INCOMPLETE, id="without-expiry"
        ),
        pytest.param(
            Unstated("v", day(3), day(4)), 4, 4 - JUST, Standing.CONFIRMED, id="not-known-yet"
        ),
        pytest.param(Unstated("v", day(3), day(4)), 4, 4, Standing.INCOMPLETE, id="just-known"),
        pytest.param(
            Unstated("v", day(3), day(3), settled_at=day(9)),
            4,
            9 - JUST,
            Standing.INCOMPLETE,
            id="not-settled-yet",
        ),
        pytest.param(
            Unstated("v", day(3), day(3), settled_at=day(9)), 4, 9, Standing.CONFIRMED, id="settled"
        ),
    ],
)
def test_standing_is_incomplete_while_points_are_unknown(
    unstated: Unstated, at: float, known: float, expected: Standing
) -> None:
    ledger = Ledger(observations=(observed(200, 1),), unstated=(unstated,))

    assert ask(ledger, at, known=known, alive=at).standing is expected


def test_an_answer_tells_what_it_is_about() -> None:
    seen = observed(200, 5)
    answer = ask(Ledger(observations=(seen,)), 5, known=9)

    assert (answer.at, answer.known_at, answer.platform) == (day(5), day(9), seen)


def test_standing_leaves_the_band_but_for_unknown() -> None:
    ledger = Ledger(observations=(observed(200, 1),))

    stale, unknown = ask(ledger, 5), ask(Ledger(), 5)

    assert (stale.standing, stale.band, stale.label, stale.label_zh) == (
        Standing.STALE,
        BandCode.HEALTHY,
        "Excellent",
        "优秀",
    )
    assert (unknown.rating, unknown.band) == (200, BandCode.UNKNOWN)
    assert (unknown.label, unknown.label_zh) == ("", "")


@pytest.mark.parametrize(
    ("rated", "band"),
    [
        (200, BandCode.HEALTHY),
        (199, BandCode.WATCH),
        (100, BandCode.WATCH),
        (99, BandCode.CRITICAL),
        (1, BandCode.CRITICAL),
        (0, BandCode.CLOSED),
    ],
)
def test_band_is_of_the_highest_edge_reached(rated: int, band: BandCode) -> None:
    assert ask(Ledger(observations=(observed(rated, 1),)), 2).band is band


# --- drift ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("observations", "book", "expected"),
    [
        pytest.param([], make_book(), None, id="nothing-observed"),
        pytest.param([observed(150, 1)], make_book(), 0, id="none-at-the-opening"),
        pytest.param(
            [observed(150, 1), observed(146, 2, name="p")], make_book(), -4, id="below-ours"
        ),
        pytest.param(
            [observed(150, 1), observed(52, 2, DEDUCTED, name="p")],
            make_book(),
            2,
            id="of-points-deducted",
        ),
        pytest.param(
            [observed(10, 1, DEDUCTED), observed(150, 2, name="p")],
            make_book(None),
            None,
            id="not-of-a-rating-where-there-is-none",
        ),
        pytest.param([observed(150, 1)], make_book(since=day(2)), None, id="not-before-any-book"),
    ],
)
def test_drift_is_of_the_newest_observation(
    observations: list[Observation], book: Rulebook, expected: int | None
) -> None:
    drift = ask(Ledger(observations=tuple(observations)), 3, book).drift

    assert (drift and drift.value) == expected


@pytest.mark.parametrize("measure", Measure, ids=str)
def test_drift_is_told_with_what_it_is_of(measure: Measure) -> None:
    later = observed(196 if measure is Measure.RATING else 4, 2, measure, name="p")
    ledger = Ledger(observations=(observed(200, 1), later))

    assert ask(ledger, 2.5, TOLERANT).drift == Drift(
        observation="p",
        measure=measure,
        value=-4 if measure is Measure.RATING else 4,
        tolerance=3,
        beyond_since=day(2),
        alert=False,
    )


def test_drift_is_none_where_nothing_is_known_at_all() -> None:
    # given a book that takes effect after the observation, which then is the only instant
    ledger = Ledger(observations=(observed(150, 1), observed(160, 1, name="p")))

    assert ask(ledger, 1, make_book(since=day(9))).drift is None


def test_drift_compares_with_what_we_know_now() -> None:
    ledger = Ledger(
        entries=(deduction("a", -4, 2, known=8),),
        observations=(observed(150, 1), observed(146, 3, name="p")),
    )

    then, now = ask(ledger, 5, known=5).drift, ask(ledger, 5, known=8).drift

    assert then is not None
    assert now is not None
    assert (then.value, now.value) == (-4, 0)


@pytest.mark.parametrize(
    ("values", "at", "since", "alert"),
    [
        pytest.param([(2, 147)], 2.5, None, False, id="at-the-tolerance"),
        pytest.param([(2, 146)], 3 - JUST, day(2), False, id="beyond-it-for-less-than-24-hours"),
        pytest.param([(2, 146)], 3, day(2), True, id="beyond-it-for-24-hours"),
        pytest.param([(2, 146), (2.1, 154)], 2.2, day(2), True, id="beyond-it-twice"),
        pytest.param([(2, 146), (2.1, 150)], 9, None, False, id="back-within"),
        pytest.param(
            [(1.2, 146), (2, 150), (2.1, 154)], 2.2, day(2.1), False, id="counted-anew-after-that"
        ),
    ],
)
def test_drift_alerts_after_two_observations_or_24_hours(
    values: list[tuple[float, int]], at: float, since: datetime | None, *, alert: bool
) -> None:
    later = [observed(value, when, name=f"p{when}") for when, value in values]
    ledger = Ledger(observations=(observed(150, 1), *later))

    drift = ask(ledger, at, TOLERANT).drift

    assert drift is not None
    assert (drift.beyond_since, drift.alert, drift.tolerance) == (since, alert, 3)


def test_drift_skips_observations_of_a_closed_store() -> None:
    ledger = Ledger(
        observations=(
            observed(150, 1),
            observed(140, 2, name="p"),
            observed(0, 4, name="q"),
            observed(140, 6, name="r"),
        ),
        enforcements=(shut(3, 5),),
    )

    closed, reopened = ask(ledger, 4).drift, ask(ledger, 6).drift

    assert closed is None
    assert reopened is not None
    assert (reopened.observation, reopened.beyond_since, reopened.alert) == ("r", day(2), True)


def test_drift_is_not_judged_while_closed_even_of_an_older_observation() -> None:
    ledger = Ledger(
        observations=(observed(150, 1), observed(140, 2, name="p")), enforcements=(shut(3, None),)
    )

    assert ask(ledger, 4).drift is None


# --- next change ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ledger", "alive", "expected"),
    [
        pytest.param(Ledger(), None, None, id="nothing-ahead"),
        pytest.param(Ledger(entries=(deduction("a", -1, 1),)), None, 11, id="an-expiry"),
        pytest.param(Ledger(entries=(deduction("a", -1, 7),)), None, 7, id="an-entry-dated-ahead"),
        pytest.param(Ledger(observations=(observed(200, 1),)), 4.5, 6.5, id="going-stale"),
        pytest.param(
            Ledger(observations=(observed(200, 1),)), None, 11, id="stale-and-so-not-confirmed"
        ),
        pytest.param(Ledger(observations=(observed(200, 5),)), None, 15, id="not-this-moment"),
        pytest.param(
            Ledger(enforcements=(shut(7, 7, known=1),)), None, None, id="not-a-closing-of-no-time"
        ),
        pytest.param(Ledger(observations=(observed(200, -1),)), 4.9, 6, id="no-longer-confirmed"),
        pytest.param(
            Ledger(observations=(observed(200, 1), observed(199, 4.5, name="p"))),
            4.9,
            5.5,
            id="a-drift-growing-old",
        ),
        pytest.param(
            Ledger(unstated=(Unstated("v", day(-4), day(-4)),)), None, 6, id="unknown-points-ending"
        ),
    ],
)
def test_next_change_is_the_soonest_that_time_alone_brings(
    ledger: Ledger, alive: float | None, expected: float | None
) -> None:
    answer = ask(ledger, 5, alive=alive)

    assert answer.next_change_at == (None if expected is None else day(expected))
