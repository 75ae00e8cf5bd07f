from django.apps import AppConfig
from django.utils.translation import gettext_noop


class ChecklistConfig(AppConfig):
    name = "checklist"

    def ready(self) -> None:
        from checklist import panels, receivers, tasks, trail_words  # noqa: F401 - they register
        from checklist.services import proofs
        from stores import alert_kinds
        from tenants import slots

        trail_words.say()
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
        slots.fill_column("store.columns", key="checks", fn=panels.checks_column, order=40)
        slots.fill_column("setup.steps", key="first_round", fn=panels.setup_column)
        slots.fill_panel(
            "store.panels",
            key="rounds",
            fn=panels.rounds_panel,
            template="checklist/_rounds_panel.html",
            order=60,
        )
        slots.fill_mark("today", fn=panels.today_mark)
