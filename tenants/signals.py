"""News of this room that higher rooms hear inside the transaction."""

from django.dispatch import Signal

# agency, at. Sent inside the agency's scope when its schema has just been made; receivers write
# what every agency starts with, and must bear being sent twice.
agency_ready = Signal()

# member, store_ids: list[UUID] | None, by: Membership, at. Sent inside the agency's scope when a
# member has joined, or her role or scope was changed. ``store_ids`` are exactly the stores she
# reaches by name from now on (she may reach groups and clients beside them); None: unchanged.
membership_changed = Signal()
