from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from stores import problems
from stores.marketplaces import registry
from stores.marketplaces.core import MarketplaceDown
from stores.models import Alert, Connection, Reading, Store, SyncRun
from stores.sandbox.app import Sandbox, make_app
from stores.sandbox.shops import BY_ID
from stores.services import connections, tokens
from stores.services import stores as store_services
from tenants import scope
from tenants.models import Agency, DueWork, Membership, OAuthState, StoreRoute
from tenants.trail.models import AuditEvent
from tests import factories
from tests.stores import marketplace
from tests.stores.marketplace import HARBOR_VN, NOW, OTHER_TH, QUIET_TH, Clock
from tests.work import run_due


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Sandbox:
    settings.TIKTOK_SHOP = marketplace.APP
    return marketplace.sandbox(clock)


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership("lead")


def test_begin_sends_us_stores_to_the_us_page(app: Sandbox, lead: Membership) -> None:
    # given
    american, thai = factories.make_store(market="US"), factories.make_store(market="TH")

    # when
    addresses = [connections.begin(store=store, by=lead, at=NOW) for store in (american, thai)]

    # then
    assert [address.split("&")[0] for address in addresses] == [
        "http://us.sandbox.test/open/authorize?service_id=service",
        "http://sandbox.test/open/authorize?service_id=service",
    ]


def test_begin_refuses_a_marketplace_without_a_client(app: Sandbox, lead: Membership) -> None:
    store = factories.make_store(marketplace="shopee", market="PH")

    with pytest.raises(connections.NotConnectable):
        connections.begin(store=store, by=lead, at=NOW)


def test_connecting_stores_sealed_tokens_and_asks_for_the_first_sync(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    # given
    store = factories.make_store(market="TH")

    # when
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)

    # then
    connection = Connection.objects.get(store=store)
    store.refresh_from_db()
    assert (connection.state, connection.shop_id, connection.problem, connection.offered) == (
        "connected",
        QUIET_TH,
        "",
        "",
    )
    assert store.external_id == QUIET_TH
    assert connection.access_token.startswith("v1:")
    assert tokens.unseal(connection, "shop_cipher").startswith("ROW_")
    assert StoreRoute.objects.get(external_id=QUIET_TH, is_live=True).store_id == store.pk
    due = dict(DueWork.objects.filter(subject=str(store.pk)).values_list("kind", "due_at"))
    assert due == {
        "stores.sync": NOW,
        "stores.ask_for_pushes": NOW,
        "stores.renew_tokens": NOW + 0.7 * timedelta(days=7),
    }
    assert not OAuthState.objects.exclude(code="").exists()


def test_a_pass_serves_once(agency: Agency, app: Sandbox, lead: Membership) -> None:
    # given
    store = factories.make_store(market="TH")
    token = marketplace.pass_in(connections.begin(store=store, by=lead, at=NOW))
    way: dict[str, Any] = {
        "marketplace": "tiktok_shop",
        "token": token,
        "user": lead.user,
        "at": NOW,
    }
    with scope.public():
        connections.come_back(**way, code="a code")

        # when, then
        with pytest.raises(connections.StateUnusable):
            connections.come_back(**way, code="another code")
    assert DueWork.objects.filter(kind="stores.exchange_code").count() == 1


@pytest.mark.parametrize(
    ("changes", "is_other"),
    [
        ({"at": NOW + timedelta(minutes=10)}, False),
        ({"marketplace": "lazada"}, False),
        ({"token": "forged"}, False),
        ({"token": "\ud800\x00"}, False),
        ({}, True),
    ],
    ids=["too late", "other marketplace", "forged", "no text", "another person"],
)
def test_come_back_refuses_a_pass_that_is_not_for_here(
    agency: Agency, app: Sandbox, lead: Membership, changes: dict[str, object], *, is_other: bool
) -> None:
    # given
    store = factories.make_store(market="TH")
    token = marketplace.pass_in(connections.begin(store=store, by=lead, at=NOW))
    user = factories.make_user() if is_other else lead.user
    way = {"marketplace": "tiktok_shop", "token": token, "code": "c", "user": user, "at": NOW}

    # when
    with scope.public(), pytest.raises(connections.StateUnusable):
        connections.come_back(**(way | changes))  # type: ignore[arg-type]

    # then
    assert not Connection.objects.filter(store=store).exists()
    assert not OAuthState.objects.exclude(used_at=None).exists()


def test_come_back_without_a_code_says_that_the_seller_refused(
    agency: Agency, app: Sandbox, lead: Membership
) -> None:
    # given
    store = factories.make_store(market="TH")
    token = marketplace.pass_in(connections.begin(store=store, by=lead, at=NOW))

    # when
    with scope.public():
        back = connections.come_back(
            marketplace="tiktok_shop", token=token, code="", user=None, at=NOW
        )

    # then
    connection = Connection.objects.get(store=store)
    assert back.agreed is False
    assert (connection.state, connection.problem) == ("refused", "refused")
    assert not DueWork.objects.filter(kind="stores.exchange_code").exists()


