from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The commands that found agencies, and the demo agency; it has no tables of its own."""

    name = "config.demo"
    label = "demo"
