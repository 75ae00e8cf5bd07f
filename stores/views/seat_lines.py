"""What a pasted list of seats would do, line by line, in the reader's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import seats
from stores.forms.seat_rows import PastedRow
from stores.selectors.sub_accounts import ListPlan, Planned
from tenants.templatetags import ui

_LABELS: Final[dict[str, Promise]] = {
    "name": gettext_lazy("Name"),
    "email": gettext_lazy("E-mail"),
    "platform_role": gettext_lazy("Role"),
    "permissions": gettext_lazy("Permissions"),
    "two_step": gettext_lazy("Two-step"),
    "last_sign_in_at": gettext_lazy("Last sign-in"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    old: str  # "" for a new seat
    new: str


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    name: str  # as the seat is called now
    email: str
    act: str  # "added", "changed", "same", or "" where the line cannot be taken
    facts: tuple[Fact, ...]
    cells: tuple[str, ...]
    errors: tuple[str, ...]


def seat_lines(rows: Sequence[PastedRow], plan: ListPlan, *, zone: str) -> list[Line]:
    """Return the pasted rows with what would become of each; ``plan`` is of the readable ones."""
    planned = iter(plan.seats)
    return [
        Line(row.number, "", "", "", (), row.cells, tuple(row.errors))
        if row.values is None
        else _line(row, next(planned), zone)
        for row in rows
    ]


def _line(row: PastedRow, planned: Planned, zone: str) -> Line:
    values, account = planned.values, planned.account
    if planned.problem:
        return Line(row.number, "", "", "", (), row.cells, (planned.problem,))
    if account is None:
        told = [name for name in seats.FIELDS[2:] if name in values.told]
        facts = [Fact(str(_LABELS[n]), "", words(n, getattr(values, n), zone)) for n in told]
        return Line(row.number, values.name, values.email, "added", tuple(facts), row.cells, ())
    facts = [
        Fact(
            str(_LABELS[each.field]),
            words(each.field, each.old, zone),
            words(each.field, each.new, zone),
        )
        for each in planned.changes
    ]
    act = "changed" if facts else "same"
    return Line(row.number, account.name, account.email, act, tuple(facts), row.cells, ())


def words(field: str, value: Any, zone: str) -> str:
    """Return a value of a seat as it is read, a dash where there is none."""
    if field == "two_step":
        return {True: _("On"), False: _("Off"), None: _("Unknown")}[value]
    if not value:
        return _("Unknown") if field == "last_sign_in_at" else ui.DASH
    if field == "platform_role":
        return str(seats.ROLES.get(value, value))
    if field == "permissions":
        return ", ".join(str(seats.PERMISSIONS.get(code, code)) for code in value)
    return ui.moment_in(value, zone) if field == "last_sign_in_at" else str(value)
