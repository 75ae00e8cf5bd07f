"""Announcements of the marketplaces, each once, with the stores that it came to."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from stores.access import announcement_of_key, news_of_key
from stores.markets import MARKETS
from stores.models import Notice, Store
from stores.selectors import announcements as selectors
from stores.services import announcements as services
from tenants.api.views import AgencyView

_LONGEST_SEARCH = 100


class AnnouncementOut(serializers.Serializer[Any]):
    """For the schema: what ``_json`` gives."""

    id = serializers.CharField(help_text="Of the newest notice that carries these words.")
    subject = serializers.CharField()
    sender = serializers.CharField()
    trust = serializers.ChoiceField(choices=[Notice.Trust.PROVEN, Notice.Trust.UNVERIFIED])
    received_at = serializers.DateTimeField()
    stores = serializers.ListField(
        child=serializers.CharField(), help_text="Those the same words came to."
    )
    is_read = serializers.BooleanField(
        allow_null=True, help_text="By whom the key was made; null where by no member."
    )


class AnnouncementReadOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    is_read = serializers.BooleanField()


class AnnouncementsView(AgencyView):
    required_capabilities: ClassVar = {"GET": "stores.view"}
    orderings: ClassVar = {"-received_at": "-received_at"}

    @extend_schema(
        responses=AnnouncementOut(many=True),
        parameters=[
            OpenApiParameter("marketplace", enum=Store.Marketplace.values),
            OpenApiParameter("market", enum=sorted(MARKETS)),
            OpenApiParameter("is_read", enum=["true", "false"]),
            OpenApiParameter(
                "q", description="Words that the subject or the sender holds; texts are sealed."
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        """List announcements, the same words to many stores once."""
        news = news_of_key(self.api_key)
        among = selectors.searched(
            news,
            marketplace=self.one_of("marketplace", Store.Marketplace.values) or "",
            market=self.one_of("market", sorted(MARKETS)) or "",
            words=self._words(request),
        )
        rows = selectors.announcements(among, reader=self.api_key.made_by_id)
        if is_read := self.one_of("is_read", ["true", "false"]):
            rows = rows.filter(is_read=is_read == "true")
        pages = self.pagination_class()
        found = pages.paginate_queryset(rows, request, view=self)
        stores = selectors.concerned_by(news, found)
        return pages.get_paginated_response([_json(row, stores[row.key]) for row in found])

    @staticmethod
    def _words(request: Request) -> str:
        words = request.query_params.get("q", "")
        if len(words) > _LONGEST_SEARCH or "\x00" in words:
            raise ValidationError({"q": f"Ask for at most {_LONGEST_SEARCH} letters."})
        return str(words)


class AnnouncementReadView(AgencyView):
    required_capabilities: ClassVar = {"POST": "stores.view"}

    @extend_schema(request=None, responses=AnnouncementReadOut)
    def post(self, request: Request, pk: str) -> Response:
        """Mark an announcement as read by the member who made the key."""
        if request.data:
            raise ValidationError("This takes no fields.")
        notice = announcement_of_key(self.api_key, pk)
        services.mark_read(
            keys=[notice.topic or str(notice.pk)], by=self.api_key.made_by, at=self.now
        )
        return Response({"id": str(notice.pk), "is_read": True})


def _json(row: Any, stores: list[selectors.Concerned]) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "subject": row.subject,
        "sender": row.sender,
        "trust": row.trust,
        "received_at": row.received_at,
        "stores": [str(each.store_id) for each in stores],
        "is_read": row.is_read,
    }
