import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tenants import migrating, schemas
from tenants.models import Agency


class Command(BaseCommand):
    help = (
        "Compare each agency's schema with the recorded template, grants and agency constant"
        " included; each difference is a line. Exits with 1 where there is any."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agency", help="only the agency of this slug")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        agencies = Agency.objects.filter(state__in=migrating.STANDING).order_by("slug")
        if options["agency"]:
            agencies = agencies.filter(slug=options["agency"])
            if not agencies.exists():
                raise CommandError(f"There is no agency {options['agency']}.")
        looked_at = list(agencies)
        found = {
            agency.slug: lines
            for agency, lines in schemas.drift(looked_at, at=timezone.now()).items()
        }
        if options["json"]:
            self.stdout.write(json.dumps({"agencies": len(looked_at), "drift": found}))
        else:
            for slug, lines in found.items():
                for line in lines:
                    self.stdout.write(f"{slug}: {line}")
        if found:
            raise CommandError(f"{len(found)} of {len(looked_at)} schemas differ.")
        if not options["json"]:
            self.stdout.write(f"Looked at: {len(looked_at)}. All is as the template makes it.")
