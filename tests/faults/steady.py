"""Asks for jobs, as a page or task does, and writes down which asking was committed.

Called as ``python -m tests.faults.steady FOLDER PREFIX JOBS SECONDS CHAINS LAST``: it ends once so
many askings were acknowledged, spread over about so many seconds. What a fault cut off is left open
and the next job asked for: the journal holds it as tried. First of all it starts so many chains of
the periods 0 to LAST.
"""

import json
import os
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import django

from tests.faults import asking
from tests.faults.jobs.kinds import BEAT, STEPS, WHOLE, beat_of
from tests.faults.journal import Journal

KINDS: Final = (WHOLE, WHOLE, STEPS)
GIVES_UP_AFTER: Final = 60.0  # seconds without any success


def ask(folder: Path, prefix: str, jobs: int, seconds: float, beats: list[str]) -> None:
    from django.db import Error, connection

    from tenants import due, scope
    from tenants.models import Agency

    known = json.loads((folder / "ready.json").read_text())["agencies"]
    agencies = list(Agency.objects.filter(slug__in=[each["slug"] for each in known]))
    asking.ask(folder, BEAT, "0", beats)
    kept, number, began = 0, 0, time.monotonic()
    succeeded_at, parent = began, os.getppid()
    with Journal(folder / f"{prefix}.journal") as journal:
        while kept < jobs and os.getppid() == parent:  # whose end is ours too
            name, agency = f"{prefix}-{number}", agencies[number % len(agencies)]
            journal.try_(name)
            try:
                with scope.agency(agency):
                    due.add(kind=KINDS[number % len(KINDS)], subject=name, at=datetime.now(UTC))
            except Error:
                with suppress(Error):
                    connection.close()
                if time.monotonic() - succeeded_at > GIVES_UP_AFTER:
                    raise
                time.sleep(0.05)
            else:
                journal.keep(name)
                kept, succeeded_at = kept + 1, time.monotonic()
            number += 1
            time.sleep(max(0.0, began + kept * seconds / jobs - time.monotonic()))


if __name__ == "__main__":
    django.setup()
    _, place, name, count, span, chains, last = sys.argv
    subjects = [beat_of(name, chain, int(last)) for chain in range(int(chains))]
    ask(Path(place), name, int(count), float(span), subjects)
