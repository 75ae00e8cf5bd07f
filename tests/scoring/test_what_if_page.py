"""The what-if page: events in the address, two courses side by side, nothing saved."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from scoring.models import LedgerEntry
from stores.models import Store
from tenants import scope
from tenants.models import Agency, Membership
from tests import factories
from tests.scoring.test_foresee import pend, seen, take

ClientFor = Callable[[Membership], HttpClient]
NOW = datetime.now(UTC)
ZONE = ZoneInfo("America/Los_Angeles")


def day(ahead: int) -> str:
    return (NOW.astimezone(ZONE) + timedelta(days=ahead)).date().isoformat()


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(factories.make_membership("lead"))


@pytest.fixture
def store(agency: Agency) -> Store:
    return seen(factories.make_store(name="Fernwood", market="US"))


def address(store: Store, *events: str) -> str:
    query = "&".join(f"if={quote(event, safe=':@~')}" for event in events)
    return f"/stores/{store.pk}/what-if/?{query}"


def words(browser: HttpClient, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return unescape(" ".join(strip_tags(answer.content.decode()).split()))


def test_events_of_the_address_are_played_beside_what_stands(
    store: Store, browser: HttpClient
) -> None:
    violation = take(store, -24)
    events = (
        f"granted:{violation.reference}@{day(5)}",
        f"deduction:60@{day(2)}",
        f"~quiz:4@{day(3)}",
    )

    page = words(browser, address(store, *events))

    assert f"{violation.reference} is granted" in page
    assert "switched off" in page
    assert "176, now 116" in page  # lowest, as it stands and with the events
    assert "26 above 150 16 above 100" in page  # the nearest milestone that is never reached
    assert LedgerEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("event", "said"),
    [
        pytest.param("nothing", "Write it as kind:what@2026-12-01.", id="no form"),
        pytest.param("quiz:4", "Write it as kind:what@2026-12-01.", id="no day"),
        pytest.param("gift:4@2026-12-01", "There is no such kind of event.", id="kind"),
        pytest.param("quiz:4@tomorrow", "This is no day; write it as 2026-12-01.", id="day"),
        pytest.param("quiz:4@9999-12-31", "This is no day", id="last day there is"),
        pytest.param("quiz:4@0001-01-01", "This day is over.", id="first day there is"),
        pytest.param("quiz:4@2020-01-01", "This day is over.", id="past"),
        pytest.param("quiz:4@2031-01-01", "This day is too far ahead.", id="far"),
        pytest.param("quiz:many@{day}", "Points are a whole number from 0 to 1000.", id="points"),
        pytest.param("quiz:1001@{day}", "Points are a whole number", id="too many points"),
        pytest.param("quiz:" + "9" * 5000 + "@{day}", "Points are a whole number", id="endless"),
        pytest.param("deduction:no_such@{day}", "has no such rule.", id="rule"),
        pytest.param("deduction:knock_off@{day}", "No source says how many", id="rule's points"),
        pytest.param("orders:0@{day}", "Orders are a whole number", id="no orders"),
        pytest.param("orders:200@{day}", "Orders give no points", id="no bonus"),
        pytest.param("granted:V-1@{day}", "This store has no such violation.", id="violation"),
        pytest.param("granted:@{day}", "This store has no such violation.", id="no violation"),
        pytest.param("granted:W@{day}", "Nothing is left of this violation's", id="no points"),
        pytest.param("enforced:W@{day}", "Only a pending violation", id="not pending"),
        pytest.param("enforced:P@{day}", "Nobody says how many points", id="points unknown"),
        pytest.param("quiz:4\x00@{day}", "Points are a whole number", id="zero byte"),
    ],
)
def test_an_event_that_cannot_be_used_says_why_and_changes_nothing(
    store: Store, browser: HttpClient, event: str, said: str
) -> None:
    take(store, 0, reference="W")
    pend(store, reference="P", points=None, rule="other")

    page = words(browser, address(store, event.replace("{day}", day(3)), f"quiz:4@{day(2)}"))

    assert said in page
    assert "Quiz passed" in page  # the other event is played all the same


def test_the_same_violation_is_granted_once(store: Store, browser: HttpClient) -> None:
    violation = take(store, -24)
    event = f"granted:{violation.pk}@{day(5)}"

    page = words(browser, address(store, event, event))

    assert "The same violation is in the list already." in page


def test_a_form_adds_its_event_to_the_address(store: Store, browser: HttpClient) -> None:
    kept = f"quiz:4@{day(2)}"
    base = f"/stores/{store.pk}/what-if/"

    answer = browser.get(
        base,
        {"if": kept, "line": "rating_150", "add": "deduction", "points": "12", "day": day(4)},
    )

    assert answer.status_code == 302
    assert answer["Location"] == f"{base}?if={kept}&if=deduction:12@{day(4)}&line=rating_150"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"add": "deduction", "points": "many"}, "Points are a whole number from 0 to 1000."),
        ({"add": "deduction", "what": "no_such"}, "The rulebook in force has no such rule."),
        ({"add": "quiz", "points": "4", "day": ""}, "This is no day"),
        ({"add": "granted", "what": ""}, "This store has no such violation."),
        ({"add": "quiz", "points": ""}, "Points are a whole number"),
    ],
)
def test_a_form_that_cannot_be_used_says_why_and_keeps_what_was_typed(
    store: Store, browser: HttpClient, form: dict[str, str], said: str
) -> None:
    take(store, -4)
    answer = browser.get(f"/stores/{store.pk}/what-if/", {"day": day(3), **form})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert said in unescape(strip_tags(page))
    assert 'aria-invalid="true"' in page


def test_what_is_added_by_an_unknown_form_is_nothing(store: Store, browser: HttpClient) -> None:
    assert "Nothing is stacked yet." in words(browser, f"/stores/{store.pk}/what-if/?add=gift")


def test_more_events_than_a_what_if_takes_are_said(store: Store, browser: HttpClient) -> None:
    page = words(browser, address(store, *[f"quiz:4@{day(2)}"] * 21))

    assert "A what-if takes at most 20 events." in page
    assert page.count("Take away:") == 20


def test_another_line_can_be_chosen_and_a_wrong_one_is_said(
    store: Store, browser: HttpClient
) -> None:
    take(store, -60)

    chosen = words(browser, f"/stores/{store.pk}/what-if/?line=rating_150")
    wrong = words(browser, f"/stores/{store.pk}/what-if/?line=rating_151")

    assert "Over 150" in chosen
    assert "has no such milestone or band; the usual line is shown." in wrong


def test_a_store_without_a_rulebook_has_a_page_all_the_same(
    agency: Agency, browser: HttpClient
) -> None:
    store = factories.make_store(market="MX")

    page = words(browser, address(store, f"quiz:4@{day(2)}"))

    assert "No rulebook in force gives this store a rating or counts its points." in page


def test_who_may_not_see_ratings_has_no_what_if(
    store: Store, agency: Agency, client_for: ClientFor
) -> None:
    role = factories.make_membership("specialist")  # of no store
    assert client_for(role).get(address(store)).status_code == 404


def test_another_agencys_store_has_no_what_if(
    other_agency: Agency, agency: Agency, browser: HttpClient
) -> None:
    with scope.agency(other_agency):
        theirs = factories.make_store()

    assert browser.get(address(theirs)).status_code == 404
    assert browser.get("/stores/x/what-if/").status_code == 404


def test_the_page_asks_the_same_number_of_queries_for_one_row_and_for_three(
    store: Store, browser: HttpClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    factories.make_attempt(violation=take(store, -4))
    pend(store)
    path = address(store, f"quiz:4@{day(2)}")
    browser.get(path)
    with CaptureQueriesContext(connection) as for_one:
        browser.get(path)
    for _ in range(2):
        factories.make_attempt(violation=take(store, -4))
        pend(store)
    more = address(store, *[f"quiz:{points}@{day(2)}" for points in (1, 2, 3)])

    with django_assert_num_queries(len(for_one)):
        browser.get(more)


# --- the panel of the store's page ---------------------------------------------------------------


def test_the_stores_page_says_when_it_is_back_and_by_what(
    store: Store, browser: HttpClient
) -> None:
    take(store, -16, ago=timedelta(days=170))
    violation = take(store, -8)

    page = words(browser, f"/stores/{store.pk}/")

    assert "What comes next" in page
    assert "200 again on" in page
    assert "by waiting alone, if nothing new happens" in page
    assert f"Win the appeal of {violation.reference}" in page
    assert "26 above 150 · No new listings" in page


def test_the_stores_page_says_that_nothing_is_missing(store: Store, browser: HttpClient) -> None:
    pend(store, points=-60)

    page = words(browser, f"/stores/{store.pk}/")

    assert "200 or better" in page
    assert "if what is pending comes into force" in page


def test_the_stores_chart_has_the_range_of_the_forecast(store: Store, browser: HttpClient) -> None:
    pend(store)

    page = browser.get(f"/stores/{store.pk}/").content.decode()

    assert '"low": 192' in page
    assert "Range of the forecast" in page
