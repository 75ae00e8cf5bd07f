"""Keeping what a marketplace says of many things of one kind: one statement a page.

Safe to repeat and to come late.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from django.db import connection, models

from stores.models import Store
from tenants import ids, scope

P = TypeVar("P")

SEEN: Final = "seen"  # a column's type: when this was read, where its value is true
_MOMENT: Final = "timestamptz"


@dataclass(frozen=True, slots=True)
class Column(Generic[P]):
    """A column, its type in PostgreSQL, and where a payload says it.

    What ``stays`` once it was told is not told anew: only the first value counts.
    """

    name: str
    type: str
    of: Callable[[P], Any]
    stays: bool = False


@dataclass(frozen=True)
class Table(Generic[P]):
    """How payloads become rows of ``model``, one a store for each ``id_of``.

    ``changed_at`` says when a payload's thing last changed: an older state that comes late changes
    nothing. None makes a *snapshot*: the marketplace tells no such moment, so what was read last
    counts, and each row says when it was last confirmed. ``only`` are the values that all these
    rows of the model share. With a ``source``, each row says that it came from there, and what
    another source told stands: a snapshot's always, else unless this tells of a later change.
    """

    model: type[models.Model]
    id_of: Callable[[P], str]
    changed_at: Callable[[P], datetime] | None
    columns: tuple[Column[P], ...]
    only: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    source: str = ""

    def keep(self, store: Store, payloads: Iterable[P], *, at: datetime) -> int:
        """Write ``payloads`` as they are now known; return how many rows are new or changed."""
        found = self._newest(payloads)
        if not found:
            return 0
        of = [column.of for column in self.columns]
        told = [
            [
                ids.new_id(),
                external_id,
                self.changed_at(row) if self.changed_at else at,
                *[each(row) for each in of],
            ]
            for external_id, row in found.items()
        ]
        shared: list[Any] = [scope.current_id(), store.pk, at, *self._shared.values()]
        with connection.cursor() as cursor:
            # One document is written by the worker in a fraction of the time of an array a column.
            document = json.dumps(told, default=_written, check_circular=False)
            cursor.execute(self._upsert, [*shared, document])
            changed: int = cursor.rowcount
        if self.is_snapshot:
            confirmed = self._rows(store).filter(external_id__in=list(found), **self._origin)
            confirmed.update(confirmed_at=at)
        return changed

    def drop_unconfirmed(self, store: Store, *, since: datetime) -> int:
        """Delete a snapshot's rows that no reading from ``since`` on has confirmed."""
        return self._rows(store).filter(confirmed_at__lt=since).delete()[0]

    @property
    def is_snapshot(self) -> bool:
        return self.changed_at is None

    @property
    def _origin(self) -> Mapping[str, str]:
        return {"source": self.source} if self.source else {}

    @property
    def _shared(self) -> Mapping[str, str]:
        return {**self.only, **self._origin}

    def _rows(self, store: Store) -> models.QuerySet[Any]:
        return self.model._default_manager.filter(store=store.pk, **self.only)  # noqa: SLF001

    def _newest(self, payloads: Iterable[P]) -> dict[str, P]:
        """Return one payload an id: the one that changed last, of equal ones the last told."""
        found: dict[str, P] = {}
        for payload in payloads:
            known = found.get(self.id_of(payload))
            if (
                known is None
                or self.changed_at is None
                or self.changed_at(known) <= self.changed_at(payload)
            ):
                found[self.id_of(payload)] = payload
        return found

    @cached_property
    def _upsert(self) -> str:
        told = [column.name for column in self.columns]
        anew = [column.name for column in self.columns if not column.stays]
        stays = [column.name for column in self.columns if column.stays]
        moments = ["seen_at", "confirmed_at"] if self.is_snapshot else ["seen_at"]
        named = list(self._shared)
        into = ["agency_id", "store_id", *moments, *named, "id", "external_id", "changed_at"]
        one = ["agency", "store", "at", *named]
        taken = ["agency", "store", *("at" for _ in moments), *named]
        types = ["uuid", "text", _MOMENT, *(column.type for column in self.columns)]
        many = ", ".join(_picked(place, kind) for place, kind in enumerate(types))
        # Of what is told again an older state changes nothing; ``seen_at`` is of the first time.
        becomes = [f"{name} = EXCLUDED.{name}" for name in ("changed_at", *self._origin, *anew)]
        becomes += [f"{name} = COALESCE(kept.{name}, EXCLUDED.{name})" for name in stays]
        differs = f"({_of('kept', anew)}) IS DISTINCT FROM ({_of('EXCLUDED', anew)})"
        is_news = f"kept.changed_at = EXCLUDED.changed_at AND {differs}"
        if self.is_snapshot:
            is_news = f"kept.changed_at <= EXCLUDED.changed_at AND {differs}"
        else:
            is_news = f"kept.changed_at < EXCLUDED.changed_at OR ({is_news})"
        if self.source:
            later = "false" if self.is_snapshot else "kept.changed_at < EXCLUDED.changed_at"
            is_news = f"(kept.source = EXCLUDED.source AND ({is_news})) OR {later}"
        table = self.model._meta.db_table  # noqa: SLF001 - Django's own way to it
        return f"""
        INSERT INTO {table} AS kept ({", ".join([*into, *told])})
        SELECT {_of("now", taken)}, {many}
        FROM (VALUES (%s::uuid, %s::uuid, %s::timestamptz{", %s::text" * len(named)}))
            AS now ({", ".join(one)}),
          jsonb_array_elements(%s::jsonb) AS told (row)
        ON CONFLICT ({", ".join(["store_id", *self.only, "external_id"])})
        DO UPDATE SET {", ".join(becomes)}
        WHERE {is_news}
        """  # noqa: S608 - made of names in the code, no value in it


def _of(source: str, names: Iterable[str]) -> str:
    return ", ".join(f"{source}.{name}" for name in names)


def _picked(place: int, kind: str) -> str:
    """Return the value at ``place`` of a row that came as a list, as what its column takes."""
    if kind == "jsonb":
        return f"row->{place}"
    if kind == SEEN:
        return f"CASE WHEN (row->>{place})::boolean THEN now.at END"
    if kind == _MOMENT:
        return f"to_timestamp((row->>{place})::float8)"
    return f"(row->>{place})::{kind}"


def _written(value: Any) -> float | str:
    """Return what JSON has no form for: a moment as its Unix time, all else as text.

    A moment's text takes several times as long to write, and orders are full of moments.
    """
    return value.timestamp() if isinstance(value, datetime) else str(value)
