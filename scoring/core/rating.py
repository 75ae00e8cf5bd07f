"""What the house asks about one store's rating. Every answer is one sweep.

``at`` is the moment spoken of, ``known_at`` says which rows and rulebooks exist: *known then* is
``known_at=at``, *known now* is ``known_at=now``.
"""

from datetime import datetime
from typing import NamedTuple

from scoring.core.milestones import milestone_states
from scoring.core.rulebook import Library
from scoring.core.standing import (
    ALIVE_FOR,
    CONFIRMED_FOR,
    DRIFT_ALERT_AFTER,
    drift_at,
    is_incomplete,
    standing_of,
)
from scoring.core.sweep import HARSH, MIDDLE, MILD, State, Sweep
from scoring.core.values import (
    DAY,
    ActiveEntry,
    Answer,
    BandCode,
    Drift,
    Expiry,
    Ledger,
    Observation,
    Opening,
    Options,
    Period,
    Standing,
    Step,
)


class ForecastPoint(NamedTuple):
    """The rating from ``instant`` on, until the next point."""

    instant: datetime
    rating: int | None
    points_deducted: int | None
    band: BandCode


def evaluate(
    ledger: Ledger,
    library: Library,
    at: datetime,
    known_at: datetime,
    options: Options = Options(),  # noqa: B008 - frozen
) -> Answer:
    """Return the rating at ``at`` by what was known at ``known_at``, with all that explains it.

    Points, milestones, bands and closings follow the book in force at ``at``. A band is
    ``unknown`` before the first platform value, unless the store is closed.
    """
    sweep = Sweep(ledger, library, known_at, options)
    sweep.run(at)
    platform = next((each for each in reversed(sweep.observations) if each.observed_at <= at), None)
    drift = drift_at(sweep, at)
    standing = standing_of(
        at=at,
        platform=platform,
        drift=drift,
        alive_at=options.channels_alive_at,
        incomplete=is_incomplete(sweep, ledger.unstated, at),
    )
    book, levels = sweep.book, sweep.levels()
    code = sweep.states[-1].band if sweep.states else BandCode.UNKNOWN
    band = book.band(code) if book else None
    periods = sweep.tracker.periods(
        sweep.enforcements, (end for end in ledger.period_ends if end.recorded_at <= known_at), at
    )
    return Answer(
        at=at,
        known_at=known_at,
        rulebook=book.name if book else None,
        rating=levels.rating,
        raw=sweep.raw(),
        points_deducted=levels.points_deducted if book else None,
        band=code,
        label=band.label if band else "",
        label_zh=band.label_zh if band else "",
        standing=standing,
        closed_since=sweep.closed_since,
        closing_possible=not sweep.closed and bool(sweep.conditions(MIDDLE) - sweep.conditions()),
        order_bonus=sweep.order_bonus,
        opening=_opening(sweep),
        active=_active(sweep, at),
        milestones=milestone_states(book, sweep.levels(MILD), levels) if book else (),
        milestone_events=tuple(sweep.tracker.events),
        periods=periods,
        estimate_range=_estimate_range(sweep),
        platform=platform,
        drift=drift,
        next_expiries=_next_expiries(sweep, at),
        next_change_at=_next_change(sweep, ledger, at, options, standing, platform, drift, periods),
    )


def history(
    ledger: Ledger,
    library: Library,
    start: datetime,
    end: datetime,
    known_at: datetime,
    options: Options = Options(),  # noqa: B008 - frozen
) -> list[Step]:
    """Return the state at ``start``, then every change in ``(start, end)`` with its causes."""
    sweep = Sweep(ledger, library, known_at, options)
    sweep.run(end)
    return [_step(state) for state in sweep.changes(start, end)]


