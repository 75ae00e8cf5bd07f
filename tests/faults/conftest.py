from collections.abc import Iterator

import pytest

from tests.faults.stage import Stage, running_stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """A small stage, made once."""
    with running_stage(agencies=2, web_workers=1) as stage:
        yield stage
