"""A sandbox on a bench: a clock that stands until it is moved, mails caught, a client beside it."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from stores.marketplaces.tiktok_shop.client import Client
from stores.sandbox.app import Sandbox, make_app
from stores.sandbox.settings import APP_KEY, APP_SECRET
from stores.sandbox.state import demo_code

HOST = "http://sandbox.test"
CALLBACK = "https://app.test/oauth/tiktok_shop/callback"
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
SEN_VANG = "7495000000000000201"
HARBOR_VN = "7495000000000000501"


def signed(
    path: str, query: dict[str, str], body: bytes = b"", *, secret: str = APP_SECRET
) -> dict[str, str]:
    """Return the query with its signature, made apart from client and sandbox."""
    text = path + "".join(key + query[key] for key in sorted(query))
    message = secret.encode() + text.encode() + body + secret.encode()
    return {**query, "sign": hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()}


@dataclass
class Bench:
    """One sandbox and what it did. ``waits`` are the seconds the client would have slept."""

    app: Sandbox = field(init=False)
    now: datetime = NOON
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    pushes: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    takes_pushes: bool = True
    waits: list[float] = field(default_factory=list)
    http: httpx.Client = field(init=False)

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.move(seconds=seconds)

    def take_push(self, address: str, body: bytes, headers: dict[str, str]) -> int:
        """Stand for the app at the far end of a webhook."""
        self.pushes.append((address, body, headers))
        return 200 if self.takes_pushes else 503

    def act(self, name: str, **fields: object) -> dict[str, Any]:
        """Do what the control page's form ``name`` does."""
        answer = self.http.post(
            f"/control/{name}",
            data={key: str(value) for key, value in fields.items()},
            headers={"accept": "application/json"},
        )
        content: dict[str, Any] = answer.json()
        return {"status": answer.status_code, **content}

    def call(
        self, path: str, token: str, body: object = None, *, method: str = "", **query: str
    ) -> tuple[int, dict[str, Any]]:
        """Return status and envelope of a signed call; a query parameter of "" is left out."""
        content = b"" if body is None else json.dumps(body).encode()
        given = {"app_key": APP_KEY, "timestamp": str(int(self.now.timestamp())), **query}
        parameters = signed(path, {key: value for key, value in given.items() if value}, content)
        answer = self.http.request(
            method or ("GET" if body is None else "POST"),
            path,
            params=parameters,
            content=content,
            headers={"content-type": "application/json", "x-tts-access-token": token},
        )
        envelope: dict[str, Any] = answer.json()
        return answer.status_code, envelope

    def told(self) -> list[str]:
        """Return what the control page says is going on."""
        answer = self.http.get("/control", headers={"accept": "application/json"})
        return [incident["told"] for incident in answer.json()["incidents"]]

    def client(self, app_secret: str = APP_SECRET, transport: object = None) -> Client:
        http = (
            httpx.Client(transport=transport)
            if isinstance(transport, httpx.BaseTransport)
            else self.http
        )
        return Client(
            http, APP_KEY, app_secret, HOST, HOST, clock=lambda: self.now, sleep=self.sleep
        )

    def access(self, shop: str = SEN_VANG) -> str:
        """Return a fresh access token for the seller of ``shop``."""
        code = self.act("grant", shop=shop)["code"]
        return self.client().exchange_code(code).access_token


def make_bench(seed: str = "bench", **settings: Any) -> Bench:
    bench = Bench()
    bench.app = make_app(
        seed,
        now=lambda: bench.now,
        redirect_url=CALLBACK,
        deliver=lambda to, content: bench.mails.append((to, content)),
        **{"post": bench.take_push, "sleep": bench.sleep, **settings},
    )
    bench.http = httpx.Client(transport=httpx.WSGITransport(app=bench.app), base_url=HOST)
    return bench


__all__ = [
    "CALLBACK",
    "HARBOR_VN",
    "HOST",
    "NOON",
    "SEN_VANG",
    "Bench",
    "demo_code",
    "make_bench",
    "signed",
]
