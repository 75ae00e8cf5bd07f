"""How fresh what we know of each store is, and what stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from stores import problems
from stores.models import Connection, SyncCursor

OLD_AFTER: Final = timedelta(minutes=45)  # three syncs missed


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
    store_ids: Sequence[UUID], *, at: datetime, data: str = "orders"
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
    return {pk: _freshness(*connected.get(pk, ("", "")), seen.get(pk), at) for pk in store_ids}


def _freshness(connection: str, problem: str, seen_at: datetime | None, at: datetime) -> Freshness:
    if connection != Connection.State.CONNECTED:
        state = "not_connected"
    elif seen_at is None:
        state = "never"
    else:
        state = "fresh" if at - seen_at <= OLD_AFTER else "old"
    return Freshness(state=state, seen_at=seen_at, connection=connection, problem=problem)
