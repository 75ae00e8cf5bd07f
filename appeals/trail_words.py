"""What this room's acts are called in the audit trail."""

from django.utils.translation import gettext_lazy as _

WORDS = {
    "appeal.opened": _("Case opened"),
    "appeal.drafted": _("Draft saved"),
    "appeal.review_asked": _("Asked for review"),
    "appeal.returned": _("Returned to its drafter"),
    "appeal.approved": _("Approved for filing"),
    "appeal.filed": _("Appeal filed"),
    "appeal.granted": _("Appeal granted"),
    "appeal.refused": _("Appeal refused"),
    "appeal.lapsed": _("Appeal lapsed: its window closed"),
    "appeal.withdrawn": _("Appeal withdrawn"),
    "appeal.assigned": _("Case assigned"),
    "appeal.outcome_undone": _("Outcome undone"),
    "evidence.added": _("Document added"),
    "evidence.removed": _("Document removed"),
    "remediation.opened": _("Remediation opened"),
    "remediation.assigned": _("Remediation assigned"),
    "remediation.step_added": _("Step added"),
    "remediation.step_done": _("Step done"),
    "remediation.step_reopened": _("Step opened again"),
    "remediation.done": _("Remediation done"),
    "remediation.dropped": _("Remediation dropped"),
    "remediation.reopened": _("Remediation opened again"),
}
