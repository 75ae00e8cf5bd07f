"""Links by which stores' owners let the agency read them: made, mailed, followed, ended."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection as database
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from stores.models import Connection, Store
from stores.sandbox.app import Sandbox
from stores.selectors import consents as selectors
from stores.selectors.consents import STATES
from stores.services import consents
from tenants import scope
from tenants.models import Agency, ApiKey, ConsentLink, DueWork, Membership, OAuthState
from tenants.services.handoffs import digest
from tenants.trail.models import AuditEvent
from tests import factories
from tests.api.calls import Api, codes, make_api_key
from tests.stores import marketplace
from tests.stores.marketplace import NOW, OTHER_TH, QUIET_TH, Clock
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


def link_to(store: Store, by: Membership, at: datetime = NOW) -> str:
    """Return the token of a new link."""
    (made,) = consents.make_links(stores=[store], by=by, at=at)
    return made.token


def state_of(store: Store, at: datetime = NOW) -> str:
    return selectors.state_of(selectors.newest_links([store.pk])[store.pk], at=at)


# --- making --------------------------------------------------------------------------------------


def test_make_links_keeps_the_hash_of_a_long_token_and_ends_the_link_before(
    lead: Membership,
) -> None:
    # given
    store = factories.make_store(market="TH")
    before = link_to(store, lead)

    # when
    token = link_to(store, lead, NOW + timedelta(hours=1))

    # then
    assert len(token) == 43  # 256 bits
    assert before != token
    older, newer = ConsentLink.objects.order_by("sent_at")
    assert (older.state, older.ended_at) == ("revoked", NOW + timedelta(hours=1))
    assert (newer.state, newer.token_hash) == ("sent", digest(token))
    assert newer.expires_at == NOW + timedelta(days=14, hours=1)
    told = AuditEvent.objects.filter(object_id=store.pk).order_by("at")
    assert [event.action for event in told] == ["consent.made", "consent.made"]


@pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "kept by hand"])
def test_make_links_refuses_all_where_one_store_needs_none(
    lead: Membership, *, is_connected: bool
) -> None:
    # given
    other = factories.make_store(market="TH")
    if is_connected:
        store = factories.make_connection().store
    else:
        store = factories.make_store(marketplace="shopee", market="PH")

    # when
    with pytest.raises(consents.NotAskable):
        consents.make_links(stores=[other, store], by=lead, at=NOW)

    # then
    assert not ConsentLink.objects.exists()


def test_links_are_made_in_as_many_queries_for_one_store_as_for_three(lead: Membership) -> None:
    counts = []
    for number in (1, 3):
        stores = [factories.make_store(market="TH") for _ in range(number)]
        with CaptureQueriesContext(database) as queries:
            consents.make_links(stores=stores, by=lead, at=NOW)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- by mail -------------------------------------------------------------------------------------


def test_an_owner_of_two_stores_gets_one_mail_in_her_language(lead: Membership) -> None:
    # given
    stores = [factories.make_store(market="TH", name=f"Siam {n}") for n in range(2)]
    to = dict.fromkeys([store.pk for store in stores], consents.To("li@example.com", "zh-hans"))

    # when
    mails = consents.mail_links(stores=stores, to=to, by=lead, at=NOW)
    run_due(at=NOW, kind=consents.MAIL_KIND)

    # then
    assert mails == 1
    (sent,) = mail.outbox
    assert sent.to == ["li@example.com"]
    assert str(sent.subject).endswith("请求读取您的 2 家店铺")
    tokens = re.findall(r"/consent/([\w-]{43})/", str(sent.body))
    links = {link.store_id: link for link in ConsentLink.objects.all()}
    assert [digest(token) for token in tokens] == [links[s.pk].token_hash for s in stores]
    assert None not in {link.mailed_at for link in links.values()}


def test_a_mail_that_is_sent_again_carries_new_links(lead: Membership) -> None:
    # given
    store = factories.make_store(market="TH")
    to = {store.pk: consents.To("li@example.com", "en")}
    consents.mail_links(stores=[store], to=to, by=lead, at=NOW)
    run_due(at=NOW, kind=consents.MAIL_KIND)
    first = re.findall(r"/consent/([\w-]{43})/", str(mail.outbox[0].body))[0]

    # when
    DueWork.objects.filter(kind=consents.MAIL_KIND).update(done_at=None, due_at=NOW)
    run_due(at=NOW, kind=consents.MAIL_KIND)

    # then
    second = re.findall(r"/consent/([\w-]{43})/", str(mail.outbox[1].body))[0]
    with scope.public():
        assert selectors.link_by(first, at=NOW) is None
        assert selectors.link_by(second, at=NOW) is not None


def test_a_link_that_was_taken_back_is_not_mailed(lead: Membership) -> None:
    store = factories.make_store(market="TH")
    to = {store.pk: consents.To("li@example.com", "en")}
    consents.mail_links(stores=[store], to=to, by=lead, at=NOW)
    consents.revoke(stores=[store], by=lead, at=NOW)

    run_due(at=NOW, kind=consents.MAIL_KIND)

    assert mail.outbox == []
    assert DueWork.objects.get(kind=consents.MAIL_KIND).done_at is not None


def test_an_owner_is_not_written_to_twice_within_five_minutes(lead: Membership) -> None:
    store = factories.make_store(market="TH")
    to = {store.pk: consents.To("li@example.com", "en")}
    consents.mail_links(stores=[store], to=to, by=lead, at=NOW)

    with pytest.raises(consents.TooManyMails):
        consents.mail_links(stores=[store], to=to, by=lead, at=NOW + timedelta(minutes=4))

    consents.mail_links(stores=[store], to=to, by=lead, at=NOW + timedelta(minutes=5))
    assert ConsentLink.objects.count() == 2


def test_an_agency_mails_so_many_owners_a_day(lead: Membership) -> None:
    # given one mail less than may be sent, to owners of other stores
    ConsentLink.objects.bulk_create(
        ConsentLink(
            token_hash=digest(str(number)),
            agency_id=lead.agency_id,
            store_id=uuid4(),
            made_by=lead,
            mailing=uuid4(),
            language="en",
            sent_at=NOW,
            expires_at=NOW,
        )
        for number in range(consents.MOST_MAILS_A_DAY - 1)
    )
    stores = [factories.make_store(market="TH") for _ in range(2)]
    to = {store.pk: consents.To(f"{store.pk}@example.com", "en") for store in stores}

    # when
    with pytest.raises(consents.TooManyMails):
        consents.mail_links(stores=stores, to=to, by=lead, at=NOW + timedelta(hours=23))
    last = consents.mail_links(stores=stores[:1], to=to, by=lead, at=NOW + timedelta(hours=23))
    day_after = consents.mail_links(stores=stores, to=to, by=lead, at=NOW + timedelta(hours=24))

    # then
    assert (last, day_after) == (1, 2)


# --- the owner's page ----------------------------------------------------------------------------


def test_the_page_says_who_asks_for_what_and_tells_nothing_else(
    agency: Agency, lead: Membership, public_client: HttpClient
) -> None:
    # given
    client = factories.make_client(name="Secret Client")
    store = factories.make_store(market="TH", name="Siam Bloom", client=client)
    other = factories.make_store(market="TH", name="Another Store")
    token = link_to(store, lead, timezone.now())

    # when
    with scope.public():
        answer = public_client.get(f"/consent/{token}/")
        chinese = public_client.get(f"/consent/{token}/", headers={"accept-language": "zh-CN"})

    # then
    assert f"{agency.name} 请求读取 Siam Bloom" in chinese.content.decode()
    page = answer.content.decode()
    assert f"{agency.name} asks to read Siam Bloom" in page
    assert "TikTok Shop (Thailand)" in page
    assert "Names, addresses and telephone numbers of your buyers" in page
    assert "Go on to TikTok Shop" in page
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in answer.headers["Cache-Control"]
    for secret in (client.name, other.name, lead.user.email, str(lead.user), str(store.pk)):
        assert secret not in page


def test_a_link_is_opened_by_a_person_and_not_by_what_fetches_it(
    lead: Membership, public_client: HttpClient
) -> None:
    store = factories.make_store(market="TH")
    token = link_to(store, lead, timezone.now())

    with scope.public():
        public_client.get(f"/consent/{token}/")
    before = state_of(store, timezone.now())
    with scope.public():
        answer = public_client.post(f"/consent/{token}/seen/")

    assert (answer.status_code, before, state_of(store, timezone.now())) == (204, "sent", "opened")


def test_an_owner_refuses_and_says_why(lead: Membership, public_client: HttpClient) -> None:
    # given
    store = factories.make_store(market="TH")
    token = link_to(store, lead, timezone.now())

    # when
    with scope.public():
        answer = public_client.post(f"/consent/{token}/refuse/", {"reason": "We sell it."})
        page = public_client.get(answer.headers["location"]).content.decode()
        again = [
            public_client.post(f"/consent/{token}/{act}/", {"reason": "No."})
            for act in ("agree", "refuse")
        ]

    # then
    link = ConsentLink.objects.get()
    assert (link.state, link.reason, link.ended_at is not None) == ("refused", "We sell it.", True)
    assert "You have refused" in page
    for late in again:
        assert (late.status_code, "You have refused" in late.content.decode()) == (200, True)
    event = AuditEvent.objects.get(action="consent.refused")
    assert (event.member, event.via, event.object_id) == (None, "owner", store.pk)


@pytest.mark.parametrize("reason", ["x" * 501, "\x00"], ids=["too long", "no text"])
def test_a_reason_that_cannot_be_kept_is_refused_in_words(
    lead: Membership, public_client: HttpClient, reason: str
) -> None:
    store = factories.make_store(market="TH")
    token = link_to(store, lead, timezone.now())

    with scope.public():
        answer = public_client.post(f"/consent/{token}/refuse/", {"reason": reason})

    assert (answer.status_code, state_of(store, timezone.now())) == (422, "sent")


def _expire(link: ConsentLink) -> None:
    ConsentLink.objects.update(expires_at=timezone.now())


def _revoke(link: ConsentLink) -> None:
    by = link.made_by
    consents.revoke(stores=Store.objects.all(), by=by, at=timezone.now())


def _renew(link: ConsentLink) -> None:
    link_to(Store.objects.get(), link.made_by, timezone.now())


def _shut_out(link: ConsentLink) -> None:
    Membership.objects.filter(pk=link.made_by_id).update(is_active=False)


def _archive(link: ConsentLink) -> None:
    Store.objects.update(state="archived")


def _suspend(link: ConsentLink) -> None:
    with scope.public():
        Agency.objects.filter(pk=link.agency_id).update(state="suspended")


@pytest.mark.parametrize(
    "end", [_expire, _revoke, _renew, _shut_out, _archive, _suspend], ids=lambda end: end.__name__
)
def test_every_link_that_is_good_no_more_gets_the_same_answer_as_one_that_never_was(
    lead: Membership, public_client: HttpClient, end: Any
) -> None:
    # given
    store = factories.make_store(market="TH")
    token = link_to(store, lead, timezone.now())
    end(ConsentLink.objects.select_related("made_by").get())

    # when
    with scope.public():
        answers = [
            public_client.get(f"/consent/{token}/"),
            public_client.get(f"/consent/{'a' * 43}/"),
            public_client.get("/consent/short/"),
            *(public_client.post(f"/consent/{token}/{act}/") for act in ("agree", "refuse")),
            public_client.post(f"/consent/{token}/seen/"),
        ]

    # then
    assert {answer.status_code for answer in answers} == {404}
    assert {_told(answer) for answer in answers} == {_told(answers[1])}
    assert store.name not in answers[0].content.decode()
    assert not OAuthState.objects.exists()


def _told(answer: Any) -> str:
    found = re.search(r"<main.*</main>", answer.content.decode(), re.DOTALL)
    assert found
    return found[0]


def test_who_asks_too_often_is_told_to_wait(
    lead: Membership, public_client: HttpClient, settings: Settings
) -> None:
    settings.CONSENT_RATE = "2/10m"
    with scope.public():
        cache.clear()
        answers = [public_client.get(f"/consent/{'a' * 43}/") for _ in range(3)]
        cache.clear()

    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert answers[-1].headers["Retry-After"] == "600"


# --- connecting ----------------------------------------------------------------------------------


def go_out(public_client: HttpClient, token: str) -> str:
    """Return the pass with which the owner stands at the marketplace's page."""
    with scope.public():
        answer = public_client.post(f"/consent/{token}/agree/")
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]


