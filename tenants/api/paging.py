"""Pages by keyset: the cursor holds the ordering, the filters' hash and the last row's key."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError as InvalidId
from django.db.models import Model, Q
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

_MOST = 200
_USUAL = 50
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
_NOT_FILTERS = frozenset({"cursor", "limit"})
_OF_EVERY_LIST = _NOT_FILTERS | {"ordering"}
_MOST_NAMED = 5


class KeysetPagination(BasePagination):
    """``{next, previous, results}`` over one declared, never-null key and the id.

    The view has ``orderings`` ({"name": "name", "-recorded_at": "-recorded_at"}) and takes its
    first as the usual one.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the page that is asked for.

        Raises:
            ValidationError: if a parameter is unknown or no row can have its value: what is passed
                over would look like an answer.
        """
        _refuse_unknown(request, type(view))
        orderings: Mapping[str, str] = view.orderings
        self.request = request
        self.limit = _limit(request)
        self.ordering = request.query_params.get("ordering", next(iter(orderings)))
        if self.ordering not in orderings:
            names = ", ".join(orderings)
            raise ValidationError({"ordering": f"Order by one of: {names}."})
        self.key = orderings[self.ordering].lstrip("-")
        self.filters = _hash(request)
        self.id_field: Any = queryset.model._meta.pk  # noqa: SLF001 - Django's public name for it
        cursor = self._cursor()
        is_back = bool(cursor and cursor["b"])
        descends = orderings[self.ordering].startswith("-") != is_back
        if cursor:
            queryset = queryset.filter(self._beyond(queryset.model, cursor, descends=descends))
        sign = "-" if descends else ""
        rows = list(queryset.order_by(f"{sign}{self.key}", f"{sign}pk")[: self.limit + 1])
        has_more, rows = len(rows) > self.limit, rows[: self.limit]
        if is_back:
            rows.reverse()
        self.has_next = bool(rows) and (has_more or is_back)
        self.has_previous = bool(rows) and (has_more if is_back else cursor is not None)
        self.rows = rows
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "next": self._link(self.rows[-1], back=False) if self.has_next else None,
                "previous": self._link(self.rows[0], back=True) if self.has_previous else None,
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            _parameter("cursor", "Where a page starts, from next or previous.", {"type": "string"}),
            _parameter(
                "limit",
                "How many rows a page has.",
                {"type": "integer", "minimum": 1, "maximum": _MOST, "default": _USUAL},
            ),
            _parameter(
                "ordering",
                "What the rows are ordered by.",
                {
                    "type": "string",
                    "enum": list(view.orderings),
                    "default": next(iter(view.orderings)),
                },
            ),
        ]

    def _cursor(self) -> dict[str, Any] | None:
        text = self.request.query_params.get("cursor")
        if not text:
            return None
        try:
            cursor = json.loads(base64.urlsafe_b64decode(text.encode()))
            fits = (
                cursor["o"] == self.ordering
                and cursor["f"] == self.filters
                and isinstance(cursor["b"], bool)
                and isinstance(cursor["k"], str)
                and "\x00" not in cursor["k"]
            )
            cursor["i"].encode()
            cursor["k"].encode()
            self.id_field.to_python(cursor["i"])
        except (*_UNREADABLE, InvalidId) as error:
            raise ValidationError({"cursor": "This is no cursor of ours."}) from error
        if not fits:
            raise ValidationError({"cursor": "This cursor belongs to another list."})
        return dict(cursor)

    def _beyond(self, model: type[Model], cursor: dict[str, Any], *, descends: bool) -> Q:
        field: Any = model._meta.get_field(self.key)  # noqa: SLF001 - Django's public name for it
        try:
            value = field.to_python(cursor["k"])
        except Exception as error:
            raise ValidationError({"cursor": "This is no cursor of ours."}) from error
        side = "lt" if descends else "gt"
        return Q(**{f"{self.key}__{side}": value}) | Q(
            **{self.key: value, f"pk__{side}": cursor["i"]}
        )

    def _link(self, row: Any, *, back: bool) -> str:
        value = getattr(row, self.key)
        key = value.isoformat() if isinstance(value, datetime) else str(value)
        cursor = {"o": self.ordering, "f": self.filters, "b": back, "k": key, "i": str(row.pk)}
        text = base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode()
        kept = {
            name: value
            for name, value in self.request.query_params.items()
            if name not in _NOT_FILTERS
        }
        query = urlencode({**kept, "limit": self.limit, "cursor": text})
        return f"{self.request.build_absolute_uri(self.request.path)}?{query}"


def _refuse_unknown(request: Request, view_class: type) -> None:
    known = _OF_EVERY_LIST | _documented(view_class)
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        said = f"There is no such parameter. There are: {', '.join(sorted(known))}."
        raise ValidationError({name[:80]: said for name in unknown[:_MOST_NAMED]}, code="unknown")


@cache
def _documented(view_class: Any) -> frozenset[str]:
    """Return the filters of a list, which are those that its published description names."""
    described = getattr(view_class.get, "kwargs", {}).get("schema")
    if described is None:
        return frozenset()
    schema = described()
    schema.view = view_class()
    schema.view.request, schema.view.kwargs = None, {}
    return frozenset(name for each in schema.get_override_parameters() for name in _names_of(each))


def _names_of(parameter: Any) -> Iterable[str]:
    """Return the name of a described parameter, or those that a serializer describes at once."""
    if isinstance(parameter, OpenApiParameter):
        return [parameter.name]
    serializer = parameter() if isinstance(parameter, type) else parameter
    return list(serializer.fields)


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(_USUAL))
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= _MOST:
        raise ValidationError({"limit": f"Ask for 1 to {_MOST} rows."})
    return int(text)


def _hash(request: Request) -> str:
    filters = sorted(
        (name, value)
        for name, value in request.query_params.items()
        if name not in _NOT_FILTERS and name != "ordering"
    )
    return hashlib.sha256(json.dumps(filters).encode()).hexdigest()[:12]
