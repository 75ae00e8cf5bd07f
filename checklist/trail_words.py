"""What this room's acts are called in the audit trail."""

from django.utils.translation import gettext_lazy as _

WORDS = {
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
