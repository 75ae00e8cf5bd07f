import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from tenants.health import checks


class Command(BaseCommand):
    help = "Look at everything that Storewarden stands on; what is wrong says what to do."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = checks.examine(clock=timezone.now)
        is_well = all(finding.is_well for finding in found)
        if options["json"]:
            told = {"is_well": is_well, "findings": [asdict(finding) for finding in found]}
            self.stdout.write(json.dumps(told))
        else:
            for finding in found:
                mark = "well " if finding.is_well else "WRONG"
                self.stdout.write(f"{mark}  {finding.check:<13} {finding.says}")
        if not is_well:
            sys.exit(1)
