"""Links for stores' owners: how far each has come, mailing new ones, taking them back.

Links to be copied are made on the page alone: an answer of the API is kept so that it can be
replayed, and a link is kept nowhere.
"""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED

from stores.access import consent_link_of_key, consent_links_of_key, stores_of_key
from stores.api.fields import STORE, stores_asked
from stores.selectors import consents as selectors
from stores.services import consents as services
from tenants.api.views import AgencyView
from tenants.models import ConsentLink

_MOST = 200
_LANGUAGES = ("en", "zh-hans")


class ConsentLinkOut(serializers.Serializer[Any]):
    """For the schema: what ``_json`` gives."""

    id = serializers.CharField()
    store = serializers.CharField()
    state = serializers.ChoiceField(choices=selectors.STATES)
    problem = serializers.CharField(help_text="The code of what the last try came to, else empty.")
    reason = serializers.CharField(help_text="Why it was refused, in the owner's words.")
    email = serializers.CharField(help_text="Whom it was mailed to; empty: it was copied.")
    sent_at = serializers.DateTimeField()
    mailed_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()


class ConsentLinkIn(serializers.Serializer[Any]):
    stores = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=_MOST, help_text="Their ids."
    )
    email = serializers.EmailField(max_length=254, help_text="Of the owner of these stores.")
    language = serializers.ChoiceField(choices=_LANGUAGES, default="en")


class ConsentLinksView(AgencyView):
    required_capabilities: ClassVar = {"GET": "stores.connect", "POST": "stores.connect"}
    orderings: ClassVar = {"-sent_at": "-sent_at"}

    @extend_schema(
        responses=ConsentLinkOut(many=True),
        parameters=[STORE, OpenApiParameter("state", enum=list(selectors.STATES))],
    )
    def get(self, request: Request) -> Response:
        """List links, the newest first; a store's older ones stay in the list."""
        at = self.now
        rows = consent_links_of_key(self.api_key)
        if "store" in request.query_params:
            asked = stores_asked(self.api_key, request.query_params)
            rows = rows.filter(store_id__in=asked.values("pk"))
        if state := self.one_of("state", selectors.STATES):
            rows = selectors.in_state(rows, state, at=at)
        return self.paged(rows, lambda link: _json(link, at=at))

    @extend_schema(request=ConsentLinkIn, responses={201: ConsentLinkOut(many=True)})
    def post(self, request: Request) -> Response:
        """Mail the owner of some stores one link to each; all are asked for or none."""
        data = ConsentLinkIn(data=request.data)
        data.is_valid(raise_exception=True)
        asked = set(data.validated_data["stores"])
        stores = list(stores_of_key(self.api_key).filter(pk__in=asked).order_by("name", "pk"))
        if len(stores) != len(asked):
            raise ValidationError({"stores": "There is no store with one of these ids."})
        by = self.api_key.made_by
        if by is None:
            raise PermissionDenied("A link is asked for by a member, and none made this key.")
        to = services.To(data.validated_data["email"].lower(), data.validated_data["language"])
        at = self.now
        services.mail_links(
            stores=stores, to=dict.fromkeys([s.pk for s in stores], to), by=by, at=at, via="api"
        )
        made = selectors.newest_links([store.pk for store in stores])
        return Response([_json(made[store.pk], at=at) for store in stores], status=HTTP_201_CREATED)


class ConsentLinkRevokeView(AgencyView):
    required_capabilities: ClassVar = {"POST": "stores.connect"}

    @extend_schema(request=None, responses=ConsentLinkOut)
    def post(self, request: Request, pk: str) -> Response:
        """Take a link back; one that is over already stays as it is."""
        if request.data:
            raise ValidationError("This takes no fields.")
        link = consent_link_of_key(self.api_key, pk)
        at = self.now
        if link.state in ConsentLink.OPEN:
            stores = stores_of_key(self.api_key).filter(pk=link.store_id)
            services.revoke(stores=stores, by=self.api_key.made_by, at=at, via="api")
            link.refresh_from_db()
        return Response(_json(link, at=at))


def _json(link: ConsentLink, *, at: Any) -> dict[str, Any]:
    return {
        "id": str(link.pk),
        "store": str(link.store_id),
        "state": selectors.state_of(link, at=at),
        "problem": link.problem,
        "reason": link.reason,
        "email": link.email,
        "sent_at": link.sent_at,
        "mailed_at": link.mailed_at,
        "opened_at": link.opened_at,
        "ended_at": link.ended_at,
        "expires_at": link.expires_at,
    }