def come_back(public_client: HttpClient, state: str, **query: str) -> Any:
    with scope.public():
        return public_client.get("/oauth/tiktok_shop/callback", {"state": state, **query})


def test_an_owner_who_is_no_member_connects_her_store(
    agency: Agency,
    app: Sandbox,
    clock: Clock,
    lead: Membership,
    public_client: HttpClient,
) -> None:
    # given
    clock.at = timezone.now()
    store = factories.make_store(market="TH", name="Lanna")
    token = link_to(store, lead, clock())

    # when
    state = go_out(public_client, token)
    back = come_back(public_client, state, code=marketplace.code_for(app, QUIET_TH, clock))
    with scope.public():
        waiting = public_client.get(f"/consent/{token}/").content.decode()
    marketplace.exchange(agency, app, clock)

    # then
    assert back.headers["location"] == f"/consent/{token}/"
    assert "Lanna is being connected" in waiting
    assert 'hx-trigger="every 4s"' in waiting
    connection = Connection.objects.get(store=store)
    assert (connection.state, connection.shop_id) == ("connected", QUIET_TH)
    link = ConsentLink.objects.get()
    assert (link.state, link.agreed_at is not None, link.ended_at) == ("connected", True, clock())
    with scope.public():
        page = public_client.get(f"/consent/{token}/").content.decode()
    assert "Lanna is connected" in page
    agreed = AuditEvent.objects.get(action="connection.agreed")
    assert (agreed.member, agreed.via) == (None, "owner")


