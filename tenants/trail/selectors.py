from uuid import UUID

from django.db.models import QuerySet

from tenants.trail.models import AuditEvent


def history_of(object_id: UUID) -> QuerySet[AuditEvent]:
    """Return an object's audit rows, newest first, with the member and user behind each."""
    return (
        AuditEvent.objects.filter(object_id=object_id)
        .select_related("member__user")
        .order_by("-at", "-id")
    )


def all_events() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.select_related("member__user").order_by("-at", "-id")
