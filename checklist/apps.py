from django.apps import AppConfig


class ChecklistConfig(AppConfig):
    name = "checklist"

    def ready(self) -> None:
        from checklist import receivers, tasks  # noqa: F401 - they register themselves
