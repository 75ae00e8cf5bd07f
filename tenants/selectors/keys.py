"""The keys of the REST API."""

import secrets
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from django.db.models import F, Q, QuerySet

from tenants.models import Agency, ApiKey

_START = "ahr_live_"
_LENGTH = len(_START) + 8 + 1 + 32


def keys_of(agency_id: UUID) -> QuerySet[ApiKey]:
    """Return the agency's keys: those in force first, then the newest."""
    return (
        ApiKey.objects.filter(agency_id=agency_id)
        .select_related("made_by__user")
        .order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "pk")
    )


def live_key(text: str, *, at: datetime) -> ApiKey | None:
    """Return the key whose text this is, with its agency, in force at ``at``.

    The agency may be suspended or closing: who asks is to be told so.
    """
    if len(text) != _LENGTH or not text.startswith(_START) or not text.isascii():
        return None
    key = (
        ApiKey.objects.select_related("agency")
        .filter(prefix=text[len(_START) : len(_START) + 8], revoked_at=None)
        .filter(Q(expires_at=None) | Q(expires_at__gt=at))
        .exclude(agency__state__in=(Agency.State.PROVISIONING, Agency.State.DELETED))
        .first()
    )
    presented = sha256(text.encode()).hexdigest()
    if key is None or not secrets.compare_digest(key.secret_hash, presented):
        return None
    return key
