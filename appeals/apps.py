from django.apps import AppConfig


class AppealsConfig(AppConfig):
    name = "appeals"

    def ready(self) -> None:
        from appeals import alert_kinds, panels, receivers, tasks, trail_words  # noqa: F401
        from tenants import slots
        from tenants.trail import words

        words.say(trail_words.WORDS)
        alert_kinds.register_all()
        slots.fill_column("store.columns", key="deadline", fn=panels.deadline_column, order=30)
        slots.fill_panel(
            "store.side",
            key="cases",
            fn=panels.cases_panel,
            template="appeals/_cases_panel.html",
            order=5,
        )
        slots.fill_panel(
            "violation.panels",
            key="case",
            fn=panels.violation_panel,
            template="appeals/_violation_panel.html",
            order=10,
        )
        slots.fill_panel(
            "violation.acts",
            key="case",
            fn=panels.violation_acts,
            template="appeals/_violation_acts.html",
            order=10,
        )
