from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from tenants.forms.names import NameField


class AddressForm(forms.Form):
    slug = forms.CharField(
        label=_("New address"),
        max_length=40,
        help_text=_("Small letters, digits and hyphens."),
    )

    def clean_slug(self) -> str:
        return str(self.cleaned_data["slug"]).strip().lower()


class DeletionForm(forms.Form):
    typed = forms.CharField(label=_("Address of the agency's pages"), max_length=253)


class FoundAgencyForm(forms.Form):
    name = NameField(label=_("Agency name"), max_length=80)
    slug = forms.CharField(
        label=_("Address"),
        max_length=40,
        required=False,
        help_text=_("Small letters, digits and hyphens. Left empty, it is made from the name."),
    )

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean(self) -> None:
        name = self.cleaned_data.get("name")
        if self.cleaned_data.get("slug") or not name:
            return
        made = slugify(name)[:40].strip("-")
        if made:
            self.cleaned_data["slug"] = made
        elif "slug" not in self.errors:
            self.add_error(
                "slug", _("No address can be made from this name. Give one of Latin letters.")
            )

    def clean_slug(self) -> str:
        return str(self.cleaned_data["slug"]).strip().lower()
