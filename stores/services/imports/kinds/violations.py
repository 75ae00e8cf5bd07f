"""Lists of violations, in whatever form: written as a person or a mail would tell them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import rules, signals, tables
from stores.mailin.parsers import rule_code
from stores.models import Import, Store, Violation
from stores.services import violations
from stores.services.imports import base, headers
from stores.services.imports.base import Cell, Course, Field, Kind, Mark, Parsed
from tenants import slots
from tenants.errors import DomainError

STAYS_SLOT: Final = "violation.stays"  # columns of higher rooms: True, something is built on it
_TIMES: Final = ("reported_at", "enforced_at", "correct_by", "appeal_by", "expires_at")
_NOUN: Final = "violation"
_RESTORED: Final = (
    *("rule", "subject", "points", "points_low", "points_high", "state", "note"),
    *_TIMES,
)


def _points(cell: Cell) -> int:
    return tables.read_points(
        cell.text,
        line=cell.line,
        field=cell.header,
        most=violations.MOST_POINTS,
        sheet=cell.sheet,
    )


class Violations(Kind):
    code = "violations"
    label = gettext_lazy("Violations")
    capability = "violations.record"
    is_rated = True
    most_rows = 5_000
    id_field = ""
    one_of = (("reported_at", "enforced_at"), ("rule", "reference"))
    shown = ("reference", "rule", "subject", "points", "state", "reported_at", "appeal_by")
    fields: ClassVar[Mapping[str, Field]] = MappingProxyType(
        {
            "store": base.STORE,
            "reference": Field(gettext_lazy("Reference"), base.identifier(64)),
            "rule": Field(gettext_lazy("Rule"), base.text(200)),
            "subject": Field(gettext_lazy("What it is about"), base.text(300)),
            "points": Field(gettext_lazy("Points taken"), _points),
            "state": Field(gettext_lazy("State"), base.choice("violations", "state")),
            "reported_at": Field(gettext_lazy("Reported"), base.moment),
            "enforced_at": Field(gettext_lazy("Points taken at"), base.moment),
            "correct_by": Field(gettext_lazy("Correct by"), base.moment, is_deadline=True),
            "appeal_by": Field(gettext_lazy("Appeal by"), base.moment, is_deadline=True),
            "expires_at": Field(gettext_lazy("Points return"), base.moment),
        }
    )

    def complete(self, row: Parsed, told: Mapping[str, str], course: Course) -> None:
        values, store = row.values, row.the_store
        if "reported_at" not in values and "enforced_at" in values:
            values["reported_at"] = values["enforced_at"]
        if "reported_at" not in values:
            course.wrong(row, "reported_at", "", _("is missing."), self)
            return
        text = values.pop("rule", "")
        if not text and not values.get("reference"):
            course.wrong(row, "rule", "", _("is missing."), self)
            return
        values.setdefault("subject", "")
        self._set_rule(row, text, course)
        for name in ("correct_by", "appeal_by", "expires_at"):
            if name in values and values[name] < values["reported_at"]:
                course.wrong(row, name, told.get(name, ""), _("lies before the report."), self)
        enforced_at = None
        if values.get("state", Violation.State.ENFORCED) == Violation.State.ENFORCED:
            enforced_at = values.get("enforced_at", values["reported_at"])
        known = {
            name: value
            for name, value in values.items()
            if name not in {"enforced_at", "rule_text", "store"}
        }
        try:
            violations.check(Violation(store=store, enforced_at=enforced_at, **known), course.at)
        except DomainError as refusal:
            course.wrong(row, "", "", str(refusal), self)
        row.key = self._key(row)

    def _set_rule(self, row: Parsed, text: str, course: Course) -> None:
        values = row.values
        values["rule"] = _rule(row.the_store, text, course)
        if values["rule"] == rules.OTHER and text:
            values["note" if values["subject"] else "subject"] = text
        if text:
            values["rule_text"] = text

    def _key(self, row: Parsed) -> str:
        """Return what tells this violation from others in the file."""
        values = row.values
        if values.get("reference"):
            return base.key_of(row.the_store.marketplace, values["reference"])
        return base.key_of(
            row.the_store.pk, values["rule"], values["subject"], values["reported_at"]
        )

    def compare(self, rows: Sequence[Parsed], course: Course) -> None:
        references = [row.values["reference"] for row in rows if row.values.get("reference")]
        known: dict[str, list[Violation]] = {}
        found = Violation.objects.filter(reference__in=references).select_related("store")
        for violation in found:
            known.setdefault(violation.reference or "", []).append(violation)
        nameless = _nameless({row.the_store.pk for row in rows if not row.values.get("reference")})
        for row in rows:
            if reference := row.values.get("reference"):
                self._compare_reference(row, known.get(reference, []), course)
            else:
                _compare_nameless(row, nameless)

    def _compare_reference(self, row: Parsed, known: Sequence[Violation], course: Course) -> None:
        store, reference = row.the_store, row.values["reference"]
        same = next((each for each in known if each.store_id == store.pk), None)
        if same is None and any(each.store.marketplace == store.marketplace for each in known):
            message = _("is the reference of a violation of another store.")
            course.wrong(row, "reference", reference, message, self)
            return
        if same is None:
            row.what = base.NEW
            return
        is_same = all(
            getattr(same, name) == value for name, value in _facts(row, is_known=True).items()
        )
        row.what = base.SAME if is_same else base.UPDATE

    def write(self, rows: Sequence[Parsed], course: Course) -> list[Mark]:
        references = [row.values["reference"] for row in rows if row.values.get("reference")]
        before = {
            (each.store_id, each.reference): each
            for each in Violation.objects.filter(reference__in=references)
        }
        marks = []
        for row in rows:
            known = before.get((row.the_store.pk, row.values.get("reference")))
            try:
                kept = violations.record_violation(
                    store=row.the_store,
                    facts=_facts(row, is_known=known is not None),
                    source=base.SOURCE,
                    at=course.at,
                    by=course.by,
                    via=course.via,
                    is_batch=True,
                )
            except DomainError as refusal:
                raise base.refusal(row, refusal) from refusal
            was = None if known is None else _state_of(known)
            marks.append(Mark(_NOUN, kept.violation.pk, was, _state_of(kept.violation)))
        return marks

    def after(self, stores: Sequence[Store], course: Course) -> None:
        signals.batch_ended.send(sender=Import, stores=list(stores), at=course.at)

    def built_upon(self, marks: Sequence[Mark], course: Course) -> list[str]:
        ids = [mark.object_id for mark in marks]
        now = {row.pk: row for row in Violation.objects.filter(pk__in=ids)}
        cases: set[UUID] = set()
        for column in slots.columns(STAYS_SLOT, course.by, ids).values():
            cases.update(pk for pk, found in column.items() if found)
        named = []
        for mark in marks:
            row = now.get(mark.object_id)
            if row is None:
                continue
            if row.pk in cases:
                named.append(_("%(row)s has an appeal") % {"row": row})
            elif mark.became is not None and _state_of(row) != dict(mark.became):
                named.append(_("%(row)s was changed since") % {"row": row})
        return named

    def undo(self, marks: Sequence[Mark], course: Course) -> None:
        held = Violation.objects.filter(pk__in=[mark.object_id for mark in marks])
        rows = {row.pk: row for row in held.select_related("store")}
        new = [
            rows[mark.object_id] for mark in marks if mark.was is None and mark.object_id in rows
        ]
        # First the ledger: what a mistaken file took was never taken.
        signals.import_undone.send(
            sender=Import, imported=course.kept, violations=new, at=course.at, by=course.by
        )
        for mark in marks:
            row = rows.get(mark.object_id)
            if row is None:
                continue
            before = base.unpacked(mark.was or {})
            facts = before if mark.was else {"state": Violation.State.REVERSED}
            if mark.was and before["points"] is None and row.points is not None:
                # The ledger gives back what was taken only where it hears of fewer points.
                self._change(row, {"points": 0}, course)
            self._change(row, facts, course)
        stores = {row.store_id: row.store for row in rows.values()}
        signals.batch_ended.send(sender=Import, stores=list(stores.values()), at=course.at)

    def _change(self, row: Violation, facts: Mapping[str, Any], course: Course) -> None:
        violations.change_violation(
            violation=row, facts=facts, at=course.at, by=course.by, via=course.via, is_batch=True
        )


def _facts(row: Parsed, *, is_known: bool) -> dict[str, Any]:
    """Return what a row says as facts; of a known violation it keeps what the file leaves open."""
    left_out = {"rule_text", "store"}
    if is_known and not row.values.get("rule_text"):
        left_out.add("rule")
    return {
        name: value
        for name, value in row.values.items()
        if name not in left_out and not base.nothing_left(value)
    }


def _state_of(row: Violation) -> dict[str, Any]:
    return base.packed({name: getattr(row, name) for name in _RESTORED})


def _rule(store: Store, text: str, course: Course) -> str:
    if not text:
        return rules.OTHER
    place = (store.marketplace, store.market, store.seller_type)
    known = course.memory.setdefault("rules", {})
    if place not in known:
        told = rules.rules_of(store, at=course.at)
        known[place] = {
            headers.plain(name): code for code, label in told.items() for name in (code, label)
        }
    code: str | None = known[place].get(headers.plain(text))
    return code or headers.meaning("violations", "rule", text) or rule_code(text) or rules.OTHER


def _nameless(store_ids: set[UUID]) -> dict[tuple[UUID, str, str], list[datetime]]:
    found: dict[tuple[UUID, str, str], list[datetime]] = {}
    rows = Violation.objects.filter(store__in=store_ids)
    for store, rule, subject, at in rows.values_list("store", "rule", "subject", "reported_at"):
        found.setdefault((store, rule, subject), []).append(at)
    return found


def _compare_nameless(
    row: Parsed, nameless: Mapping[tuple[UUID, str, str], Sequence[datetime]]
) -> None:
    reported_at = row.values["reported_at"]
    times = nameless.get((row.the_store.pk, row.values["rule"], row.values["subject"]), ())
    row.what = base.SAME if reported_at in times else base.NEW
    row.is_like = row.what == base.NEW and any(
        abs(at - reported_at) < violations.LIKE_WITHIN for at in times
    )
