"""Packages: which still wait for the carrier, and until when they may."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Least
from django.utils.translation import gettext_lazy as _

from stores.models import Order, Package
from stores.selectors.fetched import UNDATED, newest_first, soonest_first
from stores.selectors.notices import Place


class PackageState(TextChoices):
    """Where a package is."""

    WAITING = "waiting", _("Waits for the carrier")
    UNDER_WAY = "under_way", _("With the carrier")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")
    OTHER = "other", _("Unknown")


# Source: TikTok Shop Partner Center, "Search Package", as of September 2026.
_STATES: Final = (
    ("PROCESSING", PackageState.WAITING),
    ("FULFILLING", PackageState.UNDER_WAY),
    ("COMPLETED", PackageState.DELIVERED),
    ("CANCELLED", PackageState.CANCELLED),
)
_WAITS: Final = Q(status="PROCESSING")


def with_state(packages: QuerySet[Package]) -> QuerySet[Package]:
    """Annotate each package with its ``state``, a ``PackageState``, and its ``due_at``.

    That is when the carrier has to have it, None where it has it or nobody tells: the deadline
    of its first order.
    """
    state = Case(
        *(When(status=status, then=Value(state.value)) for status, state in _STATES),
        default=Value(PackageState.OTHER.value),
        output_field=CharField(),
    )
    order = Order.objects.filter(store=OuterRef("store"), external_id=OuterRef("order_id"))
    due_at = Subquery(order.values(due=Least("tts_due_at", "collection_due_at"))[:1])
    return packages.annotate(state=state, due_at=Case(When(_WAITS, then=due_at)))


def packages_due(
    store_id: UUID, place: Place | None, *, until: datetime | None
) -> QuerySet[Package]:
    """Return the packages that wait for the carrier after a place, the soonest deadline first.

    What has none comes last; each row's place is its ``listed_at``. Only those whose deadline has
    come by ``until``, where that is given.
    """
    found: QuerySet[Any] = with_state(Package.objects.filter(_WAITS, store=store_id))
    if until is not None:
        found = found.filter(due_at__lte=until)
    return soonest_first(
        found.annotate(listed_at=Coalesce("due_at", Value(UNDATED))), "listed_at", place
    )


def all_packages(store_id: UUID, place: Place | None) -> QuerySet[Package]:
    """Return all packages after a place, newest first."""
    return newest_first(with_state(Package.objects.filter(store=store_id)), "made_at", place)
