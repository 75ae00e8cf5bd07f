"""Turns what a member types about the ledger into clean values."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from scoring.models import LedgerEntry, PlatformRating
from stores.forms.moments import MomentField, set_zone
from stores.models import Store

_MOST = 1000


class _StoreForm(forms.Form):
    def __init__(self, *args: Any, store: Store, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_zone(self, store)


class AdjustForm(_StoreForm):
    """A bonus or an adjustment that a person writes into the ledger."""

    kind = forms.ChoiceField(
        label=_("What it is"),
        choices=[
            (LedgerEntry.Kind.BONUS, _("Bonus (quiz, orders)")),
            (LedgerEntry.Kind.ADJUSTMENT, _("Adjustment")),
        ],
    )
    points = forms.IntegerField(label=_("Points"), min_value=-_MOST, max_value=_MOST)
    occurred_at = MomentField(label=_("When, in the store's time"))
    note = forms.CharField(label=_("Why"), max_length=300)


class PlatformRatingForm(_StoreForm):
    value = forms.IntegerField(label=_("What the marketplace shows"), min_value=0, max_value=_MOST)
    measure = forms.ChoiceField(label=_("Measured in"), choices=PlatformRating.Measure.choices)
    observed_at = MomentField(label=_("Seen at, in the store's time"))
