"""Forms about seats, the agency and oneself; they turn input into clean values and save nothing."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from tenants.forms.names import NameField
from tenants.models import Membership, Role


def _one_line(text: str) -> str:
    return " ".join(text.split())


class SeatForm(forms.Form):
    """Role and reach of a member, offered as far as the granting member holds them herself."""

    role = forms.ChoiceField(label=_("Role"))
    store_scope = forms.ChoiceField(
        label=_("Stores"),
        choices=[
            (Membership.StoreScope.ALL, _("All stores")),
            (Membership.StoreScope.LISTED, _("Only these, and the groups and clients shared")),
        ],
        widget=forms.RadioSelect,
    )
    stores = forms.MultipleChoiceField(
        label=_("These stores"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self,
        *args: Any,
        by: Membership,
        roles: list[Role],
        stores: Mapping[UUID, str],
        is_shared: bool = False,
        **kwargs: Any,
    ) -> None:
        """``is_shared``: groups or clients are shared with the member beside single stores."""
        super().__init__(*args, **kwargs)
        self._is_shared = is_shared
        self._roles = {str(role.pk): role for role in roles}
        self._choices("role", [(pk, str(role)) for pk, role in self._roles.items()])
        by_name = sorted(stores.items(), key=lambda item: item[1].lower())
        self._choices("stores", [(str(pk), name) for pk, name in by_name])
        if not by_name:
            del self.fields["stores"]
        if not by.sees_all_stores:
            self._choices("store_scope", [(Membership.StoreScope.LISTED, _("Only these"))])

    def _choices(self, name: str, choices: list[tuple[str, str | Promise]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_role(self) -> Role:
        return self._roles[self.cleaned_data["role"]]

    def clean(self) -> None:
        is_listed = self.cleaned_data.get("store_scope") == Membership.StoreScope.LISTED
        is_empty = "stores" in self.fields and self.cleaned_data.get("stores") == []
        if is_listed and is_empty and not self._is_shared:
            self.add_error("stores", _("Choose at least one store."))

    @property
    def store_ids(self) -> list[UUID]:
        return [UUID(pk) for pk in self.cleaned_data.get("stores", [])]


class InviteForm(SeatForm):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    field_order = ("email", "role", "store_scope", "stores")

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, roles=roles, **kwargs)
        modest = (role for role in roles if role.code == "specialist")
        self.fields["role"].initial = str(next(modest, roles[-1]).pk) if roles else None


class PersonForm(forms.Form):
    name = NameField(label=_("Name"), max_length=80, required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language, zone = self.fields["language"], self.fields["time_zone"]
        assert isinstance(language, forms.ChoiceField)
        assert isinstance(zone, forms.ChoiceField)
        language.choices = [
            ("", _("As the browser says")),
            *((code, get_language_info(code)["name_local"]) for code, _n in settings.LANGUAGES),
        ]
        zones = sorted(name for name in available_timezones() if "/" in name or name == "UTC")
        zone.choices = [(name, name.replace("_", " ")) for name in zones]

    def clean_name(self) -> str:
        return _one_line(self.cleaned_data["name"])


class AgencyForm(forms.Form):
    name = NameField(label=_("Agency name"), max_length=80)

    def clean_name(self) -> str:
        return _one_line(self.cleaned_data["name"])


class ReviewForm(forms.Form):
    review_required = forms.BooleanField(
        label=_("A second person reviews each appeal before it is filed"),
        required=False,
        help_text=_("The last attempt is always reviewed."),
    )


class KeyForm(forms.Form):
    name = NameField(
        label=_("Name"), max_length=60, help_text=_("What uses it: a system, not a person.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=[("read", _("read")), ("write", _("write"))],
        widget=forms.CheckboxSelectMultiple,
        initial=["read"],
    )
    days = forms.TypedChoiceField(
        label=_("Good for"),
        choices=[("90", _("90 days")), ("365", _("a year")), ("0", _("until it is revoked"))],
        coerce=int,
    )

    def clean_name(self) -> str:
        return _one_line(self.cleaned_data["name"])

    @property
    def lifetime(self) -> timedelta | None:
        days: int = self.cleaned_data["days"]
        return timedelta(days=days) if days else None
