"""Work in real worker processes: each piece in its own agency's schema, and no other is done.

``make prove`` sends the large counts (``tests/prove/test_isolation.py``).
"""

from pathlib import Path

import pytest

from tests.tenants.probes import jobs
from tests.tenants.probes.jobs import BAD, Outcome

GOOD = 40


@pytest.mark.usefixtures("committed")
def test_workers_do_each_job_in_its_own_agency_and_refuse_what_is_nobodys(tmp_path: Path) -> None:
    crowd = jobs.make_crowd(3)

    outcome = jobs.run(crowd, tmp_path, good=GOOD, bad=len(BAD))

    assert outcome == Outcome(right=GOOD, refused=len(BAD))
    assert outcome.processes <= 2  # so that each did work of several agencies
