from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED

from scoring import books
from scoring.core import rating as core
from scoring.core.values import Answer
from scoring.models import LedgerEntry, PlatformRating
from scoring.selectors.figures import switched_on
from scoring.selectors.ledgers import entries_of, ledger_of, options_of
from scoring.selectors.rules import range_missed
from scoring.services import ledger, observations, rating
from stores.access import store_of_key
from stores.api.fields import MomentField, Strict
from stores.models import Store
from tenants.api.views import AgencyView

_MOMENTS = [
    OpenApiParameter("at", datetime, description="The moment spoken of; now where absent."),
    OpenApiParameter("known_at", datetime, description="Only what was recorded by then; now."),
]


class _Moments(serializers.Serializer[Any]):
    at = MomentField(required=False)
    known_at = MomentField(required=False)


def _moments(request: Request) -> tuple[datetime, datetime]:
    asked = _Moments(data=request.query_params.dict())
    asked.is_valid(raise_exception=True)
    now = timezone.now()
    at: datetime = asked.validated_data.get("at", now)
    return at, min(asked.validated_data.get("known_at", now), now)


def _answer_json(answer: Answer) -> dict[str, Any]:
    return {
        "at": answer.at,
        "known_at": answer.known_at,
        "rating": answer.rating,
        "raw": answer.raw,
        "band": answer.band.value,
        "label": answer.label,
        "standing": answer.standing.value,
        "points_deducted": answer.points_deducted,
        "rulebook": answer.rulebook,
        "platform": None
        if answer.platform is None
        else {
            "value": answer.platform.value,
            "measure": answer.platform.measure.value,
            "observed_at": answer.platform.observed_at,
        },
        "drift": answer.drift.value if answer.drift else None,
        "closed_since": answer.closed_since,
        "estimate_range": list(answer.estimate_range) if answer.estimate_range else None,
        "milestones": [
            {
                "code": each.code,
                "measure": each.measure.value,
                "at": each.at,
                "distance": each.distance,
                "reached": each.reached,
            }
            for each in answer.milestones
        ],
        "next_expiries": [
            {"at": each.instant, "points": each.points, "entries": list(each.entries)}
            for each in answer.next_expiries
        ],
    }


class RatingOut(serializers.Serializer[Any]):
    """For the schema: what ``_answer_json`` gives."""

    at = serializers.DateTimeField()
    known_at = serializers.DateTimeField()
    rating = serializers.IntegerField(allow_null=True)
    raw = serializers.IntegerField(allow_null=True)
    band = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    standing = serializers.CharField()
    points_deducted = serializers.IntegerField(allow_null=True)
    rulebook = serializers.CharField(allow_null=True)
    platform = serializers.DictField(allow_null=True)
    drift = serializers.IntegerField(
        allow_null=True, help_text="The marketplace's number less ours, in its measure."
    )
    closed_since = serializers.DateTimeField(allow_null=True)
    estimate_range = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    milestones = serializers.ListField(child=serializers.DictField())
    next_expiries = serializers.ListField(
        child=serializers.DictField(),
        help_text="``points`` > 0: so many come back; < 0: a bonus goes.",
    )


class RatingView(AgencyView):
    """A store's rating at any moment, by what was known at any moment."""

    required_capabilities: ClassVar = {"GET": "ratings.view"}

    @extend_schema(responses=RatingOut, parameters=_MOMENTS)
    def get(self, request: Request, pk: str) -> Response:
        store = store_of_key(self.api_key, pk)
        at, known_at = _moments(request)
        answer = core.evaluate(
            ledger_of(store),
            books.library_for(store),
            at=at,
            known_at=known_at,
            options=options_of(store, at=at, known_at=known_at),
        )
        return Response(_answer_json(answer))


