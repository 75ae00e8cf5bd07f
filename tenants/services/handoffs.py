"""Carrying a person who has signed in on the public host over to an agency's host."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.utils.translation import gettext as _

from tenants.errors import DomainError
from tenants.models import AccountEvent, Agency, Handoff, User

LIFETIME: Final = timedelta(seconds=60)
ENTER: Final = "enter"
REAUTH: Final = "reauth"
KINDS: Final = frozenset({ENTER, REAUTH})


class HandoffRefused(DomainError):
    code: ClassVar[str] = "handoff_refused"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def issue(*, user: User, agency: Agency, nonce_hash: str, kind: str, at: datetime) -> str:
    """Write a pass for one entry into ``agency`` and return its token; expired ones are removed.

    ``nonce_hash`` is the digest of the nonce that the entering browser holds as a cookie.
    """
    assert kind in KINDS
    token = secrets.token_urlsafe(32)
    Handoff.objects.filter(expires_at__lte=at).delete()
    Handoff.objects.create(
        token_hash=digest(token),
        kind=kind,
        user=user,
        agency=agency,
        nonce_hash=nonce_hash,
        expires_at=at + LIFETIME,
    )
    return token


def redeem(*, token: str, nonce: str, agency: Agency, at: datetime) -> Handoff:
    """Use up the pass behind ``token`` and return it; a pass shown in the wrong place is gone too.

    Raises:
        HandoffRefused: if it was used, has expired, or is for another agency or browser.
    """
    found = Handoff.objects.select_related("user").filter(token_hash=digest(token)).first()
    # The delete settles a race between two uses: only one of them removes the row.
    if found is None or not Handoff.objects.filter(pk=found.pk).delete()[0]:
        raise HandoffRefused(_("This pass was used already, or never was one."))
    if found.expires_at <= at:
        raise HandoffRefused(_("This pass was good for a minute only."))
    if found.agency_id != agency.pk or not secrets.compare_digest(found.nonce_hash, digest(nonce)):
        raise HandoffRefused(_("This pass was made for another browser or agency."))
    if not found.user.is_active:
        raise HandoffRefused(_("This account is closed."))
    AccountEvent.objects.create(
        user=found.user,
        kind="agency.entered" if found.kind == ENTER else "agency.proven",
        at=at,
        detail={"agency": str(agency.pk)},
    )
    return found