def test_a_code_that_was_spent_is_said_so(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    # given
    store = factories.make_store(market="TH")
    token = marketplace.pass_in(connections.begin(store=store, by=lead, at=NOW))
    with scope.public():
        connections.come_back(
            marketplace="tiktok_shop", token=token, code="spent", user=lead.user, at=NOW
        )

    # when
    marketplace.exchange(agency, app, clock)

    # then
    connection = Connection.objects.get(store=store)
    assert (connection.state, connection.problem) == ("refused", "code_spent")
    assert DueWork.objects.get(kind="stores.exchange_code").done_at == NOW


def test_exchange_takes_up_where_it_stood_after_an_outage_between_its_two_calls(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    # given a code that was exchanged, and an outage before the shops were told
    store = factories.make_store(market="TH")
    token = marketplace.pass_in(connections.begin(store=store, by=lead, at=NOW))
    code = marketplace.code_for(app, QUIET_TH, clock)
    with scope.public():
        connections.come_back(
            marketplace="tiktok_shop", token=token, code=code, user=lead.user, at=NOW
        )
    marketplace.act(app, "rate-limit", calls=3, retry_after=1)
    with pytest.raises(Exception, match="fewer calls"):
        marketplace.exchange(agency, app, clock)
    assert Connection.objects.get(store=store).problem == "down"

    # when
    marketplace.exchange(agency, app, clock)

    # then
    assert Connection.objects.get(store=store).state == "connected"


def test_exchange_raises_while_the_marketplace_is_down(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    store = factories.make_store(market="TH")
    marketplace.act(app, "outage", kind="503")

    with pytest.raises(MarketplaceDown):
        marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)


def test_a_sellers_shop_of_the_stores_own_market_is_taken(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    # given a seller with a shop in each of three markets
    store = factories.make_store(market="VN")

    # when
    marketplace.connect(agency, store, lead, app, clock, shop_id=HARBOR_VN)

    # then
    store.refresh_from_db()
    assert (store.external_id, store.seller_type) == (HARBOR_VN, "cross_border")
    told = AuditEvent.objects.get(action="store.taken_over")
    assert (told.member, told.changes) == (lead, {"seller_type": ["local", "cross_border"]})

    # and nobody types another while it is connected
    with pytest.raises(store_services.StoreConnected):
        store_services.edit_store(store=store, values={"seller_type": "local"}, by=lead, at=NOW)


@pytest.mark.parametrize(
    ("market", "external_id", "problem"),
    [("US", "", "other_market"), ("TH", OTHER_TH, "other_shop")],
)
def test_a_shop_that_does_not_fit_is_refused(
    agency: Agency,
    app: Sandbox,
    clock: Clock,
    lead: Membership,
    market: str,
    external_id: str,
    problem: str,
) -> None:
    # given
    store = factories.make_store(market=market, external_id=external_id)

    # when
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)

    # then
    connection = Connection.objects.get(store=store)
    assert (connection.state, connection.problem) == ("refused", problem)
    assert (connection.access_token, connection.offered) == ("", "")
    assert not StoreRoute.objects.exists()
    assert "can withdraw it" in str(problems.text(problem))
    assert AuditEvent.objects.get(action="connection.not_made").changes == {"problem": problem}


def test_a_shop_live_in_another_agency_is_refused_until_it_is_let_go_there(
    agency: Agency, other_agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    # given
    with scope.agency(other_agency):
        theirs = factories.make_store(market="TH")
        their_lead = factories.make_membership("lead", agency=other_agency)
        marketplace.connect(other_agency, theirs, their_lead, app, clock, shop_id=QUIET_TH)
    store = factories.make_store(market="TH")

    # when
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)

    # then
    connection = Connection.objects.get(store=store)
    assert (connection.state, connection.problem) == ("refused", "store_elsewhere")
    told = AuditEvent.objects.get(action="connection.not_made")
    assert (told.member, told.changes) == (lead, {"problem": "store_elsewhere"})

    # and when it is disconnected there
    with scope.agency(other_agency):
        connections.disconnect(store=theirs, by=their_lead, at=NOW)
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)

    # then
    connection.refresh_from_db()
    assert connection.state == "connected"


def test_two_stores_of_one_agency_cannot_share_a_shop(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    # given
    first, second = factories.make_store(market="TH"), factories.make_store(market="TH")
    marketplace.connect(agency, first, lead, app, clock, shop_id=QUIET_TH)

    # when
    marketplace.connect(agency, second, lead, app, clock, shop_id=QUIET_TH)

    # then
    assert Connection.objects.get(store=second).problem == "same_shop_here"


def test_reconnecting_with_the_wrong_seller_leaves_a_live_connection_alone(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    # given
    store = factories.make_store(market="TH")
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)
    before = Connection.objects.get(store=store).access_token

    # when
    marketplace.connect(agency, store, lead, app, clock, shop_id=OTHER_TH)

    # then
    after = Connection.objects.get(store=store)
    assert (after.state, after.problem, after.access_token) == ("connected", "other_shop", before)


def test_choose_shop_connects_one_of_several(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    # given a choice between two shops, kept sealed
    store = factories.make_store(market="TH")
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)
    connection = Connection.objects.get(store=store)
    connections.disconnect(store=store, by=lead, at=NOW)
    held = marketplace.client(app, clock).exchange_code(marketplace.code_for(app, QUIET_TH, clock))
    connection.refresh_from_db()
    offers = [
        connections.Offer(QUIET_TH, "Lanna Living", "TH", "LOCAL", "cipher one"),
        connections.Offer(OTHER_TH, "Siam Bloom", "TH", "LOCAL", "cipher two"),
    ]
    connection.state = Connection.State.CHOOSING
    connection.save()
    connections._write_offer(connection, held, offers)

    # when
    with pytest.raises(connections.ShopNotOffered):
        connections.choose_shop(store=store, shop_id=HARBOR_VN, by=lead, at=NOW)
    assert [offer.name for offer in connections.offers_of(store)] == ["Lanna Living", "Siam Bloom"]
    connections.choose_shop(store=store, shop_id=OTHER_TH, by=lead, at=NOW)

    # then
    connection.refresh_from_db()
    assert (connection.state, connection.shop_id) == ("connected", OTHER_TH)
    assert connections.offers_of(store) == []


def test_renewing_stores_both_new_tokens(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    # given
    store = factories.make_store(market="TH")
    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)
    old = Connection.objects.get(store=store)
    clock.at = NOW + timedelta(days=5)
    way: dict[str, Any] = {
        "agency": agency,
        "store_id": store.pk,
        "client": marketplace.client(app, clock),
    }

    # when renewed twice: the first new refresh token must have been kept
    with scope.public():
        tokens.access_for(**way, at=clock(), renew=True)
        access = tokens.access_for(**way, at=clock(), renew=True)

    # then
    new = Connection.objects.get(store=store)
    assert tokens.unseal(new, "refresh_token") != tokens.unseal(old, "refresh_token")
    assert new.access_expires_at == clock() + timedelta(days=7)
    assert new.refresh_started_at is None
    assert access is not None
    assert access.token == tokens.unseal(new, "access_token")


def test_a_renewal_under_way_is_not_begun_twice(agency: Agency, app: Sandbox, clock: Clock) -> None:
    # given
    connection = factories.make_connection(at=NOW, refresh_started_at=NOW - timedelta(seconds=44))

    # when, then
    with scope.public(), pytest.raises(tokens.RenewalUnderWay):
        tokens.access_for(
            agency=agency,
            store_id=connection.store_id,
            client=marketplace.client(app, clock),
            at=NOW,
            renew=True,
        )


def test_a_refused_renewal_ends_the_connection_and_raises_an_alert(
    agency: Agency, app: Sandbox, clock: Clock
) -> None:
    # given tokens that the marketplace does not know
    connection = factories.make_connection(at=NOW)

    # when
    with scope.public():
        access = tokens.access_for(
            agency=agency,
            store_id=connection.store_id,
            client=marketplace.client(app, clock),
            at=NOW,
            renew=True,
        )

    # then
    connection.refresh_from_db()
    assert access is None
    assert (connection.state, connection.access_token) == ("revoked", "")
    assert not StoreRoute.objects.filter(is_live=True).exists()
    assert list(Alert.objects.values_list("code", "state")) == [("connection.revoked", "open")]


def test_archived_stores_are_not_connected(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    # given a store archived while its seller was on the consent page
    store = factories.make_store(market="TH")
    token = marketplace.pass_in(connections.begin(store=store, by=lead, at=NOW))
    Store.objects.filter(pk=store.pk).update(state=Store.State.ARCHIVED)

    # when, then
    with scope.public(), pytest.raises(connections.StateUnusable):
        connections.come_back(
            marketplace="tiktok_shop", token=token, code="c", user=lead.user, at=NOW
        )


def test_due_work_alone_carries_a_store_from_agreement_to_readings(
    agency: Agency, settings: Settings, lead: Membership
) -> None:
    # given the sandbox at the real time, as the worker's own client tells it
    settings.TIKTOK_SHOP = marketplace.APP
    app = make_app("tests", has_demo_codes=False)
    now = datetime.now(UTC)
    store = factories.make_store(market="TH")
    token = marketplace.pass_in(connections.begin(store=store, by=lead, at=now))
    code = app.state.issue_code(BY_ID[QUIET_TH], int(now.timestamp()))
    with scope.public():
        connections.come_back(
            marketplace="tiktok_shop", token=token, code=code, user=lead.user, at=now
        )

    # when
    with registry.transport_in_use(httpx.WSGITransport(app=app)):
        done = run_due()

    # then
    assert sorted(kind for kind in done if kind.startswith("stores.")) == [
        "stores.ask_for_pushes",
        "stores.exchange_code",
        "stores.sync",
    ]
    assert Connection.objects.get().pushes_at is not None
    assert SyncRun.objects.get(data="orders").state == "done"
    assert Reading.objects.filter(store=store, metric="overdue_orders").exists()
    assert DueWork.objects.get(kind="stores.sync").done_at is None
