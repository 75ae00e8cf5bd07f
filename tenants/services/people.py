"""Who has a seat in an agency: inviting, joining, changing what a member may do and where.

Nobody grants what they do not hold: neither a capability nor a store.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from tenants import due, scope, signals
from tenants.errors import DomainError
from tenants.models import Agency, Invitation, Membership, Role, User
from tenants.selectors import people
from tenants.services.handoffs import digest
from tenants.trail import services as trail

INVITATION_LIFETIME: Final = timedelta(days=7)
MAIL_KIND: Final = "tenants.invitation_mail"


class NotYoursToGrant(DomainError):
    code: ClassVar[str] = "not_yours_to_grant"


class AlreadyMember(DomainError):
    code: ClassVar[str] = "already_member"


class InvitationGone(DomainError):
    code: ClassVar[str] = "invitation_gone"


class NotYourInvitation(DomainError):
    code: ClassVar[str] = "not_your_invitation"


class LastOwner(DomainError):
    code: ClassVar[str] = "last_owner"


class NotYourself(DomainError):
    code: ClassVar[str] = "not_yourself"


def _refuse_beyond_own(
    by: Membership, *, role: Role, store_scope: str, store_ids: Sequence[UUID]
) -> None:
    if role.agency_id != by.agency_id or not people.may_grant(by, role):
        raise NotYoursToGrant(_("This role may do more than you may."))
    if by.sees_all_stores:
        return
    if store_scope == Membership.StoreScope.ALL:
        raise NotYoursToGrant(_("You do not reach all stores, so you cannot share them all."))
    if not set(store_ids) <= people.stores_in_reach(by).keys():
        raise NotYoursToGrant(_("You cannot share a store that you do not reach yourself."))


@transaction.atomic
def invite(
    *,
    email: str,
    role: Role,
    store_scope: str,
    store_ids: Sequence[UUID],
    by: Membership,
    at: datetime,
) -> Invitation:
    """Invite ``email`` into ``by``'s agency and ask for the mail; an older invitation ends.

    Raises:
        NotYoursToGrant: if the role or a store is beyond what ``by`` holds.
        AlreadyMember: if the address belongs to an active member.
    """
    _refuse_beyond_own(by, role=role, store_scope=store_scope, store_ids=store_ids)
    email = email.strip().lower()
    seats = Membership.objects.filter(agency_id=by.agency_id, user__email__iexact=email)
    if seats.filter(is_active=True).exists():
        raise AlreadyMember(_("This person is a member already."))
    older = Invitation.objects.filter(
        agency_id=by.agency_id, email__iexact=email, accepted_at=None, revoked_at=None
    )
    older.update(revoked_at=at)
    invitation = Invitation.objects.create(
        agency_id=by.agency_id,
        email=email,
        role=role,
        store_scope=store_scope,
        store_ids=[] if store_scope == Membership.StoreScope.ALL else list(store_ids),
        invited_by=by,
        token_hash=digest(secrets.token_hex()),  # the mail brings the real one
        created_at=at,
        expires_at=at + INVITATION_LIFETIME,
    )
    due.add(kind=MAIL_KIND, subject=invitation.pk, at=at)
    trail.record(
        action="invitation.sent",
        by=by,
        subject=invitation,
        at=at,
        changes={"role": role.code, "store_scope": store_scope, "stores": len(store_ids)},
    )
    return invitation


def renew_token(*, invitation_id: UUID, at: datetime) -> tuple[Invitation, str] | None:
    """Give an open invitation a new token for its mail; None where it is open no more.

    Only the digest is kept: the token itself exists in the mail and nowhere else.
    """
    token = secrets.token_urlsafe(32)
    renewed = people.open_invitations(at=at).filter(pk=invitation_id)
    if not renewed.update(token_hash=digest(token)):
        return None
    invitation = Invitation.objects.select_related("agency", "role", "invited_by__user").get(
        pk=invitation_id
    )
    return invitation, token


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, by: Membership, at: datetime) -> None:
    """Take an invitation back.

    Raises:
        InvitationGone: if it was accepted or revoked meanwhile.
    """
    waiting = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if not waiting.update(revoked_at=at):
        raise InvitationGone(_("This invitation was accepted or taken back meanwhile."))
    trail.record(action="invitation.revoked", by=by, subject=invitation, at=at)


def accept_invitation(*, token: str, user: User, at: datetime) -> Membership:
    """Give ``user`` the seat she was invited to; called outside any scope.

    Raises:
        InvitationGone: if it has expired, was used or taken back, or who invited may no longer.
        NotYourInvitation: if it was sent to another address.
        AlreadyMember: if she has an active seat there.
    """
    invitation = people.invitation_by(digest(token), at=at)
    if invitation is None:
        raise InvitationGone(_("This invitation was used, taken back, or is older than a week."))
    if invitation.email.lower() != user.email.lower():
        raise NotYourInvitation(
            _("This invitation was sent to %(email)s. Sign in with that address.")
            % {"email": invitation.email}
        )
    with transaction.atomic():
        member = _seat(invitation, user, at)
        with scope.agency(invitation.agency):
            signals.membership_changed.send(
                sender=Membership,
                member=member,
                store_ids=invitation.store_ids,
                by=invitation.invited_by,
                at=at,
            )
            trail.record(
                action="member.joined",
                by=member,
                subject=member,
                at=at,
                changes={"role": invitation.role.code, "store_scope": invitation.store_scope},
            )
    return member


def _seat(invitation: Invitation, user: User, at: datetime) -> Membership:
    """Use the invitation up and return the seat it gives; written outside any scope."""
    by = invitation.invited_by
    if not (by.is_active and by.can("people.invite") and people.may_grant(by, invitation.role)):
        raise InvitationGone(_("Who invited you may not do so any more. Ask for a new invitation."))
    # The WHERE clause settles a race between two uses of one link.
    if not people.open_invitations(at=at).filter(pk=invitation.pk).update(accepted_at=at):
        raise InvitationGone(_("This invitation was used, taken back, or is older than a week."))
    member, is_new = Membership.objects.get_or_create(
        agency_id=invitation.agency_id,
        user=user,
        defaults={
            "role": invitation.role,
            "store_scope": invitation.store_scope,
            "joined_at": at,
        },
    )
    if not is_new:
        if member.is_active:
            raise AlreadyMember(_("You are a member of this agency already."))
        member.role, member.store_scope = invitation.role, invitation.store_scope
        member.is_active = True
        member.save(update_fields=["role", "store_scope", "is_active"])
    return member


def _refuse_out_of_reach(member: Membership, by: Membership) -> None:
    """Refuse to change oneself, and whoever may do more than ``by``."""
    if member.pk == by.pk:
        raise NotYourself(_("Ask another owner or admin to change your own seat."))
    if member.agency_id != by.agency_id or not people.may_grant(by, member.role):
        raise NotYoursToGrant(_("This member may do more than you may."))


def _refuse_losing_last_owner(member: Membership) -> None:
    owners = Membership.objects.select_for_update(of=("self",)).filter(
        agency_id=member.agency_id, role__code="owner", is_active=True
    )
    if list(owners.values_list("pk", flat=True)) == [member.pk]:
        raise LastOwner(_("An agency needs an owner. Make somebody else one first."))


@transaction.atomic
def change_seat(
    *,
    member: Membership,
    role: Role,
    store_scope: str,
    store_ids: Sequence[UUID],
    by: Membership,
    at: datetime,
) -> None:
    """Give ``member`` another role or scope; ``store_ids`` count where the scope is listed.

    Raises:
        NotYoursToGrant, NotYourself: if ``by`` does not hold what she gives, or changes herself.
        LastOwner: if the agency would be left without an owner.
    """
    _refuse_out_of_reach(member, by)
    _refuse_beyond_own(by, role=role, store_scope=store_scope, store_ids=store_ids)
    if member.role.code == "owner" and role.code != "owner":
        _refuse_losing_last_owner(member)
    changes: dict[str, object] = {}
    if member.role_id != role.pk:
        changes["role"] = [member.role.code, role.code]
    if member.store_scope != store_scope:
        changes["store_scope"] = [member.store_scope, store_scope]
    member.role, member.store_scope = role, store_scope
    member.save(update_fields=["role", "store_scope"])
    is_listed = store_scope == Membership.StoreScope.LISTED
    named = list(store_ids) if is_listed else None
    if named is not None:
        changes["stores"] = len(named)
    signals.membership_changed.send(sender=Membership, member=member, store_ids=named, by=by, at=at)
    trail.record(action="member.changed", by=by, subject=member, at=at, changes=changes)


@transaction.atomic
def set_active(*, member: Membership, is_active: bool, by: Membership, at: datetime) -> None:
    """Shut ``member`` out from her next click on, or let her in again.

    Raises:
        NotYoursToGrant, NotYourself: if she may do more than ``by``, or is ``by``.
        LastOwner: if the agency would be left without an owner.
    """
    _refuse_out_of_reach(member, by)
    if not is_active and member.role.code == "owner":
        _refuse_losing_last_owner(member)
    changed = Membership.objects.filter(pk=member.pk, is_active=not is_active)
    if not changed.update(is_active=is_active):
        return
    member.is_active = is_active
    action = "member.reactivated" if is_active else "member.deactivated"
    trail.record(action=action, by=by, subject=member, at=at)


@transaction.atomic
def change_agency(
    *, agency: Agency, name: str, review_required: bool, by: Membership, at: datetime
) -> None:
    """Rename the agency, or say whether appeals need a second person's review."""
    changes: dict[str, object] = {}
    if agency.name != name:
        changes["name"] = [agency.name, name]
    if agency.review_required != review_required:
        changes["review_required"] = [agency.review_required, review_required]
    if not changes:
        return
    agency.name, agency.review_required = name, review_required
    Agency.objects.filter(pk=agency.pk).update(name=name, review_required=review_required)
    trail.record(action="agency.changed", by=by, subject=agency, at=at, changes=changes)


def change_person(*, user: User, name: str, language: str, time_zone: str) -> None:
    """Keep how a person is called, in which language and zone she reads; her own matter alone."""
    user.name, user.language, user.time_zone = name, language, time_zone
    with scope.public():  # a person is nobody's; her settings hold at every agency
        user.save(update_fields=["name", "language", "time_zone"])
