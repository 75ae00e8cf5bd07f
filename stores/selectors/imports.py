from django.db.models import QuerySet

from stores.models import Import
from tenants.models import Membership


def imports_of(member: Membership) -> QuerySet[Import]:
    """Return the files that a member brought in, newest first, without their sealed rows."""
    found = Import.objects.filter(made_by=member).select_related("store").defer("content")
    return found.order_by("-made_at", "-id")
