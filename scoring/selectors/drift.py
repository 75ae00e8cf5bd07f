"""Where the marketplace's numbers differ from ours: the fleet's list, and one store's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Abs, Coalesce

from scoring.core.standing import CONFIRMED_FOR
from scoring.models import PlatformRating, Restoration, StoreRating
from scoring.selectors.checks import NOT_RESTORED, NOT_RESTORED_AFTER, cases_of, is_overdue
from stores.models import Alert, Enforcement, Store
from stores.selectors.freshness import Freshness, freshness_of
from tenants.models import Membership

_ALERTS: Final = ("drift", NOT_RESTORED)


@dataclass(frozen=True, slots=True)
class Drifting:
    """A store whose marketplace shows another number than ours."""

    store: Store
    rating: StoreRating
    seen: int  # platform ratings since they differ, of the newest one's measure
    alert: Alert | None
    freshness: Freshness

    @property
    def ours(self) -> int:
        """Return what our number was when the marketplace's was seen."""
        return (self.rating.platform_value or 0) - (self.rating.drift or 0)


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A store whose marketplace's number is missing, or too old to confirm anything."""

    store: Store
    rating: StoreRating | None

    @property
    def seen_at(self) -> datetime | None:
        return self.rating.platform_at if self.rating else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Points that were given back, and what is still in force because of their violation."""

    check: Restoration
    is_overdue: bool
    in_force: tuple[Enforcement, ...]
    case: Mapping[str, Any] | None = None  # as the slot of cases tells it

    @property
    def due_at(self) -> datetime:
        return self.check.decided_at + NOT_RESTORED_AFTER


def drifting(stores: QuerySet[Store], *, at: datetime) -> list[Drifting]:
    """Return the stores whose newest platform rating differs, furthest off first, in four queries.

    Within the tolerance of their book none differs: only those that differ since some moment do.
    """
    since = (
        PlatformRating.objects.filter(
            store=OuterRef("store"),
            withdrawn_at=None,
            measure=OuterRef("platform_measure"),
            observed_at__gte=OuterRef("drift_since"),
        )
        .order_by()
        .values("store")
        .annotate(seen=Count("pk"))
        .values("seen")
    )
    rows = list(
        drifting_ratings(stores)
        .select_related("store__client")
        .annotate(seen=Coalesce(Subquery(since, output_field=IntegerField()), 0))
        .order_by(Abs("drift").desc(), "drift_since", "pk")
    )
    ids = [row.store_id for row in rows]
    alerts, freshness = _alerts(ids), freshness_of(ids, at=at)
    return [
        Drifting(
            store=row.store,
            rating=row,
            seen=row.seen,
            alert=alerts.get(row.store_id),
            freshness=freshness[row.store_id],
        )
        for row in rows
    ]


def drifting_ratings(stores: QuerySet[Store]) -> QuerySet[StoreRating]:
    return StoreRating.objects.filter(store__in=stores, drift_since__isnull=False).exclude(
        Q(drift=None) | Q(drift=0)
    )


def unconfirmed(stores: QuerySet[Store], *, at: datetime) -> list[Unconfirmed]:
    """Return the stores whose own number was never seen or is 7 days old, in two queries."""
    fresh = StoreRating.objects.filter(platform_at__gt=at - CONFIRMED_FOR)
    found = list(
        stores.exclude(pk__in=fresh.values("store")).select_related("client").order_by("name", "pk")
    )
    ratings = {row.store_id: row for row in StoreRating.objects.filter(store__in=found)}
    rows = [Unconfirmed(store, ratings.get(store.pk)) for store in found]
    return sorted(rows, key=lambda row: (row.seen_at is not None, row.seen_at or at))


def waiting_for_points(
    stores: QuerySet[Store] | Collection[Store], *, at: datetime, viewer: Membership | None = None
) -> list[Waiting]:
    """Return the open checks of points given back, the oldest decision first.

    Two queries, and one more for the cases that a ``viewer`` may see.
    """
    checks = list(
        Restoration.objects.filter(store__in=stores, state=Restoration.State.OPEN)
        .select_related("store", "violation__store")
        .order_by("decided_at", "id")
    )
    ids = [check.violation_id for check in checks]
    in_force, cases = _in_force(ids, at), cases_of(ids, viewer)
    return [
        Waiting(
            check=check,
            is_overdue=is_overdue(check, at),
            in_force=tuple(in_force.get(check.violation_id, ())),
            case=cases.get(check.violation_id),
        )
        for check in checks
    ]


def sources_of(observation_ids: Collection[str]) -> dict[str, str]:
    """Return where each of these platform ratings was seen, in one query."""
    rows = PlatformRating.objects.filter(pk__in=observation_ids).values_list("pk", "source")
    return {str(pk): source for pk, source in rows}


def settled_checks(store: Store, *, since: timedelta, at: datetime) -> QuerySet[Restoration]:
    """Return the checks of a store that were answered within ``since``, newest first."""
    found = Restoration.objects.filter(store=store, settled_at__gt=at - since)
    return found.select_related("violation__store", "seen_in").order_by("-settled_at", "-id")


def _in_force(violation_ids: Sequence[UUID], at: datetime) -> dict[UUID, list[Enforcement]]:
    """Return what the marketplace still does because of violations whose points are given back."""
    found: dict[UUID, list[Enforcement]] = {}
    running = Enforcement.objects.filter(
        violation__in=violation_ids, starts_at__lte=at, withdrawn_at=None
    )
    for each in (
        running.filter(Q(ends_at=None) | Q(ends_at__gt=at))
        .exclude(kind=Enforcement.Kind.WARNING)
        .order_by(F("ends_at").asc(nulls_last=True), "id")
    ):
        if each.violation_id is not None:
            found.setdefault(each.violation_id, []).append(each)
    return found


def _alerts(store_ids: Sequence[UUID]) -> dict[UUID, Alert]:
    open_ones = Alert.objects.filter(store__in=store_ids, code__in=_ALERTS).exclude(
        state=Alert.State.RESOLVED
    )
    # The last one of a store stays: that about the drift itself.
    return {alert.store_id: alert for alert in open_ones.order_by("-code")}
