"""Forms for seats: one by one, or many pasted from a sheet."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import moments, seats
from stores.forms.moments import MomentField, set_zone
from stores.models import Store
from stores.services.sub_accounts import SeatValues, can_have_signed_in

MOST_ROWS: Final = 500
MOST_LETTERS: Final = 200_000
_LONGEST_NAME: Final = 120
_LONGEST_WORD: Final = 60
COLUMNS: Final = ("name", "email", "role", "permissions", "two_step", "last_sign_in")
_HEADERS: Final = {
    "name": "name",
    "account": "name",
    "account name": "name",
    "姓名": "name",
    "名称": "name",
    "账号": "name",
    "e-mail": "email",
    "email": "email",
    "mail": "email",
    "邮箱": "email",
    "role": "role",
    "角色": "role",
    "permissions": "permissions",
    "permission": "permissions",
    "权限": "permissions",
    "two-step": "two_step",
    "two step": "two_step",
    "2-step": "two_step",
    "two-step verification": "two_step",
    "2fa": "two_step",
    "两步验证": "two_step",
    "last sign-in": "last_sign_in",
    "last sign in": "last_sign_in",
    "last login": "last_sign_in",
    "最近登录": "last_sign_in",
}
_YES: Final = frozenset({"yes", "y", "on", "true", "1", "enabled", "是", "已开启"})
_NO: Final = frozenset({"no", "n", "off", "false", "0", "disabled", "否", "未开启"})
_UNTOLD: Final = frozenset({"", "?", "-", "–", "unknown", "未知"})


class SubAccountForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=_LONGEST_NAME)
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    platform_role = forms.ChoiceField(
        label=gettext_lazy("Role at the marketplace"),
        choices=[("", "–"), *seats.ROLES.items()],
        required=False,
    )
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions"),
        choices=list(seats.PERMISSIONS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    two_step = forms.TypedChoiceField(
        label=gettext_lazy("Two-step verification"),
        choices=[
            ("", gettext_lazy("Unknown")),
            ("1", gettext_lazy("On")),
            ("0", gettext_lazy("Off")),
        ],
        coerce=lambda value: value == "1",
        empty_value=None,
        required=False,
    )
    last_sign_in_at = MomentField(
        label=gettext_lazy("Last sign-in"),
        required=False,
        help_text=gettext_lazy("In the store's time zone."),
    )

    def __init__(
        self, *args: Any, store: Store, at: datetime, extra_role: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        set_zone(self, store)
        self.at = at
        role = self.fields["platform_role"]
        if extra_role and extra_role not in seats.ROLES:
            assert isinstance(role, forms.ChoiceField)
            role.choices = [("", "–"), (extra_role, extra_role), *seats.ROLES.items()]

    def clean_last_sign_in_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["last_sign_in_at"]
        if moment is not None and not can_have_signed_in(moment, self.at):
            raise ValidationError(_("The last sign-in cannot lie in the future."))
        return moment

    def values(self) -> SeatValues:
        """Return the clean values; only after ``is_valid()``."""
        clean = self.cleaned_data
        return SeatValues(
            name=clean["name"],
            email=clean["email"].lower(),
            platform_role=clean["platform_role"],
            permissions=tuple(clean["permissions"]),
            two_step=clean["two_step"],
            last_sign_in_at=clean["last_sign_in_at"],
        )


@dataclass(frozen=True, slots=True)
class PastedRow:
    """One pasted line: its number as a person counts, what it says, and what is wrong with it."""

    number: int
    values: SeatValues | None
    cells: tuple[str, ...]
    errors: list[str] = field(default_factory=list)


class PasteForm(forms.Form):
    """Lines of name, e-mail, role, permissions, two-step, last sign-in, by tab, comma or ";"."""

    rows = forms.CharField(
        label=gettext_lazy("Rows"),
        max_length=MOST_LETTERS,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "Name, e-mail, role, permissions, two-step, last sign-in. Several permissions are"
            " divided by | or /. A first line of headings may change the order."
        ),
    )
    is_whole = forms.BooleanField(
        label=gettext_lazy("These are all seats: remove those not listed"), required=False
    )

    def __init__(self, *args: Any, zone: str, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.at = at

    def clean_rows(self) -> list[PastedRow]:
        rows = list(read_rows(self.cleaned_data["rows"], zone=self.zone, at=self.at))
        if not rows:
            raise ValidationError(_("There is no row below the headings."))
        if len(rows) > MOST_ROWS:
            raise ValidationError(_("At most %(most)s rows at once.") % {"most": MOST_ROWS})
        return rows


def read_rows(text: str, *, zone: str, at: datetime) -> Iterator[PastedRow]:
    """Yield each filled line of ``text``, pasted ``at``, with what is wrong in it."""
    lines = _cells(text)
    columns: Sequence[str] = COLUMNS
    is_first = True
    seen: set[tuple[str, str]] = set()
    for number, cells in lines:
        if is_first and (headings := _headings(cells)):
            columns, is_first = headings, False
            continue
        is_first = False
        row = _row(number, cells, columns, zone)
        if row.values is not None:
            signed_in_at = row.values.last_sign_in_at
            if signed_in_at is not None and not can_have_signed_in(signed_in_at, at):
                row.errors.append(_("The last sign-in cannot lie in the future."))
            key = (row.values.name, row.values.email)
            if key in seen:
                row.errors.append(_("This seat is listed twice."))
            seen.add(key)
        yield row


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    plain = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    first = plain.split("\n", 1)[0]
    mark = "\t" if "\t" in plain else ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(plain), delimiter=mark)
    try:
        for cells in reader:
            trimmed = [" ".join(cell.split()) for cell in cells]
            if any(trimmed):
                yield reader.line_num, trimmed
    except csv.Error as error:
        raise ValidationError(
            _("Line %(number)s cannot be read as a row.") % {"number": reader.line_num}
        ) from error


def _headings(cells: list[str]) -> list[str]:
    names = [_HEADERS.get(cell.lower(), "") for cell in cells]
    return names if "name" in names and len(list(filter(None, names))) > 1 else []


def _row(number: int, cells: list[str], columns: Sequence[str], zone: str) -> PastedRow:
    told = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
    errors: list[str] = []
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        errors.append(_("There are more cells than columns."))
    name, email = told.get("name", ""), told.get("email", "").lower()
    if not name:
        errors.append(_("The name is missing."))
    if len(name) > _LONGEST_NAME:
        errors.append(_("The name is too long."))
    if email:
        try:
            validate_email(email)
        except ValidationError:
            errors.append(_("The e-mail address is not one."))
    role = seats.role_code(told.get("role", ""))
    permissions = _permissions(told.get("permissions", ""))
    if any(len(word) > _LONGEST_WORD for word in (role, *permissions)):
        errors.append(_("The role or a permission is too long."))
    two_step = _yes_no(told.get("two_step", ""), errors)
    last_sign_in = _moment(told.get("last_sign_in", ""), zone, errors)
    if errors:
        return PastedRow(number, None, tuple(cells), errors)
    values = SeatValues(name, email, role, permissions, two_step, last_sign_in)
    return PastedRow(number, values, tuple(cells))


def _permissions(text: str) -> tuple[str, ...]:
    words = text.replace("/", "|").replace("、", "|").split("|")
    codes = (seats.permission_code(word) for word in words)
    return tuple(dict.fromkeys(code for code in codes if code))


def _yes_no(text: str, errors: list[str]) -> bool | None:
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    if word not in _UNTOLD:
        errors.append(_("Two-step says neither yes nor no."))
    return None


def _moment(text: str, zone: str, errors: list[str]) -> datetime | None:
    if text in _UNTOLD:
        return None
    try:
        return moments.read_moment(text, zone=ZoneInfo(zone)).at
    except moments.MomentUnreadable:
        errors.append(_("The last sign-in is no clear date; write 2026-11-21 17:40."))
        return None
