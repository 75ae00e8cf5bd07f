"""Keeping the list of a store's seats at its marketplace, as a person or file tells it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from stores import moments
from stores.models import Store, SubAccount
from stores.seats import FIELDS, SeatValues
from stores.selectors import sub_accounts as selectors
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import services as trail

_CLOCKS_DIFFER: Final = timedelta(minutes=5)


class SeatTaken(DomainError):
    code: ClassVar[str] = "seat_taken"


class SignInUnusable(DomainError):
    code: ClassVar[str] = "sign_in_unusable"


class ListUnusable(DomainError):
    code: ClassVar[str] = "list_unusable"


@dataclass(frozen=True, slots=True)
class Listed:
    """What became of a list: how many seats are new, changed and gone."""

    added: int
    changed: int
    removed: int


@transaction.atomic
def save_sub_account(
    *, account: SubAccount, values: SeatValues, by: Membership | None, at: datetime
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
    *,
    store: Store,
    seats: Iterable[SeatValues],
    is_whole: bool,
    by: Membership | None,
    at: datetime,
) -> Listed:
    """Write a list of seats at once: what it tells of known ones is changed, others are added.

    Where the list is the whole one, seats that it does not name are removed.

    Raises:
        ListUnusable: if it leaves open which seat is meant, or names one twice.
        SignInUnusable: if a last sign-in cannot have been.
    """
    # Locked together, so that two lists sent at once do not both add the same seat.
    Store.objects.select_for_update().filter(pk=store.pk).first()
    plan = selectors.plan_list(store, list(seats), is_whole=is_whole)
    for planned in plan.seats:
        if planned.problem:
            raise ListUnusable(planned.problem)
    fresh: list[SubAccount] = []
    known: list[SubAccount] = []
    for planned in plan.seats:
        target = planned.account or SubAccount(store=store)
        _fill(target, planned.values, at)
        (fresh if planned.account is None else known).append(target)
    SubAccount.objects.bulk_create(fresh)
    SubAccount.objects.bulk_update(known, [*FIELDS, "seen_at"])
    gone = [account.pk for account in plan.removed]
    removed = SubAccount.objects.filter(pk__in=gone).delete()[0]
    changed = [planned for planned in plan.seats if planned.account and planned.changes]
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
def remove_sub_account(*, account: SubAccount, by: Membership | None, at: datetime) -> None:
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
    for name in FIELDS:
        if name in values.told:
            value = getattr(values, name)
            setattr(account, name, list(value) if name == "permissions" else value)
    account.seen_at = at
