"""What the fetched rows of a store say about its health, by metric; None: not known."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, F, Max, Min, PositiveIntegerField, Q, Sum, Value
from django.db.models.functions import Coalesce

from stores.models import AfterSale, BalanceEntry, Conversation, Product, SkuStock, Store

ON_SALE: Final = "ACTIVATE"
AUDIT_FAILED: Final = "FAILED"
DEDUCTION_WINDOW: Final = timedelta(days=30)
_TAKEN_OFF: Final = ("PLATFORM_DEACTIVATED", "FREEZE", "FAILED")
_GONE: Final = "DELETED"
_IN_DISPUTE: Final = "IN_PROGRESS"
_PAID: Final = ("PAID", "SUCCESS")
_WITHDRAWAL: Final = "WITHDRAW"
_PLATFORMS_OWN: Final = "TRANSFER"  # subsidies, and deductions due to policies

Counts = Mapping[str, int | None]


def measure_returns(store: Store, _at: datetime) -> Counts:
    found = AfterSale.objects.filter(store=store.pk, kind=AfterSale.Kind.RETURN).aggregate(
        disputes=Count("pk", filter=Q(dispute=_IN_DISPUTE)),
        waiting=Count("pk", filter=~Q(next_act="")),
    )
    return {"open_disputes": found["disputes"], "returns_waiting": found["waiting"]}


def measure_conversations(store: Store, _at: datetime) -> Counts:
    found = Conversation.objects.filter(store=store.pk).aggregate(unread=Sum("unread"))
    return {"unread_messages": found["unread"] or 0}


def measure_products(store: Store, _at: datetime) -> Counts:
    has_problem = Q(status__in=_TAKEN_OFF) | Q(audit_status=AUDIT_FAILED) | Q(skus_taken_off__gt=0)
    listed = Product.objects.filter(store=store.pk).exclude(status=_GONE)
    return {"listing_problems": listed.filter(has_problem).count()}


def measure_stock(store: Store, _at: datetime) -> Counts:
    """Count SKUs on sale; which are low nobody knows before a safety stock is set."""
    floor = Coalesce("safety", Value(store.safety_stock, output_field=PositiveIntegerField()))
    found = (
        SkuStock.objects.filter(store=store.pk)
        .annotate(floor=floor)
        .aggregate(
            out=Count("pk", filter=Q(available=0)),
            watched=Count("pk", filter=Q(floor__isnull=False)),
            low=Count("pk", filter=Q(available__gt=0, available__lte=F("floor"))),
        )
    )
    return {
        "out_of_stock": found["out"],
        "low_stock": found["low"] if found["watched"] else None,
    }


def measure_statements(store: Store, at: datetime) -> Counts:
    """Return the age in days of the oldest statement not paid out; 0 where all are."""
    unpaid = BalanceEntry.objects.filter(store=store.pk, kind=BalanceEntry.Kind.STATEMENT)
    oldest = unpaid.exclude(status__in=_PAID).aggregate(at=Min("made_at"))["at"]
    return {"unpaid_statement_days": _days(oldest, at) or 0}


def measure_withdrawals(store: Store, at: datetime) -> Counts:
    found = BalanceEntry.objects.filter(
        store=store.pk, kind=BalanceEntry.Kind.WITHDRAWAL
    ).aggregate(
        last=Max("made_at", filter=Q(type=_WITHDRAWAL, status__in=_PAID)),
        deductions=Count(
            "pk",
            filter=Q(type=_PLATFORMS_OWN, amount__lt=0, made_at__gt=at - DEDUCTION_WINDOW)
            | Q(type__contains="DEDUCTION", made_at__gt=at - DEDUCTION_WINDOW),
        ),
    )
    return {
        "days_since_withdrawal": _days(found["last"], at),
        "policy_deductions": found["deductions"],
    }


def _days(since: datetime | None, at: datetime) -> int | None:
    return None if since is None else max(0, (at - since).days)
