"""Panels about mail-in on the settings page and on a store's, and this room's marks in the rail."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import ngettext

from stores.access import news_for, notices_for, visible_stores
from stores.models import Store
from stores.selectors import alerts, announcements
from stores.selectors import notices as selectors
from stores.selectors.mail_flow import QUIET_AFTER, flows_of
from tenants.models import Agency
from tenants.slots import Mark


def is_quiet(last_mail_at: datetime | None, at: datetime) -> bool:
    """Tell whether an address has been without any mail for 48 hours."""
    return last_mail_at is None or at - last_mail_at >= QUIET_AFTER


def settings_panel(request: Any, agency: Agency) -> dict[str, Any] | None:
    if not request.member.can("settings.mail"):
        return None
    found = selectors.addresses(agency.pk, [])
    one = found[0] if found else None
    return {
        "address": one.address if one else "",
        "last_mail_at": one.last_mail_at if one else None,
        "now": timezone.now(),
    }


def store_panel(request: Any, store: Store) -> dict[str, Any] | None:
    """Return the store's own address, for those who work on it; to others it is no concern."""
    if not request.member.can("violations.record"):
        return None
    at = timezone.now()
    found = [one for one in selectors.addresses(store.agency_id, [store]) if one.store]
    return {
        "address": found[0].address if found else "",
        "flow": flows_of([store.pk], at=at)[store.pk],
        "store": store,
        "may_set": request.member.can("settings.mail"),
        "now": at,
    }


def alerts_mark(request: Any) -> Mark | None:
    counted = alerts.count_of(visible_stores(request.member), at=timezone.now())
    if not counted.open:
        return None
    words = ngettext("%(count)s open alert", "%(count)s open alerts", counted.open)
    tone = "bad" if counted.critical else "none"
    return Mark(counted.open, tone, words % {"count": counted.open})


def news_mark(request: Any) -> Mark | None:
    """Return how many announcements of the last 30 days the member has not read."""
    unread = announcements.unread_count(
        news_for(request.member), reader=request.member.pk, at=timezone.now()
    )
    if not unread:
        return None
    words = ngettext("%(count)s unread announcement", "%(count)s unread announcements", unread)
    return Mark(unread, "none", words % {"count": unread})


def notices_mark(request: Any) -> Mark | None:
    waiting = waiting_notices(request)
    if not waiting:
        return None
    words = ngettext(
        "%(count)s notice waits for a person", "%(count)s notices wait for a person", waiting
    )
    return Mark(waiting, "warn", words % {"count": waiting})


def waiting_notices(request: Any) -> int:
    """Return how many notices wait that this member may decide.

    Rail and page both ask, so it is counted once a request.
    """
    known: int | None = getattr(request, "waiting_notices", None)
    if known is None:
        may = request.member.can("violations.record") and request.member.can("notes.internal")
        known = selectors.waiting_count(notices_for(request.member)) if may else 0
        request.waiting_notices = known
    return known
