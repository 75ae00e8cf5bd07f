"""How fresh what we know of each store is, and what stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from stores import problems
from stores.data_kinds import DATA, ORDERS, DataKind, told_at
from stores.models import Connection, Store, SyncCursor


@dataclass(frozen=True, slots=True)
class Freshness:
    """One kind of data of one store: when it was last complete, and why it is not newer."""

    state: str  # "fresh" | "old" | "never" | "not_connected"
    seen_at: datetime | None
    connection: str  # a Connection.State, or "" where there never was one
    problem: str  # a code of stores.problems

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
    seen = dict(
        SyncCursor.objects.filter(store__in=store_ids, data=data).values_list("store", "fresh_at")
    )
    kind = DATA[data]
    return {
        pk: _freshness(kind, *connected.get(pk, ("", "")), seen.get(pk), at) for pk in store_ids
    }


@dataclass(frozen=True, slots=True)
class DataState:
    """One kind of data of a store: how fresh it is, when it comes next, what stands in its way."""

    kind: DataKind
    freshness: Freshness
    due_at: datetime | None
    blind_for: timedelta | None  # since it was last whole; None: it is fresh, or never came

    @property
    def is_awaited(self) -> bool:
        return self.freshness.state == "never" and not self.freshness.problem


def data_states(store: Store, *, at: datetime) -> list[DataState]:
    """Return how each kind of data that the store's marketplace tells stands, in two queries."""
    connection = Connection.objects.filter(store=store.pk).first()
    state, of_all = (connection.state, connection.problem) if connection else ("", "")
    cursors = {cursor.data: cursor for cursor in SyncCursor.objects.filter(store=store.pk)}
    states = []
    for kind in told_at(store.marketplace, store.market):
        cursor = cursors.get(kind.code) or SyncCursor(data=kind.code)
        lost = state != Connection.State.CONNECTED
        problem = of_all if lost else cursor.problem
        freshness = _freshness(kind, state, problem, cursor.fresh_at, at)
        blind = freshness.is_blind and cursor.fresh_at is not None
        states.append(
            DataState(
                kind=kind,
                freshness=freshness,
                due_at=None if lost else cursor.due_at,
                blind_for=at - cursor.fresh_at if blind and cursor.fresh_at else None,
            )
        )
    return states


def _freshness(
    kind: DataKind, connection: str, problem: str, seen_at: datetime | None, at: datetime
) -> Freshness:
    if connection != Connection.State.CONNECTED:
        state = "not_connected"
    elif seen_at is None:
        state = "never"
    else:
        state = "fresh" if at - seen_at <= kind.old_after else "old"
    return Freshness(state=state, seen_at=seen_at, connection=connection, problem=problem)
