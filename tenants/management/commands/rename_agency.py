from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tenants.errors import DomainError
from tenants.management.agency import named_agency, print_state
from tenants.services import agencies


class Command(BaseCommand):
    help = (
        "Give an agency another address; its old one leads there for 90 days."
        " Prints one JSON object."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agency", required=True, help="the agency's slug")
        parser.add_argument("--to", required=True, help="the new slug")

    def handle(self, *_args: Any, **options: Any) -> None:
        agency = named_agency(options["agency"])
        try:
            agencies.change_address(
                agency=agency, slug=options["to"], by=None, at=timezone.now(), via="command"
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        print_state(self.stdout, agency)
