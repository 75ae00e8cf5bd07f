"""What a kind of file is: its fields, how a cell is read, how rows are held against what stands."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, ClassVar, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import moments, tables
from stores.models import Import, Store
from stores.services.imports import headers
from stores.tables import RowError
from tenants.errors import DomainError
from tenants.models import Membership

SOURCE: Final = "file"
WHATS: Final = (
    NEW := "new",
    UPDATE := "update",
    SAME := "same",
    REPEATED := "repeated",
    WRONG := "wrong",
)
LEFT_OUT: Final = "left_out"  # of an import's result: rows like one that is known, not written
LIKES: Final = (LEAVE_OUT := "leave_out", AS_OTHERS := "as_others")
IS_LIKE: Final = Q(is_like=True, what="new")
ASSUMES_ZONE: Final = Q(assumes_zone=True)
_LONGEST_KEY: Final = 200
_RUN: Final = re.compile(r"[=+\-@\t\r].*[(|!]", re.DOTALL)  # a call or a command, not "=1+1 Studio"
DAY_ORDERS: Final[Mapping[str, bool | None]] = {"": None, "day": True, "month": False}
DECIMALS: Final[Mapping[str, bool | None]] = {"": None, "comma": True, "point": False}


class ImportRefused(DomainError):
    """A row cannot be written after all, so none was; the text names its line."""

    code: ClassVar[str] = "import_refused"


class ImportSettled(DomainError):
    code: ClassVar[str] = "import_settled"


class UndoRefused(DomainError):
    """Something has been built on what the import wrote; the text names it."""

    code: ClassVar[str] = "undo_refused"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, as its field's reader sees it. ``home`` is the zone of a moment without one.

    ``comma``, ``habit``, ``currency`` and ``is_said`` are those of ``tables.read_amount``.
    """

    text: str
    line: int
    header: str
    home: tzinfo
    day_first: bool | None = None
    comma: bool | None = None
    habit: bool | None = None
    currency: str = ""
    is_said: bool = False
    sheet: str = ""

    def wrong(self, why: str) -> RowError:
        return RowError(self.line, self.header, self.text, why, sheet=self.sheet)


def with_text(cell: Cell, text: str) -> Cell:
    return replace(cell, text=text)


