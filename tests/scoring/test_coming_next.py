"""What the store's page says of what comes: estimates, closings for good, far roll-offs."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client as HttpClient
from django.utils.html import strip_tags

from scoring.selectors.explain import explain
from scoring.services import periods
from stores.models import Enforcement, Store
from tenants.models import Agency, Membership
from tests.api.calls import Api, make_api_key
from tests.factories import make_membership, make_store
from tests.scoring.told import DAY, NOW, old_store, see, take

ClientFor = Callable[[Membership], HttpClient]


@pytest.fixture
def browser(agency: Agency, client_for: ClientFor) -> HttpClient:
    return client_for(make_membership())


def words(browser: HttpClient, store: Store) -> str:
    answer = browser.get(f"/stores/{store.pk}/")
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode()).split())


# --- estimates -----------------------------------------------------------------------------------


@pytest.fixture
def estimated(agency: Agency) -> Store:
    """Return a store with a deduction of unstated points, 4 to 48 by its rulebook."""
    store = make_store(market="SG", created_at=NOW - 100 * DAY)
    take(store, None, rule="expired_qualification")
    return store


def test_a_milestones_distance_under_an_estimate_is_the_same_everywhere(
    agency: Agency, estimated: Store
) -> None:
    api = Api(make_api_key(agency, "read"), agency)

    now = api.get(f"stores/{estimated.pk}/rating/")[1]["milestones"]
    ahead = api.get(f"stores/{estimated.pk}/forecast/")[1]["milestones"]

    told = {each["code"]: (each["distance"], not each["reached"]) for each in now}
    assert told["deducted_12"] == (8, True)
    assert told == {
        each["code"]: (each["distance"], each["is_over"])
        for each in ahead
        if each["kind"] == "milestone"
    }


def test_the_page_tells_the_estimate_behind_a_distance(
    estimated: Store, browser: HttpClient
) -> None:
    page = words(browser, estimated)

    assert "8 short of 12 deducted at most: by estimate 4 to 48 are deducted" in page


# --- closed for good -----------------------------------------------------------------------------


def test_an_account_deactivated_for_good_is_not_said_to_come_back(
    agency: Agency, browser: HttpClient
) -> None:
    store = old_store()
    see(store, 200, ago=300 * DAY)
    violation = take(store, -200)

    page = words(browser, store)

    assert explain(store, at=NOW).is_closed_for_good
    assert "The marketplace deactivates such an account for good." in page
    assert "200 again on" not in page
    assert f"Win the appeal of {violation.reference}" in page
    assert "only if an appeal brings the account back" in page


def test_no_way_back_is_dated_by_api_for_an_account_deactivated_for_good(agency: Agency) -> None:
    # given a store at zero, whose points return by time, and two deductions of which one is small
    store = old_store()
    see(store, 200, ago=300 * DAY)
    take(store, -197, ago=2 * DAY)
    small = take(store, -6, ago=DAY)
    api = Api(make_api_key(agency, "read"), agency)

    # when
    ahead = api.get(f"stores/{store.pk}/forecast/", days=180)[1]
    event = {"kind": "granted", "violation": small.reference, "at": (NOW + DAY).isoformat()}
    tried = api.post(f"stores/{store.pk}/what-if/?days=180", {"events": [event]})[1]

    # then only an appeal that lifts it over the milestone brings the account back
    never = {"over_at": None, "falls_at": None, "holds_from": None}
    assert ahead["is_closed_for_good"]
    assert ahead["series"][-1]["rating"] == 200
    assert [each["base"] for each in ahead["milestones"] if not each["is_over"]] == [never] * 7
    assert tried["as_it_stands"]["back_over"] == never
    assert tried["what_if"]["back_over"]["holds_from"] is not None


def test_an_open_stores_way_back_is_dated_by_api(agency: Agency) -> None:
    store = old_store()
    see(store, 200, ago=300 * DAY)
    take(store, -60)

    ahead = Api(make_api_key(agency, "read"), agency).get(f"stores/{store.pk}/forecast/?days=180")

    assert not ahead[1]["is_closed_for_good"]
    assert all(each["base"]["holds_from"] for each in ahead[1]["milestones"])


def close(store: Store, *, until: datetime | None) -> None:
    told = Enforcement.objects.create(
        store=store, kind="closed", starts_at=NOW - DAY, ends_at=until, source="mail",
        recorded_at=NOW - DAY,
    )  # fmt: skip
    periods.keep_enforcement(enforcement=told, at=NOW - DAY)


def test_a_closing_told_without_an_end_is_for_good_and_one_with_an_end_is_not(
    agency: Agency, browser: HttpClient
) -> None:
    store = old_store()
    close(store, until=None)
    other = old_store("Other")
    close(other, until=NOW + DAY)

    page = words(browser, store)
    assert "for good. Only an appeal brings it back." in page
    assert "Only an appeal brings it back." not in words(browser, other)


# --- roll-offs -----------------------------------------------------------------------------------


def test_far_roll_offs_have_their_rating(agency: Agency) -> None:
    store = old_store()
    for number in range(1, 6):
        take(store, -2, ago=number * 20 * DAY)

    told = [each.rating for each in explain(store, at=NOW).roll_offs]

    assert told == [192, 194, 196, 198, 200]
