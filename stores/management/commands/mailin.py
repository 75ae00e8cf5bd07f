import json
from argparse import ArgumentParser
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from stores.mailin.server import MAX_BYTES
from stores.models import Notice
from stores.services import mail_routes, notices
from tenants import scope, tasks
from tenants.models import DueWork, InboundEvent, MailRoute

_NAMES = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")


class Command(BaseCommand):
    help = "Take a mail from a file as if it had come in by SMTP; prints one JSON object."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.eml")
        parser.add_argument("--to", default="", help="the address; by default as the mail says")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            raw = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        if len(raw) > MAX_BYTES:
            raise CommandError("This is larger than any mail that would be received.")
        route = _route(raw, options["to"])
        at = timezone.now()
        event = mail_routes.keep_mail(route=route, raw=raw, at=at)
        is_new = event.handled_at is None
        if is_new:
            work = DueWork.objects.get(
                agency=route.agency, kind=mail_routes.READ_NOTICE, subject=str(event.pk)
            )
            tasks.run(route.agency_id, work.pk)
        self.stdout.write(json.dumps(_told(route, event, is_new=is_new)))


def _route(raw: bytes, to: str) -> MailRoute:
    addresses = [to] if to else _addresses(raw)
    for address in addresses:
        route = mail_routes.route_of(address)
        if route is not None:
            return route
    raise CommandError("No address of the mail is one of ours; name one with --to.")


def _addresses(raw: bytes) -> list[str]:
    message = message_from_bytes(raw)
    values = [str(value) for name in _NAMES for value in message.get_all(name, [])]
    return [address for _name, address in getaddresses(values) if address]


def _told(route: MailRoute, event: InboundEvent, *, is_new: bool) -> dict[str, Any]:
    event.refresh_from_db()
    with scope.agency(route.agency):
        of_mail = notices.digest_of_mail(event.digest)
        found = Notice.objects.filter(digest__startswith=of_mail)
        rows = [
            {
                "id": str(notice.pk),
                "store": str(notice.store_id) if notice.store_id else None,
                "kind": notice.kind,
                "trust": notice.trust,
                "state": notice.state,
                "reason": notice.reason,
                "did": [done["did"] for done in notice.did],
            }
            for notice in found.order_by("digest")
        ]
    return {
        "agency": route.agency.slug,
        "is_new": is_new,
        "is_read": event.handled_at is not None,
        "notices": rows,
    }
