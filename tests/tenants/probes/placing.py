"""Kinds of work that note where they were done; imported by the workers' processes too."""

import os
from typing import Final

from django.db import connection

from stores.models import Client
from tenants import due, scope
from tenants.models import Agency
from tenants.tasks import due_task

WHOLE: Final = "test.notes_its_place"
IN_STEPS: Final = "test.notes_its_place_in_steps"
KINDS: Final = (WHOLE, IN_STEPS)


def register() -> None:
    """Register the kinds anew, whatever a test before has left."""
    for kind in KINDS:
        due._kinds.pop(kind, None)
    due_task(WHOLE)(note_place)
    due_task(IN_STEPS, transactional=False)(note_place_in_steps)


def note_place(_agency: Agency, work: due.Work) -> None:
    """Write a row that says as whom and where it was written, as the database knows it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_user, current_setting('app.agency')")
        schema, role, agency = cursor.fetchone()
    place = f"{schema} {role} {agency} {os.getpid()}"
    Client.objects.create(name=work.subject, contact=place)


def note_place_in_steps(agency: Agency, work: due.Work) -> None:
    """Enter the scope twice, as work does that speaks with a marketplace in between."""
    with scope.agency(agency):
        note_place(agency, work)
    with scope.agency(agency):
        work.finish()


register()
