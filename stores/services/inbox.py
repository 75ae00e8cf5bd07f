"""What came in from outside: kept as received, sealed, until it has been worked on."""

import base64
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from tenants import due, scope, sealing
from tenants.models import Agency, InboundEvent
from tenants.models.inbound import PAYLOAD_CELL


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
) -> InboundEvent:
    """Keep ``raw`` and ask for ``kind`` to work on it, both or neither; return its row.

    The same digest from a channel for a recipient is kept once, however often it is sent.
    """
    key = {"agency": agency, "channel": channel, "recipient": recipient, "digest": digest}
    event = InboundEvent(**key, store_id=store_id, received_at=at)
    text = base64.b64encode(raw).decode()
    sealed = sealing.seal(text, **PAYLOAD_CELL, row=event.pk, agency=agency.pk)
    event.payload = sealed.encode()
    try:
        with scope.public(), transaction.atomic():
            event.save(force_insert=True)
            due.add(kind=kind, subject=event.pk, at=at, agency=agency)
    except IntegrityError:
        return InboundEvent.objects.get(**key)
    return event


def payload_of(event: InboundEvent) -> bytes:
    """Return what came in, as it was received."""
    sealed = bytes(event.payload).decode()
    text = sealing.unseal(sealed, **PAYLOAD_CELL, row=event.pk, agency=event.agency_id)
    return base64.b64decode(text)


def close(event: InboundEvent, *, at: datetime) -> None:
    """Mark an event as worked on; what it brought is kept elsewhere now, so its own copy goes."""
    InboundEvent.objects.filter(pk=event.pk).update(handled_at=at, payload=b"")
