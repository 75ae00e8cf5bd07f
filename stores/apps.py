from django.apps import AppConfig

from tenants import slots


class StoresConfig(AppConfig):
    name = "stores"

    def ready(self) -> None:
        from stores import reach, receivers, tasks, trail_words  # noqa: F401 - they register
        from tenants.trail import words

        words.say(trail_words.WORDS)

        slots.fill_column("member.stores", key="stores", fn=reach.stores_by_name)
        slots.fill_column("member.holdings", key="stores", fn=reach.holdings)
