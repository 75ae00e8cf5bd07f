from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries, Settings

from scoring.services import ledger, observations, rating
from stores.marketplaces.tiktok_shop.payloads import Tokens
from stores.models import (
    Alert,
    Client,
    Connection,
    Enforcement,
    Reading,
    Store,
    StoreAccess,
    StoreGroup,
    SubAccount,
    SyncCursor,
    SyncRun,
    Violation,
)
from stores.services import connections, violations
from tenants import scope
from tenants.models import Agency, DueWork, Membership, OAuthState
from tenants.templatetags import ui
from tests import factories
from tests.stores import marketplace

ClientFor = Callable[[Membership], HttpClient]
LONG = "x" * 10_000


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership("lead")


@pytest.fixture
def browser(lead: Membership, client_for: ClientFor) -> HttpClient:
    return client_for(lead)


def make_violation(store: Store) -> Violation:
    now = datetime.now(UTC)
    return Violation.objects.create(
        store=store,
        rule="other",
        subject="Late dispatch",
        points=-4,
        reported_at=now,
        source="person",
        recorded_at=now,
    )


def test_the_stores_page_shows_what_stands_against_it(browser: HttpClient) -> None:
    # given
    store = factories.make_store(name="Lanna Living", market="TH")
    now = datetime.now(UTC)
    Enforcement.objects.create(
        store=store,
        kind="listing_limit",
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=2),
        source="person",
        recorded_at=now,
    )
    factories.make_reading(store, "overdue_orders", 14)
    factories.make_alert(store, detail={"value": "14", "limit": "0"})
    factories.make_sub_account(store, name="Old seat", two_step=False)

    # when
    page = browser.get(f"/stores/{store.pk}/").content.decode()

    # then
    for words in (
        "Lanna Living",
        "No new listings in force.",
        "Orders past dispatch: 14",
        "limit 0",
        "1 fresh, 21 unknown",
        "1 listed, 1 marked",
        "No two-step",
        "Not connected.",
    ):
        assert words in page


def test_the_stores_page_asks_the_same_number_of_queries_for_one_row_and_for_three(
    browser: HttpClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # given
    store = factories.make_store()

    def add(metric: str, code: str) -> None:
        factories.make_reading(store, metric)
        factories.make_alert(store, code, owner=factories.make_membership())
        factories.make_sub_account(store)

    add("overdue_orders", "reading.overdue_orders")
    browser.get(f"/stores/{store.pk}/")
    with CaptureQueriesContext(connection) as for_one:
        browser.get(f"/stores/{store.pk}/")
    add("balance", "reading.balance")
    add("days_inactive", "reading.days_inactive")

    # when, then
    with django_assert_num_queries(len(for_one)):
        browser.get(f"/stores/{store.pk}/")


def test_adding_a_store_leads_to_its_page(browser: HttpClient) -> None:
    answer = browser.post(
        "/stores/new/",
        {"name": "Lanna", "marketplace": "tiktok_shop", "market": "TH", "seller_type": "local"},
    )

    store = Store.objects.get()
    assert answer.headers["location"] == f"/stores/{store.pk}/"
    assert (store.name, store.time_zone) == ("Lanna", "Asia/Bangkok")


GOOD_STORE = {"name": "N", "marketplace": "tiktok_shop", "market": "TH", "seller_type": "local"}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": LONG},
        {"name": "a\x00b"},
        {"market": "XX"},
        {"market": ["TH", "US"], "name": ""},
        {"marketplace": "ebay"},
        {"seller_type": "no"},
        {"time_zone": "../../etc/passwd"},
        {"external_id": LONG},
        {"client": "no uuid"},
        {"client": "01a1b2c3-0000-7000-8000-000000000000"},
        {"groups": ["no uuid", "\x00"]},
        {"owner": "01a1b2c3-0000-7000-8000-000000000000"},
        {"owner": "\x00"},
    ],
    ids=str,
)
def test_bad_input_for_a_store_is_told_in_the_form(
    browser: HttpClient, changes: dict[str, object]
) -> None:
    answer = browser.post("/stores/new/", GOOD_STORE | changes)

    assert answer.status_code == 200
    assert b"field__errors" in answer.content
    assert not Store.objects.exists()


