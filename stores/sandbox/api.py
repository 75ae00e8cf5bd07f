"""The API host: gateway checks in the documented order, then shops and orders."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from stores.sandbox import orders
from stores.sandbox.settings import Settings
from stores.sandbox.shops import SHOPS, Shop, of_seller
from stores.sandbox.state import State
from stores.sandbox.web import LARGEST_BODY, Request, Response, as_json

OLDEST_TIMESTAMP = 5 * 60
NEWEST_TIMESTAMP = 30
LARGEST_PAGE = 100
MOST_IDS = 50
OUTAGES = {
    "503": "503, the gateway is overloaded",
    "500": "500 with error 36009003",
    "cut": "answers break off in the middle",
    "nan": "a number in the answer is NaN",
    "html": "200 with an HTML page",
    "refused": "200 with an unknown error code",
}
_STATES = {
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
}
_TIMES = {"create_time_ge", "create_time_lt", "update_time_ge", "update_time_lt"}
_FILTERS = _TIMES | {
    "order_status",
    "shipping_type",
    "buyer_user_id",
    "is_buyer_request_cancel",
    "warehouse_ids",
}


class Refused(Exception):
    """The marketplace answers with an error code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(code, message)
        self.status = status
        self.code = code
        self.message = message


def envelope(settings: Settings, data: object, code: int = 0, message: str = "Success") -> object:
    stamp = settings.now().astimezone(UTC).strftime("%Y%m%d%H%M%S")
    return {
        "code": code,
        "message": message,
        "request_id": stamp + secrets.token_hex(9).upper(),
        "data": data,
    }


def refusal(settings: Settings, refused: Refused, **headers: str) -> Response:
    content = envelope(settings, None, refused.code, refused.message)
    return as_json(content, refused.status, **headers)


