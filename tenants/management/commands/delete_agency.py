from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tenants.errors import DomainError
from tenants.management.agency import named_agency, print_state
from tenants.selectors.closing import open_deletion
from tenants.services import closing


class Command(BaseCommand):
    help = (
        "Confirm a deletion that an agency's owner has asked for, as the second person, or call"
        " it off. What the agency holds is removed 30 days later. Prints one JSON object."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agency", required=True, help="the agency's slug")
        act = parser.add_mutually_exclusive_group(required=True)
        act.add_argument("--confirm", action="store_true")
        act.add_argument("--call-off", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        agency = named_agency(options["agency"])
        deletion = open_deletion(agency.pk)
        if deletion is None:
            raise CommandError("Nobody has asked for the deletion of this agency.")
        act = closing.confirm_deletion if options["confirm"] else closing.call_off_deletion
        try:
            act(deletion=deletion, by=None, at=timezone.now(), via="command")
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        print_state(self.stdout, agency)
