"""Stores, how they are connected, what was fetched from them, and what the marketplace said."""

from stores.models.connections import Connection, SubAccount, SyncCursor, SyncRun
from stores.models.notices import Alert, Enforcement, Import, Notice, Violation
from stores.models.readings import Order, Reading
from stores.models.stores import Client, Store, StoreAccess, StoreGroup, StoreGrouping

__all__ = [
    "Alert",
    "Client",
    "Connection",
    "Enforcement",
    "Import",
    "Notice",
    "Order",
    "Reading",
    "Store",
    "StoreAccess",
    "StoreGroup",
    "StoreGrouping",
    "SubAccount",
    "SyncCursor",
    "SyncRun",
    "Violation",
]
