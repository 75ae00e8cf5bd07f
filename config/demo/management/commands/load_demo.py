import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from config.demo.loading import load_demo


def read_password(source: str) -> str:
    """Return the first line of a file, or of the standard input for "-"."""
    text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    return text.partition("\n")[0].strip()


class Command(BaseCommand):
    help = "Load the demo agency; prints one JSON object."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--password-file", required=True, help="a file, or - for stdin")

    def handle(self, *_args: Any, **options: Any) -> None:
        told = load_demo(password=read_password(options["password_file"]), at=timezone.now())
        self.stdout.write(json.dumps(told))
