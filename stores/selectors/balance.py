"""What moves a store's balance with its marketplace, in lists."""

from typing import Final
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Q,
    QuerySet,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from stores.models import BalanceEntry
from stores.selectors.fetched import PAID, POLICY_DEDUCTION, newest_first
from stores.selectors.notices import Place


class EntryState(TextChoices):
    """Where the money is."""

    UNSETTLED = "unsettled", _("Not settled")
    UNPAID = "unpaid", _("Unpaid")
    PAID = "paid", _("Paid")


UNSETTLED: Final = Q(kind=BalanceEntry.Kind.UNSETTLED)
UNPAID: Final = ~UNSETTLED & ~Q(status__in=PAID)
_STATE: Final = Case(
    When(UNSETTLED, then=Value(EntryState.UNSETTLED.value)),
    When(UNPAID, then=Value(EntryState.UNPAID.value)),
    default=Value(EntryState.PAID.value),
    output_field=CharField(),
)
_IS_DEDUCTION: Final = Case(
    When(POLICY_DEDUCTION, then=True), default=False, output_field=BooleanField()
)


def with_state(entries: QuerySet[BalanceEntry]) -> QuerySet[BalanceEntry]:
    """Annotate each entry with its ``state``, an ``EntryState``, and ``is_policy_deduction``."""
    return entries.annotate(state=_STATE, is_policy_deduction=_IS_DEDUCTION)


def entries_after(store_id: UUID, place: Place | None, which: Q) -> QuerySet[BalanceEntry]:
    """Return a store's entries after a place, newest first.

    ``listed_at`` is when an entry was made, or first came where nobody tells.
    """
    found = with_state(BalanceEntry.objects.filter(which, store=store_id))
    return newest_first(
        found.annotate(listed_at=Coalesce("made_at", "seen_at")), "listed_at", place
    )
