"""The form for a reading that a person took."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from stores.forms.moments import MomentField, set_zone
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
    measured_at = MomentField(
        label=_("Measured"),
        required=False,
        help_text=_("In the store's time zone. Empty: now."),
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, store: Store, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_zone(self, store)
        metric = self.fields["metric"]
        assert isinstance(metric, forms.ChoiceField)
        metric.choices = [(code, metric.label) for code, metric in METRICS.items()]
