"""Renewals that are interrupted: refresh tokens serve once, so nothing may be lost.

Workers that race and are killed are in tests/faults.
"""

from datetime import timedelta

import httpx
import pytest
from pytest_django import Settings

from stores.marketplaces.core import MarketplaceDown, RateLimited
from stores.marketplaces.tiktok_shop.client import Client
from stores.models import Alert, Connection, Store
from stores.sandbox.app import Sandbox
from stores.services import tokens
from tenants import scope
from tenants.models import Agency, DueWork
from tests import factories
from tests.stores import marketplace
from tests.stores.marketplace import NOW, QUIET_TH, Clock
from tests.work import run_due


class Killed(BaseException):
    """What a worker that is ended feels: nothing catches it."""


class Dying(httpx.BaseTransport):
    """Lets the marketplace answer, and ends the worker, or the line, before it is read."""

    def __init__(self, app: Sandbox, end: BaseException) -> None:
        self._way, self._end = httpx.WSGITransport(app=app), end

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._way.handle_request(request).read()
        raise self._end


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Sandbox:
    settings.TIKTOK_SHOP = marketplace.APP
    return marketplace.sandbox(clock)


@pytest.fixture
def store(agency: Agency, app: Sandbox, clock: Clock) -> Store:
    store = factories.make_store(market="TH")
    lead = factories.make_membership("lead")
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)
    return store


def renew(agency: Agency, store: Store, client: Client, clock: Clock) -> tokens.Access | None:
    with scope.public():
        return tokens.access_for(
            agency=agency, store_id=store.pk, client=client, at=clock(), renew=True
        )


def dying(app: Sandbox, clock: Clock, end: BaseException) -> Client:
    return marketplace.client(app, clock, transport=Dying(app, end))


def planned(store: Store) -> DueWork:
    return DueWork.objects.get(kind="stores.renew_tokens", subject=str(store.pk))


@pytest.mark.parametrize(
    ("end", "felt"), [(Killed(), Killed), (httpx.ReadTimeout("cut"), MarketplaceDown)]
)
def test_a_renewal_whose_answer_was_lost_is_noticed_within_a_minute(
    agency: Agency, app: Sandbox, clock: Clock, store: Store, end: BaseException, felt: type
) -> None:
    # given the marketplace has spent the refresh token, and nobody has kept the new one
    with pytest.raises(felt):
        renew(agency, store, dying(app, clock, end), clock)
    assert planned(store).due_at == NOW + timedelta(seconds=45)

    # when another worker looks after it
    clock.at = NOW + timedelta(seconds=45)
    access = renew(agency, store, marketplace.client(app, clock), clock)

    # then the store says what happened and what to do
    connection = Connection.objects.get()
    assert access is None
    assert (connection.state, connection.problem) == ("revoked", "renewal_lost")
    assert list(Alert.objects.values_list("code", "opened_at")) == [("connection.revoked", clock())]


def test_a_renewal_that_never_reached_the_marketplace_is_done_by_the_next_worker(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given
    marketplace.act(app, "outage", kind="503")
    with pytest.raises(MarketplaceDown):
        renew(agency, store, marketplace.client(app, clock), clock)
    marketplace.act(app, "outage", kind="")

    # when
    clock.at = NOW + timedelta(seconds=45)
    access = renew(agency, store, marketplace.client(app, clock), clock)

    # then
    assert access is not None
    assert Connection.objects.get().refresh_started_at is None
    assert planned(store).due_at == clock() + 0.7 * timedelta(days=7)
    assert not Alert.objects.exists()


def test_a_busy_marketplace_is_asked_for_tokens_again_when_it_says(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    busy = httpx.MockTransport(
        lambda _: httpx.Response(429, headers={"retry-after": "900"}, json={"code": 36009002})
    )

    with pytest.raises(RateLimited):
        renew(agency, store, marketplace.client(app, clock, transport=busy), clock)

    assert planned(store).due_at == NOW + timedelta(minutes=15)
    assert Connection.objects.get().refresh_started_at is None


def test_renewing_by_due_work_plans_the_next_one(
    agency: Agency, app: Sandbox, clock: Clock, store: Store
) -> None:
    # given
    clock.at = NOW + 0.7 * timedelta(days=7)

    # when
    with marketplace.in_use(app):
        done = run_due(at=clock(), kind="stores.renew_tokens", rounds=1)

    # then
    assert done == ["stores.renew_tokens"]
    expires_at = Connection.objects.get().access_expires_at
    assert expires_at == clock() + timedelta(days=7)
    work = planned(store)
    assert (work.done_at, work.claimed_until) == (None, None)
    assert work.due_at - clock() > 0.69 * timedelta(days=7)
