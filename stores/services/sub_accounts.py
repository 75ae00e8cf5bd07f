"""Keeping the list of a store's seats at its marketplace, as a person or file tells it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from stores import moments
from stores.models import Store, SubAccount
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import services as trail

_FIELDS = ("name", "email", "platform_role", "permissions", "two_step", "last_sign_in_at")
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


class SeatTaken(DomainError):
    code: ClassVar[str] = "seat_taken"


class SignInUnusable(DomainError):
    code: ClassVar[str] = "sign_in_unusable"


@dataclass(frozen=True, slots=True)
class SeatValues:
    """What is told about one seat; ``two_step`` None: not told."""

    name: str
    email: str = ""
    platform_role: str = ""
    permissions: tuple[str, ...] = ()
    two_step: bool | None = None
    last_sign_in_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """What became of a list: how many seats are new, changed and gone."""

    added: int
    changed: int
    removed: int


@transaction.atomic
def save_sub_account(
    *, account: SubAccount, values: SeatValues, by: Membership, at: datetime
) -> SubAccount:
    """Write a new or changed seat.

    Raises:
        SeatTaken: if the store has another seat of this name and e-mail.
        SignInUnusable: if the last sign-in cannot have been.
    """
    is_new = account._state.adding  # noqa: SLF001 - Django's documented flag
    _fill(account, values, at)
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        raise SeatTaken(_("This store has a seat of this name and e-mail already.")) from error
    trail.record(
        action="sub_account.added" if is_new else "sub_account.edited",
        by=by,
        subject=account,
        at=at,
        store_id=account.store_id,
    )
    return account


@transaction.atomic
def save_list(
    *, store: Store, seats: Iterable[SeatValues], is_whole: bool, by: Membership, at: datetime
) -> Listed:
    """Write a list of seats at once: known ones by name and e-mail are changed, others added.

    Where the list is the whole one, seats that it does not name are removed.

    Raises:
        SignInUnusable: if a last sign-in cannot have been.
    """
    # Locked together, so that two lists sent at once do not both add the same seat.
    Store.objects.select_for_update().filter(pk=store.pk).first()
    known = {
        (account.name, account.email): account for account in SubAccount.objects.filter(store=store)
    }
    fresh: list[SubAccount] = []
    changed: list[SubAccount] = []
    named: set[tuple[str, str]] = set()
    for values in seats:
        key = (values.name, values.email)
        named.add(key)
        account = known.get(key)
        _fill(target := account or SubAccount(store=store), values, at)
        (fresh if account is None else changed).append(target)
    SubAccount.objects.bulk_create(fresh)
    SubAccount.objects.bulk_update(changed, [*_FIELDS, "seen_at"])
    removed = 0
    if is_whole:
        gone = [account.pk for key, account in known.items() if key not in named]
        removed = SubAccount.objects.filter(pk__in=gone).delete()[0]
    done = Listed(added=len(fresh), changed=len(changed), removed=removed)
    trail.record(
        action="sub_account.listed",
        by=by,
        subject=store,
        at=at,
        store_id=store.pk,
        changes={"added": done.added, "changed": done.changed, "removed": done.removed},
    )
    return done


@transaction.atomic
def remove_sub_account(*, account: SubAccount, by: Membership, at: datetime) -> None:
    """Take a seat off the list; the marketplace itself is not told."""
    trail.record(
        action="sub_account.removed", by=by, subject=account, at=at, store_id=account.store_id
    )
    account.delete()


def can_have_signed_in(moment: datetime, at: datetime) -> bool:
    """Say whether a sign-in at ``moment`` can be known at ``at``."""
    return moments.is_believable(moment) and moment <= at + _CLOCKS_DIFFER


def _fill(account: SubAccount, values: SeatValues, at: datetime) -> None:
    if values.last_sign_in_at is not None and not can_have_signed_in(values.last_sign_in_at, at):
        raise SignInUnusable(_("The last sign-in cannot lie in the future."))
    for name in _FIELDS:
        setattr(account, name, getattr(values, name))
    account.permissions = list(values.permissions)
    account.seen_at = at