def test_a_pass_counts_only_in_the_browser_that_took_it_out(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership, public_client: HttpClient
) -> None:
    # given somebody who is led to the marketplace without having seen the owner's page
    clock.at = timezone.now()
    store = factories.make_store(market="TH")
    state = go_out(public_client, link_to(store, lead, clock()))
    stranger = HttpClient(headers={"host": factories.PUBLIC_HOST})

    # when
    answer = come_back(stranger, state, code=marketplace.code_for(app, QUIET_TH, clock))

    # then
    assert answer.status_code == 400
    assert "Open the link that you were sent once more" in answer.content.decode()
    assert not Connection.objects.exists()
    assert not DueWork.objects.filter(kind="stores.exchange_code").exists()


def test_the_wrong_shop_is_refused_in_words_and_the_link_stays_good(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership, public_client: HttpClient
) -> None:
    # given a store whose shop ID is known
    clock.at = timezone.now()
    store = factories.make_store(market="TH", external_id=QUIET_TH)
    token = link_to(store, lead, clock())

    # when the owner signs in with another shop, then with the right one
    wrong = go_out(public_client, token)
    come_back(public_client, wrong, code=marketplace.code_for(app, OTHER_TH, clock))
    marketplace.exchange(agency, app, clock)
    with scope.public():
        page = public_client.get(f"/consent/{token}/").content.decode()
    right = go_out(public_client, token)
    come_back(public_client, right, code=marketplace.code_for(app, QUIET_TH, clock))
    marketplace.exchange(agency, app, clock)

    # then
    assert "has another shop than the one that is asked for" in page
    assert "Go on to TikTok Shop" in page
    assert state_of(store, clock()) == "connected"
    assert Connection.objects.get(store=store).shop_id == QUIET_TH


