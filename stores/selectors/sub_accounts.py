"""Seats of a store, the worrying ones first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stores import seats
from stores.models import SubAccount
from stores.seats import Marks


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


def _names(codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(seats.PERMISSIONS.get(code, code)) for code in codes)
