"""How far a rating can be trusted: the marketplace's own numbers, and the age of our news."""

from datetime import datetime, timedelta
from typing import NamedTuple

from scoring.core.sweep import Sweep
from scoring.core.values import DAY, Drift, Measure, Observation, Standing, Unstated

CONFIRMED_FOR = 7 * DAY
ALIVE_FOR = timedelta(hours=48)
DRIFT_ALERT_AFTER = DAY


class Judged(NamedTuple):
    """One platform rating held against ours at its moment."""

    observation: Observation
    drift: int
    tolerance: int
    lacks: int  # the signed points that our sum, before it is clamped, would need to agree

    @property
    def is_beyond(self) -> bool:
        return abs(self.drift) > self.tolerance

    @property
    def ours(self) -> int:
        return self.observation.value - self.drift


def judge(sweep: Sweep, observation: Observation) -> Judged | None:
    """Return the drift of one observation; None where it has none (no measure, or closed)."""
    state = sweep.state_at(observation.observed_at)
    if state is None or state.book is None or state.closed:
        return None
    ours = state.rating if observation.measure is Measure.RATING else state.points_deducted
    if ours is None:
        return None
    drift, lacks = observation.value - ours, ours - observation.value
    if observation.measure is Measure.RATING and state.raw is not None:
        lacks = observation.value - state.raw
    return Judged(observation, drift, state.book.tolerance, lacks)


def drift_at(sweep: Sweep, at: datetime) -> Drift | None:
    """Return the store's drift: that of its newest observation; None while it is not judged."""
    seen = [each for each in sweep.observations if each.observed_at <= at]
    newest = judge(sweep, seen[-1]) if seen and not sweep.closed else None
    if newest is None:
        return None
    run: list[Judged] = []
    for observation in reversed(seen):
        judged = judge(sweep, observation)
        if judged is None:
            continue
        if not judged.is_beyond:
            break
        run.append(judged)
    since = run[-1].observation.observed_at if run else None
    return Drift(
        observation=newest.observation.id,
        measure=newest.observation.measure,
        value=newest.drift,
        tolerance=newest.tolerance,
        beyond_since=since,
        alert=len(run) > 1 or (since is not None and at - since >= DRIFT_ALERT_AFTER),
    )


def is_incomplete(sweep: Sweep, unstated: tuple[Unstated, ...], at: datetime) -> bool:
    """Tell whether a violation weighs at ``at`` of which nobody knew the points."""
    for each in unstated:
        settled = each.settled_at is not None and each.settled_at <= sweep.known_at
        if each.recorded_at <= sweep.known_at and not settled and each.occurred_at <= at:
            expires_at = sweep.expiry(each.occurred_at, each.expires_at).instant
            if expires_at is None or at < expires_at:
                return True
    return False


def standing_of(
    *,
    at: datetime,
    platform: Observation | None,
    drift: Drift | None,
    alive_at: datetime | None,
    incomplete: bool,
) -> Standing:
    """Return the first standing that applies; ``platform`` is the newest observation by ``at``."""
    if platform is None:
        return Standing.UNKNOWN
    if alive_at is None or at - alive_at >= ALIVE_FOR:
        return Standing.STALE
    if incomplete:
        return Standing.INCOMPLETE
    confirms = drift is not None and abs(drift.value) <= drift.tolerance
    if confirms and at - platform.observed_at < CONFIRMED_FOR:
        return Standing.CONFIRMED
    return Standing.COMPUTED
