"""The history panel of a store's page: who did what, in words."""

from typing import Any

from stores.models import Store
from tenants.models import Membership
from tenants.trail import reading, selectors

_SHOWN = 8


def entries_of(store: Store, member: Membership) -> list[dict[str, Any]]:
    """Return a store's newest audit rows as entries of a timeline, in the store's own zone.

    What exactly was changed is for those who see internal notes.
    """
    return reading.entries(
        selectors.history_of(store.pk)[:_SHOWN],
        of=store.pk,
        zone=store.time_zone,
        with_changes=member.can("notes.internal"),
    )
