"""The form of an enforcement."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores.forms.readings import in_zone
from stores.forms.violations import moment_field
from stores.models import Enforcement, Store, Violation

_TIMES = ("starts_at", "ends_at")


class EnforcementForm(forms.Form):
    """What the marketplace did besides points; its times are in the store's own zone."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What it did"), choices=[("", "–"), *Enforcement.Kind.choices]
    )
    starts_at = moment_field(gettext_lazy("From"), required=True)
    ends_at = moment_field(
        gettext_lazy("Until"), help_text=gettext_lazy("Empty: until the marketplace lifts it.")
    )
    violation = forms.ChoiceField(
        label=gettext_lazy("Because of"),
        choices=[],
        required=False,
        help_text=gettext_lazy("The violation it follows from, where the marketplace names one."),
    )

    def __init__(
        self,
        *args: Any,
        store: Store,
        violations: Sequence[Violation],
        rules: Mapping[UUID, str],
        initial: Mapping[str, Any],
        **kwargs: Any,
    ) -> None:
        """Offer ``violations``, named by what their rules are called."""
        kwargs["initial"] = _shown(initial, store)
        super().__init__(*args, **kwargs)
        self.store = store
        self._violations = {str(one.pk): one for one in violations}
        field = self.fields["violation"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", "–"),
            *(
                (pk, f"{rules[one.pk]} · {one.reference}" if one.reference else rules[one.pk])
                for pk, one in self._violations.items()
            ),
        ]

    def clean_violation(self) -> Violation | None:
        return self._violations.get(self.cleaned_data["violation"])

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or self.cleaned_data
        for name in _TIMES:
            try:
                clean[name] = in_zone(clean.get(name), self.store.time_zone)
            except ValidationError as error:
                self.add_error(name, error)
        starts_at, ends_at = clean.get("starts_at"), clean.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("An enforcement ends after it starts."))
        return clean


def _shown(values: Mapping[str, Any], store: Store) -> dict[str, Any]:
    zone = ZoneInfo(store.time_zone)
    shown = dict(values)
    for name in _TIMES:
        moment = shown.get(name)
        if moment is not None:
            shown[name] = moment.astimezone(zone).replace(tzinfo=None)
    return shown
