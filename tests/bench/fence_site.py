"""The site that both stacks serve, and the loop that measures what a request costs.

``main`` prints the microseconds of CPU a request took, in the process and in its
database backend, as one JSON object.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final

from django.core.handlers.base import BaseHandler
from django.db import connection, models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import RequestFactory
from django.urls import path
from django_tenants.middleware.main import TenantMainMiddleware

from stores.models import Client
from tenants.middleware import answer_inside

ROWS: Final = 50  # of an answer, as a list of the API has them
WARM_UP: Final = 200
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class PlainClient(models.Model):
    """The same table as a model without our fence."""

    id = models.UUIDField(primary_key=True)
    agency_id = models.UUIDField()
    name = models.CharField(max_length=120)
    contact = models.CharField(max_length=200)
    language = models.CharField(max_length=10)

    class Meta:
        app_label = "stores"
        managed = False
        db_table = "stores_client"

    def __str__(self) -> str:
        return self.name


class EnterScope:
    """Enters the agency's scope, as the members' and the keys' middleware do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        agency = request.agency  # type: ignore[attr-defined]
        return answer_inside(agency, request, self.get_response)


class KeptTenantMiddleware(TenantMainMiddleware):  # type: ignore[misc]
    """Looks each host up once, as ours does: what is left is the fence alone."""

    _kept: ClassVar[dict[str, Any]] = {}

    def get_tenant(self, domain_model: Any, hostname: str) -> Any:
        if hostname not in self._kept:
            self._kept[hostname] = super().get_tenant(domain_model, hostname)
        return self._kept[hostname]


def clients(_request: HttpRequest) -> HttpResponse:
    model: Any = Client if os.environ["BENCH_STACK"] == "fenced" else PlainClient
    rows = model.objects.order_by("name")
    shown = [
        {"id": str(row.pk), "name": row.name, "contact": row.contact, "language": row.language}
        for row in rows[:ROWS]
    ]
    return JsonResponse({"count": rows.count(), "results": shown})


urlpatterns = [path("clients/", clients)]


def _backend_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def measure(host: str, requests: int) -> dict[str, float]:
    """Return the microseconds of CPU a request takes: of this process, and of its backend."""
    handler, factory = BaseHandler(), RequestFactory()
    handler.load_middleware()

    def ask() -> None:
        answer: Any = handler.get_response(factory.get("/clients/", headers={"host": host}))
        assert len(json.loads(answer.content)["results"]) == ROWS

    for _ in range(WARM_UP):
        ask()
    wrapper: Any = connection
    backend = wrapper.connection.info.backend_pid
    own, database = time.process_time(), _backend_seconds(backend)
    for _ in range(requests):
        ask()
    return {
        "app": (time.process_time() - own) / requests * 1e6,
        "database": (_backend_seconds(backend) - database) / requests * 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--requests", type=int, required=True)
    asked = parser.parse_args()
    print(json.dumps(measure(asked.host, asked.requests)))
