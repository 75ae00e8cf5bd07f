from django.apps import AppConfig

from tenants.forms import refusals

refusals.say_plainly()


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