def test_editing_keeps_what_was_typed_when_it_is_refused(browser: HttpClient) -> None:
    factories.make_store(external_id="77")
    store = factories.make_store()

    answer = browser.post(
        f"/stores/{store.pk}/edit/", GOOD_STORE | {"name": "Typed", "external_id": "77"}
    )

    assert b"Another store of this agency has this shop ID." in answer.content
    assert b'value="Typed"' in answer.content
    store.refresh_from_db()
    assert store.external_id == ""


def test_archiving_takes_a_store_off_the_fleet(browser: HttpClient) -> None:
    store = factories.make_store()

    browser.post(f"/stores/{store.pk}/archive/")

    assert Store.objects.get().state == "archived"
    assert browser.get(f"/stores/{store.pk}/").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/stores/{}/",
        "/stores/{}/edit/",
        "/stores/{}/connect/",
        "/stores/{}/connect/shop/",
        "/stores/{}/progress/",
        "/stores/{}/readings/new/",
        "/stores/{}/sub-accounts/",
        "/stores/{}/sub-accounts/new/",
        "/stores/{}/sub-accounts/paste/",
        "/alerts/?store={}",
    ],
)
def test_a_store_out_of_reach_is_not_found(
    agency: Agency, other_agency: Agency, client_for: ClientFor, path: str
) -> None:
    # given a member who may all but does not reach the store, a store of another agency, and none
    scoped = factories.make_membership("lead", all_stores=False)
    hidden = factories.make_store()
    with scope.agency(other_agency):
        foreign = factories.make_store()
    browser = client_for(scoped)

    # when
    codes = [
        browser.get(path.format(pk)).status_code
        for pk in (hidden.pk, foreign.pk, uuid4(), "1", "no-uuid")
    ]

    # then: the alerts of an unreachable store are an empty list, unless it is no name of one
    if path.startswith("/alerts"):
        assert codes == [200, 200, 200, 404, 404]
    else:
        assert codes == [404] * 5


@pytest.mark.parametrize(
    "path",
    [
        "/stores/new/",
        "/stores/{}/edit/",
        "/stores/{}/connect/",
        "/stores/{}/readings/new/",
        "/stores/{}/sub-accounts/paste/",
        "/clients/",
        "/clients/new/",
        "/groups/new/",
    ],
)
def test_an_auditor_only_reads(agency: Agency, client_for: ClientFor, path: str) -> None:
    store = factories.make_store()
    auditor = client_for(factories.make_membership("auditor"))

    assert auditor.get(path.format(store.pk)).status_code == 403
    page = auditor.get(f"/stores/{store.pk}/").content.decode()
    for act in ("/edit/", "/connect/", "/readings/new/", "Archive"):
        assert act not in page


def test_a_client_does_not_see_notices_or_the_history_of_others(
    agency: Agency, client_for: ClientFor
) -> None:
    store = factories.make_store()
    client = factories.make_membership("client")
    factories.make_access(client, store)

    page = client_for(client).get(f"/stores/{store.pk}/").content.decode()

    assert 'id="notices"' not in page
    assert client_for(client).get(f"/stores/{store.pk}/sub-accounts/").status_code == 403


