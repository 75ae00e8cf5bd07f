"""Forms for seats: one by one, or many pasted from a sheet."""

from datetime import datetime
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import seats
from stores.forms import seat_rows
from stores.forms.moments import MomentField, set_zone
from stores.models import Store
from stores.services.sub_accounts import can_have_signed_in
from tenants.forms.names import NameField

MOST_ROWS: Final = 500
MOST_LETTERS: Final = 200_000


class SubAccountForm(forms.Form):
    name = NameField(label=gettext_lazy("Name"), max_length=seat_rows.LONGEST_NAME)
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    platform_role = forms.ChoiceField(
        label=gettext_lazy("Role at the marketplace"),
        choices=[("", "–"), *seats.ROLES.items()],
        required=False,
    )
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions"),
        choices=list(seats.PERMISSIONS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    two_step = forms.TypedChoiceField(
        label=gettext_lazy("Two-step verification"),
        choices=[
            ("", gettext_lazy("Unknown")),
            ("1", gettext_lazy("On")),
            ("0", gettext_lazy("Off")),
        ],
        coerce=lambda value: value == "1",
        empty_value=None,
        required=False,
    )
    last_sign_in_at = MomentField(
        label=gettext_lazy("Last sign-in"),
        required=False,
        help_text=gettext_lazy("In the store's time zone."),
    )

    def __init__(
        self, *args: Any, store: Store, at: datetime, extra_role: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        set_zone(self, store)
        self.at = at
        role = self.fields["platform_role"]
        if extra_role and extra_role not in seats.ROLES:
            assert isinstance(role, forms.ChoiceField)
            role.choices = [("", "–"), (extra_role, extra_role), *seats.ROLES.items()]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if not any(sign.isalnum() for sign in name):
            raise ValidationError(_("The name is missing."))
        return name

    def clean_last_sign_in_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["last_sign_in_at"]
        if moment is not None and not can_have_signed_in(moment, self.at):
            raise ValidationError(_("The last sign-in cannot lie in the future."))
        return moment

    def values(self) -> seats.SeatValues:
        """Return the clean values; only after ``is_valid()``."""
        clean = self.cleaned_data
        return seats.SeatValues(
            name=clean["name"],
            email=clean["email"].lower(),
            platform_role=clean["platform_role"],
            permissions=tuple(clean["permissions"]),
            two_step=clean["two_step"],
            last_sign_in_at=clean["last_sign_in_at"],
        )


class PasteForm(forms.Form):
    """Lines of name, e-mail, role, permissions, two-step, last sign-in, by tab, comma or ";"."""

    rows = forms.CharField(
        label=gettext_lazy("Rows"),
        max_length=MOST_LETTERS,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "Name, e-mail, role, permissions, two-step, last sign-in. A first line of headings may"
            " name other columns or another order; what is not pasted stays as it is."
        ),
    )
    is_whole = forms.BooleanField(
        label=gettext_lazy("These are all seats: remove those not listed"), required=False
    )

    def __init__(self, *args: Any, zone: str, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.at = at

    def clean_rows(self) -> seat_rows.PastedList:
        found = seat_rows.read_list(self.cleaned_data["rows"], zone=self.zone, at=self.at)
        if not found.rows:
            raise ValidationError(_("There is no row below the headings."))
        if len(found.rows) > MOST_ROWS:
            raise ValidationError(_("At most %(most)s rows at once.") % {"most": MOST_ROWS})
        return found
