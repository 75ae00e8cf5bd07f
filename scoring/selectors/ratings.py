"""The current answers about stores, as other rooms' pages show them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from scoring.core.values import Standing
from scoring.models import PlatformRating, StoreRating
from scoring.selectors.ledgers import channels_alive_at
from stores.models import Store


def current_ratings(store_ids: Sequence[UUID]) -> QuerySet[StoreRating]:
    return StoreRating.objects.filter(store__in=store_ids)


def rating_column(_member: Any, store_ids: Sequence[UUID]) -> Mapping[UUID, StoreRating]:
    """Return the current answer by store: the fleet's ``rating`` column.

    One query, and two more where some are stale, for when something was last heard of them.
    """
    rows = {row.store_id: row for row in current_ratings(store_ids)}
    stale = [pk for pk, row in rows.items() if row.standing == Standing.STALE]
    if stale:
        for pk, heard_at in channels_alive_at(stale).items():
            rows[pk].heard_at = heard_at
    return rows


def risk_column(_member: Any, store_ids: Sequence[UUID]) -> Mapping[UUID, bool]:
    """Return which stores are near a milestone: they are looked at more often."""
    near = current_ratings(store_ids).filter(is_near_milestone=True)
    return dict.fromkeys(near.values_list("store_id", flat=True), True)


def known_column(
    _member: Any, store_ids: Sequence[UUID]
) -> Mapping[UUID, list[tuple[str, datetime, int]]]:
    """Return the platform ratings known by store: what was measured, when seen, the value."""
    known: dict[UUID, list[tuple[str, datetime, int]]] = {}
    rows = PlatformRating.objects.filter(store__in=store_ids, withdrawn_at=None)
    for row in rows:
        known.setdefault(row.store_id, []).append((row.measure, row.observed_at, row.value))
    return known


def rating_of(store: Store) -> StoreRating | None:
    return StoreRating.objects.filter(store=store).first()


def rating_fields(_key: Any, store_ids: Sequence[UUID]) -> Mapping[UUID, dict[str, Any]]:
    """Return the API's rating fields by store; a store not yet rated is unknown."""
    rows = {row.store_id: row for row in current_ratings(store_ids)}
    return {
        store_id: {
            "rating": row.rating if (row := rows.get(store_id)) else None,
            "band": row.band if row else "unknown",
            "standing": row.standing if row else "unknown",
        }
        for store_id in store_ids
    }


def setup_column(_viewer: Any, store_ids: Sequence[UUID]) -> Mapping[UUID, dict[str, Any]]:
    """Return of which stores a rating is known, and where the marketplace's is recorded.

    The API asks this on the public host too, which has no such page.
    """
    known = current_ratings(store_ids).exclude(standing=Standing.UNKNOWN)
    done = set(known.values_list("store_id", flat=True))
    return {
        pk: {
            "is_done": pk in done,
            "href": reverse("scoring:platform_rating", urlconf=settings.ROOT_URLCONF, args=[pk]),
        }
        for pk in store_ids
    }
