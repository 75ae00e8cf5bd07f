"""Cancellations, returns and disputes in lists."""

from uuid import UUID

from django.db.models import Case, CharField, QuerySet, TextChoices, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from stores.models import AfterSale
from stores.selectors.fetched import (
    IN_DISPUTE,
    UNDATED,
    WAITS_FOR_SELLER,
    newest_first,
    soonest_first,
)
from stores.selectors.notices import Place


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
    return soonest_first(
        found.annotate(due_at=Coalesce("answer_by", Value(UNDATED))), "due_at", after
    )


def all_cases(store_id: UUID, after: Place | None) -> QuerySet[AfterSale]:
    """Return all cases, newest first, after a place."""
    return newest_first(with_state(AfterSale.objects.filter(store=store_id)), "made_at", after)
