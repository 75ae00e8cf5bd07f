from django.apps import AppConfig
from django.utils.translation import gettext_noop


class ChecklistConfig(AppConfig):
    name = "checklist"

    def ready(self) -> None:
        from checklist import receivers, tasks  # noqa: F401 - they register themselves
        from checklist.services import proofs
        from stores import alert_kinds

        alert_kinds.register(
            alert_kinds.AlertKind(
                code=proofs.CONTRADICTED,
                title=gettext_noop("%(title)s: passed, but the data says otherwise"),
                instruction=gettext_noop(
                    "Look at both answers in the round, and ask %(member)s what was seen."
                ),
                severity=alert_kinds.WARNING,
            )
        )
