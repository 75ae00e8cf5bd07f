"""Drift by the API: which stores, why, and the act that mends it."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from scoring.core.standing import Judged
from scoring.models import LedgerEntry, StoreRating
from scoring.selectors.causes import Cause, causes_of
from scoring.selectors.drift import drifting_ratings, waiting_for_points
from scoring.selectors.gaps import Reader
from scoring.selectors.rules import rules_of
from scoring.services import drift
from stores.access import store_of_key
from stores.api.fields import STORE, MomentField, Strict, stores_asked
from stores.models import Store
from tenants.api.views import AgencyView

_OBSERVATIONS = 30
_DRIFT = "The marketplace's number less ours, in the measure that was observed."


class DriftingOut(serializers.Serializer[Any]):
    """For the schema: what ``_drifting_json`` gives."""

    store = serializers.CharField()
    drift = serializers.IntegerField(help_text=_DRIFT)
    measure = serializers.CharField()
    platform_value = serializers.IntegerField()
    observed_at = serializers.DateTimeField()
    since = serializers.DateTimeField()
    is_alert = serializers.BooleanField()


def _drifting_json(row: StoreRating) -> dict[str, Any]:
    return {
        "store": str(row.store_id),
        "drift": row.drift,
        "measure": row.platform_measure,
        "platform_value": row.platform_value,
        "observed_at": row.platform_at,
        "since": row.drift_since,
        "is_alert": row.is_drift_alert,
    }


class DriftView(AgencyView):
    """The stores whose marketplace shows another number than ours."""

    required_capabilities: ClassVar = {"GET": "ratings.view"}
    orderings: ClassVar = {"-drift_since": "-drift_since", "drift": "drift", "-drift": "-drift"}

    @extend_schema(responses=DriftingOut(many=True), parameters=[STORE])
    def get(self, request: Request) -> Response:
        stores = stores_asked(self.api_key, request.query_params)
        rows: QuerySet[StoreRating] = drifting_ratings(stores)
        return self.paged(rows, _drifting_json)


class ObservationOut(serializers.Serializer[Any]):
    value = serializers.IntegerField()
    measure = serializers.CharField()
    observed_at = serializers.DateTimeField()
    ours = serializers.IntegerField()
    drift = serializers.IntegerField(help_text=_DRIFT)
    differs = serializers.BooleanField()


class CauseOut(serializers.Serializer[Any]):
    cause = serializers.CharField()
    token = serializers.CharField()
    title = serializers.CharField()
    evidence = serializers.ListField(child=serializers.CharField())
    drift_after = serializers.IntegerField(allow_null=True)
    takes = serializers.DictField()
    can_act = serializers.BooleanField()


class NotRestoredOut(serializers.Serializer[Any]):
    violation = serializers.CharField()
    points = serializers.IntegerField(help_text="So many were given back, > 0.")
    reason = serializers.CharField()
    decided_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    is_overdue = serializers.BooleanField()
    in_force = serializers.ListField(child=serializers.CharField())


class StoreDriftOut(serializers.Serializer[Any]):
    """For the schema: what ``_store_json`` gives."""

    known_at = serializers.DateTimeField(
        help_text="By what was known when ``ours`` is told, of every moment; as the page, now."
    )
    drift = serializers.IntegerField(allow_null=True, help_text=_DRIFT)
    since = serializers.DateTimeField(allow_null=True)
    agreed_at = serializers.DateTimeField(allow_null=True)
    observations = ObservationOut(many=True)
    causes = CauseOut(many=True)
    not_restored = NotRestoredOut(many=True)


def _observation_json(judged: Judged) -> dict[str, Any]:
    return {
        "value": judged.observation.value,
        "measure": judged.observation.measure.value,
        "observed_at": judged.observation.observed_at,
        "ours": judged.ours,
        "drift": judged.drift,
        "differs": judged.is_beyond,
    }


def _cause_json(cause: Cause) -> dict[str, Any]:
    return {
        "cause": cause.key,
        "token": cause.token,
        "title": cause.title,
        "evidence": list(cause.evidence),
        "drift_after": cause.after,
        "takes": dict(cause.first),
        "can_act": bool(cause.verb),
    }


def _store_json(store: Store, at: datetime) -> dict[str, Any]:
    reader = Reader(store, at)
    gap, newest = reader.gap, reader.drifts[: -_OBSERVATIONS - 1 : -1]
    return {
        "known_at": at,
        "drift": reader.drifts[-1].drift if reader.drifts else None,
        "since": gap.opened_by if gap else None,
        "agreed_at": gap.opened_after if gap else None,
        "observations": [_observation_json(each) for each in newest],
        "causes": [_cause_json(each) for each in causes_of(reader, None)],
        "not_restored": [
            {
                "violation": str(row.check.violation_id),
                "points": row.check.points,
                "reason": row.check.reason,
                "decided_at": row.check.decided_at,
                "due_at": row.due_at,
                "is_overdue": row.is_overdue,
                "in_force": [str(each.pk) for each in row.in_force],
            }
            for row in waiting_for_points([store], at=at)
        ],
    }


class ActIn(Strict):
    cause = serializers.CharField(max_length=120)
    token = serializers.CharField(max_length=60)
    rule = serializers.CharField(max_length=60, required=False)
    reference = serializers.CharField(max_length=64, required=False, allow_blank=True)
    points = serializers.IntegerField(
        min_value=1,
        max_value=1000,
        required=False,
        help_text="So many are taken or given back, as the cause says; without a sign.",
    )
    occurred_at = MomentField(required=False)
    decided_at = MomentField(required=False)
    expires_at = MomentField(required=False)
    reason = serializers.ChoiceField(
        choices=[one for one in LedgerEntry.Reason.choices if one[0] != LedgerEntry.Reason.MISTAKE],
        required=False,
    )
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class StoreDriftView(AgencyView):
    """One store's drift: platform ratings beside ours, and what may be the cause."""

    required_capabilities: ClassVar = {"GET": "ratings.view", "POST": "violations.record"}

    @extend_schema(responses=StoreDriftOut)
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(_store_json(store_of_key(self.api_key, pk), self.now))

    @extend_schema(request=ActIn, responses=StoreDriftOut)
    def post(self, request: Request, pk: str) -> Response:
        """Act on a cause, by its code and token; what it ``takes`` may be sent with other values.

        Answers 409 ``proposal_stale`` where anything that it rests on has changed.
        """
        store, at = store_of_key(self.api_key, pk), self.now
        serializer = ActIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        key, token = values.pop("cause"), values.pop("token")
        cause = next((one for one in causes_of(Reader(store, at), None) if one.key == key), None)
        if cause is None:
            raise drift.ProposalStale("This cause is not proposed, or not any more.")
        _check(store, cause, values, at)
        try:
            drift.act_on_cause(
                store=store,
                cause=cause,
                token=token,
                values=values,
                at=at,
                by=self.api_key.made_by,
                viewer=None,
                via="api",
            )
        except drift.ProposalUnusable as refusal:
            raise ValidationError({refusal.field: str(refusal)}) from refusal
        return Response(_store_json(store, at))


def _check(store: Store, cause: Cause, values: dict[str, Any], at: datetime) -> None:
    """Refuse what the cause does not take, and rules that the store's book has not."""
    strange = sorted(set(values) - set(cause.first))
    if strange:
        raise ValidationError(dict.fromkeys(strange, "This cause does not take it."))
    rule = values.get("rule")
    if rule is not None and rule not in rules_of(store, at):
        raise ValidationError({"rule": "The store's rulebook has no such rule."})
