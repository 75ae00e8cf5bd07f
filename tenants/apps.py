from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from tenants import (  # noqa: F401 - they register
            invitation_mail,
            provisioning,
            receivers,
            trail_words,
        )

        trail_words.say()
