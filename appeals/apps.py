from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppealsConfig(AppConfig):
    name = "appeals"

    def ready(self) -> None:
        from appeals import alert_kinds, receivers, tasks  # noqa: F401 - they register themselves
        from tenants.trail import words

        alert_kinds.register_all()
        words.say(
            {
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
        )
