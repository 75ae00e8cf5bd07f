"""Reading a list of seats as it was pasted: which columns it has, and what each line says."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from stores import moments, seats, tables
from stores.services.sub_accounts import can_have_signed_in
from tenants.texts import printable

LONGEST_NAME: Final = 120
_LONGEST_WORD: Final = 60
_HEADINGS: Final = MappingProxyType(
    {
        "name": (
            *("account", "account name", "sub-account", "sub-account name", "user", "user name"),
            *("username", "full name", "display name", "nickname", "member", "staff", "employee"),
            *("姓名", "名称", "账号", "账号名", "账号名称", "账户", "账户名称", "子账号"),
            *("子账号名称", "用户", "用户名", "员工", "员工姓名", "成员", "昵称"),
        ),
        "email": (
            *("e-mail", "mail", "e-mail address", "mail address", "login e-mail"),
            *("邮箱", "邮箱地址", "电子邮箱", "电子邮件", "登录邮箱", "邮件"),
        ),
        "platform_role": (
            *("role", "roles", "role name", "user role", "role at the marketplace"),
            *("marketplace role", "position", "job"),
            *("角色", "角色名称", "平台角色", "岗位", "职位", "职务"),
        ),
        "permissions": (
            *("permission", "right", "rights", "access", "access rights", "privileges"),
            *("权限", "权限范围", "功能权限", "访问权限", "操作权限"),
        ),
        "two_step": (
            *("2-step", "two-step verification", "2-step verification", "two-factor", "2fa", "mfa"),
            *("two-factor authentication", "2-factor authentication", "2sv", "2-step enabled"),
            *("两步验证", "二步验证", "两步认证", "双重验证", "双重认证", "双因素认证", "二次验证"),
        ),
        "last_sign_in_at": (
            *("last sign-in", "last login", "last log-in", "last login time", "last login date"),
            *("last sign-in time", "last sign-in date", "last signed in", "last logged in"),
            *("last active", "last activity", "last seen"),
            *("最近登录", "最近登录时间", "上次登录", "上次登录时间", "最后登录", "最后登录时间"),
            *("最后活跃时间", "登录时间"),
        ),
    }
)
_UNTOLD: Final = frozenset({"", "?", "-", "–", "—", "unknown", "未知", "n/a"})
_BETWEEN_PERMISSIONS: Final = str.maketrans(dict.fromkeys("/、,;\uff0c\uff1b", "|"))


@dataclass(frozen=True, slots=True)
class PastedRow:
    """One pasted line: its number as a person counts, what it says, and what is wrong with it."""

    number: int
    values: seats.SeatValues | None
    cells: tuple[str, ...]
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PastedList:
    rows: tuple[PastedRow, ...]
    not_taken: tuple[str, ...]  # headings that name nothing a seat has


def read_list(text: str, *, zone: str, at: datetime) -> PastedList:
    """Return the lines of ``text``, pasted ``at``; what a line has no cell for it does not tell.

    Raises:
        ValidationError: if it is no list, or its headings leave open which column is which.
    """
    lines = list(_cells(text))
    columns: Sequence[str] = seats.FIELDS
    not_taken: tuple[str, ...] = ()
    if lines and (found := _headings(lines[0][1])):
        columns, not_taken = found
        lines = lines[1:]
    return PastedList(
        tuple(_row(number, cells, columns, zone, at) for number, cells in lines), not_taken
    )


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    plain = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    first = plain.split("\n", 1)[0]
    mark = "\t" if "\t" in plain else ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(plain), delimiter=mark)
    try:
        for cells in reader:
            trimmed = [" ".join(cell.split()) for cell in cells]
            if any(trimmed):
                yield reader.line_num, [printable(cell) for cell in trimmed]
    except csv.Error as error:
        raise ValidationError(
            _("Line %(number)s cannot be read as a row.") % {"number": reader.line_num}
        ) from error


def _headings(cells: list[str]) -> tuple[list[str], tuple[str, ...]] | None:
    """Return what each column holds and which are not taken; None where it is a line of data."""
    found = tables.map_headers(cells, _HEADINGS)
    known = {*found.at, *found.ambiguous}
    is_certain = len(known) > 1 or (
        bool(known & {"name", "email"}) and all(cells) and not any("@" in cell for cell in cells)
    )
    if not is_certain:
        return None
    for headings in found.ambiguous.values():
        raise ValidationError(
            _("Several columns say the same: %(headings)s. Keep one of them.")
            % {"headings": ", ".join(map(tables.excerpt, headings))}
        )
    if "name" not in found.at:
        raise ValidationError(_("No heading says which column holds the names."))
    columns = [""] * len(cells)
    for name, at in found.at.items():
        columns[at] = name
    return columns, tuple(tables.excerpt(heading) for heading in found.unmapped if heading)


def _row(
    number: int, cells: list[str], columns: Sequence[str], zone: str, at: datetime
) -> PastedRow:
    told = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
    errors: list[str] = []
    if any(cells[len(columns) :]):
        errors.append(_("There are more cells than columns."))
    read: dict[str, Callable[[str], Any]] = {
        "name": lambda cell: _name(cell, errors),
        "email": lambda cell: _email(cell, errors),
        "platform_role": lambda cell: _role(cell, errors),
        "permissions": lambda cell: _permissions(cell, errors),
        "two_step": lambda cell: _yes_no(cell, errors),
        "last_sign_in_at": lambda cell: _moment(cell, zone, at, errors),
    }
    said = {name: read[name](cell) for name, cell in told.items()}
    if "name" not in told:
        errors.append(_("The name is missing."))
    if errors:
        return PastedRow(number, None, tuple(cells), errors)
    return PastedRow(number, seats.SeatValues(**said, told=frozenset(told)), tuple(cells))


def _name(cell: str, errors: list[str]) -> str:
    if not any(sign.isalnum() for sign in cell):
        errors.append(_("The name is missing."))
    if len(cell) > LONGEST_NAME:
        errors.append(_("The name is too long."))
    return cell


def _email(cell: str, errors: list[str]) -> str:
    email = cell.lower()
    if email in _UNTOLD:
        return ""
    try:
        validate_email(email)
    except ValidationError:
        errors.append(_("The e-mail address is not one."))
    return email


def _role(cell: str, errors: list[str]) -> str:
    role = "" if cell.lower() in _UNTOLD else seats.role_code(cell)
    if len(role) > _LONGEST_WORD:
        errors.append(_("The role is too long."))
    return role


def _permissions(cell: str, errors: list[str]) -> tuple[str, ...]:
    if cell.lower() in _UNTOLD:
        return ()
    words = cell.translate(_BETWEEN_PERMISSIONS).split("|")
    codes = tuple(dict.fromkeys(code for word in words if (code := seats.permission_code(word))))
    if any(len(code) > _LONGEST_WORD for code in codes):
        errors.append(_("A permission is too long."))
    return codes


def _yes_no(cell: str, errors: list[str]) -> bool | None:
    said = seats.yes_or_no(cell)
    if said is None and cell.lower() not in _UNTOLD:
        errors.append(_("Two-step says neither yes nor no."))
    return said


def _moment(cell: str, zone: str, at: datetime, errors: list[str]) -> datetime | None:
    if cell.lower() in _UNTOLD:
        return None
    try:
        moment = moments.read_moment(cell, zone=ZoneInfo(zone)).at
    except moments.MomentUnreadable:
        errors.append(_("The last sign-in is no clear date; write 2026-11-21 17:40."))
        return None
    if not can_have_signed_in(moment, at):
        errors.append(_("The last sign-in cannot lie in the future."))
    return moment
