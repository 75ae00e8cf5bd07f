"""Asks for work of one kind, one piece a subject, the agencies in turns.

Called as ``python -m tests.faults.asking FOLDER KIND PERIOD SUBJECT...``.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import django


def ask(folder: Path, kind: str, period: str, subjects: list[str]) -> None:
    from tenants import due, scope
    from tenants.models import Agency

    known = json.loads((folder / "ready.json").read_text())["agencies"]
    agencies = list(Agency.objects.filter(slug__in=[each["slug"] for each in known]))
    for number, subject in enumerate(subjects):
        with scope.agency(agencies[number % len(agencies)]):
            due.add(kind=kind, subject=subject, period=period, at=datetime.now(UTC))


if __name__ == "__main__":
    django.setup()
    ask(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])
