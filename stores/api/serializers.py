"""What the API takes and gives about stores, readings and violations."""

from typing import Any

from rest_framework import serializers

from stores import markets, metrics, problems, rules
from stores.api.fields import MomentField, StoreField, Strict
from stores.data_kinds import DATA
from stores.models import Client, Reading, Store, StoreGroup, SyncRun, Violation

_INT = 2_147_483_647


def store_json(store: Store, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a store as the API shows it; ``fields`` come from higher rooms by slot."""
    return {
        "id": str(store.pk),
        "name": store.name,
        "marketplace": store.marketplace,
        "market": store.market,
        "seller_type": store.seller_type,
        "time_zone": store.time_zone,
        "external_id": store.external_id,
        "client": store.client.name if store.client else None,
        "groups": [grouping.group.name for grouping in store.groupings.all()],
        "state": store.state,
        "created_at": store.created_at,
        **(fields or {}),
    }


def reading_json(reading: Reading) -> dict[str, Any]:
    return {
        "id": str(reading.pk),
        "store": str(reading.store_id),
        "metric": reading.metric,
        "value": reading.value,
        "measured_at": reading.measured_at,
        "source": reading.source,
        "recorded_at": reading.recorded_at,
        "note": reading.note,
    }


def sync_run_json(run: SyncRun) -> dict[str, Any]:
    """Return a run as the API shows it; the problem's code has words in the reader's language."""
    return {
        "id": str(run.pk),
        "store": str(run.store_id),
        "data": run.data,
        "state": run.state,
        "is_first": run.is_first,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "expected": run.expected,
        "fetched": run.fetched,
        "changed": run.changed,
        "problem": run.problem,
        "detail": str(problems.text(run.problem)),
        "request_id": run.request_id,
    }


def violation_json(violation: Violation, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a violation as the API shows it; its store is at hand."""
    low, high = violation.points_low, violation.points_high
    unknown = rules.unknown_of(violation)
    return {
        "id": str(violation.pk),
        "store": str(violation.store_id),
        "reference": violation.reference,
        "rule": violation.rule,
        "unknown_rule": {
            "rulebook": unknown.rulebook,
            "near": list(unknown.near),
            "detail": unknown.words,
        }
        if unknown
        else None,
        "subject": violation.subject,
        "points": violation.points,
        "points_range": None if low is None or high is None else [low, high],
        "state": violation.state,
        "reported_at": violation.reported_at,
        "enforced_at": violation.enforced_at,
        "correct_by": violation.correct_by,
        "appeal_by": violation.appeal_by,
        "expires_at": violation.expires_at,
        "source": violation.source,
        "recorded_at": violation.recorded_at,
        **(fields or {}),
    }


class StoreIn(Strict):
    name = serializers.CharField(max_length=120)
    marketplace = serializers.ChoiceField(choices=Store.Marketplace.choices)
    market = serializers.ChoiceField(choices=sorted(markets.MARKETS))
    seller_type = serializers.ChoiceField(choices=Store.SellerType.choices, required=False)
    time_zone = serializers.CharField(max_length=40, required=False)
    external_id = serializers.CharField(max_length=64, required=False, allow_blank=True)
    client = serializers.CharField(max_length=120, required=False, allow_null=True)
    groups = serializers.ListField(
        child=serializers.CharField(max_length=80), required=False, max_length=50
    )

    def validate_time_zone(self, value: str) -> str:
        if not markets.is_zone(value):
            raise serializers.ValidationError("Name an IANA time zone, as Asia/Bangkok.")
        return value

    def validate_client(self, value: str | None) -> Client | None:
        if value is None:
            return None
        client = Client.objects.filter(name=value).first()
        if client is None:
            raise serializers.ValidationError("No client has this name.", code="does_not_exist")
        return client

    def validate_groups(self, value: list[str]) -> list[StoreGroup]:
        groups = list(StoreGroup.objects.filter(name__in=value))
        missing = sorted(set(value) - {group.name for group in groups})
        if missing:
            raise serializers.ValidationError(f"No group is named {missing[0]}.")
        return groups


class StoreOut(serializers.Serializer[Any]):
    """For the schema: what ``store_json`` gives with the fields of higher rooms."""

    id = serializers.CharField()
    name = serializers.CharField()
    marketplace = serializers.ChoiceField(choices=Store.Marketplace.choices)
    market = serializers.CharField()
    seller_type = serializers.ChoiceField(choices=Store.SellerType.choices)
    time_zone = serializers.CharField()
    external_id = serializers.CharField()
    client = serializers.CharField(allow_null=True)
    groups = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(choices=Store.State.choices)
    created_at = serializers.DateTimeField()
    rating = serializers.IntegerField(allow_null=True)
    band = serializers.CharField()
    standing = serializers.CharField()


class ReadingIn(Strict):
    store = StoreField()
    metric = serializers.ChoiceField(choices=sorted(metrics.METRICS))
    value = serializers.DecimalField(max_digits=16, decimal_places=4)
    measured_at = MomentField()
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)
    source = serializers.ChoiceField(choices=["integration"], required=False)  # type: ignore[assignment]


class ReadingOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    store = serializers.CharField()
    metric = serializers.CharField()
    value = serializers.FloatField()
    measured_at = serializers.DateTimeField()
    source = serializers.ChoiceField(choices=Reading.Source.choices)  # type: ignore[assignment]
    recorded_at = serializers.DateTimeField()
    note = serializers.CharField()


class SyncRunOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    store = serializers.CharField()
    data = serializers.ChoiceField(  # type: ignore[assignment] # what the row calls it
        choices=[(code, kind.label) for code, kind in DATA.items()]
    )
    state = serializers.ChoiceField(choices=SyncRun.State.choices)
    is_first = serializers.BooleanField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    expected = serializers.IntegerField(allow_null=True, help_text="How many rows, where told.")
    fetched = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="How many of them were new or changed.")
    problem = serializers.CharField(help_text="The code of what stood in the way, else empty.")
    detail = serializers.CharField(help_text="The same in words.")
    request_id = serializers.CharField(help_text="The marketplace's own, for its support.")


class ViolationIn(Strict):
    store = StoreField()
    reference = serializers.CharField(max_length=64, required=False, allow_null=True)
    rule = serializers.CharField(max_length=60, required=False)
    subject = serializers.CharField(max_length=300, required=False, allow_blank=True)
    points = serializers.IntegerField(
        min_value=-_INT,
        max_value=_INT,
        required=False,
        allow_null=True,
        help_text="Signed as in the ledger: <= 0, a warning takes 0; leave out what nobody tells.",
    )
    points_range = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=1000),
        min_length=2,
        max_length=2,
        required=False,
        allow_null=True,
        help_text="Fewest and most that it takes, without a sign.",
    )
    state = serializers.ChoiceField(choices=Violation.State.choices, required=False)
    reported_at = MomentField(required=False)
    enforced_at = MomentField(required=False, allow_null=True)
    correct_by = MomentField(required=False, allow_null=True)
    appeal_by = MomentField(required=False, allow_null=True)
    expires_at = MomentField(required=False, allow_null=True)

    def facts(self) -> dict[str, Any]:
        """Return the clean values as the service takes them, the store left out."""
        values = {name: value for name, value in self.validated_data.items() if name != "store"}
        if "points_range" in values:
            low, high = values.pop("points_range") or (None, None)
            values |= {"points_low": low, "points_high": high}
        return values


class UnknownRuleOut(serializers.Serializer[Any]):
    """A rule that no rulebook of the store knows; nothing is estimated from it."""

    rulebook = serializers.CharField(help_text="The rulebook that was asked.")
    near = serializers.ListField(
        child=serializers.CharField(), help_text="Its rules that are spelled alike, best first."
    )
    detail = serializers.CharField(help_text="The same in words.")


class ViolationOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    store = serializers.CharField()
    reference = serializers.CharField(allow_null=True)
    rule = serializers.CharField()
    unknown_rule = UnknownRuleOut(allow_null=True)
    subject = serializers.CharField()
    points = serializers.IntegerField(
        allow_null=True, help_text="Signed as in the ledger: <= 0; null where nobody tells."
    )
    points_range = serializers.ListField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="Fewest and most that it takes, without a sign.",
    )
    state = serializers.ChoiceField(choices=Violation.State.choices)
    reported_at = serializers.DateTimeField()
    enforced_at = serializers.DateTimeField(allow_null=True)
    correct_by = serializers.DateTimeField(allow_null=True)
    appeal_by = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]
    recorded_at = serializers.DateTimeField()
    rating = serializers.IntegerField(allow_null=True)
    band = serializers.CharField()
    standing = serializers.CharField()
