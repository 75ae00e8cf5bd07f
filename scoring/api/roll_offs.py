"""The roll-off calendar by API: what leaves the stores in reach by time alone, soonest first."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from scoring.api.foresight import MOST_DAYS
from scoring.selectors.calendar import RollOff, roll_offs
from scoring.selectors.foresee import DAYS
from stores.access import stores_of_key
from stores.api.fields import StoreField
from tenants.api.views import AgencyView

_MOST: Final = 200
_USUAL: Final = 50
Key = tuple[datetime, str]


class _Asked(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS, default=DAYS)
    limit = serializers.IntegerField(min_value=1, max_value=_MOST, default=_USUAL)
    store = StoreField(required=False)
    cursor = serializers.CharField(max_length=200, required=False)

    def validate_cursor(self, text: str) -> Key:
        try:
            at, _, name = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
            moment = datetime.fromisoformat(at)
        except (ValueError, binascii.Error) as error:
            raise ValidationError("This is no cursor of ours.") from error
        if moment.tzinfo is None:
            raise ValidationError("This is no cursor of ours.")
        return moment, name


class RollOffOut(serializers.Serializer[Any]):
    """For the schema: what ``_json`` gives."""

    store = serializers.CharField()
    at = serializers.DateTimeField()
    on = serializers.DateField()
    points = serializers.IntegerField(help_text="> 0: so many points come back; < 0: a bonus goes.")
    label = serializers.CharField()  # type: ignore[assignment]
    entry = serializers.CharField(allow_null=True)
    violation = serializers.CharField(allow_null=True)


class RollOffsOut(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = RollOffOut(many=True)


def _json(row: RollOff) -> dict[str, Any]:
    return {
        "store": str(row.store.pk),
        "at": row.at,
        "on": row.on,
        "points": row.points,
        "label": row.label,
        "entry": str(row.entry) if row.entry else None,
        "violation": str(row.violation) if row.violation else None,
    }


class RollOffsView(AgencyView):
    """What comes back (``points`` > 0) or goes (< 0) by time alone, soonest first.

    ``on`` is the day by the store's own clock. A closed store's deductions do not return, so they
    are not listed. Pages go forward: ``previous`` is always null.
    """

    required_capabilities: ClassVar = {"GET": "ratings.view"}

    @extend_schema(
        responses=RollOffsOut,
        parameters=[
            OpenApiParameter("days", int, description=f"How far to look ahead, 1 to {MOST_DAYS}."),
            OpenApiParameter("store", str, description="Of one store alone."),
            OpenApiParameter("limit", int, description=f"How many rows a page has, 1 to {_MOST}."),
            OpenApiParameter("cursor", str, description="Where a page starts, from next."),
        ],
    )
    def get(self, request: Request) -> Response:
        # As a dict: of a query DRF passes over a blank field, and would tell of all stores.
        asked = _Asked(data=request.query_params.dict(), context={"key": self.api_key})
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        one = values.get("store")
        stores = [one] if one else list(stores_of_key(self.api_key))
        rows = roll_offs(stores, at=self.now, days=values["days"])
        after: Key | None = values.get("cursor")
        left = [row for row in rows if after is None or _key(row) > after]
        shown = left[: values["limit"]]
        return Response(
            {
                "next": _link(request, shown) if len(left) > len(shown) else None,
                "previous": None,
                "results": [_json(row) for row in shown],
            }
        )


def _key(row: RollOff) -> Key:
    return row.at, row.id


def _link(request: Request, shown: Sequence[RollOff]) -> str:
    at, name = _key(shown[-1])
    cursor = base64.urlsafe_b64encode(f"{at.isoformat()}|{name}".encode()).decode()
    kept = {key: value for key, value in request.query_params.items() if key != "cursor"}
    query = urlencode({**kept, "cursor": cursor})
    return f"{request.build_absolute_uri(request.path)}?{query}"
