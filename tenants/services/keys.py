"""Keys of the REST API: made, shown once, revoked."""

import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from tenants.errors import DomainError
from tenants.models import Agency, ApiKey, Membership
from tenants.selectors import people
from tenants.services.handoffs import digest
from tenants.trail import services as trail

START: Final = "ahr_live_"
SCOPES: Final = ("read", "write")
_ALPHABET: Final = string.ascii_letters + string.digits
_ID_LENGTH: Final = 8
_SECRET_LENGTH: Final = 32
_USE_NOTED_AFTER: Final = timedelta(minutes=5)


class KeyScopeUnknown(DomainError):
    code: ClassVar[str] = "key_scope_unknown"


class KeyGone(DomainError):
    code: ClassVar[str] = "key_gone"


class StoresBeyondReach(DomainError):
    code: ClassVar[str] = "stores_beyond_reach"


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _demand_scopes(scopes: Sequence[str]) -> None:
    if scopes and set(scopes) <= set(SCOPES):
        return
    unknown = ", ".join(sorted(set(scopes) - {*SCOPES, ""}))
    if unknown:
        raise KeyScopeUnknown(
            _("%(scope)s is no scope: a key may read, write, or both.") % {"scope": unknown}
        )
    raise KeyScopeUnknown(_("A key may read, write, or both."))


@transaction.atomic
def make_key(
    *,
    agency: Agency,
    name: str,
    scopes: Sequence[str],
    by: Membership | None,
    at: datetime,
    store_ids: Sequence[UUID] | None = None,
    expires_at: datetime | None = None,
    via: str = "page",
) -> tuple[ApiKey, str]:
    """Make a key in the agency's scope and return it with its text, which is kept nowhere.

    ``store_ids`` None means every store. ``by`` is None for a command of the service's operator.

    Raises:
        KeyScopeUnknown: if a scope is neither read nor write, or none is given.
        StoresBeyondReach: if ``by`` does not reach each of these stores herself.
    """
    _demand_scopes(scopes)
    if by is not None and not by.sees_all_stores:
        reach = people.stores_in_reach(by).keys()
        if store_ids is None or not set(store_ids) <= reach:
            raise StoresBeyondReach(_("A key reaches no store that you do not reach yourself."))
    prefix, secret = _random(_ID_LENGTH), _random(_SECRET_LENGTH)
    text = f"{START}{prefix}_{secret}"
    key = ApiKey.objects.create(
        agency=agency,
        name=name,
        prefix=prefix,
        secret_hash=digest(text),
        scopes=sorted(set(scopes)),
        store_ids=None if store_ids is None else list(store_ids),
        made_by=by,
        created_at=at,
        expires_at=expires_at,
    )
    trail.record(
        action="apikey.made",
        by=by,
        subject=key,
        at=at,
        changes={"scopes": key.scopes, "every_store": store_ids is None},
        via=via,
    )
    return key, text


@transaction.atomic
def revoke_key(*, key: ApiKey, by: Membership, at: datetime) -> None:
    """End a key from its next call on.

    Raises:
        KeyGone: if it was revoked already.
    """
    if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at):
        raise KeyGone(_("This key was revoked already."))
    trail.record(action="apikey.revoked", by=by, subject=key, at=at)


def note_use(key: ApiKey, *, at: datetime) -> None:
    """Remember when a key was last used: one write in five minutes, however many calls."""
    if key.last_used_at is None or at - key.last_used_at >= _USE_NOTED_AFTER:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=at)
