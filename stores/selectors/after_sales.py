"""Cancellations, returns and disputes in lists."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db.models import Case, CharField, Q, QuerySet, TextChoices, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from stores.models import AfterSale
from stores.selectors.fetched import IN_DISPUTE, WAITS_FOR_SELLER
from stores.selectors.notices import Place

_UNDATED: Final = datetime(9999, 12, 30, tzinfo=UTC)  # after whatever has a deadline


class CaseState(TextChoices):
    """Whose turn it is."""

    WAITING = "waiting", _("Waits for the seller")
    DISPUTED = "disputed", _("In dispute")
    OTHER = "other", _("Nothing to do")


def with_state(cases: QuerySet[AfterSale]) -> QuerySet[AfterSale]:
    """Annotate each case with its ``state``, a ``CaseState``."""
    state = Case(
        When(WAITS_FOR_SELLER, then=Value(CaseState.WAITING.value)),
        When(IN_DISPUTE, then=Value(CaseState.DISPUTED.value)),
        default=Value(CaseState.OTHER.value),
        output_field=CharField(),
    )
    return cases.annotate(state=state)


def open_cases(store_id: UUID, after: Place | None) -> QuerySet[AfterSale]:
    """Return what waits for the seller or is in dispute, after a place.

    The soonest deadline comes first, what has none last; each row's is also its ``due_at``.
    """
    found = with_state(AfterSale.objects.filter(WAITS_FOR_SELLER | IN_DISPUTE, store=store_id))
    found = found.annotate(due_at=Coalesce("answer_by", Value(_UNDATED)))
    if after is not None:
        found = found.filter(Q(due_at__gt=after.at) | Q(due_at=after.at, id__gt=after.id))
    return found.order_by("due_at", "id")


def all_cases(store_id: UUID, after: Place | None) -> QuerySet[AfterSale]:
    """Return all cases, newest first, after a place."""
    found = with_state(AfterSale.objects.filter(store=store_id))
    if after is not None:
        found = found.filter(Q(made_at__lt=after.at) | Q(made_at=after.at, id__lt=after.id))
    return found.order_by("-made_at", "-id")
