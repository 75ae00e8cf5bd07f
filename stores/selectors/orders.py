"""What a store's orders say about its health, and what of them waits for the seller."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import BooleanField, Case, Count, F, Max, Q, QuerySet, When
from django.db.models.functions import Least

from stores.models import Order
from stores.selectors.fetched import newest_first, soonest_first
from stores.selectors.notices import Place

# Those that TikTok Shop documents; an order may have one that came later.
STATUSES: Final = (
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
)
LATE_WINDOW: Final = timedelta(days=7)
CANCEL_WINDOW: Final = timedelta(days=30)
_CANCELLED: Final = "CANCELLED"
_OVER: Final = (_CANCELLED, "COMPLETED", "DELIVERED")
_WITH_CARRIER: Final = (*_OVER, "IN_TRANSIT")
_WAITS: Final = Q(rts_at=None, is_on_hold=False)
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class OrderHealth:
    """Counts and rates at one moment; None: nothing to tell it by."""

    overdue: int
    cancel_requests: int
    rts_failures: int
    late_rate: Decimal | None
    seller_cancel_rate: Decimal | None
    days_inactive: int | None


def overdue(at: datetime) -> Q:
    """Return the condition of orders that should have been ready to ship by ``at``."""
    return _WAITS & Q(rts_due_at__lte=at) & ~Q(status__in=_OVER)


def with_overdue(orders: QuerySet[Order], *, at: datetime) -> QuerySet[Order]:
    """Annotate each order with ``is_overdue``."""
    is_overdue = Case(When(overdue(at), then=True), default=False, output_field=BooleanField())
    return orders.annotate(is_overdue=is_overdue)


def with_deadline(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Annotate each order with what the seller has to do until when, each None where it is not.

    ``answer_by`` is about a buyer's wish to cancel, ``ready_by`` about making ready to ship,
    ``hand_over_by`` about handing to the carrier; ``due_at`` is the soonest of them.
    """
    asked = ~Q(status__in=_OVER) & Q(is_cancel_asked=True)
    packed = ~Q(status__in=_WITH_CARRIER) & Q(rts_at__isnull=False, collected_at=None)
    return orders.annotate(
        answer_by=Case(When(asked, then="cancel_due_at")),
        ready_by=Case(When(_WAITS & ~Q(status__in=_WITH_CARRIER), then="rts_due_at")),
        hand_over_by=Case(When(packed, then=Least("tts_due_at", "collection_due_at"))),
    ).annotate(due_at=Least("answer_by", "ready_by", "hand_over_by"))


def orders_due(store_id: UUID, place: Place | None, *, until: datetime | None) -> QuerySet[Order]:
    """Return the orders that wait for the seller after a place, the soonest deadline first.

    Only those whose deadline has come by ``until``, where that is given.
    """
    found: QuerySet[Any] = with_deadline(Order.objects.filter(store=store_id))
    found = found.filter(due_at__isnull=False)
    if until is not None:
        found = found.filter(due_at__lte=until)
    return soonest_first(found, "due_at", place)


def all_orders(store_id: UUID, place: Place | None) -> QuerySet[Order]:
    """Return all orders after a place, newest first."""
    found = with_deadline(Order.objects.filter(store=store_id))
    return newest_first(found, "placed_at", place)


def order_health(store_id: UUID, *, at: datetime) -> OrderHealth:
    """Return a store's order health in one query.

    Late dispatch is told by "ready to ship" against its deadline: the carrier's own scan, which
    some markets count, is not among an order's fields.
    """
    was_cancelled = Q(status=_CANCELLED)
    by_buyer = was_cancelled & ~Q(cancelled_by__in=("SELLER", "SYSTEM"))
    due = Q(rts_due_at__gt=at - LATE_WINDOW, rts_due_at__lte=at, is_on_hold=False) & ~by_buyer
    recent = Q(placed_at__gt=at - CANCEL_WINDOW)
    # The marketplace cancels for the seller what she did not make ready in time.
    let_lapse = Q(cancelled_by="SYSTEM", rts_at=None, rts_due_at__lte=at)
    found = Order.objects.filter(store=store_id).aggregate(
        overdue=Count("pk", filter=overdue(at)),
        cancel_requests=Count("pk", filter=Q(is_cancel_asked=True) & ~Q(status__in=_OVER)),
        rts_failures=Count("pk", filter=due & Q(rts_at=None)),
        due=Count("pk", filter=due),
        late=Count("pk", filter=due & (Q(rts_at=None) | Q(rts_at__gt=F("rts_due_at")))),
        recent=Count("pk", filter=recent),
        cancelled=Count(
            "pk", filter=recent & was_cancelled & (Q(cancelled_by="SELLER") | let_lapse)
        ),
        active_at=Max("rts_at"),
    )
    active_at: datetime | None = found["active_at"]
    return OrderHealth(
        overdue=found["overdue"],
        cancel_requests=found["cancel_requests"],
        rts_failures=found["rts_failures"],
        late_rate=_rate(found["late"], found["due"]),
        seller_cancel_rate=_rate(found["cancelled"], found["recent"]),
        days_inactive=None if active_at is None else max(0, (at - active_at).days),
    )


def _rate(part: int, whole: int) -> Decimal | None:
    return round(_HUNDRED * part / whole, 2) if whole else None
