"""Who has a seat where, what she may do there and which stores she reaches."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants import slots
from tenants.capabilities import GIVEN_ROLES
from tenants.models import Agency, Invitation, Membership, Role, User

# Each area of work: its name, and from the highest level down the capability that makes it.
_AREAS: Final[tuple[tuple[Promise | str, tuple[tuple[str, str], ...]], ...]] = (
    (_("Fleet"), (("manage", "stores.edit"), ("read", "stores.view"))),
    (_("Checks"), (("manage", "checks.edit"), ("do", "checks.tick"), ("read", "checks.view"))),
    (
        _("Violations"),
        (("manage", "ratings.adjust"), ("do", "violations.record"), ("read", "ratings.view")),
    ),
    (
        _("Appeals"),
        (("sign-off", "appeals.review"), ("draft", "appeals.draft"), ("read", "cases.view")),
    ),
    (
        _("Remediation"),
        (("manage", "remediations.assign"), ("do", "remediations.work"), ("read", "cases.view")),
    ),
    (_("Alerts"), (("do", "alerts.handle"), ("read", "stores.view"))),
    (_("People"), (("manage", "people.roles"), ("do", "people.invite"), ("read", "people.view"))),
    (_("Settings"), (("manage", "settings.agency"),)),
    (_("Audit trail"), (("read", "audit.view"),)),
)
_GIVEN_ORDER: Final = {code: order for order, (code, *_rest) in enumerate(GIVEN_ROLES)}


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role in the matrix, with its members; ``levels`` are one per area, in their order."""

    role: Role
    levels: tuple[str, ...]
    members: tuple[Membership, ...]


def areas() -> tuple[Promise | str, ...]:
    return tuple(name for name, _levels in _AREAS)


def levels(role: Role) -> tuple[str, ...]:
    """Return what a role may do in each area: its highest level there, or "none"."""
    held = set(role.capabilities)
    return tuple(
        next((level for level, capability in steps if capability in held), "none")
        for _name, steps in _AREAS
    )


def may_grant(by: Membership, role: Role) -> bool:
    """Tell whether the role holds nothing that ``by`` does not."""
    return set(role.capabilities) <= set(by.role.capabilities)


def stores_in_reach(member: Membership) -> Mapping[UUID, str]:
    """Return the names of the stores a member reaches, as the rooms above say by slot."""
    reach: dict[UUID, str] = {}
    for named in slots.columns("member.stores", member, []).values():
        reach |= named
    return reach


def roles_of(agency_id: UUID) -> list[Role]:
    """Return the agency's roles: the given ones in their order, then its own by name."""
    roles = Role.objects.filter(agency_id=agency_id)
    return sorted(roles, key=lambda r: (_GIVEN_ORDER.get(r.code, len(_GIVEN_ORDER)), r.name))


def members_of(agency_id: UUID) -> QuerySet[Membership]:
    """Return every member with user and role, each told whether she signs in in two steps."""
    factor = Authenticator.objects.filter(user_id=OuterRef("user_id"), type=Authenticator.Type.TOTP)
    return (
        Membership.objects.filter(agency_id=agency_id)
        .select_related("user", "role")
        .annotate(has_two_steps=Exists(factor))
        .order_by("-is_active", "user__name", "user__email")
    )


def role_rows(agency_id: UUID) -> list[RoleRow]:
    """Return the matrix of roles and members in two queries."""
    by_role: dict[UUID, list[Membership]] = {}
    for member in members_of(agency_id):
        by_role.setdefault(member.role_id, []).append(member)
    return [
        RoleRow(role=role, levels=levels(role), members=tuple(by_role.get(role.pk, [])))
        for role in roles_of(agency_id)
    ]


def seats_of(user: User) -> QuerySet[Membership]:
    """Return the person's active seats, by agency name; the agency may be suspended or closing."""
    return (
        Membership.objects.filter(user=user, is_active=True)
        .exclude(agency__state=Agency.State.DELETED)
        .select_related("agency", "role")
        .order_by("agency__name", "pk")
    )


def seat_at(user: User, slug: str) -> Membership | None:
    return seats_of(user).filter(agency__slug=slug).first()


def open_invitations(*, at: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=at)


def invitations_of(agency_id: UUID) -> QuerySet[Invitation]:
    """Return what an agency has sent and nobody has answered, expired ones too, newest first."""
    return (
        Invitation.objects.filter(agency_id=agency_id, accepted_at=None, revoked_at=None)
        .select_related("role", "invited_by__user")
        .order_by("-created_at", "pk")
    )


def invitations_for(user: User, *, at: datetime) -> QuerySet[Invitation]:
    """Return what the person is invited to and has not answered, newest first."""
    return (
        open_invitations(at=at)
        .filter(email__iexact=user.email, agency__state=Agency.State.READY)
        .select_related("agency", "role", "invited_by__user")
        .order_by("-created_at", "pk")
    )


def invitation_by(token_hash: str, *, at: datetime) -> Invitation | None:
    """Return the open invitation with this digest, into an agency whose doors are open."""
    return (
        open_invitations(at=at)
        .filter(token_hash=token_hash, agency__state=Agency.State.READY)
        .select_related("agency", "role", "invited_by__user", "invited_by__role")
        .first()
    )