def test_recording_a_reading_takes_the_stores_own_time(browser: HttpClient) -> None:
    store = factories.make_store(market="TH")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).replace(second=0, microsecond=0)
    typed = (yesterday + timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M")

    browser.post(
        f"/stores/{store.pk}/readings/new/",
        {"metric": "balance", "value": "-12.50", "measured_at": typed},
    )

    reading = Reading.objects.get()
    assert (reading.measured_at, reading.source) == (yesterday, "person")
    assert f"{reading.value:.2f}" == "-12.50"


@pytest.mark.parametrize(
    "values",
    [
        {"metric": "sunshine", "value": "1"},
        {"metric": "balance", "value": "NaN"},
        {"metric": "balance", "value": "1e999999"},
        {"metric": "balance", "value": LONG},
        {"metric": "response_rate", "value": "101"},
        {"metric": "balance", "value": "1", "measured_at": "0001-01-01T00:00"},
        {"metric": "balance", "value": "1", "measured_at": "9999-12-31T23:59"},
        {"metric": "balance", "value": "1", "measured_at": "soon"},
        {"metric": "balance", "value": "1", "note": LONG},
        {"metric": "balance\x00", "value": "\x00"},
    ],
    ids=str,
)
def test_a_bad_reading_is_told_in_the_form(browser: HttpClient, values: dict[str, str]) -> None:
    store = factories.make_store(market="US")

    answer = browser.post(f"/stores/{store.pk}/readings/new/", values)

    assert answer.status_code == 200
    assert b"tone--bad" in answer.content or b"field__errors" in answer.content
    assert not Reading.objects.exists()


def test_connecting_from_the_browser(
    browser: HttpClient, lead: Membership, public_client: HttpClient, settings: Settings
) -> None:
    # given
    settings.TIKTOK_SHOP = marketplace.APP
    store = factories.make_store(market="TH")
    assert b"as the shop's main account" in browser.get(f"/stores/{store.pk}/connect/").content

    # when
    away = browser.post(f"/stores/{store.pk}/connect/").headers["location"]
    state = parse_qs(urlsplit(away).query)["state"][0]
    back = public_client.get("/oauth/tiktok_shop/callback", {"code": "abc", "state": state})
    again = public_client.get("/oauth/tiktok_shop/callback", {"code": "abc", "state": state})

    # then
    assert away.startswith("http://sandbox.test/open/authorize?service_id=service&state=")
    assert back.headers["location"] == f"http://harbour.localhost:8000/stores/{store.pk}/"
    assert again.status_code == 400
    assert b"The store was not connected" in again.content
    sealed = OAuthState.objects.get().code
    assert sealed.startswith("v1:")
    assert DueWork.objects.filter(kind="stores.exchange_code").count() == 1
    page = browser.get(f"/stores/{store.pk}/").content.decode()
    assert f'hx-get="/stores/{store.pk}/progress/?of=connecting"' in page


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"state": "forged", "code": "c"},
        {"state": LONG, "code": "c"},
        {"state": "\x00\ud7ff", "code": "\x00"},
        {"code": LONG, "state": "s"},
    ],
    ids=["nothing", "forged", "long state", "no text", "long code"],
)
def test_a_way_back_that_is_not_ours_is_refused_in_words(
    agency: Agency, public_client: HttpClient, query: dict[str, str]
) -> None:
    with scope.public():
        answer = public_client.get("/oauth/tiktok_shop/callback", query)
        other = public_client.get("/oauth/ebay/callback", query)

    assert (answer.status_code, other.status_code) == (400, 404)


def test_a_code_for_nothing_leaves_no_trace_in_the_page(
    browser: HttpClient, public_client: HttpClient, settings: Settings
) -> None:
    # given a seller who refuses
    settings.TIKTOK_SHOP = marketplace.APP
    store = factories.make_store(market="TH")
    away = browser.post(f"/stores/{store.pk}/connect/").headers["location"]
    state = parse_qs(urlsplit(away).query)["state"][0]

    # when
    public_client.get("/oauth/tiktok_shop/callback", {"error": "access_denied", "state": state})

    # then
    page = browser.get(f"/stores/{store.pk}/").content.decode()
    assert "The connection was refused on the marketplace&#x27;s page." in page
    assert "Connect again" in page


def test_a_marketplace_without_a_client_is_kept_by_hand(browser: HttpClient) -> None:
    store = factories.make_store(marketplace="shopee", market="PH")

    page = browser.get(f"/stores/{store.pk}/connect/").content.decode()
    browser.post(f"/stores/{store.pk}/connect/")

    assert "Shopee cannot be connected yet." in page
    assert not OAuthState.objects.exists()


def test_progress_polls_until_the_first_sync_is_done(browser: HttpClient) -> None:
    # given
    connection = factories.make_connection()
    SyncRun.objects.create(
        store=connection.store,
        data="orders",
        state="running",
        is_first=True,
        started_at=datetime.now(UTC),
        expected=400,
        fetched=100,
    )
    path = f"/stores/{connection.store_id}/progress/"

    # when
    running = browser.get(path)
    SyncCursor.objects.create(store=connection.store, data="orders", fresh_at=datetime.now(UTC))
    done = browser.get(path)

    # then
    assert b"100 of 400" in running.content
    assert b'hx-trigger="every 2s"' in running.content
    assert done.headers["HX-Refresh"] == "true"


def test_sync_now_asks_for_it_once(browser: HttpClient) -> None:
    connection, lonely = factories.make_connection(), factories.make_store()

    for _ in range(2):
        browser.post(f"/stores/{connection.store_id}/sync/")
    browser.post(f"/stores/{lonely.pk}/sync/")

    assert list(DueWork.objects.filter(kind="stores.sync").values_list("subject", flat=True)) == [
        str(connection.store_id)
    ]


