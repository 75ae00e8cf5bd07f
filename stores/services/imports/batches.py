"""Changing many rows at once, each to values of its own: one statement for all."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, models

AT_ONCE = 2_000


def update_each(
    model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Set the named fields of many rows; each of ``rows`` is an id and its values, in order."""
    meta = model._meta  # noqa: SLF001 - Django's own way to it
    columns: list[Any] = [meta.get_field(name) for name in names]
    sets = ", ".join(
        f'"{each.column}" = {_picked(at, each.db_type(connection) or "text")}'
        for at, each in enumerate(columns, start=1)
    )
    statement = f"""
    UPDATE "{meta.db_table}" AS kept SET {sets}
    FROM jsonb_array_elements(%s::jsonb) AS told (row)
    WHERE kept.id = (row->>0)::uuid
    """  # noqa: S608 - made of names in the code, no value in it
    with connection.cursor() as cursor:
        for at in range(0, len(rows), AT_ONCE):
            cursor.execute(statement, [json.dumps(rows[at : at + AT_ONCE], default=str)])


def _picked(place: int, kind: str) -> str:
    if kind == "jsonb":
        return f"NULLIF(row->{place}, 'null'::jsonb)"
    return f"(row->>{place})" if kind.startswith("varchar") else f"(row->>{place})::{kind}"
