"""What the SMTP door does with a mail: keep it with its due row, and only then say "250"."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone

from stores.mailin.server import Verdict
from stores.services import mail_routes


def knows(recipient: str) -> Verdict:
    """Tell whether ``recipient`` is an address of ours."""
    with _own_connection():
        return Verdict.STORED if mail_routes.route_of(recipient) else Verdict.UNKNOWN


def deliver(recipient: str, raw: bytes, _peer: str) -> Verdict:
    """Keep a mail for ``recipient``; the answer is STORED once it is committed."""
    with _own_connection():
        route = mail_routes.route_of(recipient)
        if route is None:
            return Verdict.UNKNOWN
        mail_routes.keep_mail(route=route, raw=raw, at=timezone.now())
        return Verdict.STORED


@contextmanager
def _own_connection() -> Iterator[None]:
    """Close the worker thread's connection afterwards: mails come seldom, threads stay long."""
    try:
        yield
    finally:
        if not connection.in_atomic_block:
            connection.close()
