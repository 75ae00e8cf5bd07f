"""What came in from outside: kept as received, sealed, until it has been worked on."""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from tenants import due, scope, sealing
from tenants.models import Agency, InboundEvent
from tenants.models.inbound import PAYLOAD_CELL, TYPE_LENGTH


@dataclass(frozen=True, slots=True)
class Told:
    """What a push says of itself: its type, and when what it tells of happened."""

    type: str
    sent_at: datetime


def keep(
    *,
    agency: Agency,
    store_id: UUID | None,
    channel: str,
    recipient: str,
    digest: str,
    raw: bytes,
    kind: str,
    at: datetime,
    told: Told | None = None,
) -> tuple[InboundEvent, bool]:
    """Keep ``raw`` and ask for ``kind`` to work on it, both or neither.

    Return its row, and whether it is new: the same digest from a channel for a recipient is kept
    once, however often it is sent.
    """
    key = {"agency": agency, "channel": channel, "recipient": recipient, "digest": digest}
    event = InboundEvent(**key, store_id=store_id, received_at=at)
    if told is not None:
        event.type, event.sent_at = told.type[:TYPE_LENGTH], told.sent_at
    text = base64.b64encode(raw).decode()
    sealed = sealing.seal(text, **PAYLOAD_CELL, row=event.pk, agency=agency.pk)
    event.payload = sealed.encode()
    try:
        with scope.public(), transaction.atomic():
            event.save(force_insert=True)
            due.add(kind=kind, subject=event.pk, at=at, agency=agency)
    except IntegrityError:
        return InboundEvent.objects.get(**key), False
    return event, True


def payload_of(event: InboundEvent) -> bytes:
    """Return what came in, as it was received."""
    sealed = bytes(event.payload).decode()
    text = sealing.unseal(sealed, **PAYLOAD_CELL, row=event.pk, agency=event.agency_id)
    return base64.b64decode(text)


def close(
    event: InboundEvent,
    *,
    at: datetime,
    outcome: InboundEvent.Outcome | None = None,
    keeps_payload: bool = False,
) -> None:
    """Mark an event as worked on.

    What it brought is kept elsewhere now, so its own copy goes, unless ``keeps_payload``.
    """
    changes: dict[str, Any] = {"handled_at": at, "outcome": outcome or ""}
    if not keeps_payload:
        changes["payload"] = b""
    InboundEvent.objects.filter(pk=event.pk).update(**changes)


def forget(event_id: UUID) -> None:
    """Drop the copy of an event that has been worked on; its row stays."""
    worked_on = InboundEvent.objects.filter(pk=event_id, handled_at__isnull=False)
    worked_on.update(payload=b"")
