"""Checking a file's rows in steps: what each says, and what it would do to what stands."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import IO, Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.utils.translation import gettext as _

from stores import moments, tables
from stores.models import Import, ImportMapping, ImportRow, Store
from stores.services.imports import base, batches, headers, signs
from stores.services.imports.base import Cell, Course, Field, Kind, Parsed
from stores.services.imports.registry import KINDS
from stores.services.imports.staging import cells_of, make_import
from stores.tables import RowError
from tenants import due
from tenants.models import Membership

CHECK_IMPORT: Final = "stores.check_import"
AT_ONCE: Final = 200  # rows that are checked, or written, while the member waits
STEP: Final = 2_000  # rows that are checked in one transaction
_NOTHING: Final = frozenset({"-", "--", "–", "—", "n/a", "null", "none", "nil"})
_CHECKED: Final = (*("what", "store", "key", "values", "troubles", "is_like", "assumes_zone"),)


def bring(
    *,
    file: IO[bytes],
    file_name: str,
    stores: QuerySet[Store],
    by: Membership | None,
    at: datetime,
    kind: str = "",
    store: Store | None = None,
    among: Collection[str] = (),
) -> Import:
    """Take a file in and check it: at once where it is small; nothing is written yet.

    Without ``kind`` the headers tell which of ``among`` it is; ``store`` is what all of it is of.

    Raises:
        TableUnreadable, TableTooLarge, KindUnclear, TooManyRows: as ``staging.make_import``.
    """
    kept = make_import(
        file=file, file_name=file_name, by=by, at=at, kind=kind, store=store, among=among
    )
    begin(kept, stores=stores, by=by, at=at)
    return kept


def begin(kept: Import, *, stores: QuerySet[Store], by: Membership | None, at: datetime) -> None:
    """Check a file: at once where it is small, else step by step behind the scenes."""
    if missing(kept):
        Import.objects.filter(pk=kept.pk).update(state=Import.State.PREVIEW)
        kept.refresh_from_db()
        return
    if kept.rows > AT_ONCE:
        due.add(kind=CHECK_IMPORT, subject=kept.pk, at=at)
        return
    check_step(kept=kept, stores=stores, by=by, at=at)


def missing(kept: Import) -> list[str]:
    """Return the fields that need a column before a file can be checked."""
    columns = kept.mapping.get("columns", {})
    return KINDS[kept.kind].missing(columns, has_store=kept.store_id is not None)


@transaction.atomic
def check_step(
    *, kept: Import, stores: QuerySet[Store], by: Membership | None, at: datetime
) -> bool:
    """Check the next rows of a file; return whether it is through, and waits for a word.

    What was checked is kept with how far it is, so a process that dies is gone on with.
    """
    held = Import.objects.select_for_update().filter(pk=kept.pk, state=Import.State.CHECKING)
    if not held.exists():
        return True
    course = course_of(kept, stores=stores, by=by, at=at)
    staged = kept.staged.filter(what="").order_by("line")[:STEP]
    rows = list(staged)
    if rows:
        _check(rows, course)
        Import.objects.filter(pk=kept.pk).update(checked=F("checked") + len(rows))
    if len(rows) < STEP:
        Import.objects.filter(pk=kept.pk).update(
            state=Import.State.PREVIEW, result=counts(kept), checked=F("rows")
        )
    kept.refresh_from_db()
    return len(rows) < STEP


@transaction.atomic
def remap(
    *,
    kept: Import,
    columns: Mapping[str, int],
    dates: str,
    decimals: str = "",
    stores: QuerySet[Store],
    by: Membership | None,
    at: datetime,
) -> None:
    """Say which column holds which field, and what 03/04/2026 and 1.234 are.

    It is remembered for files of the same headers.

    Raises:
        ImportSettled: if it was written or discarded meanwhile.
    """
    kind = KINDS[kept.kind]
    assert columns.keys() <= kind.fields.keys(), "Not a mapping."
    assert dates in base.DAY_ORDERS, "No order of days."
    assert decimals in base.DECIMALS, "No decimal sign."
    waiting = Import.objects.filter(pk=kept.pk, state=Import.State.PREVIEW)
    said = {"dates": dates, "decimals": decimals}
    mapping = {**kept.mapping, "columns": dict(columns), **said}
    anew = {"state": Import.State.CHECKING, "checked": 0, "result": {}, "refused": ""}
    if not waiting.update(mapping=mapping, **anew):
        raise settled()
    kept.staged.update(
        what="", store=None, key="", values=None, troubles=[], is_like=False, assumes_zone=False
    )
    kept.refresh_from_db()
    places = kept.mapping["places"]
    ImportMapping.objects.update_or_create(
        kind=kept.kind,
        fingerprint=kept.fingerprint,
        defaults={
            "columns": {name: places[column] for name, column in columns.items()},
            **said,
        },
    )
    begin(kept, stores=stores, by=by, at=at)


def counts(kept: Import) -> dict[str, int]:
    """Return how many rows there are of each kind of effect, in one query."""
    found = kept.staged.values_list("what").annotate(count=Count("pk"))
    told = dict(found.order_by())
    extra = kept.staged.aggregate(
        likes=Count("pk", filter=base.IS_LIKE), zones=Count("pk", filter=base.ASSUMES_ZONE)
    )
    return {**{what: told.get(what, 0) for what in base.WHATS}, **extra}


def course_of(
    kept: Import, *, stores: QuerySet[Store], by: Membership | None, at: datetime
) -> Course:
    return Course(kept=kept, stores={store.pk: store for store in stores}, by=by, at=at)


def settled() -> base.ImportSettled:
    return base.ImportSettled(_("This file was imported or discarded already."))


# -- a step -----------------------------------------------------------------------------------


def _check(rows: Sequence[ImportRow], course: Course) -> None:
    reader = _Reader(course)
    read = [(row, reader.parsed(row)) for row in rows]
    whole = [parsed for _row, parsed in read if not parsed.troubles]
    single = _unrepeated(whole, course)
    if single:
        reader.kind.compare(single, course)
    batches.update_each(ImportRow, _CHECKED, [_noted(row, parsed) for row, parsed in read])


def _noted(row: ImportRow, parsed: Parsed) -> list[Any]:
    return [
        row.pk,
        base.WRONG if parsed.troubles else parsed.what,
        parsed.store.pk if parsed.store else None,
        parsed.key,
        None if parsed.troubles else base.packed(parsed.values),
        [[each.field, each.value, each.message] for each in parsed.troubles],
        parsed.is_like,
        parsed.assumes_zone,
    ]


def parsed_of(row: ImportRow, course: Course) -> Parsed:
    """Return a checked row as values again."""
    return Parsed(
        line=row.line,
        values=base.unpacked(row.values or {}),
        key=row.key,
        store=course.stores.get(row.store_id) if row.store_id else None,
        what=row.what,
        is_like=row.is_like,
    )


def _unrepeated(rows: Sequence[Parsed], course: Course) -> list[Parsed]:
    """Mark rows that the file repeats, here or in an earlier step; return the others."""
    keys = {row.key for row in rows}
    earlier = course.kept.staged.filter(key__in=keys).exclude(what__in=["", base.REPEATED])
    first = {row.key: parsed_of(row, course) for row in earlier.order_by("-line")}
    kind = KINDS[course.kept.kind]
    single = []
    for row in rows:
        before = first.setdefault(row.key, row)
        if before is row:
            single.append(row)
        elif kind.are_same(before, row):
            row.what = base.REPEATED
        else:
            why = _("stands on line %(line)s as well, with other values.") % {"line": before.line}
            name = kind.id_field or kind.shown[0]
            value = str(row.values.get(name, ""))
            course.wrong(row, name, value, why, kind)
    return single


class _Reader:
    """Turns staged rows into values, by the mapping of their file."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.kind: Kind = KINDS[course.kept.kind]
        mapping = course.kept.mapping
        width = len(course.kept.headers)
        self.columns: dict[str, int] = {
            name: at
            for name, at in mapping.get("columns", {}).items()
            if name in self.kind.fields and 0 <= at < width
        }
        self._units = {
            name: headers.unit_of(course.kept.headers[at]) for name, at in self.columns.items()
        }
        self._signs = signs.Signs(self.kind, self.columns, self._units, mapping)
        self._names = _names(course.stores.values())

    def parsed(self, row: ImportRow) -> Parsed:
        """Return a row as values, with every trouble in it."""
        cells = cells_of(row)
        found = Parsed(line=row.line, values={})
        if not cells:
            self.course.wrong(
                found, "", "", _("it has more cells than there are headers."), self.kind
            )
            return found
        told = {name: self._cell(cells, at) for name, at in self.columns.items()}
        if self.kind.of_a_store:
            found.store = self._store(told.get("store", ""), found)
        currency = tables.currency_of(told.get("currency", ""))
        for name, text in told.items():
            if text and not (name == "store" and self.kind.of_a_store):
                self._read(found, name, text, currency)
        if not found.troubles:
            self.kind.complete(found, told, self.course)
        return found

    def _cell(self, cells: Sequence[str], at: int) -> str:
        text = cells[at].strip() if at < len(cells) else ""
        return "" if text.casefold() in _NOTHING else text

    def _read(self, row: Parsed, name: str, text: str, currency: str) -> None:
        """Read a cell of a row, whose amounts are in ``currency`` where it says so."""
        field, unit = self.kind.fields[name], self._units[name]
        store = row.store
        if field.read is base.amount:
            currency = currency or unit.currency or signs.home_currency(store)
        else:
            currency = ""
        cell = Cell(
            text=text,
            line=row.line,
            header=self.course.header(name, self.kind),
            home=unit.zone or base.home_of(store),
            day_first=self._signs.day_first(name, store),
            comma=self._signs.comma(name),
            habit=self._signs.habit(name, store),
            currency=currency,
            is_said=self._signs.is_said,
            sheet=self.course.kept.sheet,
        )
        try:
            if tables.is_broken(text):
                raise cell.wrong(_("is an error of the spreadsheet."))
            self._put(row, name, field, field.read(cell))
        except RowError as error:
            row.troubles.append(error)
            row.what = base.WRONG

    def _put(self, row: Parsed, name: str, field: Field, value: Any) -> None:
        if isinstance(value, moments.Moment):
            row.assumes_zone |= not value.has_zone and self._units[name].zone is None
            row.values[name] = (
                value.day_ends_at if field.is_deadline and not value.has_time else value.at
            )
        elif isinstance(value, tables.Amount):
            row.values[name] = value.value
            named = value.currency or self._units[name].currency
            if named and "currency" in self.kind.fields:
                row.values.setdefault("currency", named)
        else:
            row.values[name] = value

    def _store(self, written: str, row: Parsed) -> Store | None:
        course = self.course
        own = course.stores.get(course.kept.store_id) if course.kept.store_id else None
        if course.kept.store_id is not None and own is None:
            course.wrong(row, "", "", _("the file's store is out of your reach."), self.kind)
            return None
        found = self._names.get(" ".join(written.casefold().split()), []) if written else []
        if self.kind.marketplace:
            found = [
                store for store in found if store.marketplace == self.kind.marketplace
            ] or found
        why = ""
        if not written:
            why = "" if own else _("is missing.")
        elif own is not None:
            why = "" if own in found else _("is not the store that the file was brought in for.")
        elif len(found) == 1:
            own = found[0]
        elif found:
            why = _("is the name of several stores; write the shop ID.")
        else:
            why = _("is no store that you see.")
        if not why and own is not None and self.kind.marketplace not in {"", own.marketplace}:
            why = _("is not a store of this marketplace.")
            written = written or own.name
        if why:
            course.wrong(row, "store", written, why, self.kind)
            return None
        return own


def _names(stores: Iterable[Store]) -> dict[str, list[Store]]:
    names: dict[str, list[Store]] = {}
    for store in stores:
        for name in {store.name, store.external_id, str(store.pk)} - {""}:
            names.setdefault(" ".join(name.casefold().split()), []).append(store)
    return names


def stores_of(rows: Iterable[Parsed]) -> dict[UUID, Store]:
    return {row.store.pk: row.store for row in rows if row.store is not None}
