"""Core, both statements and the plain model say the same of random fleets full of ties.

``tests/prove/test_rating.py`` does it with the large count.
"""

from random import Random

import pytest

from tests.scoring.fleet.agreement import Tally, hold_together

SEED = 20261124
STORES = 80  # and a quarter as many by the shipped books: 200 ledgers in two rounds


@pytest.mark.usefixtures("agency")
def test_core_statements_and_plain_model_agree() -> None:
    random, tally = Random(SEED), Tally()  # noqa: S311 - repeatable

    for _ in range(2):
        hold_together(random, stores=STORES, tally=tally)

    assert tally.ledgers == 2 * (STORES + STORES // 4)
    assert min(tally.seen.values()) > 0, tally.seen
