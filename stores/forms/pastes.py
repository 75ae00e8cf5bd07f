"""What a member pastes of a seller centre or a mail program."""

from typing import Any
from uuid import uuid4

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from stores.mailin.pasted import LONGEST
from stores.models import Store


class PasteForm(forms.Form):
    """The text and, where it is all about one, the store; hidden: what was looked over."""

    store = forms.ModelChoiceField(
        label=_("Store"),
        queryset=Store.objects.none(),
        required=False,
        empty_label=_("As the text names it"),
        help_text=_("Choose one where the text does not name its store."),
    )
    text = forms.CharField(
        label=_("Text"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_(
            "One notice, the account health page, or a list of the inbox: in a list each entry has"
            " its date, and a blank line stands between entries."
        ),
    )
    nonce = forms.UUIDField(widget=forms.HiddenInput, required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, stores: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["store"]
        assert isinstance(chosen, forms.ModelChoiceField)
        chosen.queryset = stores.order_by("name")

    def looked_over(self, seen: str) -> None:
        """Let the form carry what was shown, so that the yes is to that and counts once."""
        carried = QueryDict(mutable=True)
        for name in self.fields:
            carried[name] = self.data.get(name, "")
        carried["seen"] = seen
        carried["nonce"] = str(self.cleaned_data.get("nonce") or uuid4())
        self.data = carried
