"""The current answers about stores, as other rooms' pages show them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from scoring.models import StoreRating
from stores.models import Store


def current_ratings(store_ids: Sequence[UUID]) -> QuerySet[StoreRating]:
    return StoreRating.objects.filter(store__in=store_ids)


def rating_column(_member: Any, store_ids: Sequence[UUID]) -> Mapping[UUID, StoreRating]:
    """Return the current answer by store: the fleet's ``rating`` column, in one query."""
    return {row.store_id: row for row in current_ratings(store_ids)}


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