@pytest.mark.parametrize(
    ("role", "may"), [("lead", True), ("specialist", True), ("auditor", False), ("client", False)]
)
def test_sync_now_is_for_those_who_work_with_the_store(
    agency: Agency, client_for: ClientFor, role: str, *, may: bool
) -> None:
    # given a connected store that every one of them sees
    member = factories.make_membership(role)
    held = factories.make_connection()
    store = held.store_id
    factories.make_access(member, held.store)
    SyncCursor.objects.create(store=held.store, data="orders", fresh_at=datetime.now(UTC))
    client = client_for(member)

    # when
    page = client.get(f"/stores/{store}/").content.decode()
    asked = client.post(f"/stores/{store}/sync/")

    # then
    assert ("Sync now" in page, asked.status_code) == ((True, 302) if may else (False, 403))
    assert DueWork.objects.filter(kind="stores.sync").exists() is may


def test_disconnecting_forgets_the_tokens(browser: HttpClient) -> None:
    connection = factories.make_connection()

    browser.post(f"/stores/{connection.store_id}/disconnect/")

    connection.refresh_from_db()
    assert (connection.state, connection.access_token) == ("disconnected", "")
    page = " ".join(
        strip_tags(browser.get(f"/stores/{connection.store_id}/").content.decode()).split()
    )
    assert "State Disconnected" in page
    assert "the seller can withdraw it in the seller centre" in page


def test_the_connect_page_of_a_connected_store_says_to_which_shop(browser: HttpClient) -> None:
    connected, fresh = factories.make_connection(shop_name="Bloom"), factories.make_store()

    pages = [
        browser.get(f"/stores/{pk}/connect/").content.decode()
        for pk in (connected.store_id, fresh.pk)
    ]

    assert ["is connected since" in page for page in pages] == [True, False]
    assert f"the shop Bloom ({connected.shop_id})" in pages[0]


def test_a_store_that_is_inactive_is_given_the_advice_before_any_other_way_out(
    browser: HttpClient,
) -> None:
    held = factories.make_connection(state="revoked", problem="inactive")

    page = browser.get(f"/stores/{held.store_id}/").content.decode()

    head, _title, panel = page.partition('id="connection"')
    assert "make the store active again" in head
    assert [f"/stores/{held.store_id}/connect/" in part for part in (head, panel)] == [False, True]


def test_signs_that_show_nothing_are_no_part_of_a_name(browser: HttpClient) -> None:
    values = {"marketplace": "tiktok_shop", "market": "TH", "seller_type": "local"}

    browser.post("/stores/new/", values | {"name": "\u202eFern\u200bwood\u2066 "})
    refused = browser.post("/stores/new/", values | {"name": "\u200b\u202e"})

    assert list(Store.objects.values_list("name", flat=True)) == ["Fernwood"]
    assert "This field is required." in refused.content.decode()


def test_choosing_a_shop_shows_the_offers(
    browser: HttpClient, lead: Membership, agency: Agency
) -> None:
    # given
    made = factories.make_connection(state=Connection.State.CHOOSING)
    offers = [connections.Offer("1", "Lanna", "TH", "LOCAL", "c")]
    tokens = Tokens("a", datetime.now(UTC), "r", datetime.now(UTC), "", "", "", ("scope",))
    connections._write_offer(made, tokens, offers)

    # when
    page = browser.get(f"/stores/{made.store_id}/connect/shop/").content.decode()
    refused = browser.post(f"/stores/{made.store_id}/connect/shop/", {"shop": "2"}, follow=True)

    # then
    assert "Lanna" in page
    assert b"This shop is no longer offered." in refused.content


