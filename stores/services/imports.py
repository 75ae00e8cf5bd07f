"""Files of violations: kept sealed, read by a mapping, previewed, then written whole or not."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import moments, rules, signals, tables
from stores.mailin.parsers import rule_code
from stores.models import Import, Store, Violation
from stores.services import violations
from stores.tables import Row, RowError, Table
from tenants import due, sealing
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import services as trail

KIND: Final = "violations"
WRITE_IMPORT: Final = "stores.write_import"
AT_ONCE: Final = 200  # rows that are written while the member waits
MOST_ROWS: Final = 5_000
_TABLE: Final = "stores_import"
_SOURCE: Final = "file"
_DAY_ORDERS: Final[Mapping[str, bool | None]] = {"": None, "day": True, "month": False}
TIMES: Final = ("reported_at", "enforced_at", "correct_by", "appeal_by", "expires_at")
_DEADLINES: Final = frozenset({"correct_by", "appeal_by"})

# Field: its name on the page, and the headers it is known by beside that in files.
FIELDS: Final[Mapping[str, tuple[Any, tuple[str, ...]]]] = {
    "store": (
        gettext_lazy("Store"),
        ("shop", "store name", "shop name", "shop id", "shop code", "店铺", "店铺名称", "店铺id"),
    ),
    "reference": (
        gettext_lazy("Reference"),
        (
            *(
                "violation id",
                "violation no",
                "case id",
                "case number",
                "record id",
                "reference no",
            ),
            *("reference number", "违规编号", "违规记录编号", "处罚编号", "编号", "违规单号"),
        ),
    ),
    "rule": (
        gettext_lazy("Rule"),
        (
            *("violation type", "violation reason", "reason", "type", "policy", "rule breached"),
            *("违规类型", "违规原因", "原因", "类型"),
        ),
    ),
    "subject": (
        gettext_lazy("What it is about"),
        (
            *("product", "product name", "item", "object", "related to", "order", "subject"),
            *("商品", "商品名称", "违规对象", "违规商品", "涉及对象"),
        ),
    ),
    "points": (
        gettext_lazy("Points taken"),
        (
            *("points deducted", "violation points", "point", "deducted points", "penalty points"),
            *("扣分", "扣分值", "分数", "扣除分数"),
        ),
    ),
    "state": (
        gettext_lazy("State"),
        ("status", "violation status", "record status", "状态", "处罚状态", "违规状态"),
    ),
    "reported_at": (
        gettext_lazy("Reported"),
        (
            *("reported on", "date", "time", "violation time", "violation date", "notified"),
            *("created", "违规时间", "通知时间", "时间", "日期"),
        ),
    ),
    "enforced_at": (
        gettext_lazy("Points taken at"),
        (
            *("enforced", "enforced on", "enforcement time", "effective", "effective time"),
            *("生效时间", "处罚时间", "处罚生效时间"),
        ),
    ),
    "correct_by": (
        gettext_lazy("Correct by"),
        ("correction deadline", "correct before", "整改截止时间", "整改期限"),
    ),
    "appeal_by": (
        gettext_lazy("Appeal by"),
        ("appeal deadline", "appeal before", "申诉截止时间", "申诉期限"),
    ),
    "expires_at": (
        gettext_lazy("Points return"),
        ("expires", "expiry", "expires on", "points expire", "valid until", "到期时间", "失效时间"),
    ),
}
_STATES: Final = {
    "pending": ("not enforced", "not yet enforced", "warning issued", "待处理", "待处罚", "未生效"),
    "enforced": (
        *("active", "effective", "in effect", "action taken", "enforcement action taken"),
        *("confirmed", "已生效", "生效中", "已处罚", "已执行"),
    ),
    "lapsed": ("corrected", "resolved", "已整改", "已失效"),
    "reversed": ("appeal approved", "appeal granted", "revoked", "cancelled", "已撤销", "申诉成功"),
    "rolled_off": ("rolled off", "expired", "已过期", "已到期"),
}


class TooManyRows(DomainError):
    code: ClassVar[str] = "too_many_rows"


class ImportSettled(DomainError):
    code: ClassVar[str] = "import_settled"


class ImportRefused(DomainError):
    """A row cannot be written after all, so none was; the text names its line."""

    code: ClassVar[str] = "import_refused"


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What one line of the file would do: "new", "update", "same" as known, or "repeated"."""

    line: int
    store: Store
    facts: Mapping[str, Any]
    what: str
    rule_text: str
    has_assumed_zone: bool
    like: bool = False  # one of this rule and day is known, and no reference tells them apart


