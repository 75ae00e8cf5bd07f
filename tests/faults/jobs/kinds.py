"""The names of the bench's kinds of work."""

from typing import Final

WHOLE: Final = "faults.whole"  # in one transaction
STEPS: Final = "faults.steps"  # enters the scope itself, after a wait
BEAT: Final = "faults.beat"  # one period after another
POISON: Final = "faults.poison"  # kills its process


def beat_of(name: str, chain: int, last: int) -> str:
    """Return the subject of a chain of the periods 0 to ``last``."""
    return f"{name}-{chain}-{last}"
