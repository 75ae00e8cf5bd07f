"""Taking a file in: read at the door, personal columns dropped there, its rows kept sealed."""

import json
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, ClassVar, Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from stores import tables
from stores.models import Import, ImportMapping, ImportRow, Store
from stores.services.imports import headers
from stores.services.imports.base import Kind
from stores.services.imports.registry import KINDS, guess, score
from stores.sheets import door, limits
from stores.sheets.door import Effort, Head
from stores.sheets.faults import Fault
from stores.tables import TableUnreadable
from tenants import ids, scope, sealing
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import services as trail

_TABLE: Final = "stores_importrow"
_COPY: Final = (
    "COPY stores_importrow (id, agency_id, imported_id, line, cells, what, key, troubles,"
    " is_like, assumes_zone) FROM STDIN"
)
_HEADER_ROWS: Final = 25  # how far down a sheet its headers may begin, below titles
_SPOOLED: Final = 1 << 20


class TooManyRows(DomainError):
    code: ClassVar[str] = "too_many_rows"


class KindUnclear(DomainError):
    """Nothing tells what a file holds; the text says so."""

    code: ClassVar[str] = "kind_unclear"


@dataclass(frozen=True, slots=True)
class Found:
    """Where in a file the headers are, what kind it is, and what its columns hold."""

    head: Head
    at: int  # the headers' place among the head's rows
    kind: Kind
    headers: tuple[str, ...]
    columns: Mapping[str, int]

    @property
    def below(self) -> int:
        """Return the line above the first row of data."""
        rows = self.head.rows
        if self._has_description:
            return rows[self.at + 1][0]
        return rows[self.at][0]

    @property
    def samples(self) -> Sequence[Sequence[str]]:
        skipped = self.at + 1 + self._has_description
        return [cells for _line, cells in self.head.rows[skipped:]]

    @property
    def _has_description(self) -> bool:
        rest = [cells for _line, cells in self.head.rows[self.at + 1 :]]
        if not rest:
            return False
        column = self.columns.get(self.kind.id_field)
        if column is not None and column < len(rest[0]) and rest[0][column]:
            # An id has figures; what stands in its place without one explains the column.
            return not re.search(r"\d", rest[0][column])
        return tables.is_description(rest)


def make_import(
    *,
    file: IO[bytes],
    file_name: str,
    by: Membership | None,
    at: datetime,
    kind: str = "",
    store: Store | None = None,
    among: Collection[str] = (),
    effort: Effort | None = None,
) -> Import:
    """Keep a file's rows, sealed, with a guess at what its columns hold; nothing is written yet.

    Without ``kind`` the headers tell which of ``among`` (any, where empty) it is. Columns about
    people are left in the file, unless the kind has a field for them.

    Raises:
        TableUnreadable, TableTooLarge: if it cannot be read; the text says where.
        KindUnclear: if its headers do not say what it holds.
        TooManyRows: beyond what the kind takes at once.
    """
    with tempfile.TemporaryFile() as copy:
        file.seek(0)
        shutil.copyfileobj(file, copy, _SPOOLED)
        if copy.tell() > limits.MAX_BYTES:
            raise tables.refusal(Fault("bytes"), file_name)
        try:
            found = _find(door.heads(copy), _kinds(kind, among, store), file_name)
            return _stage(copy, found, file_name, store, by, at, effort or Effort())
        except Fault as fault:
            raise tables.refusal(fault, file_name) from fault


def _kinds(code: str, among: Collection[str], store: Store | None) -> list[Kind]:
    """Return the kinds that a file may be of: the one that was said, or those of its store."""
    if code:
        return [KINDS[code]]
    kinds = [KINDS[each] for each in (among or KINDS)]
    places = {"", store.marketplace} if store else None
    return [kind for kind in kinds if places is None or kind.marketplace in places]


