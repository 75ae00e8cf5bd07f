"""A file whose workers are killed while it is checked and written: all of it is there, or none."""

import pytest

from tests.faults.bringing import bring
from tests.faults.stage import Stage

ROWS = 1_000


@pytest.mark.slow
def test_kills_leave_nothing_half_written_and_the_file_is_gone_on_with(stage: Stage) -> None:
    run = bring(stage, rows=ROWS)

    assert (run.written, run.left_in_staging) == (ROWS, 0)
    assert run.orders_seen == {0, ROWS}
    assert run.kills >= 2
