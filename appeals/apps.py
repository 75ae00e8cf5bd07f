from django.apps import AppConfig


class AppealsConfig(AppConfig):
    name = "appeals"

    def ready(self) -> None:
        from appeals import receivers, tasks  # noqa: F401, PLC0415 - they register themselves