def forecast(
    ledger: Ledger,
    library: Library,
    at: datetime,
    days: int,
    known_at: datetime | None = None,
    options: Options = Options(),  # noqa: B008 - frozen
) -> list[ForecastPoint]:
    """Return the rating at ``at`` and at each change within the next ``days``.

    Only what is certain by what is known: expiries, entries and books already dated, orders
    leaving a rolling window. ``known_at`` defaults to ``at``.
    """
    end = at + days * DAY
    sweep = Sweep(ledger, library, known_at or at, options)
    sweep.run(end)
    points: list[ForecastPoint] = []
    for state in sweep.changes(at, end):
        point = ForecastPoint(state.instant, state.rating, state.points_deducted, state.band)
        if not points or points[-1][1:] != point[1:]:
            points.append(point)
    return points


def _step(state: State) -> Step:
    return Step(
        state.instant,
        state.rating,
        state.points_deducted,
        state.band,
        state.causes,
        tuple(state.events),
    )


def _opening(sweep: Sweep) -> Opening | None:
    opening, observation = sweep.opening, sweep.opening_from
    if opening is None or observation is None:
        return None
    return Opening(
        observation=observation.id,
        points=opening.points,
        counts_as=opening.counts_as,
        starts_at=opening.occurred_at,
        expires_at=opening.expires.instant,
        active=opening in sweep.nets,
    )


def _active(sweep: Sweep, at: datetime) -> tuple[ActiveEntry, ...]:
    """Return the entries that weigh, newest first."""
    return tuple(
        ActiveEntry(
            id=live.id,
            kind=live.kind,
            counts_as=live.counts_as,
            points=live.points,
            net=sweep.nets[live][MIDDLE],
            occurred_at=live.occurred_at,
            expires_at=live.expires.instant,
            expires_by=live.expires.by,
            held=live.expires.instant is not None and live.expires.instant <= at,
            reversed_by=tuple(each.id for each in sweep.reversals.get(live, ())),
            estimate=live.estimate,
        )
        for live in sorted(
            sweep.active(), key=lambda live: (live.occurred_at, live.id), reverse=True
        )
    )


def _estimate_range(sweep: Sweep) -> tuple[int, int] | None:
    """Return the lowest and the highest that estimated points allow; None without any."""
    mild, harsh = sweep.levels(MILD), sweep.levels(HARSH)
    if not any(sweep.nets[live][MILD] != sweep.nets[live][HARSH] for live in sweep.active()):
        return None
    if mild.rating is None or harsh.rating is None:
        return mild.points_deducted, harsh.points_deducted
    return harsh.rating, mild.rating


def _next_expiries(sweep: Sweep, at: datetime) -> tuple[Expiry, ...]:
    """Return what will leave by time alone, soonest first; a closed store's deductions do not."""
    by_instant: dict[datetime, list[tuple[str, int]]] = {}
    opening = [sweep.opening] if sweep.opening in sweep.nets else []
    for live in [*opening, *sweep.active()]:
        instant, net = live.expires.instant, sweep.nets[live][MIDDLE]
        stays = sweep.closed and live.is_deduction
        if instant is not None and at < instant and net and not stays:
            by_instant.setdefault(instant, []).append((live.id, net))
    expiries = []
    for instant, leaving in sorted(by_instant.items()):
        names, nets = zip(*leaving, strict=True)
        expiries.append(Expiry(instant, -sum(nets), names))
    return tuple(expiries)


def _next_change(
    sweep: Sweep,
    ledger: Ledger,
    at: datetime,
    options: Options,
    standing: Standing,
    platform: Observation | None,
    drift: Drift | None,
    periods: tuple[Period, ...],
) -> datetime | None:
    moments = [sweep.next_instant(), *(period.ends_at for period in periods)]
    moments.extend(each.observed_at for each in sweep.observations)
    for each in ledger.unstated:
        moments.extend([each.occurred_at, sweep.expiry(each.occurred_at, each.expires_at).instant])
    if options.channels_alive_at is not None:
        moments.append(options.channels_alive_at + ALIVE_FOR)
    if standing is Standing.CONFIRMED and platform is not None:
        moments.append(platform.observed_at + CONFIRMED_FOR)
    if drift is not None and drift.beyond_since is not None:
        moments.append(drift.beyond_since + DRIFT_ALERT_AFTER)
    return min((moment for moment in moments if moment is not None and moment > at), default=None)
