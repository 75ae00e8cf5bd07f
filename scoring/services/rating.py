"""Keeps the current answer about each store: the sweep at (now, now), saved in one row."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from scoring import books
from scoring.core import rating as core
from scoring.core.rulebook import Rulebook
from scoring.core.values import Answer, MilestoneState, Period, Step
from scoring.models import StoreRating
from scoring.selectors.ledgers import ledger_of, options_of
from scoring.services import awards, restored
from scoring.services.ledger import lock
from stores.models import Store
from stores.services import alerts
from tenants import due

SPARK_DAYS: Final = 30


@transaction.atomic
def rate(*, store: Store, at: datetime) -> StoreRating:
    """Compute and save the store's rating at ``at``.

    Raises alerts for what has just been reached, and asks to be called at the next change.
    """
    lock(store)
    ledger, options, library = (
        ledger_of(store),
        options_of(store, at=at, known_at=at),
        books.library_for(store),
    )
    answer = core.evaluate(ledger, library, at=at, known_at=at, options=options)
    steps = core.history(
        ledger,
        library,
        start=at - timedelta(days=SPARK_DAYS),
        end=at + timedelta.resolution,  # what happens at this very instant is part of today
        known_at=at,
        options=options,
    )
    before = StoreRating.objects.filter(store=store).values_list("evaluated_at", flat=True).first()
    book = library.in_force(at, at)
    row, _created = StoreRating.objects.update_or_create(
        store=store, defaults=_columns(answer, steps, book)
    )
    _raise_alerts(store, answer, since=before, at=at)
    restored.settle(store=store, ledger=ledger, at=at, options=options)
    awards.arm(store=store, options=options, at=at)
    if answer.next_change_at is not None:
        due.add(kind="scoring.next", subject=store.pk, at=answer.next_change_at, instead=True)
    return row


def _columns(answer: Answer, steps: list[Step], book: Rulebook | None) -> dict[str, Any]:
    nearest = _nearest(answer.milestones)
    warning = book.warning_distance.value if book and book.warning_distance else 0
    expiry = answer.next_expiries[0] if answer.next_expiries else None
    return {
        "rating": answer.rating,
        "raw": answer.raw,
        "points_deducted": answer.points_deducted,
        "band": answer.band.value,
        "label": answer.label,
        "label_zh": answer.label_zh,
        "standing": answer.standing.value,
        "rulebook": answer.rulebook or "",
        "closed_since": answer.closed_since,
        "day_ago": value_at(steps, answer.at - timedelta(days=1)),
        "week_ago": value_at(steps, answer.at - timedelta(days=7)),
        "spark": [
            value_at(steps, answer.at - timedelta(days=days))
            for days in range(SPARK_DAYS - 1, -1, -1)
        ],
        "platform_value": answer.platform.value if answer.platform else None,
        "platform_measure": answer.platform.measure.value if answer.platform else "",
        "platform_at": answer.platform.observed_at if answer.platform else None,
        "drift": answer.drift.value if answer.drift else None,
        "is_drift_alert": bool(answer.drift and answer.drift.alert),
        "drift_since": answer.drift.beyond_since if answer.drift else None,
        "milestone": nearest.code if nearest else "",
        "milestone_measure": nearest.measure.value if nearest else "",
        "milestone_at": nearest.at if nearest else None,
        "milestone_distance": nearest.distance if nearest else None,
        "is_near_milestone": bool(nearest and nearest.distance <= warning),
        "next_expiry_at": expiry.instant if expiry else None,
        "next_expiry_points": expiry.points if expiry else None,
        "in_force": [_expected(period, book) for period in answer.running_periods],
        "evaluated_at": answer.at,
        "next_change_at": answer.next_change_at,
    }


def _expected(period: Period, book: Rulebook | None) -> dict[str, Any]:
    """Return an enforcement that a milestone lets us expect, in the book's own words."""
    milestones = book.milestones if book else ()
    action = next(
        (
            action
            for milestone in milestones
            if milestone.code == period.milestone
            for action in milestone.actions
            if action.kind == period.action
        ),
        None,
    )
    return {
        "action": period.action,
        "label": action.label if action else "",
        "label_zh": action.label_zh if action else "",
        "milestone": period.milestone,
        "since": period.starts_at.isoformat(),
        "until": period.ends_at.isoformat() if period.ends_at else None,
        "for_good": period.permanent,
        "confirmed": period.confirmed,
    }


def value_at(steps: list[Step], at: datetime) -> int | None:
    """Return the rating (points deducted where there is none) that held at ``at``."""
    value: int | None = None
    for step in steps:
        if step.instant > at:
            break
        value = step.rating if step.rating is not None else step.points_deducted
    return value


def _nearest(milestones: tuple[MilestoneState, ...]) -> MilestoneState | None:
    return min(
        (each for each in milestones if not each.reached),
        key=lambda each: each.distance,
        default=None,
    )


def _raise_alerts(store: Store, answer: Answer, *, since: datetime | None, at: datetime) -> None:
    """Raise what happened since the last evaluation; older news goes to the history alone."""
    for event in answer.milestone_events:
        if event.kind not in {"fired", "warned"} or (since and event.instant <= since):
            continue
        if since is None and event.instant < at - timedelta(days=1):
            continue
        is_reached = event.kind == "fired"
        alerts.open_alert(
            store=store,
            code="milestone_reached" if is_reached else "milestone_near",
            detail={"milestone": event.at, "measure": event.measure.value, "value": event.value},
            at=at,
        )
    if answer.closed_since is not None:
        alerts.open_alert(store=store, code="store_closed", at=at)
    else:
        alerts.resolve_alert(store=store, code="store_closed", at=at)
    if answer.drift and answer.drift.alert:
        alerts.open_alert(
            store=store,
            code="drift",
            detail={"drift": answer.drift.value, "measure": answer.drift.measure.value},
            at=at,
        )
    elif answer.drift and not answer.drift.beyond_since:
        alerts.resolve_alert(store=store, code="drift", at=at)
