"""Mailboxes: who may forward, and where a test mail is sent."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ForwarderForm(forms.Form):
    address = forms.EmailField(label=_("Address"), max_length=254)


class MailTestForm(forms.Form):
    mailbox = forms.EmailField(
        label=_("Mailbox that forwards"),
        max_length=254,
        help_text=_("We write to it, and it should pass our mail on by itself."),
    )