def _find(heads: Sequence[Head], kinds: Sequence[Kind], name: str) -> Found:
    """Return the sheet and the row whose headers speak most for a kind of file."""
    filled = [head for head in heads if head.rows]
    if not filled:
        raise TableUnreadable(_("%(file)s is empty.") % {"file": name})
    best: tuple[int, Head, int] | None = None
    for head in filled:
        for at, (_line, cells) in enumerate(head.rows[:_HEADER_ROWS]):
            points = max(score(kind, cells) for kind in kinds)
            if points and (best is None or points > best[0]):
                best = (points, head, at)
    _points, head, at = best or (0, filled[0], 0)
    _refuse_rivals(filled, head, at, kinds)
    found = tables.without_empty_end(head.rows[at][1])
    if len(found) > limits.MAX_COLUMNS:
        raise Fault("columns", row=head.rows[at][0])
    kind = kinds[0] if len(kinds) == 1 else guess(found, kinds)
    if kind is None:
        raise KindUnclear(
            _("The headers of %(file)s do not tell what it holds. Say it, and bring it in again.")
            % {"file": name}
        )
    below = [cells for _line, cells in head.rows[at + 1 :]]
    return Found(head, at, kind, found, _columns(kind, found, below))


def _refuse_rivals(heads: Sequence[Head], best: Head, at: int, kinds: Sequence[Kind]) -> None:
    """Refuse a text whose letters may be in several encodings, if the headers choose none.

    Raises:
        Fault: if its headers are as well known in another one.
    """
    for head in heads:
        if head.encoding == best.encoding or head.sheet != best.sheet:
            continue
        points = [max(score(kind, each.rows[at][1]) for kind in kinds) for each in (head, best)]
        if points[0] >= points[1]:
            raise Fault("encoding")


