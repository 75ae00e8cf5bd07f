"""How audit rows read in a history panel and on the audit trail."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.translation import gettext as _

from tenants.trail.models import AuditEvent
from tenants.trail.words import action_words

register = template.Library()

_LONGEST = 80


def _value_words(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_value_words(each) for each in value)
    return str(value)[:_LONGEST]


@register.filter
def changes_words(event: AuditEvent) -> str:
    """Write what changed: "role: lead → owner; stores: 3"."""
    parts = []
    for name, value in event.changes.items():
        if isinstance(value, list) and len(value) == 2:  # noqa: PLR2004 - before and after
            said = " → ".join(_value_words(each) for each in value)
        else:
            said = _value_words(value)
        parts.append(f"{name.replace('_', ' ')}: {said}")
    return "; ".join(parts)


@register.filter
def who(event: AuditEvent) -> str:
    """Write who did it: a member, or the service where nobody did."""
    return str(event.member) if event.member_id else _("Storewarden")


@register.filter
def what(event: AuditEvent) -> str:
    return action_words(event.action)


@register.filter
def as_entries(events: Iterable[AuditEvent]) -> list[dict[str, Any]]:
    """Return the rows as entries of components/timeline_list.html."""
    return [
        {
            "at": event.at,
            "text": _("%(what)s, by %(who)s") % {"what": what(event), "who": who(event)},
            "note": changes_words(event),
        }
        for event in events
    ]
