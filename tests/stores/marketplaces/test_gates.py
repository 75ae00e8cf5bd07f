"""The breaker of an app and the paces of its stores, on a clock that moves when it is told to."""

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from stores.marketplaces.core import (
    BadPayload,
    BreakerOpen,
    MarketplaceDown,
    MarketplaceError,
    NotAuthorized,
    NothingThere,
    OutOfTime,
    RateLimited,
    RequestRefused,
    SignatureRefused,
    StoreInactive,
    TokenExpired,
)
from stores.marketplaces.gates import Gate, OwnShelf, Pace, Shelf, State

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
FAILURES = 5
OF_ONE_STORE = 4


@dataclass
class Street:
    """Processes that call marketplaces, and the clock they share."""

    now: datetime = NOON
    waits: list[float] = field(default_factory=list)
    shelf: Shelf = field(default_factory=OwnShelf)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)

    def ticks(self) -> float:
        return (self.now - NOON).total_seconds()

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def gate(self, app: str = "app", marketplace: str = "tiktok_shop", **pace: float) -> Gate:
        return Gate(marketplace, app, self.shelf, lambda: self.now, self.sleep, Pace(**pace))

    def fail(
        self, gate: Gate, *, times: int, error: MarketplaceError | None = None, store: str = ""
    ) -> None:
        """Fail so often in calls for ``store``, or for two stores in turns."""
        said = MarketplaceDown(code="http-503") if error is None else error
        for number in range(times):
            with pytest.raises(type(said)), gate.passing(store or ("here", "there")[number % 2]):
                raise said


def _call(gate: Gate, store: str = "one") -> str:
    try:
        with gate.passing(store):
            return "made"
    except BreakerOpen as refusal:
        return f"refused for {refusal.retry_after:.0f} s"


# -- The breaker -----------------------------------------------------------------------------


def test_breaker_opens_after_five_failures_in_a_row_for_every_store_and_process() -> None:
    # given two processes on one shelf
    street = Street()
    here, there = street.gate(), street.gate()

    # when
    street.fail(here, times=FAILURES - 1)
    street.fail(there, times=1, store="another store")

    # then
    assert [_call(here), _call(there), _call(there, "a third store")] == ["refused for 30 s"] * 3


def test_breaker_counts_only_failures_in_a_row() -> None:
    street = Street()
    gate = street.gate()

    for _ in range(3):
        street.fail(gate, times=FAILURES - 1)
        assert _call(gate) == "made"


def test_breaker_of_another_app_or_marketplace_stays_closed() -> None:
    street = Street()
    street.fail(street.gate(), times=FAILURES)

    assert _call(street.gate(app="other app")) == "made"
    assert _call(street.gate(marketplace="lazada")) == "made"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(MarketplaceDown(code="ReadTimeout"), id="slow"),
        pytest.param(MarketplaceDown(code="36009003"), id="200 with an error code"),
        pytest.param(BadPayload("answer", "is not JSON"), id="cut or a page"),
        pytest.param(BadPayload("answer.code", "is missing"), id="no envelope"),
        pytest.param(SignatureRefused(code="106001"), id="our clock or key"),
        pytest.param(RequestRefused(code="99"), id="a refusal nobody can explain"),
    ],
)
def test_breaker_opens_for_what_may_hit_every_store(error: MarketplaceError) -> None:
    street = Street()
    gate = street.gate()

    street.fail(gate, times=FAILURES, error=error)

    assert _call(gate) == "refused for 30 s"