def test_who_does_not_agree_at_the_marketplace_may_try_again(
    agency: Agency, app: Sandbox, lead: Membership, public_client: HttpClient
) -> None:
    store = factories.make_store(market="TH")
    token = link_to(store, lead, timezone.now())

    come_back(public_client, go_out(public_client, token), error="access_denied")

    with scope.public():
        page = public_client.get(f"/consent/{token}/").content.decode()
    assert "You did not agree on the marketplace&#x27;s page." in page
    assert ConsentLink.objects.get().problem == "refused"


def test_where_we_have_no_app_at_the_marketplace_the_owner_is_told_so(
    lead: Membership, public_client: HttpClient
) -> None:
    store = factories.make_store(market="TH")
    token = link_to(store, lead, timezone.now())

    with scope.public():
        answer = public_client.post(f"/consent/{token}/agree/")

    assert answer.status_code == 409
    assert "This did not work. Try again later" in answer.content.decode()


def test_a_shop_that_is_live_in_another_agency_is_refused(
    agency: Agency,
    other_agency: Agency,
    app: Sandbox,
    clock: Clock,
    lead: Membership,
    public_client: HttpClient,
) -> None:
    # given
    clock.at = timezone.now()
    with scope.agency(other_agency):
        theirs = factories.make_store(market="TH", external_id=QUIET_TH)
        factories.make_connection(store=theirs)
    store = factories.make_store(market="TH")
    token = link_to(store, lead, clock())

    # when
    state = go_out(public_client, token)
    come_back(public_client, state, code=marketplace.code_for(app, QUIET_TH, clock))
    marketplace.exchange(agency, app, clock)

    # then
    with scope.public():
        page = public_client.get(f"/consent/{token}/").content.decode()
    assert "This shop is connected by somebody else already." in page
    assert other_agency.name not in page
    assert (ConsentLink.objects.get().state, Connection.objects.get().state) == (
        "opened",
        "refused",
    )


