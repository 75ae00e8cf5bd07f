"""Lists of seats: who has an account inside a store's seller centre."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import seats
from stores.models import Store, SubAccount
from stores.seats import SeatValues
from stores.selectors import sub_accounts as selectors
from stores.services import sub_accounts
from stores.services.imports import base
from stores.services.imports.base import Cell, Course, Field, Kind, Mark, Parsed
from tenants.errors import DomainError

_NOUN: Final = "subaccount"
_LONGEST_WORD: Final = 60
_BETWEEN: Final = str.maketrans(dict.fromkeys("/、,;，；", "|"))


def _name(cell: Cell) -> str:
    name: str = base.name(120)(cell)
    if not any(sign.isalnum() for sign in name):
        raise cell.wrong(_("is missing."))
    return name


def _email(cell: Cell) -> str:
    email = cell.text.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise cell.wrong(_("is no e-mail address.")) from None
    return email


def _role(cell: Cell) -> str:
    return seats.role_code(base.text(_LONGEST_WORD)(cell))


def _permissions(cell: Cell) -> tuple[str, ...]:
    words = cell.text.translate(_BETWEEN).split("|")
    codes = tuple(dict.fromkeys(code for word in words if (code := seats.permission_code(word))))
    if any(len(code) > _LONGEST_WORD for code in codes):
        raise cell.wrong(_("is longer than %(longest)s characters.") % {"longest": _LONGEST_WORD})
    return codes


def _two_step(cell: Cell) -> bool:
    said = seats.yes_or_no(cell.text)
    if said is None:
        raise cell.wrong(_("is neither yes nor no."))
    return said


class SubAccounts(Kind):
    code = "sub_accounts"
    label = gettext_lazy("Sub-accounts")
    capability = "subaccounts.edit"
    most_rows = 5_000
    one_of = (("name",), ("email", "platform_role", "permissions", "two_step", "last_sign_in_at"))
    shown = ("name", "email", "platform_role", "permissions", "two_step", "last_sign_in_at")
    fields: ClassVar[Mapping[str, Field]] = MappingProxyType(
        {
            "store": base.STORE,
            "name": Field(gettext_lazy("Name"), _name),
            "email": Field(gettext_lazy("E-mail"), _email),
            "platform_role": Field(gettext_lazy("Role"), _role),
            "permissions": Field(gettext_lazy("Permissions"), _permissions),
            "two_step": Field(gettext_lazy("Two-step verification"), _two_step),
            "last_sign_in_at": Field(gettext_lazy("Last sign-in"), base.moment),
        }
    )

    def complete(self, row: Parsed, told: Mapping[str, str], course: Course) -> None:
        values = row.values
        values.pop("store", None)
        if "name" not in values:
            course.wrong(row, "name", told.get("name", ""), _("is missing."), self)
            return
        moment = values.get("last_sign_in_at")
        if moment is not None and not sub_accounts.can_have_signed_in(moment, course.at):
            why = _("lies in the future.")
            course.wrong(row, "last_sign_in_at", told["last_sign_in_at"], why, self)
        row.key = base.key_of(row.the_store.pk, values["name"], values.get("email", ""))

    def compare(self, rows: Sequence[Parsed], course: Course) -> None:
        for store, of_store in _by_store(rows):
            plan = selectors.plan_list(store, [_seat(row) for row in of_store], is_whole=False)
            for row, planned in zip(of_store, plan.seats, strict=True):
                if planned.problem:
                    course.wrong(row, "name", row.values["name"], planned.problem, self)
                elif planned.account is None:
                    row.what = base.NEW
                else:
                    row.what = base.UPDATE if planned.changes else base.SAME

    def write(self, rows: Sequence[Parsed], course: Course) -> list[Mark]:
        marks: list[Mark] = []
        for store, of_store in _by_store(rows):
            before = {each.pk: _state_of(each) for each in SubAccount.objects.filter(store=store)}
            told = [_seat(row) for row in of_store]
            try:
                sub_accounts.save_list(
                    store=store, seats=told, is_whole=False, by=course.by, at=course.at
                )
            except DomainError as refusal:
                raise base.refusal(of_store[0], refusal) from refusal
            after = {each.pk: _state_of(each) for each in SubAccount.objects.filter(store=store)}
            marks += [
                Mark(_NOUN, pk, before.get(pk), state)
                for pk, state in after.items()
                if before.get(pk) != state
            ]
        return marks

    def built_upon(self, marks: Sequence[Mark], course: Course) -> list[str]:
        now = {
            row.pk: row
            for row in SubAccount.objects.filter(pk__in=[mark.object_id for mark in marks])
        }
        return [
            _("%(row)s was changed since") % {"row": now[mark.object_id].name}
            for mark in marks
            if mark.object_id in now and _state_of(now[mark.object_id]) != dict(mark.became or {})
        ]

    def undo(self, marks: Sequence[Mark], course: Course) -> None:
        rows: dict[UUID, SubAccount] = {
            row.pk: row
            for row in SubAccount.objects.filter(pk__in=[mark.object_id for mark in marks])
        }
        for mark in marks:
            account = rows.get(mark.object_id)
            if account is None:
                continue
            if mark.was is None:
                sub_accounts.remove_sub_account(account=account, by=course.by, at=course.at)
                continue
            values = SeatValues(**base.unpacked(mark.was))
            sub_accounts.save_sub_account(
                account=account, values=values, by=course.by, at=course.at
            )


def _seat(row: Parsed) -> SeatValues:
    return SeatValues(**row.values, told=frozenset(row.values))


def _by_store(rows: Sequence[Parsed]) -> list[tuple[Store, list[Parsed]]]:
    found: dict[UUID, list[Parsed]] = {}
    for row in rows:
        found.setdefault(row.the_store.pk, []).append(row)
    return [(of_store[0].the_store, of_store) for of_store in found.values()]


def _state_of(account: SubAccount) -> dict[str, Any]:
    return base.packed({name: getattr(account, name) for name in seats.FIELDS})