class EntryIn(Strict):
    kind = serializers.ChoiceField(choices=LedgerEntry.Kind.choices)
    points = serializers.IntegerField(
        min_value=-1000,
        max_value=1000,
        help_text="Signed: a deduction <= 0, a bonus >= 0, a reversal of the sign opposite to its "
        "entry's, an adjustment of either.",
    )
    counts_as = serializers.ChoiceField(choices=LedgerEntry.CountsAs.choices, required=False)
    occurred_at = MomentField(required=False)
    expires_at = MomentField(required=False)
    rule = serializers.CharField(max_length=60, required=False)
    reverses = serializers.UUIDField(required=False)
    reason = serializers.ChoiceField(choices=LedgerEntry.Reason.choices, required=False)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)
    source_ref = serializers.CharField(max_length=100, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_reversal = attrs["kind"] == LedgerEntry.Kind.REVERSAL
        if is_reversal and not ("reverses" in attrs and "reason" in attrs):
            raise ValidationError({"reverses": "A reversal names its entry and its reason."})
        if not is_reversal and ("reverses" in attrs or "reason" in attrs):
            raise ValidationError({"reverses": "Only a reversal reverses an entry."})
        for name in ("occurred_at", "expires_at", "rule", "source_ref"):
            if is_reversal and name in attrs:
                raise ValidationError({name: "Leave this out: a reversal has it of its entry."})
        if attrs.get("expires_at") and attrs["expires_at"] <= attrs.get(
            "occurred_at", self.context["now"]
        ):
            raise ValidationError({"expires_at": "An entry leaves after it occurred."})
        is_adjustment = attrs["kind"] == LedgerEntry.Kind.ADJUSTMENT
        if is_adjustment and "counts_as" not in attrs:
            choices = ", ".join(LedgerEntry.CountsAs.values)
            raise ValidationError({"counts_as": f"Say what it counts as, one of: {choices}."})
        if not is_adjustment and "counts_as" in attrs:
            raise ValidationError({"counts_as": "Leave this out: only an adjustment takes it."})
        return attrs


class EntryOut(serializers.Serializer[Any]):
    """For the schema: what ``_entry_json`` gives."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=LedgerEntry.Kind.choices)
    points = serializers.IntegerField(
        help_text="Signed: a deduction <= 0, what gives it back > 0, a bonus >= 0."
    )
    counts_as = serializers.CharField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    recorded_at = serializers.DateTimeField()
    rule = serializers.CharField(allow_null=True)
    violation = serializers.CharField(allow_null=True)
    reverses = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]
    note = serializers.CharField()
    range_missed = serializers.ListField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="The rulebook's fewest and most points, where the stated ones lie outside.",
    )


class _EntryJson:
    """Turns a store's ledger rows into JSON values, the rulebook's expiries among them."""

    def __init__(self, store: Store, known_at: datetime | None = None) -> None:
        self.library = books.library_for(store)
        self.switched_on = switched_on(self.library, known_at)

    def __call__(self, row: LedgerEntry) -> dict[str, Any]:
        expires_at = row.expires_at
        if not row.is_expiry_stated and row.kind != LedgerEntry.Kind.REVERSAL:
            expires_at = self.library.expiry(row.occurred_at, row.recorded_at, self.switched_on)
        missed = range_missed(self.library, row)
        return {
            "id": str(row.pk),
            "kind": row.kind,
            "points": row.points,
            "counts_as": row.counts_as or None,
            "occurred_at": row.occurred_at,
            "expires_at": expires_at,
            "recorded_at": row.recorded_at,
            "rule": row.rule or None,
            "violation": str(row.violation_id) if row.violation_id else None,
            "reverses": str(row.reverses_id) if row.reverses_id else None,
            "reason": row.reason or None,
            "source": row.source,
            "note": row.note,
            "range_missed": list(missed) if missed else None,
        }


def _write(**values: Any) -> LedgerEntry:
    try:
        return ledger.write_entry(**values)
    except ledger.UnknownRule as refusal:
        raise ValidationError({"rule": str(refusal)}) from refusal


class LedgerView(AgencyView):
    """A store's ledger: every gain and loss, each with its source."""

    required_capabilities: ClassVar = {"GET": "ratings.view", "POST": "ratings.adjust"}
    orderings: ClassVar = {"-occurred_at": "-occurred_at", "-recorded_at": "-recorded_at"}

    @extend_schema(responses=EntryOut(many=True), parameters=_MOMENTS)
    def get(self, request: Request, pk: str) -> Response:
        store = store_of_key(self.api_key, pk)
        at, known_at = _moments(request)
        rows = entries_of(store).filter(occurred_at__lte=at, recorded_at__lte=known_at)
        return self.paged(rows, _EntryJson(store, known_at))

    @extend_schema(request=EntryIn, responses={201: EntryOut})
    def post(self, request: Request, pk: str) -> Response:
        """Write an entry; entries are never edited: reverse a wrong one."""
        store = store_of_key(self.api_key, pk)
        serializer = EntryIn(data=request.data, context={"now": self.now})
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        at, by = self.now, self.api_key.made_by
        if values["kind"] == LedgerEntry.Kind.REVERSAL:
            entry = LedgerEntry.objects.filter(store=store, pk=values["reverses"]).first()
            if entry is None:
                raise ValidationError({"reverses": "This store has no such entry."})
            row = ledger.reverse_entry(
                entry=entry,
                reason=values["reason"],
                points=values["points"],
                note=values.get("note", ""),
                source="integration",
                at=at,
                by=by,
                via="api",
            )
        else:
            row = _write(
                store=store,
                kind=values["kind"],
                points=values["points"],
                counts_as=values.get("counts_as", ""),
                occurred_at=values.get("occurred_at", at),
                expires_at=values.get("expires_at"),
                rule=values.get("rule", ""),
                note=values.get("note", ""),
                source="integration",
                source_ref=values.get("source_ref"),
                at=at,
                by=by,
                via="api",
            )
        rating.rate(store=store, at=at)
        return Response(_EntryJson(store)(row), status=HTTP_201_CREATED)


class PlatformRatingIn(Strict):
    value = serializers.IntegerField(min_value=0, max_value=1000)
    measure = serializers.ChoiceField(choices=PlatformRating.Measure.choices, required=False)
    observed_at = MomentField(required=False)
    source = serializers.ChoiceField(choices=["integration"], required=False)  # type: ignore[assignment]


class PlatformRatingOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    value = serializers.IntegerField()
    measure = serializers.CharField()
    observed_at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment]
    recorded_at = serializers.DateTimeField()


