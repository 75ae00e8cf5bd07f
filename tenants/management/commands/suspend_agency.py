from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tenants.errors import DomainError
from tenants.management.agency import named_agency, print_state
from tenants.services import closing


class Command(BaseCommand):
    help = "Shut everybody out of an agency at once; its work waits. Prints one JSON object."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agency", required=True, help="the agency's slug")
        parser.add_argument("--reason", required=True, help="for its audit trail and the log")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["reason"].strip():
            raise CommandError("Say why: --reason is empty.")
        agency = named_agency(options["agency"])
        try:
            closing.suspend(agency=agency, reason=options["reason"], at=timezone.now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        print_state(self.stdout, agency)
