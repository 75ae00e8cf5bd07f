from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppealsConfig(AppConfig):
    name = "appeals"

    def ready(self) -> None:
        from appeals import (  # noqa: F401 - they register
            alert_kinds,
            finders,
            panels,
            receivers,
            tasks,
            trail_words,
        )
        from appeals.selectors.chances import appeal_chances
        from scoring import chances
        from tenants import slots

        chances.provide_appeals(appeal_chances)
        trail_words.say()
        alert_kinds.register_all()
        slots.fill_column("enforcement.acts", key="case", fn=panels.enforcement_acts)
        slots.fill_column("violation.cases", key="case", fn=panels.cases_of_violations)
        slots.fill_column("violation.stays", key="case", fn=panels.violations_in_cases)
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
        slots.fill_mark("cases", fn=panels.cases_mark)
        slots.fill_finder("cases", label=_("Cases"), fn=finders.find_cases, order=20)
        slots.fill_finder(
            "violations",
            label=_("Violations without a case"),
            fn=finders.find_violations,
            order=30,
        )
