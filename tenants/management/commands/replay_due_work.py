import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tenants import scope
from tenants.models import Agency, DueWork
from tenants.services import work as services


class Command(BaseCommand):
    help = (
        "Try work again that was set aside; prints one JSON object: how much, by agency and kind."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--agency", help="the agency's slug")
        whose.add_argument("--all", action="store_true", help="of every agency")
        parser.add_argument("--kind", help="only work of this kind")
        parser.add_argument("--id", type=int, help="only this row")

    def handle(self, *_args: Any, **options: Any) -> None:
        aside = DueWork.objects.exclude(quarantined_at=None)
        row, row_id = None, options["id"]
        if row_id is not None:
            aside = aside.filter(pk=row_id)
            row = aside.first()
        agencies = Agency.objects.filter(pk__in=aside.values("agency_id")).order_by("slug")
        if not options["all"]:
            if not Agency.objects.filter(slug=options["agency"]).exists():
                raise CommandError(f"There is no agency {options['agency']}.")
            agencies = agencies.filter(slug=options["agency"])
        replayed = {}
        for agency in agencies:
            with scope.agency(agency):
                count = services.replay(
                    agency=agency,
                    row=row,
                    kind=options["kind"],
                    by=None,
                    at=timezone.now(),
                    via="command",
                )
            replayed[agency.slug] = dict(count)
        total = sum(sum(count.values()) for count in replayed.values())
        if not total and (row_id is not None or options["kind"]):
            raise CommandError("No such work is set aside.")
        self.stdout.write(json.dumps({"replayed": total, "agencies": replayed}))
