"""What a member pasted: looked over first, then written all or not at all, once."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from stores.mailin import parsers, pasted
from stores.mailin.envelope import Mail
from stores.mailin.parsers import Finding
from stores.models import Notice, Store
from stores.selectors import notices as selectors
from stores.services import notices
from tenants.errors import DomainError
from tenants.models import Membership

CHANNEL: Final = "paste"


class PasteChanged(DomainError):
    code: ClassVar[str] = "paste_changed"


class NothingToWrite(DomainError):
    code: ClassVar[str] = "nothing_to_write"


class PasteTooLong(DomainError):
    code: ClassVar[str] = "paste_too_long"


@dataclass(frozen=True, slots=True)
class Piece:
    """One notice of a paste: what it says, and what writing it does. ``reason``: why it cannot."""

    notice: Notice  # not saved, where it was only looked over
    findings: Sequence[Finding]

    @property
    def is_written(self) -> bool:
        return not self.notice.reason


@dataclass(frozen=True, slots=True)
class Plan:
    pieces: Sequence[Piece]

    @property
    def is_ready(self) -> bool:
        return any(piece.is_written for piece in self.pieces)

    @property
    def seen(self) -> str:
        """Return a digest of all that would be written, to be given back with the yes."""
        told = [
            [
                str(piece.notice.store_id), piece.notice.kind, piece.notice.reason,
                [{**done, "id": ""} for done in piece.notice.did],
            ]
            for piece in self.pieces
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Paste:
    """The text, the store that it is all about if one was chosen, and which stores may be meant."""

    text: str
    store: Store | None
    stores: QuerySet[Store]
    source: str = "person"


def look_over(paste: Paste, *, by: Membership | None, at: datetime) -> Plan:
    """Return what writing ``paste`` would do; it is done and taken back, so it is exact.

    Raises:
        PasteTooLong: if the text has more letters than are read.
    """
    with transaction.atomic():
        plan = _write(paste, nonce="", by=by, at=at, via="page")
        transaction.set_rollback(True)
    return plan


def write(
    paste: Paste, *, nonce: UUID, seen: str, by: Membership | None, at: datetime, via: str = "page"
) -> list[Notice]:
    """Write what was looked over, all or nothing; the same ``nonce`` again writes nothing more.

    Raises:
        PasteChanged: if it would do something else than what was ``seen``.
        NothingToWrite: if nothing of it can be read beyond doubt.
        PasteTooLong: if the text has more letters than are read.
    """
    written = _written(nonce)
    if written:
        return written
    try:
        with transaction.atomic():
            plan = _write(paste, nonce=str(nonce), by=by, at=at, via=via)
            if not plan.is_ready:
                raise NothingToWrite(_("Nothing of this can be read beyond doubt."))
            if plan.seen != seen:
                raise PasteChanged(_("Meanwhile it would do something else: look it over again."))
    except IntegrityError:  # sent twice at once
        return _written(nonce)
    return [piece.notice for piece in plan.pieces if piece.is_written]


def _written(nonce: UUID) -> list[Notice]:
    begins = _digest(str(nonce), 0)[:56]
    return list(
        Notice.objects.filter(channel=CHANNEL, digest__startswith=begins).order_by("digest")
    )


def _digest(nonce: str, number: int) -> str:
    return f"{hashlib.sha256(nonce.encode()).hexdigest()[:56]}{number:08x}"


def _write(paste: Paste, *, nonce: str, by: Membership | None, at: datetime, via: str) -> Plan:
    if len(paste.text) > pasted.LONGEST:
        raise PasteTooLong(_("This is too long to be read at once: paste it in parts."))
    zone: tzinfo = ZoneInfo(paste.store.time_zone) if paste.store else UTC
    mails = pasted.pieces(paste.text, zone=zone)
    return Plan([
        _piece(paste, mail, _digest(nonce, number), by=by, at=at, via=via)
        for number, mail in enumerate(mails)
    ])  # fmt: skip


def _piece(
    paste: Paste, mail: Mail, digest: str, *, by: Membership | None, at: datetime, via: str
) -> Piece:
    store, doubt = _store_of(paste, mail, at)
    # As one paste may have many entries of one store, each is read in its store's own zone.
    findings = notices.read(mail, store, at)
    notice = notices.take_pasted(
        mail=mail,
        store=store,
        doubt=doubt,
        findings=findings,
        digest=digest,
        by=by,
        source=paste.source,
        at=at,
        via=via,
    )
    return Piece(notice, findings)


def _store_of(paste: Paste, mail: Mail, at: datetime) -> tuple[Store | None, str]:
    named = parsers.shops_named(mail, received_at=at)
    if paste.store is not None:
        is_another = selectors.is_of_another(paste.store, named, title=mail.subject)
        return paste.store, "other_store" if is_another else ""
    meant = selectors.stores_meant(
        f"{mail.subject}\n{mail.text}", names=named.names, codes=named.codes
    )
    return (paste.stores.filter(pk=meant.only).first() if meant.only else None), ""


def summary(notice: Notice) -> dict[str, Any]:
    """Return what became of a piece, as the API shows it."""
    return {
        "store": str(notice.store_id) if notice.store_id else None,
        "subject": notice.subject,
        "kind": notice.kind,
        "reason": notice.reason,
        "did": [done["did"] for done in notice.did],
    }
