"""How far each store has come from being added to being looked after."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from stores.access import stores_of_key
from stores.models import Store
from stores.selectors import consents, mail_flow, setup
from stores.selectors.setup import Row, Step
from tenants.api.views import AgencyView
from tenants.models import ConsentLink


class SetupOut(serializers.Serializer[Any]):
    """For the schema: what ``_json`` gives."""

    store = serializers.CharField()
    name = serializers.CharField()
    done = serializers.ListField(child=serializers.CharField(), help_text=f"Of: {', '.join(Step)}.")
    missing = serializers.ListField(
        child=serializers.CharField(),
        help_text="A store that cannot be connected by its marketplace's API needs no connection.",
    )
    is_set_up = serializers.BooleanField()
    connection = serializers.CharField(
        help_text="The state of the connection; empty where nobody has tried."
    )
    link = serializers.ChoiceField(
        choices=[*ConsentLink.State.values, consents.EXPIRED],
        allow_null=True,
        help_text="How far the newest link to the store's owner has come.",
    )
    mail = serializers.ChoiceField(
        choices=mail_flow.STATES,
        help_text="How the store's mail goes; the step is done while it `flows`.",
    )
    last_mail_at = serializers.DateTimeField(
        allow_null=True, help_text="When mail of the store last came, or was proven to come."
    )


class SetupView(AgencyView):
    required_capabilities: ClassVar = {"GET": "stores.view"}
    orderings: ClassVar = {"name": "name", "-created_at": "-created_at"}

    @extend_schema(responses=SetupOut(many=True))
    def get(self, request: Request) -> Response:
        """List what each store has of what it needs: connection, mail, rating, team, round."""
        at = self.now
        pages = self.pagination_class()
        found = pages.paginate_queryset(stores_of_key(self.api_key), request, view=self)
        places = {row.pk: place for place, row in enumerate(found)}
        rows = setup.setup_rows(self.api_key, Store.objects.filter(pk__in=places), at=at)
        rows.sort(key=lambda row: places[row.store.pk])
        return pages.get_paginated_response([_json(row, at=at) for row in rows])


def _json(row: Row, *, at: Any) -> dict[str, Any]:
    return {
        "store": str(row.store.pk),
        "name": row.store.name,
        "done": [step for step in Step if step in row.done],
        "missing": [step for step in Step if step in row.missing],
        "is_set_up": row.is_set_up,
        "connection": row.connection,
        "link": consents.state_of(row.link, at=at) if row.link else None,
        "mail": row.mail.state,
        "last_mail_at": row.mail.since,
    }
