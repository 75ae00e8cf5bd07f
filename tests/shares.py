"""How a run is shared out among processes: file by file, what takes longest first."""

from typing import Final

from xdist.scheduler import LoadFileScheduling

# The browser's files are one share: all that they look at is started once for them.
BROWSER: Final = "tests/browser/"
# Begun last, one of these would be waited for while the other processes have nothing to do.
LONGEST: Final = (
    BROWSER,
    "tests/faults/",
    "tests/tenants/test_migrating.py",
    "tests/api/test_extremes.py",
    "tests/tenants/test_two_agencies.py",
    "tests/tenants/test_unwrapped.py",
    "tests/stores/test_mailin_shops.py",
    "tests/scoring/test_every_market.py",
    "tests/config/",
    "tests/scoring/test_drift_desk.py",
    "tests/tenants/",
)


def place(nodeid: str) -> int:
    """Return where in a run the test comes: 0 is first."""
    places = (at for at, start in enumerate(LONGEST) if nodeid.startswith(start))
    return next(places, len(LONGEST))


class Shares(LoadFileScheduling):  # type: ignore[misc]  # it comes without types
    """Hands out files in the order of the collection, and a folder as one."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)
