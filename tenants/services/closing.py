"""Suspending an agency, and deleting it: asked by one person, confirmed by another, 30 days off."""

import logging
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tenants import due, scope
from tenants.errors import DomainError
from tenants.models import AccountEvent, Agency, AgencyDeletion, Membership, User
from tenants.selectors import closing
from tenants.services.agencies import agency_host
from tenants.trail import services as trail

logger = logging.getLogger(__name__)

REMOVE: Final = "tenants.remove"
MAIL: Final = "tenants.closing_mail"
_CHANGES: Final = {
    "agency.suspended": (Agency.State.READY, Agency.State.SUSPENDED),
    "agency.resumed": (Agency.State.SUSPENDED, Agency.State.READY),
}
_REMINDED_BEFORE: Final = timedelta(days=7)


class NotSuspended(DomainError):
    code: ClassVar[str] = "agency_not_suspended"


class NotOpen(DomainError):
    code: ClassVar[str] = "agency_not_open"


class WrongAddress(DomainError):
    code: ClassVar[str] = "wrong_address"


class DeletionAsked(DomainError):
    code: ClassVar[str] = "deletion_asked_already"


class DeletionGone(DomainError):
    code: ClassVar[str] = "deletion_gone"


class SecondPersonNeeded(DomainError):
    code: ClassVar[str] = "second_person_needed"


def suspend(*, agency: Agency, reason: str, at: datetime) -> None:
    """Shut everybody out of an agency from the next request on; its work waits.

    Raises:
        NotOpen: if the agency is not ready, or suspended already.
    """
    refusal = NotOpen(_("The agency is not open."))
    _change_state(agency, "agency.suspended", refusal, reason, at)


def resume(*, agency: Agency, reason: str = "", at: datetime) -> None:
    """Open a suspended agency again; the work that has waited goes on.

    Raises:
        NotSuspended: if it is not suspended.
    """
    refusal = NotSuspended(_("The agency is not suspended."))
    _change_state(agency, "agency.resumed", refusal, reason, at)


@transaction.atomic
def _change_state(
    agency: Agency, action: str, refusal: DomainError, reason: str, at: datetime
) -> None:
    before, after = _CHANGES[action]
    with scope.public():  # an agency's state is not its own affair
        # The WHERE clause settles a race between two operators; no lock is held.
        if not Agency.objects.filter(pk=agency.pk, state=before).update(state=after):
            raise refusal
        for owner in closing.holders(agency.pk):
            _note(owner.user, agency, action, at)
    agency.state = after
    _record(agency, action, None, at, via="command", reason=reason)
    logger.info(
        "agency_state_changed",
        extra={"agency_id": str(agency.pk), "state": str(after), "reason": reason},
    )


@transaction.atomic
def ask_deletion(*, agency: Agency, typed: str, by: Membership, at: datetime) -> AgencyDeletion:
    """Ask for an agency's deletion; nothing is closed until a second person has confirmed.

    Raises:
        WrongAddress: if ``typed`` is not the agency's address.
        DeletionAsked: if somebody has asked already.
        NotOpen: if the agency is not ready.
    """
    with scope.public():
        agency = Agency.objects.select_for_update().get(pk=agency.pk)
        if agency.state != Agency.State.READY:
            raise NotOpen(_("The agency is not open."))
        host = agency_host(agency.slug)
        if typed.strip().lower() not in {host, host.split(":")[0]}:
            raise WrongAddress(_("Type the agency's address, %(host)s.") % {"host": host})
        _end_lapsed(agency, at)
        try:
            with transaction.atomic():
                deletion = AgencyDeletion.objects.create(agency=agency, asked_by=by, asked_at=at)
        except IntegrityError as error:
            raise DeletionAsked(_("Somebody has asked for the deletion already.")) from error
        _note(by.user, agency, "agency.deletion_asked", at)
        _mail(deletion, "asked", at)
    _record(agency, "agency.deletion_asked", by, at)
    return deletion


