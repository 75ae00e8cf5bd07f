"""Keeping fetched orders: one statement a page, safe to repeat and to come late."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from django.db import connection

from stores.marketplaces.tiktok_shop.payloads import OrderPayload
from stores.models import Store
from tenants import ids, scope

_COMPLETED: Final = "COMPLETED"


def _completed_at(order: OrderPayload) -> datetime | None:
    """Return when the order was completed: the contract tells only by its last change."""
    return order.update_time if order.status == _COMPLETED else None


# Column, its type, and where the payload says it.
_COLUMNS: Final[tuple[tuple[str, str, Callable[[OrderPayload], Any]], ...]] = (
    ("external_id", "text", lambda order: order.id),
    ("status", "text", lambda order: order.status[:24]),
    ("placed_at", "timestamptz", lambda order: order.create_time),
    ("changed_at", "timestamptz", lambda order: order.update_time),
    ("paid_at", "timestamptz", lambda order: order.paid_time),
    ("rts_due_at", "timestamptz", lambda order: order.rts_sla_time),
    ("rts_at", "timestamptz", lambda order: order.rts_time),
    ("tts_due_at", "timestamptz", lambda order: order.tts_sla_time),
    ("shipping_due_at", "timestamptz", lambda order: order.shipping_due_time),
    ("collection_due_at", "timestamptz", lambda order: order.collection_due_time),
    ("collected_at", "timestamptz", lambda order: order.collection_time),
    ("delivery_due_at", "timestamptz", lambda order: order.delivery_due_time),
    ("delivered_at", "timestamptz", lambda order: order.delivery_time),
    ("completed_at", "timestamptz", _completed_at),
    ("cancel_due_at", "timestamptz", lambda order: order.cancel_order_sla_time),
    ("cancel_asked_at", "timestamptz", lambda order: order.request_cancel_time),
    ("is_cancel_asked", "boolean", lambda order: order.is_buyer_request_cancel),
    ("is_on_hold", "boolean", lambda order: order.is_on_hold_order),
    ("cancelled_by", "text", lambda order: (order.cancellation_initiator or "")[:16]),
    ("amount", "numeric", lambda order: order.amount),
    ("currency", "text", lambda order: order.currency or ""),
)
_KEPT_ONCE: Final = frozenset({"external_id", "completed_at"})
_SET: Final = [name for name, _type, _of in _COLUMNS if name not in _KEPT_ONCE]


def _statement() -> str:
    names = ", ".join(name for name, _type, _of in _COLUMNS)
    picked = ", ".join(f"fresh.{name}" for name, _type, _of in _COLUMNS)
    arrays = ", ".join(f"%s::{kind}[]" for _name, kind, _of in _COLUMNS)
    new = ", ".join(f"{name} = EXCLUDED.{name}" for name in _SET)
    old_row = ", ".join(f"kept.{name}" for name in _SET)
    new_row = ", ".join(f"EXCLUDED.{name}" for name in _SET)
    # An older state that comes late changes nothing; seen_at stays when the row was first seen.
    return f"""
    INSERT INTO stores_order AS kept
      (id, agency_id, store_id, seen_at, completion_seen_at, {names})
    SELECT fresh.id, now.agency, now.store, now.at,
      CASE WHEN fresh.completed_at IS NOT NULL THEN now.at END, {picked}
    FROM (VALUES (%s::uuid, %s::uuid, %s::timestamptz)) AS now (agency, store, at),
      unnest(%s::uuid[], {arrays}) AS fresh (id, {names})
    ON CONFLICT (store_id, external_id) DO UPDATE SET {new},
      completed_at = COALESCE(kept.completed_at, EXCLUDED.completed_at),
      completion_seen_at = COALESCE(kept.completion_seen_at, EXCLUDED.completion_seen_at)
    WHERE kept.changed_at < EXCLUDED.changed_at
       OR (kept.changed_at = EXCLUDED.changed_at AND ({old_row}) IS DISTINCT FROM ({new_row}))
    """  # noqa: S608 - made of the constants above, no value in it


_UPSERT: Final = _statement()


def keep(store: Store, orders: Iterable[OrderPayload], *, at: datetime) -> int:
    """Write ``orders`` as they are now known; return how many rows are new or changed."""
    newest: dict[str, OrderPayload] = {}
    for order in orders:
        known = newest.get(order.id)
        if known is None or known.update_time <= order.update_time:
            newest[order.id] = order
    if not newest:
        return 0
    rows = list(newest.values())
    values = [[of(order) for order in rows] for _name, _type, of in _COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT, [scope.current_id(), store.pk, at, [ids.new_id() for _row in rows], *values]
        )
        count: int = cursor.rowcount
        return count
