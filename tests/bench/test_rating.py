"""One store in the core: its rating, 90 days ahead, the range of that, and a what-if.

Each is printed beside its budget and beside a floor measured in the same run, the plain sum of the
same entries at every instant at which one starts or ends, and with its exponent over 1, 4 and 16
times the entries. It is CPU time, so that whatever else the machine does counts for little. How far
an answer may be from the floor is what the budget leaves it where the floor takes 0.18 ms.
"""

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from scoring.core import rating
from scoring.core.foresight import Futures, Pending, cone
from scoring.core.rulebook import Library
from scoring.core.values import DAY, Ledger, PointsRange
from scoring.core.what_if import Event, what_if
from tests.scoring.core.making import FALLING, bonus, day, deduction, make_book, observed

ENTRIES = 200
STEPS = (1, 4, 16)
AHEAD = 90
WINDOW = 180
ROUNDS = 15
BUDGET: Final = 5  # ms for each answer about one store
MOST: Final = 28  # times the floor
STEEPEST: Final = 1.5  # a sweep that looked back at every entry for each would have 2


class Case(NamedTuple):
    ledger: Ledger
    library: Library
    now: datetime

    @property
    def futures(self) -> Futures:
        return Futures(self.ledger, self.library, self.now, AHEAD)


def case(count: int) -> Case:
    """Return a ledger whose entries lie evenly over one window and a half, as they do in use."""
    span = WINDOW * 1.5
    entries = tuple(
        deduction(f"d{number}", at=number * span / count, points=-2)
        if number % 2
        else bonus(f"b{number}", at=number * span / count, points=2)
        for number in range(count)
    )
    ledger = Ledger(entries=entries, observations=(observed(200, -1),))
    library = Library([make_book(window=WINDOW, milestones=FALLING)])
    return Case(ledger, library, day(span) + timedelta(hours=1))


def floor(made: Case) -> list[int]:
    """Return the running sum over every start and end: the least that any answer can do."""
    steps = [(entry.occurred_at, entry.points) for entry in made.ledger.entries]
    steps += [(at + WINDOW * DAY, -points) for at, points in steps]
    steps.sort()
    total, sums = 200, []
    for _, points in steps:
        total += points
        sums.append(max(0, min(1000, total)))
    return sums


def rated(made: Case) -> None:
    rating.evaluate(made.ledger, made.library, at=made.now, known_at=made.now)


def forecast(made: Case) -> None:
    rating.forecast(made.ledger, made.library, at=made.now, days=AHEAD)


def ranged(made: Case) -> None:
    cone(made.futures, [Pending("v", PointsRange(4, 12), made.now + 5 * DAY)])


def played(made: Case) -> None:
    futures = made.futures
    events = [
        Event("deduction", made.now + 3 * DAY, points=8),
        Event("granted", made.now + 9 * DAY, entries=(made.ledger.entries[-1].id,)),
        Event("quiz", made.now + 12 * DAY, points=4),
    ]
    what_if(futures, events)


ASKED: dict[str, Callable[[Case], object]] = {
    "rating": rated,
    f"forecast of {AHEAD} days": forecast,
    f"range of {AHEAD} days": ranged,
    f"what-if of {AHEAD} days": played,
}


def median(ask: Callable[[Case], object], made: Case) -> float:
    return statistics.median(_measured(ask, made))


def _measured(ask: Callable[[Case], object], made: Case) -> Iterator[float]:
    for _ in range(ROUNDS):
        began = time.process_time()
        ask(made)
        yield time.process_time() - began


@contextmanager
def only_its_own_garbage() -> Iterator[None]:
    """Keep the collector off what the test runner holds, or each answer pays for looking at it."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def exponent(seconds: list[float]) -> float:
    """Return the slope of the times over the entries, both in logarithms."""
    xs = [math.log(step) for step in STEPS]
    ys = [math.log(each) for each in seconds]
    return statistics.linear_regression(xs, ys).slope


def test_one_store_in_the_core() -> None:
    made = [case(ENTRIES * step) for step in STEPS]
    with only_its_own_garbage():
        least = median(floor, made[0])
        taken = {what: [median(ask, each) for each in made] for what, ask in ASKED.items()}
    print(f"\none store, {ENTRIES} entries, floor (plain running sum): {least * 1000:.2f} ms")
    for what, seconds in taken.items():
        print(
            f"one store, {ENTRIES} entries, {what}: {seconds[0] * 1000:.2f} ms (budget {BUDGET}), "
            f"{seconds[0] / least:.0f} x the floor (budget {MOST}), "
            f"exponent {exponent(seconds):.2f}"
        )
    assert max(seconds[0] for seconds in taken.values()) <= MOST * least
    assert max(exponent(seconds) for seconds in taken.values()) < STEEPEST
