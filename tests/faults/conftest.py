from collections.abc import Iterator

import pytest

from tests.faults.renewals import Door, open_door
from tests.faults.stage import Stage, running_stage


@pytest.fixture(scope="session")
def door() -> Iterator[Door]:
    """What stands before the stage's sandbox when tokens are asked for."""
    with open_door() as door:
        yield door


@pytest.fixture(scope="session")
def stage(door: Door) -> Iterator[Stage]:
    """A small stage, made once."""
    settings = {"TIKTOK_AUTH_URL": door.url, "SANDBOX_MORE_SHOPS": "4"}
    with running_stage(agencies=2, web_workers=1, settings=settings) as stage:
        door.stage = stage
        yield stage
