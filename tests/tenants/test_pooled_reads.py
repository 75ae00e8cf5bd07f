"""Behind a transaction pooler an agency reads its own rows, however it reads them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tenants.models import Agency
from tests import factories
from tests.pooler import Pooler
from tests.tenants import pooled_reads

ROOT = Path(__file__).parents[2]
POOL = 4


def read_through_a_pooler(*, agencies: int, reads: int, seed: int) -> dict[str, Any]:
    """Read rows of many agencies in another process, through a PgBouncer that is restarted once."""
    for number in range(agencies - Agency.objects.count()):
        factories.make_agency(slug=f"pooled-{number}")
    pooled_reads.sow(Agency.objects.order_by("slug"))
    with Pooler(os.environ["DATABASE_URL"], size=POOL) as pooler:
        reader = subprocess.Popen(
            [sys.executable, pooled_reads.__file__, f"--reads={reads}", f"--seed={seed}"],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings_test",
                "TEST_DATABASE_URL": pooler.url,
                "TEST_DATABASE_OWNER_URL": os.environ["DATABASE_OWNER_URL"],
                "SERVER_URL": os.environ["DATABASE_URL"],
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        time.sleep(3)
        pooler.stop()
        pooler.start()
        output, _ = reader.communicate(timeout=pooled_reads.LONGEST + 60)
    assert reader.returncode == 0
    told: dict[str, Any] = json.loads(output)
    return told


@pytest.mark.usefixtures("committed")
def test_reads_through_a_pooler_see_their_own_agency_only() -> None:
    told = read_through_a_pooler(agencies=3, reads=800, seed=20261129)

    assert told["wrong"] == []
    assert set(told["read"]) == set(pooled_reads.WAYS)
    assert set(told["refused"]) == set(pooled_reads.REFUSED)
    assert (told["killed"] > 0, told["cut_off"] > 0) == (True, True)
