"""The shelf that processes share, with a real Valkey, and without one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.launcher.servers import ValkeyServer
from stores.marketplaces.core import BreakerOpen, MarketplaceDown
from stores.marketplaces.gates import FAILURES_TO_OPEN, Gate, OwnShelf, State
from stores.marketplaces.shelves import ValkeyShelf, shelf_at
from tests.stores.marketplace import Clock


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    folder: Path = tmp_path_factory.mktemp("shelf")
    with ValkeyServer(folder / "valkey", durable=False) as server:
        yield server


def gate(shelf: ValkeyShelf | OwnShelf, app: str) -> Gate:
    return Gate("tiktok_shop", app, shelf, Clock(), lambda _: None)


def fail(each: Gate, store: str = "a store") -> None:
    with pytest.raises(MarketplaceDown), each.passing(store):
        raise MarketplaceDown


def test_a_breaker_opens_for_all_processes_on_the_fifth_failure(valkey: ValkeyServer) -> None:
    # given five that fail once each, for two stores
    several = [gate(ValkeyShelf(valkey.url), "one") for _ in range(FAILURES_TO_OPEN)]
    for number, each in enumerate(several):
        fail(each, f"store {number % 2}")

    # then none of them calls, nor does a new one, and another app is not held up
    for each in (*several, gate(ValkeyShelf(valkey.url), "one")):
        with pytest.raises(BreakerOpen), each.passing("another store"):
            pytest.fail("The call was made.")
    with gate(ValkeyShelf(valkey.url), "two").passing("a store"):
        pass


def test_of_changes_at_once_none_is_lost(valkey: ValkeyServer) -> None:
    def add(state: State) -> tuple[State, None]:
        return {"count": state.get("count", 0) + 1}, None

    def work(_number: int) -> None:
        shelf = ValkeyShelf(valkey.url)
        for _ in range(25):
            shelf.change("counted", add, keep_for=60)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))

    count = ValkeyShelf(valkey.url).change("counted", lambda s: (s, s["count"]), keep_for=60)
    assert count == 100


def test_without_valkey_each_process_goes_by_its_own_memory(tmp_path: Path) -> None:
    # given one that goes away
    with ValkeyServer(tmp_path / "valkey", durable=False) as server:
        shelf = ValkeyShelf(server.url)
    mine = gate(shelf, "three")

    # when
    for _ in range(FAILURES_TO_OPEN):
        fail(mine)

    # then
    with pytest.raises(BreakerOpen), mine.passing("a store"):
        pytest.fail("The call was made.")


def test_a_state_that_is_none_counts_as_empty(valkey: ValkeyServer) -> None:
    shelf = ValkeyShelf(valkey.url)
    for spoilt in ("no JSON", "[]", '{"failures": "many"}'):
        shelf._line.set("storewarden:gate:spoilt", spoilt)

        assert shelf.change("spoilt", lambda state: (state, dict(state)), keep_for=60) == {}


def test_an_address_that_is_none_gives_a_shelf_of_ones_own() -> None:
    assert isinstance(shelf_at("no address"), OwnShelf)