def test_pasting_seats_shows_first_and_writes_then(browser: HttpClient) -> None:
    # given
    store = factories.make_store(market="TH")
    factories.make_sub_account(store, name="Gone")
    factories.make_sub_account(store, name="An", email="an@example.com", two_step=False)
    path = f"/stores/{store.pk}/sub-accounts/paste/"
    text = (
        "Name\tE-mail\tRole\tPermissions\tTwo-step\tLast sign-in\r\n"
        "An\tAN@example.com\tCustomer service\tOrders | Messages / Finance\t"
        "yes\t2026-11-01 09:00\r\n"
        "\r\n"
        "Bo\t\tWarehouse\torders\tno\t\r\n"
    )

    # when
    preview = browser.post(path, {"rows": text, "is_whole": "on", "step": "look"})

    # then
    assert b"2 rows, all readable." in preview.content
    assert set(SubAccount.objects.values_list("name", flat=True)) == {"Gone", "An"}

    # and when
    browser.post(path, {"rows": text, "is_whole": "on", "step": "save"})

    # then
    seats = SubAccount.objects.order_by("name").values_list(
        "name", "email", "platform_role", "permissions", "two_step", "last_sign_in_at"
    )
    assert list(seats) == [
        (
            "An",
            "an@example.com",
            "customer_service",
            ["orders", "messages", "finance"],
            True,
            datetime(2026, 11, 1, 2, tzinfo=UTC),
        ),
        ("Bo", "", "warehouse", ["orders"], False, None),
    ]
    page = browser.get(f"/stores/{store.pk}/sub-accounts/").content.decode()
    assert "Too wide: Finance" in page


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (",x@example.com", "The name is missing."),
        ("An,no mail", "The e-mail address is not one."),
        ("An,,,,perhaps", "Two-step says neither yes nor no."),
        ("An,,,,,soon", "The last sign-in is no clear date"),
        ("An,,,,,03/04/2026", "The last sign-in is no clear date"),
        ("An,,,,,,more", "There are more cells than columns."),
        ("An\nAn", "This seat is listed twice."),
        ("x" * 121, "The name is too long."),
        (",,Manager", "The name is missing."),
        ("\u200b,x@example.com", "The name is missing."),
        ("\u200b\u2060,", "The name is missing."),
        ("---,x@example.com", "The name is missing."),
        ("An,,,,,2999-01-01 10:00", "The last sign-in"),
        ("An,,,,,2099-01-01 10:00", "The last sign-in cannot lie in the future."),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_written(
    browser: HttpClient, line: str, error: str
) -> None:
    store = factories.make_store()

    answer = browser.post(
        f"/stores/{store.pk}/sub-accounts/paste/", {"rows": f"Good,\n{line}", "step": "save"}
    )

    assert error in answer.content.decode()
    assert not SubAccount.objects.exists()


def _paste(browser: HttpClient, store: Store, rows: str, **more: str) -> str:
    answer = browser.post(f"/stores/{store.pk}/sub-accounts/paste/", {"rows": rows, **more})
    return " ".join(strip_tags(answer.content.decode()).split())


def _told(store: Store) -> list[tuple[object, ...]]:
    return list(
        SubAccount.objects.filter(store=store)
        .order_by("name")
        .values_list("name", "email", "platform_role", "permissions", "two_step", "last_sign_in_at")
    )


def test_pasting_changes_only_the_columns_that_were_pasted(browser: HttpClient) -> None:
    # given two seats of which everything is known
    store = factories.make_store(market="TH")
    seen = datetime(2026, 11, 1, 2, tzinfo=UTC)
    facts = {"platform_role": "manager", "permissions": ["orders"], "last_sign_in_at": seen}
    factories.make_sub_account(store, name="An", email="an@example.com", **facts)
    factories.make_sub_account(store, name="Bo", email="bo@example.com", **facts)
    factories.make_sub_account(store, name="Gone", email="gone@example.com")
    rows = "Name,E-mail\nAn,an@example.com\nBoris,bo@example.com\nCy,cy@example.com"

    # when
    preview = _paste(browser, store, rows, is_whole="on", step="look")
    _paste(browser, store, rows, is_whole="on", step="save")

    # then the preview said just what was done
    for said in (
        "an@example.com Stays as it is",
        "bo@example.com Name Bo → Boris",
        "cy@example.com Added",
        "gone@example.com Removed: the list does not name it",
    ):
        assert said in preview
    kept = ("manager", ["orders"], True, seen)
    assert _told(store) == [
        ("An", "an@example.com", *kept),
        ("Boris", "bo@example.com", *kept),
        ("Cy", "cy@example.com", "", [], None, None),
    ]


def test_a_pasted_column_shows_old_and_new_in_words(browser: HttpClient) -> None:
    store = factories.make_store(market="TH")
    factories.make_sub_account(
        store, name="An", email="an@example.com", platform_role="manager", permissions=["orders"]
    )

    preview = _paste(
        browser,
        store,
        'Name;Platform role;Rights;2FA;Colour\nAn;customer_service;"Orders, 消息";Off;red',
        step="look",
    )
    _paste(browser, store, "Name;Platform role;Rights\nAn;客服;Orders, messages", step="save")

    assert "Role Manager → Customer service" in preview
    assert "Permissions Orders → Orders, Messages" in preview
    assert "Two-step On → Off" in preview
    assert "Not taken: Colour." in preview
    assert _told(store) == [
        ("An", "an@example.com", "customer_service", ["orders", "messages"], True, None)
    ]


