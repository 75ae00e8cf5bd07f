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
from typing import NoReturn, TypeVar

import httpx

from stores.marketplaces.read import Unfit, is_absent

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
LONGEST_ANSWER_SECONDS = 15.0  # of one answer as a whole: a slow drip never trips a read time-out
LARGEST_ANSWER_BYTES = 16 * 1024 * 1024

HTTP_OK = 200
HTTP_TOO_MANY = 429
HTTP_SERVER_ERRORS = range(500, 600)

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_SHOWN = 64

T = TypeVar("T")


class MarketplaceError(Exception):
    """A call to a marketplace did not bring what was asked for.

    The text holds our own words, the marketplace's code and its request id. It never holds the
    marketplace's words, the address called or anything sent: those may carry tokens.
    """

    reason = "The marketplace refused the call"

    def __init__(self, *, code: str = "", request_id: str = "") -> None:
        self.code = _UNSAFE.sub("", code)[:_SHOWN]
        self.request_id = _UNSAFE.sub("", request_id)[:_SHOWN]
        super().__init__(self.code, self.request_id)

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
    """The app's key, signature, clock or address is wrong: a fault of ours, not of the store."""

    reason = "The marketplace refused the app's key, signature, clock or address"


class ClockRefused(SignatureRefused):
    """The moment at which a call was signed is too far from the marketplace's own."""

    reason = "The marketplace's clock and ours are too far apart"


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


class NothingSent(MarketplaceDown):
    """The call was not made at all: before ``retry_after`` seconds none will be."""

    def __init__(self, *, code: str, retry_after: float = 0.0) -> None:
        super().__init__(code=code)
        self.retry_after = retry_after


class BreakerOpen(NothingSent):
    """So many calls failed in a row that this one was not made."""

    reason = "The marketplace has failed too often and is left alone for a while"

    def __init__(self, *, retry_after: float) -> None:
        super().__init__(code="breaker-open", retry_after=retry_after)


class OutOfTime(NothingSent):
    """The time that there was for calls is over, so this one was not made."""

    reason = "The marketplace answers too slowly"

    def __init__(self) -> None:
        super().__init__(code="out-of-time")


class RequestRefused(MarketplaceError):
    """The marketplace did not take the request for a reason that none of the others names."""


class NothingThere(RequestRefused):
    """The marketplace knows nothing of what was asked for, or not as something of this store."""

    reason = "The marketplace does not know what was asked for"


class TooManyFound(RequestRefused):
    """More was found than the marketplace lists at once; a narrower search finds it."""

    reason = "The marketplace found more than it lists at once"


class BadPayload(MarketplaceError):
    """An answer that is not what the contract says, at ``path``. Its values are never shown."""

    def __init__(self, path: str, complaint: str, *, request_id: str = "") -> None:
        super().__init__(request_id=request_id)
        self.path = path
        self.complaint = complaint
        self.reason = f"{path} {complaint}"

    @property
    def is_no_answer(self) -> bool:
        """Whether not even the envelope could be read."""
        return self.path.partition(".")[0] == "answer"


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

    def repeatedly(self, attempt: Callable[[], T]) -> T:
        """Return what ``attempt`` returns, trying again while the marketplace is down or busy.

        Only for calls that may be made twice. What stays refused after the last try, or would
        need a longer wait than there is patience for, is raised as it came.
        """
        waited = 0.0
        for number in range(1, self.patience.attempts + 1):
            try:
                return attempt()
            except NothingSent:
                raise
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


def retry_after(answer: Answer, now: datetime) -> float | None:
    """Return the seconds ``answer`` asks us to wait, or None when it does not say so legibly."""
    said = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", said):
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (until.astimezone(UTC) - now).total_seconds())


def read_json(body: bytes) -> object:
    """Return what ``body`` says. Fractions come as Decimal, integers at any length.

    Raises:
        BadPayload: if it is not UTF-8, not JSON, holds NaN or Infinity, or nests beyond reason.
    """
    try:
        return json.loads(
            body.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError:
        raise BadPayload("answer", "is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadPayload("answer", "is not JSON") from None


def _refuse_constant(_: str) -> NoReturn:
    raise BadPayload("answer", "holds a number that is none")


@dataclass(slots=True)  # not frozen: a page has thousands, and frozen ones take three times as long
class Node:
    """An object or a list of a parsed answer and its path, which every complaint names.

    A complaint never shows a value: it may be a buyer's.
    """

    value: object = field(repr=False)
    path: str

    def bad(self, complaint: str) -> BadPayload:
        return BadPayload(self.path, complaint)

    @property
    def is_absent(self) -> bool:
        return is_absent(self.value)

    def get(self, name: str, reader: Callable[[object], T]) -> T:
        """Return what ``reader``, one of ``marketplaces.read``, makes of a field.

        A field that is missing is read as null.
        """
        if not isinstance(self.value, dict):
            raise self.bad("is not an object")
        try:
            return reader(self.value.get(name))
        except Unfit as unfit:
            raise BadPayload(f"{self.path}.{name}", str(unfit)) from None

    def field(self, name: str) -> "Node":
        if not isinstance(self.value, dict):
            raise self.bad("is not an object")
        return Node(self.value.get(name), f"{self.path}.{name}")

    def items_or_none(self) -> "list[Node]":
        """Return the members of a list; a missing one has none."""
        return [] if self.is_absent else self.items()

    def items(self) -> "list[Node]":
        if self.is_absent:
            raise self.bad("is missing")
        if not isinstance(self.value, list):
            raise self.bad("is not a list")
        return [Node(value, f"{self.path}[{place}]") for place, value in enumerate(self.value)]

    def read(self, reader: Callable[[object], T]) -> T:
        """Return what ``reader`` makes of the value itself, where that is no object and no list."""
        try:
            return reader(self.value)
        except Unfit as unfit:
            raise self.bad(str(unfit)) from None
