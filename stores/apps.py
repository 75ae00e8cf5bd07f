from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from tenants import slots


class StoresConfig(AppConfig):
    name = "stores"

    def ready(self) -> None:
        from stores import (  # noqa: F401 - they register
            finders,
            panels,
            reach,
            receivers,
            tasks,
            trail_words,
        )

        trail_words.say()
        slots.fill_column("member.stores", key="stores", fn=reach.stores_by_name)
        slots.fill_column("trail.stores", key="stores", fn=reach.stores_in_trail)
        slots.fill_column("member.holdings", key="stores", fn=reach.holdings)
        slots.fill_panel(
            "settings.panels",
            key="mail",
            fn=panels.settings_panel,
            template="stores/_mail_settings_panel.html",
            order=20,
        )
        slots.fill_panel(
            "store.side",
            key="mail",
            fn=panels.store_panel,
            template="stores/_mail_store_panel.html",
            order=60,
        )
        slots.fill_mark("fleet", fn=panels.notices_mark)
        slots.fill_mark("alerts", fn=panels.alerts_mark)
        slots.fill_mark("news", fn=panels.news_mark)
        slots.fill_finder("stores", label=_("Stores"), fn=finders.find_stores, order=10)
