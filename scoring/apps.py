from django.apps import AppConfig


class ScoringConfig(AppConfig):
    name = "scoring"

    def ready(self) -> None:
        from scoring import alert_kinds, panels, receivers, tasks, trail_words  # noqa: F401
        from scoring.selectors.ratings import (
            known_column,
            rating_column,
            rating_fields,
            risk_column,
            setup_column,
        )
        from scoring.selectors.rules import book_asked, known_codes, label_of, rules_of
        from stores import rules
        from tenants import slots

        trail_words.say()
        alert_kinds.register_all()
        rules.provide(rules_of, label=label_of, book=book_asked, codes=known_codes)
        slots.fill_column("store.columns", key="rating", fn=rating_column, order=10)
        slots.fill_column("setup.steps", key="rating", fn=setup_column)
        slots.fill_column("store.ratings", key="known", fn=known_column)
        slots.fill_column("store.risk", key="milestone", fn=risk_column)
        slots.fill_column("store.fields", key="rating", fn=rating_fields, order=10)
        slots.fill_column("fleet.columns", key="why", fn=panels.why_column)
        slots.fill_panel("store.facts", key="rating", fn=panels.facts, template="")
        slots.fill_panel(
            "store.panels",
            key="moment",
            fn=panels.moment,
            template="scoring/_moment_panel.html",
            order=5,
        )
        slots.fill_panel(
            "store.panels",
            key="rating",
            fn=panels.rating,
            template="scoring/_rating_panel.html",
            order=10,
        )
        slots.fill_panel(
            "store.panels",
            key="ledger",
            fn=panels.ledger,
            template="scoring/_ledger_panel.html",
            order=20,
        )
        slots.fill_panel(
            "store.panels",
            key="waterfall",
            fn=panels.waterfall,
            template="scoring/_waterfall_panel.html",
            order=15,
        )
        slots.fill_panel(
            "store.side",
            key="next",
            fn=panels.comes_next,
            template="scoring/_next_panel.html",
            order=1,
        )
        slots.fill_panel(
            "store.side",
            key="roll-offs",
            fn=panels.roll_offs,
            template="scoring/_roll_offs_panel.html",
            order=10,
        )
        slots.fill_panel(
            "store.side",
            key="drift",
            fn=panels.drift,
            template="scoring/_drift_panel.html",
            order=3,
        )
        slots.fill_panel(
            "store.side",
            key="quizzes",
            fn=panels.quizzes,
            template="scoring/_quizzes_panel.html",
            order=15,
        )
        slots.fill_panel(
            "settings.panels",
            key="rulebooks",
            fn=panels.rulebooks,
            template="scoring/_rulebooks_panel.html",
            order=40,
        )
        slots.fill_panel(
            "fleet.desks", key="desks", fn=panels.desks, template="scoring/_desks.html"
        )
        slots.fill_panel(
            "violation.panels",
            key="points",
            fn=panels.violation_points,
            template="scoring/_violation_points_panel.html",
            order=5,
        )
