"""The sweep against the plain model, on many random ledgers full of ties."""

from collections.abc import Callable
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, seed, settings

from scoring.core.rulebook import Rulebook
from scoring.core.values import Ledger
from tests.scoring.core.agreement import assert_agrees
from tests.scoring.core.strategies import ledgers, shelves
from tests.scoring.core.test_laws import WHENS
from tests.scoring.fleet.agreement import Tally, hold_together

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


STORES = 160  # of random books, and a quarter as many of the shipped ones
ROUNDS = 100


@pytest.mark.usefixtures("agency")
def test_core_statements_and_plain_model_agree(figure: Callable[[str, str, int], None]) -> None:
    random, tally = Random(SEED), Tally()  # noqa: S311 - repeatable

    for _ in range(ROUNDS):
        with transaction.atomic():
            hold_together(random, stores=STORES, tally=tally)
            transaction.set_rollback(True)

    assert tally.ledgers >= 20_000
    assert min(tally.seen.values()) > 100, tally.seen
    seen = ", ".join(f"{count} {what}" for what, count in sorted(tally.seen.items()))
    figure(
        "core, both fleet statements and plain model agree, random ledgers",
        f"{tally.ledgers} of {tally.ledgers} ({seen})",
        SEED,
    )