Reader = Callable[[Cell], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """What a column may hold. The names that files know it by are data, beside the code."""

    label: Promise
    read: Reader
    is_deadline: bool = False  # a day without a time counts to its end
    is_number: bool = False  # its cells tell each other's decimal sign


@dataclass(slots=True)
class Parsed:
    """A row as values, and what it would do, once that is known."""

    line: int
    values: dict[str, Any]
    key: str = ""
    store: Store | None = None
    what: str = NEW
    troubles: list[RowError] = field(default_factory=list)
    is_like: bool = False
    assumes_zone: bool = False

    @property
    def the_store(self) -> Store:
        assert self.store is not None, "A row of this kind is of a store."
        return self.store


@dataclass(frozen=True, slots=True)
class Mark:
    """A row that was written: what it is, and what stood there before (None: nothing)."""

    noun: str
    object_id: UUID
    was: Mapping[str, Any] | None = None
    became: Mapping[str, Any] | None = None  # by which a later change is known; None: not needed


@dataclass(frozen=True, slots=True)
class Course:
    """One checking or writing of an import: by whom, when, and within which stores.

    ``memory`` holds what a kind needs to look up once for all rows.
    """

    kept: Import
    stores: Mapping[UUID, Store]
    by: Membership | None
    at: datetime
    via: str = SOURCE
    memory: dict[str, Any] = field(default_factory=dict)

    def header(self, name: str, kind: "Kind") -> str:
        """Return what the file calls the column of a field, or what we call the field."""
        column = self.kept.mapping.get("columns", {}).get(name)
        headers = self.kept.headers
        if isinstance(column, int) and 0 <= column < len(headers):
            return str(headers[column])
        return str(kind.fields[name].label)

    def wrong(self, row: Parsed, name: str, value: str, why: str, kind: "Kind") -> None:
        """Note what is wrong with a row; ``name`` is the field, "" where all of it is meant."""
        header = self.header(name, kind) if name else ""
        row.troubles.append(RowError(row.line, header, value, why, sheet=self.kept.sheet))
        row.what = WRONG


class Kind:
    """One kind of file. A subclass says what differs; the course of an import is the same for all.

    ``one_of``: of each group of fields the file must have one. ``of_a_store``: each row is about a
    store, named by a column or chosen for the whole file. ``keeps_unknown``: columns that nothing
    knows are kept for the preview, where they do not look personal.
    """

    code: ClassVar[str]
    label: ClassVar[Promise]
    capability: ClassVar[str]
    fields: ClassVar[Mapping[str, Field]]
    one_of: ClassVar[Sequence[Sequence[str]]] = ()
    of_a_store: ClassVar[bool] = True
    keeps_unknown: ClassVar[bool] = True
    id_field: ClassVar[str] = ""  # its cells hold figures: one that has none explains the column
    marketplace: ClassVar[str] = ""  # whose export it is, or ""
    most_rows: ClassVar[int] = 100_000
    is_rated: ClassVar[bool] = False  # ratings follow from what it writes
    shown: ClassVar[Sequence[str]] = ()  # the fields that a preview shows

    def complete(self, row: Parsed, told: Mapping[str, str], course: Course) -> None:
        """Fill in what follows from the rest, say what cannot be true, and give the row its key.

        ``told`` are the cells as written, by field.
        """
        raise NotImplementedError

    def compare(self, rows: Sequence[Parsed], course: Course) -> None:
        """Say what each row would do to what stands, in a fixed number of queries."""
        raise NotImplementedError

    def are_same(self, one: Parsed, other: Parsed) -> bool:
        """Tell whether two rows of one key say the same; others contradict each other."""
        return (one.store, one.values) == (other.store, other.values)

    def write(self, rows: Sequence[Parsed], course: Course) -> list[Mark]:
        """Write rows that are new or an update; return what was written.

        Raises:
            ImportRefused: if one cannot be written after all.
        """
        raise NotImplementedError

    def after(self, stores: Sequence[Store], course: Course) -> None:
        """Do once, for the stores that were touched, what is not done row by row."""

    def built_upon(self, marks: Sequence[Mark], course: Course) -> list[str]:
        """Return by name what was built on what an import wrote, so that it cannot be undone."""
        raise NotImplementedError

    def undo(self, marks: Sequence[Mark], course: Course) -> None:
        """Take back what an import wrote: new rows go, changed ones are as they were."""
        raise NotImplementedError

    def missing(self, columns: Mapping[str, int], *, has_store: bool) -> list[str]:
        """Return the fields that need a column; of a group that may be one or the other, one."""
        lacking = [group[0] for group in self.one_of if not any(name in columns for name in group)]
        if self.of_a_store and not has_store and "store" not in columns:
            lacking.append("store")
        return lacking


# -- readers ----------------------------------------------------------------------------------


def text(longest: int) -> Reader:
    return lambda cell: tables.read_text(
        cell.text, line=cell.line, field=cell.header, longest=longest, sheet=cell.sheet
    )


def name(longest: int) -> Reader:
    """Return a reader of what something is called from now on: no formula of a spreadsheet."""
    read = text(longest)
    return lambda cell: read(with_text(cell, without_formula(cell)))


def without_formula(cell: Cell) -> str:
    """Return the text of a cell that no spreadsheet would run, were it written to a file.

    Raises:
        RowError: if one would.
    """
    written = cell.text.strip(" ")
    if _RUN.match(written):
        raise cell.wrong(_("is a formula, and no name."))
    return written


def identifier(longest: int) -> Reader:
    """Return a reader of ids: whole, or refused where a spreadsheet has spoilt them."""
    return lambda cell: tables.read_id(
        cell.text, line=cell.line, field=cell.header, longest=longest, sheet=cell.sheet
    )


def choice(kind: str, name: str) -> Reader:
    """Return a reader of words that mean one of the codes which the kind's data list."""
    return lambda cell: tables.read_choice(
        cell.text,
        headers.book(kind).values[name],
        line=cell.line,
        field=cell.header,
        sheet=cell.sheet,
    )


def code_or_word(kind: str, name: str, longest: int) -> Reader:
    """Return a reader of a marketplace's words: the code they mean, or as written."""
    return lambda cell: headers.meaning(kind, name, cell.text) or text(longest)(cell)[:longest]


def moment(cell: Cell) -> moments.Moment:
    return tables.read_moment(
        cell.text,
        line=cell.line,
        field=cell.header,
        zone=cell.home,
        day_first=cell.day_first,
        sheet=cell.sheet,
    )


def currency(cell: Cell) -> str:
    written = cell.text.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", written):
        raise cell.wrong(_("is no code of a currency, such as USD."))
    return written


def amount(cell: Cell) -> tables.Amount:
    return tables.read_amount(
        cell.text,
        line=cell.line,
        field=cell.header,
        comma=cell.comma,
        habit=cell.habit,
        currency=cell.currency,
        is_said=cell.is_said,
        sheet=cell.sheet,
    )


def home_of(store: Store | None) -> tzinfo:
    return ZoneInfo(store.time_zone if store else "UTC")


STORE: Final = Field(gettext_lazy("Store"), text(120))


def money(label: Promise) -> Field:
    return Field(label, amount, is_number=True)


# -- values as JSON ---------------------------------------------------------------------------


def packed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values for a JSON column, such that ``unpacked`` gives them back equal."""
    return {name: _packed(value) for name, value in values.items()}


def unpacked(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _unpacked(value) for name, value in values.items()}


def _packed(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    if isinstance(value, (list, tuple)):
        return {"list": list(value)}
    return value


def _unpacked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "at" in value:
        return datetime.fromisoformat(value["at"])
    if "number" in value:
        return Decimal(value["number"])
    return tuple(value["list"])


def key_of(*parts: object) -> str:
    """Return one short text for what tells a row from others."""
    told = "\x1f".join(str(part).casefold() for part in parts)
    return told if len(told) <= _LONGEST_KEY else hashlib.sha256(told.encode()).hexdigest()


def nothing_left(value: Any) -> bool:
    return value in (None, "", ())


def refusal(row: Parsed, why: object) -> ImportRefused:
    """Return that nothing was written, because of a row that became wrong since the preview."""
    return ImportRefused(
        _("Nothing was written. Line %(line)s: %(reason)s") % {"line": row.line, "reason": why}
    )
