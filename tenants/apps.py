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
            slots,
            trail_words,
        )
        from tenants.views import work

        slots.fill_mark("settings", fn=work.set_aside_mark)
        trail_words.say()
