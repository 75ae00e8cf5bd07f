"""Stores, how they are connected, what was fetched from them, and what the marketplace said."""

from stores.models.connections import Connection, SubAccount, SyncCursor, SyncRun
from stores.models.fetched import (
    AfterSale,
    BalanceEntry,
    Conversation,
    Package,
    Product,
    SkuStock,
)
from stores.models.imports import Import, ImportMapping, ImportMark, ImportRow
from stores.models.mail import Forwarding, MailTest
from stores.models.notices import (
    Alert,
    Enforcement,
    Notice,
    NoticeRead,
    Violation,
)
from stores.models.readings import Order, Reading
from stores.models.stores import Client, Store, StoreAccess, StoreGroup, StoreGrouping
from stores.models.taught import TaughtForm

__all__ = [
    "AfterSale",
    "Alert",
    "BalanceEntry",
    "Client",
    "Connection",
    "Conversation",
    "Enforcement",
    "Forwarding",
    "Import",
    "ImportMapping",
    "ImportMark",
    "ImportRow",
    "MailTest",
    "Notice",
    "NoticeRead",
    "Order",
    "Package",
    "Product",
    "Reading",
    "SkuStock",
    "Store",
    "StoreAccess",
    "StoreGroup",
    "StoreGrouping",
    "SubAccount",
    "SyncCursor",
    "SyncRun",
    "TaughtForm",
    "Violation",
]
