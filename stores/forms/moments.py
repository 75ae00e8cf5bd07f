"""The field of a moment as the store's own clock shows it."""

from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stores import moments
from stores.models import Store

# Not UTC itself, so that figures without a zone can be told from a moment that states UTC.
_NO_ZONE: Final = ZoneInfo("Etc/UTC")


class MomentField(forms.DateTimeField):
    """A moment typed by the store's clock, whatever the reader's own; clean, it is in UTC.

    Refuses what is too far off to be meant. Its form calls ``set_zone``.
    """

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    default_error_messages = {"far_off": _("This date is too far off to be meant.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"], **kwargs)
        self.zone: tzinfo = UTC

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(_NO_ZONE):
            moment = super().to_python(value)
        if moment is None:
            return None
        if moment.tzinfo is _NO_ZONE:
            moment = moment.replace(tzinfo=self.zone)
        if not moments.is_believable(moment):
            raise ValidationError(self.error_messages["far_off"], code="far_off")
        return moment.astimezone(UTC)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, datetime) and moments.is_believable(value):
            return value.astimezone(self.zone).replace(tzinfo=None)
        return value


def set_zone(form: forms.Form, store: Store) -> None:
    """Let the moments of ``form`` be of the clock of ``store``."""
    for field in form.fields.values():
        if isinstance(field, MomentField):
            field.zone = ZoneInfo(store.time_zone)
