"""Hears what stores learn, inside their transaction, and brings ledger and rating in line."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from scoring.models import LedgerEntry, PlatformRating
from scoring.services import fleet, ledger, observations, periods, rating
from stores import signals
from stores.models import Enforcement, Notice, Store, Violation
from tenants.models import Membership


@receiver(signals.violation_changed)
def keep_violation(
    violation: Violation,
    at: datetime,
    by: Membership | None,
    is_batch: bool = False,  # noqa: FBT001, FBT002 - sent by name
    said_at: datetime | None = None,
    **_news: Any,
) -> None:
    ledger.keep_violation(violation=violation, at=at, by=by, said_at=said_at)
    if not is_batch:
        rating.rate(store=violation.store, at=at)


@receiver(signals.batch_ended)
def rate_stores(stores: Collection[Store], at: datetime, **_news: Any) -> None:
    for store in stores:
        rating.rate(store=store, at=at)


@receiver(signals.platform_rating_seen)
def keep_platform_rating(
    store: Store,
    value: int,
    measure: str,
    observed_at: datetime,
    source: str,
    at: datetime,
    by: Membership | None,
    notice: Notice | None = None,
    **_news: Any,
) -> PlatformRating:
    return observations.record_platform_rating(
        store=store,
        value=value,
        measure=measure,
        observed_at=observed_at,
        source=source,
        at=at,
        by=by,
        notice=notice,
    )


@receiver(signals.enforcement_changed)
def keep_enforcement(enforcement: Enforcement, at: datetime, **_news: Any) -> None:
    periods.keep_enforcement(enforcement=enforcement, at=at)
    rating.rate(store=enforcement.store, at=at)


@receiver(signals.store_changed)
def rate_store(store: Store, at: datetime, **_news: Any) -> None:
    rating.rate(store=store, at=at)
    fleet.arm(at=at)


@receiver(signals.mail_heard)
def hear_of_store(store: Store, at: datetime, **_news: Any) -> None:
    """Let a rating that had grown stale stand again: what could bring bad news is alive."""
    rating.rate(store=store, at=at)


@receiver(signals.platform_ratings_withdrawn)
def withdraw_platform_ratings(ids: Collection[UUID], at: datetime, **_news: Any) -> None:
    observations.withdraw(ids=ids, at=at)


@receiver(signals.import_undone)
def take_back_of_import(
    violations: Collection[Violation], at: datetime, by: Membership | None, **_news: Any
) -> None:
    for violation in violations:
        mistake = LedgerEntry.Reason.MISTAKE
        ledger.give_back(violation=violation, reason=mistake, at=at, by=by)


@receiver(signals.notice_undone)
def take_back(notice: Notice, at: datetime, by: Membership | None, **_news: Any) -> None:
    for violation in Violation.objects.filter(notice=notice).select_related("store"):
        mistake = LedgerEntry.Reason.MISTAKE
        ledger.give_back(violation=violation, reason=mistake, at=at, by=by)
        rating.rate(store=violation.store, at=at)
    observations.withdraw_of_notice(notice=notice, at=at)
