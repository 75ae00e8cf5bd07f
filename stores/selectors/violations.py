"""Violations in lists, and what a new one may repeat."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from stores import rules
from stores.models import Enforcement, Notice, Store, Violation
from stores.selectors.notices import Place

_TOLD_FOR: Final = timedelta(days=180)  # the longest that a milestone's enforcement may run


def page_of_violations(
    stores: QuerySet[Store],
    *,
    state: str = "",
    only_unknown: bool = False,
    store_id: UUID | None = None,
    after: Place | None = None,
    limit: int,
) -> list[Violation]:
    """Return the newest ``limit`` violations of ``stores`` after a place.

    ``only_unknown``: those of a rule that no rulebook of their store knows.
    """
    found = Violation.objects.filter(store__in=stores).select_related("store")
    if state:
        found = found.filter(state=state)
    if only_unknown:
        found = rules.of_unknown_rules(found)
    if store_id:
        found = found.filter(store_id=store_id)
    if after is not None:
        same = Q(reported_at=after.at, id__lt=after.id)
        found = found.filter(Q(reported_at__lt=after.at) | same)
    return list(found.order_by("-reported_at", "-id")[:limit])


def of_reference(store: Store, reference: str) -> Violation | None:
    """Return the store's violation of this reference; "" is none."""
    if not reference:
        return None
    return Violation.objects.filter(store=store, reference=reference).first()


def enforcements_of(violation: Violation) -> QuerySet[Enforcement]:
    return Enforcement.objects.filter(violation=violation, withdrawn_at=None).order_by(
        "-starts_at", "-id"
    )


def enforcements_of_store(store: Store) -> QuerySet[Enforcement]:
    """Return what the marketplace did at a store, the newest first, with the violations behind."""
    found = Enforcement.objects.filter(store=store, withdrawn_at=None).select_related("violation")
    return found.order_by("-starts_at", "-id")


def lasting_enforcements(
    store_ids: Sequence[UUID], *, at: datetime
) -> dict[UUID, list[Enforcement]]:
    """Return by store what began by ``at`` and is not long over, what ends first first."""
    found = Enforcement.objects.filter(store__in=store_ids, starts_at__lte=at, withdrawn_at=None)
    found = found.exclude(kind=Enforcement.Kind.WARNING)
    recent = found.filter(Q(ends_at=None) | Q(ends_at__gt=at - _TOLD_FOR))
    by_store: dict[UUID, list[Enforcement]] = {}
    for each in recent.order_by("ends_at", "id"):
        by_store.setdefault(each.store_id, []).append(each)
    return by_store


def running_of(enforcements: Iterable[Enforcement], *, at: datetime) -> tuple[Enforcement, ...]:
    return tuple(one for one in enforcements if one.ends_at is None or one.ends_at > at)


def newest_of(store: Store, *, limit: int, also: UUID | None = None) -> list[Violation]:
    """Return a store's newest violations, and the one of id ``also`` if it is the store's."""
    found = Violation.objects.filter(store=store).select_related("store").defer("note")
    newest = list(found.order_by("-reported_at", "-id")[:limit])
    if also is not None and all(one.pk != also for one in newest):
        newest += found.filter(pk=also)
    return newest


def maybe_the_same(store: Store, rule: str, *, limit: int) -> list[Violation]:
    """Return the newest violations of a store's rule: a notice without a reference may mean one."""
    found = Violation.objects.filter(store=store, rule=rule).select_related("store").defer("note")
    return list(found.order_by("-reported_at", "-id")[:limit])


def enforcements_recorded_from(notice: Notice) -> QuerySet[Enforcement]:
    """Return the enforcements that were recorded from a notice."""
    ids = [done["id"] for done in notice.did if "id" in done]
    return Enforcement.objects.filter(pk__in=ids, withdrawn_at=None).order_by("starts_at", "id")


def notice_of(violation: Violation) -> Notice | None:
    """Return the notice behind a violation, without its sealed texts."""
    if violation.notice_id is None:
        return None
    return Notice.objects.defer("text", "original").filter(pk=violation.notice_id).first()


def recorded_from(notice: Notice) -> QuerySet[Violation]:
    """Return the violations that acting on a notice recorded, changed or found known."""
    ids = [done["id"] for done in notice.did if "id" in done]
    wanted = Q(pk__in=ids) | Q(notice=notice)
    return Violation.objects.filter(wanted).select_related("store").order_by("reported_at", "id")
