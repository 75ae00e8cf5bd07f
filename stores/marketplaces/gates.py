"""What stands before every call to a marketplace: a breaker for each app, a pace for each store.

The breaker opens when calls of one app fail again and again, and then lets one call through at a
time to see. A store whose calls alone fail is left alone by itself: one store is not enough to
open the breaker. A refusal for a reason that is the store's own counts as an answer: the
marketplace is up. The pace is a token bucket; what the marketplace says about when to come back
goes before it.

Both are small states on a shelf. Processes that put them on one shelf act as one.
"""

import hashlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from stores.marketplaces.core import (
    BadPayload,
    BreakerOpen,
    MarketplaceDown,
    MarketplaceError,
    OutOfTime,
    RateLimited,
    RequestRefused,
    SignatureRefused,
)

T = TypeVar("T")
State = Mapping[str, float]

FAILURES_TO_OPEN: Final = 5  # in a row
FAILURES_TO_REST: Final = 4  # in a row of one store; then it is left alone, and they are enough
OPEN_FOR: Final = 30.0  # seconds until one call may try, of all or of the store
PROBE_LASTS: Final = 60.0  # seconds: a probe that never came back no longer counts
KEPT_FOR: Final = 3600.0  # seconds: what nobody touched since says nothing, and no wait is longer
_NO_WAIT: Final = 0.001  # seconds; less is the rounding of clocks
_MANY_STATES: Final = 10_000
_EMPTY: Final[State] = MappingProxyType({})
_NOTHING_KEPT: Final = (_EMPTY, 0.0)


class Shelf(Protocol):
    """Keeps small states by name for all who call a marketplace."""

    def change(self, name: str, step: Callable[[State], tuple[State, T]], *, keep_for: float) -> T:
        """Put in the place of the state ``name`` what ``step`` makes of it; return its result.

        One indivisible act: of two at once the second sees what the first made. ``step`` is pure
        and may be called again. An absent state is empty; one may be forgotten after ``keep_for``
        seconds without a change.
        """
        ...


class OwnShelf:
    """A shelf in the memory of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, tuple[State, float]] = {}  # each with when it may be forgotten

    def change(self, name: str, step: Callable[[State], tuple[State, T]], *, keep_for: float) -> T:
        now = time.monotonic()
        with self._lock:
            if len(self._states) > _MANY_STATES:
                self._states = {key: kept for key, kept in self._states.items() if kept[1] > now}
            state, result = step(self._states.get(name, _NOTHING_KEPT)[0])
            self._states[name] = (state, now + keep_for)
        return result


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one store may be asked: ``per_second`` for long, ``burst`` at once.

    A call that would have to wait for more than ``longest_wait`` seconds is not made.
    """

    per_second: float = 20.0
    burst: float = 50.0
    longest_wait: float = 20.0


@dataclass(frozen=True, slots=True)
class Gate:
    """The breaker of one app at one marketplace, and the paces of its stores.

    No call begins after ``ends_at`` by ``ticks``, a clock of seconds that only goes forward.
    """

    marketplace: str
    app: str
    shelf: Shelf
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    pace: Pace = Pace()
    ticks: Callable[[], float] = time.monotonic
    ends_at: float = math.inf

    @contextmanager
    def passing(self, store: str) -> Iterator[None]:
        """Let one call for ``store`` through, and learn from what becomes of it.

        ``store`` is whatever names the store to the marketplace; it is kept as a digest only.

        Raises:
            BreakerOpen: while the breaker is open, or the store is left alone.
            RateLimited: where the store would have to wait too long.
            OutOfTime: where no call may begin any more.
        In all of these nothing has been sent.
        """
        is_troubled = self._await_turn(store)
        wait, is_watched = self._breaker(_ask)
        if wait > 0:
            raise BreakerOpen(retry_after=wait)
        try:
            yield
        except MarketplaceError as error:
            self._judge(store, error, is_watched=is_watched, is_troubled=is_troubled)
            self._heed(store, error)
            raise
        self._judge(store, None, is_watched=is_watched, is_troubled=is_troubled)

    def _judge(
        self, store: str, error: MarketplaceError | None, *, is_watched: bool, is_troubled: bool
    ) -> None:
        if error is not None and speaks_against_all(error):
            in_a_row = self._pace(store, _fail_store)
            counts = in_a_row <= FAILURES_TO_REST
            self._breaker(lambda state, now: _fail(state, now, counts=counts))
            return
        if is_troubled:  # who was untroubled has nothing to learn from one more success
            self._pace(store, _succeed_store)
        if is_watched:
            self._breaker(_succeed)

    def _heed(self, store: str, error: MarketplaceError) -> None:
        if isinstance(error, RateLimited) and error.retry_after is not None:
            wait = min(error.retry_after, KEPT_FOR)
            self._pace(store, lambda state, now: ({**state, "not_before": now + wait}, None))

    def _await_turn(self, store: str) -> bool:
        """Wait for the store's turn; return whether its last call failed."""
        left = self.ends_at - self.ticks()
        if left < 0:
            raise OutOfTime
        turn = self._pace(store, lambda state, now: _take(state, now, self.pace))
        if turn.is_shut:
            raise BreakerOpen(retry_after=turn.wait)
        if turn.wait > self.pace.longest_wait:
            raise RateLimited(code="own-pace", retry_after=turn.wait)
        if turn.wait > left:
            raise OutOfTime
        if turn.wait > _NO_WAIT:
            self.sleep(turn.wait)
        return turn.is_troubled

    def _breaker(self, step: Callable[[State, float], tuple[State, T]]) -> T:
        return self._change(f"breaker:{self.marketplace}:{self.app}", step)

    def _pace(self, store: str, step: Callable[[State, float], tuple[State, T]]) -> T:
        return self._change(f"pace:{self.marketplace}:{self.app}:{_digest(store)}", step)

    def _change(self, name: str, step: Callable[[State, float], tuple[State, T]]) -> T:
        now = self.clock().timestamp()
        return self.shelf.change(name, lambda state: step(state, now), keep_for=KEPT_FOR)


