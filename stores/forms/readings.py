"""The form for a reading that a person took."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from stores.metrics import METRICS
from stores.models import Store


class ReadingForm(forms.Form):
    """One value; its moment is in the store's own time zone, and now where none is given."""

    metric = forms.ChoiceField(label=_("What"), choices=[])
    value = forms.DecimalField(
        label=_("Value"),
        max_digits=16,
        decimal_places=4,
        help_text=_("Yes is 1, no is 0. Rates are in per cent."),
    )
    measured_at = forms.DateTimeField(
        label=_("Measured"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("In the store's time zone. Empty: now."),
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, store: Store, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.store = store
        metric = self.fields["metric"]
        assert isinstance(metric, forms.ChoiceField)
        metric.choices = [(code, metric.label) for code, metric in METRICS.items()]

    def clean_measured_at(self) -> datetime | None:
        return in_zone(self.cleaned_data["measured_at"], self.store.time_zone)


def in_zone(moment: datetime | None, zone: str) -> datetime | None:
    """Return the UTC instant of a wall-clock time that was typed for ``zone``.

    Django has read it in the reader's zone; only its figures count.
    """
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except OverflowError as error:
        raise forms.ValidationError(_("This date is out of reach.")) from error
