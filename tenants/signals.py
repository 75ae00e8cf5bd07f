"""News of this room that higher rooms hear inside the transaction."""

from django.dispatch import Signal

# agency, at. Sent inside the agency's scope when its schema has just been made; receivers write
# what every agency starts with, and must bear being sent twice.
agency_ready = Signal()
