"""Every platform rating against ours at its moment, and where the two came apart."""

import pytest

from scoring.core.drifts import gap_of, observed_drifts
from scoring.core.rulebook import Library
from scoring.core.values import Enforced, Entry, Ledger, Measure, Observation
from tests.scoring.core.making import DEDUCTED, RATING, day, deduction, make_book

LIBRARY = Library([make_book(window=90)])


def seen(name: str, value: int, at: float, measure: Measure = RATING) -> Observation:
    return Observation(name, value, measure, day(at), day(at))


def drifts(
    *observations: Observation, entries: tuple[Entry, ...] = (), closed: tuple[Enforced, ...] = ()
) -> list[tuple[str, int, int]]:
    """Return id, ours and drift of each that is judged."""
    ledger = Ledger(entries, observations, closed)
    found = observed_drifts(ledger, LIBRARY, day(30), day(30))
    return [(each.observation.id, each.ours, each.drift) for each in found]


def test_each_rating_is_held_against_ours_at_its_own_moment() -> None:
    told = drifts(
        seen("a", 200, 1), seen("b", 190, 5), seen("c", 180, 9), entries=(deduction("x", -10, 4),)
    )
    assert told == [("a", 200, 0), ("b", 190, 0), ("c", 190, -10)]


def test_one_of_a_closed_store_is_not_judged() -> None:
    closing = Enforced("closed", day(4), day(6), day(4))
    told = drifts(seen("a", 200, 1), seen("b", 0, 5), seen("c", 200, 7), closed=(closing,))
    assert [name for name, _ours, _drift in told] == ["a", "c"]


def test_one_that_is_seen_later_is_left_out() -> None:
    assert drifts(seen("a", 200, 1), seen("b", 10, 31)) == [("a", 200, 0)]


def test_one_that_is_seen_just_now_is_held_too() -> None:
    assert drifts(seen("a", 200, 1), seen("b", 190, 30)) == [("a", 200, 0), ("b", 200, -10)]


@pytest.mark.parametrize(
    ("measure", "values", "wanted"),
    [(RATING, (200, 200, 188, 188), -12), (DEDUCTED, (0, 0, 12, 12), -12)],
    ids=["rating", "points deducted"],
)
def test_a_gap_tells_since_when_and_how_many_points_ours_lacks(
    measure: Measure, values: tuple[int, ...], wanted: int
) -> None:
    rows = [seen(f"o{place}", value, place, measure) for place, value in enumerate(values, 1)]
    found = observed_drifts(Ledger((), tuple(rows)), LIBRARY, day(30), day(30))

    gap = gap_of(found)

    assert gap is not None
    assert (gap.wanted, gap.count, gap.opened_after, gap.opened_by) == (
        wanted,
        2,
        day(2),
        day(3),
    )
    assert [gap.is_within(day(number)) for number in (2, 2.5, 4, 4.5)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_gap_begins_after_the_last_that_agreed() -> None:
    values = (200, 200, 200, 188)
    rows = tuple(seen(f"o{place}", value, place) for place, value in enumerate(values))

    gap = gap_of(observed_drifts(Ledger((), rows), LIBRARY, day(30), day(30)))

    assert gap is not None
    assert (gap.count, gap.opened_after, gap.opened_by) == (1, day(2), day(3))


def test_a_gap_that_nothing_agreed_before_has_no_beginning() -> None:
    rows = (seen("a", 200, 1), seen("b", 188, 2))
    found = observed_drifts(Ledger((), rows), LIBRARY, day(30), day(30))
    gap = gap_of(found[1:])
    assert gap is not None
    assert (gap.agreed, gap.opened_after, gap.is_within(day(0))) == (None, None, True)


def test_where_the_newest_agrees_there_is_no_gap() -> None:
    rows = (seen("a", 200, 1), seen("b", 188, 2), seen("c", 200, 3))
    assert gap_of(observed_drifts(Ledger((), rows), LIBRARY, day(30), day(30))) is None
    assert gap_of(()) is None
