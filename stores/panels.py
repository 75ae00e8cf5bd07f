"""Panels about mail-in on the settings page and on a store's."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from stores.models import Store
from stores.selectors import notices as selectors
from tenants.models import Agency

QUIET_AFTER: Final = timedelta(hours=48)


def is_quiet(last_mail_at: datetime | None, at: datetime) -> bool:
    """Tell whether an address has been without mail for 48 hours."""
    return last_mail_at is None or at - last_mail_at > QUIET_AFTER


def settings_panel(request: Any, agency: Agency) -> dict[str, Any] | None:
    if not request.member.can("settings.mail"):
        return None
    found = selectors.addresses(agency.pk, [])
    return {**_shown(found[0] if found else None), "now": timezone.now()}


def store_panel(request: Any, store: Store) -> dict[str, Any] | None:
    """Return the store's own address, for those who work on it; to others it is no concern."""
    if not request.member.can("violations.record"):
        return None
    found = [one for one in selectors.addresses(store.agency_id, [store]) if one.store]
    return {
        **_shown(found[0] if found else None),
        "store": store,
        "may_set": request.member.can("settings.mail"),
        "now": timezone.now(),
    }


def _shown(one: selectors.Address | None) -> dict[str, Any]:
    at = timezone.now()
    return {
        "address": one.address if one else "",
        "last_mail_at": one.last_mail_at if one else None,
        "is_quiet": is_quiet(one.last_mail_at if one else None, at),
    }
