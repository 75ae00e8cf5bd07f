"""What files tell that a sync tells as well: kept in its tables, after what it told."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _

from stores.models import Store
from stores.services.imports import base, batches
from stores.services.imports.base import Course, Mark, Parsed
from stores.services.syncing.rows import Table

CLOCKS_DIFFER: Final = timedelta(days=1)  # an export may be in another zone than we took it for
_AT_ONCE: Final = batches.AT_ONCE


def told(name: str, without: Any = None) -> Callable[[Mapping[str, Any]], Any]:
    return lambda values: values.get(name, without)


def known(
    model: type[models.Model], rows: Iterable[Parsed], **only: str
) -> dict[tuple[UUID, str], Any]:
    """Return what stands of the things that rows tell of, by store and the marketplace's id."""
    found = _standing(model, rows, only)
    return {(row.store_id, row.external_id): row for row in found}


def _standing(
    model: type[models.Model], rows: Iterable[Parsed], only: Mapping[str, str]
) -> models.QuerySet[Any]:
    by_store: dict[UUID, list[str]] = {}
    for row in rows:
        by_store.setdefault(row.the_store.pk, []).append(row.values["external_id"])
    ids = [external_id for each in by_store.values() for external_id in each]
    return model._default_manager.filter(  # noqa: SLF001
        store__in=list(by_store), external_id__in=ids, **only
    )


def write(
    table: Table[Any], noun: str, rows: Sequence[Parsed], restored: Sequence[str], course: Course
) -> list[Mark]:
    """Keep rows, and return what stood before each of them."""
    standing = _standing(table.model, rows, table.only)
    before = {
        (store, external_id): base.packed(dict(zip(restored, values, strict=True)))
        for store, external_id, *values in standing.values_list("store", "external_id", *restored)
    }
    by_store: dict[UUID, list[Parsed]] = {}
    for row in rows:
        by_store.setdefault(row.the_store.pk, []).append(row)
    for of_store in by_store.values():
        table.keep(of_store[0].the_store, [row.values for row in of_store], at=course.at)
    kept = _standing(table.model, rows, table.only).values_list("store", "external_id", "pk")
    after = {(store, external_id): pk for store, external_id, pk in kept}
    return [
        Mark(noun, after[key], before.get(key))
        for row in rows
        if (key := (row.the_store.pk, row.values["external_id"])) in after
    ]


def built_upon(model: type[models.Model], marks: Sequence[Mark]) -> list[str]:
    """Return what the marketplace itself told again since."""
    named = []
    for ids in _parts([mark.object_id for mark in marks]):
        since = model._default_manager.filter(pk__in=ids).exclude(source=base.SOURCE)  # noqa: SLF001
        named += [_("%(row)s was told by the marketplace since") % {"row": row} for row in since]
    return named


def undo(model: type[models.Model], marks: Sequence[Mark], restored: Sequence[str]) -> list[Store]:
    """Delete what was new, put back what was changed; return the stores concerned."""
    touched: set[UUID] = set()
    rows = model._default_manager  # noqa: SLF001
    new = [mark.object_id for mark in marks if mark.was is None]
    for ids in _parts(new):
        found = rows.filter(pk__in=ids)
        touched.update(found.values_list("store", flat=True).distinct())
        found.delete()
    changed = [mark for mark in marks if mark.was is not None]
    for at in range(0, len(changed), _AT_ONCE):
        part = {mark.object_id: mark for mark in changed[at : at + _AT_ONCE]}
        held = dict(rows.filter(pk__in=list(part)).values_list("pk", "store"))
        touched.update(held.values())
        before = {pk: base.unpacked(part[pk].was or {}) for pk in held}
        told = [[pk, *(values[name] for name in restored)] for pk, values in before.items()]
        batches.update_each(model, restored, told)
    return list(Store.objects.filter(pk__in=touched))


def _parts(ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))
