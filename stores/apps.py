from django.apps import AppConfig


class StoresConfig(AppConfig):
    name = "stores"

    def ready(self) -> None:
        from stores import receivers, tasks  # noqa: F401 - they register themselves
