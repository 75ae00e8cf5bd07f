"""The field in which people type what somebody or something is called."""

from typing import Any

from django import forms

from tenants.texts import printable


class NameField(forms.CharField):
    """A line of text; signs that show nothing are left out, and alone they are no name."""

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        return printable(text) if text else text