def _columns(kind: Kind, found: Sequence[str], below: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return the column of each field: as a member last said of such files, else by its header.

    A column of e-mail addresses says by its cells what it holds, whatever its header.
    """
    mark = headers.fingerprint(found)
    said = ImportMapping.objects.filter(kind=kind.code, fingerprint=mark).first()
    if said is not None:
        return {name: at for name, at in said.columns.items() if name in kind.fields}
    columns = headers.map_columns(found, kind.code, kind.fields)[0]
    if "email" in kind.fields and "email" not in columns:
        free = [at for at in range(len(found)) if at not in columns.values()]
        for at in [*free, *columns.values()]:
            if headers.are_mails([row[at] for row in below if at < len(row)]):
                return {**columns, "email": at}
    return columns


def _kept(found: Found, *, has_store: bool) -> list[int]:
    """Return the columns that are kept: those of fields, and others that are about no person.

    Of exports that hold people's data the others are kept only while a field has no column yet.
    """
    used = set(found.columns.values())
    lacks = bool(found.kind.missing(found.columns, has_store=has_store))
    if not found.kind.keeps_unknown and not lacks:
        return sorted(used)
    kept = []
    for at, header in enumerate(found.headers):
        cells = [row[at] for row in found.samples if at < len(row)]
        if at in used or not headers.is_personal(header, cells):
            kept.append(at)
    return kept


@transaction.atomic
def _stage(
    file: IO[bytes],
    found: Found,
    file_name: str,
    store: Store | None,
    by: Membership | None,
    at: datetime,
    effort: Effort,
) -> Import:
    kept = _kept(found, has_store=store is not None)
    place = {column: index for index, column in enumerate(kept)}
    said = ImportMapping.objects.filter(
        kind=found.kind.code, fingerprint=headers.fingerprint(found.headers)
    ).first()
    made = Import(
        kind=found.kind.code,
        file_name=file_name[:200],
        sheet=found.head.sheet[:100],
        encoding=found.head.encoding[:20],
        headers=[found.headers[column] for column in kept],
        fingerprint=headers.fingerprint(found.headers),
        state=Import.State.CHECKING,
        store=store,
        made_by=by,
        made_at=at,
    )
    made.save(force_insert=True)
    hints = Hints(len(kept))
    made.rows = _copy(made, _rows(file, found, kept, effort), hints)
    if made.rows == 0:
        raise TableUnreadable(_("There is no row below the headers."))
    made.mapping = {
        "columns": {name: place[column] for name, column in found.columns.items()},
        "dates": said.dates if said else "",
        "decimals": said.decimals if said else "",
        "places": kept,
        "hints": {**hints.told(), "delimiter": found.head.delimiter},
    }
    made.save(update_fields=["rows", "mapping"])
    trail.record(
        action="import.made",
        by=by,
        subject=made,
        at=at,
        store_id=made.store_id,
        changes={"rows": made.rows, "kind": made.kind},
    )
    return made


def _rows(
    file: IO[bytes], found: Found, kept: Sequence[int], effort: Effort
) -> Iterator[door.Line]:
    """Yield the rows of data, no more than the kind takes."""
    lines = door.rows(
        file,
        sheet=found.head.sheet,
        encoding=found.head.encoding,
        below=found.below,
        width=len(found.headers),
        columns=kept,
        effort=effort,
    )
    for count, line in enumerate(lines, start=1):
        if count > found.kind.most_rows:
            raise TooManyRows(
                _("This kind of file may have at most %(most)s rows at once. Split it.")
                % {"most": f"{found.kind.most_rows:,}"}
            )
        yield line


def _copy(made: Import, lines: Iterator[door.Line], hints: "Hints") -> int:
    """Write rows into the staging by COPY, as they are read; return how many."""
    count = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # COPY goes past the fence's own statement, which this sends
        with cursor.copy(_COPY) as copy:
            for line in lines:
                count += 1
                pk = ids.new_id()
                # A row that is too wide is shifted, and nobody knows what its cells are.
                cells = "" if line.is_too_wide else seal_cells(line.cells, pk)
                if not line.is_too_wide:
                    hints.look(line.cells)
                copy.write_row(
                    (pk, scope.current_id(), made.pk, line.number, cells, "", "", "[]", "f", "f")
                )
    return count


def seal_cells(cells: Sequence[str], pk: UUID) -> str:
    text = json.dumps(cells, ensure_ascii=False)
    return sealing.seal(text, table=_TABLE, column="cells", row=pk)


def cells_of(row: ImportRow) -> list[str]:
    """Return a staged row's cells; none of one that did not fit under the headers."""
    if not row.cells:
        return []
    found: list[str] = json.loads(
        sealing.unseal(row.cells, table=_TABLE, column="cells", row=row.pk)
    )
    return found


_DATE_LIKE: Final = re.compile(r"(?:^|\s)(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}")
_HALF_OF_DAY: Final = re.compile(r"\d\s?[ap]\.?m\b", re.IGNORECASE)
_MONTHS: Final = 12


@dataclass(slots=True)
class Hints:
    """What all of a column's cells together tell.

    Which number of 03/04 is the day, whether such dates have halves of the day (9:14 AM), and
    which sign of 1.234 stands before the decimals.
    """

    width: int
    day_first: set[int] = field(default_factory=set)
    month_first: set[int] = field(default_factory=set)
    halves: set[int] = field(default_factory=set)
    comma: set[int] = field(default_factory=set)
    point: set[int] = field(default_factory=set)

    def look(self, cells: Sequence[str]) -> None:
        for at, cell in enumerate(cells):
            if not cell or len(cell) > tables.EXCERPT:
                continue
            if "/" in cell or cell.count("-") > 1 or cell.count(".") > 1:
                self._look_at_date(at, cell)
            if ("," in cell or "." in cell) and at not in self.comma & self.point:
                told = tables.decimal_comma_of([cell])
                if told is not None:
                    (self.comma if told else self.point).add(at)

    def _look_at_date(self, at: int, cell: str) -> None:
        match = _DATE_LIKE.search(cell)
        if match is None:
            return
        if int(match[1]) > _MONTHS:
            self.day_first.add(at)
        if int(match[2]) > _MONTHS:
            self.month_first.add(at)
        if _HALF_OF_DAY.search(cell):
            self.halves.add(at)

    def told(self) -> dict[str, Any]:
        """Return by column, as JSON keys them; None stands for a column that contradicts itself."""
        return {
            "days": _one_of_two(self.day_first, self.month_first),
            "halves": {str(at): True for at in self.halves},
            "commas": _one_of_two(self.comma, self.point),
        }


def _one_of_two(yes: set[int], no: set[int]) -> dict[str, bool | None]:
    return {str(at): None if at in yes & no else at in yes for at in yes | no}
