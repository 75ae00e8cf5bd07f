import httpx
import pytest

from stores.marketplaces import registry
from stores.marketplaces.core import RequestRefused


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
