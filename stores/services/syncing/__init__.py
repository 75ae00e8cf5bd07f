"""Fetching what a store's marketplace has to say, kind by kind, page by page, and keeping it."""

from stores.services.syncing.asking import SYNC, ask_for_sync, hint
from stores.services.syncing.engine import HOLD_FOR, sync_store
from stores.services.syncing.keeping import measure

__all__ = ["HOLD_FOR", "SYNC", "ask_for_sync", "hint", "measure", "sync_store"]