def test_a_member_who_connects_the_store_herself_ends_its_link(
    agency: Agency, app: Sandbox, clock: Clock, lead: Membership
) -> None:
    store = factories.make_store(market="TH")
    link_to(store, lead)

    marketplace.connect(agency, store, lead, app, clock, shop_id=QUIET_TH)

    assert state_of(store) == "connected"


# --- the agency's pages --------------------------------------------------------------------------


@pytest.fixture
def browser(lead: Membership) -> HttpClient:
    return factories.signed_in_client(lead)


def test_links_to_be_copied_are_shown_once(browser: HttpClient) -> None:
    # given
    stores = [factories.make_store(market="TH") for _ in range(2)]
    connected = factories.make_connection(store=factories.make_store(name="Done")).store
    picked = [str(store.pk) for store in [*stores, connected]]

    # when
    form = browser.post("/consents/new/", {"pick": picked}).content.decode()
    made = browser.post(
        "/consents/new/", {"pick": picked, "step": "make", "way": "copy"}
    ).content.decode()

    # then
    assert "1 store needs no link" in form
    tokens = set(re.findall(r"/consent/([\w-]{43})/", made))
    assert {digest(token) for token in tokens} == set(
        ConsentLink.objects.values_list("token_hash", flat=True)
    )
    assert len(tokens) == 2
    assert "/consent/" not in browser.get("/consents/").content.decode()


def test_links_are_mailed_to_the_clients_contacts(browser: HttpClient) -> None:
    # given a client with an address, and a store without
    client = factories.make_client()
    client.contact, client.language = "Owner@Client.example", "zh-hans"
    client.save()
    known = factories.make_store(market="TH", client=client)
    unknown = factories.make_store(market="TH", name="Nobody's")
    post = {"pick": [str(known.pk), str(unknown.pk)], "step": "make", "way": "mail"}

    # when
    refused = browser.post("/consents/new/", post)
    sent = browser.post("/consents/new/", {**post, "email": "else@example.com"})

    # then
    assert refused.status_code == 422
    assert "Nobody is known to write to for: Nobody&#x27;s" in refused.content.decode()
    assert sent.headers["location"] == "/consents/"
    links = ConsentLink.objects.order_by("email").values_list("email", "language", "store_id")
    assert list(links) == [
        ("else@example.com", "en", unknown.pk),
        ("owner@client.example", "zh-hans", known.pk),
    ]


def test_the_list_tells_each_stores_state_and_filters_by_it(
    browser: HttpClient, lead: Membership
) -> None:
    # given
    now = timezone.now()
    names = ("sent", "opened", "connected", "refused", "revoked", "expired")
    for name in names:
        store = factories.make_store(name=f"Store {name}", market="TH")
        link_to(store, lead, now - timedelta(days=2))
        changes: dict[str, Any] = {"state": name} if name != "expired" else {"expires_at": now}
        ConsentLink.objects.filter(store_id=store.pk).update(**changes)

    # when
    shown = {
        name: re.findall(
            r"Store (\w+)</a>", browser.get("/consents/", {"state": name}).content.decode()
        )
        for name in names
    }

    # then
    assert shown == {name: [name] for name in names}
    assert len(re.findall(r"Store \w+</a>", browser.get("/consents/").content.decode())) == 6


