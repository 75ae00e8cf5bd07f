import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from scoring.services import fleet
from tenants import scope
from tenants.models import Agency


class Command(BaseCommand):
    help = (
        "Hold an agency's stored ratings against the sweep of all its ledgers and mend what"
        " differs; prints one JSON object: how many stores, and what differed at which of them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agency", required=True, help="the agency's slug")

    def handle(self, *_args: Any, **options: Any) -> None:
        agency = Agency.objects.filter(slug=options["agency"], state=Agency.State.READY).first()
        if agency is None:
            raise CommandError(f"There is no agency {options['agency']} that works.")
        stores, since = 0, None
        mended: dict[str, list[str]] = {}
        while True:
            with scope.agency(agency):
                step = fleet.verify(at=timezone.now(), via="command", since=since)
            stores += step.stores
            mended |= {str(store_id): columns for store_id, columns in step.mended.items()}
            since = step.next_store
            if since is None:
                break
        if stores:
            with scope.agency(agency):
                fleet.arm(at=timezone.now())
        self.stdout.write(json.dumps({"agency": agency.slug, "stores": stores, "mended": mended}))
