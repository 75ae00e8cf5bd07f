"""Development only: the mails that were sent, for want of a mail server."""

import email
import email.policy
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tenants.access import is_open

_NAME: Final = re.compile(r"[\w-]+\.log")
_BETWEEN: Final = b"-" * 79
_MOST_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class SentMail:
    name: str
    sent_at: datetime
    sender: str
    to: str
    subject: str
    text: str


def _folder() -> Path:
    if not settings.DEVELOPMENT:
        raise Http404
    return Path(settings.EMAIL_FILE_PATH)


def _read(path: Path) -> list[SentMail]:
    sent_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    mails = []
    for part in path.read_bytes().split(_BETWEEN):
        if not part.strip():
            continue
        message = email.message_from_bytes(part.lstrip(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(preferencelist=("plain",))
        mails.append(
            SentMail(
                name=path.name,
                sent_at=sent_at,
                sender=str(message["From"] or ""),
                to=str(message["To"] or ""),
                subject=str(message["Subject"] or ""),
                text=str(body.get_content()) if body else "",
            )
        )
    return mails


@is_open("development only: a 404 elsewhere")
@never_cache
@require_GET
def sent_mails(request: HttpRequest) -> HttpResponse:
    folder = _folder()
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
    mails = [mail for file in files[:_MOST_LISTED] for mail in _read(file)]
    return render(request, "tenants/mails.html", {"mails": mails})


@is_open("development only: a 404 elsewhere")
@never_cache
@require_GET
def sent_mail(request: HttpRequest, name: str) -> HttpResponse:
    path = _folder() / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise Http404
    return render(request, "tenants/mail.html", {"mails": _read(path)})
