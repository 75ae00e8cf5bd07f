from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _


class FoundAgencyForm(forms.Form):
    name = forms.CharField(label=_("Agency name"), max_length=80)
    slug = forms.CharField(
        label=_("Address"),
        max_length=40,
        required=False,
        help_text=_("Small letters, digits and hyphens. Left empty, it is made from the name."),
    )

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean(self) -> None:
        if not self.cleaned_data.get("slug"):
            self.cleaned_data["slug"] = slugify(self.cleaned_data.get("name", ""))[:40].strip("-")

    def clean_slug(self) -> str:
        return str(self.cleaned_data["slug"]).strip().lower()
