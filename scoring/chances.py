"""What the room of appeals knows of the acts that bring points back.

It provides that in ``ready()``; a violation whose appeal nobody began may be appealed as its notice
and rulebook say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


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


Appeals = Callable[[Sequence[UUID], datetime], Mapping[UUID, AppealChance]]  # by violation

_appeals: list[Appeals] = []


def provide_appeals(source: Appeals) -> None:
    """Let the room of appeals tell of those that were begun, in a fixed number of queries."""
    _appeals.append(source)


def appeals_of(violation_ids: Sequence[UUID], at: datetime) -> dict[UUID, AppealChance]:
    """Return the appeals begun of these violations, by violation."""
    return {pk: chance for source in _appeals for pk, chance in source(violation_ids, at).items()}
