from random import Random

from tests.stores.marketplaces.answers import CALLS
from tests.stores.marketplaces.mutations import try_answers


def test_broken_answers_end_in_a_value_or_a_refusal_by_name() -> None:
    tally = try_answers(Random(20261129), each=60)  # noqa: S311 - repeatable on purpose

    assert tally.broken == []
    assert tally.tried == 60 * len(CALLS)
    assert min(tally.parsed, tally.refused) > 200
    assert tally.refused_bytes > 50
