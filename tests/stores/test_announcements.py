"""Announcements of all stores in one list: grouped, read or unread by each member, searched."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stores.access import news_for
from stores.mailin.topics import topic_of
from stores.models import Notice, NoticeRead, Store
from stores.selectors import announcements as selectors
from stores.services import announcements as services
from stores.services import mail_routes
from tenants import scope
from tenants.models import Agency, ApiKey, Membership
from tests import factories
from tests.api.calls import Api, codes, make_api_key
from tests.stores import posts
from tests.stores.mailin import mails


@pytest.fixture
def lead(agency: Agency) -> Membership:
    return factories.make_membership("lead")


@pytest.fixture
def browser(lead: Membership) -> HttpClient:
    return factories.signed_in_client(lead)


def make_news(store: Store | None, *, topic: str = "", **changes: Any) -> Notice:
    return factories.make_notice(store=store, kind="news", topic=topic, **changes)


def titles(page: str) -> list[str]:
    return re.findall(r"data-open>([^<]+)</a>", page)


# --- what is one announcement --------------------------------------------------------------------

_TEXT = """Dear {name},

From 1 December 2026 late dispatch counts twice. Read more at https://seller.example/{token}.
Shop ID: {code}

TikTok Shop, sent to {token}@shops.example
"""


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Policy update", _TEXT),
        ("[{name}] Policy update", _TEXT),
        ("Policy update", _TEXT.replace("Dear", "尊敬的")),
        ("Policy update", _TEXT.replace("\n", "\n\n  ")),
    ],
    ids=["greeting", "subject", "Chinese", "blank lines"],
)
def test_the_same_words_to_two_stores_are_one_topic(subject: str, text: str) -> None:
    told = [
        topic_of(
            subject.format(name=name),
            text.format(name=name, code=code, token=token),
            names=[name, code],
        )
        for name, code, token in (
            ("Siam Bloom", "7495000000000000301", "a8f3"),
            ("Lanna Living", "7495000000000000303", "77xx"),
        )
    ]
    assert told[0] == told[1]
    assert re.fullmatch(r"[0-9a-f]{64}", told[0])


def test_other_words_are_another_topic() -> None:
    first = topic_of("Policy update", "Late dispatch counts twice.", names=[])
    others = [
        topic_of("Policy update", "Late dispatch counts once.", names=[]),
        topic_of("Announcement", "Late dispatch counts twice.", names=[]),
    ]
    assert first not in others


def test_the_same_mail_to_two_stores_is_one_line(
    agency: Agency, lead: Membership, settings: Any, tmp_path: Path
) -> None:
    # given a forwarder that passes the same announcement on for each of two stores
    posts.publish_keys(settings, tmp_path)
    owner = factories.make_membership("owner")
    mail_routes.add_forwarder(address=posts.FORWARDER, by=owner, at=posts.SENT)
    stores = [factories.make_store(name=name) for name in ("Siam Bloom", "Lanna Living")]
    for store in stores:
        text = _TEXT.format(name=store.name, code="", token=store.pk)
        posts.post(posts.forwarded(mails.plain(text, subject="Policy update")), store)

    # when
    news = news_for(lead)
    (row,) = selectors.announcements(news, reader=lead.pk)

    # then
    assert Notice.objects.filter(kind="news").count() == 2
    concerned = selectors.concerned_by(news, [row])[row.key]
    assert [each.name for each in concerned] == ["Lanna Living", "Siam Bloom"]


# --- the list ------------------------------------------------------------------------------------


def test_the_list_shows_each_announcement_once_with_its_stores(browser: HttpClient) -> None:
    # given
    now = timezone.now()
    stores = [factories.make_store(name=f"Store {letter}") for letter in "ABCDE"]
    for hours, store in enumerate(stores):
        make_news(store, topic="t1", subject="Late", received_at=now - timedelta(hours=hours))
    make_news(stores[0], subject="Alone", received_at=now - timedelta(days=1))
    make_news(None, subject="To the agency", received_at=now - timedelta(days=2))
    factories.make_notice(store=stores[0], kind="violation", subject="No news")
    make_news(stores[0], subject="Phishing", trust="suspicious")

    # when
    page = browser.get("/announcements/").content.decode()

    # then
    assert titles(page) == ["Late", "Alone", "To the agency"]
    assert re.findall(r">(Store \w)</a>", page) == ["Store A", "Store B", "Store C", "Store A"]
    assert "and 2 more" in page
    assert "no store named" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "late"}, ["Late dispatch"]),
        ({"q": "shopee.example"}, ["Shopee news"]),
        ({"q": "late nothing"}, []),
        ({"q": "sealed words"}, []),
        ({"marketplace": "shopee"}, ["Shopee news"]),
        ({"market": "TH"}, ["Late dispatch"]),
        ({"market": "XX", "marketplace": "ebay"}, ["Late dispatch", "Shopee news"]),
        ({"show": "unread"}, ["Late dispatch"]),
    ],
    ids=str,
)
def test_the_list_is_searched_and_filtered(
    browser: HttpClient, lead: Membership, query: dict[str, str], found: list[str]
) -> None:
    # given
    now = timezone.now()
    thai = factories.make_store(market="TH")
    shopee = factories.make_store(marketplace="shopee", market="PH")
    make_news(thai, subject="Late dispatch", text="sealed words", received_at=now)
    read = make_news(
        shopee,
        subject="Shopee news",
        sender="news@shopee.example",
        received_at=now - timedelta(hours=1),
    )
    services.mark_read(keys=[str(read.pk)], by=lead, at=now)

    # when, then
    assert titles(browser.get("/announcements/", query).content.decode()) == found


def test_the_list_goes_on_page_by_page(browser: HttpClient) -> None:
    now = timezone.now()
    store = factories.make_store()
    for number in range(51):
        make_news(store, subject=f"N{number}", received_at=now - timedelta(hours=number))

    first = browser.get("/announcements/").content.decode()
    older = re.search(r'href="/announcements/\?(after=[^"]+)"', first)
    assert older
    second = browser.get(f"/announcements/?{older[1].replace('&amp;', '&')}").content.decode()

    assert titles(first) == [f"N{number}" for number in range(50)]
    assert titles(second) == ["N50"]


def test_an_agency_without_news_is_told_how_they_come(browser: HttpClient) -> None:
    page = browser.get("/announcements/").content.decode()
    assert "No announcement has arrived" in page
    assert "No announcement matches" in browser.get("/announcements/?q=x").content.decode()


@pytest.mark.parametrize(
    "query",
    [{"after": "x"}, {"q": "\x00"}, {"q": "x" * 5000}, {"market": "\x00"}, {"show": "zz"}],
)
def test_no_question_breaks_the_list(browser: HttpClient, query: dict[str, str]) -> None:
    assert browser.get("/announcements/", query).status_code in {200, 404}


def test_the_list_takes_as_many_queries_for_one_row_as_for_three(browser: HttpClient) -> None:
    counts = []
    for number in (1, 2):
        for _ in range(number):
            topic = str(timezone.now())
            for store in (factories.make_store(), factories.make_store()):
                make_news(store, topic=topic)
        browser.get("/announcements/")
        with CaptureQueriesContext(database) as queries:
            browser.get("/announcements/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- who sees what -------------------------------------------------------------------------------


def test_a_client_sees_the_news_of_her_stores_alone(agency: Agency, other_agency: Agency) -> None:
    # given
    client = factories.make_membership("client")
    hers, hidden = factories.make_store(name="Hers"), factories.make_store(name="Hidden")
    factories.make_access(client, hers)
    now = timezone.now()
    make_news(hidden, topic="t1", subject="Newest elsewhere", received_at=now)
    shown = make_news(hers, topic="t1", subject="Late", received_at=now - timedelta(hours=1))
    foreign = make_news(hidden, subject="Not hers")
    passed_on = make_news(hers, subject="Fwd: mind this client", trust="unverified")
    make_news(None, subject="To the agency")
    with scope.agency(other_agency):
        make_news(factories.make_store(), subject="Meridian's own")
    browser = factories.signed_in_client(client)

    # when
    page = browser.get("/announcements/").content.decode()
    one = browser.get(f"/announcements/{shown.pk}/").content.decode()

    # then
    assert titles(page) == ["Late"]
    assert "Hidden" not in page + one
    assert f"/notices/{shown.pk}/" not in one
    assert browser.get(f"/announcements/{foreign.pk}/").status_code == 404
    assert browser.get(f"/announcements/{passed_on.pk}/").status_code == 404
    assert browser.post(f"/announcements/{foreign.pk}/seen/").status_code == 404


def test_an_announcement_says_its_words_and_leads_to_the_stores_and_notices(
    browser: HttpClient,
) -> None:
    # given
    stores = [factories.make_store(name=f"Store {letter}") for letter in "AB"]
    notices = [
        make_news(store, topic="t1", text="It counts <b>twice</b>.", trust="unverified")
        for store in stores
    ]

    # when
    page = browser.get(f"/announcements/{notices[0].pk}/").content.decode()

    # then
    assert "It counts &lt;b&gt;twice&lt;/b&gt;." in page
    assert "2 stores concerned" in page
    assert "Nothing proves that the marketplace itself sent this." in page
    for store, notice in zip(stores, notices, strict=True):
        assert f'href="/stores/{store.pk}/"' in page
        assert f'href="/notices/{notice.pk}/"' in page


def test_what_is_no_announcement_has_no_such_page(browser: HttpClient) -> None:
    store = factories.make_store()
    for notice in (
        factories.make_notice(store=store, kind="violation"),
        make_news(store, trust="suspicious"),
    ):
        assert browser.get(f"/announcements/{notice.pk}/").status_code == 404
    assert browser.get("/announcements/x/").status_code == 404


# --- read and unread -----------------------------------------------------------------------------


def badge(page: str) -> str:
    found = re.search(r'data-rail="news"[^>]*>(\d+)<', page)
    return found[1] if found else ""


def test_reading_is_each_members_own_and_holds_at_all_stores(
    browser: HttpClient, lead: Membership
) -> None:
    # given
    notices = [make_news(factories.make_store(), topic="t1") for _ in range(2)]
    make_news(factories.make_store())
    other = factories.signed_in_client(factories.make_membership("lead"))

    # when
    before = badge(browser.get("/announcements/").content.decode())
    browser.post(f"/announcements/{notices[0].pk}/seen/")
    again = browser.post(f"/announcements/{notices[1].pk}/seen/")

    # then
    assert (before, badge(browser.get("/announcements/").content.decode())) == ("2", "1")
    assert badge(other.get("/announcements/").content.decode()) == "2"
    assert again.status_code == 302
    assert NoticeRead.objects.get().member == lead

    # and taken back
    browser.post(f"/announcements/{notices[0].pk}/seen/", {"unread": "1"})
    assert badge(browser.get("/announcements/").content.decode()) == "2"


def test_the_page_of_an_announcement_notes_that_it_is_read(browser: HttpClient) -> None:
    notice = make_news(factories.make_store())
    path = f"/announcements/{notice.pk}/"

    first = browser.get(path).content.decode()
    answer = browser.post(f"{path}seen/", headers={"hx-request": "true"})
    second = browser.get(path).content.decode()

    assert f'hx-post="{path}seen/"' in first
    assert answer.status_code == 204
    assert f'hx-post="{path}seen/"' not in second


def test_ticked_or_all_are_marked_as_read(browser: HttpClient, lead: Membership) -> None:
    # given
    thai, other = factories.make_store(market="TH"), factories.make_store(market="VN")
    ticked, left = make_news(thai), make_news(thai)
    filtered_out = make_news(other)

    # when
    browser.post("/announcements/read/", {"pick": [str(ticked.pk)]})
    after_one = set(NoticeRead.objects.values_list("topic", flat=True))
    back = browser.post(
        "/announcements/read/", {"all": "1", "market": "TH", "next": "/announcements/?market=TH"}
    )

    # then
    assert after_one == {str(ticked.pk)}
    assert set(NoticeRead.objects.values_list("topic", flat=True)) == {
        str(ticked.pk),
        str(left.pk),
    }
    assert back.headers["location"] == "/announcements/?market=TH"
    assert str(filtered_out.pk) in selectors.unread_keys(news_for(lead), reader=lead.pk)


def test_old_news_are_not_counted_in_the_navigation(browser: HttpClient) -> None:
    store = factories.make_store()
    make_news(store, received_at=timezone.now() - timedelta(days=31))
    make_news(store, received_at=timezone.now() - timedelta(days=29))

    page = browser.get("/announcements/").content.decode()

    assert (badge(page), len(titles(page))) == ("1", 2)


@pytest.mark.parametrize("pick", [["x"], ["\x00"], []])
def test_no_choice_breaks_marking(browser: HttpClient, pick: list[str]) -> None:
    answer = browser.post("/announcements/read/", {"pick": pick, "next": "//evil.example/"})
    assert answer.status_code in {302, 404}
    assert answer.headers.get("location", "/announcements/") == "/announcements/"


def test_what_is_marked_of_anothers_stores_counts_for_nothing(
    browser: HttpClient, other_agency: Agency
) -> None:
    with scope.agency(other_agency):
        theirs = make_news(factories.make_store())
    browser.post("/announcements/read/", {"pick": [str(theirs.pk)]})
    assert not NoticeRead.objects.exists()


# --- the API -------------------------------------------------------------------------------------


def key_of(member: Membership, agency: Agency, *scopes: str, **values: Any) -> Api:
    text = make_api_key(agency, *scopes, **values)
    with scope.public():
        ApiKey.objects.filter(agency=agency).update(made_by=member)
    return Api(text, agency)


def test_the_api_lists_announcements_and_marks_them_read(agency: Agency, lead: Membership) -> None:
    # given
    stores = sorted((factories.make_store(name=n) for n in "AB"), key=lambda s: s.name)
    now = timezone.now()
    for hours, store in enumerate(stores):
        make_news(store, topic="t1", subject="Late", received_at=now - timedelta(hours=hours))
    api = key_of(lead, agency)

    # when
    (row,) = api.get("announcements/")[1]["results"]
    marked = api.post(f"announcements/{row['id']}/read/", {})
    unread = api.get("announcements/", is_read="false")[1]["results"]
    (after,) = api.get("announcements/", is_read="true", q="late")[1]["results"]

    # then
    newest = Notice.objects.get(store=stores[0])
    assert row == {
        "id": str(newest.pk),
        "subject": "Late",
        "sender": "no-reply@tiktok.com",
        "trust": "proven",
        "received_at": row["received_at"],
        "stores": [str(store.pk) for store in stores],
        "is_read": False,
    }
    assert marked == (200, {"id": str(newest.pk), "is_read": True})
    assert (unread, after["is_read"]) == ([], True)


def test_a_key_of_listed_stores_hears_of_these_alone(
    agency: Agency, lead: Membership, other_agency: Agency
) -> None:
    # given
    listed, hidden = factories.make_store(), factories.make_store()
    shown = make_news(listed, topic="t1", received_at=timezone.now() - timedelta(hours=1))
    not_shown = make_news(hidden, topic="t1")
    make_news(None)
    with scope.agency(other_agency):
        theirs = make_news(factories.make_store())
    api = key_of(lead, agency, store_ids=[listed.pk])

    # when
    rows = api.get("announcements/")[1]["results"]

    # then
    assert [(row["id"], row["stores"]) for row in rows] == [(str(shown.pk), [str(listed.pk)])]
    for pk in (not_shown.pk, theirs.pk, "x"):
        assert api.post(f"announcements/{pk}/read/", {})[0] == 404


def test_a_key_that_no_member_made_reads_nothing(agency: Agency) -> None:
    notice = make_news(factories.make_store())
    api = Api(make_api_key(agency), agency)

    (row,) = api.get("announcements/")[1]["results"]
    status, body = api.post(f"announcements/{notice.pk}/read/", {})

    assert row["is_read"] is None
    assert (status, codes(body)) == (409, [("nobody_reads", None)])


@pytest.mark.parametrize("words", ["x" * 101, "\x00"])
def test_a_search_that_no_title_can_hold_is_refused(agency: Agency, words: str) -> None:
    status, body = Api(make_api_key(agency), agency).get("announcements/", q=words)
    assert (status, codes(body)) == (400, [("invalid", "q")])


def test_the_api_takes_as_many_queries_for_one_row_as_for_three(agency: Agency) -> None:
    api = Api(make_api_key(agency), agency)
    api.get("announcements/")
    counts = []
    for number in (1, 2):
        for _ in range(number):
            make_news(factories.make_store())
        with CaptureQueriesContext(database) as queries:
            api.get("announcements/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Api(make_api_key(agency, "write"), agency).get("announcements/")[0] == 403
