"""What moved the fleet since a moment: each store in a sentence, and all of them in one."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from scoring import books
from scoring.core.values import Ledger
from scoring.selectors.bulk import ledgers_of
from scoring.selectors.changes import Changes, changes_of
from scoring.selectors.ledgers import ledger_of
from scoring.selectors.movers import may_have_moved
from scoring.services import figures, rating
from stores.models import Enforcement, Store
from stores.services import violations
from tenants import scope
from tenants.models import Agency, Membership
from tests.api.calls import Api, codes, make_api_key
from tests.factories import (
    make_access,
    make_client,
    make_group,
    make_membership,
    make_order,
    make_store,
)
from tests.scoring.told import DAY, NOW, give, give_back, old_store, see, take

ClientFor = Callable[[Membership], HttpClient]
HOURS = timedelta(hours=1)


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(make_membership())


def found(*stores: Store, days: float = 1) -> Changes:
    return changes_of(stores, since=NOW - days * DAY, at=NOW)


def shown(browser: HttpClient, **query: str) -> str:
    answer = browser.get("/changes/", query)
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode()).split())


# --- what changed --------------------------------------------------------------------------------


def test_the_fleet_is_summed_up_in_one_sentence(agency: Agency) -> None:
    falling, also_falling, rising = old_store("Aster"), old_store("Birch"), old_store("Cedar")
    still, new = old_store("Dahlia"), make_store(created_at=NOW)
    take(falling, -24, ago=5 * HOURS)
    take(also_falling, -8, ago=5 * HOURS)
    give(rising, 4, ago=5 * HOURS)
    take(still, -8, ago=9 * DAY)
    take(new, -8, ago=5 * HOURS)

    changes = found(falling, also_falling, rising, still, new)

    assert changes.summary == (
        "3 of 5 stores changed: 2 fell by 32 points in all, most by High late dispatch rate; "
        "1 rose by 4 points."
    )
    assert [each.store for each in changes.changed] == [falling, also_falling, rising]


def test_nothing_changed_is_said_too(agency: Agency) -> None:
    assert found(old_store()).summary == "Nothing changed at 1 store."


def test_a_change_tells_values_band_milestones_and_the_largest_cause(agency: Agency) -> None:
    store = old_store()
    see(store, 200, ago=9 * DAY)
    give(store, 4, ago=6 * HOURS)
    violation = take(store, -160, ago=5 * HOURS)

    (change,) = found(store).changed

    assert (change.before, change.after, change.points) == (200, 44, -156)
    assert change.violation == violation
    assert change.bands == (
        {"code": "healthy", "word": "Excellent"},
        {"code": "critical", "word": "Poor"},
    )
    assert [(one.at, one.label) for one in change.reached] == [
        (150, "No new listings"),
        (100, "No new listings"),
        (50, "No new listings"),
    ]


def test_a_late_notice_reaches_its_milestone_when_it_is_known(agency: Agency) -> None:
    store = old_store()
    take(store, -60, ago=9 * DAY, told=5 * HOURS)

    (change,) = found(store).changed

    assert (change.before, change.after) == (200, 140)
    assert [one.at for one in change.reached] == [150]
    assert change.cause == "Recorded later, of days before"


def test_points_deducted_count_as_a_loss(agency: Agency) -> None:
    store = old_store(market="TH")
    take(store, -6, ago=5 * HOURS, rule="high_late_dispatch_rate")

    (change,) = found(store).changed

    assert change.points == -6


# --- which stores are worked out -----------------------------------------------------------------


def _recorded(store: Store) -> None:
    take(store, -8, ago=20 * DAY, told=5 * HOURS)


def _left_the_window(store: Store) -> None:
    take(store, -8, ago=180 * DAY + 5 * HOURS)


def _left_as_stated(store: Store) -> None:
    take(store, -8, ago=20 * DAY, expires_at=NOW - 5 * HOURS)


def _given_back(store: Store) -> None:
    take(store, -8, ago=20 * DAY)
    give_back(8, ago=5 * HOURS)


def _opening_came(store: Store) -> None:
    see(store, 190, ago=5 * HOURS)


def _opening_left(store: Store) -> None:
    see(store, 190, ago=180 * DAY + 5 * HOURS)


def _reopened(store: Store) -> None:
    take(store, -8, ago=20 * DAY, expires_at=NOW - 3 * DAY)
    violations.record_enforcement(
        store=store, kind=Enforcement.Kind.CLOSED, starts_at=NOW - 5 * DAY, ends_at=NOW - 5 * HOURS,
        source="person", at=NOW - 5 * DAY, by=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("move", "points"),
    [
        (_recorded, -8),
        (_left_the_window, 8),
        (_left_as_stated, 8),
        (_given_back, 8),
        (_opening_came, -10),
        (_opening_left, 10),
        (_reopened, 8),
    ],
)
def test_whatever_moves_a_rating_is_found(
    agency: Agency, move: Callable[[Store], None], points: int
) -> None:
    store = old_store()
    move(store)

    assert [each.points for each in found(store).changed] == [points]


def test_a_store_of_which_nothing_is_dated_in_the_period_is_left_out(agency: Agency) -> None:
    quiet, busy = old_store("Aster"), old_store("Birch")
    take(quiet, -8, ago=20 * DAY)
    see(quiet, 192, ago=20 * DAY)
    take(busy, -8, ago=5 * HOURS)

    assert may_have_moved([quiet, busy], since=NOW - DAY, at=NOW) == [busy]


def test_a_new_rulebook_moves_all_the_stores_that_it_governs(agency: Agency) -> None:
    local, elsewhere = old_store("Aster"), old_store("Birch", market="TH")
    since, at = NOW.replace(year=2025, month=10, day=1), NOW.replace(year=2025, month=10, day=20)

    assert may_have_moved([local, elsewhere], since=since, at=at) == [local]


def test_a_figure_that_was_switched_moves_the_stores_that_it_governs(agency: Agency) -> None:
    local, elsewhere = old_store("Aster"), old_store("Birch", market="TH")
    (book,) = [book for book in books.library_for(elsewhere).books if book.third_party]
    figures.switch(book=book, figures=book.third_party, is_on=True, at=NOW - HOURS, by=None)

    assert may_have_moved([local, elsewhere], since=NOW - DAY, at=NOW) == [elsewhere]


def test_the_ledgers_of_many_are_those_of_each(
    agency: Agency, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    stores = [old_store("Aster"), old_store("Birch", market="TH"), old_store("Cedar")]
    for store in stores[:2]:
        take(store, -24, ago=9 * DAY)
        take(store, None, ago=8 * DAY, rule="other")
        see(store, 180, ago=3 * DAY)
        make_order(store)
        _reopened(store)
    each = {store.pk: ledger_of(store) for store in stores}

    with django_assert_num_queries(5):
        together = ledgers_of(stores)

    assert {pk: _as_sets(ledger) for pk, ledger in together.items()} == {
        pk: _as_sets(ledger) for pk, ledger in each.items()
    }


def _as_sets(ledger: Ledger) -> dict[str, object]:
    return {name: frozenset(rows) for name, rows in vars(ledger).items()}


# --- the page ------------------------------------------------------------------------------------


def test_the_page_tells_each_change_with_links(browser: HttpClient) -> None:
    store = old_store("Lanna Living", client=make_client(name="Tea House"))
    violation = take(store, -60, ago=5 * HOURS)

    html = browser.get("/changes/").content.decode()
    text = " ".join(strip_tags(html).split())

    assert "1 of 1 stores changed: 1 fell by 60 points, most by High late dispatch rate." in text
    assert "Lanna LivingTea House −60 200 → 140" in text
    assert f"High late dispatch rate {violation.reference} −60." in text
    assert "reached 150: No new listings" in text
    assert f'href="/stores/{store.pk}/?days=1#waterfall"' in html
    assert f'href="/violations/{violation.pk}/"' in html


def test_the_page_looks_back_as_far_as_asked(browser: HttpClient) -> None:
    take(old_store("Lanna Living"), -24, ago=5 * DAY)

    assert "No rating changed" in shown(browser)
    assert "Lanna Living −24 200 → 176" in shown(browser, days="7")
    since = f"{NOW - 6 * DAY:%Y-%m-%dT%H:%M}"
    assert "Lanna Living −24 200 → 176" in shown(browser, since=since)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"since": "yesterday"}, "Since: Enter a valid date/time."),
        ({"since": "2099-01-01T00:00"}, "Since: This moment has not come yet."),
        ({"since": "2020-01-01T00:00"}, "Since: Look back a year at most."),
        ({"since": "0001-01-01T00:00"}, "Since: This date is too far off to be meant."),
        ({"days": "2"}, "Days: Choose one of the list."),
    ],
)
def test_the_page_names_what_it_cannot_read(
    browser: HttpClient, query: dict[str, str], words: str
) -> None:
    take(old_store("Lanna Living"), -24, ago=5 * HOURS)

    text = shown(browser, **query)

    assert words in text
    assert "Lanna Living −24" in text  # as since yesterday


def test_the_page_filters_by_client_and_group(browser: HttpClient) -> None:
    tea, coffee = make_client(name="Tea House"), make_client(name="Coffee House")
    brewing, roasting = old_store("Brewing", client=tea), old_store("Roasting", client=coffee)
    group = make_group(stores=[roasting])
    take(brewing, -24, ago=5 * HOURS)
    take(roasting, -8, ago=5 * HOURS)

    assert "1 of 1 stores changed: 1 fell by 24" in shown(browser, client=str(tea.pk))
    assert "1 of 1 stores changed: 1 fell by 8" in shown(browser, group=str(group.pk))
    assert "2 of 2 stores changed" in shown(browser, client="no id", group="")


def test_a_member_hears_only_of_her_stores(agency: Agency, client_for: ClientFor) -> None:
    hers, hidden = old_store("Hers"), old_store("Hidden")
    take(hers, -24, ago=5 * HOURS)
    take(hidden, -8, ago=5 * HOURS)
    specialist = make_membership("specialist")
    make_access(specialist, hers)

    text = shown(client_for(specialist))

    assert "1 of 1 stores changed: 1 fell by 24 points" in text
    assert "Hidden" not in text


def test_a_member_without_the_right_may_not(agency: Agency, client_for: ClientFor) -> None:
    member = make_membership("specialist")
    with scope.public():
        member.role.capabilities = ["stores.view"]
        member.role.save(update_fields=["capabilities"])

    assert client_for(member).get("/changes/").status_code == 403


def test_the_other_agencys_stores_are_not_counted(
    browser: HttpClient, other_agency: Agency
) -> None:
    take(old_store("Ours"), -24, ago=5 * HOURS)
    with scope.agency(other_agency):
        take(old_store("Theirs"), -8, ago=5 * HOURS)

    text = shown(browser)

    assert "1 of 1 stores changed" in text
    assert "Theirs" not in text


def test_the_page_asks_as_much_for_three_stores_as_for_one(
    browser: HttpClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def add() -> None:
        store = old_store("A store", client=make_client())
        take(store, -24, ago=5 * HOURS)
        see(store, 176, ago=4 * HOURS)

    add()
    browser.get("/changes/")
    with CaptureQueriesContext(connection) as for_one:
        browser.get("/changes/")
    add()
    add()

    with django_assert_num_queries(len(for_one)):
        browser.get("/changes/")


def test_the_fleet_says_at_each_change_what_moved_it(browser: HttpClient, agency: Agency) -> None:
    store, still = old_store("Lanna Living"), old_store("Still")
    see(store, 200, ago=9 * DAY)
    violation = take(store, -24, ago=5 * HOURS)
    see(store, 176, ago=HOURS)
    for each in (store, still):
        rating.rate(store=each, at=NOW)

    html = browser.get("/").content.decode()

    why = (
        f"Since yesterday −24, from 200 to 176: High late dispatch rate {violation.reference} −24."
    )
    assert f'<a class="plain" href="/changes/#store-{store.pk}" title="{why}">−24</a>' in html
    assert f"#store-{still.pk}" not in html


# --- API -----------------------------------------------------------------------------------------


def test_the_api_tells_the_changes_of_the_keys_stores(agency: Agency) -> None:
    store, hidden = old_store("Lanna Living"), old_store("Hidden")
    violation = take(store, -60, ago=5 * HOURS)
    take(hidden, -8, ago=5 * HOURS)
    api = Api(make_api_key(agency, store_ids=[store.pk]), agency)

    status, body = api.get("changes/", since=(NOW - DAY).isoformat())

    assert status == 200
    assert body["summary"].startswith("1 of 1 stores changed: 1 fell by 60 points")
    assert body["known_before"] == body["since"]
    (row,) = body["results"]
    why = row.pop("why")
    assert f"−60, from 200 to 140: High late dispatch rate {violation.reference} −60." in why
    assert row == {
        "store": str(store.pk),
        "name": "Lanna Living",
        "measure": "rating",
        "before": 200,
        "after": 140,
        "change": -60,
        "band_before": "unknown",
        "band_after": "unknown",
        "largest_cause": "High late dispatch rate",
        "violation": str(violation.pk),
        "milestones_reached": [150],
    }


@pytest.mark.parametrize(
    ("since", "errors"),
    [
        ("yesterday", [("invalid", "since")]),
        ("2099-01-01T00:00:00Z", [("in_the_future", "since")]),
        ("2020-01-01T00:00:00Z", [("too_early", "since")]),
    ],
)
def test_the_api_names_a_moment_that_it_cannot_use(
    agency: Agency, since: str, errors: list[tuple[str, str]]
) -> None:
    status, body = Api(make_api_key(agency), agency).get("changes/", since=since)

    assert (status, codes(body)) == (400, errors)
