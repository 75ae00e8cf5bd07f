from typing import Any

from django.core.management.base import BaseCommand

from tenants import logs
from tenants.dispatcher import loop


class Command(BaseCommand):
    help = "Claim due work and put it on the queue, until stopped."

    def handle(self, *_args: Any, **_options: Any) -> None:
        logs.catch_all()
        loop.run_forever()
