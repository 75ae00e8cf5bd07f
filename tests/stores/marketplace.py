"""The sandbox, called in-process, and the few acts that tests of connecting and syncing share."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx

from stores.marketplaces import registry
from stores.marketplaces.gates import Shelf
from stores.marketplaces.tiktok_shop.client import Client
from stores.models import Store
from stores.sandbox.app import Sandbox, make_app
from stores.sandbox.settings import APP_KEY, APP_SECRET
from stores.sandbox.shops import BY_ID
from stores.services import connections
from tenants import scope
from tenants.due import Work
from tenants.models import Agency, DueWork, Membership

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
QUIET_TH = "7495000000000000303"  # Lanna Living
OTHER_TH = "7495000000000000301"  # Siam Bloom Skincare
HARBOR_TH = "7495000000000000502"
TROUBLED_PH = "7495000000000000402"  # Bayani Gadgets
HARBOR_VN = "7495000000000000501"  # a cross-border seller's shop; she has one in TH and PH too
APP = {
    "app_key": APP_KEY,
    "app_secret": APP_SECRET,
    "service_id": "service",
    "api_url": "http://sandbox.test",
    "auth_url": "http://sandbox.test",
    "services_url": "http://sandbox.test",
    "services_us_url": "http://us.sandbox.test",
}


class Clock:
    """What time it is, for the sandbox and the client alike."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def ticks(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def sandbox(clock: Clock, **settings: Any) -> Sandbox:
    """Return a sandbox of its own, whose slow answers let the clock go on."""
    return make_app("tests", clock, has_demo_codes=False, sleep=clock.sleep, **settings)


def client(
    app: Sandbox,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    shelf: Shelf | None = None,
    **times: Any,
) -> Client:
    http = httpx.Client(transport=transport or httpx.WSGITransport(app=app))
    return Client(
        http,
        APP_KEY,
        APP_SECRET,
        APP["api_url"],
        APP["auth_url"],
        clock=clock,
        **{"sleep": lambda _: None, "ticks": clock.ticks, **times},
        shelf=shelf,
    )


def in_use(app: Sandbox) -> AbstractContextManager[None]:
    """Let the clients that tasks make call ``app``."""
    return registry.transport_in_use(httpx.WSGITransport(app=app))


def act(app: Sandbox, name: str, **form: str | int) -> None:
    """Start an incident as the sandbox's control page does."""
    http = httpx.Client(transport=httpx.WSGITransport(app=app))
    answer = http.post(
        f"http://sandbox.test/control/{name}",
        data={key: str(value) for key, value in form.items()},
        headers={"accept": "application/json"},
    )
    assert answer.json()["ok"], answer.text


def code_for(app: Sandbox, shop_id: str, clock: Clock) -> str:
    return app.state.issue_code(BY_ID[shop_id], int(clock().timestamp()))


def pass_in(address: str) -> str:
    return parse_qs(urlsplit(address).query)["state"][0]


def work_of(kind: str, subject: str | UUID, at: datetime) -> Work:
    row = DueWork.objects.get(kind=kind, subject=str(subject))
    DueWork.objects.filter(pk=row.pk).update(done_at=None)
    return Work(
        id=row.pk, subject=row.subject, period="", due_at=row.due_at, asked=row.asked, at=at
    )


def connect(
    agency: Agency, store: Store, by: Membership, app: Sandbox, clock: Clock, *, shop_id: str
) -> None:
    """Walk the whole way: out, consent, back, and the worker's exchange."""
    token = pass_in(connections.begin(store=store, by=by, at=clock()))
    with scope.public():
        connections.come_back(
            marketplace=store.marketplace,
            token=token,
            code=code_for(app, shop_id, clock),
            user=by.user,
            at=clock(),
        )
    exchange(agency, app, clock)


def exchange(agency: Agency, app: Sandbox, clock: Clock) -> None:
    row = DueWork.objects.filter(kind="stores.exchange_code", done_at=None).latest("id")
    work = work_of("stores.exchange_code", row.subject, clock())
    with scope.public():
        connections.exchange_code(agency=agency, work=work, client=client(app, clock))