@pytest.mark.parametrize(
    ("headings", "cells", "expected"),
    [
        ("Account name,Role,Last login", "An,Viewer,2026-11-01 09:00", ("viewer", [], None, True)),
        (
            "姓名,平台角色,权限",
            "An,Viewer,Orders/Finance",
            ("viewer", ["orders", "finance"], None, False),
        ),
        (
            "子账号\t邮箱\t两步验证\t最后登录时间",
            "An\t\t已开启\t2026-11-01 09:00",
            ("", [], True, True),
        ),
        ("NAME, Two Factor Authentication ,access rights", "An,off,", ("", [], False, False)),
    ],
)
def test_natural_headings_are_known(
    browser: HttpClient, headings: str, cells: str, expected: tuple[object, ...]
) -> None:
    store = factories.make_store()

    _paste(browser, store, f"{headings}\n{cells}", step="save")

    seat = SubAccount.objects.get()
    told = (seat.platform_role, seat.permissions, seat.two_step, seat.last_sign_in_at is not None)
    assert (seat.name, *told) == ("An", *expected)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            "Name,Account name,Role\nAn,An,viewer",
            "Several columns say the same: Name, Account name.",
        ),
        ("E-mail,Role\nan@example.com,viewer", "No heading says which column holds the names."),
        ("Name,Role\nTwin,viewer", "Several seats have this name."),
    ],
)
def test_a_list_that_leaves_open_what_is_meant_is_refused(
    browser: HttpClient, rows: str, said: str
) -> None:
    store = factories.make_store()
    for number in (1, 2):
        factories.make_sub_account(store, name="Twin", email=f"twin{number}@example.com")
    before = _told(store)

    assert said in _paste(browser, store, rows, is_whole="on", step="save")
    assert _told(store) == before


def test_a_role_without_a_baseline_is_not_called_as_it_should_be(browser: HttpClient) -> None:
    store = factories.make_store()
    factories.make_sub_account(store, name="An", platform_role="Livestream host")
    factories.make_sub_account(store, name="Bo", platform_role="viewer")

    page = browser.get(f"/stores/{store.pk}/sub-accounts/").content.decode()

    assert (page.count("no baseline known for this role"), page.count("as it should be")) == (1, 1)


@pytest.mark.parametrize(
    "rows", ["", "\x00", "x" * 200_001, "a\n" * 501, '"' + "x" * 140_000, "Name,Role"]
)
def test_what_cannot_be_read_as_rows_is_told(browser: HttpClient, rows: str) -> None:
    store = factories.make_store()

    answer = browser.post(f"/stores/{store.pk}/sub-accounts/paste/", {"rows": rows, "step": "save"})

    assert answer.status_code == 200
    assert not SubAccount.objects.exists()


def test_a_seat_is_added_edited_and_taken_off(browser: HttpClient) -> None:
    # given
    store = factories.make_store(market="TH")
    path = f"/stores/{store.pk}/sub-accounts/"

    # when
    browser.post(f"{path}new/", {"name": "An", "two_step": "0", "permissions": ["orders"]})
    again = browser.post(f"{path}new/", {"name": "An"})
    seat = SubAccount.objects.get()
    browser.post(
        f"{path}{seat.pk}/",
        {"name": "An", "two_step": "", "last_sign_in_at": "2026-11-01T09:00"},
    )

    # then
    assert b"This store has a seat of this name and e-mail already." in again.content
    seat.refresh_from_db()
    assert (seat.two_step, seat.permissions) == (None, [])
    assert b'value="2026-11-01T09:00"' in browser.get(f"{path}{seat.pk}/").content

    # and when
    browser.post(f"{path}{seat.pk}/remove/")

    # then
    assert not SubAccount.objects.exists()


def test_a_seat_of_another_store_is_not_found(browser: HttpClient) -> None:
    seat = factories.make_sub_account(factories.make_store())
    other = factories.make_store()

    assert browser.get(f"/stores/{other.pk}/sub-accounts/{seat.pk}/").status_code == 404


