from django.apps import AppConfig

from tenants import slots


class StoresConfig(AppConfig):
    name = "stores"

    def ready(self) -> None:
        from stores import reach, receivers, tasks  # noqa: F401 - they register themselves

        slots.fill_column("member.stores", key="stores", fn=reach.stores_by_name)
        slots.fill_column("member.holdings", key="stores", fn=reach.holdings)