def test_links_are_taken_back(browser: HttpClient, lead: Membership) -> None:
    store = factories.make_store(market="TH")
    link_to(store, lead, timezone.now())

    browser.post("/consents/revoke/", {"pick": [str(store.pk)]})

    assert state_of(store, timezone.now()) == "revoked"
    assert AuditEvent.objects.filter(action="consent.revoked", object_id=store.pk).exists()


@pytest.mark.parametrize("path", ["/consents/", "/consents/new/"])
def test_who_may_not_connect_stores_sees_no_links(agency: Agency, path: str) -> None:
    specialist = factories.signed_in_client(factories.make_membership("specialist"))
    assert specialist.get(path).status_code == 403
    assert specialist.post("/consents/revoke/", {"pick": ["x"]}).status_code == 403


def test_a_lead_of_listed_stores_makes_links_for_these_alone(agency: Agency) -> None:
    # given
    lead = factories.make_membership("lead", all_stores=False)
    mine, hidden = factories.make_store(market="TH"), factories.make_store(market="TH")
    factories.make_access(lead, mine)
    browser = factories.signed_in_client(lead)

    # when
    browser.post(
        "/consents/new/",
        {"pick": [str(mine.pk), str(hidden.pk)], "step": "make", "way": "copy"},
    )

    # then
    assert [link.store_id for link in ConsentLink.objects.all()] == [mine.pk]


def test_another_agencys_stores_get_no_link_and_show_none(
    other_agency: Agency, browser: HttpClient
) -> None:
    # given
    with scope.agency(other_agency):
        theirs = factories.make_store(market="TH", name="Meridian's own")
        link_to(theirs, factories.make_membership("lead"), timezone.now())

    # when
    page = browser.get("/consents/").content.decode()
    browser.post("/consents/new/", {"pick": [str(theirs.pk)], "step": "make", "way": "copy"})
    browser.post("/consents/revoke/", {"pick": [str(theirs.pk)]})

    # then
    assert "Meridian" not in page
    with scope.agency(other_agency):
        assert ConsentLink.objects.get().state == "sent"


@pytest.mark.parametrize("rows", [(1, 3)])
def test_the_list_takes_as_many_queries_for_one_link_as_for_three(
    browser: HttpClient, lead: Membership, rows: tuple[int, int]
) -> None:
    counts = []
    browser.get("/consents/")
    for number in rows:
        for _ in range(number):
            link_to(factories.make_store(market="TH"), lead, timezone.now())
        with CaptureQueriesContext(database) as queries:
            browser.get("/consents/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "query",
    [{"client": "x"}, {"state": "zz"}, {"q": "\x00"}, {"page": "-1"}, {"page": "zz"}],
)
def test_no_question_breaks_the_list(browser: HttpClient, query: dict[str, str]) -> None:
    assert browser.get("/consents/", query).status_code in {200, 404}


@pytest.mark.parametrize("pick", [["x"], ["\x00"], [], ["00000000-0000-0000-0000-000000000000"]])
def test_no_choice_of_stores_breaks_making_links(browser: HttpClient, pick: list[str]) -> None:
    answer = browser.post("/consents/new/", {"pick": pick, "step": "make", "way": "copy"})
    assert "Pick stores that are not connected" in answer.content.decode()


# --- the API -------------------------------------------------------------------------------------


def key_of(member: Membership, agency: Agency, *scopes: str, **values: Any) -> Api:
    text = make_api_key(agency, *scopes, **values)
    with scope.public():
        ApiKey.objects.filter(agency=agency).update(made_by=member)
    return Api(text, agency)