@transaction.atomic
def confirm_deletion(
    *, deletion: AgencyDeletion, by: Membership | None, at: datetime, via: str = "page"
) -> None:
    """Confirm as the second person, or as the operator (None): the agency closes, for 30 days.

    Raises:
        SecondPersonNeeded: if ``by`` is who asked.
        DeletionGone: if it was called off, confirmed already, or asked more than 7 days ago.
        NotOpen: if the agency is suspended.
    """
    with scope.public():
        agency = Agency.objects.select_for_update().get(pk=deletion.agency_id)
        deletion = AgencyDeletion.objects.select_for_update().get(pk=deletion.pk)
        if by is not None and by.user_id == deletion.asked_by.user_id:
            raise SecondPersonNeeded(_("You have asked for it. A second person must confirm."))
        if not deletion.waits(at=at):
            raise DeletionGone(
                _("It was called off, confirmed already, or asked more than 7 days ago.")
            )
        if agency.state != Agency.State.READY:
            raise NotOpen(_("The agency is not open."))
        deletion.confirmed_by, deletion.confirmed_at = by, at
        deletion.owner_ids = [owner.user_id for owner in closing.holders(agency.pk)]
        deletion.save(update_fields=["confirmed_by", "confirmed_at", "owner_ids"])
        Agency.objects.filter(pk=agency.pk).update(state=Agency.State.CLOSING)
        if by is not None:
            _note(by.user, agency, "agency.deletion_confirmed", at)
        due.add(kind=REMOVE, agency=agency, subject=deletion.pk, at=deletion.removed_at)
        _mail(deletion, "confirmed", at)
        _mail(deletion, "soon", deletion.removed_at - _REMINDED_BEFORE)
    _record(agency, "agency.deletion_confirmed", by, at, via=via)
    logger.info("agency_closing", extra={"agency_id": str(agency.pk)})


@transaction.atomic
def call_off_deletion(
    *, deletion: AgencyDeletion, by: Membership | None, at: datetime, via: str = "page"
) -> None:
    """Call a deletion off, before or after it was confirmed; the agency is open again.

    Raises:
        DeletionGone: if it was called off already, or what the agency held is being removed.
    """
    with scope.public():
        agency = Agency.objects.select_for_update().get(pk=deletion.agency_id)
        waiting = AgencyDeletion.objects.filter(pk=deletion.pk, ended_at=None)
        if agency.state == Agency.State.DELETED or not waiting.update(
            ended_at=at, outcome=AgencyDeletion.Outcome.CALLED_OFF
        ):
            raise DeletionGone(_("It was called off already, or is done."))
        Agency.objects.filter(pk=agency.pk, state=Agency.State.CLOSING).update(
            state=Agency.State.READY
        )
        if by is not None:
            _note(by.user, agency, "agency.deletion_called_off", at)
        _mail(deletion, "called_off", at)
    _record(agency, "agency.deletion_called_off", by, at, via=via)


def _end_lapsed(agency: Agency, at: datetime) -> None:
    for deletion in AgencyDeletion.objects.filter(agency=agency, ended_at=None, confirmed_at=None):
        if not deletion.waits(at=at):
            deletion.ended_at, deletion.outcome = at, AgencyDeletion.Outcome.LAPSED
            deletion.save(update_fields=["ended_at", "outcome"])


def _mail(deletion: AgencyDeletion, event: str, at: datetime) -> None:
    """Ask for a mail to each owner: one piece of work each, so that none is held up by another."""
    for owner in closing.holders(deletion.agency_id):
        ask_mail(deletion, event, owner.user_id, at)


def ask_mail(deletion: AgencyDeletion, event: str, user_id: UUID, at: datetime) -> None:
    subject = f"{deletion.pk.hex}:{user_id.hex}:{event}"
    due.add(kind=MAIL, agency=deletion.agency, subject=subject, at=at)


def _note(user: User, agency: Agency, kind: str, at: datetime) -> None:
    AccountEvent.objects.create(user=user, kind=kind, at=at, detail={"agency": str(agency.pk)})


def _record(
    agency: Agency,
    action: str,
    by: Membership | None,
    at: datetime,
    *,
    via: str = "page",
    reason: str = "",
) -> None:
    changes = {"reason": reason} if reason else {}
    with scope.agency(agency):
        trail.record(action=action, by=by, subject=agency, at=at, changes=changes, via=via)
