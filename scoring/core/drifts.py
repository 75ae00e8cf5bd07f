"""Every platform rating held against ours at its moment, and where the two came apart."""

from dataclasses import dataclass
from datetime import datetime

from scoring.core.rulebook import Library
from scoring.core.standing import Judged, judge
from scoring.core.sweep import Sweep
from scoring.core.values import Ledger, Options


@dataclass(frozen=True, slots=True)
class Gap:
    """The newest platform rating where it differs, and the unbroken run of those that do.

    ``count``: how many of that run are of the newest one's measure.
    ``agreed`` is the last one before that run; None where the first of all differed already.
    """

    newest: Judged
    first: Judged
    count: int
    agreed: Judged | None

    @property
    def wanted(self) -> int:
        """Return the signed points that our sum, before it is clamped, lacks to agree."""
        return self.newest.lacks

    @property
    def opened_after(self) -> datetime | None:
        return self.agreed.observation.observed_at if self.agreed else None

    @property
    def opened_by(self) -> datetime:
        return self.first.observation.observed_at

    def is_within(self, moment: datetime) -> bool:
        """Tell whether ``moment`` lies between the last agreement and the newest rating."""
        after = self.opened_after
        return (after is None or after < moment) and moment <= self.newest.observation.observed_at


def observed_drifts(
    ledger: Ledger,
    library: Library,
    at: datetime,
    known_at: datetime,
    options: Options = Options(),  # noqa: B008 - frozen
) -> tuple[Judged, ...]:
    """Return the drift of each platform rating seen by ``at``, oldest first.

    Those that are not judged (no book, another measure than its, a closed store) are left out.
    """
    sweep = Sweep(ledger, library, known_at, options)
    sweep.run(at)
    seen = (judge(sweep, each) for each in sweep.observations if each.observed_at <= at)
    return tuple(each for each in seen if each is not None)


def gap_of(drifts: tuple[Judged, ...]) -> Gap | None:
    """Return where the newest of ``drifts`` came apart; None where it agrees."""
    run: list[Judged] = []
    for each in reversed(drifts):
        if not each.is_beyond:
            break
        run.append(each)
    if not run:
        return None
    agreed = drifts[-len(run) - 1] if len(run) < len(drifts) else None
    measure = run[0].observation.measure
    count = sum(each.observation.measure is measure for each in run)
    return Gap(newest=run[0], first=run[-1], count=count, agreed=agreed)
