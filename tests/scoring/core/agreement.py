"""Holds the sweep against the plain model, row by row of the answer."""

from typing import Any

from scoring.core import rating
from scoring.core.rulebook import Library, Rulebook
from scoring.core.values import Answer, Ledger
from tests.scoring.core import naive
from tests.scoring.core.making import day


def ask(ledger: Ledger, books: list[Rulebook], at: int, known: int) -> Answer:
    return rating.evaluate(ledger, Library(books), day(at), day(known))


def told(answer: Answer, *kinds: str) -> set[tuple[Any, str]]:
    return {(each.instant, each.code) for each in answer.milestone_events if each.kind in kinds}


def assert_agrees(ledger: Ledger, books: list[Rulebook], at: int, known: int) -> None:
    """Compare everything both say about day ``at``, as known on day ``known``."""
    answer = ask(ledger, books, at, known)
    plain = naive.outcome(ledger, books, day(at), day(known))

    periods = {(each.milestone, each.starts_at, each.ends_at) for each in answer.periods}
    assert (
        answer.rating,
        answer.raw,
        answer.points_deducted,
        answer.closed_since,
        {each.id for each in answer.active},
        answer.opening and answer.opening.points,
        told(answer, "fired"),
        told(answer, "passed"),
        told(answer, "recorded"),
        told(answer, "warned"),
        periods,
    ) == (
        plain.rating,
        plain.raw,
        plain.deducted,
        plain.closed_since,
        plain.active,
        plain.opening,
        set(plain.fired),
        set(plain.passed),
        set(plain.recorded),
        set(plain.warned),
        set(expected_periods(plain, books)),
    )


def expected_periods(plain: naive.Outcome, books: list[Rulebook]) -> list[tuple[str, Any, Any]]:
    """Return what each firing started, cut short by the first reversal that undid it."""
    days = {each.code: each.duration for book in books for each in book.milestones}
    periods = []
    for instant, code in plain.fired:
        again = [when for when, other in plain.fired if other == code and when > instant]
        undone = [
            when
            for when, other in plain.undone
            if other == code and when > instant and all(when <= later for later in again)
        ]
        lasts = days[code]
        assert lasts is not None
        periods.append((code, instant, min([instant + lasts, *undone])))
    return periods