@pytest.mark.parametrize(
    "error",
    [
        NotAuthorized(code="101000"),
        TokenExpired(code="105002"),
        StoreInactive(code="12052700"),
        RateLimited(code="36009002"),
        NothingThere(code="12052032"),
        BadPayload("data.orders[3].id", "is missing"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_breaker_stays_closed_for_what_is_one_stores_own(error: MarketplaceError) -> None:
    street = Street()
    gate = street.gate()

    street.fail(gate, times=4 * FAILURES, error=error, store="one")

    assert _call(gate, "another store") == "made"


def test_breaker_takes_a_named_refusal_for_an_answer() -> None:
    street = Street()
    gate = street.gate()
    street.fail(gate, times=FAILURES - 1)

    street.fail(gate, times=1, error=NotAuthorized(code="101000"))
    street.fail(gate, times=FAILURES - 1)

    assert _call(gate) == "made"


def test_one_store_that_fails_is_left_alone_by_itself() -> None:
    # given a store whose calls fail whenever it is asked
    street = Street()
    gate = street.gate()
    for _ in range(3):
        street.fail(gate, times=OF_ONE_STORE, store="broken")
        assert _call(gate, "broken") == "refused for 30 s"
        assert [_call(gate, "whole"), _call(gate, "token")] == ["made", "made"]
        street.move(30)
        street.fail(gate, times=1, store="broken")
        assert _call(gate, "broken") == "refused for 30 s"
        assert _call(gate, "whole") == "made"

        # when it is well again it is asked as any other
        street.move(30)
        assert [_call(gate, "broken") for _ in range(2)] == ["made", "made"]


def test_failures_of_one_store_and_one_of_another_open_the_breaker_for_all() -> None:
    street = Street()
    gate = street.gate()

    street.fail(gate, times=OF_ONE_STORE, store="one")
    street.fail(gate, times=1, store="two")

    assert OF_ONE_STORE + 1 == FAILURES
    assert _call(gate, "three") == "refused for 30 s"


def test_probe_of_a_store_that_failed_often_counts() -> None:
    # given an open breaker, and a store that was left alone before
    street = Street()
    gate = street.gate()
    street.fail(gate, times=OF_ONE_STORE, store="one")
    street.fail(gate, times=1, store="two")
    street.move(30)

    street.fail(gate, times=1, store="one")

    assert _call(gate, "two") == "refused for 30 s"
    street.move(30)
    assert _call(gate, "two") == "made"


def test_no_call_begins_when_the_time_is_over() -> None:
    # given a store that is to wait longer than there is time
    street = Street()
    gate = replace(street.gate(per_second=1, burst=1), ticks=street.ticks, ends_at=0.5)
    assert _call(gate) == "made"
    with pytest.raises(OutOfTime), gate.passing("one"):
        pytest.fail("the call was made")
    assert street.waits == []

    # and one that would not have to, too late
    street.move(1)
    with pytest.raises(OutOfTime), gate.passing("two"):
        pytest.fail("the call was made")

    # then that was nobody's failure
    assert _call(street.gate(), "two") == "made"


def test_open_breaker_lets_one_call_through_after_half_a_minute() -> None:
    # given an open breaker
    street = Street()
    here, there = street.gate(), street.gate()
    street.fail(here, times=FAILURES)
    street.move(29.9)
    assert _call(here) == "refused for 0 s"

    # when its time is over, then one call goes and no other beside it
    street.move(0.1)
    with here.passing("one"):
        assert _call(there, "two") == "refused for 60 s"

    # and its success closes the breaker for all
    assert [_call(there), _call(here)] == ["made", "made"]
    street.fail(here, times=FAILURES - 1)
    assert _call(there) == "made"


def test_probe_that_fails_opens_the_breaker_again_at_once() -> None:
    street = Street()
    gate = street.gate()
    street.fail(gate, times=FAILURES)
    street.move(30)

    street.fail(gate, times=1)

    assert _call(gate) == "refused for 30 s"
    street.move(30)
    assert _call(gate) == "made"


@pytest.mark.parametrize("error", [RequestRefused(code="99"), NotAuthorized(code="101000")])
def test_probe_that_is_refused_says_whether_the_marketplace_is_up(error: MarketplaceError) -> None:
    street = Street()
    gate = street.gate()
    street.fail(gate, times=FAILURES, error=SignatureRefused())
    street.move(30)

    street.fail(gate, times=1, error=error)

    is_explained = isinstance(error, NotAuthorized)
    assert _call(gate) == ("made" if is_explained else "refused for 30 s")


def test_probe_that_never_comes_back_is_followed_by_another() -> None:
    """A worker that is killed in a call says nothing about it."""
    street = Street()
    gate = street.gate()
    street.fail(gate, times=FAILURES)
    street.move(30)
    with pytest.raises(KeyboardInterrupt), gate.passing("one"):
        raise KeyboardInterrupt

    assert _call(gate) == "refused for 60 s"
    street.move(60)
    assert _call(gate) == "made"


def test_late_news_of_older_calls_neither_closes_nor_prolongs() -> None:
    # given calls on their way while the breaker opens
    street = Street()
    gate = street.gate()
    street.fail(gate, times=1)
    late_success, late_failure = gate.passing("one"), gate.passing("two")
    late_success.__enter__()
    late_failure.__enter__()
    street.fail(gate, times=FAILURES - 1)

    # when they come back
    street.move(20)
    late_success.__exit__(None, None, None)
    street.move(5)
    down = MarketplaceDown()
    late_failure.__exit__(MarketplaceDown, down, None)

    # then the half minute still counts from its opening
    assert _call(gate) == "refused for 5 s"


# -- The pace --------------------------------------------------------------------------------


def test_store_is_asked_in_a_burst_and_then_at_its_pace() -> None:
    street = Street()
    gate = street.gate(per_second=2, burst=3)

    for _ in range(6):
        _call(gate)

    assert street.waits == pytest.approx([0.5, 0.5, 0.5])


def test_pace_recovers_with_time_up_to_its_burst() -> None:
    street = Street()
    gate = street.gate(per_second=2, burst=3)
    for _ in range(3):
        _call(gate)
    street.move(3600)

    for _ in range(3):
        _call(gate)
    assert street.waits == []
    _call(gate)
    assert street.waits == pytest.approx([0.5])


def test_pace_of_one_store_is_no_other_stores_nor_a_tokens() -> None:
    street = Street()
    gate = street.gate(per_second=0.001, burst=1)

    made = [_call(gate, store) for store in ("one", "two", "a token")]

    assert (made, street.waits) == (["made"] * 3, [])


def test_pace_is_shared_by_processes_on_one_shelf() -> None:
    street = Street()
    here, there = street.gate(per_second=2, burst=1), street.gate(per_second=2, burst=1)

    _call(here)
    _call(there)

    assert street.waits == pytest.approx([0.5])


def test_store_that_would_wait_too_long_is_not_asked() -> None:
    street = Street()
    gate = street.gate(per_second=0.01, burst=1)
    _call(gate)

    with pytest.raises(RateLimited) as refusal, gate.passing("one"):
        pytest.fail("the call was made")

    assert refusal.value.code == "own-pace"
    assert refusal.value.retry_after == pytest.approx(100.0)
    assert street.waits == []


def test_what_the_marketplace_says_about_when_closes_the_store_for_all_processes() -> None:
    # given a store that is to come back in a minute
    street = Street()
    here, there = street.gate(), street.gate()
    street.fail(here, times=1, error=RateLimited(retry_after=60.0), store="one")

    # then nobody asks for it, others are asked for
    with pytest.raises(RateLimited) as refusal, there.passing("one"):
        pytest.fail("the call was made")
    assert refusal.value.retry_after == pytest.approx(60.0)
    assert _call(there, "two") == "made"

    # and a short rest is waited for
    street.move(58)
    assert _call(there) == "made"
    assert street.waits == pytest.approx([2.0])


def test_store_is_closed_for_an_hour_at_most() -> None:
    street = Street()
    gate = street.gate()
    street.fail(gate, times=1, error=RateLimited(retry_after=999_999_999.0), store="one")

    street.move(3600)

    assert _call(gate) == "made"


# -- The shelf -------------------------------------------------------------------------------


def _add_one(state: State) -> tuple[State, None]:
    return {"count": state.get("count", 0) + 1}, None


def _kept(shelf: Shelf, name: str) -> dict[str, float]:
    return shelf.change(name, lambda state: (state, dict(state)), keep_for=60)


def test_own_shelf_loses_no_change_of_threads() -> None:
    shelf = OwnShelf()

    def change_often() -> None:
        for _ in range(500):
            shelf.change("count", _add_one, keep_for=60)

    threads = [threading.Thread(target=change_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert _kept(shelf, "count") == {"count": 2000}


def test_own_shelf_forgets_what_is_over_when_it_is_full() -> None:
    shelf = OwnShelf()
    for number in range(10_001):
        shelf.change(f"old {number}", _add_one, keep_for=-1)

    shelf.change("new", _add_one, keep_for=60)

    assert (_kept(shelf, "old 5"), _kept(shelf, "new")) == ({}, {"count": 1})


def test_shelf_keeps_no_cipher_and_no_token() -> None:
    shelf = OwnShelf()
    street = Street(shelf=shelf)
    street.fail(street.gate(), times=1, store="ROW_secret", error=RequestRefused(code="9"))

    assert "secret" not in repr(vars(shelf))
