"""What is measured is measured as the product runs it."""

import gc

import pytest

_PYTHONS_OWN = (700, 10, 10)


@pytest.fixture(autouse=True)
def _collected_as_ever() -> None:
    """Undo what spares the garbage collector in all other tests."""
    gc.unfreeze()
    gc.set_threshold(*_PYTHONS_OWN)
