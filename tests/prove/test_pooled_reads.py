"""The fence behind a transaction pooler, in large numbers."""

from collections.abc import Callable

import pytest

from tests.tenants.test_pooled_reads import POOL, read_through_a_pooler

READS = 30_000
AGENCIES = 8
SEED = 20261129


@pytest.mark.usefixtures("committed")
def test_reads_through_a_pooler(figure: Callable[[str, str, int], None]) -> None:
    told = read_through_a_pooler(agencies=AGENCIES, reads=READS, seed=SEED)

    read, refused = sum(told["read"].values()), sum(told["refused"].values())
    figure(
        f"reads of {AGENCIES} agencies through PgBouncer (transaction mode, pool {POOL})",
        f"{len(told['wrong'])} wrong of {read}; {refused} of {refused} refused that must be;"
        f" {told['killed']} backends killed, {told['cut_off']} reads cut off",
        SEED,
    )
    assert told["wrong"] == []
    assert read >= READS
