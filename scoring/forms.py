"""Turns what a member types about the ledger into clean values."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scoring.models import LedgerEntry, PlatformRating
from stores.models import Store

_MOST = 1000
_WHEN = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class StoreTimeField(forms.DateTimeField):
    """A moment typed in the store's own time."""

    widget = _WHEN

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"], **kwargs)


class _StoreForm(forms.Form):
    def __init__(self, *args: Any, store: Store, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(store.time_zone)

    def in_utc(self, field: str) -> datetime | None:
        typed: datetime | None = self.cleaned_data.get(field)
        if typed is None:
            return None
        return timezone.make_naive(typed, timezone.get_current_timezone()).replace(tzinfo=self.zone)


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
    occurred_at = StoreTimeField(label=_("When, in the store's time"))
    note = forms.CharField(label=_("Why"), max_length=300)


class PlatformRatingForm(_StoreForm):
    value = forms.IntegerField(label=_("What the marketplace shows"), min_value=0, max_value=_MOST)
    measure = forms.ChoiceField(label=_("Measured in"), choices=PlatformRating.Measure.choices)
    observed_at = StoreTimeField(label=_("Seen at, in the store's time"))