def test_the_api_mails_links_tells_how_far_they_are_and_takes_them_back(
    agency: Agency, lead: Membership
) -> None:
    # given
    stores = [factories.make_store(market="TH", name=name) for name in "AB"]
    api = key_of(lead, agency)
    ids = [str(store.pk) for store in stores]

    # when
    status, made = api.post(
        "consent-links/", {"stores": ids, "email": "Li@Example.com", "language": "zh-hans"}
    )
    revoked = api.post(f"consent-links/{made[0]['id']}/revoke/", {})
    again = api.post(f"consent-links/{made[0]['id']}/revoke/", {})
    listed = api.get("consent-links/", state="sent")[1]["results"]
    of_store = api.get("consent-links/", store=ids[0])[1]["results"]

    # then
    assert (status, [row["store"] for row in made]) == (201, ids)
    assert made[0] == {
        "id": made[0]["id"],
        "store": ids[0],
        "state": "sent",
        "problem": "",
        "reason": "",
        "email": "li@example.com",
        "sent_at": made[0]["sent_at"],
        "mailed_at": None,
        "opened_at": None,
        "ended_at": None,
        "expires_at": made[0]["expires_at"],
    }
    assert (revoked[0], revoked[1]["state"], again[1]) == (200, "revoked", revoked[1])
    assert [row["store"] for row in listed] == ids[1:]
    assert [row["state"] for row in of_store] == ["revoked"]
    assert DueWork.objects.filter(kind=consents.MAIL_KIND).count() == 1
    told = AuditEvent.objects.filter(action="consent.mailed").values_list("member", "via")
    assert set(told) == {(lead.pk, "api")}


def test_the_api_tells_an_expired_link_from_one_that_waits(
    agency: Agency, lead: Membership
) -> None:
    store = factories.make_store(market="TH")
    link_to(store, lead, timezone.now() - timedelta(days=15))
    api = key_of(lead, agency)

    found = {state: len(api.get("consent-links/", state=state)[1]["results"]) for state in STATES}

    assert found == dict.fromkeys(STATES, 0) | {"expired": 1}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"stores": [], "email": "li@example.com"}, ("min_length", "stores")),
        ({"stores": ["x"], "email": "li@example.com"}, ("invalid", "stores.0")),
        ({"email": "li@example.com"}, ("required", "stores")),
        ({"stores": [str(uuid4())], "email": "li@example.com"}, ("invalid", "stores")),
        ({"stores": [str(uuid4())], "email": "no address"}, ("invalid", "email")),
    ],
    ids=["none", "no id", "unsaid", "unknown", "no address"],
)
def test_the_api_refuses_what_no_link_can_be_made_of(
    agency: Agency, lead: Membership, body: dict[str, Any], error: tuple[str, str]
) -> None:
    status, answer = key_of(lead, agency).post("consent-links/", body)
    assert (status, codes(answer)) == (400, [error])


def test_the_api_refuses_a_store_that_is_connected_or_out_of_the_keys_reach(
    agency: Agency, lead: Membership, other_agency: Agency
) -> None:
    # given
    connected, hidden = factories.make_connection().store, factories.make_store(market="TH")
    link_to(hidden, lead, timezone.now())
    link = ConsentLink.objects.get()
    with scope.agency(other_agency):
        theirs = factories.make_store(market="TH")
    api = key_of(lead, agency, store_ids=[connected.pk])

    def ask(store: Store) -> int:
        body = {"stores": [str(store.pk)], "email": "li@example.com"}
        return api.post("consent-links/", body)[0]

    # when, then
    assert (ask(connected), ask(hidden), ask(theirs)) == (409, 400, 400)
    assert api.get("consent-links/")[1]["results"] == []
    assert api.post(f"consent-links/{link.pk}/revoke/", {})[0] == 404
    assert state_of(hidden, timezone.now()) == "sent"


def test_a_key_that_no_member_made_asks_no_owner(agency: Agency) -> None:
    store = factories.make_store(market="TH")
    api = Api(make_api_key(agency), agency)
    body = {"stores": [str(store.pk)], "email": "li@example.com"}

    assert api.post("consent-links/", body)[0] == 403
    assert Api(make_api_key(agency, "read"), agency).post("consent-links/", body)[0] == 403
    assert not ConsentLink.objects.exists()


def test_the_api_takes_as_many_queries_for_one_link_as_for_three(
    agency: Agency, lead: Membership
) -> None:
    api = key_of(lead, agency)
    api.get("consent-links/")
    counts = []
    for number in (1, 2):
        for _ in range(number):
            link_to(factories.make_store(market="TH"), lead, timezone.now())
        with CaptureQueriesContext(database) as queries:
            api.get("consent-links/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
