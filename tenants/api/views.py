"""The base of every API view: keys, declared capabilities, idempotency, keyset paging."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.api.idempotency import Idempotent
from tenants.api.paging import KeysetPagination
from tenants.models import ApiKey


class AgencyView(Idempotent, APIView):
    """A view of one agency's rows, by an API key."""

    required_capabilities: ClassVar[Mapping[str, str]] = {}
    reading_methods: ClassVar[Collection[str]] = ()  # beside GET: a POST that only asks
    orderings: ClassVar[Mapping[str, str]] = {}
    pagination_class = KeysetPagination

    @property
    def api_key(self) -> ApiKey:
        key = self.request.auth
        assert isinstance(key, ApiKey)
        return key

    @property
    def now(self) -> datetime:
        return timezone.now()

    def one_of(self, name: str, choices: Collection[str]) -> str | None:
        """Return a filter's value, None where it is not asked for; refuse what no row can have."""
        value = self.request.query_params.get(name)
        if value is not None and value not in choices:
            raise ValidationError({name: f"Ask for one of: {', '.join(choices)}."}, code="invalid")
        return value

    def paged(self, queryset: Any, serialize: Callable[[Any], Any]) -> Response:
        """Return a page of ``queryset``; ``serialize`` makes JSON values of a row."""
        pages = self.pagination_class()
        rows = pages.paginate_queryset(queryset, self.request, view=self)
        return pages.get_paginated_response([serialize(row) for row in rows])
