"""The roll-off calendar: what time alone gives back to the stores, and takes from them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from scoring.models import LedgerEntry
from scoring.selectors.calendar import days_of, roll_offs, weeks_of
from scoring.services import ledger, periods, rating
from stores.models import Enforcement, Store
from tenants import scope
from tenants.models import Agency, Membership
from tests.factories import make_access, make_client, make_group, make_membership, make_store
from tests.scoring.test_foresee import NOW, seen, take

ClientFor = Callable[[Membership], HttpClient]
DAY = timedelta(days=1)


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(make_membership("lead"))


def write(store: Store, kind: str, points: int, ago: timedelta, **more: object) -> LedgerEntry:
    return ledger.write_entry(
        store=store, kind=kind, points=points, occurred_at=NOW - ago, at=NOW - ago, by=None,
        note="Quiz passed", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def told(*stores: Store, days: int = 90) -> list[tuple[str, int, float, str]]:
    return [
        (row.store.name, row.points, (row.at - NOW) / DAY, row.label)
        for row in roll_offs(stores, at=NOW, days=days)
    ]


def test_each_stores_entries_expire_by_its_own_rulebook(agency: Agency) -> None:
    # given windows of 180 and 90 days
    american, vietnamese = make_store(name="A", market="US"), make_store(name="V", market="VN")
    take(american, -8, ago=170 * DAY, rule="high_late_dispatch_rate")
    take(vietnamese, -4, ago=85 * DAY, rule="high_late_dispatch_rate")
    write(american, "bonus", 4, 150 * DAY)
    take(american, -6, ago=20 * DAY)  # later than the days that are asked for

    assert told(american, vietnamese) == [
        ("V", 4, 5, "High late dispatch rate"),
        ("A", 8, 10, "High late dispatch rate"),
        ("A", -4, 30, "Quiz passed"),
    ]
    assert told(american, days=10) == []  # the end is not included
    assert told() == []


def test_an_expiry_that_is_stated_goes_before_the_rulebook(agency: Agency) -> None:
    store = make_store(market="US")
    take(store, -8, ago=20 * DAY, expires_at=NOW + 3 * DAY)

    assert [(points, days) for _, points, days, _ in told(store)] == [(8, 3)]


def test_what_was_given_back_returns_no_more(agency: Agency) -> None:
    store = make_store(market="US")
    whole, part = (take(store, -8, ago=170 * DAY) for _ in range(2))
    ledger.give_back(violation=whole, reason="granted", at=NOW - DAY, by=None)
    ledger.give_back(violation=part, reason="granted", at=NOW - DAY, by=None, points=3)

    assert [points for _, points, _, _ in told(store)] == [5]


def test_a_closed_stores_deductions_do_not_return_but_its_bonuses_go(agency: Agency) -> None:
    # given
    store = seen(make_store(market="US"))
    take(store, -8, ago=170 * DAY)
    write(store, "bonus", 4, 160 * DAY)
    closing = Enforcement.objects.create(
        store=store, kind="closed", starts_at=NOW - DAY, source="person", recorded_at=NOW - DAY
    )
    periods.keep_enforcement(enforcement=closing, at=NOW - DAY)
    rating.rate(store=store, at=NOW)

    # then
    assert [(points, days) for _, points, days, _ in told(store)] == [(-4, 20)]


def test_what_stood_there_before_we_knew_the_store_returns_after_one_window(
    agency: Agency,
) -> None:
    store = make_store(name="Young", market="US")
    take(store, -4, ago=175 * DAY)
    seen(store, 190, ago=170 * DAY)

    assert told(store) == [
        ("Young", 4, 5, "High late dispatch rate"),
        ("Young", 6, 10, "Before we knew the store"),
    ]


def test_days_are_those_of_the_stores_own_clock(agency: Agency) -> None:
    store = make_store(market="US")
    at = datetime(2026, 12, 1, 3, tzinfo=ZoneInfo("UTC"))  # the last of November in Los Angeles
    take(store, -4, ago=40 * DAY, expires_at=at)

    [row] = roll_offs([store], at=at - DAY, days=30)

    assert row.on == date(2026, 11, 30)


def test_days_and_weeks_add_up_what_returns_and_what_leaves(agency: Agency) -> None:
    store = make_store(market="US")
    monday = datetime(2026, 12, 7, 20, tzinfo=UTC)
    for points, later in ((-8, 0), (-4, 0), (-2, 6), (-1, 7)):
        take(store, points, ago=40 * DAY, expires_at=monday + later * DAY)
    rows = roll_offs([store], at=monday - DAY, days=30)

    days = days_of(rows)

    assert [(day.on.day, day.returning, day.leaving) for day in days] == [
        (7, 12, 0),
        (13, 2, 0),
        (14, 1, 0),
    ]
    assert [(week.starts_on.day, week.returning, week.leaving) for week in weeks_of(days)] == [
        (7, 14, 0),
        (14, 1, 0),
    ]


# --- the page ------------------------------------------------------------------------------------


def words(browser: HttpClient, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    page = answer.content.decode()
    return unescape(" ".join(strip_tags(page[page.index('id="content"') :]).split()))


def test_the_page_shows_the_fleets_roll_offs(agency: Agency, browser: HttpClient) -> None:
    violation = take(make_store(name="Fernwood", market="US"), -8, ago=170 * DAY)
    write(make_store(name="Glowry", market="US"), "bonus", 4, 175 * DAY)

    page = words(browser, "/roll-offs/")

    assert "+8 return, −4 leave, at 2 stores" in page
    assert "Fernwood US High late dispatch rate" in page
    assert str(violation.reference) in page
    assert "Roll-offs" in words(browser, "/")


def test_the_page_is_filtered_by_days_client_group_and_store(
    agency: Agency, browser: HttpClient
) -> None:
    # given
    client = make_client(name="Evergreen")
    of_client = make_store(name="Of the client", market="US", client=client)
    of_group = make_store(name="Of the group", market="US")
    group = make_group(name="Black Friday", stores=[of_group])
    for store in (of_client, of_group):
        take(store, -8, ago=130 * DAY)

    # then
    paths = {
        "": (True, True),
        "?days=30": (False, False),
        "?days=60": (True, True),
        f"?client={client.pk}": (True, False),
        f"?group={group.pk}": (False, True),
        f"?store={of_client.pk}": (True, False),
        "?days=x&client=x&group=x&store=x": (True, True),
    }
    shown = {}
    for query in paths:
        page = words(browser, f"/roll-offs/{query}")
        shown[query] = tuple(f"{each.name} US" in page for each in (of_client, of_group))
    assert shown == paths


def test_an_empty_calendar_says_what_to_do(agency: Agency, browser: HttpClient) -> None:
    assert "Nothing expires within 30 days" in words(browser, "/roll-offs/?days=30")


def test_a_member_sees_the_roll_offs_of_her_stores_alone(
    agency: Agency, client_for: ClientFor
) -> None:
    # given
    mine, other = make_store(name="Mine", market="US"), make_store(name="Other", market="US")
    for store in (mine, other):
        take(store, -8, ago=170 * DAY)
    member = make_membership("specialist")
    make_access(member, mine)
    browser = client_for(member)

    # then
    page = words(browser, "/roll-offs/")
    assert ("Mine US" in page, "Other US" in page) == (True, False)
    assert "Other US" not in words(browser, f"/roll-offs/?store={other.pk}")


def test_another_agencys_roll_offs_are_not_shown(
    agency: Agency, other_agency: Agency, browser: HttpClient
) -> None:
    with scope.agency(other_agency):
        theirs = make_store(name="Theirs", market="US")
        take(theirs, -8, ago=170 * DAY)

    assert "Nothing expires within 90 days" in words(browser, "/roll-offs/")
    assert "Theirs" not in words(browser, f"/roll-offs/?store={theirs.pk}")


def test_the_calendar_asks_the_same_number_of_queries_for_one_store_and_for_three(
    agency: Agency, browser: HttpClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def add() -> None:
        store = seen(make_store(market="US"))
        take(store, -8, ago=170 * DAY)

    add()
    browser.get("/roll-offs/")
    with CaptureQueriesContext(connection) as for_one:
        browser.get("/roll-offs/")
    add()
    add()

    with django_assert_num_queries(len(for_one)):
        browser.get("/roll-offs/")
