"""The weeks to come, by API: the forecast of a store, what-ifs, and what leaves when."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from scoring.core.foresight import Course, Crossing, Moment, together
from scoring.core.what_if import Summary
from scoring.selectors.foresee import DAYS, Foreseen, LineAhead
from scoring.selectors.what_if import (
    KINDS,
    MOST_EVENTS,
    MOST_ORDERS,
    MOST_POINTS,
    Reader,
    Scenario,
    Unusable,
    Written,
)
from stores.access import store_of_key
from stores.api.fields import MomentField, Strict
from tenants.api.views import AgencyView

MOST_DAYS: Final = 180
_DAYS = OpenApiParameter("days", int, description=f"How far to look ahead, 1 to {MOST_DAYS}.")


class _Ahead(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS, default=DAYS)


def days_asked(request: Request) -> int:
    asked = _Ahead(data=request.query_params.dict())
    asked.is_valid(raise_exception=True)
    return int(asked.validated_data["days"])


class PointOut(serializers.Serializer[Any]):
    on = serializers.DateTimeField()
    rating = serializers.IntegerField(allow_null=True)
    low = serializers.IntegerField(allow_null=True)
    likely = serializers.IntegerField(allow_null=True)
    high = serializers.IntegerField(allow_null=True)
    band = serializers.CharField()


class CrossingOut(serializers.Serializer[Any]):
    over_at = serializers.DateTimeField(allow_null=True)
    falls_at = serializers.DateTimeField(allow_null=True)
    holds_from = serializers.DateTimeField(allow_null=True)


class LineOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["milestone", "band"])
    code = serializers.CharField()
    measure = serializers.CharField()
    at = serializers.IntegerField()
    distance = serializers.IntegerField(allow_null=True)
    is_over = serializers.BooleanField()
    base = CrossingOut()
    worst = CrossingOut()


class ExpiryOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    points = serializers.IntegerField(help_text="> 0: so many points come back; < 0: a bonus goes.")
    entries = serializers.ListField(child=serializers.CharField())


class PendingOut(serializers.Serializer[Any]):
    violation = serializers.CharField()
    points_range = serializers.ListField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="Fewest and most that it takes, without a sign; null where nobody tells.",
    )
    due_at = serializers.DateTimeField(allow_null=True)


class ForecastOut(serializers.Serializer[Any]):
    """For the schema: what ``_forecast_json`` gives."""

    at = serializers.DateTimeField()
    days = serializers.IntegerField()
    is_closed_for_good = serializers.BooleanField(
        help_text="Only an appeal brings the store back: no way back over a line is dated."
    )
    series = PointOut(many=True)
    milestones = LineOut(many=True)
    expiries = ExpiryOut(many=True)
    pending = PendingOut(many=True)
    orders_per_week = serializers.ListField(child=serializers.IntegerField(), allow_null=True)


def crossing_json(crossing: Crossing) -> dict[str, Any]:
    return crossing._asdict()


def _line_json(each: LineAhead) -> dict[str, Any]:
    return {
        "kind": each.line.kind,
        "code": each.line.code,
        "measure": each.line.measure.value,
        "at": each.line.at,
        "distance": each.distance,
        "is_over": each.is_over,
        "base": crossing_json(each.base),
        "worst": crossing_json(each.worst),
    }


def _forecast_json(foreseen: Foreseen) -> dict[str, Any]:
    return {
        "at": foreseen.at,
        "days": foreseen.days,
        "is_closed_for_good": foreseen.is_closed_for_good,
        "series": [
            {
                "on": point.instant,
                "rating": point.base,
                "low": point.low,
                "likely": point.likely,
                "high": point.high,
                "band": point.band.value,
            }
            for point in foreseen.cone.points
        ],
        "milestones": [_line_json(each) for each in foreseen.lines],
        "expiries": [
            {"at": each.instant, "points": each.points, "entries": list(each.entries)}
            for each in foreseen.answer.next_expiries
            if each.instant < foreseen.futures.until
        ],
        "pending": [
            {
                "violation": str(row.violation.pk),
                "points_range": list(row.pending.points) if row.pending.points else None,
                "due_at": row.pending.due_at,
            }
            for row in foreseen.pendings
        ],
        "orders_per_week": list(foreseen.pace.weeks) if foreseen.pace else None,
    }


class ForecastView(AgencyView):
    """A store's rating in the weeks to come, with its range and what it rests on.

    ``rating`` is what is certain, ``low`` to ``high`` what pending violations and the orders' pace
    allow, ``likely`` the middle of both. Points deducted where the rulebook has no rating.
    """

    required_capabilities: ClassVar = {"GET": "ratings.view"}

    @extend_schema(responses=ForecastOut, parameters=[_DAYS])
    def get(self, request: Request, pk: str) -> Response:
        store = store_of_key(self.api_key, pk)
        return Response(_forecast_json(Foreseen(store, at=self.now, days=days_asked(request))))


class EventIn(Strict):
    """One event of a what-if; what a kind takes is said at each field."""

    kind = serializers.ChoiceField(choices=list(KINDS))
    on = serializers.DateField(required=False, help_text="A day by the store's clock.")
    at = MomentField(required=False, help_text="A moment, in place of the day.")
    points = serializers.IntegerField(
        min_value=-MOST_POINTS,
        max_value=MOST_POINTS,
        required=False,
        help_text="Of a deduction: so many are taken, with the ledger's sign (-8) or without (8). "
        "Of a quiz: so many are given, > 0.",
    )
    rule = serializers.CharField(
        max_length=60, required=False, help_text="Of a deduction, in place of its points."
    )
    violation = serializers.CharField(
        max_length=64, required=False, help_text="Id or reference; of granted and enforced."
    )
    count = serializers.IntegerField(
        min_value=1, max_value=MOST_ORDERS, required=False, help_text="Of orders."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("on" in attrs) == ("at" in attrs):
            raise ValidationError({"on": "Write either the day (on) or the moment (at)."})
        kind = attrs["kind"]
        if kind == "deduction" and "points" in attrs:
            attrs["points"] = abs(attrs["points"])
        if attrs.get("points", 0) < 0:
            raise ValidationError({"points": "Only a deduction takes points: write 0 or more."})
        given = [name for name in ("points", "rule", "violation", "count") if name in attrs]
        wanted = _TAKES[kind]
        if len(given) != 1 or given[0] not in wanted:
            words = " or ".join(wanted)
            raise ValidationError({wanted[0]: f"An event of kind {kind} takes {words} alone."})
        return attrs


_TAKES: Final = {
    "deduction": ("points", "rule"),
    "granted": ("violation",),
    "quiz": ("points",),
    "orders": ("count",),
    "enforced": ("violation",),
}


class WhatIfIn(Strict):
    events = serializers.ListField(child=EventIn(), min_length=1, max_length=MOST_EVENTS)
    line = serializers.CharField(
        max_length=60, required=False, help_text="Code of a milestone or band to be back over."
    )


class SummaryOut(serializers.Serializer[Any]):
    last = serializers.DictField()
    lowest = serializers.DictField()
    back_over = CrossingOut(allow_null=True)
    nearest_milestone = serializers.DictField(allow_null=True)
    restricted_until = serializers.DateTimeField(allow_null=True)
    is_restricted = serializers.BooleanField()
    fired = serializers.ListField(child=serializers.DictField())
    enforcements = serializers.ListField(child=serializers.DictField())


class WhatIfOut(serializers.Serializer[Any]):
    """For the schema: what ``_what_if_json`` gives."""

    at = serializers.DateTimeField()
    days = serializers.IntegerField()
    line = serializers.DictField(allow_null=True)
    events = serializers.ListField(
        child=serializers.DictField(),
        help_text="As they count: points with the ledger's sign, a deduction's < 0.",
    )
    series = serializers.ListField(child=serializers.DictField())
    as_it_stands = SummaryOut()
    what_if = SummaryOut()


def _moment_json(moment: Moment) -> dict[str, Any]:
    return {"on": moment.instant, "rating": moment.value, "band": moment.band.value}


def _summary_json(course: Course, told: Summary) -> dict[str, Any]:
    return {
        "last": _moment_json(told.last),
        "lowest": _moment_json(told.worst),
        "back_over": crossing_json(told.crossing) if told.crossing else None,
        "nearest_milestone": {
            "code": told.nearest.code,
            "measure": told.nearest.measure.value,
            "at": told.nearest.at,
            "distance": told.distance,
        }
        if told.nearest
        else None,
        "restricted_until": told.restricted_until,
        "is_restricted": told.is_restricted,
        "fired": [
            {"at": event.instant, "code": event.code, "value": event.value}
            for event in course.fired
        ],
        "enforcements": [
            {
                "milestone": period.milestone,
                "action": period.action,
                "starts_at": period.starts_at,
                "ends_at": period.ends_at,
            }
            for period in course.periods
        ],
    }


def _what_if_json(scenario: Scenario) -> dict[str, Any]:
    foreseen, line = scenario.foreseen, scenario.line
    return {
        "at": foreseen.at,
        "days": foreseen.days,
        "line": {"code": line.code, "measure": line.measure.value, "at": line.at} if line else None,
        "events": [
            {
                "kind": each.kind,
                "label": each.label,
                "points": each.told.points,
                "counts_at": each.told.at,
            }
            for each in scenario.written
            if each.told is not None
        ],
        "series": [
            {
                "on": instant,
                "rating": base.value,
                "band": base.band.value,
                "what_if": changed.value,
                "what_if_band": changed.band.value,
            }
            for instant, (base, changed) in together(
                [scenario.result.base, scenario.result.changed]
            )
        ],
        "as_it_stands": _summary_json(scenario.result.base, scenario.as_it_stands),
        "what_if": _summary_json(scenario.result.changed, scenario.changed),
    }


class WhatIfView(AgencyView):
    """What events that have not happened would change; nothing is saved.

    A key that may read may ask.
    """

    required_capabilities: ClassVar = {"POST": "ratings.view"}
    reading_methods: ClassVar = frozenset({"POST"})

    @extend_schema(request=WhatIfIn, responses=WhatIfOut, parameters=[_DAYS])
    def post(self, request: Request, pk: str) -> Response:
        store = store_of_key(self.api_key, pk)
        serializer = WhatIfIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        foreseen = Foreseen(store, at=self.now, days=days_asked(request))
        values = serializer.validated_data
        line = foreseen.line(values["line"]) if "line" in values else None
        if "line" in values and line is None:
            raise ValidationError({"line": "The rulebook in force has no such milestone or band."})
        written = [_written(Reader(foreseen), event) for event in values["events"]]
        scenario = Scenario(foreseen, written, line)
        _refuse_faulty(scenario.written, values["events"])
        return Response(_what_if_json(scenario))


def _written(reader: Reader, values: dict[str, Any]) -> Written:
    kind = values["kind"]
    what = next(str(values[name]) for name in _TAKES[kind] if name in values)
    try:
        at = values["at"] if "at" in values else reader.moment(values["on"])
        event, label = reader.event(kind, what, at)
    except Unusable as refusal:
        return Written("", fault=refusal.fault, fault_in=refusal.part, kind=kind)
    return Written("", kind=kind, label=label, event=event)


def _refuse_faulty(written: Sequence[Written], given: Sequence[dict[str, Any]]) -> None:
    """Refuse the whole what-if for events that cannot be, naming the field of each.

    Raises:
        ValidationError: if there is one.
    """
    errors: list[dict[str, str]] = []
    for each, values in zip(written, given, strict=True):
        names = ("on", "at") if each.fault_in == "day" else _TAKES[each.kind]
        field = next((name for name in names if name in values), names[0])
        errors.append({field: each.why} if each.fault else {})
    if any(errors):
        raise ValidationError({"events": errors})
