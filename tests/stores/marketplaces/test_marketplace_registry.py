import httpx
import pytest

from stores.marketplaces import registry
from stores.marketplaces.core import BreakerOpen, MarketplaceDown, RequestRefused
from stores.marketplaces.gates import OwnShelf, Shelf


def test_client_for_takes_the_transport_in_use() -> None:
    gone = httpx.MockTransport(lambda _: httpx.Response(404, text="no"))

    with registry.transport_in_use(gone), pytest.raises(RequestRefused):
        registry.client_for("tiktok_shop").shops("a token")


@pytest.mark.parametrize("marketplace", ["shopee", "lazada", "amazon", ""])
def test_client_for_refuses_a_marketplace_without_a_client(marketplace: str) -> None:
    with pytest.raises(registry.NoClient):
        registry.client_for(marketplace)


def test_tiktok_shop_tells_nothing_of_ratings_violations_and_balances() -> None:
    tiktok_shop = registry.MARKETPLACES["tiktok_shop"]

    told = {
        what: tiktok_shop.can_tell(what) for what in ("orders", "rating", "violations", "balance")
    }

    assert told == {"orders": True, "rating": False, "violations": False, "balance": False}


TOLD = {
    "orders",
    "packages",
    "cancellations",
    "returns",
    "products",
    "stock",
    "statements",
    "payments",
    "withdrawals",
    "unsettled",
    "conversations",
    "service_performance",
    "shop_performance",
}


def test_tiktok_shop_tells_payments_but_in_south_east_asia() -> None:
    tiktok_shop = registry.MARKETPLACES["tiktok_shop"]

    told = {
        market: {what for what in TOLD if tiktok_shop.can_tell(what, market)}
        for market in ("US", "GB", "VN", "ID", None)
    }

    assert told == {
        "US": TOLD,
        "GB": TOLD,
        "VN": TOLD - {"payments"},
        "ID": TOLD - {"payments"},
        None: TOLD,
    }


def _call(shelf: Shelf | None = None) -> type[Exception]:
    with pytest.raises(MarketplaceDown) as refusal:
        registry.client_for("tiktok_shop", shelf=shelf, sleep=lambda _: None).shops("a token")
    return type(refusal.value)


def test_clients_of_one_process_share_a_breaker_until_the_transport_changes() -> None:
    down = httpx.MockTransport(lambda _: httpx.Response(503))

    with registry.transport_in_use(down):
        assert [_call(), _call(), _call()] == [MarketplaceDown, BreakerOpen, BreakerOpen]
        assert _call(OwnShelf()) is MarketplaceDown
    with registry.transport_in_use(down):
        assert _call() is MarketplaceDown
