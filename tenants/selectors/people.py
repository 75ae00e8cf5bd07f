"""Who has a seat where."""

from datetime import datetime

from django.db.models import QuerySet

from tenants.models import Agency, Invitation, Membership, User


def seats_of(user: User) -> QuerySet[Membership]:
    """Return the person's active seats in agencies that are not suspended, by agency name."""
    return (
        Membership.objects.filter(user=user, is_active=True)
        .exclude(agency__state=Agency.State.SUSPENDED)
        .select_related("agency", "role")
        .order_by("agency__name", "pk")
    )


def seat_at(user: User, slug: str) -> Membership | None:
    return seats_of(user).filter(agency__slug=slug).first()


def open_invitations(*, at: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=at)


def invitations_for(user: User, *, at: datetime) -> QuerySet[Invitation]:
    """Return what the person is invited to and has not answered, newest first."""
    return (
        open_invitations(at=at)
        .filter(email__iexact=user.email, agency__state=Agency.State.READY)
        .select_related("agency", "role", "invited_by__user")
        .order_by("-created_at")
    )
