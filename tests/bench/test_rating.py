"""One store's rating in the core: a ledger of 200 entries."""

import statistics
import time
from datetime import timedelta

from scoring.core import rating
from scoring.core.rulebook import Library
from scoring.core.values import Ledger
from tests.scoring.core.making import bonus, day, deduction, make_book

ENTRIES = 200
ROUNDS = 50


def test_one_stores_rating_and_forecast() -> None:
    entries = tuple(
        deduction(f"d{number}", at=number / 2, points=-2)
        if number % 2
        else bonus(f"b{number}", at=number / 2, points=2)
        for number in range(ENTRIES)
    )
    ledger, library = Ledger(entries=entries), Library([make_book()])
    now = day(ENTRIES / 2) + timedelta(hours=1)
    seconds: dict[str, list[float]] = {"rating": [], "forecast 90 days": []}
    for _ in range(ROUNDS):
        began = time.perf_counter()
        rating.evaluate(ledger, library, at=now, known_at=now)
        seconds["rating"].append(time.perf_counter() - began)
        began = time.perf_counter()
        rating.forecast(ledger, library, at=now, days=90)
        seconds["forecast 90 days"].append(time.perf_counter() - began)
    for what, measured in seconds.items():
        print(
            f"\none store, {ENTRIES} entries, {what}: {statistics.median(measured) * 1000:.2f} ms"
        )
    assert len(seconds["rating"]) == ROUNDS
