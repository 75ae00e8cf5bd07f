"""What a store's orders say about its health."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import BooleanField, Case, Count, F, Max, Q, QuerySet, When

from stores.models import Order

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
