"""What the clients of all marketplaces share: errors, bounded calls, strict JSON."""

import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import NoReturn

import httpx

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
LONGEST_ANSWER_SECONDS = 30.0  # of one answer as a whole: a slow drip never trips a read time-out
LARGEST_ANSWER_BYTES = 16 * 1024 * 1024

HTTP_OK = 200
HTTP_TOO_MANY = 429
HTTP_SERVER_ERRORS = range(500, 600)

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_SHOWN = 64


class MarketplaceError(Exception):
    """A call to a marketplace did not bring what was asked for.

    The text holds our own words, the marketplace's code and its request id. It never holds the
    marketplace's words, the address called or anything sent: those may carry tokens.
    """

    reason = "The marketplace refused the call"

    def __init__(self, *, code: str = "", request_id: str = "") -> None:
        self.code = _UNSAFE.sub("", code)[:_SHOWN]
        self.request_id = _UNSAFE.sub("", request_id)[:_SHOWN]
        super().__init__(code, request_id)

    def __str__(self) -> str:
        known = [("code", self.code), ("request", self.request_id)]
        facts = ", ".join(f"{name} {value}" for name, value in known if value)
        return f"{self.reason} ({facts})" if facts else self.reason


class TokenExpired(MarketplaceError):
    """The access token's time is over; a refresh brings a new one."""

    reason = "The access token has expired"


class NotAuthorized(MarketplaceError):
    """The seller's authorization does not cover the call; only the seller can mend it."""

    reason = "The store's authorization is missing, revoked or too narrow"


class SignatureRefused(MarketplaceError):
    """The app's key, its signature or its clock is wrong: a fault of ours, not of the store."""

    reason = "The marketplace refused the app's key, signature or clock"


class RateLimited(MarketplaceError):
    """Too many calls. ``retry_after`` is in seconds, None when the marketplace did not say."""

    reason = "The marketplace asks for fewer calls"

    def __init__(
        self, *, code: str = "", request_id: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(code=code, request_id=request_id)
        self.retry_after = retry_after


class StoreInactive(MarketplaceError):
    """The marketplace holds the store to be inactive, closing or closed, and refuses its calls."""

    reason = "The marketplace holds this store to be inactive"


class MarketplaceDown(MarketplaceError):
    """No answer, half an answer, or one that says that the marketplace itself failed."""

    reason = "The marketplace does not answer"


class BadPayload(MarketplaceError):
    """An answer that is not what the contract says, at ``path``. Its values are never shown."""

    def __init__(self, path: str, reason: str, *, request_id: str = "") -> None:
        super().__init__(request_id=request_id)
        self.path = path
        self.reason = f"{path} {reason}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer over HTTP: its status, its headers, its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried and how long, in seconds, all waiting between may take."""

    attempts: int = 3
    total_wait: float = 20.0
    first_wait: float = 1.0
    longest_wait: float = 60.0


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends requests with bounds on time, size and tries. Redirects are not followed."""

    http: httpx.Client = field(repr=False)
    clock: Callable[[], datetime] = wall_clock
    sleep: Callable[[float], None] = time.sleep
    patience: Patience = Patience()

    def once(self, request: httpx.Request) -> Answer:
        """Send ``request`` once.

        Raises:
            MarketplaceDown: on any failure of the transport, or when the answer takes too long.
            BadPayload: when the answer is larger than any the contract knows.
        """
        request.extensions = {**request.extensions, "timeout": TIMEOUT.as_dict()}
        ends_at = time.monotonic() + LONGEST_ANSWER_SECONDS
        body = bytearray()
        try:
            response = self.http.send(request, stream=True, follow_redirects=False)
            try:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > LARGEST_ANSWER_BYTES:
                        raise BadPayload("answer", "is too large")
                    if time.monotonic() > ends_at:
                        raise MarketplaceDown(code="slow")
            finally:
                response.close()
        except httpx.HTTPError as failure:
            # Not chained: the failure keeps the request, and that its tokens and secrets.
            raise MarketplaceDown(code=type(failure).__name__) from None
        return Answer(response.status_code, response.headers, bytes(body))

    def repeatedly[T](self, attempt: Callable[[], T]) -> T:
        """Return what ``attempt`` returns, trying again while the marketplace is down or busy.

        Only for calls that may be made twice. What stays refused after the last try, or would
        need a longer wait than there is patience for, is raised as it came.
        """
        waited = 0.0
        for number in range(1, self.patience.attempts + 1):
            try:
                return attempt()
            except (RateLimited, MarketplaceDown) as failure:
                wait = self._wait_after(failure, number)
                waited += wait
                if number == self.patience.attempts or waited > self.patience.total_wait:
                    raise
            self.sleep(wait)
        raise AssertionError("unreachable: the last try returns or raises")

    def _wait_after(self, failure: MarketplaceError, number: int) -> float:
        if isinstance(failure, RateLimited) and failure.retry_after is not None:
            return failure.retry_after
        doubled = min(self.patience.longest_wait, self.patience.first_wait * 2.0 ** (number - 1))
        return doubled * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
