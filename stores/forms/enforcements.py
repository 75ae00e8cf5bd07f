"""The form of an enforcement."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores.forms.moments import MomentField, set_zone
from stores.models import Enforcement, Store, Violation


class EnforcementForm(forms.Form):
    """What the marketplace did besides points; its times are in the store's own zone."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What it did"), choices=[("", "–"), *Enforcement.Kind.choices]
    )
    starts_at = MomentField(label=gettext_lazy("From"))
    ends_at = MomentField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("Empty: until the marketplace lifts it."),
    )
    also = forms.MultipleChoiceField(
        label=gettext_lazy("The notice also tells of"),
        choices=[],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Each is recorded by itself, with the same times."),
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
        others: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        """Offer ``violations``, named by what their rules are called.

        ``others`` are further kinds that a notice tells of, to be recorded with the first.
        """
        super().__init__(*args, **kwargs)
        also = self.fields["also"]
        assert isinstance(also, forms.MultipleChoiceField)
        also.choices = [(kind, Enforcement.Kind(kind).label) for kind in others]
        if not others:
            del self.fields["also"]
        set_zone(self, store)
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
        starts_at, ends_at = clean.get("starts_at"), clean.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("An enforcement ends after it starts."))
        return clean
