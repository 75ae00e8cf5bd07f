from django.apps import AppConfig


class StoresConfig(AppConfig):
    name = "stores"

    def ready(self) -> None:
        from stores import receivers, tasks  # noqa: F401, PLC0415 - they register themselves
