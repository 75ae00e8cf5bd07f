"""An agency's deletion, and who has a say in it."""

from uuid import UUID

from django.db.models import QuerySet

from tenants.models import AgencyDeletion, Membership

CAPABILITY = "agency.delete"


def open_deletion(agency_id: UUID) -> AgencyDeletion | None:
    """Return the deletion that was asked for and has not ended; it may have lapsed unnoticed."""
    return (
        AgencyDeletion.objects.filter(agency_id=agency_id, ended_at=None)
        .select_related("asked_by__user", "confirmed_by__user")
        .first()
    )


def holders(agency_id: UUID) -> QuerySet[Membership]:
    """Return the active members who may ask for a deletion, confirm it and call it off."""
    return (
        Membership.objects.filter(
            agency_id=agency_id, is_active=True, role__capabilities__contains=[CAPABILITY]
        )
        .select_related("user")
        .order_by("pk")
    )
