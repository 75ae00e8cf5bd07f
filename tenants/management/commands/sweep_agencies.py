import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from tenants import sweeping


class Command(BaseCommand):
    help = (
        "Find schemas and roles without an agency and sign-ups that nobody works on; prints one"
        " JSON object. Nothing is changed without --remove."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--remove", action="store_true", help="remove them, ask for the lost")

    def handle(self, *_args: Any, **options: Any) -> None:
        act = sweeping.sweep if options["remove"] else sweeping.look
        found = act(at=timezone.now())
        told = {
            "schemas": list(found.schemas),
            "roles": list(found.roles),
            "lost": [agency.slug for agency in found.lost],
            "set_aside": [agency.slug for agency in found.set_aside],
            "removed": bool(options["remove"]),
        }
        self.stdout.write(json.dumps(told))
