import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tenants import scope
from tenants.errors import DomainError
from tenants.models import Agency
from tenants.services.keys import make_key


class Command(BaseCommand):
    help = "Make an API key of an agency; prints one JSON object, the only time the key is shown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agency", required=True, help="the agency's slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--scopes", required=True, help="read or read,write")

    def handle(self, *_args: Any, **options: Any) -> None:
        agency = Agency.objects.filter(slug=options["agency"], state=Agency.State.READY).first()
        if agency is None:
            raise CommandError(f"There is no agency {options['agency']}.")
        scopes = [each.strip() for each in options["scopes"].split(",")]
        try:
            with scope.agency(agency):
                row, key = make_key(
                    agency=agency,
                    name=options["name"],
                    scopes=scopes,
                    by=None,
                    at=timezone.now(),
                    via="command",
                )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        told = {"agency": agency.slug, "name": row.name, "scopes": row.scopes, "key": key}
        self.stdout.write(json.dumps(told))