@dataclass(slots=True)
class Plan:
    """What an import would do. With ``errors`` or ``missing`` nothing is written."""

    rows: list[PlannedRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    more_errors: int = 0  # beyond those kept
    missing: list[str] = field(default_factory=list)  # fields that need a column

    def count(self, what: str) -> int:
        return sum(row.what == what for row in self.rows)

    @property
    def error_count(self) -> int:
        return len(self.errors) + self.more_errors

    @property
    def is_ready(self) -> bool:
        return not self.errors and not self.missing and bool(self.rows)

    @property
    def assumed_zones(self) -> int:
        return sum(row.has_assumed_zone for row in self.rows)

    @property
    def likes(self) -> int:
        return sum(row.like for row in self.rows)


@transaction.atomic
def make_import(
    *, table: Table, file_name: str, store: Store | None, by: Membership, at: datetime
) -> Import:
    """Keep a table, sealed, with a guess at what its columns hold; nothing is written yet.

    Raises:
        TooManyRows: beyond 5,000.
    """
    if len(table.rows) > MOST_ROWS:
        raise TooManyRows(
            _("%(file)s has %(rows)s rows; at most 5,000 are taken at once. Split it.")
            % {"file": file_name, "rows": f"{len(table.rows):,}"}
        )
    columns = tables.map_headers(
        table.headers, {name: known for name, (_l, known) in FIELDS.items()}
    )
    made = Import(
        kind=KIND,
        file_name=file_name[:200],
        mapping={"columns": dict(columns.at), "dates": ""},
        store=store,
        rows=len(table.rows) + len(table.problems) + table.more_problems,
        made_by=by,
        made_at=at,
    )
    made.content = sealing.seal(_as_json(table), table=_TABLE, column="content", row=made.pk)
    made.save(force_insert=True)
    _note(made, "import.made", by=by, at=at)
    return made


def table_of(kept: Import) -> Table:
    """Return the table of an import as it was read."""
    text = sealing.unseal(kept.content, table=_TABLE, column="content", row=kept.pk)
    data = json.loads(text)
    return Table(
        headers=tuple(data["headers"]),
        rows=tuple(Row(line, tuple(cells)) for line, cells in data["rows"]),
        encoding=data["encoding"],
        delimiter=data["delimiter"],
        problems=tuple(RowError(*problem) for problem in data["problems"]),
        more_problems=data["more_problems"],
    )


@transaction.atomic
def remap(*, kept: Import, columns: Mapping[str, int], dates: str) -> None:
    """Say which column holds which field, and which number of 03/04/2026 is the day.

    Raises:
        ImportSettled: if it was written or discarded meanwhile.
    """
    assert columns.keys() <= FIELDS.keys() and dates in _DAY_ORDERS, "Not a mapping."  # noqa: PT018
    waiting = Import.objects.filter(pk=kept.pk, state=Import.State.PREVIEW)
    if not waiting.update(mapping={"columns": dict(columns), "dates": dates}):
        raise _settled()
    kept.refresh_from_db()


def plan(kept: Import, *, table: Table, stores: QuerySet[Store], at: datetime) -> Plan:
    """Return what the import would write at ``stores``, or every reason why it cannot.

    The number of queries does not depend on the number of rows.
    """
    return _Planner(kept, table, list(stores), at).plan()


@transaction.atomic
def write(*, kept: Import, stores: QuerySet[Store], by: Membership, at: datetime) -> Plan:
    """Write every row of an import, or none; return what was done.

    Raises:
        ImportSettled: if it was written or discarded already.
        ImportRefused: if a row is wrong, or became so since the preview.
    """
    open_states = [Import.State.PREVIEW, Import.State.WRITING]
    waiting = Import.objects.filter(pk=kept.pk, state__in=open_states)
    if not waiting.update(state=Import.State.DONE, done_at=at):
        raise _settled()
    done = plan(kept, table=table_of(kept), stores=stores, at=at)
    if not done.is_ready:
        first = str(done.errors[0]) if done.errors else _("A column is missing.")
        raise ImportRefused(_("Nothing was written. %(reason)s") % {"reason": first})
    touched: dict[UUID, Store] = {}
    for row in done.rows:
        if row.what in {"new", "update"}:
            touched[row.store.pk] = row.store
            _write_row(row, by=by, at=at)
    signals.batch_ended.send(sender=Import, stores=list(touched.values()), at=at)
    result = {what: done.count(what) for what in ("new", "update", "same", "repeated")}
    kept.refresh_from_db()
    kept.written = result["new"] + result["update"]
    kept.mapping = {**kept.mapping, "result": result}
    kept.save(update_fields=["written", "mapping"])
    _note(kept, "import.done", by=by, at=at, changes=result)
    return done


def _write_row(row: PlannedRow, *, by: Membership, at: datetime) -> None:
    try:
        violations.record_violation(
            store=row.store,
            facts=row.facts,
            source=_SOURCE,
            at=at,
            by=by,
            via=_SOURCE,
            is_batch=True,
        )
    except DomainError as refusal:
        raise ImportRefused(
            _("Nothing was written. Line %(line)s: %(reason)s")
            % {"line": row.line, "reason": refusal}
        ) from refusal


@transaction.atomic
def ask_to_write(*, kept: Import, at: datetime) -> None:
    """Let a large import be written behind the scenes.

    Raises:
        ImportSettled: if it was written or discarded already.
    """
    waiting = Import.objects.filter(pk=kept.pk, state=Import.State.PREVIEW)
    if not waiting.update(state=Import.State.WRITING):
        raise _settled()
    due.add(kind=WRITE_IMPORT, subject=kept.pk, at=at)


def write_or_tell(*, kept: Import, stores: QuerySet[Store], by: Membership, at: datetime) -> None:
    """Write an import that was asked for; where it is refused it waits again, with the reason."""
    try:
        with transaction.atomic():
            if not by.is_active or not by.can("violations.record"):
                raise ImportRefused(_("Nothing was written: you may not record violations."))
            write(kept=kept, stores=stores, by=by, at=at)
    except DomainError as refusal:
        waiting = Import.objects.filter(pk=kept.pk, state=Import.State.WRITING)
        waiting.update(
            state=Import.State.PREVIEW, mapping={**kept.mapping, "refused": str(refusal)}
        )


@transaction.atomic
def discard(*, kept: Import, by: Membership, at: datetime) -> None:
    """Throw a waiting import away, with the rows it holds.

    Raises:
        ImportSettled: if it was written or discarded already.
    """
    waiting = Import.objects.filter(pk=kept.pk, state=Import.State.PREVIEW)
    if not waiting.update(state=Import.State.DISCARDED, content="", done_at=at):
        raise _settled()
    _note(kept, "import.discarded", by=by, at=at)


# -- planning ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Parsed:
    """A row's cells as values, before it is known what stands in the database."""

    row: Row
    store: Store
    facts: dict[str, Any]
    rule_text: str
    has_assumed_zone: bool

    @property
    def reference(self) -> str | None:
        reference: str | None = self.facts.get("reference")
        return reference

    @property
    def key(self) -> tuple[Any, ...]:
        """Return what tells this violation from others in the file."""
        if self.reference:
            return (self.store.marketplace, self.reference)
        return (
            self.store.pk,
            self.facts["rule"],
            self.facts.get("subject", ""),
            self.facts["reported_at"],
        )


class _Planner:
    def __init__(self, kept: Import, table: Table, stores: list[Store], at: datetime) -> None:
        self.kept = kept
        self.table = table
        self.stores = stores
        self.at = at
        self.columns: dict[str, int] = {
            name: column
            for name, column in kept.mapping.get("columns", {}).items()
            if name in FIELDS and 0 <= column < len(table.headers)
        }
        self.day_first: dict[str, bool | None] = {
            name: self._day_first(name) for name in TIMES if name in self.columns
        }
        self.by_name = self._names()
        self.rules: dict[tuple[str, str, str], dict[str, list[str]]] = {}
        self.result = Plan(missing=self._missing())

    def plan(self) -> Plan:
        for problem in self.table.problems:
            self._fail(problem)
        self.result.more_errors += self.table.more_problems
        if self.result.missing:
            return self.result
        parsed = self._unrepeated(filter(None, map(self._parse, self.table.rows)))
        self._compare(list(parsed))
        self.result.rows.sort(key=lambda row: row.line)
        self.result.errors.sort(key=lambda error: error.line)
        return self.result

    def _missing(self) -> list[str]:
        missing = []
        if "reported_at" not in self.columns and "enforced_at" not in self.columns:
            missing.append("reported_at")
        if "rule" not in self.columns and "reference" not in self.columns:
            missing.append("rule")
        if self.kept.store_id is None and "store" not in self.columns:
            missing.append("store")
        return missing

    def _fail(self, error: RowError) -> None:
        if len(self.result.errors) < tables.MAX_TROUBLES:
            self.result.errors.append(error)
        else:
            self.result.more_errors += 1

    # -- one row

    def _parse(self, row: Row) -> _Parsed | None:
        """Return a row as values, or None after every trouble in it was noted."""
        troubles: list[RowError] = []

        def read(name: str, reader: Callable[[str], Any]) -> Any:
            cell = self._cell(row, name)
            try:
                return reader(cell) if cell else None
            except RowError as error:
                troubles.append(error)
                return None

        store = self._store(row, troubles)
        facts: dict[str, Any] = {
            "reference": read("reference", self._text(row, "reference", 64)),
            "subject": read("subject", self._text(row, "subject", 300)) or "",
            "points": read("points", self._points(row)),
        }
        if state := read("state", self._state(row)):
            facts["state"] = state  # where the file does not say, a known violation keeps its own
        rule_text = read("rule", self._text(row, "rule", 200)) or ""
        assumed = False
        for name in TIMES if store else ():
            moment = read(name, self._moment(row, name, store))
            if moment is not None:
                is_deadline = name in _DEADLINES and not moment.has_time
                facts[name] = moment.day_ends_at if is_deadline else moment.at
                assumed |= not moment.has_zone
        if store is not None and not troubles:
            self._complete(row, store, facts, rule_text, troubles)
        for trouble in troubles:
            self._fail(trouble)
        if troubles or store is None:
            return None
        return _Parsed(row, store, facts, rule_text, assumed)

    def _complete(
        self,
        row: Row,
        store: Store,
        facts: dict[str, Any],
        rule_text: str,
        troubles: list[RowError],
    ) -> None:
        """Fill in what follows from the rest, and ask whether it can be true."""
        if "reported_at" not in facts and "enforced_at" in facts:
            facts["reported_at"] = facts["enforced_at"]
        if "reported_at" not in facts:
            troubles.append(RowError(row.line, self._header("reported_at"), "", _("is missing.")))
            return
        if not rule_text and not facts["reference"]:
            troubles.append(RowError(row.line, self._header("rule"), "", _("is missing.")))
            return
        facts["rule"] = self._rule(store, rule_text)
        if facts["rule"] == rules.OTHER and rule_text:
            name = "note" if facts["subject"] else "subject"
            facts[name] = rule_text
        for name in ("correct_by", "appeal_by", "expires_at"):
            if name in facts and facts[name] < facts["reported_at"]:
                cell = self._cell(row, name)
                trouble = _("lies before the report.")
                troubles.append(RowError(row.line, self._header(name), cell, trouble))
        enforced_at = None
        if facts.get("state", Violation.State.ENFORCED) == Violation.State.ENFORCED:
            enforced_at = facts.get("enforced_at", facts["reported_at"])
        known = {name: value for name, value in facts.items() if name != "enforced_at"}
        try:
            violations.check(Violation(store=store, enforced_at=enforced_at, **known), self.at)
        except DomainError as refusal:
            troubles.append(RowError(row.line, "", "", str(refusal)))

    def _cell(self, row: Row, name: str) -> str:
        column = self.columns.get(name)
        return "" if column is None else row.cells[column].strip()

    def _header(self, name: str) -> str:
        column = self.columns.get(name)
        return str(FIELDS[name][0]) if column is None else self.table.headers[column]

    def _text(self, row: Row, name: str, longest: int) -> Callable[[str], str]:
        return lambda cell: tables.read_text(
            cell, line=row.line, field=self._header(name), longest=longest
        )

    def _points(self, row: Row) -> Callable[[str], int]:
        return lambda cell: tables.read_points(
            cell, line=row.line, field=self._header("points"), most=violations.MOST_POINTS
        )

    def _state(self, row: Row) -> Callable[[str], str]:
        return lambda cell: tables.read_choice(
            cell, _STATES, line=row.line, field=self._header("state")
        )

    def _moment(self, row: Row, name: str, store: Store | None) -> Callable[[str], moments.Moment]:
        zone = ZoneInfo(store.time_zone if store else "UTC")
        return lambda cell: tables.read_moment(
            cell,
            line=row.line,
            field=self._header(name),
            zone=zone,
            day_first=self.day_first.get(name),
        )

    def _day_first(self, name: str) -> bool | None:
        chosen = self.kept.mapping.get("dates", "")
        if chosen:
            return _DAY_ORDERS.get(chosen)
        return moments.day_first_of([self._cell(row, name) for row in self.table.rows])

    def _rule(self, store: Store, text: str) -> str:
        if not text:
            return rules.OTHER
        kind = (store.marketplace, store.market, store.seller_type)
        if kind not in self.rules:
            known = rules.rules_of(store, at=self.at)
            self.rules[kind] = {code: [code, label] for code, label in known.items()}
        wanted = tables.plain_header(text)
        for code, names in self.rules[kind].items():
            if wanted in {tables.plain_header(name) for name in names}:
                return code
        return rule_code(text) or rules.OTHER

    # -- stores

    def _names(self) -> dict[str, list[Store]]:
        names: dict[str, list[Store]] = {}
        for store in self.stores:
            for name in {store.name, store.external_id, str(store.pk)} - {""}:
                names.setdefault(" ".join(name.casefold().split()), []).append(store)
        return names

    def _store(self, row: Row, troubles: list[RowError]) -> Store | None:
        cell = self._cell(row, "store")
        line, header = row.line, self._header("store")
        own = next((store for store in self.stores if store.pk == self.kept.store_id), None)
        if self.kept.store_id is not None and own is None:
            troubles.append(RowError(line, "", "", _("the file's store is out of your reach.")))
            return None
        if not cell:
            if own is None:
                troubles.append(RowError(line, header, "", _("is missing.")))
            return own
        found = self.by_name.get(" ".join(cell.casefold().split()), [])
        if own is not None:
            if own in found:
                return own
            refusal = _("is not the store that the file was brought in for.")
        elif len(found) == 1:
            return found[0]
        else:
            refusal = (
                _("is the name of several stores; write the shop ID.")
                if found
                else _("is no store that you see.")
            )
        troubles.append(RowError(line, header, cell, refusal))
        return None

    # -- against each other, and against what is known

    def _unrepeated(self, parsed: Iterable[_Parsed]) -> Iterable[_Parsed]:
        first: dict[tuple[Any, ...], _Parsed] = {}
        for one in parsed:
            before = first.setdefault(one.key, one)
            if before is one:
                yield one
            elif (before.store, before.facts) == (one.store, one.facts):
                self.result.rows.append(self._planned(one, "repeated"))
            else:
                name = "reference" if one.reference else "rule"
                message = _("stands on line %(line)s as well, with other values.")
                cell = self._cell(one.row, name)
                self._fail(
                    RowError(
                        one.row.line, self._header(name), cell, message % {"line": before.row.line}
                    )
                )

    def _compare(self, parsed: Sequence[_Parsed]) -> None:
        references = [one.reference for one in parsed if one.reference]
        known: dict[str, list[Violation]] = {}
        rows = Violation.objects.filter(reference__in=references).select_related("store")
        for violation in rows:
            known.setdefault(violation.reference or "", []).append(violation)
        nameless = self._nameless({one.store.pk for one in parsed if not one.reference})
        for one in parsed:
            if one.reference:
                self._compare_reference(one, known.get(one.reference, []))
            else:
                self._compare_nameless(one, nameless)

    def _compare_reference(self, one: _Parsed, known: Sequence[Violation]) -> None:
        same = next((each for each in known if each.store_id == one.store.pk), None)
        marketplace = one.store.marketplace
        if same is None and any(each.store.marketplace == marketplace for each in known):
            header = self._header("reference")
            message = _("is the reference of a violation of another store.")
            self._fail(RowError(one.row.line, header, one.reference or "", message))
            return
        if same is None:
            self.result.rows.append(self._planned(one, "new"))
            return
        if "rule" in one.facts and not one.rule_text:
            one.facts.pop("rule")  # the file does not say
        is_same = all(
            getattr(same, name) == value
            for name, value in one.facts.items()
            if value not in (None, "")
        )
        self.result.rows.append(self._planned(one, "same" if is_same else "update"))

    def _nameless(self, store_ids: set[UUID]) -> dict[tuple[UUID, str, str], list[datetime]]:
        found: dict[tuple[UUID, str, str], list[datetime]] = {}
        rows = Violation.objects.filter(store__in=store_ids)
        for store, rule, subject, at in rows.values_list("store", "rule", "subject", "reported_at"):
            found.setdefault((store, rule, subject), []).append(at)
        return found

    def _compare_nameless(
        self, one: _Parsed, nameless: Mapping[tuple[UUID, str, str], Sequence[datetime]]
    ) -> None:
        reported_at = one.facts["reported_at"]
        key = (one.store.pk, one.facts["rule"], one.facts["subject"])
        times = nameless.get(key, ())
        if reported_at in times:
            self.result.rows.append(self._planned(one, "same"))
            return
        like = any(abs(at - reported_at) < violations.LIKE_WITHIN for at in times)
        self.result.rows.append(self._planned(one, "new", like=like))

    def _planned(self, one: _Parsed, what: str, *, like: bool = False) -> PlannedRow:
        facts = {name: value for name, value in one.facts.items() if value not in (None, "")}
        return PlannedRow(
            line=one.row.line,
            store=one.store,
            facts=facts,
            what=what,
            rule_text=one.rule_text,
            has_assumed_zone=one.has_assumed_zone,
            like=like,
        )


def _as_json(table: Table) -> str:
    return json.dumps(
        {
            "headers": table.headers,
            "rows": [[row.line, row.cells] for row in table.rows],
            "encoding": table.encoding,
            "delimiter": table.delimiter,
            "problems": [
                [problem.line, problem.field, problem.value, problem.message]
                for problem in table.problems
            ],
            "more_problems": table.more_problems,
        },
        ensure_ascii=False,
    )


def _settled() -> ImportSettled:
    return ImportSettled(_("This file was imported or discarded already."))


def _note(
    kept: Import,
    action: str,
    *,
    by: Membership,
    at: datetime,
    changes: dict[str, Any] | None = None,
) -> None:
    trail.record(
        action=action,
        by=by,
        subject=kept,
        at=at,
        store_id=kept.store_id,
        changes=changes or {"rows": kept.rows},
    )
