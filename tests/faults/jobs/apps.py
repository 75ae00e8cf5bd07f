from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "tests.faults.jobs"
    label = "fault_jobs"

    def ready(self) -> None:
        from tests.faults.jobs import tasks  # noqa: F401 - they register
