"""Forms for links to stores' owners: whom to send them, and the owner's refusal."""

from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores.models import Store

COPY: Final = "copy"
MAIL: Final = "mail"
LONGEST_REASON: Final = 500


class RefusalForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("You need not say. Whoever sent you the link reads this."),
    )


class ConsentForm(forms.Form):
    """How the links to some stores reach their owners."""

    way = forms.ChoiceField(
        label=gettext_lazy("How the links get to the owners"),
        choices=[
            (MAIL, gettext_lazy("By mail, from here")),
            (COPY, gettext_lazy("I copy them and send them myself")),
        ],
        initial=MAIL,
        widget=forms.RadioSelect,
    )
    email = forms.EmailField(
        label=gettext_lazy("Address"),
        required=False,
        help_text=gettext_lazy(
            "For stores whose client has no mail address as its contact. Who owns several of the"
            " stores gets one mail."
        ),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the mail"),
        choices=[("", gettext_lazy("The client's own")), *settings.LANGUAGES],
        required=False,
    )

    def __init__(self, *args: Any, stores: list[Store], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stores = stores

    def clean(self) -> None:
        if self.cleaned_data.get("way") != MAIL or self.errors:
            return
        without = [store.name for store in self.stores if not self.email_of(store)]
        if without:
            said = _(
                "Nobody is known to write to for: %(stores)s. Give an address, or copy the links."
            )
            shown = ", ".join(without[:5]) + (" …" if len(without) > 5 else "")  # noqa: PLR2004 - a page's word
            self.add_error("email", said % {"stores": shown})

    def email_of(self, store: Store) -> str:
        """Return where the owner of ``store`` is written to: her client's contact, or as typed."""
        return contact_of(store) or str(self.cleaned_data.get("email", ""))

    def language_of(self, store: Store) -> str:
        chosen = str(self.cleaned_data.get("language", ""))
        own = store.client.language if store.client else ""
        return chosen or own or settings.LANGUAGE_CODE


def contact_of(store: Store) -> str:
    """Return the mail address that the store's client is reached at, "" where there is none."""
    contact = store.client.contact.strip() if store.client else ""
    try:
        validate_email(contact)
    except ValidationError:
        return ""
    return contact.lower()
