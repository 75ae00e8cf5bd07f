"""How fresh what we know of each store is, and what stands in the way."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from stores import problems
from stores.data_kinds import DATA, ORDERS, DataKind, told_at
from stores.models import Connection, Store, SyncCursor

FRESHNESS: Final = ("fresh", "old", "never", "not_connected")


@dataclass(frozen=True, slots=True)
class Freshness:
    """One kind of data of one store: when it was last complete, and why it is not newer."""

    state: str  # one of FRESHNESS
    seen_at: datetime | None
    connection: str  # a Connection.State, or "" where there never was one
    problem: str  # a code of stores.problems
    due_at: datetime | None = None  # when it is asked for next, None: at once, or not at all

    @property
    def is_blind(self) -> bool:
        return self.state != "fresh"

    @property
    def words(self) -> str:
        """Return what stands in the way, in the reader's language."""
        return str(problems.text(self.problem))


def freshness_of(
    store_ids: Sequence[UUID], *, at: datetime, data: str = ORDERS
) -> dict[UUID, Freshness]:
    """Return the freshness of ``data`` of every named store, in two queries."""
    connected = {
        store: (state, problem)
        for store, state, problem in Connection.objects.filter(store__in=store_ids).values_list(
            "store", "state", "problem"
        )
    }
    seen = {
        store: (fresh_at, due_at)
        for store, fresh_at, due_at in SyncCursor.objects.filter(
            store__in=store_ids, data=data
        ).values_list("store", "fresh_at", "due_at")
    }
    kind = DATA[data]
    return {
        pk: _freshness(kind, *connected.get(pk, ("", "")), *seen.get(pk, (None, None)), at)
        for pk in store_ids
    }


@dataclass(frozen=True, slots=True)
class DataState:
    """One kind of data of a store: how fresh it is, when it comes next, what stands in its way.

    ``blind_for`` counts from when it was last whole, whatever the reason, and as soon as something
    stands in the way. None: it is fresh, or never came.
    """

    kind: DataKind
    freshness: Freshness
    blind_for: timedelta | None

    @property
    def due_at(self) -> datetime | None:
        return self.freshness.due_at

    @property
    def is_awaited(self) -> bool:
        return self.freshness.state == "never" and not self.freshness.problem


def data_states(store: Store, *, at: datetime) -> list[DataState]:
    """Return how each kind of data that the store's marketplace tells stands, in two queries."""
    return states_of([store], at=at)[store.pk]


def states_of(stores: Collection[Store], *, at: datetime) -> Mapping[UUID, list[DataState]]:
    """The same for several stores, in two queries."""
    ids = [store.pk for store in stores]
    connections = {each.store_id: each for each in Connection.objects.filter(store__in=ids)}
    cursors = {
        (cursor.store_id, cursor.data): cursor
        for cursor in SyncCursor.objects.filter(store__in=ids)
    }
    return {
        store.pk: [
            _state(kind, connections.get(store.pk), cursors.get((store.pk, kind.code)), at)
            for kind in told_at(store.marketplace, store.market)
        ]
        for store in stores
    }


def _state(
    kind: DataKind, connection: Connection | None, cursor: SyncCursor | None, at: datetime
) -> DataState:
    state, of_all = (connection.state, connection.problem) if connection else ("", "")
    cursor = cursor or SyncCursor(data=kind.code)
    is_lost = state != Connection.State.CONNECTED
    problem = of_all if is_lost or of_all in problems.OF_STORE else cursor.problem
    due_at = None if is_lost else cursor.due_at
    freshness = _freshness(kind, state, problem, cursor.fresh_at, due_at, at)
    is_blind = cursor.fresh_at is not None and (freshness.is_blind or problem)
    return DataState(
        kind, freshness, at - cursor.fresh_at if is_blind and cursor.fresh_at else None
    )


def _freshness(
    kind: DataKind,
    connection: str,
    problem: str,
    seen_at: datetime | None,
    due_at: datetime | None,
    at: datetime,
) -> Freshness:
    if connection != Connection.State.CONNECTED:
        state = "not_connected"
    elif seen_at is None:
        state = "never"
    else:
        state = "fresh" if at - seen_at <= kind.old_after else "old"
    return Freshness(state, seen_at, connection, problem, due_at)
