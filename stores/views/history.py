"""The history panel of an object: who did what, in words."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores.models import Store
from tenants.trail import selectors
from tenants.trail.models import AuditEvent

_SHOWN = 8
_WORDS = {
    "store.created": gettext_lazy("added the store"),
    "store.edited": gettext_lazy("changed the store"),
    "store.owner_assigned": gettext_lazy("assigned the store"),
    "connection.begun": gettext_lazy("went to connect the store"),
    "connection.agreed": gettext_lazy("agreed at the marketplace"),
    "connection.refused": gettext_lazy("refused at the marketplace"),
    "connection.made": gettext_lazy("connected the store"),
    "connection.ended": gettext_lazy("disconnected the store"),
    "sub_account.listed": gettext_lazy("listed the sub-accounts"),
    "sync.asked": gettext_lazy("asked for a sync"),
}


def entries_of(store: Store) -> list[dict[str, Any]]:
    """Return a store's newest audit rows as entries of a timeline."""
    return [_entry(event) for event in selectors.history_of(store.pk)[:_SHOWN]]


def _entry(event: AuditEvent) -> dict[str, Any]:
    what = _WORDS.get(event.action, event.action)
    who = str(event.member.user) if event.member else _("Storewarden")
    return {
        "at": event.at,
        "text": _("%(who)s %(what)s") % {"who": who, "what": what},
        "note": ", ".join(event.changes) if event.action == "store.edited" else "",
    }
