"""Seats of a store, the worrying ones first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from stores import seats
from stores.models import Store, SubAccount
from stores.seats import Marks, SeatValues


@dataclass(frozen=True, slots=True)
class Seat:
    account: SubAccount
    marks: Marks
    role: str  # in the reader's language where the role is known
    permissions: tuple[str, ...]
    beyond: tuple[str, ...]


def seats_of(store_ids: Sequence[UUID], *, at: datetime) -> list[Seat]:
    """Return the seats of the stores, those with most marks first, in one query."""
    accounts = SubAccount.objects.filter(store__in=store_ids).select_related("store")
    found = [seat(account, at=at) for account in accounts.order_by("name", "id")]
    return sorted(found, key=lambda one: -one.marks.count)


def seat(account: SubAccount, *, at: datetime) -> Seat:
    marks = seats.marks_of(
        role=account.platform_role,
        permissions=account.permissions,
        two_step=account.two_step,
        last_sign_in_at=account.last_sign_in_at,
        at=at,
    )
    return Seat(
        account=account,
        marks=marks,
        role=str(seats.ROLES.get(account.platform_role, account.platform_role)),
        permissions=_names(account.permissions),
        beyond=_names(marks.beyond),
    )


@dataclass(frozen=True, slots=True)
class Change:
    field: str  # of stores.seats.FIELDS
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Planned:
    """What a list would do to one seat; ``account`` None: it would be added."""

    values: SeatValues
    account: SubAccount | None
    changes: tuple[Change, ...]
    problem: str  # why it cannot be done, in words, or ""


@dataclass(frozen=True, slots=True)
class ListPlan:
    seats: tuple[Planned, ...]  # as many as were told, in their order
    removed: tuple[SubAccount, ...]


def plan_list(store: Store, told: Sequence[SeatValues], *, is_whole: bool) -> ListPlan:
    """Return what writing the list would do; a whole list removes the seats it does not name."""
    known = list(SubAccount.objects.filter(store=store).order_by("name", "id"))
    exactly = {(values.name, values.email) for values in told}
    unclaimed = [each for each in known if (each.name, each.email) not in exactly]
    met: set[object] = set()
    planned = []
    for values in told:
        exact = [each for each in known if (each.name, each.email) == (values.name, values.email)]
        found = exact or _meant(values, unclaimed)
        account = found[0] if len(found) == 1 else None
        key = (values.name, values.email) if account is None else account.pk
        problem = ""
        if len(found) > 1:
            problem = _("Several seats have this name. Paste their e-mail addresses as well.")
        elif key in met:
            problem = _("This seat is listed twice.")
        met.add(key)
        # A blank address tells a seat by its name; it does not take the address away.
        if account is not None and not values.email:
            values = replace(values, told=frozenset(values.told) - {"email"})  # noqa: PLW2901
        planned.append(Planned(values, account, _changes(values, account), problem))
    removed = [account for account in known if is_whole and account.pk not in met]
    return ListPlan(tuple(planned), tuple(removed))


def _meant(values: SeatValues, known: Sequence[SubAccount]) -> list[SubAccount]:
    """Return the seats that ``values`` may be about: one, none, or too many to tell."""
    named = [account for account in known if account.name == values.name]
    if not values.email:
        return named
    same = [account for account in known if account.email.lower() == values.email]
    return same if len(same) == 1 else [account for account in named if not account.email]


def _changes(values: SeatValues, account: SubAccount | None) -> tuple[Change, ...]:
    if account is None:
        return ()
    pairs = [(name, getattr(account, name), getattr(values, name)) for name in seats.FIELDS]
    return tuple(
        Change(name, old, new)
        for name, old, new in pairs
        if name in values.told and (set(old) != set(new) if name == "permissions" else old != new)
    )


def _names(codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(seats.PERMISSIONS.get(code, code)) for code in codes)
