"""Why a rating is what it is, and what moved it, by API."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from scoring.core import rating as core
from scoring.core.values import Options
from scoring.core.waterfall import waterfall
from scoring.forms import MOST_BACK
from scoring.selectors.breakdown import Item, items_of, terms_of
from scoring.selectors.changes import Change, changes_of
from scoring.selectors.falls import bar_words
from scoring.selectors.figures import switched_on
from scoring.selectors.rows import Rows, rows_of, told_of
from stores.access import store_of_key
from stores.api.fields import STORE, MomentField, stores_asked
from tenants.api.views import AgencyView

_AT = OpenApiParameter("at", datetime, description="The moment spoken of; now where absent.")
_KNOWN_AT = OpenApiParameter(
    "known_at", datetime, description="Only what was recorded by then; now where absent."
)
_KNOWN_BEFORE = OpenApiParameter(
    "known_before",
    datetime,
    description=(
        "By what was known when the value before is told; known_at where absent. With the same "
        "moment as from it is what was known then, as a store's page and changes/ tell it: what "
        "was recorded since of earlier days is a bar of kind learnt."
    ),
)


class _Moments(serializers.Serializer[Any]):
    """The moments that a request may name; none may lie ahead."""

    at = MomentField(required=False)
    known_at = MomentField(required=False)
    known_before = MomentField(required=False)
    since = MomentField(required=False)
    to = MomentField(required=False)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": MomentField(required=False)}


def _moments(request: Request, now: datetime) -> dict[str, datetime]:
    asked = _Moments(data=request.query_params.dict())
    asked.is_valid(raise_exception=True)
    found: dict[str, datetime] = dict(asked.validated_data)
    for name, moment in found.items():
        if moment > now:
            raise ValidationError({name: "This moment has not come yet."}, code="in_the_future")
    return found


class TermOut(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    points = serializers.IntegerField(help_text="Signed: what they take is < 0.")
    entries = serializers.IntegerField(allow_null=True)


class AddendOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    entry = serializers.CharField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]
    points = serializers.IntegerField(
        help_text="Signed, a deduction's < 0, less what was given back."
    )
    stated_points = serializers.IntegerField(
        help_text="Signed, as the entry was written; a deduction's < 0."
    )
    sum = serializers.IntegerField()
    rule = serializers.CharField(allow_null=True)
    violation = serializers.CharField(allow_null=True)
    notice = serializers.CharField(allow_null=True)
    note = serializers.CharField()
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    occurred_at = serializers.DateTimeField(allow_null=True)
    recorded_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    expires_by = serializers.CharField(allow_null=True)
    reversals = serializers.ListField(child=serializers.DictField())
    estimate = serializers.ListField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="The rulebook's fewest and most points, without a sign.",
    )


class ExplanationOut(serializers.Serializer[Any]):
    """For the schema: what ``ExplanationView`` gives."""

    at = serializers.DateTimeField()
    known_at = serializers.DateTimeField()
    rating = serializers.IntegerField(allow_null=True)
    raw = serializers.IntegerField(allow_null=True)
    points_deducted = serializers.IntegerField(allow_null=True)
    clamp = serializers.IntegerField()
    estimate_range = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    rulebook = serializers.CharField(allow_null=True)
    terms = TermOut(many=True)
    entries = AddendOut(many=True)


def _addend_json(rows: Rows, item: Item, expires_by: dict[str, str]) -> dict[str, Any]:
    entry = item.entry
    violation = entry.violation if entry else None
    estimate = None
    if entry is not None and entry.estimate_high is not None:
        estimate = [entry.estimate_low, entry.estimate_high]
    return {
        "kind": item.kind,
        "entry": str(entry.pk) if entry else None,
        "label": item.label,
        "points": item.points,
        "stated_points": item.stated,
        "sum": item.total,
        "rule": (entry.rule or None) if entry else None,
        "violation": str(violation.pk) if violation else None,
        "notice": str(violation.notice_id) if violation and violation.notice_id else None,
        "note": entry.note if entry else "",
        "source": entry.source if entry else None,
        "occurred_at": item.at,
        "recorded_at": entry.recorded_at if entry else None,
        "expires_at": item.leaves_at,
        "expires_by": expires_by.get(str(entry.pk)) if entry else None,
        "reversals": [
            {"entry": pk, "points": rows.entries[pk].points, "reason": rows.entries[pk].reason}
            for pk in item.reversed_by
        ],
        "estimate": estimate,
    }


class ExplanationView(AgencyView):
    """What a store's rating is made of, addend by addend: start, active entries, clamp."""

    required_capabilities: ClassVar = {"GET": "ratings.view"}

    @extend_schema(responses=ExplanationOut, parameters=[_AT, _KNOWN_AT])
    def get(self, request: Request, pk: str) -> Response:
        store = store_of_key(self.api_key, pk)
        now = timezone.now()
        asked = _moments(request, now)
        rows = rows_of(store, at=asked.get("at", now), known_at=asked.get("known_at", now))
        answer = core.evaluate(
            rows.ledger, rows.library, at=rows.at, known_at=rows.known_at, options=rows.options
        )
        expires_by = {each.id: "closed" if each.held else each.expires_by for each in answer.active}
        terms = terms_of(rows, answer)
        items = items_of(rows, answer)
        return Response(
            {
                "at": answer.at,
                "known_at": answer.known_at,
                "rating": answer.rating,
                "raw": answer.raw,
                "points_deducted": answer.points_deducted,
                "clamp": sum(item.points for item in items if item.kind == "clamp"),
                "estimate_range": list(answer.estimate_range) if answer.estimate_range else None,
                "rulebook": answer.rulebook,
                "terms": [
                    {"label": each.label, "points": each.points, "entries": each.count}
                    for each in terms
                ],
                "entries": [_addend_json(rows, item, expires_by) for item in items],
            }
        )


class BarOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    points = serializers.IntegerField(
        help_text="Signed, of ``measure``: of points deducted, > 0 is a loss."
    )
    at = serializers.DateTimeField(allow_null=True)
    entry = serializers.CharField(allow_null=True)
    violation = serializers.CharField(allow_null=True)


class WaterfallOut(serializers.Serializer[Any]):
    """For the schema: what ``WaterfallView`` gives."""

    to = serializers.DateTimeField()
    known_at = serializers.DateTimeField(help_text="By what was known when ``after`` is told.")
    known_before = serializers.DateTimeField(help_text="And ``before``.")
    measure = serializers.CharField(allow_null=True)
    before = serializers.IntegerField(allow_null=True)
    after = serializers.IntegerField(allow_null=True)
    change = serializers.IntegerField(allow_null=True)
    bars = BarOut(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class WaterfallView(AgencyView):
    """What moved a store's rating between two moments; the bars sum to the difference exactly."""

    required_capabilities: ClassVar = {"GET": "ratings.view"}

    @extend_schema(
        responses=WaterfallOut,
        parameters=[
            OpenApiParameter("from", datetime, description="7 days before the end where absent."),
            OpenApiParameter("to", datetime, description="Now where absent."),
            _KNOWN_AT,
            _KNOWN_BEFORE,
        ],
    )
    def get(self, request: Request, pk: str) -> Response:
        store = store_of_key(self.api_key, pk)
        now = timezone.now()
        asked = _moments(request, now)
        end = asked.get("to", now)
        start = asked.get("from", end - timedelta(days=7))
        if start >= end:
            raise ValidationError({"from": "This is not before the end."}, code="not_before")
        rows = rows_of(store, at=end, known_at=asked.get("known_at", now))
        before = asked.get("known_before", rows.known_at)
        if before > rows.known_at:
            raise ValidationError({"known_before": "This is after known_at."}, code="not_before")
        fall = waterfall(
            rows.ledger,
            rows.library,
            start,
            end,
            rows.known_at,
            known_before=before,
            options=rows.options,
            options_before=Options(switched_on=switched_on(rows.library, before)),
        )
        return Response(
            {
                "from": start,
                "to": end,
                "known_at": rows.known_at,
                "known_before": before,
                "measure": fall.measure.value if fall.measure else None,
                "before": fall.start,
                "after": fall.end,
                "change": fall.change,
                "bars": [
                    {
                        "kind": bar.kind,
                        "label": bar_words(rows, bar),
                        "points": bar.points,
                        "at": bar.instant,
                        "entry": bar.subject if bar.subject in rows.entries else None,
                        "violation": _violation_of(rows, bar.subject),
                    }
                    for bar in fall.bars
                ],
            }
        )


def _violation_of(rows: Rows, subject: str) -> str | None:
    entry = rows.entries.get(subject)
    pk = told_of(entry).violation_id if entry else None
    return str(pk) if pk else None


class ChangeOut(serializers.Serializer[Any]):
    store = serializers.CharField()
    name = serializers.CharField()
    measure = serializers.CharField(allow_null=True)
    before = serializers.IntegerField(allow_null=True)
    after = serializers.IntegerField(allow_null=True)
    change = serializers.IntegerField(allow_null=True)
    band_before = serializers.CharField()
    band_after = serializers.CharField()
    why = serializers.CharField()
    largest_cause = serializers.CharField()
    violation = serializers.CharField(allow_null=True)
    milestones_reached = serializers.ListField(child=serializers.IntegerField())


class ChangesOut(serializers.Serializer[Any]):
    """For the schema: what ``ChangesView`` gives."""

    since = serializers.DateTimeField()
    at = serializers.DateTimeField()
    known_before = serializers.DateTimeField(
        help_text="By what was known when each value before is told: since; at for the one after."
    )
    summary = serializers.CharField()
    stores = serializers.IntegerField()
    results = ChangeOut(many=True)


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "store": str(change.store.pk),
        "name": change.store.name,
        "measure": change.fall.measure.value if change.fall.measure else None,
        "before": change.before,
        "after": change.after,
        "change": change.fall.change,
        "band_before": change.fall.before.band.value,
        "band_after": change.fall.after.band.value,
        "why": change.why,
        "largest_cause": change.cause,
        "violation": str(change.violation.pk) if change.violation else None,
        "milestones_reached": [each.at for each in change.reached],
    }


class ChangesView(AgencyView):
    """Which of the key's stores changed since a moment, and by what, the largest loss first."""

    required_capabilities: ClassVar = {"GET": "ratings.view"}

    @extend_schema(
        responses=ChangesOut,
        parameters=[
            OpenApiParameter("since", datetime, description="24 hours ago where absent."),
            STORE,
        ],
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        since = _moments(request, now).get("since", now - timedelta(days=1))
        if since < now - MOST_BACK:
            raise ValidationError({"since": "Look back a year at most."}, code="too_early")
        stores = stores_asked(self.api_key, request.query_params).select_related("client")
        found = changes_of(list(stores), since=since, at=now)
        return Response(
            {
                "since": since,
                "at": now,
                "known_before": since,
                "summary": found.summary,
                "stores": found.total,
                "results": [_change_json(each) for each in found.changed],
            }
        )
