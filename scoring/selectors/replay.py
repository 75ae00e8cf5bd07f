"""A store's history under one rulebook alone, beside what it is: before a policy is in force."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from scoring import books
from scoring.core import rating as core
from scoring.core.rulebook import Library, Rulebook, Status
from scoring.core.values import Answer, MilestoneEvent
from scoring.selectors.ledgers import ledger_of, options_of
from stores.models import Store

_ALWAYS: Final = datetime(2015, 1, 1, tzinfo=UTC)  # before any row there can be


@dataclass(frozen=True, slots=True)
class Happened:
    """A milestone that fired, by the rulebooks as they were in force, by the one alone, or both."""

    event: MilestoneEvent
    is_real: bool
    is_replayed: bool


@dataclass(frozen=True, slots=True)
class Replayed:
    """A store's answer by the rulebooks in force, and as if ``book`` had been there all along."""

    book: Rulebook
    real: Answer
    replayed: Answer
    happened: tuple[Happened, ...]  # newest first


def replay(store: Store, book: Rulebook, *, at: datetime) -> Replayed:
    """Return the store's rating at ``at`` under ``book`` alone, whether or not it is in force.

    A fixed number of queries and two sweeps. Nothing is written, and no alert raised.
    """
    ledger, options = ledger_of(store), options_of(store, at=at, known_at=at)
    alone = replace(book, status=Status.ACTIVE, effective_from=_ALWAYS, known_from=_ALWAYS)
    real = core.evaluate(ledger, books.library_for(store), at, at, options)
    replayed = core.evaluate(ledger, Library([alone]), at, at, options)
    return Replayed(book, real, replayed, _happened(real, replayed))


def _happened(real: Answer, replayed: Answer) -> tuple[Happened, ...]:
    def key(event: MilestoneEvent) -> tuple[datetime, str, int]:
        return event.instant, event.measure.value, event.at

    reals = {key(event): event for event in real.firings}
    others = {key(event): event for event in replayed.firings}
    return tuple(
        Happened((others | reals)[each], each in reals, each in others)
        for each in sorted(reals | others, reverse=True)
    )
