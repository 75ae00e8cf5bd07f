"""A shop with more products than one search may find is read part by part of the window."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from stores.models import Product, SyncCursor, SyncRun
from stores.sandbox import catalog
from stores.sandbox.shops import BY_ID
from stores.services import syncing
from stores.services.syncing.kinds import KINDS
from stores.services.syncing.windows import Part
from tenants import scope
from tenants.models import Agency
from tests import factories
from tests.stores import marketplace
from tests.stores.marketplace import NOW, QUIET_TH, Clock

START = datetime(2016, 11, 20, tzinfo=UTC)


def products_found(
    agency: Agency, *, most: int, hold_for: float = 300.0
) -> tuple[set[str], SyncRun, int]:
    """Return what is known of a new store, and the run, after so many pieces of work."""
    clock = Clock()
    app = marketplace.sandbox(clock, most_products=most)
    store = factories.make_store(market="TH")
    lead = factories.make_membership("lead")
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)
    pieces = 0
    while not SyncCursor.objects.filter(store=store, fresh_at__isnull=False) and pieces < 99:
        pieces += 1
        work = marketplace.work_of("stores.sync", store.pk, clock())
        with scope.public():
            syncing.sync_store(
                agency=agency,
                work=work,
                client=marketplace.client(app, clock),
                only=(KINDS["products"],),
                hold_for=hold_for,
            )
        if SyncCursor.objects.exclude(problem="").filter(store=store):
            break
    known = Product.objects.filter(store=store).values_list("external_id", flat=True)
    return set(known), SyncRun.objects.get(store=store), pieces


@pytest.fixture(autouse=True)
def app_in_use(settings: Settings) -> None:
    settings.TIKTOK_SHOP = marketplace.APP


@pytest.mark.parametrize("hold_for", [300.0, -1.0], ids=["at once", "page by page"])
def test_a_shop_with_more_products_than_a_search_may_find_is_read_whole(
    agency: Agency, hold_for: float
) -> None:
    shop = BY_ID[QUIET_TH]
    whole = {catalog.product_id(shop, place) for place in range(len(catalog.GOODS))}

    found, run, pieces = products_found(agency, most=5, hold_for=hold_for)

    assert len(whole) > 5
    assert found == whole
    assert (run.state, run.fetched, run.expected) == ("done", len(whole), len(whole))
    assert (pieces > 1) == (hold_for < 0)


def test_a_second_with_too_many_products_is_an_error_and_no_endless_search(
    agency: Agency,
) -> None:
    found, run, _pieces = products_found(agency, most=0)

    assert found == set()
    assert (run.state, run.problem) == ("failed", "ours")


@given(
    st.lists(st.integers(0, 300_000_000), max_size=40, unique=True),
    st.integers(1, 5),
    st.integers(1, 3),
)
def test_parts_name_every_moment_of_the_window_once(
    moments: list[int], most: int, page: int
) -> None:
    """Whatever a search may find and a page may hold."""
    end = START + timedelta(seconds=300_000_001)
    rows = sorted(START + timedelta(seconds=each) for each in moments)
    told: list[datetime] = []
    text: str | None = None
    for _ in range(2_000):
        part = Part.read(text, START, end)
        inside = [row for row in rows if part.starts_at <= row < part.ends_at]
        while len(inside) > most:
            half = part.halved()
            assert half is not None
            part = half
            inside = [row for row in rows if part.starts_at <= row < part.ends_at]
        first = int(part.page_token or 0)
        told += inside[first : first + page]
        token = str(first + page) if first + page < len(inside) else None
        following = part.following(token, end)
        if following is None:
            break
        text = following.written()
    assert sorted(told) == rows


def test_a_token_of_before_parts_begins_the_window_anew() -> None:
    assert Part.read("b2Zmc2V0PTAK", START, NOW) == Part(START, NOW)
