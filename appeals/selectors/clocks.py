"""How long one may appeal: what the notice says, else the rulebook in force."""

from datetime import datetime, timedelta

from scoring import books
from scoring.core.rulebook import AppealClock
from stores.models import Enforcement, Store, Violation


def clock_of(store: Store, at: datetime) -> AppealClock | None:
    """Return the appeal clock of the rulebook in force at ``at``; None where it has none."""
    book = books.library_for(store).in_force(at, at)
    return book.appeals if book else None


def attempts_allowed(store: Store, at: datetime) -> int:
    """Return how often one may appeal; one where no rulebook says."""
    clock = clock_of(store, at)
    return clock.attempts.value if clock else 1


def first_window(subject: Violation | Enforcement, at: datetime) -> datetime | None:
    """Return when the first attempt must be filed by; None where nobody says."""
    clock = clock_of(subject.store, at)
    if isinstance(subject, Enforcement):
        began_at, stated = subject.starts_at, None
    else:
        began_at, stated = subject.reported_at, subject.appeal_by
    if stated is not None or clock is None:
        return stated
    return began_at + timedelta(days=clock.first_days.value)


def next_window(store: Store, refused_at: datetime, at: datetime) -> datetime | None:
    """Return when the attempt after a refusal must be filed by; None where nobody says."""
    clock = clock_of(store, at)
    return refused_at + timedelta(days=clock.next_days.value) if clock else None
