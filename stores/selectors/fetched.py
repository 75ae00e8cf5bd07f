"""What the fetched rows of a store say about its health, by metric; None: not known.

And how their lists go on, page after page.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from django.db.models import Count, F, Max, Min, Model, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from stores.models import AfterSale, BalanceEntry, Conversation, Product, SkuStock, Store
from stores.selectors.notices import Place

M = TypeVar("M", bound=Model)

ON_SALE: Final = "ACTIVATE"
AUDIT_FAILED: Final = "FAILED"
DEDUCTION_WINDOW: Final = timedelta(days=30)
_TAKEN_OFF: Final = ("PLATFORM_DEACTIVATED", "FREEZE", "FAILED")
_GONE: Final = "DELETED"
PAID: Final = ("PAID", "SUCCESS")
_WITHDRAWAL: Final = "WITHDRAW"
_PLATFORMS_OWN: Final = "TRANSFER"  # subsidies, and deductions due to policies

# Conditions of rows, which what is counted and what is listed share.
IN_DISPUTE: Final = Q(dispute="IN_PROGRESS")
WAITS_FOR_SELLER: Final = ~Q(next_act="")
LISTED: Final = ~Q(status=_GONE)
HAS_PROBLEM: Final = (
    Q(status__in=_TAKEN_OFF) | Q(audit_status=AUDIT_FAILED) | Q(skus_taken_off__gt=0)
)
_PENALTY: Final = "PLATFORM_PENALTY"  # what files of income call it
POLICY_DEDUCTION: Final = (
    Q(kind=BalanceEntry.Kind.WITHDRAWAL)
    & (Q(type=_PLATFORMS_OWN, amount__lt=0) | Q(type__contains="DEDUCTION"))
) | Q(kind=BalanceEntry.Kind.SETTLEMENT, type=_PENALTY)
# So few units are too few; None: nobody has said.
SAFETY: Final = Coalesce("safety", "store__safety_stock")

UNDATED: Final = datetime(9999, 12, 30, tzinfo=UTC)  # comes after whatever has a deadline

Counts = Mapping[str, int | None]


def measure_returns(store: Store, _at: datetime) -> Counts:
    found = AfterSale.objects.filter(store=store.pk, kind=AfterSale.Kind.RETURN).aggregate(
        disputes=Count("pk", filter=IN_DISPUTE),
        waiting=Count("pk", filter=WAITS_FOR_SELLER),
    )
    return {"open_disputes": found["disputes"], "returns_waiting": found["waiting"]}


def measure_conversations(store: Store, _at: datetime) -> Counts:
    found = Conversation.objects.filter(store=store.pk).aggregate(unread=Sum("unread"))
    return {"unread_messages": found["unread"] or 0}


def measure_products(store: Store, _at: datetime) -> Counts:
    found = Product.objects.filter(LISTED, HAS_PROBLEM, store=store.pk)
    return {"listing_problems": found.count()}


def measure_stock(store: Store, _at: datetime) -> Counts:
    """Count SKUs on sale; which are low nobody knows before a safety stock is set."""
    found = (
        SkuStock.objects.filter(store=store.pk)
        .annotate(floor=SAFETY)
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
    oldest = unpaid.exclude(status__in=PAID).aggregate(at=Min("made_at"))["at"]
    return {"unpaid_statement_days": _days(oldest, at) or 0}


def measure_withdrawals(store: Store, at: datetime) -> Counts:
    found = BalanceEntry.objects.filter(
        store=store.pk, kind=BalanceEntry.Kind.WITHDRAWAL
    ).aggregate(
        last=Max("made_at", filter=Q(type=_WITHDRAWAL, status__in=PAID)),
        deductions=Count("pk", filter=POLICY_DEDUCTION & Q(made_at__gt=at - DEDUCTION_WINDOW)),
    )
    return {
        "days_since_withdrawal": _days(found["last"], at),
        "policy_deductions": found["deductions"],
    }


def soonest_first(rows: QuerySet[M], field: str, place: Place | None) -> QuerySet[M]:
    """Return rows after a place, the earliest ``field`` first."""
    if place is not None:
        same = Q(**{field: place.at}, id__gt=place.id)
        rows = rows.filter(Q(**{f"{field}__gt": place.at}) | same)
    return rows.order_by(field, "id")


def newest_first(rows: QuerySet[M], field: str, place: Place | None) -> QuerySet[M]:
    """Return rows after a place, the latest ``field`` first."""
    if place is not None:
        same = Q(**{field: place.at}, id__lt=place.id)
        rows = rows.filter(Q(**{f"{field}__lt": place.at}) | same)
    return rows.order_by(f"-{field}", "-id")


def _days(since: datetime | None, at: datetime) -> int | None:
    return None if since is None else max(0, (at - since).days)
