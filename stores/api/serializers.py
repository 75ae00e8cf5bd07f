"""What the API takes and gives about stores, readings and violations."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from rest_framework import serializers

from stores import markets, metrics, problems, rules
from stores.api.fields import MomentField, NameField, StoreField, Strict
from stores.data_kinds import DATA
from stores.mailin.pasted import LONGEST
from stores.models import (
    AfterSale,
    BalanceEntry,
    Client,
    Connection,
    Forwarding,
    Notice,
    Order,
    Product,
    Reading,
    Store,
    StoreGroup,
    SyncRun,
    Violation,
)
from stores.selectors import mail_flow
from stores.selectors.after_sales import CaseState
from stores.selectors.balance import EntryState
from stores.selectors.forwardings import RouteState
from stores.selectors.freshness import FRESHNESS, DataState
from stores.selectors.packages import PackageState
from stores.selectors.stock import LEVELS

_INT = 2_147_483_647
ORDER_FIELDS = (
    "external_id",
    "status",
    "is_overdue",
    "is_on_hold",
    "is_cancel_asked",
    "placed_at",
    "changed_at",
    "rts_due_at",
    "rts_at",
    "tts_due_at",
    "shipping_due_at",
    "collection_due_at",
    "collected_at",
    "delivery_due_at",
    "delivered_at",
    "completed_at",
    "cancel_due_at",
)


def store_json(
    store: Store, states: Sequence[DataState], fields: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a store as the API shows it; ``fields`` come from higher rooms by slot."""
    connection = getattr(store, "connection", None)
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
        "connection": {
            "state": connection.state if connection else "none",
            "authorized_until": connection.refresh_expires_at
            if connection and connection.is_live
            else None,
            "pushes_since": connection.pushes_at if connection else None,
            "problem": connection.problem if connection else "",
            "detail": str(problems.text(connection.problem)) if connection else "",
        },
        "data": [_data_json(state) for state in states],
        **(fields or {}),
    }


def _data_json(state: DataState) -> dict[str, Any]:
    return {
        "data": state.kind.code,
        "state": state.freshness.state,
        "is_blind": state.freshness.is_blind,
        "whole_at": state.freshness.seen_at,
        "next_at": state.due_at,
        "problem": state.freshness.problem,
        "detail": state.freshness.words,
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


def sync_run_json(run: Any) -> dict[str, Any]:
    """Return a ``SyncRun`` with its next try; the problem has words in the reader's language."""
    return {
        "id": str(run.pk),
        "store": str(run.store_id),
        "data": run.data,
        "state": run.state,
        "is_first": run.is_first,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "next_try_at": run.next_try_at,
        "expected": run.expected,
        "fetched": run.fetched,
        "changed": run.changed,
        "problem": run.problem,
        "detail": str(problems.text(run.problem)),
        "request_id": run.request_id,
    }


def mail_route_json(state: RouteState) -> dict[str, Any]:
    """Return an address as the API shows it; codes of its forwardings are for the page alone."""
    store_id = state.route.store_id
    return {
        "address": f"{state.route.local_part}@{settings.MAILIN_DOMAIN}",
        "store": str(store_id) if store_id else None,
        "state": state.flow.state,
        "last_mail_at": state.last_mail_at,
        "heard_at": state.flow.since,
        "forwardings": [
            {
                name: getattr(row, name)
                for name in ("provider", "mailbox", "state", "asked_at", "confirmed_at")
            }
            for row in state.forwardings
        ],
    }


def notice_json(notice: Notice) -> dict[str, Any]:
    """Return a notice as the API shows it, without its words; ``reason`` is why it waits."""
    return {
        "id": str(notice.pk),
        "store": str(notice.store_id) if notice.store_id else None,
        "channel": notice.channel,
        "kind": notice.kind,
        "trust": notice.trust,
        "state": notice.state,
        "reason": notice.reason,
        "subject": notice.subject,
        "sent_at": notice.sent_at,
        "received_at": notice.received_at,
        "did": [done["did"] for done in notice.did],
    }


def order_json(order: Any) -> dict[str, Any]:
    """Return an ``Order`` as the API shows it, with whether it is overdue; nothing of its buyer."""
    return {
        "id": str(order.pk),
        "store": str(order.store_id),
        **{name: getattr(order, name) for name in ORDER_FIELDS},
        "amount": _amount(order.amount),
        "currency": order.currency,
    }


def package_json(package: Any) -> dict[str, Any]:
    """Return a ``Package`` with its state and deadline as the API shows it."""
    return {
        "id": str(package.pk),
        "store": str(package.store_id),
        "external_id": package.external_id,
        "state": package.state,
        "status": package.status,
        "order_id": package.order_id,
        "orders": package.orders,
        "due_at": package.due_at,
        "made_at": package.made_at,
        "changed_at": package.changed_at,
    }


def after_sale_json(case: Any) -> dict[str, Any]:
    """Return an ``AfterSale`` with its state as the API shows it; codes are the marketplace's."""
    return {
        "id": str(case.pk),
        "store": str(case.store_id),
        "external_id": case.external_id,
        "kind": case.kind,
        "state": case.state,
        "order_id": case.order_id,
        "type": case.type,
        "status": case.status,
        "dispute": case.dispute,
        "asked_by": case.asked_by,
        "next_act": case.next_act,
        "answer_by": case.answer_by,
        "amount": _amount(case.amount),
        "currency": case.currency,
        "made_at": case.made_at,
        "changed_at": case.changed_at,
    }


def stock_json(stock: Any, product: Product | None) -> dict[str, Any]:
    """Return a ``SkuStock`` with its state, and its product where that is known."""
    return {
        "id": str(stock.pk),
        "store": str(stock.store_id),
        "external_id": stock.external_id,
        "seller_sku": stock.seller_sku,
        "state": stock.state,
        "available": stock.available,
        "committed": stock.committed,
        "safety_stock": stock.floor,
        "confirmed_at": stock.confirmed_at,
        "product": {
            "external_id": stock.product_id,
            "title": product.title if product else None,
            "status": product.status if product else None,
            "audit_status": product.audit_status if product else None,
            "audit_failures": product.failures if product else [],
        },
    }


def balance_entry_json(entry: Any) -> dict[str, Any]:
    """Return a ``BalanceEntry`` with its state; type and status are the marketplace's codes."""
    return {
        "id": str(entry.pk),
        "store": str(entry.store_id),
        "external_id": entry.external_id,
        "kind": entry.kind,
        "state": entry.state,
        "is_policy_deduction": entry.is_policy_deduction,
        "type": entry.type,
        "status": entry.status,
        "amount": _amount(entry.amount),
        "currency": entry.currency,
        "made_at": entry.made_at,
        "paid_at": entry.paid_at,
        "seen_at": entry.seen_at,
    }


def _amount(amount: Decimal | None) -> str | None:
    """Return an amount as text, so that nothing rounds it, without zeros that say nothing."""
    return None if amount is None else format(amount.normalize(), "f")


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
    name = NameField(max_length=120)
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


class ConnectionOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        choices=[("none", "Never connected"), *Connection.State.choices]
    )
    authorized_until = serializers.DateTimeField(allow_null=True)
    pushes_since = serializers.DateTimeField(
        allow_null=True, help_text="Since when the marketplace pushes what happens."
    )
    problem = serializers.CharField(help_text="The code of what stands in the way, else empty.")
    detail = serializers.CharField(help_text="The same in words.")


