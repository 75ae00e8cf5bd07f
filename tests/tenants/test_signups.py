"""Sign-ups at the same moment, with processes that die on the way."""

from datetime import UTC, datetime

import pytest

from tests import signups


@pytest.mark.usefixtures("committed")
def test_sign_ups_whose_processes_are_killed_leave_nothing_half_made() -> None:
    signups.sign_up(6, at=datetime.now(UTC))

    outcome = signups.drain(processes=2, kills=2, seed=20261129)

    assert signups.faults() == []
    assert (len(outcome.seconds), outcome.kills) == (6, 2)
