"""Documents that support an attempt: kept with their digest, fixed once handed to review."""

import hashlib
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import urlsplit

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from appeals import core
from appeals.models import Attempt, Evidence
from appeals.services.cases import WrongState
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_OF_AN_ATTEMPT: Final = 40
TITLE_LENGTH: Final = 160
TEXT_LENGTH: Final = 4000
URL_LENGTH: Final = 500


class EvidenceUnusable(DomainError):
    code: ClassVar[str] = "evidence_unusable"


@transaction.atomic
def add_evidence(
    *,
    attempt: Attempt,
    title: str,
    by: Membership,
    at: datetime,
    file: "File[bytes] | None" = None,
    url: str = "",
    text: str = "",
    via: str = "page",
) -> Evidence:
    """Add a file, a link or an internal note to a draft; exactly one of the three.

    Raises:
        EvidenceUnusable: if it is none of the kinds we keep, too large, or one too many.
        WrongState: if the attempt is no draft any more.
    """
    title, url, text = title.strip(), url.strip(), text.strip()
    if sum(map(bool, (file, url, text))) != 1:
        raise EvidenceUnusable(_("Give one file, one link or one note."))
    if not title or len(title) > TITLE_LENGTH or len(text) > TEXT_LENGTH:
        raise EvidenceUnusable(_("Say in at most 160 characters what it is."))
    if "\x00" in title + text + url:
        raise EvidenceUnusable(_("The text holds characters that cannot be kept."))
    _hold_draft(attempt)
    if attempt.evidence.count() >= MOST_OF_AN_ATTEMPT:
        raise EvidenceUnusable(_("An attempt has at most 40 documents."))
    evidence = Evidence(attempt=attempt, title=title, added_by=by, at=at)
    if file is not None:
        _keep_file(evidence, file)
    elif url:
        _keep_link(evidence, url)
    else:
        evidence.kind, evidence.text = Evidence.Kind.NOTE, text
    evidence.save(force_insert=True)
    _record("evidence.added", evidence, by, at, via)
    return evidence


@transaction.atomic
def remove_evidence(*, evidence: Evidence, by: Membership, at: datetime, via: str = "page") -> None:
    """Take a document out of a draft; the file itself is kept, its digest stays in the trail.

    Raises:
        WrongState: if the attempt is no draft any more.
    """
    _hold_draft(evidence.attempt)
    _record("evidence.removed", evidence, by, at, via)
    evidence.delete()


def _hold_draft(attempt: Attempt) -> None:
    # Locked, so that no document slips in behind a request for review.
    held = Attempt.objects.select_for_update().filter(pk=attempt.pk, state=Attempt.State.DRAFTING)
    if not held.exists():
        raise WrongState(_("Its documents stand: this attempt is no draft any more."))


def _keep_file(evidence: Evidence, file: "File[bytes]") -> None:
    if (file.size or 0) > MOST_BYTES:
        raise EvidenceUnusable(_("A file has at most 20 MB."))
    file.seek(0)
    suffix = core.document_suffix(file.read(core.HEAD_BYTES))
    file.seek(0)
    if suffix is None:
        raise EvidenceUnusable(_("Only PDF, JPEG, PNG, WebP and MP4 files are kept."))
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    evidence.kind = Evidence.Kind.FILE
    evidence.sha256, evidence.size = digest.hexdigest(), file.size
    evidence.file.save(f"evidence.{suffix}", file, save=False)


def _keep_link(evidence: Evidence, url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc or len(url) > URL_LENGTH:
        raise EvidenceUnusable(_("Give the whole address, beginning with https://."))
    evidence.kind, evidence.url = Evidence.Kind.LINK, url


def _record(action: str, evidence: Evidence, by: Membership, at: datetime, via: str) -> None:
    appeal = evidence.attempt.appeal
    record(
        action=action,
        by=by,
        subject=appeal,
        store_id=appeal.store_id,
        changes={
            "attempt": evidence.attempt.number,
            "title": evidence.title,
            "kind": evidence.kind,
            "sha256": evidence.sha256,
        },
        at=at,
        via=via,
    )
