"""What this room's acts, fields and objects are called in the audit trail."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from checklist.models import (
    Assignee,
    ItemLimit,
    Procedure,
    ProcedureItem,
    Proof,
    Round,
    Schedule,
    Tick,
)
from checklist.selectors.evidence import limit_line, value_text
from tenants.trail import words
from tenants.trail.words import Field

_LIMIT_PARTS: Final = 3

WORDS: Final = {
    "check.contradicted": _("Check reopened by data"),
    "item.added": _("Check added"),
    "item.changed": _("Check changed"),
    "item.moved": _("Check moved"),
    "item.retired": _("Check retired"),
    "procedure.changed": _("Procedure changed"),
    "procedure.created": _("Procedure made"),
    "round.assigned": _("Round assigned"),
    "schedule.changed": _("Schedule changed"),
    "schedule.created": _("Schedule made"),
    "tick.recorded": _("Check ticked"),
    "tick.undone": _("Tick undone"),
}


def _ticks(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    found = Tick.objects.filter(pk__in=ids).select_related("item")
    return {tick.pk: str(tick.item) for tick in found}


def _rounds(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    found = Round.objects.filter(pk__in=ids).select_related("procedure")
    return {round_.pk: str(round_.procedure) for round_ in found}


def _procedures(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    return {one.pk: str(one) for one in Procedure.objects.filter(pk__in=ids)}


def _items(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    return {one.pk: str(one) for one in ProcedureItem.objects.filter(pk__in=ids)}


def _schedules(ids: Collection[UUID], _at: datetime) -> Mapping[UUID, str]:
    found = Schedule.objects.filter(pk__in=ids).select_related("procedure")
    return {one.pk: str(one.procedure) for one in found}


def _limit(value: Any, _changes: Mapping[str, Any]) -> str:
    """Write "late_dispatch_rate at_most 4.0000", as the row keeps it, in words."""
    parts = str(value).split(" ")
    if len(parts) != _LIMIT_PARTS or parts[1] not in ItemLimit.Comparator.values:
        return str(value)
    try:
        number = Decimal(parts[2])
    except InvalidOperation:
        return str(value)
    return limit_line(ItemLimit(metric=parts[0], comparator=parts[1], value=number))


def _value(value: Any, _changes: Mapping[str, Any]) -> str:
    try:
        return value_text("", Decimal(str(value)))
    except InvalidOperation:
        return str(value)


def _weekday(value: Any, _changes: Mapping[str, Any]) -> str:
    return str(WEEKDAYS_ABBR.get(value, value))


def _place(value: Any, _changes: Mapping[str, Any]) -> str:
    return str(value + 1) if isinstance(value, int) else str(value)


_TICK: Final = {
    "round": Field(is_hidden=True),
    "item": Field(is_hidden=True),  # the row is named for it
    "result": Field(choices=dict(Tick.Result.choices)),
    "value": Field(_("value"), say=_value),
}
_ITEM: Final = {
    "title": Field(is_hidden=True),  # the row is named for it
    "proof": Field(_("proof"), choices=dict(Proof.choices)),
    "needs_value": Field(_("asks for a value")),
    "limits": Field(_("limits"), say=_limit, is_list=True),
    "order": Field(pgettext_lazy("field of a change", "place"), say=_place),
}
_PLAN: Final = {
    "is_active": Field(_("in use")),
    "reach": Field(_("stores"), choices=dict(Schedule.Reach.choices)),
    "times": Field(pgettext_lazy("field of a change", "at"), is_list=True),
    "weekdays": Field(pgettext_lazy("field of a change", "on"), say=_weekday, is_list=True),
    "minutes": Field(_("minutes to do it")),
    "assignee": Field(_("whose work"), choices=dict(Assignee.choices)),
}


def say() -> None:
    words.say(WORDS)
    words.say_fields(_TICK, of=["checklist.tick"])
    words.say_fields(_ITEM, of=["checklist.procedureitem"])
    words.say_fields(_PLAN, of=["checklist.procedure", "checklist.schedule"])
    words.name_with(
        {
            "checklist.tick": _ticks,
            "checklist.round": _rounds,
            "checklist.procedure": _procedures,
            "checklist.procedureitem": _items,
            "checklist.schedule": _schedules,
        }
    )
