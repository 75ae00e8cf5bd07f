"""Calls the API as an integration does: with a key, on the agency's or the public host."""

import json
from typing import Any
from uuid import UUID

from django.test import Client

from tenants import scope
from tenants.models import Agency
from tenants.services.agencies import agency_host
from tenants.services.keys import make_key
from tests.factories import NOW, PUBLIC_HOST


def make_api_key(
    agency: Agency, *scopes: str, store_ids: list[UUID] | None = None, **values: Any
) -> str:
    """Return the text of a new key of ``agency``, by default one that may read and write."""
    with scope.agency(agency):
        _row, text = make_key(
            agency=agency,
            name="ERP",
            scopes=scopes or ("read", "write"),
            by=None,
            at=NOW,
            store_ids=store_ids,
            **values,
        )
    return text


class Api:
    """A caller with one key; ``public`` calls the public host, where the key names the agency."""

    def __init__(self, key: str, agency: Agency, *, public: bool = False) -> None:
        host = PUBLIC_HOST if public else agency_host(agency.slug)
        self.client = Client(headers={"host": host, "authorization": f"Bearer {key}"})

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return self._told(self.client.get(f"/api/v1/{path}", query))

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        return self._told(
            self.client.post(
                f"/api/v1/{path}", body, content_type="application/json", headers=headers
            )
        )

    def patch(self, path: str, body: Any) -> tuple[int, Any]:
        answer = self.client.patch(f"/api/v1/{path}", body, content_type="application/json")
        return self._told(answer)

    @staticmethod
    def _told(answer: Any) -> tuple[int, Any]:
        return answer.status_code, json.loads(answer.content)


def codes(body: Any) -> list[tuple[str, str | None]]:
    """Return (code, field) of each error in an answer."""
    return [(error["code"], error["attr"]) for error in body["errors"]]
