from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from tenants import invitation_mail, provisioning, receivers  # noqa: F401 - they register