def speaks_against_all(error: MarketplaceError) -> bool:
    """Tell whether ``error`` may hit every store of the app.

    No answer may, or one that nobody can read, or a refusal that nobody can explain. What a store
    is refused for by name does not, nor one field that is not as documented.
    """
    if isinstance(error, BadPayload):
        return error.is_no_answer
    return isinstance(error, MarketplaceDown | SignatureRefused) or type(error) is RequestRefused


def _digest(store: str) -> str:
    return hashlib.sha256(store.encode()).hexdigest()[:32]


def _ask(state: State, now: float) -> tuple[State, tuple[float, bool]]:
    """Return the seconds to wait, and whether the breaker wants to hear of a success."""
    failures = state.get("failures", 0)
    if failures < FAILURES_TO_OPEN:
        return state, (0, failures > 0)
    wait = max(state.get("opened_at", 0) + OPEN_FOR, state.get("probed_at", 0) + PROBE_LASTS) - now
    if wait > 0:
        return state, (wait, False)
    return {**state, "probed_at": now}, (0, True)


def _succeed(state: State, now: float) -> tuple[State, None]:  # noqa: ARG001
    """Close, but for a late answer to a call made before the breaker opened."""
    is_late = state.get("failures", 0) >= FAILURES_TO_OPEN and "probed_at" not in state
    return (state if is_late else _EMPTY), None


def _fail(state: State, now: float, *, counts: bool = True) -> tuple[State, None]:
    """Count a failure, unless it is one of too many of one store; that of a probe always counts."""
    if not counts and "probed_at" not in state:
        return state, None
    failures = state.get("failures", 0) + 1
    if failures < FAILURES_TO_OPEN:
        return {"failures": failures}, None
    if failures > FAILURES_TO_OPEN and "probed_at" not in state:
        return state, None  # late news from a call made before it opened
    return {"failures": FAILURES_TO_OPEN, "opened_at": now}, None


@dataclass(frozen=True, slots=True)
class _Turn:
    """The seconds until a store's turn, whether they are its rest, whether its last call failed."""

    wait: float
    is_shut: bool = False
    is_troubled: bool = False


def _take(state: State, now: float, pace: Pace) -> tuple[State, _Turn]:
    """Take one turn and return when it is; take none if that is too long.

    Turns may be taken ahead of their time, so what there is can be below zero.
    """
    rest = state.get("shut_until", 0.0) - now
    if rest > 0:
        return state, _Turn(rest, is_shut=True)
    since = max(0.0, now - state.get("at", now))
    turns = min(pace.burst, state.get("turns", pace.burst) + since * pace.per_second)
    not_before = state.get("not_before", 0.0)
    wait = max(0.0, (1 - turns) / pace.per_second, not_before - now)
    turn = _Turn(wait, is_troubled="failures" in state)
    if wait > pace.longest_wait:
        return state, turn
    return {**state, "turns": turns - 1, "at": now, "not_before": not_before}, turn


def _fail_store(state: State, now: float) -> tuple[State, int]:
    """Count a store's failure and return how many there were in a row; many shut it for a while."""
    failures = int(state.get("failures", 0)) + 1
    failed = {**state, "failures": float(failures)}
    if failures >= FAILURES_TO_REST:
        failed["shut_until"] = now + OPEN_FOR
    return failed, failures


def _succeed_store(state: State, now: float) -> tuple[State, None]:  # noqa: ARG001
    return {key: state[key] for key in state if key not in {"failures", "shut_until"}}, None
