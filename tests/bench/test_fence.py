"""What the fence costs: CPU of a request against django-tenants as it comes, in one run.

Printed beside it: against django-tenants with a cached host look-up and fewer SETs, which has no
transaction around a request and shows one agency another's rows behind a pooler.
"""

import json
import os
import statistics
import subprocess
import sys
from typing import Final

import pytest

from stores.models import Client
from tenants import scope
from tenants.models import Agency
from tests.bench import fence_settings, fence_site

REQUESTS: Final = 800
ROUNDS: Final = 5  # of each stack, in turn
BUDGET: Final = 1.15
_RUN: Final = "import django; django.setup(); from tests.bench import fence_site as s; s.main()"


def _microseconds(stack: str, host: str) -> float:
    told = subprocess.run(
        [sys.executable, "-c", _RUN, f"--host={host}", f"--requests={REQUESTS}"],
        env={
            **os.environ,
            "BENCH_STACK": stack,
            "DJANGO_SETTINGS_MODULE": "tests.bench.fence_settings",
            "TEST_DATABASE_URL": os.environ["DATABASE_URL"],
            "TEST_DATABASE_OWNER_URL": os.environ["DATABASE_OWNER_URL"],
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found: dict[str, float] = json.loads(told.stdout)
    print(f"  {stack:<18} app {found['app']:6.0f} us, database {found['database']:6.0f} us")
    return found["app"] + found["database"]


@pytest.mark.usefixtures("committed")
def test_a_request_costs_little_more_than_with_django_tenants_alone() -> None:
    agency = Agency.objects.get(slug="harbour")
    with scope.agency(agency):
        Client.objects.bulk_create(Client(name=f"Client {n}") for n in range(fence_site.ROWS))
    print("\nCPU of a request that lists 50 rows:")
    taken: dict[str, list[float]] = {stack: [] for stack in fence_settings.STACKS}
    for _ in range(ROUNDS):
        for stack in fence_settings.STACKS:
            taken[stack].append(_microseconds(stack, "harbour.localhost"))

    medians = {stack: statistics.median(each) for stack, each in taken.items()}
    ratios = {stack: medians["fenced"] / medians[stack] for stack in medians}
    for stack, ratio in ratios.items():
        print(f"fence: {ratio:.2f} x the CPU of {stack} ({medians[stack]:.0f} us)")
    assert ratios["plain"] <= BUDGET
