"""What other rooms and tables know of the acts that bring points back.

Whoever keeps appeals or quizzes provides them in ``ready()``; without that a violation may be
appealed as its notice and rulebook say, and no quiz is open.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stores.models import Store


@dataclass(frozen=True, slots=True)
class AppealChance:
    """How far the appeal of one violation is.

    ``file_by``: of the attempt that is open, None: nobody says. ``filed_at``: of the attempt that
    waits for its outcome, None where none does. ``attempts_left`` counts neither refused nor
    waiting ones.
    """

    attempts_left: int
    file_by: datetime | None
    filed_at: datetime | None
    href: str


@dataclass(frozen=True, slots=True)
class QuizChance:
    """A quiz that a store may take now; ``points`` > 0, ``open_until`` None: nobody says."""

    id: str
    label: str
    points: int
    open_until: datetime | None
    href: str


Appeals = Callable[[Sequence[UUID], datetime], Mapping[UUID, AppealChance]]  # by violation
Quizzes = Callable[[Store, datetime], Sequence[QuizChance]]

_appeals: list[Appeals] = []
_quizzes: list[Quizzes] = []


def provide_appeals(source: Appeals) -> None:
    """Let the room of appeals tell of those that were begun, in a fixed number of queries."""
    _appeals.append(source)


def provide_quizzes(source: Quizzes) -> None:
    """Let whoever keeps quizzes tell which restore points and are open, in one query."""
    _quizzes.append(source)


def withdraw_quizzes(source: Quizzes) -> None:
    """Let a source of quizzes tell no more."""
    _quizzes.remove(source)


def appeals_of(violation_ids: Sequence[UUID], at: datetime) -> dict[UUID, AppealChance]:
    """Return the appeals begun of these violations, by violation."""
    return {pk: chance for source in _appeals for pk, chance in source(violation_ids, at).items()}


def quizzes_of(store: Store, at: datetime) -> list[QuizChance]:
    """Return the quizzes that restore points and are open at ``at``."""
    return [quiz for source in _quizzes for quiz in source(store, at)]
