"""Fields that refuse what PostgreSQL or a person could not read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from stores import moments
from stores.access import store_of_key, stores_of_key
from stores.models import Store
from tenants.models import ApiKey
from tenants.texts import printable

_MOST_NAMED = 20
CHANGED_SINCE: Final = OpenApiParameter(
    "changed_since",
    OpenApiTypes.DATETIME,
    description="Only what has changed at this moment or later, as 2026-11-20T09:00:00Z.",
)
STORE: Final = OpenApiParameter("store", str, description="Only of this store; 404 if it is none.")


def stores_asked(key: ApiKey, query: Mapping[str, str]) -> QuerySet[Store]:
    """Return the stores that the key reaches, or the one alone that ``query`` names.

    Raises:
        Http404: if the one is not in reach, or none at all; it is never passed over.
    """
    if "store" not in query:
        return stores_of_key(key)
    return stores_of_key(key).filter(pk=store_of_key(key, query["store"]).pk)


def moment_asked(name: str, query: Mapping[str, str]) -> datetime | None:
    """Return the moment that ``query`` gives by this name, None where it gives none.

    Raises:
        ValidationError: if it is none, has no offset, or is too far off to be meant.
    """
    if name not in query:
        return None
    try:
        moment: datetime = MomentField().run_validation(query[name])
    except serializers.ValidationError as error:
        raise serializers.ValidationError({name: error.detail}) from error
    return moment


class MomentField(serializers.DateTimeField):
    """An ISO 8601 moment with its offset; one without is refused, never guessed.

    Refuses what is too far off to be meant.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def enforce_timezone(self, value: Any) -> Any:
        if value.tzinfo is None:
            raise serializers.ValidationError(
                "Write the time with its offset, as 2026-11-20T09:00:00+08:00.", code="no_offset"
            )
        if not moments.is_believable(value):
            raise serializers.ValidationError(
                "This date is too far off to be meant.", code="far_off"
            )
        return super().enforce_timezone(value)


class NameField(serializers.CharField):
    """What something is called; signs that show nothing are left out, as in the pages' forms."""

    def to_internal_value(self, data: Any) -> str:
        name = printable(super().to_internal_value(data))
        if not name:
            self.fail("blank")
        return name


@extend_schema_field(OpenApiTypes.UUID)
class StoreField(serializers.Field[Any, Any, Any, Any]):
    """The id of a store that the key reaches."""

    def to_internal_value(self, data: Any) -> Store:
        from django.http import Http404

        try:
            return store_of_key(self.context["key"], data)
        except Http404 as error:
            raise serializers.ValidationError("No such store.", code="does_not_exist") from error

    def to_representation(self, value: Store) -> str:
        return str(value.pk)


class Strict(serializers.Serializer[Any]):
    """A serializer that refuses fields it does not know, so that a typing error is not lost."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = set(data) - set(self.fields)
            if unknown:
                names = sorted(str(name)[:60] for name in unknown)[:_MOST_NAMED]
                raise serializers.ValidationError(
                    dict.fromkeys(names, "There is no such field."), code="unknown_field"
                )
        return super().to_internal_value(data)


class NothingIn(Strict):
    """A body without fields."""
