import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import OperationalError
from django.utils import timezone

from tenants import fence, migrating, schemas

_LOCK: Final = 5_307_001  # any number of our own: two runs at once wait for each other
_FEW: Final = 20  # so many are done before other processes have started
_MOST_CANARIES: Final = 5
_TRIES: Final = 5
_ROUNDS: Final = 3  # a sign-up while we run may still be made by a process of the old code
_BAR: Final = 30


class Command(BaseCommand):
    help = (
        "Migrate the public tables and every agency's schema, and grant what the pages need."
        " A run that was killed is gone on with; an agency that fails is named, the others go on."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--processes", type=int, default=os.cpu_count() or 1, help="default: one a core"
        )
        parser.add_argument(
            "--canaries",
            type=int,
            default=3,
            choices=range(1, _MOST_CANARIES + 1),
            help="so many go first, and where one fails all stops",
        )
        parser.add_argument(
            "--all", action="store_true", help="do the public part even where nothing is to do"
        )
        parser.add_argument("--work-since", help="take part in the run that began then")

    def handle(self, *_args: Any, **options: Any) -> None:
        verbosity = int(options["verbosity"])
        if options["work_since"]:
            _take_part(datetime.fromisoformat(options["work_since"]))
            return
        with self._alone():
            if options["all"] or not migrating.is_public_done():
                _migrate_public(verbosity)
            began_at = timezone.now()
            migrating.fill_versions(at=began_at)
            done = 0
            for _round in range(_ROUNDS):
                here = self._migrate_agencies(options, began_at)
                done += here
                if not here:
                    break
            failed = migrating.failures()
        if failed:
            told = "; ".join(f"{each.slug}: {each.error}" for each in failed)
            raise CommandError(f"{len(failed)} agencies could not be migrated. {told}")
        if verbosity:
            self.stdout.write(f"All is up to date; {done} agencies were migrated.")

    def _migrate_agencies(self, options: dict[str, Any], began_at: datetime) -> int:
        """Migrate those that are behind; return how many were."""
        waiting = migrating.behind(began_at=began_at)
        total = sum(waiting.values())
        if not total:
            schemas.template(at=began_at)
            return 0
        migrating.compile_steps(waiting, at=began_at)
        for _ in range(min(options["canaries"], total)):
            tried = migrating.migrate_next(began_at=began_at, at=timezone.now())
            if tried is not None and tried.error:
                raise CommandError(f"Stopped after the first ones: {tried.slug}: {tried.error}")
        processes = _start(options["processes"], began_at, total)
        try:
            for _ in self._told(total, options, began_at):
                if processes and any(each.poll() is None for each in processes):
                    time.sleep(0.2)
                elif migrating.migrate_next(began_at=began_at, at=timezone.now()) is None:
                    break
        finally:
            for each in processes:
                each.terminate()
                each.wait()
        return total

    def _told(self, total: int, options: dict[str, Any], began_at: datetime) -> Iterator[None]:
        """Yield again and again, and say how far the run is: a bar where somebody looks on."""
        is_bar = self.stdout.isatty()
        step = 1 if is_bar else max(total // 10, 1)
        said = -1
        while True:
            left = sum(migrating.behind(began_at=began_at).values())
            done = total - left
            if options["verbosity"] and done // step != said:
                said = done // step
                width = _BAR * done // total
                bar = f"\r[{'#' * width}{' ' * (_BAR - width)}] " if is_bar else ""
                self.stdout.write(f"{bar}{done} of {total}", ending="" if is_bar else "\n")
                self.stdout.flush()
                if is_bar and not left:
                    self.stdout.write("")
            yield
            if not left:
                return

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with schemas.owner().cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                self.stdout.write("Another run is at work; waiting for it.")
                cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _migrate_public(verbosity: int) -> None:
    """Migrate the public tables and grant; pages that read them are let pass."""
    connection = schemas.owner()
    connection.set_schema_to_public()
    for rest in reversed(range(_TRIES)):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', '2s', false)")
            call_command(Migrate(), database=schemas.OWNER, verbosity=verbosity, interactive=False)
            with connection.cursor() as cursor:
                fence.install(cursor)
                cursor.execute("SELECT set_config('lock_timeout', '0', false)")
            break
        except OperationalError as error:
            if not rest or not migrating.is_in_the_way(error):
                raise
    migrating.note_public(at=timezone.now())


def _start(wanted: int, began_at: datetime, total: int) -> list[subprocess.Popen[bytes]]:
    """Start processes that take part; few agencies are done sooner without."""
    if wanted < 2 or total <= _FEW:  # noqa: PLR2004 - one process is this one
        return []
    command = [sys.executable, "-m", "django", "migrate_agencies"]
    command += ["--work-since", began_at.isoformat()]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]}
    return [
        subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment)  # noqa: S603 - ours
        for _ in range(wanted)
    ]


def _take_part(began_at: datetime) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        if migrating.migrate_next(began_at=began_at, at=timezone.now()) is None:
            return
