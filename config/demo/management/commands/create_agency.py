import json
import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.demo.loading import load_demo, make_person, open_agency
from config.demo.management.commands.load_demo import read_password
from tenants.errors import DomainError
from tenants.services.agencies import agency_host


class Command(BaseCommand):
    help = "Found an agency with an owner; prints one JSON object."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--slug", required=True)
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--owner-password-file", help="a file, or - for stdin")
        parser.add_argument("--demo", action="store_true", help="load the demo agency besides")

    def handle(self, *_args: Any, **options: Any) -> None:
        at = timezone.now()
        source = options["owner_password_file"]
        password = read_password(source) if source else secrets.token_urlsafe(15)
        owner = make_person("", options["owner_email"], password)
        try:
            member = open_agency(name=options["name"], slug=options["slug"], owner=owner, at=at)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        told: dict[str, Any] = {
            "agency": member.agency.slug,
            "host": agency_host(member.agency.slug),
            "email": owner.email,
        }
        if not source:
            told["password"] = password
        if options["demo"]:
            told["demo"] = load_demo(password=password, at=at)
        self.stdout.write(json.dumps(told))
