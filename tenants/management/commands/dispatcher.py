import sys
from typing import Any

from django.core.management.base import BaseCommand

from tenants import fence_check, logs
from tenants.dispatcher import loop


class Command(BaseCommand):
    help = "Claim due work and put it on the queue, until stopped."

    def handle(self, *_args: Any, **_options: Any) -> None:
        logs.catch_all()
        fence_check.demand_whole()
        try:
            loop.run_forever()
        except loop.GaveUp:
            sys.exit(1)