def broken(settings: Settings, kind: str, answer: Callable[[], Response]) -> Response:
    """Return what comes out while an outage of ``kind`` lasts."""
    if kind == "503":
        return Response(503, b"<html><body>upstream connect error</body></html>")
    if kind == "500":
        return refusal(settings, Refused(500, 36009003, "Internal error. Please try again."))
    if kind == "html":
        return Response(200, b"<!doctype html><title>Just a moment...</title>")
    if kind == "refused":
        return refusal(settings, Refused(200, 98009999, "Something new"))
    whole = answer()
    if kind == "nan":
        spoilt = whole.body.replace(b'"code":0', b'"code":NaN')
        return Response(whole.status, spoilt, whole.content_type)
    half = whole.body[: len(whole.body) // 2]
    return Response(whole.status, half, whole.content_type, announced=len(whole.body))


class Api:
    """Answers the calls of the Open Platform."""

    def __init__(self, settings: Settings, state: State) -> None:
        self.settings = settings
        self.state = state
        self.book = orders.Book(settings.seed)
        self._calls: dict[str, deque[float]] = {}
        self._routes = {
            "/authorization/202309/shops": ("GET", self._authorized_shops),
            "/seller/202309/shops": ("GET", self._active_shops),
            "/order/202309/orders/search": ("POST", self._search_orders),
            "/order/202507/orders": ("GET", self._order_details),
        }

    def knows(self, path: str) -> bool:
        return path in self._routes

    def __call__(self, request: Request) -> Response:
        outage = self.state.incidents.outage
        if outage:
            return broken(self.settings, outage, lambda: self._answer(request))
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        try:
            open_id = self._gate(request)
            data = self._routes[request.path][1](request, open_id)
        except Refused as refused:
            wait = {"Retry_After": str(self.state.incidents.retry_after)}
            return refusal(self.settings, refused, **(wait if refused.status == 429 else {}))  # noqa: PLR2004
        return as_json(envelope(self.settings, data))

    # -- The gateway -------------------------------------------------------------------------

    def _gate(self, request: Request) -> str:
        """Return whose token it is, or refuse as the gateway does before any call is looked at."""
        method = self._routes[request.path][0]
        if request.method != method:
            raise Refused(405, 36009010, "Invalid method. The HTTP method used is not supported.")
        if len(request.body) > LARGEST_BODY:
            raise Refused(413, 36009021, "Invalid file size.")
        query = dict(request.query)
        if len(query) != len(request.query):
            raise Refused(400, 36009004, "Invalid request. A query parameter is repeated.")
        if query.get("app_key") != self.settings.app_key:
            raise Refused(400, 36009004, "Invalid credentials. Invalid `app_key` query parameter.")
        self._check_timestamp(query.get("timestamp", ""))
        self._check_signature(request, query)
        if not request.headers["content-type"].startswith("application/json"):
            raise Refused(400, 36009022, "Invalid request format.")
        open_id = self._token_holder(request.headers.get("x-tts-access-token", ""))
        self._check_rate(query.get("shop_cipher", open_id))
        return open_id

    def _check_timestamp(self, text: str) -> None:
        wrong = "Invalid timestamp. The value of the `timestamp` query parameter must not "
        if not text.isascii() or not text.isdigit():
            raise Refused(400, 36009004, wrong + "be lesser than 0.")
        now = self.settings.seconds() + self.state.incidents.clock_skew
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
        if not hmac.compare_digest(digest.hexdigest(), query["sign"]):
            raise Refused(
                401, 106001, "Invalid credentials. The 'sign' query parameter is invalid."
            )

    def _token_holder(self, token: str) -> str:
        grant = self.state.access.get(token)
        if grant is None or grant.is_revoked:
            raise Refused(
                401, 36009004, "Invalid credentials. The `x-tts-access-token` header is invalid."
            )
        if grant.expires <= self.settings.seconds():
            raise Refused(
                401,
                105002,
                "Expired credentials. The `access_token` or `x-tts-access-token` header has "
                "expired.",
            )
        return grant.open_id

    def _check_rate(self, key: str) -> None:
        too_many = Refused(
            429,
            36009002,
            "Too many requests. You've made too many requests in a short period of time.",
        )
        if self.state.take_refused_call():
            raise too_many
        if not self.settings.calls_a_second:
            return
        now = self.settings.now().timestamp()
        calls = self._calls.setdefault(key, deque())
        while calls and calls[0] <= now - 1:
            calls.popleft()
        if len(calls) >= self.settings.calls_a_second:
            raise too_many
        calls.append(now)

    # -- Shops -------------------------------------------------------------------------------

    def _authorized_shops(self, request: Request, open_id: str) -> object:
        if "shop_cipher" in dict(request.query):
            raise Refused(
                400,
                36009004,
                "Unexpected identifier. The `shop_cipher` query parameter is not required.",
            )
        return {
            "shops": [
                {
                    "id": shop.id,
                    "name": shop.name,
                    "region": shop.region,
                    "seller_type": shop.seller_type,
                    "cipher": shop.cipher,
                    "code": shop.code,
                }
                for shop in of_seller(open_id)
            ]
        }

    def _active_shops(self, _: Request, open_id: str) -> object:
        active = [
            shop for shop in of_seller(open_id) if shop.id not in self.state.incidents.inactive
        ]
        return {"shops": [{"id": shop.id, "region": shop.region} for shop in active]}

    def _shop(self, request: Request, open_id: str) -> Shop:
        cipher = request.parameter("shop_cipher")
        if not cipher:
            raise Refused(
                400, 106013, "Missing identifier. The `shop_cipher` query parameter is required."
            )
        shop = next((shop for shop in SHOPS if shop.cipher == cipher), None)
        if shop is None or shop.open_id != open_id:
            raise Refused(
                401, 101000, "Invalid query or header. The token is not associated with the shop."
            )
        if shop.id in self.state.incidents.inactive:
            raise Refused(403, 12052700, "The seller is inactive.")
        return shop

    # -- Orders ------------------------------------------------------------------------------

    def _search_orders(self, request: Request, open_id: str) -> object:
        shop = self._shop(request, open_id)
        now = self.settings.seconds()
        wanted = _filters(request.body)
        field, is_rising, size = _arrangement(request)
        found = [
            (_moment(plan, field, now), plan.id, plan)
            for plan in self.book.placed(shop, now, self.state.bursts_of(shop))
            if _matches(plan, wanted, now)
        ]
        found.sort(key=lambda row: row[:2], reverse=not is_rising)
        digest = _digest(shop.id, field, str(is_rising), json.dumps(wanted, sort_keys=True))
        start = 0
        token = request.parameter("page_token")
        if token:
            last = _read_page_token(token, digest)
            start = sum(1 for row in found if (row[:2] <= last if is_rising else row[:2] >= last))
        rows = found[start : start + size]
        has_more = start + size < len(found)
        return {
            "orders": [orders.document(row[2], shop, now) for row in rows],
            "next_page_token": _page_token(rows[-1][:2], digest) if has_more else "",
            "total_count": len(found),
        }

    def _order_details(self, request: Request, open_id: str) -> object:
        shop = self._shop(request, open_id)
        now = self.settings.seconds()
        ids = [part for part in request.parameter("ids").split(",") if part]
        if not 1 <= len(ids) <= MOST_IDS:
            raise Refused(400, 36009004, "Invalid parameter. `ids` takes 1 to 50 values.")
        known = {plan.id: plan for plan in self.book.placed(shop, now, self.state.bursts_of(shop))}
        if any(wanted not in known for wanted in ids):
            raise Refused(
                200, 21008111, "The order or package does not belong to the current seller."
            )
        documents = [orders.document(known[wanted], shop, now) for wanted in ids]
        for document in documents:  # the two that only the search shows
            document.pop("recommended_shipping_time", None)
            document.pop("fulfillment_priority_level", None)
        return {"orders": documents}


def _filters(body: bytes) -> dict[str, object]:
    try:
        wanted = json.loads(body or b"{}")
    except ValueError:
        raise Refused(400, 36009022, "Invalid request format.") from None
    if not isinstance(wanted, dict) or not set(wanted) <= _FILTERS:
        raise Refused(400, 36009004, "Invalid parameter. The body holds an unknown filter.")
    for name in _TIMES & set(wanted):
        if not isinstance(wanted[name], int) or isinstance(wanted[name], bool):
            raise Refused(400, 36009004, f"Invalid parameter. `{name}` is not a Unix timestamp.")
    if "order_status" in wanted and wanted["order_status"] not in _STATES:
        raise Refused(400, 36009004, "Invalid parameter. `order_status` is not a state.")
    return wanted


def _arrangement(request: Request) -> tuple[str, bool, int]:
    """Return by what to sort, whether upwards, and how many at once."""
    field = request.parameter("sort_field") or "create_time"
    order = request.parameter("sort_order") or "DESC"
    size = request.parameter("page_size")
    if field not in {"create_time", "update_time"} or order not in {"ASC", "DESC"}:
        raise Refused(400, 36009004, "Invalid parameter. Unknown `sort_field` or `sort_order`.")
    if not size.isascii() or not size.isdigit() or not 1 <= int(size) <= LARGEST_PAGE:
        raise Refused(400, 36009004, "Invalid parameter. `page_size` is not in [1-100].")
    return field, order == "ASC", int(size)


def _moment(plan: orders.Plan, field: str, now: int) -> int:
    return plan.created if field == "create_time" else plan.updated(now)


def _matches(plan: orders.Plan, wanted: dict[str, object], now: int) -> bool:
    for field in ("create_time", "update_time"):
        since, until = wanted.get(f"{field}_ge"), wanted.get(f"{field}_lt")
        if since is None and until is None:
            continue
        moment = _moment(plan, field, now)
        if isinstance(since, int) and moment < since:
            return False
        if moment >= (until if isinstance(until, int) else now + 1):
            return False
    if "order_status" in wanted and plan.status(now) != wanted["order_status"]:
        return False
    if "is_buyer_request_cancel" in wanted:
        is_pending = (plan.asked_to_cancel or now + 1) <= now < (plan.answered or 0)
        return is_pending == wanted["is_buyer_request_cancel"]
    return True


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _page_token(last: tuple[int, str], digest: str) -> str:
    """Return a token that continues after ``last``.

    It holds ``+`` and ``=``, as real ones do: a client that signs the escaped value fails here.
    """
    text = base64.b64encode(json.dumps([digest, *last]).encode()).decode()
    return f"+{text.rstrip('=')}=="


def _read_page_token(token: str, digest: str) -> tuple[int, str]:
    wrong = Refused(400, 36009004, "Invalid parameter. `page_token` is not of this search.")
    text = token.removeprefix("+").rstrip("=")
    try:
        whose, moment, order_id = json.loads(
            base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        )
    except (ValueError, binascii.Error, TypeError):
        raise wrong from None
    if whose != digest or not isinstance(moment, int) or not isinstance(order_id, str):
        raise wrong
    return moment, order_id


def shown_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