class DataStateOut(serializers.Serializer[Any]):
    """How fresh one kind of a store's data is."""

    data = serializers.ChoiceField(  # type: ignore[assignment] # what the run calls it
        choices=[(code, kind.label) for code, kind in DATA.items()]
    )
    state = serializers.ChoiceField(choices=FRESHNESS)
    is_blind = serializers.BooleanField(help_text="Not known as freshly as it should be.")
    whole_at = serializers.DateTimeField(allow_null=True, help_text="When it last was whole.")
    next_at = serializers.DateTimeField(allow_null=True, help_text="When it is fetched next.")
    problem = serializers.CharField(help_text="The code of what stands in the way, else empty.")
    detail = serializers.CharField(help_text="The same in words.")


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
    connection = ConnectionOut()
    data = DataStateOut(many=True, help_text="Empty where nothing can be fetched.")  # type: ignore[assignment]
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
    next_try_at = serializers.DateTimeField(
        allow_null=True, help_text="When a run that waits goes on, else null."
    )
    expected = serializers.IntegerField(allow_null=True, help_text="How many rows, where told.")
    fetched = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="How many of them were new or changed.")
    problem = serializers.CharField(help_text="The code of what stood in the way, else empty.")
    detail = serializers.CharField(help_text="The same in words.")
    request_id = serializers.CharField(help_text="The marketplace's own, for its support.")


class MailboxOut(serializers.Serializer[Any]):
    provider = serializers.CharField(help_text="Who keeps the mailbox: gmail, outlook, qq, …")
    mailbox = serializers.CharField(help_text="Its address; empty where it was not told.")
    state = serializers.ChoiceField(choices=Forwarding.State.choices)
    asked_at = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)


class MailRouteOut(serializers.Serializer[Any]):
    address = serializers.CharField()
    store = serializers.CharField(allow_null=True, help_text="Null: the agency's own address.")
    state = serializers.ChoiceField(
        choices=mail_flow.STATES,
        help_text="Quiet: it relied on mail, and none has come for 48 hours.",
    )
    last_mail_at = serializers.DateTimeField(allow_null=True, help_text="Any mail, spoofed too.")
    heard_at = serializers.DateTimeField(
        allow_null=True, help_text="When a believed mail or a test last reached the store."
    )
    forwardings = MailboxOut(many=True)


class NoticeOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    store = serializers.CharField(allow_null=True, help_text="Null where it is not clear.")
    channel = serializers.CharField(help_text="mail, paste or file")
    kind = serializers.ChoiceField(
        choices=Notice.Kind.choices, allow_blank=True, help_text="Empty where it was not read."
    )
    trust = serializers.ChoiceField(choices=Notice.Trust.choices)
    state = serializers.ChoiceField(choices=Notice.State.choices)
    reason = serializers.CharField(help_text="The code of why it waits, else empty.")
    subject = serializers.CharField()
    sent_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()
    did = serializers.ListField(
        child=serializers.CharField(), help_text="Codes of what acting on it wrote."
    )


class PasteIn(Strict):
    text = serializers.CharField(max_length=LONGEST)
    store = StoreField(required=False, help_text="Where the text does not name its store.")
    write = serializers.BooleanField(
        default=False, help_text="Else it is only looked over, and nothing is written."
    )


class PastedOut(serializers.Serializer[Any]):
    store = serializers.CharField(allow_null=True)
    subject = serializers.CharField()
    kind = serializers.ChoiceField(choices=Notice.Kind.choices, allow_blank=True)
    reason = serializers.CharField(help_text="The code of why it stays out, else empty.")
    did = serializers.ListField(
        child=serializers.CharField(), help_text="Codes of what is or would be written."
    )


class PasteOut(serializers.Serializer[Any]):
    is_written = serializers.BooleanField()
    notices = PastedOut(many=True)


class OrderOut(serializers.ModelSerializer[Order]):
    is_overdue = serializers.BooleanField(help_text="Not ready to ship, though it should be.")
    amount = serializers.CharField(allow_null=True, help_text="A decimal as text.")

    class Meta:
        model = Order
        fields = ("id", "store", *ORDER_FIELDS, "amount", "currency")


class PackageOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    store = serializers.CharField()
    external_id = serializers.CharField(help_text="The marketplace's own number of the package.")
    state = serializers.ChoiceField(choices=PackageState.choices)
    status = serializers.CharField(help_text="The marketplace's own code.")
    order_id = serializers.CharField(help_text="The first order in it.")
    orders = serializers.IntegerField(help_text="How many orders are in it.")
    due_at = serializers.DateTimeField(
        allow_null=True, help_text="When the carrier has to have it, by its first order."
    )
    made_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()


class AfterSaleOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    store = serializers.CharField()
    external_id = serializers.CharField(help_text="The marketplace's own number of the case.")
    kind = serializers.ChoiceField(choices=AfterSale.Kind.choices)
    state = serializers.ChoiceField(choices=CaseState.choices, help_text="Whose turn it is.")
    order_id = serializers.CharField()
    type = serializers.CharField(help_text="The marketplace's own code.")
    status = serializers.CharField(help_text="The marketplace's own code.")
    dispute = serializers.CharField(help_text="The arbitration's status, else empty.")
    asked_by = serializers.CharField(help_text="BUYER, SELLER, ..., as the marketplace says.")
    next_act = serializers.CharField(help_text="What the seller has to do, else empty.")
    answer_by = serializers.DateTimeField(allow_null=True, help_text="And until when.")
    amount = serializers.CharField(allow_null=True, help_text="The refund, a decimal as text.")
    currency = serializers.CharField()
    made_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()


class AuditFailureOut(serializers.Serializer[Any]):
    position = serializers.CharField(help_text="The part of the product.")
    reasons = serializers.ListField(child=serializers.CharField())


class ProductOut(serializers.Serializer[Any]):
    external_id = serializers.CharField(help_text="The marketplace's own number of the product.")
    title = serializers.CharField(allow_null=True)
    status = serializers.CharField(allow_null=True, help_text="The marketplace's own code.")
    audit_status = serializers.CharField(allow_null=True, help_text="The marketplace's own code.")
    audit_failures = AuditFailureOut(many=True)


class StockOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    store = serializers.CharField()
    external_id = serializers.CharField(help_text="The marketplace's own number of the SKU.")
    seller_sku = serializers.CharField()
    state = serializers.ChoiceField(choices=[(name, level.label) for name, level in LEVELS.items()])
    available = serializers.IntegerField()
    committed = serializers.IntegerField()
    safety_stock = serializers.IntegerField(allow_null=True, help_text="So few are too few.")
    confirmed_at = serializers.DateTimeField()
    product = ProductOut()


class BalanceEntryOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    store = serializers.CharField()
    external_id = serializers.CharField(help_text="The marketplace's own number of the entry.")
    kind = serializers.ChoiceField(choices=BalanceEntry.Kind.choices)
    state = serializers.ChoiceField(choices=EntryState.choices)
    is_policy_deduction = serializers.BooleanField()
    type = serializers.CharField(help_text="The marketplace's own code.")
    status = serializers.CharField(help_text="The marketplace's own code.")
    amount = serializers.CharField(
        allow_null=True, help_text="A decimal as text; what is taken from the store is negative."
    )
    currency = serializers.CharField()
    made_at = serializers.DateTimeField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)
    seen_at = serializers.DateTimeField(help_text="When the entry first came.")


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
