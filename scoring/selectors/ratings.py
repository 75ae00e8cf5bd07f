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
