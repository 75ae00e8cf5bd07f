from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from tenants import fence, schemas
from tenants.models import Agency

_LOCK = 5_307_001  # any number of our own: two runs at once wait for each other


class Command(BaseCommand):
    help = "Migrate the public tables and every agency's schema, and grant what the pages need."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **options: Any) -> None:
        verbosity = int(options["verbosity"])
        connection: Any = connections[schemas.OWNER]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        connection.set_schema_to_public()
        call_command(Migrate(), database=schemas.OWNER, verbosity=verbosity, interactive=False)
        with connection.cursor() as cursor:
            fence.install(cursor)
        agencies = list(
            Agency.objects.using(schemas.OWNER).exclude(state=Agency.State.PROVISIONING)
        )
        for agency in agencies:
            schemas.migrate(agency)
        if verbosity:
            self.stdout.write(f"The public tables and {len(agencies)} agencies are up to date.")