def test_alerts_are_listed_worst_first_and_handled(browser: HttpClient, lead: Membership) -> None:
    # given
    store = factories.make_store()
    mild = factories.make_alert(store, "reading.days_inactive")
    grave = factories.make_alert(store, "reading.overdue_orders")
    asleep = factories.make_alert(
        store, "reading.balance", snoozed_until=datetime.now(UTC) + timedelta(days=1)
    )

    # when
    page = browser.get("/alerts/").content.decode()
    for act, alert in (("acknowledge", grave), ("resolve", mild), ("1d", grave), ("no", grave)):
        browser.post(f"/alerts/{alert.pk}/", {"act": act, "next": "/alerts/"})

    # then
    assert page.index("Orders past dispatch: 3") < page.index("No activity for 3 days")
    assert "The balance is" not in page
    states = dict(Alert.objects.values_list("pk", "state"))
    assert states == {mild.pk: "resolved", grave.pk: "acknowledged", asleep.pk: "open"}
    snoozed = browser.get("/alerts/?show=snoozed&page=banana").content.decode()
    assert "The balance is 3" in snoozed
    assert "Orders past dispatch: 3" in snoozed


def test_alerts_ask_the_same_number_of_queries_for_one_and_for_three(
    browser: HttpClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def add() -> None:
        factories.make_alert(factories.make_store(), owner=factories.make_membership())

    add()
    browser.get("/alerts/")
    with CaptureQueriesContext(connection) as for_one:
        browser.get("/alerts/")
    add()
    add()

    with django_assert_num_queries(len(for_one)):
        browser.get("/alerts/")


def test_an_alert_out_of_reach_is_not_handled(agency: Agency, client_for: ClientFor) -> None:
    alert = factories.make_alert(factories.make_store())
    scoped = factories.make_membership("specialist")

    answer = client_for(scoped).post(f"/alerts/{alert.pk}/", {"act": "resolve"})

    assert answer.status_code == 404
    assert Alert.objects.get().state == "open"


def test_clients_and_groups_are_kept(browser: HttpClient) -> None:
    # given
    browser.post("/clients/new/", {"name": "Lotus", "contact": "lo@example.com"})
    browser.post("/groups/new/", {"name": "Black Friday"})
    again = browser.post("/clients/new/", {"name": "Lotus"})
    client, group = Client.objects.get(), StoreGroup.objects.get()
    factories.make_store(client=client)

    # when
    page = browser.get("/clients/").content.decode()
    browser.post(f"/clients/{client.pk}/", {"name": "Lotus Home"})
    browser.post(f"/clients/{client.pk}/delete/")
    browser.post(f"/groups/{group.pk}/delete/")

    # then
    assert b"There is one of this name already." in again.content
    assert "Lotus" in page
    assert "1 store" in page
    assert Client.objects.get().name == "Lotus Home"
    assert not StoreGroup.objects.exists()


def test_access_is_shared_by_who_may_change_roles(agency: Agency, client_for: ClientFor) -> None:
    # given
    store, specialist = factories.make_store(), factories.make_membership("specialist")
    owner, lead = factories.make_membership("owner"), factories.make_membership("lead")
    path = f"/people/{specialist.pk}/stores/"

    # when
    client_for(owner).post(path, {"stores": [str(store.pk)]})

    # then
    assert StoreAccess.objects.get().store == store
    assert client_for(lead).get(path).status_code == 403
    assert client_for(owner).get(f"/people/{uuid4()}/stores/").status_code == 404
    assert client_for(owner).post(path, {"stores": ["\x00", "no"]}).status_code == 200


def test_what_the_marketplace_confirmed_is_not_said_of_what_was_given_back_since(
    browser: HttpClient,
) -> None:
    # given
    store = factories.make_store()
    now = datetime.now(UTC)
    shown = now - timedelta(hours=3)
    violation = factories.make_violation(
        store=store, points=-4, reported_at=now - timedelta(days=2)
    )
    ledger.keep_violation(violation=violation, at=now - timedelta(days=2), by=None)
    observations.record_platform_rating(
        store=store,
        value=196,
        measure="rating",
        observed_at=shown,
        source="person",
        at=shown,
        by=None,
    )
    confirmed = facts_of(browser, store)

    # when
    ledger.give_back(violation=violation, reason="granted", at=now, by=None)
    rating.rate(store=store, at=now)

    # then
    day = ui.short_day_in(shown, store.time_zone)
    granted = facts_of(browser, store)
    assert confirmed["Rating"] == (196, "confirmed by the marketplace")
    assert granted["Rating"] == (200, f"confirmed on {day} at 196; +4 since")
    assert granted["Marketplace shows"] == (196, "3 h ago")


def test_a_confirmation_by_points_deducted_says_so(browser: HttpClient) -> None:
    # given a store of which the marketplace shows the points that it took
    store = factories.make_store(market="SG")
    now = datetime.now(UTC)
    shown = now - timedelta(hours=3)
    violation = factories.make_violation(
        store=store, points=-4, reported_at=now - timedelta(days=2)
    )
    ledger.keep_violation(violation=violation, at=now - timedelta(days=2), by=None)
    observations.record_platform_rating(
        store=store,
        value=4,
        measure="points_deducted",
        observed_at=shown,
        source="person",
        at=shown,
        by=None,
    )

    # when
    ledger.give_back(violation=violation, reason="granted", at=now, by=None)
    rating.rate(store=store, at=now)

    # then
    day = ui.short_day_in(shown, store.time_zone)
    told = facts_of(browser, store)
    assert told["Rating"] == (200, f"confirmed on {day} at 4 points deducted; −4 since")
    assert told["Marketplace shows"] == (4, "points deducted, 3 h ago")


def test_drift_is_said_of_the_moment_that_it_belongs_to(browser: HttpClient) -> None:
    # given
    store = factories.make_store()
    now = datetime.now(UTC)
    for value, hours in ((200, 80), (184, 3)):
        at = now - timedelta(hours=hours)
        observations.record_platform_rating(
            store=store, value=value, measure="rating", observed_at=at, source="person", at=at,
            by=None,
        )  # fmt: skip
    apart = facts_of(browser, store)

    # when what was missed is recorded, as taken after the marketplace showed its figure
    violation = factories.make_violation(store=store, points=-16, reported_at=now)
    ledger.keep_violation(violation=violation, at=now, by=None)
    rating.rate(store=store, at=now)

    # then
    caught_up = facts_of(browser, store)
    assert apart["Marketplace shows"] == (184, "drift −16, 3 h ago")
    assert caught_up["Rating"] == (184, "computed from what we know")
    assert caught_up["Marketplace shows"] == (184, "drift −16 when seen 3 h ago, ours −16 since")


def facts_of(browser: HttpClient, store: Store) -> dict[str, tuple[Any, str]]:
    """Return the figures at the head of the store's page, each with the words under it."""
    facts = browser.get(f"/stores/{store.pk}/").context["facts"]
    return {
        fact["label"]: (fact.get("hero", fact["value"]), fact.get("note", "")) for fact in facts
    }


def test_in_force_tells_what_a_milestone_lets_us_expect_until_somebody_has_confirmed_it(
    browser: HttpClient,
) -> None:
    # given a rating that fell through the milestone of 150 yesterday
    store = factories.make_store(market="US")
    now = datetime.now(UTC)
    fell_at = now - timedelta(days=1)
    violation = factories.make_violation(store=store, points=-61, reported_at=fell_at)
    ledger.keep_violation(violation=violation, at=fell_at, by=None)
    rating.rate(store=store, at=now)
    last_day = ui.day_in(fell_at + timedelta(days=7), store.time_zone)

    def shown() -> tuple[tuple[Any, str], bool, bool]:
        fleet = browser.get("/").content.decode()
        return (
            facts_of(browser, store)["In force"],
            "Restriction expected" in fleet,
            "Restriction in force" in fleet,
        )

    expected = shown()

    # when the marketplace limits the listings, and then lifts that
    limit = violations.record_enforcement(
        store=store, kind="listing_limit", starts_at=fell_at, source="person", at=now, by=None
    )
    recorded = shown()
    violations.end_enforcement(enforcement=limit, ends_at=now, at=now, by=None)
    lifted = shown()

    # then
    assert expected == (
        (
            f"Expected: No new listings until {last_day}",
            "and No enrolment in mega campaigns; nobody has confirmed it",
        ),
        True,
        False,
    )
    assert recorded == (("No new listings", "until lifted"), False, True)
    assert lifted[0] == (
        f"Expected: No enrolment in mega campaigns until {last_day}",
        "a milestone was passed; nobody has confirmed it",
    )
