"""The form of a violation, and the small ones around it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores.forms.moments import MomentField, set_zone
from stores.models import Store, Violation
from stores.services.violations import MOST_POINTS

_FIRST_STATES: Final = (Violation.State.PENDING, Violation.State.ENFORCED)


class ViolationForm(forms.Form):
    """What the marketplace says of one violation; its times are in the store's own zone."""

    reference = forms.CharField(
        label=gettext_lazy("Reference"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("The marketplace's own number. With it nothing is counted twice."),
    )
    rule = forms.ChoiceField(label=gettext_lazy("Rule"), choices=[])
    subject = forms.CharField(
        label=gettext_lazy("What it is about"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("A product, an order, a message."),
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"), choices=[], initial=Violation.State.ENFORCED
    )
    points = forms.IntegerField(
        label=gettext_lazy("Points taken"),
        required=False,
        min_value=-MOST_POINTS,
        max_value=MOST_POINTS,
        help_text=gettext_lazy("Empty where the marketplace does not say. A warning takes 0."),
    )
    reported_at = MomentField(label=gettext_lazy("Reported"))
    enforced_at = MomentField(label=gettext_lazy("Points taken at"), required=False)
    correct_by = MomentField(label=gettext_lazy("Correct by"), required=False)
    appeal_by = MomentField(label=gettext_lazy("Appeal by"), required=False)
    expires_at = MomentField(label=gettext_lazy("Points return"), required=False)
    note = forms.CharField(
        label=gettext_lazy("Internal note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Never shown to clients."),
    )

    def __init__(
        self,
        *args: Any,
        store: Store,
        rules: Mapping[str, str],
        violation: Violation | None = None,
        facts: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Take ``violation`` to change, or ``facts`` that a notice states, as first values."""
        values = {name: getattr(violation, name) for name in self.base_fields} if violation else {}
        kwargs["initial"] = _shown({**values, **(facts or {})})
        super().__init__(*args, **kwargs)
        set_zone(self, store)
        self.store = store
        self.violation = violation
        choices = dict(rules)
        if violation is not None and violation.rule not in choices:
            choices = {violation.rule: violation.rule, **choices}
        self._choice("rule").choices = [("", "–"), *choices.items()]
        states = Violation.State if violation else _FIRST_STATES
        self._choice("state").choices = [(state.value, state.label) for state in states]

    def _choice(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    def clean_points(self) -> int | None:
        points: int | None = self.cleaned_data["points"]
        if points is None and self.violation is not None and self.violation.points is not None:
            raise ValidationError(_("These points were stated: write 0 if none are taken."))
        return None if points is None else -abs(points)

    def clean_reference(self) -> str | None:
        reference: str = self.cleaned_data["reference"]
        if not reference:
            return None
        same = Violation.objects.filter(store=self.store, reference=reference)
        if self.violation is not None and same.exclude(pk=self.violation.pk).exists():
            raise ValidationError(_("Another violation of this store has this reference."))
        return reference

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or self.cleaned_data
        reported_at = clean.get("reported_at")
        for name in ("correct_by", "appeal_by", "expires_at"):
            due: datetime | None = clean.get(name)
            if reported_at and due and due < reported_at:
                self.add_error(name, _("This lies before the report."))
        return clean


class StoreChoiceForm(forms.Form):
    """Which store something is about."""

    store = forms.ModelChoiceField(
        label=gettext_lazy("Store"), queryset=Store.objects.none(), empty_label=None
    )

    def __init__(
        self, *args: Any, stores: QuerySet[Store], must_choose: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["store"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = stores.order_by("name", "pk")
        if must_choose:
            field.empty_label = _("Choose the store that it names")


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(values)
    if shown.get("points") is not None:
        shown["points"] = -shown["points"]
    return shown
