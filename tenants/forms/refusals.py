"""How a choice that is none is refused: in plain words, whatever was sent and however long.

Django's own words repeat what was sent, or speak of UUIDs. Set on its classes, once, before any
field is made: each field takes its words from there.
"""

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

NOT_OF_THE_LIST = _("Choose one of the list.")


def say_plainly() -> None:
    for field in (
        forms.ChoiceField,
        forms.MultipleChoiceField,
        forms.ModelChoiceField,
        forms.ModelMultipleChoiceField,
    ):
        field.default_error_messages["invalid_choice"] = NOT_OF_THE_LIST
    forms.ModelMultipleChoiceField.default_error_messages["invalid_pk_value"] = NOT_OF_THE_LIST
    models.UUIDField.default_error_messages["invalid"] = NOT_OF_THE_LIST
