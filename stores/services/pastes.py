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
_AT: Final = "-"  # no digit of a digest, so that a nonce is found only in its own place
_NONCE: Final = 16  # letters of a digest
_WHOLE: Final = 16
_NUMBER: Final = 4


class PasteChanged(DomainError):
    code: ClassVar[str] = "paste_changed"


class NothingToWrite(DomainError):
    code: ClassVar[str] = "nothing_to_write"


class PasteWritten(DomainError):
    code: ClassVar[str] = "paste_written"


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

    @property
    def is_known(self) -> bool:
        """Tell whether the same was pasted before, so that there is nothing new in it."""
        return self.notice.reason == notices.PASTED_BEFORE


@dataclass(frozen=True, slots=True)
class Plan:
    pieces: Sequence[Piece]

    @property
    def is_ready(self) -> bool:
        return any(piece.is_written for piece in self.pieces)

    @property
    def is_known(self) -> bool:
        """Tell whether all of it was pasted before."""
        return bool(self.pieces) and all(piece.is_known for piece in self.pieces)

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
        PasteWritten: if another text was written with this ``nonce``.
        PasteChanged: if it would do something else than what was ``seen``.
        NothingToWrite: if nothing of it can be read beyond doubt, or all of it is known.
        PasteTooLong: if the text has more letters than are read.
    """
    written = _written(paste, nonce)
    if written:
        return written
    try:
        with transaction.atomic():
            plan = _write(paste, nonce=str(nonce), by=by, at=at, via=via)
            if plan.is_known:
                raise NothingToWrite(_("This was pasted before: there is nothing new in it."))
            if not plan.is_ready:
                raise NothingToWrite(_("Nothing of this can be read beyond doubt."))
            if plan.seen != seen:
                raise PasteChanged(_("Meanwhile it would do something else: look it over again."))
    except IntegrityError:  # sent twice at once
        return _written(paste, nonce)
    return [piece.notice for piece in plan.pieces if piece.is_written]


def _written(paste: Paste, nonce: UUID) -> list[Notice]:
    """Return what ``nonce`` wrote of this very paste.

    Raises:
        PasteWritten: if it wrote another one.
    """
    by_nonce, by_paste = _short(str(nonce), _NONCE), _short(_whole(paste), _WHOLE)
    found = Notice.objects.filter(channel=CHANNEL, digest__contains=f"{_AT}{by_nonce}")
    kept = sorted(found, key=lambda notice: notice.digest[-_NUMBER:])
    if any(by_paste not in notice.digest for notice in kept):
        raise PasteWritten(_("This was written already. Look the other text over anew."))
    return kept


def _whole(paste: Paste) -> str:
    return f"{paste.store.pk if paste.store else ''}\n{' '.join(paste.text.split())}"


def _short(text: str, letters: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:letters]


def _digest(paste: Paste, mail: Mail, nonce: str, number: int) -> str:
    """Return a digest that begins with what the piece says, so that the same is found again.

    Behind it stand the form's nonce, the whole paste, and the piece's number in it.
    """
    said = f"{mail.subject}\n{mail.text}\n{mail.sent_at.isoformat() if mail.sent_at else ''}"
    return "".join([
        _short(" ".join(said.split()), notices.SAID),
        _AT,
        _short(nonce, _NONCE),
        _short(_whole(paste), _WHOLE),
        f"{number:0{_NUMBER}x}",
    ])  # fmt: skip


def _write(paste: Paste, *, nonce: str, by: Membership | None, at: datetime, via: str) -> Plan:
    if len(paste.text) > pasted.LONGEST:
        raise PasteTooLong(_("This is too long to be read at once: paste it in parts."))
    zone: tzinfo = ZoneInfo(paste.store.time_zone) if paste.store else UTC
    mails = pasted.pieces(paste.text, zone=zone)
    return Plan([
        _piece(paste, mail, _digest(paste, mail, nonce, number), by=by, at=at, via=via)
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
        return paste.store, Notice.OTHER_STORE if is_another else ""
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
