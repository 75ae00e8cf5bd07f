import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scoring import books


class Command(BaseCommand):
    help = (
        "Read every rulebook and tell all that is wrong, each with file and line; prints one JSON"
        " object. Exits with 1 where anything is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder",
            type=Path,
            nargs="?",
            default=books.FOLDER,
            help="another folder than that of the rulebooks in use",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder.")
        found, errors = books.read(folder)
        told = {
            "rulebooks": sorted(book.name for book in found),
            "files": sorted({book.file for book in found}),
            "errors": [
                {"file": error.file, "line": error.line, "why": error.why} for error in errors
            ],
        }
        self.stdout.write(json.dumps(told))
        if errors:
            raise CommandError(f"{len(errors)} faults; the first: {errors[0]}")
