"""A store's pages answer whatever its market's rulebook lacks: a start, bands, all of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from scoring import books
from scoring.services import figures, ledger, observations
from stores.models import Store
from tenants.models import Agency, Membership
from tests.api.calls import Api, make_api_key
from tests.factories import make_membership, make_store, make_violation

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
STORES = [
    pytest.param("shopee", "PH", "local", id="shopee-ph"),
    pytest.param("shopee", "VN", "local", id="shopee-vn"),
    pytest.param("lazada", "SG", "cross_border", id="lazada-sg"),
    pytest.param("tiktok_shop", "DE", "local", id="no-rulebook"),
    pytest.param("tiktok_shop", "GB", "local", id="tiktok-gb"),
    pytest.param("tiktok_shop", "SG", "local", id="tiktok-sg"),
]
PAGES = [
    "/stores/{pk}/",
    "/stores/{pk}/?at={day}T10:00",
    "/stores/{pk}/what-if/",
    "/stores/{pk}/drift/",
    "/roll-offs/",
    "/roll-offs/?store={pk}",
    "/changes/",
    "/drift/",
]
CALLS = ["rating", "explanation", "waterfall", "forecast", "drift"]
ClientFor = Callable[[Membership], Client]


@pytest.mark.parametrize(("marketplace", "market", "seller_type"), STORES)
@pytest.mark.parametrize("is_filled", [False, True], ids=["empty", "with rows"])
def test_pages_answer_for_every_market(
    agency: Agency,
    client_for: ClientFor,
    marketplace: str,
    market: str,
    seller_type: str,
    *,
    is_filled: bool,
) -> None:
    store = make_store(marketplace=marketplace, market=market, seller_type=seller_type)
    if is_filled:
        fill(store)
    client = client_for(make_membership())
    day = f"{NOW - 2 * DAY:%Y-%m-%d}"

    told = {page: client.get(page.format(pk=store.pk, day=day)).status_code for page in PAGES}

    assert told == dict.fromkeys(PAGES, 200)
    api = Api(make_api_key(agency), agency)
    calls = {call: api.get(f"stores/{store.pk}/{call}/")[0] for call in CALLS}
    assert calls == dict.fromkeys(CALLS, 200)


def fill(store: Store) -> None:
    """Give a store a deduction, one still pending, its marketplace's number, and all figures."""
    for book in books.library_for(store).books:
        if book.third_party:
            figures.switch(book=book, figures=book.third_party, is_on=True, at=NOW, by=None)
    violation = make_violation(store=store, points=-3, reported_at=NOW - 5 * DAY)
    ledger.keep_violation(violation=violation, at=NOW - 5 * DAY, by=None)
    make_violation(store=store, state="pending", points=-3, reported_at=NOW - DAY)
    observations.record_platform_rating(
        store=store, value=4, measure="points_deducted", observed_at=NOW - DAY, source="person",
        at=NOW - DAY, by=None,
    )  # fmt: skip


def test_a_market_without_a_rulebook_is_said_to_be_so(
    agency: Agency, client_for: ClientFor
) -> None:
    store = make_store(market="DE")

    page = client_for(make_membership()).get(f"/stores/{store.pk}/").content.decode()

    assert "No rulebook covers this store" in page
