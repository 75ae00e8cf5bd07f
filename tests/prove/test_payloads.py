"""Answers of TikTok Shop with something wrong in them, in every call's parser."""

from collections.abc import Callable
from random import Random

from tests.stores.marketplaces.answers import CALLS
from tests.stores.marketplaces.mutations import try_answers

SEED = 20261129
EACH = 1000


def test_broken_answers_crash_nothing_and_lose_nothing(
    figure: Callable[[str, str, int], None],
) -> None:
    tally = try_answers(Random(SEED), each=EACH)  # noqa: S311 - repeatable on purpose

    assert tally.tried == EACH * len(CALLS) >= 5_000
    assert tally.broken == []
    figure(
        f"mutated answers of TikTok Shop, {len(CALLS)} parsers",
        f"0 crashes, 0 members lost, 0 buyers' marks in {tally.tried}: {tally.parsed} parsed, "
        f"{tally.refused} refused by the field's name ({tally.refused_bytes} as no JSON)",
        SEED,
    )
