"""What the gateway looks at before any call is answered, in the documented order."""

import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC

from stores.sandbox.calls import Marketplace, Refused
from stores.sandbox.incidents import Incident
from stores.sandbox.settings import Settings
from stores.sandbox.shops import Shop
from stores.sandbox.web import LARGEST_BODY, Request, Response, as_json

OLDEST_TIMESTAMP = 5 * 60
NEWEST_TIMESTAMP = 30


class TooMany(Refused):
    """Too many calls; ``retry_after`` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            429,
            36009002,
            "Too many requests. You've made too many requests in a short period of time.",
        )
        self.retry_after = retry_after


def envelope(settings: Settings, data: object, code: int = 0, message: str = "Success") -> object:
    stamp = settings.now().astimezone(UTC).strftime("%Y%m%d%H%M%S")
    return {
        "code": code,
        "message": message,
        "request_id": stamp + secrets.token_hex(9).upper(),
        "data": data,
    }


def refusal(settings: Settings, refused: Refused) -> Response:
    content = envelope(settings, None, refused.code, refused.message)
    wait = {"Retry_After": str(refused.retry_after)} if isinstance(refused, TooMany) else {}
    return as_json(content, refused.status, **wait)


def broken(settings: Settings, outage: Incident, answer: Callable[[], Response]) -> Response:
    """Return what comes out while an outage lasts."""
    kind = outage.detail
    if kind in {"slow", "cut", "nan", "bad_json"}:
        if kind == "slow":
            settings.sleep(outage.amount / 1000)
        return spoilt(kind, answer())
    if kind == "500":
        return refusal(settings, Refused(500, 36009003, "Internal error. Please try again."))
    if kind == "refused":
        return refusal(settings, Refused(200, 98009999, "Something new"))
    if kind == "html":
        return Response(200, b"<!doctype html><title>Just a moment...</title>")
    return Response(503, b"<html><body>upstream connect error</body></html>")


def spoilt(kind: str, whole: Response) -> Response:
    """Return an answer that something happened to on its way; a slow one came to no harm."""
    if kind == "nan":
        body = whole.body.replace(b'"code":0', b'"code":NaN')
        return replace(whole, body=body)
    if kind == "bad_json":
        return replace(whole, body=whole.body[:-1] + b",")
    if kind == "cut":
        half = whole.body[: len(whole.body) // 2]
        return replace(whole, body=half, announced=len(whole.body))
    return whole


class Gateway:
    """Lets calls through, or refuses them."""

    def __init__(self, marketplace: Marketplace) -> None:
        self.marketplace = marketplace
        self.settings = marketplace.settings
        self.state = marketplace.state
        self._calls: dict[str, deque[float]] = {}

    def shops_of(self, request: Request) -> list[Shop]:
        """Return whom a call is about, before anything is proven: incidents strike by shop."""
        shop = self.marketplace.shops.by_cipher.get(request.parameter("shop_cipher"))
        if shop is not None:
            return [shop]
        grant = self.state.access.get(request.headers.get("x-tts-access-token", ""))
        return [] if grant is None else self.marketplace.shops.of_seller(grant.open_id)

    def outage(self, shops: list[Shop]) -> Incident | None:
        return self.state.incidents.first("outage", shops, self.settings.seconds())

    def admit(self, request: Request, method: str) -> str:
        """Return whose token it is.

        Raises:
            Refused: as the gateway does before any call is looked at.
        """
        if request.method != method:
            raise Refused(405, 36009010, "Invalid method. The HTTP method used is not supported.")
        if len(request.body) > LARGEST_BODY:
            raise Refused(413, 36009021, "Invalid file size.")
        query = dict(request.query)
        if len(query) != len(request.query):
            raise Refused(400, 36009004, "Invalid request. A query parameter is repeated.")
        if query.get("app_key") != self.settings.app_key:
            raise Refused(400, 36009004, "Invalid credentials. Invalid `app_key` query parameter.")
        shops = self.shops_of(request)
        self._check_timestamp(query.get("timestamp", ""), shops)
        self._check_signature(request, query)
        if not request.headers["content-type"].startswith("application/json"):
            raise Refused(400, 36009022, "Invalid request format.")
        open_id = self._token_holder(request.headers.get("x-tts-access-token", ""))
        self._check_rate(query.get("shop_cipher", open_id), shops)
        return open_id

    def _check_timestamp(self, text: str, shops: list[Shop]) -> None:
        wrong = "Invalid timestamp. The value of the `timestamp` query parameter must not "
        if not text.isascii() or not text.isdigit():
            raise Refused(400, 36009004, wrong + "be lesser than 0.")
        now = self.settings.seconds()
        skew = self.state.incidents.first("clock_skew", shops, now)
        now += skew.amount if skew else 0
        if int(text) < now - OLDEST_TIMESTAMP:
            raise Refused(
                400, 36009004, wrong + "be earlier than 5 minutes before the current time."
            )
        if int(text) > now + NEWEST_TIMESTAMP:
            raise Refused(400, 36009004, wrong + "exceed the current time by more than 30 seconds.")

    def _check_signature(self, request: Request, query: dict[str, str]) -> None:
        # Written apart from the client's signing on purpose: one must not prove the other's error.
        if "sign" not in query:
            raise Refused(
                400,
                36009004,
                "Missing credentials. The request does not include a required signature.",
            )
        secret = self.settings.app_secret
        text = secret + request.path
        for name, value in sorted(query.items()):
            if name not in ("sign", "access_token"):
                text += f"{name}{value}"
        digest = hmac.new(secret.encode(), digestmod=hashlib.sha256)
        digest.update(text.encode())
        digest.update(request.body)
        digest.update(secret.encode())
        if not hmac.compare_digest(digest.hexdigest().encode(), query["sign"].encode()):
            raise Refused(
                401, 106001, "Invalid credentials. The 'sign' query parameter is invalid."
            )

    def _token_holder(self, token: str) -> str:
        grant = self.state.access.get(token)
        shops = [] if grant is None else self.marketplace.shops.of_seller(grant.open_id)
        now = self.settings.seconds()
        is_removed = self.state.incidents.first("revoked", shops, now) is not None
        if grant is None or grant.is_revoked or is_removed:
            raise Refused(
                401, 36009004, "Invalid credentials. The `x-tts-access-token` header is invalid."
            )
        if grant.expires <= now:
            raise Refused(
                401,
                105002,
                "Expired credentials. The `access_token` or `x-tts-access-token` header has "
                "expired.",
            )
        return grant.open_id

    def _check_rate(self, key: str, shops: list[Shop]) -> None:
        limit = self.state.take_refused_call(shops, self.settings.seconds())
        if limit is not None:
            raise TooMany(limit.amount)
        if not self.settings.calls_a_second:
            return
        now = self.settings.now().timestamp()
        calls = self._calls.setdefault(key, deque())
        while calls and calls[0] <= now - 1:
            calls.popleft()
        if len(calls) >= self.settings.calls_a_second:
            raise TooMany(1)
        calls.append(now)
