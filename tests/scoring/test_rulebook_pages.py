"""The rulebooks' pages: the list, one book, two beside each other, the stores that go by one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from scoring import books
from scoring.core.rulebook import Library, Status
from scoring.selectors import rulebooks as shelf
from scoring.selectors.facts import difference, sections_of
from scoring.selectors.replay import replay
from scoring.services import ledger, rating
from stores.models import Store
from tenants import scope
from tenants.models import Agency, Membership, User
from tests.factories import (
    make_access,
    make_membership,
    make_store,
    make_violation,
    signed_in_client,
)

ClientFor = Callable[[Membership], HttpClient]
NOW = datetime.now(UTC)
US = "tiktok_shop/US/local/2025-10-14"
SEA = "tiktok_shop/VN/local/2026-07-09"
PH_OLD, PH_NEW = "shopee/PH/local/2025-10-06", "shopee/PH/local/2025-12-29"


@pytest.fixture
def browser(agency: Agency) -> HttpClient:
    return signed_in_client(make_membership())


def the(name: str) -> Any:
    found = books.named(name)
    assert found is not None
    return found


def states(answer: Any) -> dict[str, tuple[str, int]]:
    return {each.book.name: (each.state, each.stores) for each in answer.context["books"]}


# --- the list ------------------------------------------------------------------------------------


def test_list_tells_where_each_book_stands_and_how_many_stores_go_by_it(
    browser: HttpClient,
) -> None:
    make_store(market="US")
    for _ in range(2):
        make_store(marketplace="shopee", market="PH")
    make_store(marketplace="shopee", market="PH", state="archived")

    told = states(browser.get("/rulebooks/"))

    assert set(told) == {book.name for book in books.all_books()}
    assert {name: value for name, value in told.items() if value[1]} == {
        US: ("in_force", 1),
        PH_NEW: ("in_force", 2),
    }
    assert told[PH_OLD] == ("past", 0)


def test_list_counts_only_stores_in_the_members_scope(
    agency: Agency, client_for: ClientFor
) -> None:
    hers = make_store(market="US")
    make_store(market="US")
    reader = make_membership("client")
    make_access(reader, hers)

    assert states(client_for(reader).get("/rulebooks/"))[US] == ("in_force", 1)


def test_list_is_narrowed_by_marketplace_and_market(browser: HttpClient) -> None:
    told = states(browser.get("/rulebooks/", {"marketplace": "shopee", "market": "PH"}))

    assert set(told) == {
        *(PH_OLD, PH_NEW),
        *(name.replace("local", "cross_border") for name in (PH_OLD, PH_NEW)),
    }


def test_list_says_where_no_book_is(browser: HttpClient) -> None:
    page = browser.get("/rulebooks/", {"marketplace": "lazada", "market": "US"})

    assert states(page) == {}
    assert "No rulebook here" in page.content.decode()


@pytest.mark.parametrize("field", ["marketplace", "market"])
def test_list_names_the_field_that_it_cannot_read(browser: HttpClient, field: str) -> None:
    page = browser.get("/rulebooks/", {field: "ebay\x00"})

    assert (page.status_code, list(page.context["form"].errors)) == (200, [field])
    assert len(states(page)) == len(books.all_books())


def test_list_asks_as_often_for_one_store_as_for_three(
    browser: HttpClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_store(market="US")
    browser.get("/rulebooks/")
    with CaptureQueriesContext(connection) as for_one:
        browser.get("/rulebooks/")
    make_store(market="VN")
    make_store(market="US")

    with django_assert_num_queries(len(for_one)):
        browser.get("/rulebooks/")


# --- one book ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_book_can_be_read_in_both_languages(agency: Agency, language: str) -> None:
    reader = make_membership()
    with scope.public():
        User.objects.filter(pk=reader.user_id).update(language=language)
    browser = signed_in_client(reader)

    for book in books.all_books():
        answer = browser.get(f"/rulebooks/{book.name}/")
        page = answer.content.decode()
        assert answer.status_code == 200, book.name
        for section in answer.context["sections"]:
            assert section.title in page
            for fact in section.facts:
                assert escape(fact.value) in page, (book.name, fact)
    assert ("Figures of third parties" in page) == (language == "en")


def test_book_shows_each_figure_with_its_source_date_and_trust(browser: HttpClient) -> None:
    page = browser.get(f"/rulebooks/{SEA}/").content.decode()

    assert "Significantly not as described" in page
    assert "1–48" in page
    assert "knowledge_id=10015235" in page
    assert "as of 2026-07-09" in page
    assert "Official" in page
    assert "store can be closed at 48 points deducted with a rating of 152" in page


def test_book_says_what_is_not_known(browser: HttpClient) -> None:
    page = browser.get("/rulebooks/tiktok_shop/GB/local/2025-10-23/").content.decode()

    assert "Not known: what no notice dates stays until it is given back." in page
    assert "No source states any, so stores have no band." in page


def test_book_whose_milestones_are_hearsay_says_that_none_counts(browser: HttpClient) -> None:
    assert (
        "No milestone counts as it stands." in browser.get(f"/rulebooks/{PH_NEW}/").content.decode()
    )
    assert "No milestone counts" not in browser.get(f"/rulebooks/{US}/").content.decode()


def test_book_leads_to_the_one_before_and_the_one_after(browser: HttpClient) -> None:
    older, newer = (browser.get(f"/rulebooks/{name}/") for name in (PH_OLD, PH_NEW))

    assert (older.context["before"], older.context["after"]) == (None, the(PH_NEW))
    assert (newer.context["before"], newer.context["after"]) == (the(PH_OLD), None)
    assert f'href="/rulebooks/{PH_NEW}/"' in older.content.decode()


@pytest.mark.parametrize("path", ["", "stores/", "difference/"])
def test_a_book_that_is_not_there_is_no_page(browser: HttpClient, path: str) -> None:
    assert browser.get(f"/rulebooks/tiktok_shop/DE/local/2025-10-14/{path}").status_code == 404


def test_a_preview_and_a_coming_book_stand_in_time_without_being_in_force() -> None:
    older = the(US)
    day = timedelta(days=1)
    coming = replace(
        older, name="coming", effective_from=NOW + 9 * day, known_from=NOW - day, line=2
    )
    preview = replace(older, name="preview", effective_from=NOW - day, status=Status.PREVIEW)
    library = Library([older, coming, preview])

    told = {each.name: shelf.place_in_time(each, library, NOW) for each in library.books}

    assert told == {
        older.name: ("in_force", coming.effective_from),
        "preview": ("preview", coming.effective_from),
        "coming": ("coming", None),
    }
    assert shelf.neighbours(older, library) == (None, preview)
    assert shelf.neighbours(preview, library) == (older, coming)


# --- two beside each other -----------------------------------------------------------------------


def differing(left: str, right: str) -> dict[str, list[tuple[str, str]]]:
    return {
        section.code: [(row.code, row.kind) for row in section.differing]
        for section in difference(the(left), the(right))
        if section.differing and section.code != "notes"
    }


def test_difference_of_two_versions_is_what_changed_alone() -> None:
    assert differing(PH_OLD, PH_NEW) == {"time": [("resets", "changed")]}


def test_difference_of_two_markets_tells_what_is_added_removed_and_changed() -> None:
    told = differing(US, SEA)

    assert told["time"] == [("window_days", "changed")]
    assert told["bands"] == [("watch", "changed")]
    assert told["closing"] == [("rating", "added"), ("points_deducted", "added")]
    assert told["milestones"][:3] == [
        ("rating_150", "removed"),
        ("rating_150.listing_limit", "removed"),
        ("rating_150.campaign_block", "removed"),
    ]
    assert ("deducted_12", "added") in told["milestones"]
    assert ("warning_distance", "changed") in told["milestones"]
    assert ("low_response_rate", "added") in told["violations"]
    assert ("buyer_data_misuse", "added") not in told["violations"]
    assert "appeals" not in told


def test_difference_keeps_what_follows_beside_its_milestone() -> None:
    sg, vn = the("shopee/SG/local/2026-07-06"), the("shopee/VN/local/2025-10-06")

    (section,) = [each for each in difference(vn, sg) if each.code == "milestones"]

    assert [row.code for row in section.rows] == [
        *("tier_1", "tier_1.campaign_block"),
        *("tier_2", "tier_2.campaign_block"),
        *("tier_3", "tier_3.campaign_block", "tier_3.visibility"),
        *("tier_4", "tier_4.campaign_block"),
        *("tier_5", "tier_5.suspended"),
    ]


def test_a_figure_that_only_another_source_states_is_no_difference() -> None:
    rows = {
        row.code: row.kind
        for section in difference(the(US), the(SEA))
        for row in section.rows
        if section.code in {"bands", "appeals"}
    }

    assert rows == {
        "healthy": "source",
        "watch": "changed",
        "critical": "source",
        "closed": "source",
        "attempts": "source",
        "first_days": "source",
        "next_days": "source",
    }


def test_rules_stand_by_their_group() -> None:
    (section,) = [each for each in sections_of(the(PH_NEW)) if each.code == "violations"]

    groups = [fact.group for fact in section.facts]

    assert list(dict.fromkeys(groups)) == sorted(set(groups), key=groups.index)
    assert sum(one != other for one, other in pairwise(groups)) == len(set(groups)) - 1


def test_every_fact_of_a_book_has_a_code_of_its_own() -> None:
    for book in books.all_books():
        for section in sections_of(book):
            codes = [fact.code for fact in section.facts]
            assert len(codes) == len(set(codes)), f"{book.name} {section.code}"


def test_difference_page_lays_the_version_before_beside_this_one(browser: HttpClient) -> None:
    answer = browser.get(f"/rulebooks/{PH_NEW}/difference/")
    page = answer.content.decode()

    assert (answer.context["left"], answer.context["right"]) == (the(PH_OLD), the(PH_NEW))
    assert "on the first Monday of each quarter, 00:00" in page
    assert "on the last Monday of each quarter, 00:00" in page
    assert "High late shipment rate" not in page
    everything = browser.get(f"/rulebooks/{PH_NEW}/difference/", {"to": PH_OLD, "all": "on"})
    assert "High late shipment rate" in everything.content.decode()


def test_difference_page_names_what_it_cannot_lay_beside(browser: HttpClient) -> None:
    answer = browser.get(f"/rulebooks/{US}/difference/", {"to": "nothing"})

    assert (answer.status_code, list(answer.context["form"].errors)) == (200, ["to"])


# --- the stores that go by a book ----------------------------------------------------------------


def test_stores_page_lists_the_members_stores_of_the_kind(
    agency: Agency, client_for: ClientFor
) -> None:
    hers = make_store(name="Hers", market="US")
    rating.rate(store=hers, at=NOW)
    make_store(name="Not hers", market="US")
    elsewhere = make_store(name="Elsewhere", market="VN")
    reader = make_membership("client")
    make_access(reader, hers, elsewhere)

    answer = client_for(reader).get(f"/rulebooks/{US}/stores/")

    assert [(store.name, row.rating) for store, row in answer.context["rows"]] == [("Hers", 200)]
    assert f'href="/stores/{hers.pk}/"' in answer.content.decode()


def test_stores_page_asks_as_often_for_one_store_as_for_three(
    browser: HttpClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rating.rate(store=make_store(market="US"), at=NOW)
    browser.get(f"/rulebooks/{US}/stores/")
    with CaptureQueriesContext(connection) as for_one:
        browser.get(f"/rulebooks/{US}/stores/")
    for _ in range(2):
        rating.rate(store=make_store(market="US"), at=NOW)

    with django_assert_num_queries(len(for_one)):
        answer = browser.get(f"/rulebooks/{US}/stores/", {"page": "none"})
    assert len(answer.context["rows"]) == 3


def test_another_agencys_stores_are_neither_counted_nor_listed(
    agency: Agency, other_agency: Agency, browser: HttpClient
) -> None:
    with scope.agency(other_agency):
        make_store(name="Theirs", market="US")

    assert states(browser.get("/rulebooks/"))[US] == ("in_force", 0)
    page = browser.get(f"/rulebooks/{US}/stores/").content.decode()
    assert "Theirs" not in page
    assert "No store of yours goes by this rulebook" in page


# --- a store under one book alone ----------------------------------------------------------------


def take(store: Store, points: int, at: datetime) -> None:
    violation = make_violation(store=store, points=points, reported_at=at)
    ledger.keep_violation(violation=violation, at=at, by=None)


def test_replay_tells_what_a_book_would_have_made_of_a_stores_history(agency: Agency) -> None:
    # given a policy on preview with a short window and a milestone at 190
    store = make_store(market="US")
    take(store, -20, NOW - timedelta(days=40))
    take(store, -8, NOW - timedelta(days=2))
    us = the(US)
    harsh = replace(us.milestones[0], code="rating_190", at=replace(us.milestones[0].at, value=190))
    preview = replace(
        us,
        name="tiktok_shop/US/local/2027-01-01",
        status=Status.PREVIEW,
        effective_from=NOW + timedelta(days=30),
        window_days=replace(us.window_days, value=30),
        milestones=(harsh,),
    )

    # when
    told = replay(store, preview, at=NOW)

    # then
    assert (told.real.rating, told.replayed.rating) == (172, 192)
    assert [(each.event.at, each.is_real, each.is_replayed) for each in told.happened] == [
        (190, False, True)
    ]


def test_replay_page_lays_both_beside_each_other(browser: HttpClient) -> None:
    store = make_store(marketplace="shopee", market="PH")
    take(store, -4, datetime(2025, 12, 20, 3, tzinfo=UTC))

    answer = browser.get(f"/rulebooks/{PH_OLD}/stores/{store.pk}/")

    assert answer.status_code == 200
    told = answer.context["replayed"]
    assert (told.real.points_deducted, told.replayed.points_deducted) == (0, 0)
    assert "None, neither as it was" in answer.content.decode()


def test_replay_page_is_of_visible_stores_of_the_kind_alone(
    agency: Agency, client_for: ClientFor
) -> None:
    hers, hidden = make_store(market="US"), make_store(market="US")
    elsewhere = make_store(market="VN")
    reader = make_membership("client")
    make_access(reader, hers, elsewhere)
    browser = client_for(reader)

    told = {
        name: browser.get(f"/rulebooks/{US}/stores/{pk}/").status_code
        for name, pk in [
            ("hers", hers.pk),
            ("hidden", hidden.pk),
            ("elsewhere", elsewhere.pk),
            ("none", "x"),
        ]
    }

    assert told == {"hers": 200, "hidden": 404, "elsewhere": 404, "none": 404}


def test_replay_page_asks_as_often_for_one_entry_as_for_three(
    browser: HttpClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store = make_store(market="US")
    take(store, -60, NOW - timedelta(days=9))
    path = f"/rulebooks/{US}/stores/{store.pk}/"
    browser.get(path)
    with CaptureQueriesContext(connection) as for_one:
        browser.get(path)
    for _ in range(2):
        take(store, -8, NOW - timedelta(days=3))

    with django_assert_num_queries(len(for_one)):
        page = browser.get(path).content.decode()
    assert "fired" in page
