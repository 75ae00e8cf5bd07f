"""Work that was set aside, and trying it again."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.access import set_aside_of_key
from tenants.api.views import AgencyView
from tenants.models import DueWork
from tenants.selectors import work as selectors
from tenants.services import work as services


class DueWorkOut(serializers.Serializer[Any]):
    """For the schema: what ``_work_json`` gives."""

    id = serializers.CharField()
    kind = serializers.CharField()
    words = serializers.CharField(help_text="What the kind does, for people.")
    subject = serializers.CharField(help_text="What it is about: an id, or nothing.")
    period = serializers.CharField()
    due_at = serializers.DateTimeField()
    set_aside_at = serializers.DateTimeField()
    reason = serializers.CharField(help_text="The class of what went wrong last.")
    tries = serializers.IntegerField(help_text="How often it failed or stopped its program.")


class ReplayOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    due_at = serializers.DateTimeField()


def _work_json(row: DueWork) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "words": services.words_of(row.kind),
        "subject": row.subject,
        "period": row.period,
        "due_at": row.due_at,
        "set_aside_at": row.quarantined_at,
        "reason": row.last_error,
        "tries": max(row.attempts, row.started),
    }


class DueWorksView(AgencyView):
    required_capabilities: ClassVar = {"GET": "settings.agency"}
    orderings: ClassVar = {
        "-set_aside_at": "-quarantined_at",
        "set_aside_at": "quarantined_at",
    }

    @extend_schema(responses=DueWorkOut(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        """List work in the background that failed again and again and is not tried any more.

        It is the whole agency's: a key of listed stores may not see it.
        """
        if self.api_key.store_ids is not None:
            raise PermissionDenied
        return self.paged(selectors.set_aside(self.api_key.agency_id), _work_json)


class ReplayView(AgencyView):
    required_capabilities: ClassVar = {"POST": "settings.agency"}

    @extend_schema(request=None, responses=ReplayOut)
    def post(self, request: Request, pk: str) -> Response:
        """Let one piece of work that was set aside be tried again now."""
        if request.data:
            raise ValidationError("This takes no fields.")
        row, at = set_aside_of_key(self.api_key, pk), self.now
        services.replay(
            agency=self.api_key.agency, row=row, by=self.api_key.made_by, at=at, via="api"
        )
        return Response({"id": str(row.pk), "due_at": at})
