"""Kinds of work that a real worker does in tests; imported by its process and by the test's."""

import os
import signal
from typing import Final

from django.db import connection

from stores.models import Client
from tenants import due
from tenants.models import Agency
from tenants.tasks import due_task

DEADLY: Final = "test.kills_its_process"
PLAIN: Final = "test.names_a_client"
BROKEN_ONCE: Final = "test.loses_its_session_once"


def register() -> None:
    """Register the kinds anew, whatever a test before has left."""
    for kind in (DEADLY, PLAIN, BROKEN_ONCE):
        due._kinds.pop(kind, None)
    due_task(DEADLY)(kill)
    due_task(PLAIN)(name_client)
    due_task(BROKEN_ONCE)(lose_session_once)


def kill(_agency: Agency, _work: due.Work) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def name_client(_agency: Agency, work: due.Work) -> None:
    Client.objects.create(name=work.subject)


def lose_session_once(_agency: Agency, work: due.Work) -> None:
    """Write, and have the session that wrote end under us, on the first try."""
    Client.objects.create(name=work.subject)
    if work.attempts == 0:
        with connection.cursor() as cursor:
            # The agency's role may not end sessions of the login role.
            cursor.execute("SELECT set_config('role', 'none', true)")
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


register()
