"""The sweep against the plain model, on many random ledgers full of ties."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, seed, settings

from scoring.core.rulebook import Rulebook
from scoring.core.values import Ledger
from tests.scoring.core.agreement import assert_agrees
from tests.scoring.core.strategies import ledgers, shelves
from tests.scoring.core.test_laws import WHENS

LEDGERS = 4_000
SEED = 20261124


def test_the_sweep_agrees_with_the_plain_model(figure: Callable[[str, str, int], None]) -> None:
    tried = 0

    @seed(SEED)
    @settings(
        max_examples=LEDGERS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(ledgers(), shelves(), WHENS, WHENS)
    def law(ledger: Ledger, books: list[Rulebook], at: int, known: int) -> None:
        nonlocal tried
        tried += 1
        assert_agrees(ledger, books, at, known)

    law()
    assert tried >= LEDGERS
    figure("core sweep equals the plain model, random ledgers", f"{tried} of {tried}", SEED)