def _platform_rating_json(row: PlatformRating) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "value": row.value,
        "measure": row.measure,
        "observed_at": row.observed_at,
        "source": row.source,
        "recorded_at": row.recorded_at,
    }


class PlatformRatingsView(AgencyView):
    """What the marketplace itself showed, as seen by mail, people and integrations."""

    required_capabilities: ClassVar = {"GET": "ratings.view", "POST": "readings.record"}
    orderings: ClassVar = {"-observed_at": "-observed_at"}

    @extend_schema(responses=PlatformRatingOut(many=True))
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        store = store_of_key(self.api_key, pk)
        rows = PlatformRating.objects.filter(store=store, withdrawn_at=None)
        return self.paged(rows, _platform_rating_json)

    @extend_schema(request=PlatformRatingIn, responses={201: PlatformRatingOut})
    def post(self, request: Request, pk: str) -> Response:
        store = store_of_key(self.api_key, pk)
        serializer = PlatformRatingIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        at = self.now
        row = observations.record_platform_rating(
            store=store,
            value=values["value"],
            measure=values.get("measure", PlatformRating.Measure.RATING),
            observed_at=values.get("observed_at", at),
            source="integration",
            at=at,
            by=self.api_key.made_by,
            via="api",
        )
        return Response(_platform_rating_json(row), status=HTTP_201_CREATED)
